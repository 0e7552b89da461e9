// SPDX-License-Identifier: MIT
// consumer.hpp - the receiving side. Include <shmring/shmring.hpp>.
#ifndef SHMRING_CPP_CONSUMER_HPP
#define SHMRING_CPP_CONSUMER_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <type_traits>
#include <utility>

#include <shmring/cpp/error.hpp>
#include <shmring/observe.h>
#include <shmring/cpp/handle.hpp>
#include <shmring/peer.h>
#include <shmring/cpp/record.hpp>
#include <shmring/detail/ring.h>
#include <shmring/wait.h>

SHMRING_BEGIN_INLINE

namespace shmring
{

struct consumer_calls {
    static shmring_status open(shmring_consumer **ret, const char *name,
                               const shmring_options *opt) noexcept
    {
        return shmring_consumer_open(ret, name, opt);
    }
    static void close(shmring_consumer *c) noexcept
    {
        shmring_consumer_close(c);
    }
};

class consumer : public handle<shmring_consumer, consumer_calls>
{
  public:
    // The ring's fixed properties, and who is on the other side: peer.h.
    [[nodiscard]] std::error_code info(shmring_ring_info &ret) const noexcept
    {
        ret = SHMRING_RING_INFO_INIT;
        return make_error_code(shmring_consumer_info(get(), &ret));
    }
    [[nodiscard]] std::error_code peer(shmring_peer &ret) const noexcept
    {
        ret = SHMRING_PEER_INIT;
        return make_error_code(shmring_consumer_peer(get(), &ret));
    }

    // ---- records ----

    // Copies the next record into buf and releases it. ret: its fields, payload() in buf.
    [[nodiscard]] std::error_code try_recv(writable_bytes buf, record &ret) noexcept
    {
        return call([&] { return shmring_try_recv(get(), buf.data(), room(buf), &ret); });
    }
    [[nodiscard]] std::error_code recv(writable_bytes buf, record &ret,
                                       nanoseconds timeout = forever) noexcept
    {
        return call(
            [&] { return shmring_recv(get(), buf.data(), room(buf), &ret, timeout_ns(timeout)); });
    }
    // Receives a T. A record of another type or a smaller length is taken too and answers
    // errc::mismatch; a longer one stays in place and answers errc::too_big. In both cases `value`
    // is untouched. For rings of several types: recv_any().
    template <class T, class = if_record<T>>
    [[nodiscard]] std::error_code recv(T &value, nanoseconds timeout = forever) noexcept
    {
        return recv_any<T>([&](const T &got) { std::memcpy(&value, &got, sizeof value); }, timeout);
    }
    template <class T, class = if_record<T>>
    [[nodiscard]] std::error_code try_recv(T &value) noexcept
    {
        return recv(value, nanoseconds(0));
    }
    // Receives one record and calls f with it, as the first of the types that it is. A record of
    // none of them goes to f as a `record` (valid during the call) where f takes one. Else it
    // answers errc::mismatch, and the record is gone. One that is longer than every T stays in
    // place and answers errc::too_big.
    template <class... T, class F>
    [[nodiscard]] std::error_code recv_any(F &&f, nanoseconds timeout = forever) noexcept(
        (noexcept(f(std::declval<const T &>())) && ...))
    {
        alignas(T...) std::byte buf[largest<T...>()];
        record got;
        std::error_code bad = recv(writable_bytes(buf), got, timeout);

        if (bad) {
            return bad;
        }
        if ((show<T>(got, f) || ...)) {
            return {};
        }
        if constexpr (std::is_invocable_v<F &, const record &>) {
            f(static_cast<const record &>(got));
            return {};
        } else {
            return errc::mismatch;
        }
    }
    // Shows the next record in the ring, until release(); the same one until then.
    [[nodiscard]] std::error_code peek(record &ret) noexcept
    {
        return call([&] { return shmring_peek(get(), &ret); });
    }
    void release() noexcept
    {
        if (is_open()) {
            shmring_release(get());
        }
    }
    // Calls f(const record &) with what is there, in place and oldest first, up to max records, and
    // then releases them. Returns how many. When f throws, none of them is released.
    template <class F> std::uint32_t drain(F &&f, std::uint32_t max = UINT32_MAX)
    {
        shmring_record some[64];
        std::uint32_t total = 0, n = 1;

        while (is_open() && total < max && n != 0) {
            n = shmring_peek_many(get(), some, max - total < 64 ? max - total : 64);
            for (std::uint32_t i = 0; i < n; i++) {
                f(record(some[i]));
            }
            shmring_release_many(get(), n);
            total += n;
        }
        return total;
    }

    // Of the last errc::lapped, in an overwrite ring: bytes.
    [[nodiscard]] std::uint64_t lost() const noexcept
    {
        return shmring_consumer_lost(get());
    }

    // ---- bytes ----

    // Returns how many were read.
    [[nodiscard]] std::size_t read(writable_bytes to) noexcept
    {
        return is_open() ? static_cast<std::size_t>(shmring_try_read(get(), to.data(), to.size()))
                         : 0;
    }
    [[nodiscard]] bytes read_span() noexcept
    {
        const void *at = nullptr;
        const std::uint64_t n = is_open() ? shmring_read_span(get(), &at) : 0;
        return {static_cast<const std::byte *>(at), static_cast<std::size_t>(n)};
    }
    // At least n bytes, if so many are there.
    [[nodiscard]] bytes read_span_for(std::size_t n) noexcept
    {
        const void *at = nullptr;
        const std::uint64_t there = is_open() ? shmring_read_span_for(get(), n, &at) : 0;
        return {static_cast<const std::byte *>(at), static_cast<std::size_t>(there)};
    }
    std::error_code read_advance(std::size_t n) noexcept
    {
        return call([&] { return shmring_read_advance(get(), n); });
    }

    // ---- waiting ----

    [[nodiscard]] std::error_code wait_data(nanoseconds timeout = forever) noexcept
    {
        return call([&] { return shmring_wait_data(get(), timeout_ns(timeout)); });
    }
    // Waits until n bytes are there at once.
    [[nodiscard]] std::error_code wait_data_for(std::size_t n,
                                                nanoseconds timeout = forever) noexcept
    {
        return call([&] { return shmring_wait_data_for(get(), n, timeout_ns(timeout)); });
    }
    void interrupt() noexcept
    {
        if (is_open()) {
            shmring_consumer_interrupt(get());
        }
    }
    void relax() noexcept
    {
        if (is_open()) {
            shmring_consumer_relax(get());
        }
    }
    [[nodiscard]] int fd() noexcept
    {
        return is_open() ? shmring_consumer_fd(get()) : -1;
    }
    // The same on Windows: a HANDLE to wait on; nullptr elsewhere.
    [[nodiscard]] void *wait_handle() noexcept
    {
        return is_open() ? shmring_consumer_handle(get()) : nullptr;
    }

  private:
    template <class... T> static constexpr std::size_t largest() noexcept
    {
        std::size_t n = 0;
        ((n = sizeof(T) > n ? sizeof(T) : n), ...);
        return n;
    }
    template <class T, class F> static bool show(const record &got, F &f)
    {
        if (!got.is<T>()) {
            return false;
        }
        // recv_any() aligned it, and its bytes are those of a trivially copyable T
        f(*static_cast<const T *>(got.data));
        return true;
    }
    static std::uint32_t room(writable_bytes buf) noexcept
    {
        return buf.size() < UINT32_MAX ? static_cast<std::uint32_t>(buf.size()) : UINT32_MAX;
    }
    template <class F> std::error_code call(F f) noexcept
    {
        return is_open() ? make_error_code(f()) : make_error_code(errc::invalid);
    }
};

struct observer_calls {
    static shmring_status open(shmring_observer **ret, const char *name,
                               const shmring_options *opt) noexcept
    {
        return shmring_observer_open(ret, name, opt);
    }
    static void close(shmring_observer *o) noexcept
    {
        shmring_observer_close(o);
    }
};

// Watches a ring without taking part.
class observer : public handle<shmring_observer, observer_calls>
{
  public:
    // Copies the next record; errc::lapped, once, when some were lost before it.
    [[nodiscard]] std::error_code observe(writable_bytes buf, record &ret) noexcept
    {
        const std::uint32_t room =
            buf.size() < UINT32_MAX ? static_cast<std::uint32_t>(buf.size()) : UINT32_MAX;
        return make_error_code(shmring_observe(get(), buf.data(), room, &ret));
    }
    // Looks at one record. One of another type or length is passed over and answers errc::mismatch:
    // the next call has the one behind it. `value` is untouched unless the answer is errc::ok.
    template <class T, class = if_record<T>>
    [[nodiscard]] std::error_code observe(T &value) noexcept
    {
        alignas(T) std::byte buf[sizeof(T)];
        record got;
        const std::error_code bad = observe(writable_bytes(buf), got);

        if (bad == errc::too_big) {
            skip();
            return errc::mismatch;
        }
        if (!bad && !got.get(value)) {
            return errc::mismatch;
        }
        return bad;
    }
    void skip() noexcept
    {
        shmring_observer_skip(get());
    }
    // Until observe() has something to answer; takes nothing. How late it notices: observe.h.
    [[nodiscard]] std::error_code wait(nanoseconds timeout = forever) noexcept
    {
        return make_error_code(shmring_observer_wait(get(), timeout_ns(timeout)));
    }
    // From any thread and from signal handlers.
    void interrupt() noexcept
    {
        shmring_observer_interrupt(get());
    }
    // For event loops; -1 where there are handles.
    int fd() noexcept
    {
        return shmring_observer_fd(get());
    }
    // The same on Windows: a HANDLE to wait on; nullptr elsewhere.
    void *wait_handle() noexcept
    {
        return shmring_observer_handle(get());
    }
    // where: SHMRING_OLDEST, SHMRING_NEWEST.
    [[nodiscard]] std::error_code seek(int where) noexcept
    {
        return make_error_code(shmring_observer_seek(get(), where));
    }
    // Of the last errc::lapped: bytes, and records, or SHMRING_UNKNOWN.
    [[nodiscard]] std::uint64_t lost() const noexcept
    {
        return shmring_observer_lost(get());
    }
    [[nodiscard]] std::uint64_t lost_records() const noexcept
    {
        return shmring_observer_lost_records(get());
    }
};

} // namespace shmring

SHMRING_END_INLINE

#endif
