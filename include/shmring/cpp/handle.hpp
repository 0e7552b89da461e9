// SPDX-License-Identifier: MIT
// handle.hpp - options, and the owner of a C handle. Include <shmring/shmring.hpp>.
#ifndef SHMRING_CPP_HANDLE_HPP
#define SHMRING_CPP_HANDLE_HPP

#include <system_error>
#include <utility>

#include <shmring/open.h>
#include <shmring/cpp/error.hpp>

namespace shmring
{

// As SHMRING_OPTIONS_INIT; set the members of shmring_options.
struct options : shmring_options {
    options() noexcept : shmring_options()
    {
        struct_size = sizeof(shmring_options);
    }
};

// Owns a C handle of one kind; moves, does not copy. Calls has open() and close() of that kind.
template <class H, class Calls> class handle
{
  public:
    handle() noexcept = default;
    handle(handle &&from) noexcept : h_(std::exchange(from.h_, nullptr))
    {
    }
    handle &operator=(handle &&from) noexcept
    {
        if (this != &from) {
            close();
            h_ = std::exchange(from.h_, nullptr);
        }
        return *this;
    }
    handle(const handle &) = delete;
    handle &operator=(const handle &) = delete;
    ~handle()
    {
        close();
    }

    // Closes what it has, and opens. On failure it is not open.
    [[nodiscard]] std::error_code open(const char *name, const shmring_options &opt = options())
    {
        close();
        return make_error_code(Calls::open(&h_, name, &opt));
    }
    void close() noexcept
    {
        Calls::close(std::exchange(h_, nullptr));
    }
    [[nodiscard]] bool is_open() const noexcept
    {
        return h_ != nullptr;
    }
    [[nodiscard]] explicit operator bool() const noexcept
    {
        return is_open();
    }
    // The C handle; it stays this object's, and what is called with it too.
    [[nodiscard]] H *get() const noexcept
    {
        return h_;
    }
    // The C handle, for the caller to close.
    [[nodiscard]] H *release_handle() noexcept
    {
        return std::exchange(h_, nullptr);
    }

  private:
    H *h_ = nullptr;
};

} // namespace shmring

#endif
