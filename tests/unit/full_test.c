/* SPDX-License-Identifier: MIT */
/* full_test.c - a full ring: what is refused, what is counted, and where the GAP goes. */
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

static void expect_flags(shmring_consumer *c, unsigned flags)
{
    shmring_record r;

    CHECK_STATUS(shmring_try_recv(c, bytes_out, sizeof bytes_out, &r), SHMRING_OK);
    CHECK_EQ(r.flags, flags);
}

static void shouldKeepABatchOpenWhenTheRingIsFull(void)
{
    struct pair pair = open_small_pair();
    unsigned n = 0, i;

    while (shmring_stage(pair.p, bytes_in, 1000, (uint16_t)n) == SHMRING_OK) {
        n++;
    }
    CHECK_EQ(n, 65528 / 1008);
    CHECK_EQ(inspect().counters.rejected, 1);
    CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, sizeof bytes_out, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 0, (uint16_t)n),
                 SHMRING_OK); /* a small one fits */
    shmring_publish(pair.p);
    for (i = 0; i <= n; i++) {
        shmring_record r;

        CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 1000, &r), SHMRING_OK);
        CHECK_EQ(r.type, i);
        CHECK_EQ(r.flags, i == n ? SHMRING_FLAG_GAP : 0); /* the loss is before the last one */
    }
    close_pair(&pair);
}

static void shouldMarkTheRecordAfterARefusalWithGap(void)
{
    struct pair pair = open_small_pair();
    unsigned n = 0;

    while (shmring_try_send(pair.p, bytes_in, 8, 0) == SHMRING_OK) {
        n++;
    }
    CHECK_EQ(n, 65528 / 16);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 8, 0), SHMRING_FULL);
    CHECK_EQ(inspect().counters.rejected, 2);
    while (n-- > 0) {
        shmring_record r;

        CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 8, &r), SHMRING_OK);
        CHECK_EQ(r.flags, 0);
    }
    send_number(pair.p, 1);
    send_number(pair.p, 2);
    expect_number(pair.c, 1, SHMRING_FLAG_GAP);
    expect_number(pair.c, 2, 0);
    CHECK_EQ(inspect().counters.gaps, 1);
    CHECK_EQ(inspect().counters.rejected, 2);
    close_pair(&pair);
}

static void shouldTakeTheRefusalBackWhenTheProducerRelaxes(void)
{
    struct pair pair = open_small_pair();
    unsigned n = fill(pair.p, 8); /* relaxes */

    CHECK_EQ(inspect().counters.rejected, 0);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 8, 0), SHMRING_FULL); /* lost */
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 8, 0), SHMRING_FULL); /* retried */
    shmring_producer_relax(pair.p);
    shmring_producer_relax(pair.p);
    CHECK_EQ(inspect().counters.rejected, 1);
    while (n-- > 0) {
        CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 8, NULL), SHMRING_OK);
    }
    send_number(pair.p, 1);
    expect_number(pair.c, 1, SHMRING_FLAG_GAP); /* for the lost one */
    shmring_producer_relax(pair.p);
    send_number(pair.p, 2);
    expect_number(pair.c, 2, 0);
    close_pair(&pair);
}

static void shouldKeepAGapWhenTheBatchThatCarriedItIsAborted(void)
{
    struct pair pair = open_small_pair();

    CHECK_EQ(fill(pair.p, 16376), 3);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 16376, 0), SHMRING_FULL); /* lost */
    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 8, 0), SHMRING_OK);          /* carries the GAP */
    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 16376, 0), SHMRING_FULL);    /* to be retried */
    shmring_abort(pair.p);
    shmring_producer_relax(pair.p);
    CHECK_EQ(inspect().counters.rejected, 1);
    while (shmring_try_recv(pair.c, bytes_out, sizeof bytes_out, NULL) == SHMRING_OK) {
    }
    send_number(pair.p, 1);
    expect_number(pair.c, 1, SHMRING_FLAG_GAP);
    close_pair(&pair);
}

static void shouldTakeALargestRecordWheneverTheRingIsDrained(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    unsigned i;

    o.max_record = 65520;
    pair = open_pair(&o);
    for (i = 0; i < 200; i++) {
        (void)fill(pair.p, 40 * i % 9000);
        while (shmring_try_recv(pair.c, bytes_out, sizeof bytes_out, NULL) == SHMRING_OK) {
        }
        CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 65520, 0), SHMRING_OK);
        CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 0, 0), SHMRING_FULL);
        shmring_producer_relax(pair.p);
        CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 65520, NULL), SHMRING_OK);
        if (i % 2 == 0) { /* also when the consumer has not looked since */
            CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 65520, 0), SHMRING_OK);
            CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 65520, NULL), SHMRING_OK);
        }
    }
    close_pair(&pair);
}

static void shouldRefuseARecordLongerThanMaxRecordWhereThereIsRoom(void)
{
    static char buf[101];
    shmring_options o = options_of(KIB64);
    struct pair pair;

    o.max_record = 100;
    pair = open_pair(&o);
    CHECK_STATUS(shmring_try_send(pair.p, buf, 100, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(pair.p, buf, 101, 0), SHMRING_E_TOO_BIG);
    CHECK_STATUS(shmring_stage(pair.p, buf, 101, 0), SHMRING_E_TOO_BIG);
    CHECK_EQ(look64(rig_name, TAIL_AT), from_start(112));
    close_pair(&pair);
}

static int fill_and_lose(void *arg)
{
    shmring_producer *p = NULL;
    unsigned n = 0;

    if (shmring_producer_open(&p, arg, NULL) != SHMRING_OK) {
        return 1;
    }
    while (shmring_try_send(p, bytes_in, 1000, 0) == SHMRING_OK) {
        n++;
    }
    return n != 65528 / 1008; /* dies without a close */
}

/* The newcomer's first record carries the GAP, once, and what it refuses itself is told as ever. */
static void expect_gap_of_the_last_producer(shmring_consumer *c)
{
    shmring_producer *p = NULL;

    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    while (shmring_try_recv(c, bytes_out, sizeof bytes_out, NULL) == SHMRING_OK) {
    }
    send_number(p, 1);
    send_number(p, 2);
    expect_number(c, 1, SHMRING_FLAG_GAP);
    expect_number(c, 2, 0);
    shmring_producer_close(p);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    send_number(p, 3); /* it was reported */
    expect_number(c, 3, 0);
    CHECK_EQ(inspect().counters.rejected, 1);
    shmring_producer_close(p);
}

static void shouldReportARefusalWhoseProducerDied(void)
{
    shmring_options o = options_of(KIB64);
    shmring_consumer *c = NULL;

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    CHECK_EQ(in_child(fill_and_lose, rig_name), 0);
    expect_gap_of_the_last_producer(c);
    shmring_consumer_close(c);
}

static void shouldReportARefusalWhoseProducerClosed(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    while (shmring_try_send(p, bytes_in, 1000, 0) == SHMRING_OK) {
    }
    shmring_producer_close(p);
    expect_gap_of_the_last_producer(c);
    shmring_consumer_close(c);
}

/* A producer of version 0.1 counted what it refused, and did not say what it had reported. */
static void shouldNotGuessAGapForAProducerThatDoesNotReport(void)
{
    const uint64_t capability_at =
        SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, role.capability);
    shmring_options o = options_of(KIB64);
    struct pair pair = open_pair(&o);

    (void)fill(pair.p, 1000);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 1000, 0), SHMRING_FULL);
    shmring_producer_close(pair.p);
    poke64(rig_name, capability_at, look64(rig_name, capability_at) & ~SHMRING_CAP_REPORTS);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    while (shmring_try_recv(pair.c, bytes_out, sizeof bytes_out, NULL) == SHMRING_OK) {
    }
    send_number(pair.p, 1);
    expect_number(pair.c, 1, 0);
    close_pair(&pair);
}

/* A death behind the word of a record with GAP, and one between that record's word and its report.
 */
static void shouldReportAGapOnceAfterADeathAtItsCommit(uint64_t reported)
{
    const uint64_t tail_at = SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, tail);
    const uint64_t at = SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, reported);
    shmring_options o = options_of(KIB64);
    struct pair pair = open_pair(&o);
    uint64_t tail;

    (void)fill(pair.p, 1000);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 1000, 0), SHMRING_FULL);
    while (shmring_try_recv(pair.c, bytes_out, sizeof bytes_out, NULL) == SHMRING_OK) {
    }
    tail = look64(rig_name, tail_at);
    send_number(pair.p, 1);
    shmring_producer_close(pair.p);
    poke64(rig_name, tail_at, tail);
    poke64(rig_name, at, reported);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    expect_number(pair.c, 1, SHMRING_FLAG_GAP);
    send_number(pair.p, 2);
    expect_number(pair.c, 2, 0);
    close_pair(&pair);
}

static void shouldReportAGapOnceAfterADeathBehindItsWord(void)
{
    shouldReportAGapOnceAfterADeathAtItsCommit(0);
}

static void shouldReportAGapOnceAfterADeathBehindItsReport(void)
{
    shouldReportAGapOnceAfterADeathAtItsCommit(1);
}

static void shouldTakeAWaitingSendAfterARefusalForItsRetry(void)
{
    struct pair pair = open_small_pair();
    unsigned n = 0;

    while (shmring_try_send(pair.p, bytes_in, 1000, 0) == SHMRING_OK) {
        n++;
    }
    while (n-- > 0) {
        CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 1000, NULL), SHMRING_OK);
    }
    CHECK_STATUS(shmring_send(pair.p, bytes_in, 8, 0, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(inspect().counters.rejected, 0);
    expect_flags(pair.c, 0);
    close_pair(&pair);
}

/* Stage until it is full, publish, and stage the refused record again. */
static void shouldTakeARefusalBackWhenARetryIsSaid(void)
{
    struct pair pair = open_small_pair();
    unsigned n = 0;

    while (shmring_stage(pair.p, bytes_in, 1000, 0) == SHMRING_OK) {
        n++;
    }
    CHECK_STATUS(shmring_publish(pair.p), SHMRING_OK);
    while (n-- > 0) {
        CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 1000, NULL), SHMRING_OK);
    }
    shmring_producer_retry(pair.p);
    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 1000, 0), SHMRING_OK);
    shmring_producer_retry(pair.p); /* nothing to take back */
    CHECK_STATUS(shmring_publish(pair.p), SHMRING_OK);
    CHECK_EQ(inspect().counters.rejected, 0);
    expect_flags(pair.c, 0);
    close_pair(&pair);
}

/* The record behind the one with GAP joins the batch the fast way. */
static void shouldReportARefusalOnceThatABatchTells(void)
{
    struct pair pair = open_small_pair();

    (void)fill(pair.p, 1000);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 1000, 0), SHMRING_FULL);
    while (shmring_try_recv(pair.c, bytes_out, sizeof bytes_out, NULL) == SHMRING_OK) {
    }
    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 8, 0), SHMRING_OK);
    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 8, 0), SHMRING_OK);
    CHECK_STATUS(shmring_publish(pair.p), SHMRING_OK);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    send_number(pair.p, 3);
    expect_flags(pair.c, SHMRING_FLAG_GAP);
    expect_flags(pair.c, 0);
    expect_flags(pair.c, 0);
    close_pair(&pair);
}

static void shouldTellWhatACommitOrAPublicationCouldNotDo(void)
{
    struct pair pair = open_small_pair();
    void *at;

    CHECK_STATUS(shmring_commit(pair.p, 0, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_publish(pair.p), SHMRING_OK); /* nothing to do is no failure */
    CHECK_STATUS(shmring_reserve(pair.p, 8, &at), SHMRING_OK);
    CHECK_STATUS(shmring_commit(pair.p, 9, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_write_advance(pair.p, 1), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_reserve(pair.p, 8, &at), SHMRING_OK);
    CHECK_STATUS(shmring_commit(pair.p, 8, 0), SHMRING_OK);
    close_pair(&pair);
}

/* A batch is open when the consumer's position is found impossible; later it looks sound again. */
static void shouldStayCorruptWhileABatchIsOpen(void)
{
    const uint64_t impossible = from_start(UINT64_C(1) << 40);
    struct pair pair = open_small_pair();
    shmring_status status;

    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 1000, 0), SHMRING_OK);
    poke64(rig_name, HEAD_AT, impossible);
    poke64(rig_name, CURSOR_AT, impossible);
    do {
        status = shmring_stage(pair.p, bytes_in, 1000, 0);
    } while (status == SHMRING_OK);
    CHECK_STATUS(status, SHMRING_E_CORRUPT);
    poke64(rig_name, HEAD_AT, from_start(0));
    poke64(rig_name, CURSOR_AT, from_start(0));
    CHECK_STATUS(shmring_stage(pair.p, bytes_in, 8, 0), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_publish(pair.p), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 8, 0), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_publish(pair.p), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 1000, NULL), SHMRING_EMPTY); /* all dropped */
    close_pair(&pair);
}

/* Cursor and head as a consumer leaves them that dies between its two stores: head was almost an
 * eighth behind, and then the whole capacity was released at once. */
static void shouldTakeAHeadNineEighthsBehindForStale(int framing)
{
    const uint64_t lag = KIB64 + KIB64 / 8 - 8;
    shmring_options o = options_of(KIB64);
    shmring_verdict v;
    struct pair pair;
    unsigned i;

    o.framing = (uint32_t)framing;
    o.lifetime = SHMRING_PERSISTENT;
    pair = open_pair(&o);
    for (i = 0; i < 9; i++) { /* once round, and an eighth */
        if (framing == SHMRING_RECORDS) {
            CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 8184, 0), SHMRING_OK);
            CHECK_STATUS(shmring_try_recv(pair.c, bytes_out, 8184, NULL), SHMRING_OK);
        } else {
            CHECK_EQ(shmring_try_write(pair.p, bytes_in, 8192), 8192);
            CHECK_EQ(shmring_try_read(pair.c, bytes_out, 8192), 8192);
        }
    }
    poke64(rig_name, HEAD_AT, look64(rig_name, CURSOR_AT) - lag);
    CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_OK);
    CHECK_EQ(v.problem[0], 0);
    for (i = 0; i < 7; i++) {
        if (framing == SHMRING_RECORDS) {
            CHECK_STATUS(shmring_try_send(pair.p, bytes_in, 8184, 0), SHMRING_OK);
        } else {
            CHECK_EQ(shmring_try_write(pair.p, bytes_in, 8192), 8192);
        }
    }
    CHECK_STATUS(shmring_wait_space(pair.p, 9000, 0), SHMRING_FULL); /* and not corrupt */
    CHECK(behind_keep(rig_name));
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    CHECK(behind_remove(rig_name));
}

static void shouldTakeAHeadNineEighthsBehindForStaleInRecords(void)
{
    shouldTakeAHeadNineEighthsBehindForStale(SHMRING_RECORDS);
}

static void shouldTakeAHeadNineEighthsBehindForStaleInBytes(void)
{
    shouldTakeAHeadNineEighthsBehindForStale(SHMRING_BYTES);
}

int main(void)
{
    RUN(shouldReportARefusalWhoseProducerDied);
    RUN(shouldReportARefusalWhoseProducerClosed);
    RUN(shouldNotGuessAGapForAProducerThatDoesNotReport);
    RUN(shouldReportAGapOnceAfterADeathBehindItsWord);
    RUN(shouldReportAGapOnceAfterADeathBehindItsReport);
    RUN(shouldTakeAWaitingSendAfterARefusalForItsRetry);
    RUN(shouldTakeARefusalBackWhenARetryIsSaid);
    RUN(shouldReportARefusalOnceThatABatchTells);
    RUN(shouldTellWhatACommitOrAPublicationCouldNotDo);
    RUN(shouldStayCorruptWhileABatchIsOpen);
    RUN(shouldTakeAHeadNineEighthsBehindForStaleInRecords);
    RUN(shouldTakeAHeadNineEighthsBehindForStaleInBytes);
    RUN(shouldRefuseARecordLongerThanMaxRecordWhereThereIsRoom);
    RUN(shouldKeepABatchOpenWhenTheRingIsFull);
    RUN(shouldMarkTheRecordAfterARefusalWithGap);
    RUN(shouldTakeTheRefusalBackWhenTheProducerRelaxes);
    RUN(shouldKeepAGapWhenTheBatchThatCarriedItIsAborted);
    RUN(shouldTakeALargestRecordWheneverTheRingIsDrained);
    return check_done();
}
