// SPDX-License-Identifier: MIT
// error.hpp - statuses as std::error_code. Include <shmring/shmring.hpp>.
#ifndef SHMRING_ERROR_HPP
#define SHMRING_ERROR_HPP

#include <string>
#include <system_error>
#include <type_traits>

#include <shmring/status.h>

namespace shmring
{

enum class errc : int {
    ok = SHMRING_OK,
    empty = SHMRING_EMPTY,
    full = SHMRING_FULL,
    timeout = SHMRING_TIMEOUT,
    closed = SHMRING_CLOSED,
    peer_dead = SHMRING_PEER_DEAD,
    lapped = SHMRING_LAPPED,
    invalid = SHMRING_E_INVALID,
    name = SHMRING_E_NAME,
    not_found = SHMRING_E_NOT_FOUND,
    exists = SHMRING_E_EXISTS,
    busy = SHMRING_E_BUSY,
    access = SHMRING_E_ACCESS,
    privilege = SHMRING_E_PRIVILEGE,
    no_space = SHMRING_E_NO_SPACE,
    no_memory = SHMRING_E_NO_MEMORY,
    version = SHMRING_E_VERSION,
    mismatch = SHMRING_E_MISMATCH,
    corrupt = SHMRING_E_CORRUPT,
    too_big = SHMRING_E_TOO_BIG,
    unsupported = SHMRING_E_UNSUPPORTED,
    os = SHMRING_E_OS
};

class status_category final : public std::error_category
{
  public:
    const char *name() const noexcept override
    {
        return "shmring";
    }
    std::string message(int status) const override
    {
        return shmring_status_text(static_cast<shmring_status>(status));
    }
    std::error_condition default_error_condition(int status) const noexcept override
    {
        switch (static_cast<errc>(status)) {
        case errc::empty:
        case errc::full:
            return std::errc::resource_unavailable_try_again;
        case errc::timeout:
            return std::errc::timed_out;
        case errc::closed:
            return std::errc::broken_pipe;
        case errc::peer_dead:
            return std::errc::owner_dead;
        case errc::invalid:
        case errc::name:
            return std::errc::invalid_argument;
        case errc::not_found:
            return std::errc::no_such_file_or_directory;
        case errc::exists:
            return std::errc::file_exists;
        case errc::busy:
            return std::errc::device_or_resource_busy;
        case errc::access:
            return std::errc::permission_denied;
        case errc::privilege:
            return std::errc::operation_not_permitted;
        case errc::no_space:
            return std::errc::no_space_on_device;
        case errc::no_memory:
            return std::errc::not_enough_memory;
        case errc::corrupt:
            return std::errc::bad_message;
        case errc::too_big:
            return std::errc::message_size;
        case errc::unsupported:
            return std::errc::not_supported;
        default: // no portable word for it
            return std::error_condition(status, *this);
        }
    }
};

// One object with a constant address: no guard stands before a code on the hot path.
inline const status_category the_category{};

inline const std::error_category &category() noexcept
{
    return the_category;
}

inline std::error_code make_error_code(errc e) noexcept
{
    return {static_cast<int>(e), the_category};
}

inline std::error_code make_error_code(shmring_status status) noexcept
{
    return {static_cast<int>(status), the_category};
}

// This thread's last error as a sentence.
inline const char *error_detail() noexcept
{
    return shmring_error_detail();
}

} // namespace shmring

template <> struct std::is_error_code_enum<shmring::errc> : std::true_type {
};

#endif
