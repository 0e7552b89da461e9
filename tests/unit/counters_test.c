/* SPDX-License-Identifier: MIT */
/* counters_test.c - what a ring counts, on every way by which it can come about: exact figures. */
#include "../support/rig.h"

#define CONSUMER_BELL_AT (SHMRING_DOORBELL_AT + 0x480)
#define PRODUCER_BELL_AT (SHMRING_DOORBELL_AT + 0x500)
#define WANT_AT          (SHMRING_DOORBELL_AT + 0x508)
#define EVICT_COUNT_AT   (SHMRING_PRODUCER_AT + 0x108)
#define PAYLOAD          56u /* a record of this takes RECORD bytes */
#define RECORD           64u

static unsigned char out[65536];
static const unsigned char zeros[65536];

static void send_some(shmring_producer *p, unsigned n)
{
    for (; n > 0; n--) {
        CHECK_STATUS(shmring_try_send(p, zeros, PAYLOAD, 0), SHMRING_OK);
    }
}

static void shouldCountRecordsOnEveryWayInAndOut(void)
{
    struct pair pair = open_small_pair();
    shmring_record records[4];
    unsigned i;
    void *to;

    send_some(pair.p, 3);
    CHECK_STATUS(shmring_reserve(pair.p, 100, &to), SHMRING_OK);
    shmring_commit(pair.p, PAYLOAD, 0);
    CHECK_STATUS(shmring_reserve(pair.p, 100, &to), SHMRING_OK);
    shmring_abort(pair.p);
    CHECK_EQ(inspect().counters.sent, 4);
    for (i = 0; i < 5; i++) {
        CHECK_STATUS(shmring_stage(pair.p, zeros, PAYLOAD, 0), SHMRING_OK);
    }
    CHECK_EQ(inspect().counters.sent, 4); /* nothing is sent before it can be seen */
    shmring_publish(pair.p);
    CHECK_EQ(inspect().counters.sent, 9);
    CHECK_STATUS(shmring_stage(pair.p, zeros, PAYLOAD, 0), SHMRING_OK);
    shmring_abort(pair.p);
    CHECK_STATUS(shmring_stage(pair.p, zeros, PAYLOAD, 0), SHMRING_OK);
    send_some(pair.p, 1); /* publishes that one first */
    CHECK_STATUS(shmring_send(pair.p, zeros, PAYLOAD, 0, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(inspect().counters.sent, 12);
    CHECK_EQ(inspect().counters.received, 0);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_peek(pair.c, records), SHMRING_OK);
    CHECK_STATUS(shmring_peek(pair.c, records), SHMRING_OK);
    CHECK_EQ(inspect().counters.received, 1);
    shmring_release(pair.c);
    shmring_release(pair.c);
    CHECK_EQ(inspect().counters.received, 2);
    CHECK_EQ(shmring_peek_many(pair.c, records, 4), 4);
    shmring_release_many(pair.c, 3);
    CHECK_EQ(inspect().counters.received, 5);
    CHECK_STATUS(shmring_recv(pair.c, out, sizeof out, NULL, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(inspect().counters.received, 6);
    CHECK_EQ(inspect().tail, 12 * RECORD);
    CHECK_EQ(inspect().cursor, 6 * RECORD);
    close_pair(&pair);
}

static void shouldCountBytesByPositionsAndNoRecordsInAByteRing(void)
{
    struct pair pair = open_byte_pair();
    const void *from;
    void *to;

    CHECK_EQ(shmring_try_write(pair.p, zeros, 1000), 1000);
    CHECK(shmring_write_span(pair.p, &to) >= 24);
    shmring_write_advance(pair.p, 24);
    CHECK_EQ(shmring_try_read(pair.c, out, 100), 100);
    CHECK_EQ(shmring_read_span(pair.c, &from), 924);
    shmring_read_advance(pair.c, 20);
    CHECK_EQ(inspect().tail, 1024);
    CHECK_EQ(inspect().cursor, 120);
    CHECK_EQ(inspect().used, 904);
    CHECK_EQ(inspect().counters.sent, 0);
    CHECK_EQ(inspect().counters.received, 0);
    CHECK(inspect().counters.evicted == SHMRING_UNKNOWN);
    CHECK_EQ(shmring_try_write(pair.p, zeros, KIB64), KIB64 - 904);
    CHECK_EQ(inspect().counters.high_water, KIB64);
    CHECK_EQ(shmring_try_write(pair.p, zeros, 1), 0);
    CHECK_EQ(inspect().counters.rejected, 0); /* it was told how much was taken */
    CHECK_EQ(shmring_try_read(pair.c, out, KIB64), KIB64);
    CHECK_EQ(inspect().counters.high_water, KIB64);
    close_pair(&pair);
}

static void shouldCountWhatWasRefusedAndTheGapsThatShowIt(void)
{
    struct pair pair = open_small_pair();
    const unsigned all = fill(pair.p, PAYLOAD);
    unsigned i;

    CHECK_EQ(inspect().counters.rejected, 0); /* the last one was taken back */
    CHECK_STATUS(shmring_try_send(pair.p, zeros, PAYLOAD, 0), SHMRING_FULL);
    CHECK_STATUS(shmring_try_send(pair.p, zeros, PAYLOAD, 0), SHMRING_FULL);
    CHECK_STATUS(shmring_send(pair.p, zeros, PAYLOAD, 0, 0), SHMRING_FULL);
    CHECK_EQ(inspect().counters.rejected, 3);
    CHECK_EQ(inspect().counters.high_water, all * RECORD);
    for (i = 0; i < all; i++) {
        CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    }
    CHECK_EQ(inspect().counters.gaps, 0);
    send_some(pair.p, 2); /* the first of them has the mark */
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    CHECK_EQ(inspect().counters.gaps, 1);
    CHECK_EQ(inspect().counters.sent, all + 2);
    CHECK_EQ(inspect().counters.received, all + 2);
    close_pair(&pair);
}

/* A burst, read to its end: the mark stays, and is at most a quarter of the ring below it. */
static void shouldKeepTheHighWaterMarkOfABurst(void)
{
    const shmring_options o = options_of(2 * KIB64); /* the least whose steps are eighths */
    uint64_t eighths, burst, mark;
    struct pair pair;
    unsigned i;

    for (eighths = 1; eighths < 8; eighths++) {
        pair = open_pair(&o);
        burst = eighths * (o.capacity / 8 / RECORD);
        send_some(pair.p, (unsigned)burst);
        CHECK_EQ(inspect().counters.high_water, burst * RECORD); /* it is in use now */
        while (shmring_try_recv(pair.c, out, sizeof out, NULL) == SHMRING_OK) {
        }
        for (i = 0; i < 10000; i++) { /* later traffic leaves it */
            send_some(pair.p, 1);
            CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
        }
        CHECK_EQ(inspect().used, 0);
        mark = inspect().counters.high_water;
        CHECK(mark <= burst * RECORD + o.capacity / 8);
        CHECK(mark + o.capacity / 4 >= burst * RECORD);
        close_pair(&pair);
    }
}

/* A sender that comes, leaves something and goes is too short to look in between. */
static void shouldKeepWhatWasInUseWhenAProducerClosed(void)
{
    shmring_options o = options_of(2 * KIB64);
    struct pair pair;

    for (o.overflow = SHMRING_REJECT; o.overflow <= SHMRING_OVERWRITE; o.overflow++) {
        pair = open_pair(&o);
        send_some(pair.p, 3);
        shmring_producer_close(pair.p);
        while (shmring_try_recv(pair.c, out, sizeof out, NULL) == SHMRING_OK) {
        }
        CHECK_EQ(inspect().used, 0);
        CHECK_EQ(inspect().counters.high_water, 3 * RECORD);
        CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
        shmring_producer_close(pair.p); /* with nothing in use: the mark stays */
        CHECK_EQ(inspect().counters.high_water, 3 * RECORD);
        shmring_consumer_close(pair.c);
    }
}

static void shouldCountWhatAnOverwriteRingGaveUp(void)
{
    shmring_options o = options_of(KIB64);
    uint64_t lost = 0, got = 0, lapped = 0, most = 0, i;
    struct pair pair;
    shmring_status status;

    o.overflow = SHMRING_OVERWRITE;
    pair = open_pair(&o);
    CHECK_EQ(inspect().counters.evicted, 0);
    for (i = 0; i < 5000; i++) {
        const shmring_info before = inspect();

        most = before.used > most ? before.used : most;
        CHECK_EQ(before.counters.evicted, before.evict / RECORD);
        send_some(pair.p, 1);
    }
    CHECK_EQ(inspect().counters.sent, 5000);
    CHECK_EQ(inspect().counters.rejected, 0);
    CHECK_EQ(inspect().counters.high_water, most);
    CHECK(most > KIB64 / 8 * 7 && most <= KIB64);
    CHECK_EQ(inspect().counters.lapped, 0); /* the consumer has not come to it */
    while ((status = shmring_try_recv(pair.c, out, sizeof out, NULL)) != SHMRING_EMPTY) {
        CHECK(status == SHMRING_OK || status == SHMRING_LAPPED);
        got += status == SHMRING_OK;
        lapped += status == SHMRING_LAPPED;
        lost += status == SHMRING_LAPPED ? shmring_consumer_lost(pair.c) : 0;
    }
    CHECK_EQ(lapped, 1);
    CHECK_EQ(inspect().counters.lapped, 1);
    CHECK_EQ(inspect().counters.lapped_bytes, lost);
    CHECK_EQ(inspect().counters.evicted, lost / RECORD);
    CHECK_EQ(inspect().counters.received, got);
    CHECK_EQ(got + lost / RECORD, 5000);
    for (i = 0; i < 3000; i++) { /* read at once, nothing is in use for long: the mark stays */
        send_some(pair.p, 1);
        CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    }
    CHECK_EQ(inspect().counters.high_water, most);
    close_pair(&pair);
}

/* What the next producer counts goes on where the last one was, which closed or died. */
static int overwrite_and_die(void *arg)
{
    shmring_producer *p = NULL;
    unsigned i;

    if (shmring_producer_open(&p, arg, NULL) != SHMRING_OK) {
        return 1;
    }
    for (i = 0; i < 3000; i++) {
        if (shmring_try_send(p, zeros, PAYLOAD, 0) != SHMRING_OK) {
            return 2;
        }
    }
    return 0; /* and no close */
}

static void shouldCountOnBehindARestartInAnOverwriteRing(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    unsigned i;

    o.overflow = SHMRING_OVERWRITE;
    pair = open_pair(&o);
    send_some(pair.p, 3000);
    for (i = 0; i < 4; i++) {
        shmring_producer_close(pair.p);
        CHECK(i % 2 == 0 || in_child(overwrite_and_die, rig_name) == 0);
        CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, &o), SHMRING_OK);
        CHECK_EQ(inspect().counters.evicted, inspect().evict / RECORD);
        send_some(pair.p, 3000);
        CHECK_EQ(inspect().counters.evicted, inspect().evict / RECORD);
    }
    close_pair(&pair);
}

static void shouldSeeLittleInUseInAnOverwriteRingThatIsReadAtOnce(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    unsigned i;

    o.overflow = SHMRING_OVERWRITE;
    pair = open_pair(&o);
    for (i = 0; i < 5000; i++) {
        send_some(pair.p, 10);
        while (shmring_try_recv(pair.c, out, sizeof out, NULL) == SHMRING_OK) {
        }
    }
    CHECK(inspect().counters.high_water <= 10 * RECORD);
    CHECK(inspect().counters.high_water > 0);
    CHECK_EQ(inspect().counters.lapped, 0);
    close_pair(&pair);
}

static void shouldSayThatEvictedRecordsWereNotCounted(void)
{
    struct pair pair = open_small_pair();
    unsigned i;

    for (i = 0; i < 5000; i++) {
        send_some(pair.p, 1);
        CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    }
    CHECK_EQ(inspect().counters.evicted, inspect().evict / RECORD);
    poke64(rig_name, EVICT_COUNT_AT, 0); /* as a producer leaves it that does not know */
    CHECK(inspect().counters.evicted == SHMRING_UNKNOWN);
    close_pair(&pair);
}

static void shouldCountStallsOfEveryWait(void)
{
    struct pair pair = open_small_pair();
    shmring_consumer *second = NULL;
    shmring_producer *feeder = NULL;
    shmring_consumer *both[2];
    char first[RIG_NAME_SIZE];
    uint32_t index;

    CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_EMPTY); /* a look is no wait */
    CHECK_EQ(inspect().counters.consumer_stalls, 0);
    CHECK_STATUS(shmring_wait_data(pair.c, 1), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_recv(pair.c, out, sizeof out, NULL, 1), SHMRING_TIMEOUT);
    CHECK_EQ(inspect().counters.consumer_stalls, 2);
    (void)fill(pair.p, PAYLOAD);
    CHECK_STATUS(shmring_wait_space(pair.p, PAYLOAD, 1), SHMRING_TIMEOUT);
    CHECK_EQ(inspect().counters.producer_stalls, 1);
    while (shmring_try_recv(pair.c, out, sizeof out, NULL) == SHMRING_OK) {
    }
    memcpy(first, rig_name, sizeof first);
    CHECK_STATUS(shmring_producer_open(&feeder, new_name(), NULL), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&second, rig_name, NULL), SHMRING_OK);
    both[0] = pair.c;
    both[1] = second;
    CHECK_STATUS(shmring_wait_any(both, 2, &index, 1), SHMRING_TIMEOUT);
    CHECK_EQ(inspect().counters.consumer_stalls, 1);
    shmring_producer_close(feeder);
    shmring_consumer_close(second);
    memcpy(rig_name, first, sizeof first);
    CHECK_EQ(inspect().counters.consumer_stalls, 3);
    CHECK_EQ(inspect().counters.consumer_wakes, 0);
    CHECK_EQ(inspect().counters.producer_wakes, 0);
    close_pair(&pair);
}

static void shouldCountSleepsOfBothSides(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;

    o.spin_ns = 1; /* to sleep at once */
    pair.p = NULL;
    CHECK_STATUS(shmring_producer_open(&pair.p, new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, &o), SHMRING_OK);
    do { /* on a slow machine a wait may be over before it came to sleep */
        CHECK_STATUS(shmring_wait_data(pair.c, 10 * MS), SHMRING_TIMEOUT);
    } while (inspect().counters.consumer_sleeps == 0);
    CHECK_EQ(inspect().counters.producer_sleeps, 0);
    (void)fill(pair.p, PAYLOAD);
    do {
        CHECK_STATUS(shmring_wait_space(pair.p, PAYLOAD, 10 * MS), SHMRING_TIMEOUT);
    } while (inspect().counters.producer_sleeps == 0);
    close_pair(&pair);
}

/* A side that sleeps is played by its bell: so it cannot wake by itself in between. */
static void shouldCountWakesOfBothSides(void)
{
    struct pair pair = open_small_pair();

    poke64(rig_name, CONSUMER_BELL_AT, SHMRING_BELL_ASLEEP);
    send_some(pair.p, 3); /* the first rings, and clears it */
    CHECK_EQ(inspect().counters.producer_wakes, 1);
    CHECK_EQ(look64(rig_name, CONSUMER_BELL_AT) & SHMRING_BELL_ASLEEP, 0);
    poke64(rig_name, WANT_AT, 2 * RECORD);
    poke64(rig_name, PRODUCER_BELL_AT, SHMRING_BELL_ASLEEP);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    CHECK_EQ(inspect().counters.consumer_wakes, 0); /* not yet what it wants */
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    CHECK_EQ(inspect().counters.consumer_wakes, 1);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldCountRecordsOnEveryWayInAndOut);
    RUN(shouldCountBytesByPositionsAndNoRecordsInAByteRing);
    RUN(shouldCountWhatWasRefusedAndTheGapsThatShowIt);
    RUN(shouldKeepTheHighWaterMarkOfABurst);
    RUN(shouldKeepWhatWasInUseWhenAProducerClosed);
    RUN(shouldCountWhatAnOverwriteRingGaveUp);
    RUN(shouldCountOnBehindARestartInAnOverwriteRing);
    RUN(shouldSeeLittleInUseInAnOverwriteRingThatIsReadAtOnce);
    RUN(shouldSayThatEvictedRecordsWereNotCounted);
    RUN(shouldCountStallsOfEveryWait);
    RUN(shouldCountSleepsOfBothSides);
    RUN(shouldCountWakesOfBothSides);
    return check_done();
}
