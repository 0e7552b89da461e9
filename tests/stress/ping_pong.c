/* SPDX-License-Identifier: MIT */
/* ping_pong.c - one wake-up for each sleep, and nothing else that would end it: a lost one hangs.
 *
 *   ping_pong [SCALE]
 *
 * The records are so large that the ring holds one: the producer sleeps until the consumer has
 * released it, the consumer until the producer has sent the next. Between the two, each side loses
 * a random fraction of a few microseconds, so that publications fall everywhere around the other's
 * way to sleep. In a stream the next record would hide a lost wake-up; here nobody sends one.
 * Meant for the library whose sleeps never end by themselves.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>

#include "../support/check.h"
#include "../support/pattern.h"
#include "../support/process.h"

#define LEN 40000u

static uint64_t scale = 1;

static int side_failed(const char *side, uint64_t seq, shmring_status status)
{
    fprintf(stderr, "# the %s at %" PRIu64 ": %s; last error: %s\n", side, seq,
            shmring_status_text(status), shmring_error_detail());
    return 1;
}

static void lose_time(uint64_t *random)
{
    uint64_t n;

    for (n = pattern_next(random) % 64; n > 0; n--) {
        shmring_cpu_pause();
    }
}

static int produce(void *arg)
{
    const struct stress *s = arg;
    shmring_producer *p = NULL;
    shmring_options opt;
    shmring_status status;
    shmring_info info;
    uint64_t seq = 0, random = 1;
    void *at;

    if (!stress_prepare(s->refuse_producer)) {
        return 77;
    }
    stress_options(s, &opt);
    status = shmring_producer_open(&p, s->ring, &opt);
    for (; seq < s->count && status == SHMRING_OK; seq++) {
        status = shmring_wait_space(p, LEN, SHMRING_FOREVER);
        lose_time(&random);
        if (status == SHMRING_OK) {
            status = shmring_reserve(p, LEN, &at);
        }
        if (status == SHMRING_OK) {
            memcpy(at, &seq, 8);
            shmring_commit(p, LEN, 1);
        }
    }
    if (status == SHMRING_OK) {
        status = shmring_wait_space(p, LEN, SHMRING_FOREVER); /* it has come, and was read */
    }
    if (status != SHMRING_OK) {
        return side_failed("producer", seq, status);
    }
    if (shmring_inspect(s->ring, &info) == SHMRING_OK) {
        s->outcome->producer_sleeps = info.counters.producer_sleeps;
        s->outcome->consumer_sleeps = info.counters.consumer_sleeps;
    }
    shmring_producer_close(p);
    return 0;
}

static int consume(void *arg)
{
    const struct stress *s = arg;
    shmring_consumer *c = NULL;
    shmring_options opt;
    shmring_status status;
    shmring_record r;
    uint64_t seq, got, random = 2;

    if (!stress_prepare(s->refuse_consumer)) {
        return 77;
    }
    stress_options(s, &opt);
    status = shmring_consumer_open(&c, s->ring, &opt);
    if (status != SHMRING_OK) {
        return side_failed("consumer", 0, status);
    }
    for (seq = 0; seq < s->count; seq++) {
        status = shmring_wait_data(c, SHMRING_FOREVER);
        lose_time(&random);
        if (status != SHMRING_OK || shmring_peek(c, &r) != SHMRING_OK) {
            return side_failed("consumer", seq, status);
        }
        memcpy(&got, r.data, 8);
        if (got != seq || r.len != LEN) {
            return side_failed("consumer, which has a wrong record,", seq, status);
        }
        shmring_release(c);
    }
    shmring_consumer_close(c);
    return 0;
}

static void run(uint32_t spin_ns, int refuse_producer, int refuse_consumer, uint64_t count)
{
    static uint32_t number;
    struct stress s = {.what = "ping-pong",
                       .capacity = 65536,
                       .max_record = LEN,
                       .spin_ns = spin_ns,
                       .count = count * scale,
                       .refuse_producer = refuse_producer,
                       .refuse_consumer = refuse_consumer};
    struct stress *both = process_shared(sizeof *both);
    pid_t producer, consumer;
    int p, c;

    (void)snprintf(s.ring, sizeof s.ring, "pingpong.%ld.%u", (long)getpid(), ++number);
    s.outcome = process_shared(sizeof *s.outcome);
    *both = s;
    producer = process_start(produce, both);
    consumer = process_start(consume, both);
    process_end_both(producer, consumer, &p, &c);
    if (p == 77 || c == 77) {
        SKIP("no seccomp filter here");
    }
    CHECK_EQ(c, 0);
    CHECK_EQ(p, 0);
    printf("# %" PRIu64 " records, %" PRIu64 " producer's sleeps, %" PRIu64 " consumer's\n",
           s.count, s.outcome->producer_sleeps, s.outcome->consumer_sleeps);
    if (spin_ns == 1) { /* a wait that polls may never sleep, where cores are close */
        CHECK(s.outcome->producer_sleeps + s.outcome->consumer_sleeps > 0);
    }
    process_unshare(s.outcome, sizeof *s.outcome);
    process_unshare(both, sizeof *both);
}

static void shouldLoseNoWakeUpWhenEveryWaitSleepsAtOnce(void)
{
    run(1, 0, 0, 100000);
}

static void shouldLoseNoWakeUpWhenAWaitPollsALittleFirst(void)
{
    run(2000, 0, 0, 30000);
}

static void shouldLoseNoWakeUpWhenTheProducerHasNoMembarrier(void)
{
    run(1, EPERM, 0, 30000);
}

static void shouldLoseNoWakeUpWhenTheConsumerHasNoMembarrier(void)
{
    run(1, 0, ENOSYS, 30000);
}

static void shouldLoseNoWakeUpWhenNobodyHasMembarrier(void)
{
    run(1, EPERM, ENOSYS, 30000);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        scale = strtoull(argv[1], NULL, 10);
        scale = scale != 0 ? scale : 1;
    }
    RUN(shouldLoseNoWakeUpWhenEveryWaitSleepsAtOnce);
    RUN(shouldLoseNoWakeUpWhenAWaitPollsALittleFirst);
    RUN(shouldLoseNoWakeUpWhenTheProducerHasNoMembarrier);
    RUN(shouldLoseNoWakeUpWhenTheConsumerHasNoMembarrier);
    RUN(shouldLoseNoWakeUpWhenNobodyHasMembarrier);
    return check_done();
}
