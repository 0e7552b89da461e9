// SPDX-License-Identifier: MIT
// shmring.hpp - the C API for C++17: handles that close themselves, views, typed records, and
// std::error_code. Header-only; needs neither exceptions nor RTTI, and adds no state of its own.
//
//   struct sample { static constexpr std::uint16_t record_type = 1; double volts; };
//
//   shmring::producer p;                             shmring::consumer c;
//   if (auto bad = p.open("volts")) ...              if (auto bad = c.open("volts")) ...
//   if (auto bad = p.try_send(sample{3.3})) ...      sample s;
//                                                    while (!c.recv(s)) use(s.volts);
//
// For what a call means, who may make it, its memory order, and what a death leaves, see the
// function of the same name in the C headers. Here:
//   - A call that can fail returns std::error_code of shmring::category(); it is false for success,
//     compares with shmring::errc, and where there is one with std::errc. error_detail() has the
//     sentence. Flow (empty, full, timeout, closed ...) is in the same code. An answer that is
//     dropped is warned of ([[nodiscard]]).
//   - Codes that another shared object made compare with errc and with conditions, too.
//   - A handle that is not open answers errc::invalid, or nothing at all.
//   - Timeouts are std::chrono durations; shmring::forever has no limit, below 0 is 0.
// Since 0.2.
#ifndef SHMRING_SHMRING_HPP
#define SHMRING_SHMRING_HPP

#include <cstdint>
#include <system_error>
#include <type_traits>

#include <shmring/cpp/consumer.hpp>
#include <shmring/cpp/describe.hpp>
#include <shmring/cpp/error.hpp>
#include <shmring/cpp/handle.hpp>
#include <shmring/cpp/producer.hpp>
#include <shmring/cpp/record.hpp>
#include <shmring/shmring.h>

namespace shmring
{

[[nodiscard]] inline std::error_code inspect(const char *name, shmring_info &ret)
{
    return make_error_code(shmring_inspect(name, &ret));
}

// How long records lay in a stamped ring: counts in buckets, as latency.h has them. The difference
// of two looks is what happened in between.
struct latency_counts {
    std::uint64_t buckets[SHMRING_HISTOGRAM_BUCKETS] = {};

    [[nodiscard]] std::uint64_t count() const noexcept
    {
        return shmring_latency_count(buckets);
    }
    // The latency that `part` of the records did not exceed: 0.5 is the median, 1 the most.
    [[nodiscard]] nanoseconds quantile(double part) const noexcept
    {
        return nanoseconds(shmring_latency_quantile(buckets, part));
    }
    // Count and usual quantiles, as `stat` has them.
    [[nodiscard]] shmring_latency summary() const noexcept
    {
        shmring_latency ret;
        shmring_latency_of(buckets, &ret);
        return ret;
    }
    latency_counts &operator-=(const latency_counts &before) noexcept
    {
        for (std::uint32_t i = 0; i < SHMRING_HISTOGRAM_BUCKETS; i++) {
            buckets[i] -= before.buckets[i];
        }
        return *this;
    }
};

[[nodiscard]] inline std::error_code inspect_latency(const char *name, latency_counts &ret)
{
    return make_error_code(shmring_inspect_latency(name, ret.buckets));
}

// Makes a ring that stays, and takes no role of it.
[[nodiscard]] inline std::error_code create(const char *name,
                                            const shmring_options &opt = options())
{
    return make_error_code(shmring_create(name, &opt));
}

[[nodiscard]] inline std::error_code remove(const char *name)
{
    return make_error_code(shmring_remove(name));
}

// Calls f(const char *name) for every ring this user can see, in no order. An exception of f ends
// the program: C code calls it.
template <class F> [[nodiscard]] std::error_code list(F &&f)
{
    using function = std::remove_reference_t<F>;
    struct to {
        static int call(const char *name, void *arg) noexcept
        {
            (**static_cast<function **>(arg))(name);
            return 0;
        }
    };
    function *at = &f;
    return make_error_code(shmring_list(to::call, &at));
}

// Removes the rings of this user whose processes all died. ret_removed: how many.
[[nodiscard]] inline std::error_code prune(std::uint32_t &ret_removed)
{
    return make_error_code(shmring_prune(&ret_removed));
}

// Checks every record of a ring, of this name or in a file.
[[nodiscard]] inline std::error_code verify(const char *name, shmring_verdict &ret)
{
    return make_error_code(shmring_verify(name, &ret));
}
[[nodiscard]] inline std::error_code verify_file(const char *path, shmring_verdict &ret)
{
    return make_error_code(shmring_verify_file(path, &ret));
}

// Makes a corrupt ring one that both sides can open again.
[[nodiscard]] inline std::error_code repair(const char *name, shmring_repaired &ret)
{
    return make_error_code(shmring_repair(name, &ret));
}
[[nodiscard]] inline std::error_code repair_file(const char *path, shmring_repaired &ret)
{
    return make_error_code(shmring_repair_file(path, &ret));
}

// Has this process outlive a file that somebody cuts: see shmring_guard().
[[nodiscard]] inline std::error_code guard()
{
    return make_error_code(shmring_guard());
}

// Waits until one of several consumers, by their C handles, has something to read.
[[nodiscard]] inline std::error_code wait_any(span<shmring_consumer *const> consumers,
                                              std::uint32_t &ret_index,
                                              nanoseconds timeout = forever)
{
    return make_error_code(shmring_wait_any(
        consumers.data(),
        consumers.size() <= UINT32_MAX ? static_cast<std::uint32_t>(consumers.size()) : UINT32_MAX,
        &ret_index, timeout_ns(timeout)));
}
// The same for consumers that stand somewhere: wait_any(index, 1s, left, right).
template <class... C>
[[nodiscard]] std::error_code wait_any(std::uint32_t &ret_index, nanoseconds timeout,
                                       const consumer &first, const C &...more)
{
    shmring_consumer *const all[] = {first.get(), more.get()...};

    return wait_any(all, ret_index, timeout);
}

} // namespace shmring

#endif
