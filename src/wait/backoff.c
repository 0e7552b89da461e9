/* SPDX-License-Identifier: MIT */
/* backoff.c - the times of a wait: how long a pause is, until when it polls, when it gives its
 * processor away, and how long a sleep may last. */
#include <shmring/shmring.h>

#include "wait/waiting.h"

/* A polling wait gives its processor away after a while: at once again if somebody took it, for
 * then the two sides may share it; seldom, if nobody wanted it. */
#define YIELD_AFTER_NS UINT64_C(2000)
#define YIELD_EVERY_NS UINT64_C(100000)
#define YIELD_TAKEN_NS UINT64_C(3000)

uint32_t shmring_pause_unit(void)
{
    static shmring_atomic_u64 known;
    uint64_t unit = shmring_load_relaxed(&known);
    uint64_t best = UINT64_MAX, start, took;
    int round, i;

    if (unit == 0) {
        for (round = 0; round < 5; round++) {
            start = shmring_os_clock_ns();
            for (i = 0; i < 200; i++) {
                shmring_cpu_pause();
            }
            took = shmring_os_clock_ns() - start;
            best = took < best ? took : best;
        }
        unit = (10 * 200 + best / 2) / (best + 1);
        unit = unit < 1 ? 1 : unit > 64 ? 64 : unit;
        shmring_store_relaxed(&known, unit);
    }
    return (uint32_t)unit;
}

uint32_t shmring_ticks_a_microsecond(void)
{
    static shmring_atomic_u64 known;
    uint64_t rate = shmring_load_relaxed(&known);
    uint64_t ns, ticks;
    int i;

    if (rate == 0 && SHMRING_HAS_TICKS) {
        ns = shmring_os_clock_ns();
        ticks = shmring_ticks_();
        for (i = 0; i < 1000; i++) {
            shmring_cpu_pause();
        }
        ticks = shmring_ticks_() - ticks;
        ns = shmring_os_clock_ns() - ns;
        rate = ticks / (ns / 1000 + 1);
        rate = rate <= UINT32_MAX ? rate : 0;
        shmring_store_relaxed(&known, rate);
    }
    return (uint32_t)rate;
}

uint64_t shmring_wait_later(uint64_t now, uint64_t ns)
{
    return now + ns < now ? UINT64_MAX : now + ns;
}

uint64_t shmring_wait_poll_end(uint64_t now, uint32_t spin_ns)
{
    if (spin_ns == SHMRING_SPIN_NONE) {
        return now;
    }
    if (spin_ns == UINT32_MAX) {
        return UINT64_MAX;
    }
    return shmring_wait_later(now, spin_ns != 0 ? spin_ns : SHMRING_DEFAULT_SPIN_NS);
}

uint64_t shmring_wait_poll_slice(uint64_t now, uint64_t poll_end_ns, uint64_t deadline_ns)
{
    uint64_t end = shmring_wait_later(now, SHMRING_SLICE_NS);

    end = end < poll_end_ns ? end : poll_end_ns;
    return end < deadline_ns ? end : deadline_ns;
}

void shmring_wait_give_turn(uint64_t now, uint64_t *yield_ns)
{
    if (*yield_ns == 0) {
        *yield_ns = now + YIELD_AFTER_NS;
    } else if (now >= *yield_ns) {
        shmring_os_yield();
        *yield_ns = shmring_os_clock_ns();
        *yield_ns += *yield_ns - now < YIELD_TAKEN_NS ? YIELD_EVERY_NS : 0;
    }
}

uint64_t shmring_wait_next_slice(uint64_t last_ns, uint64_t slice_ns)
{
    if (slice_ns != SHMRING_UNFENCED_SLICE_NS || last_ns == 0 || last_ns >= SHMRING_SLICE_NS) {
        return slice_ns;
    }
    return last_ns * 2 < SHMRING_SLICE_NS ? last_ns * 2 : SHMRING_SLICE_NS;
}
