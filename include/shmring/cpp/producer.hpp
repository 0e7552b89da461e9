// SPDX-License-Identifier: MIT
// producer.hpp - the sending side. Include <shmring/shmring.hpp>.
#ifndef SHMRING_CPP_PRODUCER_HPP
#define SHMRING_CPP_PRODUCER_HPP

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include <shmring/cpp/error.hpp>
#include <shmring/cpp/handle.hpp>
#include <shmring/peer.h>
#include <shmring/cpp/record.hpp>
#include <shmring/detail/ring.h>
#include <shmring/wait.h>

SHMRING_BEGIN_INLINE

namespace shmring
{

class producer;

// Room inside the ring for one record, to be filled in place. Dropped unless committed. It ends
// with commit(), abort(), producer::abort(), and when the producer closes; after that its room is
// empty and its calls do nothing. It may be moved, and so may the producer, by the producer's
// thread.
class reservation
{
  public:
    reservation() noexcept = default;
    reservation(reservation &&from) noexcept
    {
        take(from);
    }
    reservation &operator=(reservation &&from) noexcept
    {
        if (this != &from) {
            abort();
            take(from);
        }
        return *this;
    }
    ~reservation()
    {
        abort();
    }
    // False once it has ended.
    [[nodiscard]] bool is_open() const noexcept
    {
        return p_ != nullptr;
    }
    [[nodiscard]] writable_bytes room() const noexcept
    {
        return room_;
    }
    // Sends the first n bytes of it; n beyond the room drops it, as shmring_commit() does. The
    // answer may be left: a ring that is corrupt tells the next call, too.
    std::error_code commit(std::size_t n, std::uint16_t type = 0) noexcept;
    void abort() noexcept;

  private:
    friend class producer;
    void take(reservation &from) noexcept;
    shmring_producer *end() noexcept;

    producer *p_ = nullptr; // whose held_ points back
    writable_bytes room_;
};

struct producer_calls {
    static shmring_status open(shmring_producer **ret, const char *name,
                               const shmring_options *opt) noexcept
    {
        return shmring_producer_open(ret, name, opt);
    }
    static void close(shmring_producer *p) noexcept
    {
        shmring_producer_close(p);
    }
};

class producer : private handle<shmring_producer, producer_calls>
{
    using base = handle<shmring_producer, producer_calls>;

  public:
    producer() noexcept = default;
    producer(producer &&from) noexcept : base(std::move(from))
    {
        hold(std::exchange(from.held_, nullptr));
    }
    producer &operator=(producer &&from) noexcept
    {
        if (this != &from) {
            end_reservation();
            base::operator=(std::move(from));
            hold(std::exchange(from.held_, nullptr));
        }
        return *this;
    }
    ~producer()
    {
        end_reservation();
    }

    using base::get;
    using base::is_open;
    using base::operator bool;

    // Waits until the consumer has released everything.
    [[nodiscard]] std::error_code drain(nanoseconds timeout = forever) noexcept
    {
        return make_error_code(shmring_drain(get(), timeout_ns(timeout)));
    }
    // Ends the present or next wait with errc::full: from any thread, or a signal handler.
    void interrupt() noexcept
    {
        shmring_producer_interrupt(get());
    }
    // The ring's fixed properties, and who is on the other side: peer.h.
    [[nodiscard]] std::error_code info(shmring_ring_info &ret) const noexcept
    {
        ret = SHMRING_RING_INFO_INIT;
        return make_error_code(shmring_producer_info(get(), &ret));
    }
    [[nodiscard]] std::error_code peer(shmring_peer &ret) const noexcept
    {
        ret = SHMRING_PEER_INIT;
        return make_error_code(shmring_producer_peer(get(), &ret));
    }

    // As handle has them; a reservation ends first.
    [[nodiscard]] std::error_code open(const char *name, const shmring_options &opt = options())
    {
        end_reservation();
        return base::open(name, opt);
    }
    void close() noexcept
    {
        end_reservation();
        base::close();
    }
    [[nodiscard]] shmring_producer *release_handle() noexcept
    {
        end_reservation();
        return base::release_handle();
    }

    // ---- records: bytes, or a struct with its type number ----

    [[nodiscard]] std::error_code try_send(bytes payload, std::uint16_t type = 0) noexcept
    {
        return call(payload, [&](std::uint32_t n) {
            return shmring_try_send(get(), payload.data(), n, type);
        });
    }
    [[nodiscard]] std::error_code send(bytes payload, std::uint16_t type = 0,
                                       nanoseconds timeout = forever) noexcept
    {
        return call(payload, [&](std::uint32_t n) {
            return shmring_send(get(), payload.data(), n, type, timeout_ns(timeout));
        });
    }
    // One of a batch, which publish() makes visible as a whole.
    [[nodiscard]] std::error_code stage(bytes payload, std::uint16_t type = 0) noexcept
    {
        return call(payload,
                    [&](std::uint32_t n) { return shmring_stage(get(), payload.data(), n, type); });
    }
    template <class T, class = if_record<T>>
    [[nodiscard]] std::error_code try_send(const T &value) noexcept
    {
        return try_send(of(value), record_type_of<T>::value);
    }
    template <class T, class = if_record<T>>
    [[nodiscard]] std::error_code send(const T &value, nanoseconds timeout = forever) noexcept
    {
        return send(of(value), record_type_of<T>::value, timeout);
    }
    template <class T, class = if_record<T>>
    [[nodiscard]] std::error_code stage(const T &value) noexcept
    {
        return stage(of(value), record_type_of<T>::value);
    }
    // The answer may be left: a ring that is corrupt tells the next call, too.
    std::error_code publish() noexcept
    {
        return call({}, [&](std::uint32_t) { return shmring_publish(get()); });
    }
    // The next call tries the record that was refused again: it is not lost.
    void retry() noexcept
    {
        if (is_open()) {
            shmring_producer_retry(get());
        }
    }
    // Drops the open reservation or, when there is none, what is staged.
    void abort() noexcept
    {
        if (held_ != nullptr) {
            held_->abort();
        } else if (is_open()) {
            shmring_abort(get());
        }
    }
    // Opens a reservation. ret: what it holds is dropped first.
    [[nodiscard]] std::error_code reserve(std::size_t n, reservation &ret) noexcept
    {
        void *at = nullptr;
        ret.abort();
        std::error_code bad = call(
            bytes(nullptr, n), [&](std::uint32_t len) { return shmring_reserve(get(), len, &at); });
        if (!bad) {
            end_reservation(); // one that C calls with get() have ended
            hold(&ret);
            ret.room_ = {static_cast<std::byte *>(at), n};
        }
        return bad;
    }

    // ---- bytes ----

    // Returns how many were taken.
    [[nodiscard]] std::size_t write(bytes from) noexcept
    {
        return is_open()
                   ? static_cast<std::size_t>(shmring_try_write(get(), from.data(), from.size()))
                   : 0;
    }
    [[nodiscard]] writable_bytes write_span() noexcept
    {
        void *at = nullptr;
        const std::uint64_t n = is_open() ? shmring_write_span(get(), &at) : 0;
        return {static_cast<std::byte *>(at), static_cast<std::size_t>(n)};
    }
    // At least n bytes, if so many are free.
    [[nodiscard]] writable_bytes write_span_for(std::size_t n) noexcept
    {
        void *at = nullptr;
        const std::uint64_t there = is_open() ? shmring_write_span_for(get(), n, &at) : 0;
        return {static_cast<std::byte *>(at), static_cast<std::size_t>(there)};
    }
    std::error_code write_advance(std::size_t n) noexcept
    {
        return call({}, [&](std::uint32_t) { return shmring_write_advance(get(), n); });
    }

    // ---- waiting ----

    [[nodiscard]] std::error_code wait_space(std::size_t n, nanoseconds timeout = forever) noexcept
    {
        return call({}, [&](std::uint32_t) {
            return shmring_wait_space_for(get(), n, timeout_ns(timeout));
        });
    }
    void relax() noexcept
    {
        if (is_open()) {
            shmring_producer_relax(get());
        }
    }
    [[nodiscard]] int fd() noexcept
    {
        return is_open() ? shmring_producer_fd(get()) : -1;
    }
    // The same on Windows: a HANDLE to wait on; nullptr elsewhere.
    [[nodiscard]] void *wait_handle() noexcept
    {
        return is_open() ? shmring_producer_handle(get()) : nullptr;
    }

  private:
    friend class reservation;

    void hold(reservation *r) noexcept
    {
        held_ = r;
        if (r != nullptr) {
            r->p_ = this;
        }
    }
    void end_reservation() noexcept
    {
        if (held_ != nullptr) {
            (void)held_->end();
        }
    }
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

    reservation *held_ = nullptr; // the open one, whose p_ points back
};

inline void reservation::take(reservation &from) noexcept
{
    p_ = std::exchange(from.p_, nullptr);
    room_ = std::exchange(from.room_, {});
    if (p_ != nullptr) {
        p_->held_ = this;
    }
}

// Returns the handle that it was of; nullptr when it had ended.
inline shmring_producer *reservation::end() noexcept
{
    room_ = {};
    if (p_ == nullptr) {
        return nullptr;
    }
    p_->held_ = nullptr;
    return std::exchange(p_, nullptr)->get();
}

inline std::error_code reservation::commit(std::size_t n, std::uint16_t type) noexcept
{
    const std::uint32_t len = n <= room_.size() ? static_cast<std::uint32_t>(n) : UINT32_MAX;
    shmring_producer *const p = end();

    return p != nullptr ? make_error_code(shmring_commit(p, len, type))
                        : make_error_code(errc::invalid);
}

inline void reservation::abort() noexcept
{
    shmring_producer *const p = end();

    // Without an open reservation, as when C calls have ended it, an abort would drop the batch.
    if (p != nullptr && p->reserved != 0) {
        shmring_abort(p);
    }
}

} // namespace shmring

SHMRING_END_INLINE

#endif
