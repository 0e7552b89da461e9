// SPDX-License-Identifier: MIT
// producer.hpp - the sending side. Include <shmring/shmring.hpp>.
#ifndef SHMRING_PRODUCER_HPP
#define SHMRING_PRODUCER_HPP

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include <shmring/error.hpp>
#include <shmring/owner.hpp>
#include <shmring/record.hpp>
#include <shmring/ring.h>
#include <shmring/wait.h>

namespace shmring
{

// Room inside the ring for one record, to be filled in place. Dropped unless committed.
class reservation
{
  public:
    reservation() noexcept = default;
    reservation(reservation &&from) noexcept
        : p_(std::exchange(from.p_, nullptr)), room_(std::exchange(from.room_, {}))
    {
    }
    reservation &operator=(reservation &&from) noexcept
    {
        if (this != &from) {
            abort();
            p_ = std::exchange(from.p_, nullptr);
            room_ = std::exchange(from.room_, {});
        }
        return *this;
    }
    ~reservation()
    {
        abort();
    }
    writable_bytes room() const noexcept
    {
        return room_;
    }
    // Sends the first n bytes of it; n beyond the room drops it, as shmring_commit() does.
    void commit(std::size_t n, std::uint16_t type = 0) noexcept
    {
        if (p_ != nullptr) {
            shmring_commit(p_, n <= room_.size() ? static_cast<std::uint32_t>(n) : UINT32_MAX,
                           type);
            p_ = nullptr;
        }
    }
    void abort() noexcept
    {
        if (p_ != nullptr) {
            shmring_abort(p_);
            p_ = nullptr;
        }
    }

  private:
    friend class producer;
    shmring_producer *p_ = nullptr;
    writable_bytes room_;
};

class producer : public handle<shmring_producer, shmring_producer_open, shmring_producer_close>
{
  public:
    // ---- records: bytes, or a struct with its type number ----

    std::error_code try_send(bytes payload, std::uint16_t type = 0) noexcept
    {
        return call(payload, [&](std::uint32_t n) {
            return shmring_try_send(get(), payload.data(), n, type);
        });
    }
    std::error_code send(bytes payload, std::uint16_t type = 0,
                         nanoseconds timeout = forever) noexcept
    {
        return call(payload, [&](std::uint32_t n) {
            return shmring_send(get(), payload.data(), n, type, timeout_ns(timeout));
        });
    }
    // One of a batch, which publish() makes visible as a whole.
    std::error_code stage(bytes payload, std::uint16_t type = 0) noexcept
    {
        return call(payload,
                    [&](std::uint32_t n) { return shmring_stage(get(), payload.data(), n, type); });
    }
    template <class T, class = if_record<T>> std::error_code try_send(const T &value) noexcept
    {
        return try_send(of(value), record_type_of<T>::value);
    }
    template <class T, class = if_record<T>>
    std::error_code send(const T &value, nanoseconds timeout = forever) noexcept
    {
        return send(of(value), record_type_of<T>::value, timeout);
    }
    template <class T, class = if_record<T>> std::error_code stage(const T &value) noexcept
    {
        return stage(of(value), record_type_of<T>::value);
    }
    void publish() noexcept
    {
        if (is_open()) {
            shmring_publish(get());
        }
    }
    // Drops what is staged.
    void abort() noexcept
    {
        if (is_open()) {
            shmring_abort(get());
        }
    }
    // Opens a reservation, which must end before the producer does. ret: what it holds is dropped
    // first.
    std::error_code reserve(std::size_t n, reservation &ret) noexcept
    {
        void *at = nullptr;
        ret.abort();
        std::error_code bad = call(
            bytes(nullptr, n), [&](std::uint32_t len) { return shmring_reserve(get(), len, &at); });
        if (!bad) {
            ret.p_ = get();
            ret.room_ = {static_cast<std::byte *>(at), n};
        }
        return bad;
    }

    // ---- bytes ----

    // Returns how many were taken.
    std::size_t write(bytes from) noexcept
    {
        return is_open()
                   ? static_cast<std::size_t>(shmring_try_write(get(), from.data(), from.size()))
                   : 0;
    }
    writable_bytes write_span() noexcept
    {
        void *at = nullptr;
        const std::uint64_t n = is_open() ? shmring_write_span(get(), &at) : 0;
        return {static_cast<std::byte *>(at), static_cast<std::size_t>(n)};
    }
    void write_advance(std::size_t n) noexcept
    {
        if (is_open()) {
            shmring_write_advance(get(), n);
        }
    }

    // ---- waiting ----

    std::error_code wait_space(std::size_t n, nanoseconds timeout = forever) noexcept
    {
        return call(bytes(nullptr, n), [&](std::uint32_t len) {
            return shmring_wait_space(get(), len, timeout_ns(timeout));
        });
    }
    void relax() noexcept
    {
        if (is_open()) {
            shmring_producer_relax(get());
        }
    }
    int fd() noexcept
    {
        return is_open() ? shmring_producer_fd(get()) : -1;
    }
    // The same on Windows: a HANDLE to wait on; nullptr elsewhere.
    void *wait_handle() noexcept
    {
        return is_open() ? shmring_producer_handle(get()) : nullptr;
    }

  private:
    template <class T> static bytes of(const T &value) noexcept
    {
        check_record<T>();
        return {reinterpret_cast<const std::byte *>(&value), sizeof value};
    }
    template <class F> std::error_code call(bytes payload, F f) noexcept
    {
        if (!is_open()) {
            return errc::invalid;
        }
        return make_error_code(payload.size() <= UINT32_MAX
                                   ? f(static_cast<std::uint32_t>(payload.size()))
                                   : SHMRING_E_TOO_BIG);
    }
};

} // namespace shmring

#endif
