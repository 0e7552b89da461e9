/* SPDX-License-Identifier: MIT */
/* clock.c - stamps: two clocks, how ticks become nanoseconds, and the consumer's count of how long
 * records lay in the ring. */
#include "ring/clock.h"

#include <inttypes.h>

#include <shmring/latency.h>
#include <shmring/shmring.h>

#include "base/abi.h"
#include "base/error.h"
#include "os/os.h"

/* Counters of processors tick between 1 MHz and some GHz. */
#define HZ_LEAST UINT64_C(1000000)
#define HZ_MOST  UINT64_C(100000000000)

/* A monotonic clock counts from some start of the machine: 146 years. */
#define BASE_NS_MOST (UINT64_C(1) << 62)

/* The two ends of the measurement are so far apart, and each is the best of so many readings. */
#define CALIBRATE_NS UINT64_C(10000000)
#define READINGS     64

/* ---- is there a counter? ---- */

#if SHMRING_HAS_TICKS && defined(__aarch64__)

/* The architecture's counter is even by definition; a system that hides it says 0. */
static uint64_t stated_hz(void)
{
    uint64_t hz;

    __asm__ __volatile__("mrs %0, cntfrq_el0" : "=r"(hz));
    return hz;
}

static int has_even_ticks(void)
{
    return stated_hz() != 0;
}

#elif SHMRING_HAS_TICKS

#define LEAF_MOST      UINT32_C(0x80000000)
#define LEAF_POWER     UINT32_C(0x80000007)
#define POWER_EVEN_TSC (UINT32_C(1) << 8)

static uint64_t stated_hz(void)
{
    return 0;
}

/* The processor says of itself that its counter runs on at one pace whatever it does. */
static int has_even_ticks(void)
{
    uint32_t a = LEAF_MOST, b, c = 0, d;

    __asm__ __volatile__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (a < LEAF_POWER) {
        return 0;
    }
    a = LEAF_POWER;
    c = 0;
    __asm__ __volatile__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (d & POWER_EVEN_TSC) != 0;
}

#else

static uint64_t stated_hz(void)
{
    return 0;
}

static int has_even_ticks(void)
{
    return 0;
}

#endif

shmring_status shmring_ticks_check(const struct shmring_name *name)
{
    if (has_even_ticks()) {
        return SHMRING_OK;
    }
    return shmring_fail(SHMRING_E_UNSUPPORTED,
                        "ring '%s': this processor has no counter that runs evenly on all cores, "
                        "which TSC stamps need; use SHMRING_STAMP_MONOTONIC (--stamp monotonic)",
                        name->full);
}

/* ---- the measurement ---- */

struct reading {
    uint64_t tick, ns;
};

/* One time on both clocks: of several readings the one that was interrupted least. */
static struct reading read_both(void)
{
    struct reading best = {0, 0};
    uint64_t least = UINT64_MAX;
    int i;

    for (i = 0; i < READINGS; i++) {
        const uint64_t before = shmring_ticks_behind_loads_();
        const uint64_t ns = shmring_os_clock_ns();
        const uint64_t took = shmring_ticks_behind_loads_() - before;

        if (took < least) {
            least = took;
            best.tick = before + took / 2;
            best.ns = ns;
        }
    }
    return best;
}

static uint64_t measured_hz(const struct reading *from, const struct reading *to)
{
    const double hz =
        (double)(to->tick - from->tick) * 1e9 / (double)(to->ns - from->ns); /* 1 in 2^53 */

    return hz < (double)HZ_MOST ? (uint64_t)(hz + 0.5) : HZ_MOST + 1;
}

shmring_status shmring_stamp_calibrate(const struct shmring_name *name,
                                       struct shmring_geometry_page *g)
{
    struct reading from, to;
    uint64_t hz, stated;
    shmring_status status;

    if (g->stamp != SHMRING_STAMP_TSC) {
        return SHMRING_OK;
    }
    status = shmring_ticks_check(name);
    if (status != SHMRING_OK) {
        return status;
    }
    from = read_both();
    while (shmring_os_clock_ns() - from.ns < CALIBRATE_NS) {
        shmring_cpu_pause();
    }
    to = read_both();
    hz = measured_hz(&from, &to);
    stated = stated_hz();
    if (stated != 0 && hz - stated + stated / 1000 <= stated / 500) {
        hz = stated; /* confirmed to one in a thousand, and exact */
    }
    g->stamp_hz = hz;
    g->stamp_base_tick = to.tick;
    g->stamp_base_ns = to.ns;
    if (!shmring_stamp_is_sound(g)) {
        return shmring_fail(SHMRING_E_UNSUPPORTED,
                            "ring '%s': this processor's counter was measured at %" PRIu64
                            " ticks a second, which cannot be; use SHMRING_STAMP_MONOTONIC "
                            "(--stamp monotonic)",
                            name->full, hz);
    }
    return SHMRING_OK;
}

int shmring_stamp_is_sound(const struct shmring_geometry_page *g)
{
    if (g->stamp != SHMRING_STAMP_TSC) {
        return g->stamp_hz == 0 && g->stamp_base_tick == 0 && g->stamp_base_ns == 0;
    }
    return g->stamp_hz >= HZ_LEAST && g->stamp_hz <= HZ_MOST && g->stamp_base_ns <= BASE_NS_MOST;
}

/* ---- ticks as nanoseconds ---- */

void shmring_tick_scale_make(struct shmring_tick_scale *ret, const struct shmring_geometry_page *g)
{
    const uint64_t scale = (UINT64_C(1000000000) << 32) / g->stamp_hz;

    ret->whole = scale >> 32;
    ret->part = scale & UINT32_MAX;
    ret->base_tick = g->stamp_base_tick;
    ret->base_ns = g->stamp_base_ns;
}

/* Modulo 2^64, in products of 32 by 32 bits. */
static uint64_t scaled(const struct shmring_tick_scale *s, uint64_t ticks)
{
    return ticks * s->whole + (ticks >> 32) * s->part + ((ticks & UINT32_MAX) * s->part >> 32);
}

static int is_before(uint64_t a, uint64_t b)
{
    return a - b > UINT64_MAX / 2;
}

uint64_t shmring_stamp_ns(const struct shmring_tick_scale *s, uint32_t kind, uint64_t stamp)
{
    if (kind != SHMRING_STAMP_TSC) {
        return stamp;
    }
    return is_before(stamp, s->base_tick) ? s->base_ns - scaled(s, s->base_tick - stamp)
                                          : s->base_ns + scaled(s, stamp - s->base_tick);
}

/* ---- latencies ---- */

uint64_t shmring_stamp_now_(uint32_t kind)
{
    return kind == SHMRING_STAMP_TSC ? shmring_ticks_behind_loads_() : shmring_os_clock_ns();
}

/* The count is in our own page: nobody else writes it, and who looks on takes what is there. */
static void note(shmring_consumer *c, uint64_t now, uint64_t stamp)
{
    uint64_t passed = is_before(now, stamp) ? 0 : now - stamp;
    shmring_atomic_u64 *count;

    if (c->stamp == SHMRING_STAMP_TSC) {
        passed = passed >> 48 == 0 ? scaled(&c->scale, passed) : UINT64_MAX;
    }
    count = &c->page->histogram[shmring_latency_bucket(passed)];
    shmring_store_relaxed(count, shmring_load_relaxed(count) + 1);
}

void shmring_take_stamps(shmring_consumer *c, shmring_record *records, uint32_t n)
{
    const uint64_t last = records[n - 1].position;
    const int fresh = !is_before(last, c->noted);
    const uint64_t now = fresh ? shmring_stamp_now_(c->stamp) : 0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        if (fresh && !is_before(records[i].position, c->noted)) {
            note(c, now, records[i].stamp);
        }
        records[i].stamp = shmring_stamp_ns(&c->scale, c->stamp, records[i].stamp);
    }
    if (fresh) {
        c->noted = last + SHMRING_WORD_SIZE;
    }
}

/* ---- what was counted ---- */

uint64_t shmring_latency_count(const uint64_t *buckets)
{
    uint64_t count = 0;
    uint32_t i;

    for (i = 0; i < SHMRING_HISTOGRAM_BUCKETS && buckets != NULL; i++) {
        count = buckets[i] < UINT64_MAX - count ? count + buckets[i] : UINT64_MAX;
    }
    return count;
}

/* The rank of the record that `part` asks for, from 1. */
static uint64_t rank_of(double part, uint64_t count)
{
    const double wanted = part * (double)count;
    uint64_t rank;

    if (!(wanted > 1)) {
        return 1;
    }
    if (part >= 1 || wanted >= 18446744073709549568.0) {
        return count;
    }
    rank = (uint64_t)wanted;
    rank += (double)rank < wanted;
    return rank < count ? rank : count;
}

uint64_t shmring_latency_quantile(const uint64_t *buckets, double part)
{
    const uint64_t count = shmring_latency_count(buckets);
    uint64_t left;
    uint32_t i = 0;

    if (count == 0) {
        return 0;
    }
    for (left = rank_of(part, count); buckets[i] < left; i++) {
        left -= buckets[i];
    }
    return shmring_latency_bucket_top(i);
}

void shmring_latency_of_sized_(const uint64_t *buckets, shmring_latency *ret, uint64_t size)
{
    const shmring_latency l = {
        shmring_latency_count(buckets), shmring_latency_quantile(buckets, 0.5),
        shmring_latency_quantile(buckets, 0.99), shmring_latency_quantile(buckets, 0.999),
        shmring_latency_quantile(buckets, 1)};

    shmring_answer(ret, size, &l, sizeof l);
}
