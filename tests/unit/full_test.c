/* SPDX-License-Identifier: MIT */
/* full_test.c - a full ring: what is refused, what is counted, and where the GAP goes. */
#include "rig.h"

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

int main(void)
{
    RUN(shouldRefuseARecordLongerThanMaxRecordWhereThereIsRoom);
    RUN(shouldKeepABatchOpenWhenTheRingIsFull);
    RUN(shouldMarkTheRecordAfterARefusalWithGap);
    RUN(shouldTakeTheRefusalBackWhenTheProducerRelaxes);
    RUN(shouldKeepAGapWhenTheBatchThatCarriedItIsAborted);
    RUN(shouldTakeALargestRecordWheneverTheRingIsDrained);
    return check_done();
}
