/* SPDX-License-Identifier: MIT */
/* observe_place_test.c - where an observer goes on: what skip() passes over, and what it does not.
 *
 * The payloads are words of records that nobody sent: an observer that goes on anywhere but where a
 * record begins delivers one of them.
 */
#include "../support/observe_rig.h"

#define LEN       1000u
#define FALSE_LEN 40u

static uint64_t payload[LEN / 8];
static unsigned char out[2 * LEN];

static void send_words(shmring_producer *p, uint32_t len, uint16_t type)
{
    size_t i;

    for (i = 0; i < LEN / 8; i++) {
        payload[i] = word_of(FALSE_LEN, 0x4242);
    }
    CHECK_STATUS(shmring_try_send(p, payload, len, type), SHMRING_OK);
}

/* The next record is one that was sent: of this type and length. */
static void expect_record(shmring_observer *o, uint32_t len, uint16_t type)
{
    shmring_record r = {0};

    CHECK_STATUS(shmring_observe(o, out, sizeof out, &r), SHMRING_OK);
    CHECK_EQ(r.len, len);
    CHECK_EQ(r.type, type);
}

static void expect_too_big(shmring_observer *o, uint32_t len)
{
    shmring_record r = {0};

    CHECK_STATUS(shmring_observe(o, out, 100, &r), SHMRING_E_TOO_BIG);
    CHECK_EQ(r.len, len);
}

static struct pair open_overwriting_pair(void)
{
    shmring_options o = options_of(KIB64);

    o.overflow = SHMRING_OVERWRITE;
    return open_pair(&o);
}

static void shouldSkipNothingAfterALap(void)
{
    struct pair pair = open_overwriting_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    shmring_record r;
    unsigned i;

    send_words(pair.p, LEN, 1);
    expect_too_big(o, LEN);
    for (i = 0; i < 200; i++) {
        send_words(pair.p, LEN - 8 * (i % 3), 7);
    }
    CHECK_STATUS(shmring_observe(o, out, sizeof out, &r), SHMRING_LAPPED);
    shmring_observer_skip(o); /* what was too big is gone */
    for (i = (unsigned)shmring_observer_lost_records(o) - 1; i < 200; i++) {
        expect_record(o, LEN - 8 * (i % 3), 7);
    }
    CHECK_STATUS(shmring_observe(o, out, sizeof out, &r), SHMRING_EMPTY);
    shmring_observer_close(o);
    close_pair(&pair);
}

/* The record is overwritten between the two calls; the next one finds out. */
static void shouldFindTheOldestRecordAfterSkippingOneThatWasOverwritten(void)
{
    struct pair pair = open_overwriting_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    shmring_record r;
    unsigned i;

    send_words(pair.p, LEN, 1);
    expect_too_big(o, LEN);
    for (i = 0; i < 200; i++) {
        send_words(pair.p, LEN - 8 * (i % 3), 7);
    }
    shmring_observer_skip(o);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, &r), SHMRING_LAPPED);
    for (i = (unsigned)shmring_observer_lost_records(o); i < 200; i++) {
        expect_record(o, LEN - 8 * (i % 3), 7);
    }
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldSkipNothingAfterASeek(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);

    send_words(pair.p, LEN, 1);
    send_words(pair.p, LEN - 8, 2);
    expect_record(o, LEN, 1);
    expect_too_big(o, LEN - 8);
    CHECK_STATUS(shmring_observer_seek(o, SHMRING_OLDEST), SHMRING_OK);
    shmring_observer_skip(o);
    expect_record(o, LEN, 1);
    expect_too_big(o, LEN - 8);
    CHECK_STATUS(shmring_observer_seek(o, SHMRING_NEWEST), SHMRING_OK);
    shmring_observer_skip(o);
    send_words(pair.p, LEN - 16, 3);
    expect_record(o, LEN - 16, 3);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldSkipNothingAfterACallThatWasRefused(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    uint64_t capability = look64(rig_name, CAPS_AT);

    send_words(pair.p, LEN, 1);
    send_words(pair.p, LEN - 8, 2);
    expect_too_big(o, LEN);
    poke64(rig_name, CAPS_AT, 1); /* a producer of version 0.1 has taken over */
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_E_UNSUPPORTED);
    shmring_observer_skip(o);
    poke64(rig_name, CAPS_AT, capability);
    expect_record(o, LEN, 1);
    shmring_observer_skip(o); /* the last one fitted */
    expect_record(o, LEN - 8, 2);
    shmring_observer_close(o);
    close_pair(&pair);
}

/* The record is the last of its producer, who closed; the next one's records follow it. */
static void shouldSkipToTheRecordsOfTheNextProducer(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);

    send_words(pair.p, LEN, 1);
    expect_too_big(o, LEN);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    shmring_observer_skip(o);
    shmring_observer_skip(o); /* once */
    send_words(pair.p, LEN - 8, 2);
    expect_record(o, LEN - 8, 2);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_CLOSED);
    shmring_observer_skip(o);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    send_words(pair.p, LEN - 16, 3);
    expect_record(o, LEN - 16, 3);
    shmring_observer_close(o);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldSkipNothingAfterALap);
    RUN(shouldFindTheOldestRecordAfterSkippingOneThatWasOverwritten);
    RUN(shouldSkipNothingAfterASeek);
    RUN(shouldSkipNothingAfterACallThatWasRefused);
    RUN(shouldSkipToTheRecordsOfTheNextProducer);
    return check_done();
}
