/* SPDX-License-Identifier: MIT */
/* latency_test.c - stamped rings: which bucket a latency falls into, that every record is counted
 * once however it is read, and stamps that cannot be true. Times are bounded from below by what was
 * waited, and from above by what has passed. */
#include <math.h>

#include "../support/rig.h"

#define HISTOGRAM_AT (SHMRING_CONSUMER_AT + 0x1000)
#define PAUSE_NS     (5 * MS)

static uint64_t buckets[SHMRING_HISTOGRAM_BUCKETS];
static unsigned char out[4096];

static void pause_for(uint64_t ns)
{
    const uint64_t until = now_ns() + ns;

    while (now_ns() < until) {
        process_pause_us(1000);
    }
}

static shmring_options stamped(uint32_t kind)
{
    shmring_options o = options_of(KIB64);

    o.stamp = kind;
    return o;
}

/* Whether this machine has TSC stamps; where it has not, that must be said as it should. */
static int has_tsc(void)
{
    const shmring_options o = stamped(SHMRING_STAMP_TSC);
    shmring_producer *p = NULL;
    shmring_status status = shmring_producer_open(&p, new_name(), &o);

    shmring_producer_close(p);
    if (status == SHMRING_E_UNSUPPORTED) {
        DETAIL_HAS(rig_name);
        DETAIL_HAS("SHMRING_STAMP_MONOTONIC");
    } else {
        CHECK_STATUS(status, SHMRING_OK);
    }
    return status == SHMRING_OK;
}

/* The clocks that this machine has: SHMRING_STAMP_MONOTONIC to this. */
static uint32_t last_kind(void)
{
    return has_tsc() ? SHMRING_STAMP_TSC : SHMRING_STAMP_MONOTONIC;
}

static uint64_t counted(void)
{
    shmring_info info;

    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_STATUS(shmring_inspect_latency(rig_name, buckets), SHMRING_OK);
    CHECK_EQ(shmring_latency_count(buckets), info.latency.count);
    CHECK_EQ(shmring_latency_quantile(buckets, 1), info.latency.max_ns);
    return info.latency.count;
}

static void send(shmring_producer *p, unsigned n, uint32_t len)
{
    for (; n > 0; n--) {
        CHECK_STATUS(shmring_try_send(p, out, len, 0), SHMRING_OK);
    }
}

/* ---- the rule ---- */

static void shouldPutEveryLatencyIntoTheBucketThatTheRuleSays(void)
{
    uint64_t low = 0, width;
    uint32_t i;

    for (i = 0; i < SHMRING_HISTOGRAM_BUCKETS; i++) {
        width = i < 64 ? 1 : UINT64_C(1) << (i / 32 - 1);
        CHECK_EQ(shmring_latency_bucket(low), i);
        CHECK_EQ(shmring_latency_bucket(low + width - 1), i);
        CHECK_EQ(shmring_latency_bucket_top(i), low + width - 1);
        CHECK(width == 1 || low / width >= 32);
        low += width;
    }
    CHECK_EQ(low, INT64_C(1) << 48);
    CHECK_EQ(shmring_latency_bucket(low), SHMRING_HISTOGRAM_BUCKETS - 1);
    CHECK_EQ(shmring_latency_bucket(UINT64_MAX), SHMRING_HISTOGRAM_BUCKETS - 1);
    CHECK_EQ(shmring_latency_bucket_top(SHMRING_HISTOGRAM_BUCKETS), low - 1);
    CHECK_EQ(shmring_latency_bucket_top(UINT32_MAX), low - 1);
}

static void shouldGiveTheQuantilesOfCountsOfAnyValue(void)
{
    memset(buckets, 0, sizeof buckets);
    CHECK_EQ(shmring_latency_count(NULL), 0);
    CHECK_EQ(shmring_latency_quantile(NULL, 0.5), 0);
    CHECK_EQ(shmring_latency_quantile(buckets, 0.5), 0);
    buckets[10] = 500;
    buckets[20] = 499;
    buckets[30] = 1;
    CHECK_EQ(shmring_latency_count(buckets), 1000);
    CHECK_EQ(shmring_latency_quantile(buckets, 0), 10);
    CHECK_EQ(shmring_latency_quantile(buckets, -1), 10);
    CHECK_EQ(shmring_latency_quantile(buckets, NAN), 10);
    CHECK_EQ(shmring_latency_quantile(buckets, 0.5), 10);
    CHECK_EQ(shmring_latency_quantile(buckets, 0.501), 20);
    CHECK_EQ(shmring_latency_quantile(buckets, 0.999), 20);
    CHECK_EQ(shmring_latency_quantile(buckets, 0.9991), 30);
    CHECK_EQ(shmring_latency_quantile(buckets, 1), 30);
    CHECK_EQ(shmring_latency_quantile(buckets, INFINITY), 30);
    memset(buckets, 0xFF, sizeof buckets); /* no sum of these fits */
    CHECK(shmring_latency_count(buckets) == UINT64_MAX);
    CHECK_EQ(shmring_latency_quantile(buckets, 0.5), 0);
    CHECK_EQ(shmring_latency_quantile(buckets, 0.9999999999999999), 0);
    CHECK_EQ(shmring_latency_quantile(buckets, 1), 0);
}

/* ---- each record once ---- */

static void read_in_every_way(const shmring_options *o)
{
    struct pair pair = open_pair(o);
    shmring_record r[8];

    CHECK_EQ(counted(), 0);
    send(pair.p, 7, 100);
    CHECK_EQ(counted(), 0);
    CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_OK); /* shows nothing yet */
    CHECK_EQ(counted(), 0);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    CHECK_EQ(counted(), 1);
    CHECK_STATUS(shmring_try_recv(pair.c, out, 99, &r[0]), SHMRING_E_TOO_BIG);
    CHECK_EQ(r[0].len, 100);
    CHECK(r[0].data == NULL && r[0].stamp != 0);
    CHECK_STATUS(shmring_recv(pair.c, out, sizeof out, &r[1], 0), SHMRING_OK);
    CHECK_EQ(r[1].stamp, r[0].stamp);
    CHECK_EQ(counted(), 2);
    CHECK_STATUS(shmring_peek(pair.c, &r[0]), SHMRING_OK);
    CHECK_STATUS(shmring_peek(pair.c, &r[1]), SHMRING_OK);
    CHECK_EQ(r[1].stamp, r[0].stamp);
    CHECK_EQ(counted(), 3);
    CHECK_EQ(shmring_peek_many(pair.c, r, 3), 3);
    CHECK_EQ(counted(), 5);
    shmring_release_many(pair.c, 2);
    CHECK_EQ(shmring_peek_many(pair.c, r, 8), 3);
    CHECK(r[0].stamp <= r[1].stamp && r[1].stamp <= r[2].stamp);
    CHECK_EQ(counted(), 7);
    shmring_release_many(pair.c, 3);
    CHECK_EQ(shmring_peek_many(pair.c, r, 8), 0);
    CHECK_STATUS(shmring_peek(pair.c, r), SHMRING_EMPTY);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_EMPTY);
    CHECK_EQ(counted(), 7);
    shmring_producer_close(pair.p);
    pair.p = NULL;
    CHECK_STATUS(shmring_recv(pair.c, out, sizeof out, NULL, SHMRING_FOREVER), SHMRING_CLOSED);
    close_pair(&pair);
}

static void shouldCountEveryRecordOnceHoweverItIsRead(void)
{
    const uint32_t last = last_kind();
    uint32_t kind;

    for (kind = SHMRING_STAMP_MONOTONIC; kind <= last; kind++) {
        shmring_options o = stamped(kind);

        read_in_every_way(&o);
        o.start_position = UINT64_MAX - 255; /* positions that pass 2^64 on the way */
        read_in_every_way(&o);
    }
}

static void shouldCountWhatAnOverwritingRingDelivers(void)
{
    shmring_options o = stamped(SHMRING_STAMP_MONOTONIC);
    shmring_status status;
    struct pair pair;
    shmring_record r;
    uint64_t n = 0;

    o.overflow = SHMRING_OVERWRITE;
    pair = open_pair(&o);
    send(pair.p, 1000, 400);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, &r), SHMRING_LAPPED);
    CHECK_EQ(counted(), 0);
    CHECK_STATUS(shmring_try_recv(pair.c, out, 1, &r), SHMRING_E_TOO_BIG);
    while ((status = shmring_try_recv(pair.c, out, sizeof out, &r)) == SHMRING_OK) {
        CHECK_EQ(counted(), ++n);
    }
    CHECK_STATUS(status, SHMRING_EMPTY);
    CHECK(n > 100);
    close_pair(&pair);
}

static void shouldSayNothingOfARingWithoutStamps(void)
{
    const uint64_t planted = 5;
    struct pair pair = open_small_pair();
    shmring_record r;

    poke64(rig_name, HISTOGRAM_AT + 8 * 100, planted);
    send(pair.p, 3, 100);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, &r), SHMRING_OK);
    CHECK_EQ(r.stamp, 0);
    CHECK_EQ(counted(), 0);
    CHECK_EQ(look64(rig_name, HISTOGRAM_AT + 8 * 100), planted);
    CHECK_STATUS(shmring_inspect_latency(rig_name, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_inspect_latency("unit.latency.nobody", buckets), SHMRING_E_NOT_FOUND);
    close_pair(&pair);
}

static void shouldKeepTheCountsForTheNextConsumer(void)
{
    const shmring_options o = stamped(SHMRING_STAMP_MONOTONIC);
    struct pair pair = open_pair(&o);
    shmring_record r;

    send(pair.p, 4, 100);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_OK);
    CHECK_EQ(counted(), 2);
    shmring_consumer_close(pair.c);
    CHECK_EQ(counted(), 2);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_peek(pair.c, &r),
                 SHMRING_OK); /* never released: shown again, to another */
    CHECK_EQ(counted(), 3);
    close_pair(&pair);
}

/* ---- how long ---- */

static void shouldMeasureFromTheCommitUntilTheRecordIsShown(void)
{
    const uint32_t last = last_kind();
    uint32_t kind;

    for (kind = SHMRING_STAMP_MONOTONIC; kind <= last; kind++) {
        const shmring_options o = stamped(kind);
        struct pair pair = open_pair(&o);
        const uint64_t start = now_ns();
        shmring_record r[4];
        shmring_info info;
        uint64_t passed;

        send(pair.p, 4, 100);
        pause_for(PAUSE_NS);
        CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
        CHECK_EQ(shmring_peek_many(pair.c, r, 4), 3);
        passed = now_ns() - start;
        CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
        CHECK_EQ(info.latency.count, 4);
        CHECK(info.latency.p50_ns >= PAUSE_NS - PAUSE_NS / 100);
        CHECK(info.latency.p50_ns <= info.latency.p99_ns);
        CHECK(info.latency.p99_ns <= info.latency.p999_ns);
        CHECK(info.latency.p999_ns <= info.latency.max_ns);
        CHECK(info.latency.max_ns <= passed + passed / 31 + 1000);
        close_pair(&pair);
    }
}

/* ---- TSC ---- */

#define STAMPS 2000

/* Sends the monotonic time before each commit. */
static int send_times(void *arg)
{
    shmring_producer *p;
    uint64_t i, now;

    if (shmring_producer_open(&p, arg, NULL) != SHMRING_OK) {
        return 1;
    }
    for (i = 0; i < STAMPS; i++) {
        now = now_ns();
        if (shmring_send(p, &now, sizeof now, 0, SHMRING_FOREVER) != SHMRING_OK) {
            return 2;
        }
    }
    shmring_producer_close(p);
    return 0;
}

/* What the two clocks may differ by: a thousandth, where the measurement is a hundred times better;
 * and what a clock may be adjusted by, or a core be ahead of another. */
static uint64_t slack(uint64_t since)
{
    return MS + (now_ns() - since) / 1000;
}

static void shouldGiveTicksOfAnotherProcessAsMonotonicTime(void)
{
    const shmring_options o = stamped(SHMRING_STAMP_TSC);
    shmring_observer *observer;
    shmring_consumer *c;
    shmring_record r, seen;
    uint64_t i, before = 0, made;
    pid_t child;

    if (!has_tsc()) {
        SKIP("this processor has no even counter");
    }
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    made = now_ns();
    child = process_start(send_times, rig_name);
    CHECK_STATUS(shmring_wait_data(c, SHMRING_FOREVER), SHMRING_OK);
    CHECK_STATUS(shmring_observer_open(&observer, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_observer_seek(observer, SHMRING_OLDEST), SHMRING_OK);
    for (i = 0; i < STAMPS; i++) {
        CHECK_STATUS(shmring_recv(c, &before, sizeof before, &r, SHMRING_FOREVER), SHMRING_OK);
        CHECK(r.stamp + slack(made) >= before);
        CHECK(r.stamp <= now_ns() + slack(made));
        if (i == 0) {
            CHECK_STATUS(shmring_observe(observer, out, sizeof out, &seen), SHMRING_OK);
            CHECK_EQ(seen.position, r.position);
            CHECK_EQ(seen.stamp, r.stamp);
        }
    }
    CHECK_EQ(process_end(child), 0);
    CHECK_EQ(counted(), STAMPS);
    shmring_observer_close(observer);
    shmring_consumer_close(c);
}

/* ---- what cannot be true ---- */

static void shouldSurviveStampsOfAnyValue(void)
{
    const uint64_t values[] = {0,
                               1,
                               UINT64_MAX,
                               UINT64_C(1) << 63,
                               (UINT64_C(1) << 63) - 1,
                               UINT64_C(0xFFFF) << 48,
                               now_ns() + 3600 * UINT64_C(1000000000)};
    const uint32_t last = last_kind();
    uint32_t kind;
    size_t i;

    for (kind = SHMRING_STAMP_MONOTONIC; kind <= last; kind++) {
        const shmring_options o = stamped(kind);
        struct pair pair = open_pair(&o);
        shmring_record r;

        for (i = 0; i < sizeof values / sizeof values[0]; i++) {
            send(pair.p, 1, 100);
            poke64(rig_name, SHMRING_HEADER_SIZE + pair.c->cursor % KIB64 + 8, values[i]);
            CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, &r), SHMRING_OK);
            CHECK(kind != SHMRING_STAMP_MONOTONIC || r.stamp == values[i]);
            CHECK_EQ(counted(), i + 1);
        }
        CHECK(kind != SHMRING_STAMP_MONOTONIC || buckets[0] >= 2); /* from the future */
        poke64(rig_name, HISTOGRAM_AT + 8 * 5, UINT64_MAX);        /* and counts of any value */
        CHECK(counted() == UINT64_MAX);
        send(pair.p, 1, 100);
        CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, &r), SHMRING_OK);
        CHECK(counted() == UINT64_MAX);
        close_pair(&pair);
    }
}

/* Everybody who looks at a ring whose header says this must refuse it. */
static void check_refused(uint64_t at, uint64_t value)
{
    const uint64_t right = look64(rig_name, at);
    shmring_consumer *c = NULL;
    shmring_observer *o = NULL;
    shmring_info info;

    poke64(rig_name, at, value);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_observer_open(&o, rig_name, NULL), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_E_CORRUPT);
    poke64(rig_name, at, right);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
}

static void shouldRefuseAClockThatCannotBe(void)
{
    const uint64_t hz_at = offsetof(struct shmring_geometry_page, stamp_hz);
    const uint64_t tick_at = offsetof(struct shmring_geometry_page, stamp_base_tick);
    const uint64_t ns_at = offsetof(struct shmring_geometry_page, stamp_base_ns);
    const uint32_t last = last_kind();
    uint32_t kind;

    for (kind = SHMRING_STAMP_NONE; kind <= last; kind++) {
        const shmring_options o = stamped(kind);
        shmring_producer *p;

        CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
        if (kind == SHMRING_STAMP_TSC) {
            check_refused(offsetof(struct shmring_geometry_page, features), 0);
            check_refused(hz_at, 0);
            check_refused(hz_at, 999999);
            check_refused(hz_at, UINT64_C(100000000001));
        } else {
            check_refused(hz_at, UINT64_C(2500000000));
            check_refused(tick_at, 1);
        }
        check_refused(hz_at, UINT64_MAX);
        check_refused(ns_at, UINT64_MAX);
        shmring_producer_close(p);
    }
}

int main(void)
{
    RUN(shouldPutEveryLatencyIntoTheBucketThatTheRuleSays);
    RUN(shouldGiveTheQuantilesOfCountsOfAnyValue);
    RUN(shouldCountEveryRecordOnceHoweverItIsRead);
    RUN(shouldCountWhatAnOverwritingRingDelivers);
    RUN(shouldSayNothingOfARingWithoutStamps);
    RUN(shouldKeepTheCountsForTheNextConsumer);
    RUN(shouldMeasureFromTheCommitUntilTheRecordIsShown);
    RUN(shouldGiveTicksOfAnotherProcessAsMonotonicTime);
    RUN(shouldSurviveStampsOfAnyValue);
    RUN(shouldRefuseAClockThatCannotBe);
    return check_done();
}
