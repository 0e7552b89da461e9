// SPDX-License-Identifier: MIT
// error.hpp - statuses as std::error_code. Include <shmring/shmring.hpp>.
#ifndef SHMRING_CPP_ERROR_HPP
#define SHMRING_CPP_ERROR_HPP

#include <cstring>
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

} // namespace shmring

template <> struct std::is_error_code_enum<shmring::errc> : std::true_type {
};

namespace shmring
{

// A program and each of its shared libraries may have a category object of its own: where the
// symbols of one are hidden, or where it was loaded by dlopen(). A status means the same in all of
// them. So codes compare with errc, and with conditions, by the category's name and not by its
// address. Only two std::error_code compare by address, which std decides: turn one of them into
// an errc first, with shmring::status_of().
class SHMRING_ONE_TYPE status_category final : public std::error_category
{
  public:
    // Whether it is this category, as any part of the program has it.
    [[nodiscard]] static bool is_same(const std::error_category &other) noexcept;

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
    // Whether the status of this category means the condition: portably, or as a status.
    bool equivalent(int status, const std::error_condition &means) const noexcept override
    {
        return is_same(means.category()) ? status == means.value()
                                         : default_error_condition(status) == means;
    }
    // Whether the code, of whichever category, is the status.
    bool equivalent(const std::error_code &code, int status) const noexcept override
    {
        return is_same(code.category()) && code.value() == status;
    }
};

// One object with a constant address: no guard stands before a code on the hot path.
SHMRING_ONE_TYPE inline const status_category the_category{};

inline bool status_category::is_same(const std::error_category &other) noexcept
{
    return &other == &the_category || std::strcmp(other.name(), the_category.name()) == 0;
}

[[nodiscard]] inline const std::error_category &category() noexcept
{
    return the_category;
}

[[nodiscard]] inline std::error_code make_error_code(errc e) noexcept
{
    return {static_cast<int>(e), the_category};
}

[[nodiscard]] inline std::error_code make_error_code(shmring_status status) noexcept
{
    return {static_cast<int>(status), the_category};
}

// The status that a code of this category has, whichever part of the program made it; errc::os for
// a code of another category.
[[nodiscard]] inline errc status_of(const std::error_code &code) noexcept
{
    return status_category::is_same(code.category()) ? static_cast<errc>(code.value()) : errc::os;
}

// Exact matches, so that no conversion of errc to std::error_code compares addresses.
[[nodiscard]] inline bool operator==(const std::error_code &code, errc e) noexcept
{
    return code.value() == static_cast<int>(e) && status_category::is_same(code.category());
}
[[nodiscard]] inline bool operator==(errc e, const std::error_code &code) noexcept
{
    return code == e;
}
[[nodiscard]] inline bool operator!=(const std::error_code &code, errc e) noexcept
{
    return !(code == e);
}
[[nodiscard]] inline bool operator!=(errc e, const std::error_code &code) noexcept
{
    return !(code == e);
}

// This thread's last error as a sentence.
[[nodiscard]] inline const char *error_detail() noexcept
{
    return shmring_error_detail();
}

} // namespace shmring

#endif
