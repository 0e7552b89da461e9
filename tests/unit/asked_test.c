/* SPDX-License-Identifier: MIT */
/* asked_test.c - what an open handle tells of its ring and of the other side, and what its opener
 * can demand. */
#include "../support/rig.h"

static void shouldTellTheRingsPropertiesOfAnOpenHandle(void)
{
    shmring_options o = options_of(131072);
    shmring_ring_info of_p = SHMRING_RING_INFO_INIT, of_c = SHMRING_RING_INFO_INIT;
    shmring_info seen;
    struct pair pair;

    o.overflow = SHMRING_OVERWRITE;
    o.stamp = SHMRING_STAMP_MONOTONIC;
    o.lifetime = SHMRING_PERSISTENT;
    o.schema = 77;
    o.max_record = 1000;
    pair = open_pair(&o);
    seen = inspect();
    CHECK_STATUS(shmring_producer_info(pair.p, &of_p), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_info(pair.c, &of_c), SHMRING_OK);
    CHECK_EQ(memcmp(&of_p, &of_c, sizeof of_p), 0);
    CHECK_EQ(of_p.struct_size, sizeof of_p);
    CHECK_EQ(of_p.capacity, 131072);
    CHECK_EQ(of_p.framing, SHMRING_RECORDS);
    CHECK_EQ(of_p.overflow, SHMRING_OVERWRITE);
    CHECK_EQ(of_p.lifetime, SHMRING_PERSISTENT);
    CHECK_EQ(of_p.stamp, SHMRING_STAMP_MONOTONIC);
    CHECK_EQ(of_p.schema, 77);
    CHECK_EQ(of_p.max_record, 1000);
    CHECK_EQ(of_p.permissions, 0600);
    CHECK_EQ(of_p.creator_pid, seen.creator_pid);
    CHECK_EQ(of_p.created_ns, seen.created_ns);
    CHECK_EQ(of_p.incarnation[0], seen.incarnation[0]);
    CHECK_EQ(of_p.incarnation[1], seen.incarnation[1]);
    CHECK_EQ(of_p.owner, seen.owner);
    CHECK_EQ(strcmp(of_p.name, seen.name), 0);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    (void)shmring_remove(rig_name); /* Windows: it is gone */
}

static void shouldTellItsPropertiesWhenTheRingIsCorrupt(void)
{
    struct pair pair = open_small_pair();
    shmring_ring_info info = SHMRING_RING_INFO_INIT;
    shmring_peer peer = SHMRING_PEER_INIT;

    poke64(rig_name, SHMRING_HEADER_SIZE, 1); /* no word */
    poke32(rig_name, SHMRING_GEOMETRY_AT + offsetof(struct shmring_geometry_page, max_record), 1);
    CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, NULL), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_consumer_info(pair.c, &info), SHMRING_OK);
    CHECK_EQ(info.max_record, KIB64 / 4);
    CHECK_STATUS(shmring_consumer_peer(pair.c, &peer), SHMRING_OK);
    CHECK_EQ(peer.state, SHMRING_PEER_LIVES);
    close_pair(&pair);
}

/* The answer fits the caller's struct, of an older and of a later version. */
static void shouldFillTheStructThatTheCallerHas(void)
{
    struct pair pair = open_small_pair();
    struct {
        shmring_ring_info info;
        unsigned char later[64];
    } big;
    struct {
        shmring_peer peer;
        unsigned char later[64];
    } wide;
    shmring_ring_info untouched;
    size_t i;

    memset(&big, 0xAA, sizeof big);
    big.info.struct_size = (uint32_t)sizeof big;
    CHECK_STATUS(shmring_producer_info(pair.p, &big.info), SHMRING_OK);
    CHECK_EQ(big.info.struct_size, sizeof big);
    CHECK_EQ(big.info.capacity, KIB64);
    memset(&wide, 0xAA, sizeof wide);
    wide.peer.struct_size = (uint32_t)sizeof wide;
    CHECK_STATUS(shmring_producer_peer(pair.p, &wide.peer), SHMRING_OK);
    CHECK_EQ(wide.peer.struct_size, sizeof wide);
    for (i = 0; i < sizeof big.later; i++) {
        CHECK_EQ(big.later[i], 0);
        CHECK_EQ(wide.later[i], 0);
    }
    memset(&big, 0xAA, sizeof big);
    untouched = big.info;
    untouched.struct_size = big.info.struct_size = (uint32_t)sizeof big.info - 1;
    CHECK_STATUS(shmring_producer_info(pair.p, &big.info), SHMRING_E_INVALID);
    DETAIL_HAS("SHMRING_RING_INFO_INIT");
    CHECK_EQ(memcmp(&untouched, &big.info, sizeof untouched), 0);
    big.info.struct_size = 0;
    CHECK_STATUS(shmring_consumer_info(pair.c, &big.info), SHMRING_E_INVALID);
    big.info.struct_size = UINT32_MAX;
    CHECK_STATUS(shmring_consumer_info(pair.c, &big.info), SHMRING_E_INVALID);
    wide.peer.struct_size = (uint32_t)sizeof wide.peer - 1;
    CHECK_STATUS(shmring_consumer_peer(pair.c, &wide.peer), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_producer_info(pair.p, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_producer_peer(pair.p, NULL), SHMRING_E_INVALID);
    big.info.struct_size = (uint32_t)sizeof big.info;
    wide.peer.struct_size = (uint32_t)sizeof wide.peer;
    CHECK_STATUS(shmring_producer_info(NULL, &big.info), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_consumer_info(NULL, &big.info), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_producer_peer(NULL, &wide.peer), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_consumer_peer(NULL, &wide.peer), SHMRING_E_INVALID);
    close_pair(&pair);
}

static shmring_peer peer_of_producer(const shmring_producer *p)
{
    shmring_peer peer = SHMRING_PEER_INIT;

    CHECK_STATUS(shmring_producer_peer(p, &peer), SHMRING_OK);
    return peer;
}

static int open_and_stay(void *arg)
{
    shmring_consumer *c = NULL;

    if (shmring_consumer_open(&c, arg, NULL) != SHMRING_OK) {
        return 1;
    }
    for (;;) {
        process_pause_us(1000);
    }
}

static void shouldTellWhoIsOnTheOtherSide(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_peer peer;
    pid_t child;

    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    peer = peer_of_producer(p);
    CHECK_EQ(peer.state, SHMRING_PEER_ABSENT);
    CHECK_EQ(peer.pid, 0);
    CHECK_EQ(peer.epoch, 0);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    peer = peer_of_producer(p);
    CHECK_EQ(peer.state, SHMRING_PEER_LIVES);
    CHECK_EQ(peer.pid, inspect().consumer.pid);
    CHECK_EQ(peer.start_time, inspect().consumer.start_time);
    CHECK_EQ(strcmp(peer.program, inspect().consumer.program), 0);
    CHECK_EQ(peer.epoch, 1);
    CHECK_STATUS(shmring_consumer_peer(c, &peer), SHMRING_OK);
    CHECK_EQ(peer.state, SHMRING_PEER_LIVES);
    CHECK_EQ(peer.epoch, 1);
    shmring_consumer_close(c);
    CHECK_EQ(peer_of_producer(p).state, SHMRING_PEER_CLOSED);
    child = process_start(open_and_stay, rig_name);
    while (peer_of_producer(p).state != SHMRING_PEER_LIVES || peer_of_producer(p).epoch != 2) {
        CHECK(!process_has_ended(child));
        process_pause_us(1000);
    }
    CHECK_EQ(peer_of_producer(p).pid, inspect().consumer.pid);
    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    peer = peer_of_producer(p);
    CHECK_EQ(peer.state, SHMRING_PEER_IS_DEAD);
    CHECK_EQ(peer.epoch, 2);
    CHECK_EQ(peer.pid, inspect().consumer.pid);
    shmring_producer_close(p);
}

/* To ask takes nothing from who waits, and to be told by a wait takes nothing from who asks. */
static void shouldTellTheEndOfTheOtherSideAsOftenAsItIsAsked(void)
{
    struct pair pair = open_small_pair();
    shmring_peer peer = SHMRING_PEER_INIT;
    int i;

    shmring_producer_close(pair.p);
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(shmring_consumer_peer(pair.c, &peer), SHMRING_OK);
        CHECK_EQ(peer.state, SHMRING_PEER_CLOSED);
    }
    CHECK_STATUS(shmring_recv(pair.c, NULL, 0, NULL, SHMRING_FOREVER), SHMRING_CLOSED);
    CHECK_STATUS(shmring_consumer_peer(pair.c, &peer), SHMRING_OK);
    CHECK_EQ(peer.state, SHMRING_PEER_CLOSED);
    shmring_consumer_close(pair.c);
    pair.c = NULL;
}

/* ---- demands ---- */

static char said[512];

#define SAID(text) CHECK(strstr(said, (text)) != NULL)

static shmring_status open_exactly(const shmring_options *made, uint32_t flags)
{
    shmring_options o = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_observer *seer = NULL;
    shmring_status status;

    o.flags = flags;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), made), SHMRING_OK);
    status = shmring_consumer_open(&c, rig_name, &o);
    CHECK_STATUS(shmring_observer_open(&seer, rig_name, &o), status);
    (void)snprintf(said, sizeof said, "%s", shmring_error_detail());
    shmring_observer_close(seer);
    shmring_consumer_close(c);
    shmring_producer_close(p);
    (void)shmring_remove(rig_name); /* it may stay, or not */
    return status;
}

static void shouldTakeOptionsOfZeroForDemandsWhenToldTo(void)
{
    shmring_options plain = options_of(131072), o;

    plain.max_record = 99;
    plain.permissions = 0640;
    CHECK_STATUS(open_exactly(&plain, SHMRING_EXACT), SHMRING_OK); /* sizes are not demanded */
    o = options_of(KIB64);
    o.overflow = SHMRING_OVERWRITE;
    CHECK_STATUS(open_exactly(&o, 0), SHMRING_OK);
    CHECK_STATUS(open_exactly(&o, SHMRING_EXACT), SHMRING_E_MISMATCH);
    SAID("overflow (0 reject, 1 overwrite) 1");
    SAID("SHMRING_EXACT");
    o = options_of(KIB64);
    o.framing = SHMRING_BYTES;
    CHECK_STATUS(open_exactly(&o, SHMRING_EXACT), SHMRING_E_MISMATCH);
    SAID("framing");
    o = options_of(KIB64);
    o.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(open_exactly(&o, SHMRING_EXACT), SHMRING_E_MISMATCH);
    SAID("lifetime");
    o = options_of(KIB64);
    o.stamp = SHMRING_STAMP_MONOTONIC;
    CHECK_STATUS(open_exactly(&o, SHMRING_EXACT), SHMRING_E_MISMATCH);
    SAID("stamp");
    o = options_of(KIB64);
    o.schema = 5;
    CHECK_STATUS(open_exactly(&o, SHMRING_EXACT), SHMRING_E_MISMATCH);
    SAID("schema 5");
}

/* Callers of every version of the options: what lies behind their size is not theirs. */
static void shouldReadNoFurtherThanTheOptionsSize(void)
{
    const size_t sizes[] = {offsetof(shmring_options, start_position),
                            offsetof(shmring_options, security), offsetof(shmring_options, owner)};
    shmring_producer *p = NULL;
    shmring_options o;
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(&o, 0, sizeof o);
        memset((char *)&o + sizes[i], 0xAA, sizeof o - sizes[i]);
        o.struct_size = (uint32_t)sizes[i];
        o.capacity = KIB64;
        CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
        shmring_producer_close(p);
    }
}

static void shouldFenceByItselfWhenItStaysOutOfMembarrier(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    shmring_record r;
    uint64_t value = 1;

    o.flags = SHMRING_NO_MEMBARRIER;
    CHECK_STATUS(shmring_producer_open(&pair.p, new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    CHECK_EQ(inspect().producer.fences, 1);
    CHECK_EQ(inspect().producer.membarrier, 0);
    CHECK_EQ(inspect().producer.asks_fence, 1);
    CHECK_STATUS(shmring_try_send(pair.p, &value, 8, 0), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair.c, &value, 8, &r, SHMRING_FOREVER), SHMRING_OK);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, &o), SHMRING_OK);
    CHECK_EQ(inspect().consumer.fences, 1);
    CHECK_EQ(inspect().consumer.membarrier, 0);
    CHECK_EQ(inspect().consumer.asks_fence, 1);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldTellTheRingsPropertiesOfAnOpenHandle);
    RUN(shouldTellItsPropertiesWhenTheRingIsCorrupt);
    RUN(shouldFillTheStructThatTheCallerHas);
    RUN(shouldTellWhoIsOnTheOtherSide);
    RUN(shouldTellTheEndOfTheOtherSideAsOftenAsItIsAsked);
    RUN(shouldTakeOptionsOfZeroForDemandsWhenToldTo);
    RUN(shouldReadNoFurtherThanTheOptionsSize);
    RUN(shouldFenceByItselfWhenItStaysOutOfMembarrier);
    return check_done();
}
