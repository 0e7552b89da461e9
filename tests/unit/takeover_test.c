/* SPDX-License-Identifier: MIT */
/* takeover_test.c - a new producer of an overwrite ring, among the records of its predecessors. */
#include "../support/rig.h"

#define EVICT_AT (SHMRING_PRODUCER_AT + 0x100)
#define MIB      UINT64_C(1048576)

/* A ring of that size, full of records of 8 bytes whose producer has gone. Returns their number. */
static uint64_t leave_full_ring(uint64_t capacity)
{
    shmring_options o = options_of(capacity);
    shmring_producer *p = NULL;
    uint64_t n = capacity / 16 + 5000, i;

    o.overflow = SHMRING_OVERWRITE;
    o.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    for (i = 0; i < n; i++) {
        CHECK_STATUS(shmring_try_send(p, &i, 8, 1), SHMRING_OK);
    }
    CHECK(behind_keep(rig_name));
    shmring_producer_close(p);
    return n;
}

/* Reads all that the ring has; the numbers follow each other up to `end`. Returns how many. */
static uint64_t read_rest(uint64_t end)
{
    shmring_consumer *c = NULL;
    uint64_t value = 0, next = 0, n = 0;
    shmring_status status;

    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    while ((status = shmring_try_recv(c, &value, 8, NULL)) != SHMRING_EMPTY &&
           status != SHMRING_CLOSED) {
        if (status != SHMRING_LAPPED) {
            CHECK_STATUS(status, SHMRING_OK);
            CHECK(n == 0 || value == next);
            next = value + 1;
            n++;
        }
    }
    CHECK_EQ(next, end);
    shmring_consumer_close(c);
    return n;
}

/* Three producers, each of which goes on in the middle of a lap of others. */
static void shouldGiveUpOldRecordsBitByBitAfterANewProducerCame(void)
{
    const uint64_t capacity = 4 * MIB;
    uint64_t sent = leave_full_ring(capacity), i, round, before = inspect().evict;
    shmring_producer *p = NULL;
    shmring_info info;

    for (round = 0; round < 3; round++) {
        CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
        for (i = 0; i < capacity / 16 * 3 / 4; i++, sent++) {
            CHECK_STATUS(shmring_try_send(p, &sent, 8, 1), SHMRING_OK);
            if (i % 4096 == 0) {
                info = inspect();
                CHECK(info.tail - info.evict >= capacity - capacity / 8);
                CHECK(info.evict - before <= capacity / 8);
                CHECK_EQ(info.counters.evicted, (info.evict - from_start(0)) / 16);
                before = info.evict;
            }
        }
        CHECK_STATUS(shmring_verify(rig_name, &(shmring_verdict){0}), SHMRING_OK);
        shmring_producer_close(p);
    }
    CHECK(read_rest(sent) >= capacity / 16 * 7 / 8);
    CHECK(behind_remove(rig_name));
}

/* A producer that died between the stores of evict and of its count: of a small ring the next one
 * counts again, of a large one the count comes back when the old records are gone. */
static void shouldCountAgainWhatWasEvictedAfterTheCountWasLost(void)
{
    const uint64_t capacities[] = {KIB64, MIB, 4 * MIB};
    uint64_t sent, i, k;
    shmring_producer *p = NULL;

    for (k = 0; k < 3; k++) {
        sent = leave_full_ring(capacities[k]);
        poke64(rig_name, EVICT_AT + 8, 0);
        CHECK_EQ(inspect().counters.evicted, SHMRING_UNKNOWN);
        CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
        for (i = 0; i < capacities[k] / 16; i++, sent++) {
            if (i % 2048 == 0 && inspect().counters.evicted == SHMRING_UNKNOWN) {
                CHECK(capacities[k] > MIB);
            }
            CHECK_STATUS(shmring_try_send(p, &sent, 8, 1), SHMRING_OK);
        }
        for (i = 0; i < capacities[k] / 32; i++, sent++) {
            CHECK_STATUS(shmring_try_send(p, &sent, 8, 1), SHMRING_OK);
        }
        CHECK_EQ(inspect().counters.evicted, (inspect().evict - from_start(0)) / 16);
        shmring_producer_close(p);
        CHECK(behind_remove(rig_name));
    }
}

/* What a large ring's old records hide is found when evict comes there, and not passed over. */
static void find_bad_word(uint64_t word)
{
    const uint64_t capacity = 4 * MIB;
    uint64_t sent = leave_full_ring(capacity), bad = inspect().evict + 2 * MIB, n;
    shmring_producer *p = NULL;
    shmring_status status = SHMRING_OK;

    poke64(rig_name, SHMRING_HEADER_SIZE + (bad & (capacity - 1)), word);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    for (n = 0; n < capacity / 16 && status == SHMRING_OK; n++) {
        status = shmring_try_send(p, &sent, 8, 1);
    }
    CHECK_STATUS(status, SHMRING_E_CORRUPT);
    DETAIL_HAS(rig_name);
    DETAIL_HAS("earlier producer");
    CHECK_STATUS(shmring_try_send(p, &sent, 8, 1), SHMRING_E_CORRUPT);
    CHECK(bad - inspect().evict < MIB); /* not beyond it */
    shmring_producer_close(p);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_CORRUPT); /* near: at once */
    CHECK(behind_remove(rig_name));
}

static void shouldFindACorruptOldRecordOfALargeRingWhenItComesThere(void)
{
    find_bad_word(0);
    find_bad_word(word_of(7, 1) | UINT64_C(1) << 50);
    find_bad_word(word_of(UINT32_MAX, 1));
}

/* A record, and a batch, that need more at once than the part that is read in a moment. */
static void shouldMakeRoomForLargeRecordsAmongSmallOldOnes(void)
{
    const uint64_t capacity = 4 * MIB;
    uint64_t sent = leave_full_ring(capacity), i;
    static unsigned char large[1000000];
    shmring_producer *p = NULL;

    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(p, large, sizeof large, 2), SHMRING_OK);
    CHECK_STATUS(shmring_verify(rig_name, &(shmring_verdict){0}), SHMRING_OK);
    for (i = 0; i < 60000; i++) {
        CHECK_STATUS(shmring_stage(p, &sent, 8, 2), SHMRING_OK);
    }
    shmring_publish(p);
    CHECK_STATUS(shmring_verify(rig_name, &(shmring_verdict){0}), SHMRING_OK);
    CHECK(inspect().tail - inspect().evict >= capacity / 4 * 3);
    shmring_producer_close(p);
    CHECK(behind_remove(rig_name));
}

int main(void)
{
    RUN(shouldGiveUpOldRecordsBitByBitAfterANewProducerCame);
    RUN(shouldCountAgainWhatWasEvictedAfterTheCountWasLost);
    RUN(shouldFindACorruptOldRecordOfALargeRingWhenItComesThere);
    RUN(shouldMakeRoomForLargeRecordsAmongSmallOldOnes);
    return check_done();
}
