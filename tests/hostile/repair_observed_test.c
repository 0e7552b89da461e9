/* SPDX-License-Identifier: MIT */
/* repair_observed_test.c - a ring is repaired while an observer has it open. The repair takes the
 * tail back, and what is written from there on does not begin where the observer stands; so it is
 * told, and goes on where a record begins. Payloads are words of records that nobody sent.
 *
 *   repair_observed_test [ROUNDS]
 */
#define _GNU_SOURCE
#include "../support/observe_rig.h"

#include "../support/pattern.h"

#define LEN        1000u
#define MAX_RECORD 3000u
#define REPAIRS_AT (SHMRING_PRODUCER_AT + 0x110)
#define RUBBISH    UINT64_C(12345)

static uint64_t rounds = 100, random_now = 11;
static uint64_t payload[LEN / 8];
static unsigned char out[KIB64];

static uint64_t below(uint64_t n)
{
    return pattern_next(&random_now) % n;
}

static shmring_producer *open_persistent(uint32_t framing)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;

    o.lifetime = SHMRING_PERSISTENT;
    o.framing = framing;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    return p;
}

static shmring_producer *open_again(void)
{
    shmring_producer *p = NULL;

    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    return p;
}

static void send_words(shmring_producer *p, unsigned n, uint32_t len, uint16_t type)
{
    size_t i;

    for (i = 0; i < LEN / 8; i++) {
        payload[i] = word_of(40, 0x4242);
    }
    for (; n > 0; n--) {
        CHECK_STATUS(shmring_try_send(p, payload, len, type), SHMRING_OK);
    }
}

static void expect_records(shmring_observer *o, unsigned n, uint32_t len, uint16_t type)
{
    shmring_record r = {0};

    for (; n > 0; n--) {
        CHECK_STATUS(shmring_observe(o, out, sizeof out, &r), SHMRING_OK);
        CHECK_EQ(r.len, len);
        CHECK_EQ(r.type, type);
    }
}

static void damage_and_repair(uint64_t at, uint64_t value)
{
    shmring_repaired r = {0};

    poke64(rig_name, at, value);
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_OK);
    CHECK_EQ(r.changed, 1);
    CHECK_EQ(look64(rig_name, REPAIRS_AT) % 2, 0);
}

/* 30 records, the 11th of which is damaged: the tail goes back to it. */
static shmring_observer *watch_a_repair(int skips)
{
    shmring_producer *p = open_persistent(SHMRING_RECORDS);
    shmring_observer *o;

    send_words(p, 29, LEN, 1);
    o = open_observer(SHMRING_NEWEST);
    send_words(p, 1, LEN, 1);
    if (skips) {
        CHECK_STATUS(shmring_observe(o, out, 8, NULL), SHMRING_E_TOO_BIG);
    } else {
        expect_records(o, 1, LEN, 1);
    }
    shmring_producer_close(p);
    damage_and_repair(SHMRING_HEADER_SIZE + 10 * (LEN + 8), RUBBISH);
    return o;
}

static void end_watching(shmring_observer *o)
{
    shmring_observer_close(o);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

static void shouldGoOnAtTheOldestRecordOfARepairedRing(void)
{
    shmring_observer *o = watch_a_repair(0);
    shmring_producer *p = open_again();

    send_words(p, 30, LEN - 16, 7);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_LAPPED);
    CHECK_EQ(shmring_observer_lost(o), 0);
    CHECK(shmring_observer_lost_records(o) == SHMRING_UNKNOWN);
    expect_records(o, 10, LEN, 1);
    expect_records(o, 30, LEN - 16, 7);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_EMPTY);
    shmring_producer_close(p);
    end_watching(o);
}

static void shouldSkipNothingOfARepairedRing(void)
{
    shmring_observer *o = watch_a_repair(1);
    shmring_producer *p = open_again();

    send_words(p, 30, LEN - 16, 7);
    shmring_observer_skip(o); /* of the ring as it was */
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_LAPPED);
    shmring_observer_skip(o);
    expect_records(o, 10, LEN, 1);
    expect_records(o, 30, LEN - 16, 7);
    shmring_producer_close(p);
    end_watching(o);
}

/* The tail of a byte ring says more than there can be. */
static void shouldGoOnAtTheOldestByteOfARepairedRing(void)
{
    shmring_producer *p = open_persistent(SHMRING_BYTES);
    shmring_observer *o;
    shmring_record r = {0};
    uint32_t i;

    CHECK_EQ(shmring_try_write(p, payload, 800), 800);
    o = open_observer(SHMRING_NEWEST);
    CHECK_EQ(shmring_try_write(p, payload, 100), 100);
    CHECK_STATUS(shmring_observe(o, out, 50, &r), SHMRING_OK);
    shmring_producer_close(p);
    damage_and_repair(TAIL_AT, 10 * KIB64); /* the ring is emptied at its cursor, 0 */
    p = open_again();
    memset(out, 0x5A, sizeof out);
    CHECK_EQ(shmring_try_write(p, out, 3000), 3000);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, &r), SHMRING_LAPPED);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, &r), SHMRING_OK);
    CHECK_EQ(r.len, 3000);
    for (i = 0; i < r.len; i++) {
        CHECK_EQ(out[i], 0x5A);
    }
    shmring_producer_close(p);
    end_watching(o);
}

/* A repair that died in between has changed some of it: nothing is shown until another repair, or a
 * producer that finds the ring sound, has come. */
static void shouldShowNothingWhileARingIsRepaired(void)
{
    shmring_producer *p = open_persistent(SHMRING_RECORDS);
    shmring_observer *o = open_observer(SHMRING_OLDEST), *late;
    shmring_verdict v = {0};
    shmring_repaired r = {0};

    send_words(p, 3, LEN, 1);
    expect_records(o, 1, LEN, 1);
    shmring_producer_close(p);
    poke64(rig_name, REPAIRS_AT, 1);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_EMPTY);
    late = open_observer(SHMRING_OLDEST); /* at a place that the repair may yet change */
    CHECK_STATUS(shmring_observe(late, out, sizeof out, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_observer_wait(late, MS), SHMRING_TIMEOUT); /* no end, before it is over */
    CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_E_CORRUPT);
    DETAIL_HAS("repair");
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_OK);
    CHECK_EQ(r.changed, 1);
    CHECK_EQ(r.records, 3);
    CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_OK);
    CHECK_STATUS(shmring_observe(late, out, sizeof out, NULL), SHMRING_LAPPED);
    expect_records(late, 3, LEN, 1);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_LAPPED);
    expect_records(o, 3, LEN, 1);
    poke64(rig_name, REPAIRS_AT, 3);
    p = open_again();
    CHECK_EQ(look64(rig_name, REPAIRS_AT), 4);
    send_words(p, 1, LEN - 8, 2);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_LAPPED);
    expect_records(o, 3, LEN, 1);
    expect_records(o, 1, LEN - 8, 2);
    shmring_producer_close(p);
    shmring_observer_close(late);
    end_watching(o);
}

/* ---- at random ---- */

/* Where the records of the ring begin: nobody releases any. */
static uint64_t places[KIB64 / 16];
static uint64_t n_places;

static void send_patterns(shmring_producer *p, uint64_t n, uint64_t *seq)
{
    static unsigned char buf[MAX_RECORD];
    uint64_t at;
    uint32_t len;

    for (; n > 0; n--, (*seq)++) {
        at = look64(rig_name, TAIL_AT);
        len = pattern_length(*seq, 8, MAX_RECORD);
        pattern_fill(buf, len, *seq);
        if (shmring_try_send(p, buf, len, pattern_type(*seq)) == SHMRING_OK) {
            places[n_places++] = at;
        }
    }
}

/* What comes is what was sent under its number, whichever that is. */
static void observe_patterns(shmring_observer *o, uint64_t n)
{
    shmring_status status = SHMRING_OK;
    shmring_record r = {0};
    uint64_t seq;

    for (; n > 0 && status != SHMRING_EMPTY && status != SHMRING_CLOSED; n--) {
        status = shmring_observe(o, out, sizeof out, &r);
        if (status == SHMRING_OK) {
            memcpy(&seq, out, sizeof seq);
            CHECK_EQ(r.len, pattern_length(seq, 8, MAX_RECORD));
            CHECK_EQ(r.type, pattern_type(seq));
            CHECK(pattern_matches(out, r.len, seq));
        } else {
            CHECK(status >= 0);
        }
    }
}

static void watch_at_random(void)
{
    shmring_producer *p = open_persistent(SHMRING_RECORDS);
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    uint64_t seq = 0;
    unsigned i;

    n_places = 0;
    for (i = 0; i < 4; i++) {
        send_patterns(p, 1 + below(40), &seq);
        observe_patterns(o, below(60));
        shmring_producer_close(p);
        if (below(4) == 0) {
            damage_and_repair(TAIL_AT, RUBBISH);
        } else {
            n_places = below(n_places);
            damage_and_repair(SHMRING_HEADER_SIZE + places[n_places], RUBBISH);
        }
        p = open_again();
    }
    send_patterns(p, 40, &seq);
    observe_patterns(o, UINT64_MAX);
    shmring_producer_close(p);
    end_watching(o);
}

static void shouldDeliverNothingThatWasNotSentWhereverARingIsRepaired(void)
{
    uint64_t i;

    for (i = 0; i < rounds; i++) {
        watch_at_random();
    }
}

int main(int argc, char **argv)
{
    rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : rounds;
    RUN(shouldGoOnAtTheOldestRecordOfARepairedRing);
    RUN(shouldSkipNothingOfARepairedRing);
    RUN(shouldGoOnAtTheOldestByteOfARepairedRing);
    RUN(shouldShowNothingWhileARingIsRepaired);
    RUN(shouldDeliverNothingThatWasNotSentWhereverARingIsRepaired);
    return check_done();
}
