/* SPDX-License-Identifier: MIT */
/* records_test.c - sending and receiving records: sizes, reservations, batches, peeks, refusals. */
#include "../support/rig.h"

static unsigned char bytes_in[65536], bytes_out[65536];

static void send_number(shmring_producer *p, uint64_t value)
{
    CHECK_STATUS(shmring_try_send(p, &value, sizeof value, (uint16_t)(value & 0xFFFF)), SHMRING_OK);
}

/* The next record holds this number, and this flag. */
static void expect_number(shmring_consumer *c, uint64_t value, unsigned flags)
{
    shmring_record r;
    uint64_t got = 0;

    CHECK_STATUS(shmring_try_recv(c, &got, sizeof got, &r), SHMRING_OK);
    CHECK_EQ(got, value);
    CHECK_EQ(r.len, sizeof got);
    CHECK_EQ(r.type, value & 0xFFFF);
    CHECK_EQ(r.flags, flags);
    CHECK(r.data == &got);
}

static void expect_empty(shmring_consumer *c)
{
    shmring_record r;

    memset(&r, 0x5A, sizeof r);
    CHECK_STATUS(shmring_try_recv(c, bytes_out, sizeof bytes_out, &r), SHMRING_EMPTY);
    CHECK_EQ(r.len, 0x5A5A5A5A); /* untouched */
    CHECK_STATUS(shmring_peek(c, &r), SHMRING_EMPTY);
    CHECK_EQ(r.len, 0x5A5A5A5A);
    CHECK_EQ(shmring_peek_many(c, &r, 1), 0);
}

static void shouldDeliverEveryLengthWithItsTypeInOrder(void)
{
    struct pair pair = open_small_pair();
    uint64_t position = 0;
    shmring_record r;
    uint32_t len;

    for (len = 0; len < sizeof bytes_in; len++) {
        bytes_in[len] = (unsigned char)(len * 7 + (len >> 8));
    }
    for (len = 0; len <= 16384; len += len < 300 ? 1 : 61) {
        memset(bytes_out, 0xEE, len + 1);
        CHECK_STATUS(shmring_try_send(pair.p, bytes_in, len, (uint16_t)~len), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, len, &r), SHMRING_OK);
        CHECK_EQ(r.len, len);
        CHECK_EQ(r.type, (uint16_t)~len);
        CHECK_EQ(r.flags, 0);
        CHECK_EQ(r.stamp, 0);
        CHECK_EQ(r.position, from_start(position));
        CHECK(memcmp(bytes_in, bytes_out, len) == 0);
        CHECK_EQ(bytes_out[len], 0xEE);
        position += (len + 15) / 8 * 8;
    }
    CHECK_STATUS(shmring_try_send(pair.p, NULL, 0, 9), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, NULL), SHMRING_OK);
    expect_empty(pair.c);
    close_pair(&pair);
}

/* Long payloads are copied by moves of several widths, some of them aligned. */
static void shouldCopyLongPayloadsFromAndToAnyAlignment(void)
{
    static const uint32_t lens[] = {257, 319, 2047, 2048, 2079, 2111, 2112, 4101, 16383, 16384};
    struct pair pair = open_small_pair();
    uint32_t i, k, off;

    for (i = 0; i < sizeof bytes_in; i++) {
        bytes_in[i] = (unsigned char)(i * 11 + (i >> 8));
    }
    for (k = 0; k < sizeof lens / sizeof *lens; k++) {
        for (off = 0; off <= 64; off += 1 + off / 33 * 7) {
            memset(bytes_out, 0xEE, sizeof bytes_out);
            CHECK_STATUS(shmring_try_send(pair.p, bytes_in + off, lens[k], 1), SHMRING_OK);
            CHECK_STATUS(shmring_try_recv(pair.c, bytes_out + 65 - off, lens[k], NULL), SHMRING_OK);
            CHECK(memcmp(bytes_in + off, bytes_out + 65 - off, lens[k]) == 0);
            CHECK_EQ(bytes_out[64 - off], 0xEE);
            CHECK_EQ(bytes_out[65 - off + lens[k]], 0xEE);
        }
    }
    close_pair(&pair);
}

static void shouldRejectARecordLargerThanMaxRecord(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    void *at = NULL;

    o.max_record = 100;
    pair = open_pair(&o);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 101, 0), SHMRING_E_TOO_BIG);
    DETAIL_HAS(rig_name);
    DETAIL_HAS("101");
    DETAIL_HAS("100");
    CHECK_STATUS(shmring_reserve(pair.p, 101, &at), SHMRING_E_TOO_BIG);
    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 101, 0), SHMRING_E_TOO_BIG);
    CHECK_STATUS(shmring_send(pair.p, bytes_in, UINT32_MAX, 0, 5 * MS), SHMRING_E_TOO_BIG);
    CHECK_STATUS(shmring_wait_space(pair.p, 101, 5 * MS), SHMRING_E_TOO_BIG);
    CHECK(at == NULL);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 100, 0), SHMRING_OK);
    (void)fill(pair.p, 64);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 101, 0), SHMRING_E_TOO_BIG); /* never FULL */
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, UINT32_MAX, 0), SHMRING_E_TOO_BIG);
    CHECK_EQ(inspect().counters.rejected, 0);
    close_pair(&pair);
}

static void shouldLeaveARecordThatIsLargerThanTheBuffer(void)
{
    struct pair pair = open_small_pair();
    shmring_record r;

    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 77, 3), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 76, &r), SHMRING_E_TOO_BIG);
    CHECK_EQ(r.len, 77);
    CHECK_EQ(r.type, 3);
    CHECK(r.data == NULL);
    DETAIL_HAS(rig_name);
    DETAIL_HAS("77");
    CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, NULL), SHMRING_E_TOO_BIG);
    CHECK_STATUS(shmring_recv(pair.c, bytes_out, 76, &r, MS), SHMRING_E_TOO_BIG);
    CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 77, &r), SHMRING_OK);
    expect_empty(pair.c);
    close_pair(&pair);
}

static void shouldFillAReservationInPlaceAndCommitLess(void)
{
    struct pair pair = open_small_pair();
    shmring_record r;
    void *at = NULL;

    CHECK_STATUS(shmring_reserve(pair.p, 1000, &at), SHMRING_OK);
    CHECK_EQ((uintptr_t)at % 8, 0);
    memset(at, 0xFF, 1000); /* committed words of an attacker's dreams */
    expect_empty(pair.c);
    shmring_commit(pair.p, 3, 8);
    CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_OK);
    CHECK_EQ(r.len, 3);
    CHECK_EQ(r.type, 8);
    CHECK(memcmp(r.data, "\xFF\xFF\xFF", 3) == 0);
    shmring_release(pair.c);
    expect_empty(pair.c); /* the rest of the reservation is not taken for a record */
    CHECK_STATUS(shmring_reserve(pair.p, 0, &at), SHMRING_OK);
    shmring_commit(pair.p, 0, 9);
    CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, &r), SHMRING_OK);
    CHECK_EQ(r.position, from_start(16));
    close_pair(&pair);
}

static void shouldDropAnAbortedReservation(void)
{
    struct pair pair = open_small_pair();
    void *first = NULL, *second = NULL;

    shmring_abort(pair.p); /* nothing to drop */
    CHECK_STATUS(shmring_reserve(pair.p, 100, &first), SHMRING_OK);
    memset(first, 0xFF, 100);
    shmring_abort(pair.p);
    expect_empty(pair.c);
    CHECK_STATUS(shmring_reserve(pair.p, 100, &second), SHMRING_OK);
    CHECK(first == second);
    shmring_abort(pair.p);
    send_number(pair.p, 5);
    expect_number(pair.c, 5, 0);
    expect_empty(pair.c);
    close_pair(&pair);
}

static void shouldRefuseEveryOtherCallWhileAReservationIsOpen(void)
{
    struct pair pair = open_small_pair();
    uint64_t tail;
    void *at = NULL;

    CHECK_STATUS(shmring_reserve(pair.p, 24, &at), SHMRING_OK);
    memcpy(at, "abcdefghijklmnopqrstuvw", 24);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 1, 0), SHMRING_E_INVALID);
    DETAIL_HAS("24");
    DETAIL_HAS(rig_name);
    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 1, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_reserve(pair.p, 1, &at), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_send(pair.p, bytes_in, 1, 0, MS), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_wait_space(pair.p, 1, MS), SHMRING_E_INVALID);
    shmring_publish(pair.p);
    expect_empty(pair.c);
    shmring_commit(pair.p, 24, 1);
    /* The refused calls opened no door: the ring still knows when it is full. */
    (void)fill(pair.p, 1000);
    (void)fill(pair.p, 0);
    tail = look64(rig_name, TAIL_AT);
    CHECK_EQ(tail, from_start(KIB64 - 8));
    CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 24, NULL), SHMRING_OK);
    CHECK(memcmp(bytes_out, "abcdefghijklmnopqrstuvw", 24) == 0);
    close_pair(&pair);
}

static void shouldDropAReservationThatIsCommittedTooLong(void)
{
    struct pair pair = open_small_pair();
    void *at = NULL;

    CHECK_STATUS(shmring_reserve(pair.p, 10, &at), SHMRING_OK);
    shmring_commit(pair.p, 11, 0);
    DETAIL_HAS(rig_name);
    DETAIL_HAS("11");
    expect_empty(pair.c);
    shmring_commit(pair.p, 0, 0); /* without a reservation */
    expect_empty(pair.c);
    send_number(pair.p, 1);
    shmring_commit(pair.p, 8, 0);
    expect_number(pair.c, 1, 0);
    expect_empty(pair.c);
    CHECK_EQ(inspect().counters.sent, 1);
    close_pair(&pair);
}

static void shouldShowABatchAllAtOnce(void)
{
    struct pair pair = open_small_pair();
    uint64_t i;

    shmring_publish(pair.p); /* nothing staged */
    for (i = 0; i < 100; i++) {
        CHECK_STATUS(shmring_stage(pair.p, &i, sizeof i, (uint16_t)i), SHMRING_OK);
        expect_empty(pair.c);
        CHECK_EQ(look64(rig_name, TAIL_AT), from_start(0));
    }
    shmring_publish(pair.p);
    CHECK_EQ(inspect().counters.sent, 100);
    for (i = 0; i < 100; i++) {
        expect_number(pair.c, i, 0);
    }
    expect_empty(pair.c);
    close_pair(&pair);
}

static void shouldDropAnAbortedBatchWhole(void)
{
    struct pair pair = open_small_pair();
    uint64_t i;

    for (i = 0; i < 10; i++) {
        CHECK_STATUS(shmring_stage(pair.p, &i, sizeof i, 0), SHMRING_OK);
    }
    shmring_abort(pair.p);
    shmring_publish(pair.p);
    expect_empty(pair.c);
    send_number(pair.p, 3);
    expect_number(pair.c, 3, 0);
    expect_empty(pair.c); /* the aborted words behind it are not taken for records */
    close_pair(&pair);
}

/* A commit too many is the caller's mistake, and costs him the sentence, not the batch. */
static void shouldPublishStagedRecordsAtACommitWithoutAReservation(void)
{
    struct pair pair = open_small_pair();
    uint64_t i;

    for (i = 1; i <= 3; i++) {
        CHECK_STATUS(shmring_stage(pair.p, &i, sizeof i, (uint16_t)i), SHMRING_OK);
    }
    shmring_commit(pair.p, 8, 1);
    DETAIL_HAS("a commit needs a reservation");
    for (i = 1; i <= 3; i++) {
        expect_number(pair.c, i, 0);
    }
    expect_empty(pair.c);
    send_number(pair.p, 4);
    expect_number(pair.c, 4, 0);
    CHECK_EQ(inspect().counters.sent, 4);
    close_pair(&pair);
}

static void shouldPublishStagedRecordsBeforeASendOrAReservation(void)
{
    struct pair pair = open_small_pair();
    uint64_t i = 1;
    void *at = NULL;

    CHECK_STATUS(shmring_stage(pair.p, &i, sizeof i, 1), SHMRING_OK);
    send_number(pair.p, 2);
    i = 3;
    CHECK_STATUS(shmring_stage(pair.p, &i, sizeof i, 3), SHMRING_OK);
    CHECK_STATUS(shmring_reserve(pair.p, 8, &at), SHMRING_OK);
    i = 4;
    memcpy(at, &i, sizeof i);
    expect_number(pair.c, 1, 0);
    expect_number(pair.c, 2, 0);
    expect_number(pair.c, 3, 0);
    expect_empty(pair.c);
    shmring_commit(pair.p, 8, 4);
    expect_number(pair.c, 4, 0);
    i = 5;
    CHECK_STATUS(shmring_stage(pair.p, &i, sizeof i, 5), SHMRING_OK);
    CHECK_STATUS(shmring_send(pair.p, &i, sizeof i, 5, MS), SHMRING_OK);
    CHECK_STATUS(shmring_stage(pair.p, &i, sizeof i, 5), SHMRING_OK);
    CHECK_STATUS(shmring_wait_space(pair.p, 8, MS), SHMRING_OK);
    expect_number(pair.c, 5, 0);
    expect_number(pair.c, 5, 0);
    expect_number(pair.c, 5, 0);
    CHECK_STATUS(shmring_stage(pair.p, &i, sizeof i, 5), SHMRING_OK);
    shmring_producer_close(pair.p);
    expect_number(pair.c, 5, 0);
    shmring_consumer_close(pair.c);
}

static void shouldShowTheSameRecordUntilItIsReleased(void)
{
    struct pair pair = open_small_pair();
    shmring_record a, b;

    shmring_release(pair.c); /* nothing peeked */
    shmring_release_many(pair.c, 5);
    send_number(pair.p, 1);
    send_number(pair.p, 2);
    CHECK_STATUS(shmring_peek(pair.c, &a), SHMRING_OK);
    CHECK_STATUS(shmring_peek(pair.c, &b), SHMRING_OK);
    CHECK(a.data == b.data && a.len == b.len && a.type == b.type && a.flags == b.flags);
    CHECK(a.position == b.position && a.stamp == b.stamp);
    CHECK_EQ((uintptr_t)a.data % 8, 0);
    CHECK_EQ(look64(rig_name, CURSOR_AT), from_start(0));
    shmring_release(pair.c);
    CHECK_EQ(look64(rig_name, CURSOR_AT), from_start(16));
    shmring_release(pair.c); /* one peek, one release */
    CHECK_EQ(look64(rig_name, CURSOR_AT), from_start(16));
    expect_number(pair.c, 2, 0);
    expect_empty(pair.c);
    close_pair(&pair);
}

static void shouldReleaseOnlyWhatItIsToldOfWhatWasShown(void)
{
    struct pair pair = open_small_pair();
    static shmring_record r[400];
    uint64_t i;

    for (i = 0; i < 300; i++) {
        send_number(pair.p, i);
    }
    CHECK_EQ(shmring_peek_many(pair.c, r, 0), 0);
    CHECK_EQ(shmring_peek_many(pair.c, r, 10), 10);
    for (i = 0; i < 10; i++) {
        CHECK_EQ(r[i].type, i);
        CHECK_EQ(r[i].position, from_start(i * 16));
        CHECK(memcmp(r[i].data, &i, sizeof i) == 0);
    }
    shmring_release_many(pair.c, 0);
    CHECK_EQ(look64(rig_name, CURSOR_AT), from_start(0));
    shmring_release_many(pair.c, 4);
    CHECK_EQ(look64(rig_name, CURSOR_AT), from_start(64));
    shmring_release_many(pair.c, 6); /* the rest must be peeked again */
    CHECK_EQ(look64(rig_name, CURSOR_AT), from_start(64));
    CHECK_EQ(shmring_peek_many(pair.c, r, 400), SHMRING_PEEK_MAX);
    CHECK_EQ(r[0].type, 4);
    shmring_release(pair.c); /* the first of several */
    expect_number(pair.c, 5, 0);
    CHECK_EQ(shmring_peek_many(pair.c, r, 400), SHMRING_PEEK_MAX);
    shmring_release_many(pair.c, UINT32_MAX); /* those that were shown */
    CHECK_EQ(inspect().counters.received, 6 + SHMRING_PEEK_MAX);
    for (i = 6 + SHMRING_PEEK_MAX; i < 300; i++) {
        expect_number(pair.c, i, 0);
    }
    expect_empty(pair.c);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldDeliverEveryLengthWithItsTypeInOrder);
    RUN(shouldCopyLongPayloadsFromAndToAnyAlignment);
    RUN(shouldRejectARecordLargerThanMaxRecord);
    RUN(shouldLeaveARecordThatIsLargerThanTheBuffer);
    RUN(shouldFillAReservationInPlaceAndCommitLess);
    RUN(shouldDropAnAbortedReservation);
    RUN(shouldRefuseEveryOtherCallWhileAReservationIsOpen);
    RUN(shouldDropAReservationThatIsCommittedTooLong);
    RUN(shouldShowABatchAllAtOnce);
    RUN(shouldDropAnAbortedBatchWhole);
    RUN(shouldPublishStagedRecordsAtACommitWithoutAReservation);
    RUN(shouldPublishStagedRecordsBeforeASendOrAReservation);
    RUN(shouldShowTheSameRecordUntilItIsReleased);
    RUN(shouldReleaseOnlyWhatItIsToldOfWhatWasShown);
    return check_done();
}
