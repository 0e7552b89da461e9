/* SPDX-License-Identifier: MIT */
/* tsc.h - the time that a record of a stamped ring carries. Private to the library but for the
 * names of the clocks.
 *
 * SHMRING_STAMP_MONOTONIC stamps hold nanoseconds of the system's monotonic clock.
 * SHMRING_STAMP_TSC stamps hold ticks of the processor's own counter, which is the same on all
 * cores and cheaper to read than the clock: docs/performance.md#stamps-and-latencies. The reader of
 * a record converts ticks, by the figures that the ring's creator has measured.
 * shmring_record.stamp is in nanoseconds either way.
 *
 * Where a counter is read, and not the system's clock, the instruction stands here: in-line, for a
 * call would cost as much again.
 */
#ifndef SHMRING_DETAIL_TSC_H
#define SHMRING_DETAIL_TSC_H

#include <shmring/detail/layout.h>
#include <shmring/types.h>

SHMRING_BEGIN_INLINE

/* How ticks become nanoseconds: `whole` and `part`/2^32 of them for each. Made when a ring is
 * opened, so that a record costs no division. */
struct shmring_tick_scale {
    uint64_t whole, part;
    uint64_t base_tick, base_ns;
};

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))

#define SHMRING_HAS_TICKS 1

/* The counter, now or a little earlier: the processor may read it before what stands before it is
 * done. For the producer, whose word is stored after its stamp and so seen after it. */
SHMRING_ALWAYS uint64_t shmring_ticks_(void)
{
    return __builtin_ia32_rdtsc();
}

/* The counter, read after the loads before it. Without that fence the consumer may read it while
 * the word is still on its way, and find a record younger than it is. */
SHMRING_ALWAYS uint64_t shmring_ticks_behind_loads_(void)
{
    __asm__ __volatile__("lfence" ::: "memory");
    return __builtin_ia32_rdtsc();
}

#elif defined(__GNUC__) && defined(__aarch64__)

#define SHMRING_HAS_TICKS 1

SHMRING_ALWAYS uint64_t shmring_ticks_(void)
{
    uint64_t ticks;

    __asm__ __volatile__("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}

SHMRING_ALWAYS uint64_t shmring_ticks_behind_loads_(void)
{
    __asm__ __volatile__("isb" ::: "memory");
    return shmring_ticks_();
}

#else

#define SHMRING_HAS_TICKS 0 /* such a ring is refused here, and these are not called */

SHMRING_ALWAYS uint64_t shmring_ticks_(void)
{
    return 0;
}

SHMRING_ALWAYS uint64_t shmring_ticks_behind_loads_(void)
{
    return 0;
}

#endif

SHMRING_BEGIN_DECLS

/* The time that a stamped record carries; kind: SHMRING_STAMP_... */
SHMRING_API uint64_t shmring_stamp_now_(uint32_t kind);

SHMRING_END_DECLS

/* The same for the producer, at a commit. */
SHMRING_ALWAYS uint64_t shmring_stamp_commit_(uint32_t kind)
{
    return kind == SHMRING_STAMP_TSC ? shmring_ticks_() : shmring_stamp_now_(kind);
}

SHMRING_END_INLINE

#endif
