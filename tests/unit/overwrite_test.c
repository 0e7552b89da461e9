/* SPDX-License-Identifier: MIT */
/* overwrite_test.c - rings whose producer never waits: what is kept, how being lapped is told, and
 * what a new owner of either role finds. */
#include "../support/rig.h"

#define EVICT_AT (SHMRING_PRODUCER_AT + 0x100)

static unsigned char big[65536], out[65536];

static shmring_options overwrite_options(void)
{
    shmring_options o = options_of(KIB64);

    o.overflow = SHMRING_OVERWRITE;
    return o;
}

static struct pair open_overwrite_pair(void)
{
    shmring_options o = overwrite_options();

    return open_pair(&o);
}

/* Record `value`: the number, and as many bytes more as it says. */
static uint32_t length_of(uint64_t value)
{
    return (uint32_t)(8 + value * 37 % 1500);
}

static void send_numbers(shmring_producer *p, uint64_t from, uint64_t to)
{
    for (; from < to; from++) {
        memset(big, (int)(from & 0xFF), length_of(from));
        memcpy(big, &from, 8);
        CHECK_STATUS(shmring_try_send(p, big, length_of(from), (uint16_t)from), SHMRING_OK);
    }
}

/* Reads all there is; the records must be whole, and follow each other unless LAPPED was told.
 * Returns how many; *next is the number behind the last one. */
static uint64_t read_numbers(shmring_consumer *c, uint64_t *next, uint64_t *laps)
{
    uint64_t n = 0, value, i;
    shmring_status status;
    shmring_record r;
    int free_to_jump = 0;

    while ((status = shmring_try_recv(c, out, sizeof out, &r)) != SHMRING_EMPTY) {
        if (status == SHMRING_LAPPED) {
            CHECK(shmring_consumer_lost(c) > 0);
            ++*laps;
            free_to_jump = 1;
            continue;
        }
        CHECK_STATUS(status, SHMRING_OK);
        memcpy(&value, out, 8);
        CHECK(value == *next || (free_to_jump && value > *next));
        CHECK_EQ(r.len, length_of(value));
        CHECK_EQ(r.type, (uint16_t)value);
        for (i = 8; i < r.len; i++) {
            CHECK_EQ(out[i], value & 0xFF);
        }
        free_to_jump = 0;
        *next = value + 1;
        n++;
    }
    return n;
}

static void shouldNeverRefuseARecord(void)
{
    struct pair pair = open_overwrite_pair();
    shmring_info info;

    send_numbers(pair.p, 0, 5000);
    CHECK_STATUS(shmring_wait_space(pair.p, 16384, 0), SHMRING_OK);
    CHECK_STATUS(shmring_send(pair.p, big, 16384, 0, 0), SHMRING_OK);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_EQ(info.counters.sent, 5001);
    CHECK_EQ(info.counters.rejected, 0);
    CHECK(info.used <= KIB64);
    close_pair(&pair);
}

static void shouldTellOnceThatRecordsWereLostAndGoOnAtTheOldest(void)
{
    struct pair pair = open_overwrite_pair();
    uint64_t next = 0, laps = 0, n;
    shmring_info info;

    send_numbers(pair.p, 0, 10);
    CHECK_EQ(read_numbers(pair.c, &next, &laps), 10);
    CHECK_EQ(laps, 0);
    CHECK_EQ(shmring_consumer_lost(pair.c), 0);
    send_numbers(pair.p, 10, 3000);
    n = read_numbers(pair.c, &next, &laps);
    CHECK_EQ(laps, 1);
    CHECK_EQ(next, 3000);
    CHECK(n > 65 && n < 100); /* they have 759 bytes on the average, and at least 13/16 stay */
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_EQ(info.counters.lapped, 1);
    CHECK_EQ(info.counters.lapped_bytes, shmring_consumer_lost(pair.c));
    CHECK_EQ(info.counters.received, 10 + n);
    CHECK_EQ(info.cursor, info.tail);
    close_pair(&pair);
}

static void shouldKeepAtLeastThirteenSixteenthsOfTheRing(void)
{
    struct pair pair = open_overwrite_pair();
    uint64_t i, least = KIB64;
    shmring_info info;

    send_numbers(pair.p, 0, 200);
    for (i = 200; i < 1200; i++) {
        send_numbers(pair.p, i, i + 1);
        CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
        least = info.tail - info.evict < least ? info.tail - info.evict : least;
        CHECK_EQ(info.evict & 7u, 0);
    }
    CHECK(least >= KIB64 * 13 / 16);
    close_pair(&pair);
}

static void shouldReadRecordsInPlaceOnlyWhereTheProducerWaits(void)
{
    struct pair pair = open_overwrite_pair();
    shmring_record r;

    send_numbers(pair.p, 0, 3);
    CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_E_UNSUPPORTED);
    DETAIL_HAS("overwrite");
    CHECK_EQ(shmring_peek_many(pair.c, &r, 1), 0);
    shmring_release(pair.c);
    CHECK_STATUS(shmring_recv(pair.c, out, sizeof out, &r, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, out, 4, &r), SHMRING_E_TOO_BIG);
    CHECK_EQ(r.len, length_of(1));
    CHECK(r.data == NULL);
    CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, &r), SHMRING_OK);
    CHECK_EQ(r.type, 1);
    close_pair(&pair);
}

static void shouldOverwriteByReservationsAndBatchesToo(void)
{
    struct pair pair = open_overwrite_pair();
    uint64_t next = 0, laps = 0, i, j;
    void *at;

    for (i = 0; i < 2000; i += 5) {
        for (j = i; j < i + 3; j++) {
            memset(big, (int)(j & 0xFF), length_of(j));
            memcpy(big, &j, 8);
            CHECK_STATUS(shmring_stage(pair.p, big, length_of(j), (uint16_t)j), SHMRING_OK);
        }
        shmring_publish(pair.p);
        CHECK_STATUS(shmring_reserve(pair.p, length_of(j), &at), SHMRING_OK);
        memset(at, (int)(j & 0xFF), length_of(j));
        memcpy(at, &j, 8);
        shmring_commit(pair.p, length_of(j), (uint16_t)j);
        send_numbers(pair.p, j + 1, j + 2);
        if (i % 7 == 0) {
            (void)read_numbers(pair.c, &next, &laps);
            CHECK_EQ(next, i + 5);
        }
    }
    CHECK_EQ(laps, 0);
    close_pair(&pair);
}

static void shouldRefuseOnlyABatchThatIsLargerThanTheRing(void)
{
    struct pair pair = open_overwrite_pair();
    uint64_t staged = 0, n = 0;
    shmring_record r;

    send_numbers(pair.p, 0, 500);
    while (shmring_stage(pair.p, big, 1000, 7) == SHMRING_OK) {
        CHECK(++staged <= 65);
    }
    CHECK_EQ(staged, 65); /* 64 of 1008 bytes and one more: 65 * 1008 + 8 <= 65536 */
    shmring_publish(pair.p);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, &r), SHMRING_LAPPED);
    while (shmring_try_recv(pair.c, out, sizeof out, &r) == SHMRING_OK) {
        CHECK_EQ(r.type, 7);
        n++;
    }
    CHECK_EQ(n, staged);
    close_pair(&pair);
}

static void shouldGiveANewProducerAllThatTheLastOneLeft(void)
{
    struct pair pair = open_overwrite_pair();
    uint64_t next = 0, laps = 0, n;

    send_numbers(pair.p, 0, 777);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    send_numbers(pair.p, 777, 1555);
    n = read_numbers(pair.c, &next, &laps);
    CHECK_EQ(laps, 1);
    CHECK_EQ(next, 1555);
    CHECK(n > 60);
    CHECK_STATUS(shmring_verify(rig_name, &(shmring_verdict){0}), SHMRING_OK);
    close_pair(&pair);
}

/* Lapped by a little, by more than the ring, and not at all. */
static void shouldBeFoundSoundWhereverTheConsumerIs(void)
{
    struct pair pair = open_overwrite_pair();
    shmring_verdict v = {0};
    uint64_t i;

    for (i = 0; i < 300; i++) {
        send_numbers(pair.p, i, i + 1);
        CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_OK);
    }
    close_pair(&pair);
}

static void shouldTellANewConsumerThatItWasLapped(void)
{
    struct pair pair = open_overwrite_pair();
    uint64_t next = 0, laps = 0;

    send_numbers(pair.p, 0, 20);
    (void)read_numbers(pair.c, &next, &laps);
    shmring_consumer_close(pair.c);
    send_numbers(pair.p, 20, 4000);
    CHECK_STATUS(shmring_verify(rig_name, &(shmring_verdict){0}), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    (void)read_numbers(pair.c, &next, &laps);
    CHECK_EQ(laps, 1);
    CHECK_EQ(next, 4000);
    close_pair(&pair);
}

static void shouldCrossTheEndOfThePositions(void)
{
    shmring_options o = overwrite_options();
    struct pair pair;
    uint64_t next = 0, laps = 0, i;

    o.start_position = UINT64_MAX - 300007;
    pair = open_pair(&o);
    for (i = 0; i < 3000; i += 150) {
        send_numbers(pair.p, i, i + 150);
        (void)read_numbers(pair.c, &next, &laps);
        CHECK_EQ(next, i + 150);
    }
    CHECK_EQ(laps, 20);
    close_pair(&pair);
}

static void shouldSayClosedWhenTheProducerHasClosedAndAllIsRead(void)
{
    struct pair pair = open_overwrite_pair();

    send_numbers(pair.p, 0, 2);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_recv(pair.c, out, sizeof out, NULL, SHMRING_FOREVER), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair.c, out, sizeof out, NULL, SHMRING_FOREVER), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair.c, out, sizeof out, NULL, SHMRING_FOREVER), SHMRING_CLOSED);
    pair.p = NULL;
    close_pair(&pair);
}

static void shouldCallImpossiblePositionsCorrupt(void)
{
    struct pair pair = open_overwrite_pair();
    shmring_producer *p = NULL;

    send_numbers(pair.p, 0, 300);
    poke64(rig_name, EVICT_AT, look64(rig_name, EVICT_AT) + 4);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_E_CORRUPT);
    shmring_producer_close(pair.p);
    pair.p = NULL;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_CORRUPT);
    poke64(rig_name, EVICT_AT, look64(rig_name, EVICT_AT) + 4); /* no record begins here */
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_CORRUPT);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldNeverRefuseARecord);
    RUN(shouldTellOnceThatRecordsWereLostAndGoOnAtTheOldest);
    RUN(shouldKeepAtLeastThirteenSixteenthsOfTheRing);
    RUN(shouldReadRecordsInPlaceOnlyWhereTheProducerWaits);
    RUN(shouldOverwriteByReservationsAndBatchesToo);
    RUN(shouldRefuseOnlyABatchThatIsLargerThanTheRing);
    RUN(shouldGiveANewProducerAllThatTheLastOneLeft);
    RUN(shouldBeFoundSoundWhereverTheConsumerIs);
    RUN(shouldTellANewConsumerThatItWasLapped);
    RUN(shouldCrossTheEndOfThePositions);
    RUN(shouldSayClosedWhenTheProducerHasClosedAndAllIsRead);
    RUN(shouldCallImpossiblePositionsCorrupt);
    return check_done();
}
