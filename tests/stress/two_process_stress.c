/* SPDX-License-Identifier: MIT */
/* two_process_stress.c - a producer and a consumer in two processes, every record checked.
 *
 *   two_process_stress [SCALE [first]]
 *
 * SCALE multiplies the amounts: 1 takes a few seconds, 500 sends 10^9 records in the first test,
 * which `first` runs alone. Where both sides rest, a tenth of it.
 * Built a second time against a library whose sleeps never end by themselves: there a lost wake-up
 * hangs, and the test's time-out reports it.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>

#include "../support/check.h"
#include "../support/process.h"

static uint64_t scale = 1;

/* Runs both sides and compares what they saw. */
static void run(struct stress *s)
{
    static uint32_t number;
    struct stress *both = process_shared(sizeof *both);
    pid_t producer, consumer;
    int p, c;

    if (s->pause_us != 0 && scale >= 10) {
        s->count /= 10;
    }
    (void)snprintf(s->ring, sizeof s->ring, "stress.%ld.%u", (long)getpid(), ++number);
    s->outcome = process_shared(sizeof *s->outcome);
    *both = *s;
    if (number % 2 == 0) {
        producer = process_start(stress_produce, both);
        consumer = process_start(stress_consume, both);
    } else {
        consumer = process_start(stress_consume, both);
        producer = process_start(stress_produce, both);
    }
    process_end_both(producer, consumer, &p, &c);
    if (p == 77 || c == 77) {
        SKIP("no seccomp filter here");
    }
    printf("# %s: %" PRIu64 " received, %" PRIu64 " dropped, %" PRIu64 " gaps, %" PRIu64
           " sleeps\n",
           s->what, s->outcome->received, s->outcome->dropped, s->outcome->gaps,
           s->outcome->producer_sleeps + s->outcome->consumer_sleeps);
    CHECK_EQ(c, 0);
    CHECK_EQ(p, 0);
    CHECK_EQ(s->outcome->received, s->count);
    CHECK_EQ(s->outcome->lost, s->outcome->dropped);
    CHECK_EQ(s->outcome->rejected, s->outcome->dropped);
    if (s->framing == SHMRING_RECORDS) {
        CHECK_EQ(s->outcome->sent, s->count - s->outcome->dropped);
    }
    if (s->pause_us != 0 && s->waiting == STRESS_BLOCK && s->spin_ns != UINT32_MAX) {
        CHECK(s->outcome->producer_sleeps + s->outcome->consumer_sleeps > 0);
    }
    if (s->waiting == STRESS_LOSSY) {
        CHECK(s->outcome->gaps > 0);
    }
    process_unshare(s->outcome, sizeof *s->outcome);
    process_unshare(both, sizeof *both);
}

static struct stress mixed(const char *what, enum stress_waiting waiting, uint64_t capacity,
                           uint32_t max_record, uint64_t count)
{
    struct stress s = {.what = what,
                       .ways = STRESS_MIXED,
                       .waiting = waiting,
                       .capacity = capacity,
                       .max_record = max_record,
                       .count = count * scale};

    return s;
}

static void shouldDeliverEveryShortRecordAsFastAsItGoes(void)
{
    struct stress s = mixed("16 bytes", STRESS_POLL, 65536, 16, 2000000);

    s.ways = STRESS_FLAT;
    run(&s);
}

static void shouldDeliverRandomSizesInASmallRing(void)
{
    struct stress s = mixed("small ring", STRESS_POLL, 65536, 16000, 40000);

    run(&s);
}

static void shouldDeliverRandomSizesInALargeRing(void)
{
    struct stress s = mixed("large ring", STRESS_POLL, 4u << 20, 1u << 20, 1000);

    run(&s);
}

static void shouldDeliverStampedRecordsInOrderOfTime(void)
{
    struct stress s = mixed("stamped", STRESS_POLL, 65536, 1000, 100000);

    s.stamp = SHMRING_STAMP_MONOTONIC;
    run(&s);
}

static void shouldDeliverRecordsStampedWithTicksInOrderOfTime(void)
{
    struct stress s = mixed("ticked", STRESS_POLL, 65536, 1000, 100000);
    shmring_options o = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    char name[64];

    s.stamp = o.stamp = SHMRING_STAMP_TSC;
    (void)snprintf(name, sizeof name, "stress.ticks.%ld", (long)getpid());
    if (shmring_producer_open(&p, name, &o) == SHMRING_E_UNSUPPORTED) {
        SKIP(shmring_error_detail());
    }
    shmring_producer_close(p);
    run(&s);
}

static void shouldDeliverAcrossTheEndOfThePositions(void)
{
    const uint64_t starts[] = {(UINT64_C(1) << 31) - 4096, (UINT64_C(1) << 32) - 4096,
                               (UINT64_C(1) << 63) - 4096, UINT64_MAX - 4095};
    size_t i;

    for (i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct stress s = mixed("far start", STRESS_BLOCK, 65536, 2000, 20000);

        s.start_position = starts[i];
        run(&s);
    }
}

static void shouldCountExactlyTheRecordsThatWereDropped(void)
{
    struct stress s = mixed("lossy", STRESS_LOSSY, 65536, 4000, 200000);

    s.pause_us = 300;
    run(&s);
}

static void shouldDeliverWhenBothSidesSleepNowAndThen(void)
{
    struct stress s = mixed("sleeping", STRESS_BLOCK, 65536, 8000, 20000);

    s.pause_us = 500;
    run(&s);
}

static void shouldDeliverWhenEveryWaitSleepsAtOnce(void)
{
    struct stress s = mixed("at once", STRESS_BLOCK, 65536, 4000, 20000);

    s.spin_ns = 1;
    s.pause_us = 200;
    run(&s);
}

static void shouldDeliverWhenNobodyEverSleeps(void)
{
    struct stress s = mixed("never", STRESS_BLOCK, 65536, 4000, 50000);

    s.spin_ns = UINT32_MAX;
    run(&s);
}

static void shouldDeliverEveryByteOfAStream(void)
{
    struct stress s = mixed("bytes, polled", STRESS_POLL, 65536, 0, 20000000);

    s.framing = SHMRING_BYTES;
    run(&s);
}

static void shouldDeliverEveryByteOfAStreamThatSleeps(void)
{
    struct stress s = mixed("bytes, sleeping", STRESS_BLOCK, 65536, 0, 4000000);

    s.framing = SHMRING_BYTES;
    s.spin_ns = 1;
    s.pause_us = 200;
    run(&s);
}

static void shouldDeliverWithoutMembarrier(void)
{
    const int errors[][2] = {{ENOSYS, 0}, {0, ENOSYS},     {ENOSYS, ENOSYS}, {ENOSYS, EPERM},
                             {EPERM, 0},  {EPERM, ENOSYS}, {EPERM, EPERM},   {0, EPERM}};
    size_t i;

    for (i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct stress s = mixed("no membarrier", STRESS_BLOCK, 65536, 4000, 10000);

        s.spin_ns = 1;
        s.pause_us = 100;
        s.refuse_producer = errors[i][0];
        s.refuse_consumer = errors[i][1];
        run(&s);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        scale = strtoull(argv[1], NULL, 10);
        scale = scale != 0 ? scale : 1;
    }
    RUN(shouldDeliverEveryShortRecordAsFastAsItGoes);
    if (argc > 2) {
        return check_done();
    }
    RUN(shouldDeliverRandomSizesInASmallRing);
    RUN(shouldDeliverRandomSizesInALargeRing);
    RUN(shouldDeliverStampedRecordsInOrderOfTime);
    RUN(shouldDeliverRecordsStampedWithTicksInOrderOfTime);
    RUN(shouldDeliverAcrossTheEndOfThePositions);
    RUN(shouldCountExactlyTheRecordsThatWereDropped);
    RUN(shouldDeliverWhenBothSidesSleepNowAndThen);
    RUN(shouldDeliverWhenEveryWaitSleepsAtOnce);
    RUN(shouldDeliverWhenNobodyEverSleeps);
    RUN(shouldDeliverEveryByteOfAStream);
    RUN(shouldDeliverEveryByteOfAStreamThatSleeps);
    RUN(shouldDeliverWithoutMembarrier);
    return check_done();
}
