/* SPDX-License-Identifier: MIT */
/* wait_test.c - blocking calls: time-outs, ends of the other side, interrupts, stamps. Times are
 * checked from below only: a loaded machine may be late, never early. */
#include <pthread.h>
#include <time.h>

#include "../support/rig.h"

static char none[1]; /* a buffer of no bytes */

static void shouldTryOnceWithATimeoutOfZero(void)
{
    struct pair pair = open_small_pair();
    char b[8] = "";

    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, 0), SHMRING_EMPTY);
    CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_EMPTY);
    CHECK_STATUS(shmring_wait_space(pair.p, 8, 0), SHMRING_OK);
    (void)fill(pair.p, 0);
    CHECK_STATUS(shmring_wait_space(pair.p, 0, 0), SHMRING_FULL);
    CHECK_EQ(inspect().counters.rejected, 0);
    CHECK_STATUS(shmring_send(pair.p, b, 0, 0, 0), SHMRING_FULL);
    CHECK_EQ(inspect().counters.rejected, 1);
    CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_OK);
    close_pair(&pair);
}

static void shouldWaitAtLeastAsLongAsAsked(void)
{
    static const uint64_t waits[] = {1000, MS, 30 * MS};
    static const uint32_t spins[] = {0, 1, 5000000, UINT32_MAX};
    size_t i, j;

    for (j = 0; j < sizeof spins / sizeof spins[0]; j++) {
        shmring_options o = options_of(KIB64);
        struct pair pair;

        o.spin_ns = spins[j];
        pair = open_pair(&o);
        for (i = 0; i < sizeof waits / sizeof waits[0]; i++) {
            uint64_t start = now_ns();

            CHECK_STATUS(shmring_wait_data(pair.c, waits[i]), SHMRING_TIMEOUT);
            CHECK(now_ns() - start >= waits[i]);
            start = now_ns();
            CHECK_STATUS(shmring_recv(pair.c, none, 0, NULL, waits[i]), SHMRING_TIMEOUT);
            CHECK(now_ns() - start >= waits[i]);
        }
        (void)fill(pair.p, 0);
        for (i = 0; i < sizeof waits / sizeof waits[0]; i++) {
            uint64_t start = now_ns();

            CHECK_STATUS(shmring_wait_space(pair.p, 0, waits[i]), SHMRING_TIMEOUT);
            CHECK(now_ns() - start >= waits[i]);
        }
        close_pair(&pair);
    }
}

static void shouldCountASendThatTimesOutAndMarkTheNextRecord(void)
{
    struct pair pair = open_small_pair();
    unsigned n = fill(pair.p, 8);
    shmring_record r;
    char b[8];

    CHECK_STATUS(shmring_send(pair.p, "1234567", 8, 0, MS), SHMRING_TIMEOUT);
    CHECK_EQ(inspect().counters.rejected, 1);
    while (n-- > 0) {
        CHECK_STATUS(shmring_recv(pair.c, b, 8, &r, SHMRING_FOREVER), SHMRING_OK);
        CHECK_EQ(r.flags, 0);
    }
    CHECK_STATUS(shmring_send(pair.p, "1234567", 8, 0, MS), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair.c, b, 8, &r, MS), SHMRING_OK);
    CHECK_EQ(r.flags, SHMRING_FLAG_GAP);
    close_pair(&pair);
}

static void *send_after_a_while(void *arg)
{
    const struct timespec pause = {0, 20000000};
    shmring_producer *p = arg;

    (void)nanosleep(&pause, NULL);
    (void)shmring_try_send(p, "late", 5, 1);
    return NULL;
}

static void shouldWakeAConsumerThatSleeps(void)
{
    struct pair pair = open_small_pair();
    pthread_t thread;
    char b[8];
    int i;

    for (i = 0; i < 5; i++) {
        CHECK_EQ(pthread_create(&thread, NULL, send_after_a_while, pair.p), 0);
        CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, SHMRING_FOREVER), SHMRING_OK);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK(strcmp(b, "late") == 0);
    }
    CHECK(inspect().counters.consumer_sleeps >= 1);
    close_pair(&pair);
}

static void *drain_after_a_while(void *arg)
{
    const struct timespec pause = {0, 20000000};
    shmring_consumer *c = arg;
    static char b[65536];

    (void)nanosleep(&pause, NULL);
    while (shmring_try_recv(c, b, sizeof b, NULL) == SHMRING_OK) {
    }
    return NULL;
}

static void shouldWakeAProducerThatSleepsWithoutCountingALoss(void)
{
    struct pair pair = open_small_pair();
    static char big[16384];
    pthread_t thread;
    shmring_record r;

    (void)fill(pair.p, 100);
    CHECK_EQ(pthread_create(&thread, NULL, drain_after_a_while, pair.c), 0);
    CHECK_STATUS(shmring_send(pair.p, big, sizeof big, 7, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    if (shmring_try_recv(pair.c, big, sizeof big, &r) == SHMRING_OK) {
        CHECK_EQ(r.type, 7);
        CHECK_EQ(r.flags, 0);
    }
    CHECK_EQ(inspect().counters.rejected, 0);
    CHECK(inspect().counters.producer_sleeps >= 1);
    close_pair(&pair);
}

static void *interrupt_after_a_while(void *arg)
{
    const struct timespec pause = {0, 20000000};

    (void)nanosleep(&pause, NULL);
    shmring_consumer_interrupt(arg);
    return NULL;
}

static void shouldEndOneWaitForOneInterrupt(void)
{
    struct pair pair = open_small_pair();
    pthread_t thread;

    shmring_consumer_interrupt(NULL);
    shmring_consumer_interrupt(pair.c); /* the next wait */
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_EMPTY);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    CHECK_EQ(pthread_create(&thread, NULL, interrupt_after_a_while, pair.c), 0);
    CHECK_STATUS(shmring_recv(pair.c, none, 0, NULL, SHMRING_FOREVER), SHMRING_EMPTY);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    shmring_consumer_interrupt(pair.c);
    CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_EMPTY); /* though busy */
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_OK);
    close_pair(&pair);
}

static void shouldReportClosedOnlyAfterEverythingWasRead(void)
{
    struct pair pair = open_small_pair();
    char b[8];

    CHECK_STATUS(shmring_try_send(pair.p, "a", 1, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(pair.p, "b", 1, 0), SHMRING_OK);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, MS), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_CLOSED);
    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, SHMRING_FOREVER), SHMRING_CLOSED);
    CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_CLOSED);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_try_send(pair.p, "c", 1, 0), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, MS), SHMRING_OK);
    close_pair(&pair);
}

static void shouldWaitForTheNextProducerWhenTheEndWasReportedToAnotherConsumer(void)
{
    struct pair pair = open_small_pair();
    shmring_options o = SHMRING_OPTIONS_INIT;
    int round;

    o.lifetime = SHMRING_PERSISTENT;
    close_pair(&pair);
    for (round = 0; round < 2; round++) {
        o.capacity = KIB64;
        CHECK_STATUS(shmring_producer_open(&pair.p, round == 0 ? new_name() : rig_name, &o),
                     SHMRING_OK);
        CHECK(round != 0 || behind_keep(rig_name));
        shmring_producer_close(pair.p);
        CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_recv(pair.c, none, 0, NULL, MS), SHMRING_CLOSED);
        shmring_consumer_close(pair.c);
        CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, none, 0, NULL), SHMRING_EMPTY);
        CHECK_STATUS(shmring_recv(pair.c, none, 0, NULL, MS), SHMRING_TIMEOUT);
        shmring_consumer_close(pair.c);
    }
    CHECK(behind_remove(rig_name));
}

static int send_and_die(void *arg)
{
    shmring_producer *p = NULL;

    return shmring_producer_open(&p, arg, NULL) == SHMRING_OK &&
                   shmring_try_send(p, "last", 5, 0) == SHMRING_OK
               ? 0
               : 1; /* and no close */
}

static void shouldReportADeadProducerAfterItsRecords(void)
{
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    shmring_options o = options_of(KIB64);
    char b[8];

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    CHECK_EQ(in_child(send_and_die, rig_name), 0);
    CHECK_STATUS(shmring_recv(c, b, 8, NULL, SHMRING_FOREVER), SHMRING_OK);
    CHECK(strcmp(b, "last") == 0);
    CHECK_STATUS(shmring_try_recv(c, b, 8, NULL), SHMRING_EMPTY); /* the kernel was not asked */
    CHECK_STATUS(shmring_recv(c, b, 8, NULL, SHMRING_FOREVER), SHMRING_PEER_DEAD);
    CHECK_EQ(inspect().producer.alive, 0);
    CHECK_EQ(inspect().producer.state, SHMRING_ROLE_ATTACHED);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_recv(c, b, 8, NULL, MS), SHMRING_TIMEOUT);
    CHECK_EQ(inspect().producer.epoch, 2);
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

static void shouldReportADeathToWhoIsInterruptedAllTheTime(void)
{
    shmring_consumer *c = NULL;
    shmring_options o = options_of(KIB64);
    uint32_t i = 1;
    char b[8];

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    CHECK_EQ(in_child(send_and_die, rig_name), 0);
    CHECK_STATUS(shmring_recv(c, b, 8, NULL, SHMRING_FOREVER), SHMRING_OK);
    shmring_consumer_interrupt(c);
    CHECK_STATUS(shmring_recv(c, b, 8, NULL, SHMRING_FOREVER), SHMRING_PEER_DEAD);
    CHECK_STATUS(shmring_wait_any(&c, 1, &i, SHMRING_FOREVER), SHMRING_PEER_DEAD);
    CHECK_EQ(i, 0);
    shmring_consumer_close(c);
}

static int open_and_die(void *arg)
{
    shmring_consumer *c = NULL;

    return shmring_consumer_open(&c, arg, NULL) == SHMRING_OK ? 0 : 1;
}

static void shouldTellAFullProducerHowItsConsumerEnded(void)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_options o = options_of(KIB64);

    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    (void)fill(p, 0);
    CHECK_STATUS(shmring_send(p, NULL, 0, 0, MS), SHMRING_TIMEOUT); /* none was there yet */
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    shmring_consumer_close(c);
    CHECK_STATUS(shmring_send(p, NULL, 0, 0, SHMRING_FOREVER), SHMRING_CLOSED);
    CHECK_EQ(in_child(open_and_die, rig_name), 0);
    CHECK_STATUS(shmring_wait_space(p, 0, SHMRING_FOREVER), SHMRING_PEER_DEAD);
    CHECK_EQ(inspect().counters.rejected, 1); /* the time-out only */
    shmring_producer_close(p);
}

static void shouldEndTheWaitForASideThatCannotComeAnyMore(void)
{
    shmring_consumer *c = NULL;

    if (behind_cannot_remove() != NULL) {
        SKIP(behind_cannot_remove());
    }
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), NULL), SHMRING_OK);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data(c, SHMRING_FOREVER), SHMRING_E_NOT_FOUND);
    DETAIL_HAS(rig_name);
    shmring_consumer_close(c);
}

static void shouldStampRecordsWithTheTimeOfTheirCommit(void)
{
    shmring_options o = options_of(KIB64);
    uint64_t before, after, i;
    struct pair pair;
    shmring_record r;
    void *at;

    o.stamp = SHMRING_STAMP_MONOTONIC;
    pair = open_pair(&o);
    for (i = 0; i < 3; i++) {
        before = now_ns();
        if (i == 0) {
            CHECK_STATUS(shmring_try_send(pair.p, "abc", 4, 0), SHMRING_OK);
        } else if (i == 1) {
            CHECK_STATUS(shmring_reserve(pair.p, 9, &at), SHMRING_OK);
            memcpy(at, "abc", 4);
            before = now_ns();
            shmring_commit(pair.p, 4, 0);
        } else {
            CHECK_STATUS(shmring_stage(pair.p, "abc", 4, 0), SHMRING_OK);
        }
        after = now_ns();
        shmring_publish(pair.p);
        CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_OK);
        CHECK(r.stamp >= before && r.stamp <= after);
        CHECK_EQ(r.position, from_start(i * 24));
        CHECK(strcmp(r.data, "abc") == 0);
        shmring_release(pair.c);
    }
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldTryOnceWithATimeoutOfZero);
    RUN(shouldWaitAtLeastAsLongAsAsked);
    RUN(shouldCountASendThatTimesOutAndMarkTheNextRecord);
    RUN(shouldWakeAConsumerThatSleeps);
    RUN(shouldWakeAProducerThatSleepsWithoutCountingALoss);
    RUN(shouldEndOneWaitForOneInterrupt);
    RUN(shouldReportClosedOnlyAfterEverythingWasRead);
    RUN(shouldWaitForTheNextProducerWhenTheEndWasReportedToAnotherConsumer);
    RUN(shouldReportADeadProducerAfterItsRecords);
    RUN(shouldReportADeathToWhoIsInterruptedAllTheTime);
    RUN(shouldTellAFullProducerHowItsConsumerEnded);
    RUN(shouldEndTheWaitForASideThatCannotComeAnyMore);
    RUN(shouldStampRecordsWithTheTimeOfTheirCommit);
    return check_done();
}
