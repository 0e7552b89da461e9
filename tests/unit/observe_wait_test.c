/* SPDX-License-Identifier: MIT */
/* observe_wait_test.c - how an observer waits, and what it is told of an end: closed, dead, and who
 * comes next. */
#include "../support/observe_rig.h"

#include <pthread.h>

#define LONG_NS (60000 * MS) /* against a hang */

static unsigned char out[65536];

static shmring_observer *open_sleeper(void)
{
    shmring_options options = SHMRING_OPTIONS_INIT;
    shmring_observer *o = NULL;

    options.spin_ns = 1;
    CHECK_STATUS(shmring_observer_open(&o, rig_name, &options), SHMRING_OK);
    CHECK_STATUS(shmring_observer_seek(o, SHMRING_OLDEST), SHMRING_OK);
    return o;
}

/* Calls until there is an answer, as a death is not asked for at each. */
static shmring_status observe_at_last(shmring_observer *o)
{
    uint64_t end = now_ns() + LONG_NS;
    shmring_status status;

    do {
        status = shmring_observe(o, out, sizeof out, NULL);
    } while (status == SHMRING_EMPTY && now_ns() < end);
    return status;
}

/* ---- somebody else sends ---- */

#define ROUNDS 100u

struct sender {
    shmring_producer *p;
    shmring_atomic_u64 seen; /* how many the observer has */
};

/* The next one when the last one was seen. */
static void *send_in_turn(void *arg)
{
    struct sender *s = arg;
    uint64_t i;

    for (i = 0; i < ROUNDS; i++) {
        while (shmring_load_acquire(&s->seen) != i) {
            process_pause_us(10);
        }
        if (shmring_try_write(s->p, &i, sizeof i) == 0) {
            (void)shmring_try_send(s->p, &i, sizeof i, (uint16_t)i);
        }
    }
    return NULL;
}

static void wait_for_each(struct pair pair, shmring_observer *o)
{
    struct sender sender = {pair.p, 0};
    pthread_t thread;
    uint64_t i, got;

    CHECK_EQ(pthread_create(&thread, NULL, send_in_turn, &sender), 0);
    for (i = 0; i < ROUNDS; i++) {
        CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_OK);
        CHECK_STATUS(shmring_observer_wait(o, 0), SHMRING_OK); /* takes nothing */
        CHECK_STATUS(shmring_observe(o, &got, sizeof got, NULL), SHMRING_OK);
        CHECK_EQ(got, i);
        shmring_store_release(&sender.seen, i + 1);
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_STATUS(shmring_observer_wait(o, 0), SHMRING_EMPTY);
    CHECK_STATUS(shmring_observer_wait(o, MS), SHMRING_TIMEOUT);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldWaitForRecordsPollingAndAsleep(void)
{
    struct pair pair = open_small_pair();

    wait_for_each(pair, open_observer(SHMRING_OLDEST));
    pair = open_small_pair();
    wait_for_each(pair, open_sleeper());
}

static void shouldWaitForBytesPollingAndAsleep(void)
{
    struct pair pair = open_byte_pair();

    wait_for_each(pair, open_observer(SHMRING_OLDEST));
    pair = open_byte_pair();
    wait_for_each(pair, open_sleeper());
}

static void shouldEndAWaitWhenALapIsToBeTold(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_sleeper();
    uint64_t i;

    for (i = 0; i < 20000; i++) {
        send_number(pair.p, i);
        CHECK_STATUS(shmring_try_recv(pair.c, out, 8, NULL), SHMRING_OK);
    }
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_OK);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_LAPPED);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldLeaveNoTraceOfAWaitInTheRing(void)
{
    static unsigned char before[SHMRING_HEADER_SIZE], after[SHMRING_HEADER_SIZE];
    struct pair pair = open_small_pair();
    shmring_observer *o = open_sleeper();

    look(rig_name, 0, before, sizeof before);
    CHECK_STATUS(shmring_observer_wait(o, 20 * MS), SHMRING_TIMEOUT);
    look(rig_name, 0, after, sizeof after);
    CHECK(memcmp(before, after, sizeof before) == 0);
    shmring_observer_close(o);
    close_pair(&pair);
}

/* ---- ends ---- */

static void shouldTellOnceOfEachProducerThatCloses(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_sleeper();
    uint64_t i;

    for (i = 0; i < 4; i++) {
        send_number(pair.p, i);
        shmring_producer_close(pair.p);
        CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_OK); /* the record is first */
        expect_number(o, i);
        if (i % 2 == 0) {
            CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_CLOSED);
        } else {
            CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_CLOSED);
        }
        CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_EMPTY);
        CHECK_STATUS(shmring_observer_wait(o, MS), SHMRING_TIMEOUT);
        shmring_observer_skip(o); /* nothing */
        CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    }
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldTellALateObserverThatTheProducerHasEnded(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o;

    send_number(pair.p, 1);
    shmring_producer_close(pair.p);
    o = open_observer(SHMRING_OLDEST);
    expect_number(o, 1);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_CLOSED);
    shmring_observer_close(o);
    o = open_observer(SHMRING_NEWEST);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_CLOSED);
    shmring_observer_close(o);
    shmring_consumer_close(pair.c);
}

/* Nobody was there yet: there is no end to tell of. */
static void shouldWaitForTheFirstProducerOfARing(void)
{
    struct pair pair = {NULL, NULL};
    shmring_observer *o;

    CHECK_STATUS(shmring_consumer_open(&pair.c, new_name(), NULL), SHMRING_OK);
    o = open_sleeper();
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_observer_wait(o, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    send_number(pair.p, 1);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_OK);
    expect_number(o, 1);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldTellAnEndOfAByteRing(void)
{
    struct pair pair = open_byte_pair();
    shmring_observer *o = open_sleeper();

    CHECK_EQ(shmring_try_write(pair.p, "abc", 3), 3);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_OK);
    CHECK_STATUS(shmring_observe(o, out, 2, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_OK); /* one byte more */
    CHECK_STATUS(shmring_observe(o, out, 2, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_CLOSED);
    CHECK_STATUS(shmring_observer_wait(o, MS), SHMRING_TIMEOUT);
    shmring_observer_close(o);
    shmring_consumer_close(pair.c);
}

/* ---- deaths ---- */

static int produce_and_stay(void *arg)
{
    shmring_producer *p;
    uint64_t value = 7;

    if (shmring_producer_open(&p, arg, NULL) != SHMRING_OK ||
        shmring_try_send(p, &value, sizeof value, 7) != SHMRING_OK) {
        return 1;
    }
    for (;;) {
        process_pause_us(1000);
    }
}

/* A ring whose consumer is here, so that it stays, and whose producer is about to die. */
static pid_t start_producer(struct pair *pair, shmring_observer **ret)
{
    pid_t child;

    pair->p = NULL;
    CHECK_STATUS(shmring_consumer_open(&pair->c, new_name(), NULL), SHMRING_OK);
    *ret = open_sleeper();
    child = process_start(produce_and_stay, rig_name);
    CHECK_STATUS(shmring_observer_wait(*ret, LONG_NS), SHMRING_OK);
    return child;
}

static void shouldTellOnceThatAProducerDied(void)
{
    struct pair pair;
    shmring_observer *o;
    pid_t child = start_producer(&pair, &o);

    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_OK); /* its record is first */
    expect_number(o, 7);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_PEER_DEAD);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_observer_wait(o, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_observer_wait(o, MS), SHMRING_TIMEOUT);
    send_number(pair.p, 8);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_OK);
    expect_number(o, 8);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldTellOnceThatAProducerDiedToWhoOnlyLooks(void)
{
    struct pair pair;
    shmring_observer *o;
    pid_t child = start_producer(&pair, &o);

    expect_number(o, 7);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_EMPTY);
    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    CHECK_STATUS(observe_at_last(o), SHMRING_PEER_DEAD);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_observer_wait(o, MS), SHMRING_TIMEOUT);
    shmring_observer_close(o);
    shmring_consumer_close(pair.c);
}

/* The producer that closes after one that died is another. */
static void shouldTellOfADeathAndOfACloseBehindIt(void)
{
    struct pair pair;
    shmring_observer *o;
    pid_t child = start_producer(&pair, &o);

    expect_number(o, 7);
    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_PEER_DEAD);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_CLOSED);
    shmring_observer_close(o);
    shmring_consumer_close(pair.c);
}

/* ---- interrupts ---- */

static void *interrupt(void *arg)
{
    shmring_observer_interrupt(arg);
    return NULL;
}

static void shouldEndOneWaitForEachInterrupt(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o[2] = {open_observer(SHMRING_OLDEST), open_sleeper()};
    pthread_t thread;
    unsigned i;

    shmring_observer_interrupt(NULL);
    for (i = 0; i < 50; i++) {
        CHECK_EQ(pthread_create(&thread, NULL, interrupt, o[i % 2]), 0);
        CHECK_STATUS(shmring_observer_wait(o[i % 2], LONG_NS), SHMRING_EMPTY);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_STATUS(shmring_observer_wait(o[i % 2], MS), SHMRING_TIMEOUT);
    }
    shmring_observer_interrupt(o[0]);
    send_number(pair.p, 1);
    CHECK_STATUS(shmring_observer_wait(o[0], LONG_NS), SHMRING_OK); /* what there is comes first */
    expect_number(o[0], 1);
    CHECK_STATUS(shmring_observer_wait(o[0], LONG_NS), SHMRING_EMPTY);
    shmring_observer_close(o[0]);
    shmring_observer_close(o[1]);
    close_pair(&pair);
}

static void shouldRefuseToWaitForNothing(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_sleeper();

    CHECK_STATUS(shmring_observer_wait(NULL, 0), SHMRING_E_INVALID);
    CHECK_EQ(shmring_observer_fd(NULL), -1);
    CHECK(shmring_observer_handle(NULL) == NULL);
    poke64(rig_name, CAPS_AT, 1); /* as version 0.1 leaves it */
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_E_UNSUPPORTED);
    shmring_observer_close(o);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldWaitForRecordsPollingAndAsleep);
    RUN(shouldWaitForBytesPollingAndAsleep);
    RUN(shouldEndAWaitWhenALapIsToBeTold);
    RUN(shouldLeaveNoTraceOfAWaitInTheRing);
    RUN(shouldTellOnceOfEachProducerThatCloses);
    RUN(shouldTellALateObserverThatTheProducerHasEnded);
    RUN(shouldWaitForTheFirstProducerOfARing);
    RUN(shouldTellAnEndOfAByteRing);
    RUN(shouldTellOnceThatAProducerDied);
    RUN(shouldTellOnceThatAProducerDiedToWhoOnlyLooks);
    RUN(shouldTellOfADeathAndOfACloseBehindIt);
    RUN(shouldEndOneWaitForEachInterrupt);
    RUN(shouldRefuseToWaitForNothing);
    return check_done();
}
