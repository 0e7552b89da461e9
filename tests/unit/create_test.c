/* SPDX-License-Identifier: MIT */
/* create_test.c - shmring_create(): a ring that nobody has come to. */
#include "../support/rig.h"

/* On Windows it goes with this process. */
static void take_away(void)
{
    CHECK(is_there(rig_name));
    CHECK(behind_cannot_remove() != NULL || behind_remove(rig_name));
}

static void is_untouched(const shmring_role_info *role)
{
    CHECK_EQ(role->epoch, 0);
    CHECK_EQ(role->state, SHMRING_ROLE_NONE);
    CHECK_EQ(role->pid, 0);
    CHECK_EQ(role->start_time, 0);
    CHECK_EQ(role->alive, 0);
    CHECK_EQ(strlen(role->program), 0);
}

static void shouldMakeARingThatNoSideHasHeld(void)
{
    shmring_options o = options_of(2 * KIB64);
    shmring_info info;

    o.schema = 99;
    o.stamp = SHMRING_STAMP_MONOTONIC;
    o.max_record = 100;
    CHECK_STATUS(shmring_create(new_name(), &o), SHMRING_OK);
    info = inspect();
    CHECK_EQ(info.capacity, 2 * KIB64);
    CHECK_EQ(info.schema, 99);
    CHECK_EQ(info.stamp, SHMRING_STAMP_MONOTONIC);
    CHECK_EQ(info.max_record, 100);
    CHECK_EQ(info.lifetime, SHMRING_PERSISTENT);
    CHECK_EQ(info.tail, info.cursor);
    is_untouched(&info.producer);
    is_untouched(&info.consumer);
    take_away();
}

/* A producer is told of no consumer that never was: by no answer, and by no call that waits. */
static void shouldTellAProducerOfNoConsumer(void)
{
    shmring_options o = options_of(KIB64);
    shmring_peer peer = SHMRING_PEER_INIT;
    static char big[KIB64 / 4];
    shmring_producer *p = NULL;
    shmring_status status;

    CHECK_STATUS(shmring_create(new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_producer_peer(p, &peer), SHMRING_OK);
    CHECK_EQ(peer.state, SHMRING_PEER_ABSENT);
    CHECK_EQ(peer.epoch, 0);
    do {
        status = shmring_try_send(p, big, sizeof big, 0);
    } while (status == SHMRING_OK);
    CHECK_STATUS(status, SHMRING_FULL);
    CHECK_STATUS(shmring_send(p, big, sizeof big, 0, 20 * MS), SHMRING_TIMEOUT);
    shmring_producer_close(p);
    take_away();
}

/* Nor a consumer of a producer. */
static void shouldLeaveBothRolesToTheFirstWhoCome(void)
{
    shmring_options o = options_of(KIB64);
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    char b[8];

    CHECK_STATUS(shmring_create(new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_recv(c, b, sizeof b, NULL, 5 * MS), SHMRING_TIMEOUT);
    CHECK_EQ(inspect().consumer.epoch, 1);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    CHECK_EQ(inspect().producer.epoch, 1);
    CHECK_STATUS(shmring_try_send(p, "one", 4, 0), SHMRING_OK);
    CHECK_STATUS(shmring_recv(c, b, sizeof b, NULL, SHMRING_FOREVER), SHMRING_OK);
    shmring_producer_close(p);
    shmring_consumer_close(c);
    take_away();
}

static void shouldRefuseWhatIsThere(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair = open_small_pair();

    CHECK_STATUS(shmring_create(rig_name, &o), SHMRING_E_EXISTS);
    DETAIL_HAS(rig_name);
    close_pair(&pair);
    CHECK_STATUS(shmring_create(rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_create(rig_name, NULL), SHMRING_E_EXISTS);
    CHECK_EQ(inspect().capacity, SHMRING_CAPACITY_DEFAULT);
    take_away();
}

static void shouldRefuseWhatCannotBe(void)
{
    shmring_options o = options_of(KIB64 + 1);

    CHECK_STATUS(shmring_create(new_name(), &o), SHMRING_E_INVALID);
    DETAIL_HAS("capacity");
    o = options_of(KIB64);
    o.open_mode = SHMRING_OPEN_ONLY;
    CHECK_STATUS(shmring_create(rig_name, &o), SHMRING_E_INVALID);
    DETAIL_HAS("SHMRING_OPEN_ONLY");
    CHECK_STATUS(shmring_create("no name", NULL), SHMRING_E_NAME);
    CHECK_STATUS(shmring_create(NULL, NULL), SHMRING_E_NAME);
    CHECK(!is_there(rig_name));
}

#ifndef _WIN32
/* On Windows a dead ring has no name. */
static int die_with_a_ring(void *arg)
{
    shmring_consumer *c;

    (void)arg;
    return shmring_consumer_open(&c, rig_name, NULL) == SHMRING_OK ? 0 : 1;
}

static void shouldTakeADeadRingsName(void)
{
    new_name();
    CHECK_EQ(process_end(process_start(die_with_a_ring, NULL)), 0);
    CHECK(is_there(rig_name));
    CHECK_STATUS(shmring_create(rig_name, NULL), SHMRING_OK);
    CHECK_EQ(inspect().consumer.epoch, 0);
    CHECK_EQ(inspect().lifetime, SHMRING_PERSISTENT);
    take_away();
}
#endif

int main(void)
{
    RUN(shouldMakeARingThatNoSideHasHeld);
    RUN(shouldTellAProducerOfNoConsumer);
    RUN(shouldLeaveBothRolesToTheFirstWhoCome);
    RUN(shouldRefuseWhatIsThere);
    RUN(shouldRefuseWhatCannotBe);
#ifndef _WIN32
    RUN(shouldTakeADeadRingsName);
#endif
    return check_done();
}
