/* SPDX-License-Identifier: MIT */
/* ended_test.c - what a call that cannot report an end leaves to be reported; descriptors of rings
 * whose name is gone, and whose waker is stopped; amounts of bytes; interrupts of a busy consumer.
 */
#include <poll.h>
#include <unistd.h>

#include "../support/rig_linux.h"

#define LONG_MS 60000 /* a test that waits this long has failed */

static unsigned char in[KIB64], out[KIB64];

/* ---- an end is reported once, by a call that can ---- */

/* Each asks a ring whose producer has closed, and returns no status. */
static void ask_nothing(shmring_consumer *c)
{
    (void)c;
}

static void ask_peek_many(shmring_consumer *c)
{
    shmring_record r[4];

    CHECK_EQ(shmring_peek_many(c, r, 4), 0);
}

static void ask_for_a_descriptor(shmring_consumer *c)
{
    CHECK(shmring_consumer_fd(c) >= 0);
}

static void ask_peek_many_with_a_descriptor(shmring_consumer *c)
{
    ask_for_a_descriptor(c);
    ask_peek_many(c);
}

static void ask_for_bytes(shmring_consumer *c)
{
    const void *at;

    CHECK_EQ(shmring_try_read(c, in, 16), 0);
    CHECK_EQ(shmring_read_span(c, &at), 0);
    CHECK_EQ(shmring_read_span_for(c, 16, &at), 0);
}

static void ask_for_bytes_with_a_descriptor(shmring_consumer *c)
{
    ask_for_a_descriptor(c);
    ask_for_bytes(c);
}

static void expect_the_end_after(void (*ask)(shmring_consumer *c), uint32_t framing, uint32_t stamp)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;

    o.framing = framing;
    o.stamp = stamp;
    o.lifetime = SHMRING_PERSISTENT;
    pair = open_pair(&o);
    shmring_producer_close(pair.p);
    ask(pair.c);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_CLOSED);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT); /* it was reported */
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

static void shouldLeaveAnEndToTheNextConsumerThatCanBeTold(void)
{
    expect_the_end_after(ask_nothing, SHMRING_RECORDS, 0);
    expect_the_end_after(ask_peek_many, SHMRING_RECORDS, 0);
    expect_the_end_after(ask_peek_many, SHMRING_RECORDS, SHMRING_STAMP_MONOTONIC);
    expect_the_end_after(ask_for_a_descriptor, SHMRING_RECORDS, 0);
    expect_the_end_after(ask_peek_many_with_a_descriptor, SHMRING_RECORDS, 0);
    expect_the_end_after(ask_nothing, SHMRING_BYTES, 0);
    expect_the_end_after(ask_for_bytes, SHMRING_BYTES, 0);
    expect_the_end_after(ask_for_bytes_with_a_descriptor, SHMRING_BYTES, 0);
}

static void shouldCountAnEndAsReportedThatADescriptorToldOf(void)
{
    shmring_options o = options_of(KIB64);
    struct pollfd ready = {.events = POLLIN};
    struct pair pair;
    shmring_status status;

    o.lifetime = SHMRING_PERSISTENT;
    pair = open_pair(&o);
    ready.fd = shmring_consumer_fd(pair.c);
    shmring_producer_close(pair.p);
    do {
        CHECK_EQ(poll(&ready, 1, LONG_MS), 1);
        status = shmring_try_recv(pair.c, in, 8, NULL);
    } while (status == SHMRING_EMPTY);
    CHECK_STATUS(status, SHMRING_CLOSED);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

static void shouldStayReadableUntilAnEndIsReported(void)
{
    struct pair pair = open_small_pair();
    struct pollfd ready = {.events = POLLIN};
    shmring_record r[4];

    ready.fd = shmring_consumer_fd(pair.c);
    shmring_producer_close(pair.p);
    do {
        CHECK_EQ(poll(&ready, 1, LONG_MS), 1);
        CHECK_EQ(shmring_peek_many(pair.c, r, 4), 0);
    } while (inspect().producer.alive);
    CHECK_EQ(shmring_peek_many(pair.c, r, 4), 0);
    CHECK_EQ(poll(&ready, 1, LONG_MS), 1);
    CHECK_STATUS(shmring_peek(pair.c, &r[0]), SHMRING_CLOSED);
    shmring_consumer_close(pair.c);
}

/* A byte producer whose consumer died: its own calls return a count, and the wait reports. */
static int open_and_exit(void *arg)
{
    shmring_consumer *c = NULL;

    return shmring_consumer_open(&c, arg, NULL) == SHMRING_OK ? 0 : 1;
}

static void shouldLeaveADeathToTheCallOfAByteProducerThatCanReportIt(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;

    o.framing = SHMRING_BYTES;
    o.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    CHECK_EQ(in_child(open_and_exit, rig_name), 0);
    CHECK(shmring_producer_fd(p) >= 0);
    CHECK_EQ(shmring_try_write(p, out, KIB64), KIB64);
    CHECK_EQ(shmring_try_write(p, out, 1), 0); /* full: arms, and cannot say more */
    shmring_producer_close(p);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_wait_space(p, 1, SHMRING_FOREVER), SHMRING_PEER_DEAD);
    shmring_producer_close(p);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

/* ---- a name that is gone ---- */

/* The consumer was told of its producer's end before, and waits on a descriptor for the next one.
 */
static void shouldTellADescriptorThatTheNameIsGone(void)
{
    shmring_options o = options_of(KIB64);
    struct pollfd ready = {.events = POLLIN};
    struct pair pair;
    shmring_status status;

    o.lifetime = SHMRING_PERSISTENT;
    pair = open_pair(&o);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_CLOSED);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    ready.fd = shmring_consumer_fd(pair.c);
    CHECK_STATUS(shmring_try_recv(pair.c, in, 8, NULL), SHMRING_EMPTY);
    CHECK_EQ(unlink(path_of(rig_name)), 0); /* by hand */
    do {
        CHECK_EQ(poll(&ready, 1, LONG_MS), 1);
        status = shmring_try_recv(pair.c, in, 8, NULL);
    } while (status == SHMRING_EMPTY);
    CHECK_STATUS(status, SHMRING_E_NOT_FOUND);
    shmring_consumer_close(pair.c);
}

/* ---- amounts ---- */

static void shouldShowMoreBytesAsTheyCome(void)
{
    struct pair pair = open_byte_pair();
    const void *at;

    CHECK_EQ(shmring_try_write(pair.p, "hello", 5), 5);
    CHECK_EQ(shmring_read_span(pair.c, &at), 5);
    CHECK_EQ(shmring_try_write(pair.p, " world", 7), 7);
    CHECK_EQ(shmring_read_span_for(pair.c, 5, &at), 5); /* known: it does not look again */
    CHECK_EQ(shmring_read_span_for(pair.c, 6, &at), 12);
    CHECK_EQ(shmring_try_write(pair.p, "!", 1), 1);
    CHECK_EQ(shmring_read_span(pair.c, &at), 13);
    CHECK(memcmp(at, "hello world\0!", 13) == 0);
    CHECK_STATUS(shmring_read_advance(pair.c, 14), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_read_advance(pair.c, 13), SHMRING_OK);
    close_pair(&pair);
}

static void shouldWaitForAnAmountOfBytes(void)
{
    struct pair pair = open_byte_pair();

    CHECK_EQ(shmring_try_write(pair.p, out, 5), 5);
    CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data_for(pair.c, 6, 0), SHMRING_EMPTY);
    CHECK_STATUS(shmring_wait_data_for(pair.c, 6, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_wait_data_for(pair.c, 5, SHMRING_FOREVER), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data_for(pair.c, 0, SHMRING_FOREVER), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data_for(pair.c, KIB64 + 1, 0), SHMRING_E_TOO_BIG);
    DETAIL_HAS("65537");
    CHECK_STATUS(shmring_wait_space_for(pair.p, KIB64 - 5, 0), SHMRING_OK);
    CHECK_STATUS(shmring_wait_space_for(pair.p, KIB64 - 4, 0), SHMRING_FULL);
    CHECK_STATUS(shmring_wait_space_for(pair.p, UINT64_C(1) << 32, 0), SHMRING_E_TOO_BIG);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_wait_data_for(pair.c, 6, SHMRING_FOREVER), SHMRING_CLOSED);
    CHECK_EQ(shmring_try_read(pair.c, in, 16), 5); /* fewer, and all that there are */
    shmring_consumer_close(pair.c);
    pair = open_small_pair();
    CHECK_STATUS(shmring_wait_data_for(pair.c, 1, 0), SHMRING_E_INVALID);
    close_pair(&pair);
}

static int write_by_two(void *arg)
{
    shmring_producer *p = NULL;
    unsigned i;

    if (shmring_producer_open(&p, arg, NULL) != SHMRING_OK) {
        return 1;
    }
    for (i = 0; i < 500; i++) {
        if (shmring_try_write(p, "ab", 2) != 2) {
            return 2;
        }
    }
    shmring_producer_close(p);
    return 0;
}

/* The descriptor is asked for an amount, and readable when it is there. */
static void shouldHaveADescriptorWaitForAnAmountOfBytes(void)
{
    shmring_options o = options_of(KIB64);
    struct pollfd ready = {.events = POLLIN};
    shmring_consumer *c = NULL;
    pid_t child;
    const void *at;

    o.framing = SHMRING_BYTES;
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    ready.fd = shmring_consumer_fd(c);
    child = process_start(write_by_two, rig_name);
    while (shmring_read_span_for(c, 1000, &at) < 1000) {
        CHECK_EQ(poll(&ready, 1, LONG_MS), 1);
    }
    CHECK_EQ(process_end(child), 0);
    CHECK_EQ(shmring_read_span(c, &at), 1000);
    shmring_consumer_close(c);
}

/* ---- interrupts ---- */

static void shouldInterruptAConsumerThatAlwaysHasARecord(void)
{
    struct pair pair = open_small_pair();

    CHECK_STATUS(shmring_try_send(pair.p, out, 8, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(pair.p, out, 8, 0), SHMRING_OK);
    shmring_consumer_interrupt(pair.c);
    CHECK_STATUS(shmring_recv(pair.c, in, 8, NULL, SHMRING_FOREVER), SHMRING_EMPTY);
    CHECK_STATUS(shmring_recv(pair.c, in, 8, NULL, SHMRING_FOREVER), SHMRING_OK); /* once */
    shmring_consumer_interrupt(pair.c);
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_EMPTY);
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_OK);
    shmring_consumer_interrupt(pair.c);
    CHECK_STATUS(shmring_try_recv(pair.c, in, 8, NULL), SHMRING_OK); /* no wait: it is kept */
    CHECK_STATUS(shmring_recv(pair.c, in, 8, NULL, SHMRING_FOREVER), SHMRING_EMPTY);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldLeaveAnEndToTheNextConsumerThatCanBeTold);
    RUN(shouldCountAnEndAsReportedThatADescriptorToldOf);
    RUN(shouldStayReadableUntilAnEndIsReported);
    RUN(shouldLeaveADeathToTheCallOfAByteProducerThatCanReportIt);
    RUN(shouldTellADescriptorThatTheNameIsGone);
    RUN(shouldShowMoreBytesAsTheyCome);
    RUN(shouldWaitForAnAmountOfBytes);
    RUN(shouldHaveADescriptorWaitForAnAmountOfBytes);
    RUN(shouldInterruptAConsumerThatAlwaysHasARecord);
    return check_done();
}
