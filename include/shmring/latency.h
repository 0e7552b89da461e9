/* SPDX-License-Identifier: MIT */
/* latency.h - how long records lie in a stamped ring, seen from outside while it runs.
 *
 * The consumer of a stamped ring counts the time from each record's commit until the record is
 * shown for the first time. It counts in buckets in its page: one for each nanosecond below 64,
 * then 32 for each power of two. So a bucket is at most 1/32 of its values wide. The counts live as
 * long as the ring and only grow: what two looks differ by is what happened in between.
 *
 *     uint64_t before[SHMRING_HISTOGRAM_BUCKETS], now[SHMRING_HISTOGRAM_BUCKETS];
 *     ... shmring_inspect_latency(name, before), a pause, shmring_inspect_latency(name, now) ...
 *     for (i = 0; i < SHMRING_HISTOGRAM_BUCKETS; i++) now[i] -= before[i];
 *     p99_ns = shmring_latency_quantile(now, 0.99);
 */
#ifndef SHMRING_LATENCY_H
#define SHMRING_LATENCY_H

#include <shmring/detail/abi.h>
#include <shmring/types.h>

SHMRING_BEGIN_INLINE

SHMRING_BEGIN_DECLS

/* The bucket of a latency.
 * ns: any; from 2^48 on (more than three days) it is the last one.
 * Returns its index, 0 .. SHMRING_HISTOGRAM_BUCKETS - 1.
 * Any thread, signal handlers too; bounded. Since 0.2. */
SHMRING_INLINE uint32_t shmring_latency_bucket(uint64_t ns)
{
    uint32_t shift = 0;

    if (ns >= UINT64_C(1) << 48) {
        return SHMRING_HISTOGRAM_BUCKETS - 1;
    }
#if defined(__GNUC__)
    shift = 58u - (uint32_t)__builtin_clzll(ns | 32u);
#else
    while (ns >> shift >= 64) {
        shift++;
    }
#endif
    return shift * 32u + (uint32_t)(ns >> shift);
}

/* The largest latency, in ns, of those that a bucket counts; of the last one, 2^48 - 1.
 * bucket: below SHMRING_HISTOGRAM_BUCKETS; others are taken as the last.
 * Returns nanoseconds, 0 .. 2^48 - 1.
 * Any thread, signal handlers too; bounded. Since 0.2. */
SHMRING_INLINE uint64_t shmring_latency_bucket_top(uint32_t bucket)
{
    uint32_t shift;

    if (bucket >= SHMRING_HISTOGRAM_BUCKETS) {
        bucket = SHMRING_HISTOGRAM_BUCKETS - 1;
    }
    shift = bucket < 64 ? 0 : bucket / 32u - 1;
    return ((uint64_t)(bucket - shift * 32u + 1) << shift) - 1;
}

/* Reads the counts of a ring, living or dead, without opening a role or changing a byte.
 * ret: an array of SHMRING_HISTOGRAM_BUCKETS; untouched on failure. All 0 when the ring has no
 * stamps. The counts are read one after another while the ring moves.
 * Returns as shmring_inspect(), or SHMRING_E_INVALID (ret is NULL).
 * Any thread; not from signal handlers. Death leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_inspect_latency(const char *name, uint64_t *ret);

/* The latency, in ns, that `part` of the counted records did not exceed, to the top of its bucket.
 * buckets: SHMRING_HISTOGRAM_BUCKETS counts, of any value: a sum beyond 64 bits is cut to them.
 * part: 0.5 is the median, 0.999 is exceeded by one in a thousand; from 1 on, and 0 and below (and
 * NaN), are the largest and the smallest.
 * Returns 0 when nothing was counted, and for NULL.
 * Any thread, signal handlers too; bounded. Since 0.2. */
SHMRING_API uint64_t shmring_latency_quantile(const uint64_t *buckets, double part);

/* How many records the buckets count, cut to 64 bits. Otherwise as above. Since 0.2. */
SHMRING_API uint64_t shmring_latency_count(const uint64_t *buckets);

/* Count and usual quantiles of the buckets, as shmring_info has them; ret is not NULL. Otherwise as
 * above. Since 0.2. */
SHMRING_INLINE void shmring_latency_of(const uint64_t *buckets, shmring_latency *ret)
{
    shmring_latency_of_sized_(buckets, ret, sizeof *ret);
}

SHMRING_END_DECLS

SHMRING_END_INLINE

#endif
