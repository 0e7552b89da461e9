/* SPDX-License-Identifier: MIT */
/* replace_test.c - a consumer that came first and asked for nothing has the ring that the first
 * producer asks for. */
#include <poll.h>

#include "../support/rig.h"

#define LIFECYCLE_AT (SHMRING_DOORBELL_AT + 0x580)
#define TEXT         "type 1 Point\nint32 x\nint32 y\n"

static shmring_consumer *consumer;
static shmring_producer *producer;

static void begin(const shmring_options *opt)
{
    CHECK_STATUS(shmring_consumer_open(&consumer, new_name(), opt), SHMRING_OK);
}

static void end(void)
{
    shmring_producer_close(producer);
    shmring_consumer_close(consumer);
    producer = NULL;
    consumer = NULL;
    CHECK(!is_there(rig_name));
}

static shmring_ring_info now_in(void)
{
    shmring_ring_info info = SHMRING_RING_INFO_INIT;

    CHECK_STATUS(shmring_consumer_info(consumer, &info), SHMRING_OK);
    return info;
}

/* A record sent comes, and then the producer's close. */
static void pass_records(void)
{
    uint64_t value = 7;
    shmring_record record;

    CHECK_STATUS(shmring_send(producer, &value, sizeof value, 3, 0), SHMRING_OK);
    value = 0;
    CHECK_STATUS(shmring_recv(consumer, &value, sizeof value, &record, 5000 * MS), SHMRING_OK);
    CHECK_EQ(value, 7);
    CHECK_EQ(record.type, 3);
    shmring_producer_close(producer);
    producer = NULL;
    CHECK_STATUS(shmring_recv(consumer, &value, sizeof value, &record, 5000 * MS), SHMRING_CLOSED);
}

static void give_way(const shmring_options *mine, const shmring_options *asked)
{
    begin(mine);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, asked), SHMRING_OK);
    pass_records();
}

static void shouldTakeTheCapacityOfTheProducer(void)
{
    const shmring_options larger = options_of(4 * KIB64 * 16), smaller = options_of(KIB64);

    give_way(NULL, &larger);
    CHECK_EQ(now_in().capacity, larger.capacity);
    end();
    give_way(NULL, &smaller);
    CHECK_EQ(now_in().capacity, smaller.capacity);
    end();
}

static void shouldTakeEachOtherOptionOfTheProducer(void)
{
    shmring_options o = options_of(0);

    o.stamp = SHMRING_STAMP_MONOTONIC;
    give_way(NULL, &o);
    CHECK_EQ(now_in().stamp, SHMRING_STAMP_MONOTONIC);
    end();
    o = options_of(0);
    o.overflow = SHMRING_OVERWRITE;
    give_way(NULL, &o);
    CHECK_EQ(now_in().overflow, SHMRING_OVERWRITE);
    end();
    o = options_of(0);
    o.max_record = 100;
    o.schema = 55;
    o.permissions = 0640;
    give_way(NULL, &o);
    CHECK_EQ(now_in().max_record, 100);
    CHECK_EQ(now_in().schema, 55);
    CHECK_EQ(now_in().permissions, 0640);
    end();
    o = options_of(0);
    o.description = TEXT;
    give_way(NULL, &o);
    CHECK(now_in().schema != 0);
    end();
}

static void shouldStayWhenTheProducerAsksForAPersistentRing(void)
{
    shmring_options o = options_of(0);

    o.lifetime = SHMRING_PERSISTENT;
    give_way(NULL, &o);
    shmring_consumer_close(consumer);
    consumer = NULL;
    CHECK(is_there(rig_name));
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

static void shouldBecomeARingOfBytes(void)
{
    shmring_options o = options_of(0);
    char buf[8];

    o.framing = SHMRING_BYTES;
    begin(NULL);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, &o), SHMRING_OK);
    CHECK_EQ(shmring_try_write(producer, "abc", 3), 3);
    CHECK_STATUS(shmring_wait_data(consumer, 5000 * MS), SHMRING_OK);
    CHECK_EQ(shmring_try_read(consumer, buf, sizeof buf), 3);
    CHECK_STATUS(shmring_try_recv(consumer, buf, sizeof buf, NULL), SHMRING_E_INVALID);
    end();
}

static void shouldKeepWhatTheConsumerAskedFor(void)
{
    shmring_options mine = options_of(2 * KIB64), asked = options_of(0);

    mine.description = TEXT;
    asked.stamp = SHMRING_STAMP_MONOTONIC;
    give_way(&mine, &asked);
    CHECK_EQ(now_in().capacity, 2 * KIB64);
    CHECK_EQ(now_in().stamp, SHMRING_STAMP_MONOTONIC);
    CHECK(now_in().schema != 0);
    end();

    begin(&mine);
    asked.capacity = KIB64;
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, &asked), SHMRING_E_MISMATCH);
    DETAIL_HAS("131072");
    end();
}

static void shouldNotReplaceARingThatAProducerHasHeld(void)
{
    const shmring_options o = options_of(KIB64);

    begin(NULL);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, NULL), SHMRING_OK);
    shmring_producer_close(producer);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, &o), SHMRING_E_MISMATCH);
    producer = NULL;
    end();
}

static void shouldNotReplaceARingThatSomebodyMadeOnPurpose(void)
{
    shmring_options mine = options_of(0), asked = options_of(KIB64);

    mine.open_mode = SHMRING_CREATE_ONLY;
    begin(&mine);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, &asked), SHMRING_E_MISMATCH);
    end();
    CHECK_STATUS(shmring_create(new_name(), NULL), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&consumer, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, &asked), SHMRING_E_MISMATCH);
    shmring_consumer_close(consumer);
    consumer = NULL;
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

static void shouldReachAConsumerThatOnlyTries(void)
{
    const shmring_options o = options_of(KIB64);
    char buf[8];
    shmring_status status = SHMRING_EMPTY;
    int i;

    begin(NULL);
    CHECK_STATUS(shmring_try_recv(consumer, buf, sizeof buf, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, &o), SHMRING_OK);
    CHECK_STATUS(shmring_send(producer, "x", 1, 0, 0), SHMRING_OK);
    for (i = 0; i < 3 && status == SHMRING_EMPTY; i++) {
        status = shmring_try_recv(consumer, buf, sizeof buf, NULL);
    }
    CHECK_STATUS(status, SHMRING_OK);
    end();
}

static void shouldKeepTheDescriptorOfTheConsumer(void)
{
    const shmring_options o = options_of(KIB64);
    struct pollfd watch = {.events = POLLIN};
    char buf[8];
    int tries = 0;

    begin(NULL);
    watch.fd = shmring_consumer_fd(consumer);
    CHECK(watch.fd >= 0);
    CHECK_EQ(poll(&watch, 1, 0), 0);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, &o), SHMRING_OK);
    while (poll(&watch, 1, 0) == 1) { /* each call that finds nothing arms it again */
        CHECK_STATUS(shmring_try_recv(consumer, buf, sizeof buf, NULL), SHMRING_EMPTY);
        CHECK(++tries < 20);
    }
    CHECK(tries > 0);
    CHECK_EQ(shmring_consumer_fd(consumer), watch.fd);
    CHECK_STATUS(shmring_send(producer, "x", 1, 0, 0), SHMRING_OK);
    CHECK_EQ(poll(&watch, 1, 5000), 1);
    CHECK_STATUS(shmring_try_recv(consumer, buf, sizeof buf, NULL), SHMRING_OK);
    end();
}

static void shouldReachAConsumerThatWaitsForManyRings(void)
{
    const shmring_options o = options_of(KIB64);
    shmring_consumer *all[2];
    uint32_t index = 9;
    char other[RIG_NAME_SIZE + 8];

    begin(NULL);
    all[1] = consumer;
    (void)snprintf(other, sizeof other, "%s.other", rig_name);
    CHECK_STATUS(shmring_consumer_open(&all[0], other, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_wait_any(all, 2, &index, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, &o), SHMRING_OK);
    CHECK_STATUS(shmring_send(producer, "x", 1, 0, 0), SHMRING_OK);
    CHECK_STATUS(shmring_wait_any(all, 2, &index, 5000 * MS), SHMRING_OK);
    CHECK_EQ(index, 1);
    CHECK_STATUS(shmring_try_recv(consumer, NULL, 0, NULL), SHMRING_E_TOO_BIG);
    shmring_consumer_close(all[0]);
    end();
}

/* The state that a producer leaves which dies between the old ring and the new one. */
static void leave_halfway(int named)
{
    const uint64_t replaced = SHMRING_LIFE_REPLACED;
    char path[RIG_NAME_SIZE + 64];

    CHECK(behind_write(rig_name, LIFECYCLE_AT, &replaced, sizeof replaced));
    if (!named) {
        (void)snprintf(path, sizeof path, "/dev/shm/shmring.%lu.%s", (unsigned long)geteuid(),
                       rig_name);
        CHECK_EQ(unlink(path), 0);
    }
}

static void shouldOutliveAProducerThatDiesHalfway(void)
{
    shmring_options o = options_of(0);
    int named;

    o.stamp = SHMRING_STAMP_MONOTONIC;
    for (named = 0; named <= 1; named++) {
        begin(NULL);
        leave_halfway(named);
        CHECK_STATUS(shmring_wait_data(consumer, MS), SHMRING_TIMEOUT);
        CHECK(is_there(rig_name));
        CHECK_STATUS(shmring_producer_open(&producer, rig_name, &o), SHMRING_OK);
        pass_records();
        CHECK_EQ(now_in().stamp, SHMRING_STAMP_MONOTONIC);
        end();
    }
}

static void shouldBeInterruptedAfterAMove(void)
{
    const shmring_options o = options_of(KIB64);

    begin(NULL);
    CHECK_STATUS(shmring_producer_open(&producer, rig_name, &o), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data(consumer, 200 * MS), SHMRING_TIMEOUT);
    shmring_consumer_interrupt(consumer);
    CHECK_STATUS(shmring_wait_data(consumer, SHMRING_FOREVER), SHMRING_EMPTY);
    end();
}

int main(void)
{
    RUN(shouldTakeTheCapacityOfTheProducer);
    RUN(shouldTakeEachOtherOptionOfTheProducer);
    RUN(shouldStayWhenTheProducerAsksForAPersistentRing);
    RUN(shouldBecomeARingOfBytes);
    RUN(shouldKeepWhatTheConsumerAskedFor);
    RUN(shouldNotReplaceARingThatAProducerHasHeld);
    RUN(shouldNotReplaceARingThatSomebodyMadeOnPurpose);
    RUN(shouldReachAConsumerThatOnlyTries);
    RUN(shouldKeepTheDescriptorOfTheConsumer);
    RUN(shouldReachAConsumerThatWaitsForManyRings);
    RUN(shouldOutliveAProducerThatDiesHalfway);
    RUN(shouldBeInterruptedAfterAMove);
    return check_done();
}
