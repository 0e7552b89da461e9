/* SPDX-License-Identifier: MIT */
/* bytes_test.c - byte framing, and what each framing says to the other's calls. */
#include "../support/rig.h"

static unsigned char in[65536 + 64], out[65536 + 64];

static void shouldUseTheWholeCapacityAndStopThere(void)
{
    struct pair pair = open_byte_pair();
    size_t i;

    for (i = 0; i < sizeof in; i++) {
        in[i] = (unsigned char)(i * 31 >> 3);
    }
    CHECK_EQ(shmring_try_read(pair.c, out, 10), 0);
    CHECK_EQ(shmring_try_write(pair.p, in, 0), 0);
    CHECK_EQ(shmring_try_write(pair.p, in, sizeof in), 65536);
    CHECK_EQ(shmring_try_write(pair.p, in, 1), 0);
    CHECK_EQ(shmring_try_read(pair.c, out, 3), 3);
    CHECK_EQ(shmring_try_write(pair.p, in + 65536, 64), 3);
    CHECK_EQ(shmring_try_read(pair.c, out + 3, sizeof out), 65536);
    CHECK(memcmp(in, out, 65539) == 0);
    CHECK_EQ(shmring_try_read(pair.c, out, 10), 0);
    close_pair(&pair);
}

static void shouldGiveContiguousSpansAcrossTheEndOfTheRing(void)
{
    struct pair pair = open_byte_pair();
    const void *from = NULL;
    void *to = NULL;

    CHECK_EQ(shmring_write_span(pair.p, &to), 65536);
    shmring_write_advance(pair.p, 65000);
    CHECK_EQ(shmring_read_span(pair.c, &from), 65000);
    shmring_read_advance(pair.c, 65000);
    CHECK_EQ(shmring_write_span(pair.p, &to), 65536); /* wraps inside */
    memcpy(to, in, 65536);
    CHECK_EQ(shmring_read_span(pair.c, &from), 0);
    shmring_write_advance(pair.p, 65536);
    CHECK_EQ(shmring_read_span(pair.c, &from), 65536);
    CHECK(memcmp(from, in, 65536) == 0);
    shmring_read_advance(pair.c, 1);
    CHECK_EQ(shmring_read_span(pair.c, &from), 65535);
    CHECK(memcmp(from, in + 1, 65535) == 0);
    to = NULL;
    CHECK_EQ(shmring_write_span(pair.p, &to), 1);
    close_pair(&pair);
}

static void shouldRefuseAnAdvanceBeyondTheSpan(void)
{
    struct pair pair = open_byte_pair();
    const void *from = NULL;
    void *to = NULL;

    CHECK_EQ(shmring_write_span(pair.p, &to), 65536);
    shmring_write_advance(pair.p, 65537);
    DETAIL_HAS(rig_name);
    DETAIL_HAS("65537");
    CHECK_EQ(shmring_read_span(pair.c, &from), 0);
    shmring_write_advance(pair.p, UINT64_MAX);
    CHECK_EQ(look64(rig_name, TAIL_AT), from_start(0));
    shmring_write_advance(pair.p, 10);
    CHECK_EQ(shmring_read_span(pair.c, &from), 10);
    shmring_read_advance(pair.c, 11);
    DETAIL_HAS("11");
    shmring_read_advance(pair.c, UINT64_MAX);
    CHECK_EQ(look64(rig_name, CURSOR_AT), from_start(0));
    shmring_read_advance(pair.c, 0);
    shmring_read_advance(pair.c, 10);
    CHECK_EQ(look64(rig_name, CURSOR_AT), from_start(10));
    close_pair(&pair);
}

static void shouldRefuseRecordCallsOnAByteRing(void)
{
    struct pair pair = open_byte_pair();
    shmring_record r;
    void *at = NULL;

    CHECK_STATUS(shmring_try_send(pair.p, in, 4, 0), SHMRING_E_INVALID);
    DETAIL_HAS("byte framing");
    DETAIL_HAS(rig_name);
    CHECK_STATUS(shmring_try_send(pair.p, in, 0, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_send(pair.p, in, 4, 0, MS), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_reserve(pair.p, 4, &at), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_stage(pair.p, in, 4, 0), SHMRING_E_INVALID);
    shmring_commit(pair.p, 0, 0);
    shmring_publish(pair.p);
    shmring_abort(pair.p);
    CHECK_EQ(shmring_try_write(pair.p, in, 100), 100);
    CHECK_STATUS(shmring_try_send(pair.p, in, 0, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_try_recv(pair.c, out, 100, &r), SHMRING_E_INVALID);
    DETAIL_HAS("byte framing");
    CHECK_STATUS(shmring_recv(pair.c, out, 100, &r, MS), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_E_INVALID);
    CHECK_EQ(shmring_peek_many(pair.c, &r, 1), 0);
    shmring_release(pair.c);
    shmring_release_many(pair.c, 1);
    CHECK_EQ(shmring_try_read(pair.c, out, 200), 100); /* and nothing is broken */
    close_pair(&pair);
}

static void shouldRefuseByteCallsOnARecordRing(void)
{
    struct pair pair = open_small_pair();
    const void *from = NULL;
    void *to = NULL;

    CHECK_STATUS(shmring_try_send(pair.p, in, 100, 0), SHMRING_OK);
    CHECK_EQ(shmring_try_write(pair.p, in, 4), 0);
    DETAIL_HAS(rig_name);
    CHECK_EQ(shmring_try_write(pair.p, in, 0), 0);
    CHECK_EQ(shmring_write_span(pair.p, &to), 0);
    shmring_write_advance(pair.p, 4);
    CHECK_EQ(shmring_try_read(pair.c, out, 4), 0);
    DETAIL_HAS("record framing");
    CHECK_EQ(shmring_read_span(pair.c, &from), 0);
    shmring_read_advance(pair.c, 8);
    CHECK_STATUS(shmring_try_recv(pair.c, out, 100, NULL), SHMRING_OK);
    CHECK_EQ(shmring_try_read(pair.c, out, 4), 0); /* nor when the cursor has moved */
    CHECK_EQ(shmring_read_span(pair.c, &from), 0);
    shmring_read_advance(pair.c, 8);
    CHECK_EQ(look64(rig_name, CURSOR_AT), from_start(112));
    CHECK(to == NULL && from == NULL);
    close_pair(&pair);
}

static void shouldWaitForBytesAndForRoom(void)
{
    struct pair pair = open_byte_pair();

    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_wait_space(pair.p, 65536, MS), SHMRING_OK);
    CHECK_STATUS(shmring_wait_space(pair.p, 65537, MS), SHMRING_E_TOO_BIG);
    DETAIL_HAS("65537");
    DETAIL_HAS("65536");
    CHECK_EQ(shmring_try_write(pair.p, in, 1), 1);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_OK);
    CHECK_STATUS(shmring_wait_space(pair.p, 65536, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_wait_space(pair.p, 65535, MS), SHMRING_OK);
    CHECK_EQ(shmring_try_read(pair.c, out, 1), 1);
    CHECK_STATUS(shmring_wait_space(pair.p, 65536, MS), SHMRING_OK);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_CLOSED);
    shmring_consumer_close(pair.c);
}

static void shouldKeepUnreadBytesForTheNextConsumer(void)
{
    struct pair pair = open_byte_pair();

    CHECK_EQ(shmring_try_write(pair.p, "abcdef", 6), 6);
    CHECK_EQ(shmring_try_read(pair.c, out, 2), 2);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_OK);
    CHECK_EQ(shmring_try_read(pair.c, out, 10), 4);
    CHECK(memcmp(out, "cdef", 4) == 0);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_CLOSED);
    shmring_consumer_close(pair.c);
}

static void shouldRefuseAnAdvanceBeyondTheRoomThatIsLeft(void)
{
    static unsigned char buf[60000];
    struct pair pair = open_byte_pair();
    uint64_t room;
    void *at = NULL;

    CHECK_EQ(shmring_try_write(pair.p, buf, sizeof buf), sizeof buf);
    room = shmring_write_span(pair.p, &at);
    CHECK_EQ(room, pair.p->capacity - sizeof buf);
    shmring_write_advance(pair.p, room + 1);
    CHECK_EQ(look64(rig_name, TAIL_AT), from_start(sizeof buf));
    shmring_write_advance(pair.p, room);
    CHECK_EQ(look64(rig_name, TAIL_AT), from_start(pair.p->capacity));
    close_pair(&pair);
}

/* The head that the producer polls is late; the cursor is not. */
static void shouldShowAllThatIsFreeWhereLittleIsKnown(void)
{
    struct pair pair = open_byte_pair();
    const void *from;
    void *to;

    CHECK_EQ(shmring_try_write(pair.p, out, 64000), 64000);
    CHECK_EQ(shmring_read_span(pair.c, &from), 64000);
    shmring_read_advance(pair.c, 8000);
    CHECK_EQ(shmring_write_span(pair.p, &to), 65536 - 64000 + 8000);
    close_pair(&pair);
}

static void shouldShowAtLeastWhatIsAskedForWhereItIsFree(void)
{
    struct pair pair = open_byte_pair();
    const void *from;
    void *to = NULL;

    CHECK_EQ(shmring_try_write(pair.p, out, 40000), 40000);
    CHECK_EQ(shmring_read_span(pair.c, &from), 40000);
    shmring_read_advance(pair.c, 3000);
    CHECK(shmring_write_span_for(pair.p, 28536, &to) >= 28536);
    CHECK_EQ(shmring_write_span_for(pair.p, 28537, &to), 28536); /* all there is */
    CHECK(shmring_write_span_for(pair.p, 0, &to) != 0);
    CHECK_STATUS(shmring_write_advance(pair.p, 28537), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_write_advance(pair.p, 28536), SHMRING_OK);
    CHECK_EQ(shmring_write_span_for(pair.p, 0, &to), 0);
    close_pair(&pair);
    pair = open_small_pair();
    CHECK_EQ(shmring_write_span_for(pair.p, 1, &to), 0); /* no byte ring */
    DETAIL_HAS("byte framing");
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldShowAllThatIsFreeWhereLittleIsKnown);
    RUN(shouldShowAtLeastWhatIsAskedForWhereItIsFree);
    RUN(shouldRefuseAnAdvanceBeyondTheRoomThatIsLeft);
    RUN(shouldUseTheWholeCapacityAndStopThere);
    RUN(shouldGiveContiguousSpansAcrossTheEndOfTheRing);
    RUN(shouldRefuseAnAdvanceBeyondTheSpan);
    RUN(shouldRefuseRecordCallsOnAByteRing);
    RUN(shouldRefuseByteCallsOnARecordRing);
    RUN(shouldWaitForBytesAndForRoom);
    RUN(shouldKeepUnreadBytesForTheNextConsumer);
    return check_done();
}
