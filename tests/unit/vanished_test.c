/* SPDX-License-Identifier: MIT */
/* vanished_test.c - names that go while both sides have the ring open (rm, a logout that removes a
 * user's shared memory, shmring rm, a rename): the pair works on, and each side that asks is told.
 */
#include "../support/rig_linux.h"

static uint32_t producer_is_told(const shmring_producer *p)
{
    shmring_peer peer = SHMRING_PEER_INIT;

    CHECK_STATUS(shmring_producer_peer(p, &peer), SHMRING_OK);
    return peer.removed;
}

static uint32_t consumer_is_told(const shmring_consumer *c)
{
    shmring_peer peer = SHMRING_PEER_INIT;

    CHECK_STATUS(shmring_consumer_peer(c, &peer), SHMRING_OK);
    return peer.removed;
}

static struct pair open_overwrite_pair(void)
{
    shmring_options o = options_of(KIB64);

    o.overflow = SHMRING_OVERWRITE;
    o.max_record = 1000;
    return open_pair(&o);
}

/* Neither side was told before, both are now, and records flow. */
static void check_told(struct pair *pair)
{
    char b[8];

    CHECK_EQ(producer_is_told(pair->p), 1);
    CHECK_EQ(consumer_is_told(pair->c), 1);
    CHECK_STATUS(shmring_try_send(pair->p, "hello", 6, 0), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair->c, b, sizeof b, NULL, SHMRING_FOREVER), SHMRING_OK);
    shmring_producer_close(pair->p);
    shmring_consumer_close(pair->c);
}

static struct pair open_and_ask(void)
{
    struct pair pair = open_overwrite_pair();

    CHECK_EQ(producer_is_told(pair.p), 0);
    CHECK_EQ(consumer_is_told(pair.c), 0);
    return pair;
}

static void shouldTellBothSidesWhenTheFileIsUnlinked(void)
{
    struct pair pair = open_and_ask();

    CHECK_EQ(unlink(path_of(rig_name)), 0);
    check_told(&pair);
}

static void shouldTellBothSidesWhenTheRingIsRemoved(void)
{
    struct pair pair = open_and_ask();

    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    check_told(&pair);
}

static void shouldTellBothSidesWhenTheFileIsRenamed(void)
{
    struct pair pair = open_and_ask();
    char moved[340];

    (void)snprintf(moved, sizeof moved, "%s.moved", path_of(rig_name));
    CHECK_EQ(rename(path_of(rig_name), moved), 0);
    check_told(&pair);
    CHECK_EQ(unlink(moved), 0);
}

/* A consumer that starts again after the name went makes another ring and waits there. */
static void shouldTellAnOverwriteProducerWhoseConsumerWaitsElsewhere(void)
{
    struct pair pair = open_and_ask();
    shmring_consumer *again = NULL;
    shmring_producer *p = NULL;
    char b[8];

    CHECK_EQ(unlink(path_of(rig_name)), 0);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_consumer_open(&again, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(pair.p, "lost", 5, 0), SHMRING_OK);
    CHECK_EQ(producer_is_told(pair.p), 1);
    CHECK_EQ(consumer_is_told(again), 0); /* its own ring has the name */
    shmring_producer_close(pair.p);
    CHECK(is_there(rig_name)); /* the name is not the old producer's to take away */
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(p, "here", 5, 0), SHMRING_OK);
    CHECK_STATUS(shmring_recv(again, b, sizeof b, NULL, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(producer_is_told(p), 0);
    shmring_producer_close(p);
    shmring_consumer_close(again);
    CHECK(!is_there(rig_name));
}

int main(void)
{
    RUN(shouldTellBothSidesWhenTheFileIsUnlinked);
    RUN(shouldTellBothSidesWhenTheRingIsRemoved);
    RUN(shouldTellBothSidesWhenTheFileIsRenamed);
    RUN(shouldTellAnOverwriteProducerWhoseConsumerWaitsElsewhere);
    return check_done();
}
