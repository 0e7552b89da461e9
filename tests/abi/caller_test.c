/* SPDX-License-Identifier: MIT */
/* caller_test.c - callers that were compiled with other headers than the library: those of version
 * 0.1, those of a later one, and such whose structs end earlier. Their functions are the exported
 * ones; their structs are copies. */
#include "../support/rig.h"

#include "layout_0_1.h"

#define CANARY 0xA5

/* A struct in more memory than it has, to see what is written behind it. */
#define FRAMED(type)                                                                               \
    struct {                                                                                       \
        type is;                                                                                   \
        unsigned char behind[256];                                                                 \
    }

static int is_untouched(const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    size_t i;

    for (i = 0; i < n && b[i] == CANARY; i++) {
    }
    return i == n;
}

static int is_zero(const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    size_t i;

    for (i = 0; i < n && b[i] == 0; i++) {
    }
    return i == n;
}

/* A ring with one record in it, and both its sides. */
static void make_ring(shmring_producer **p, shmring_consumer **c)
{
    const char *name = new_name();
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.capacity = KIB64;
    opt.schema = 77;
    CHECK_STATUS(shmring_producer_open(p, name, &opt), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(c, name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(*p, "text", 4, 1), SHMRING_OK);
}

static void shouldRefuseAHandleOfVersion01(void)
{
    const char *name = new_name();
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    CHECK(sizeof(struct old_producer) != sizeof(shmring_producer));
    CHECK(sizeof(struct old_consumer) != sizeof(shmring_consumer));
    CHECK_STATUS(shmring_producer_open_abi_(&p, name, NULL, OLD_ABI, sizeof(struct old_producer),
                                            sizeof(struct old_record)),
                 SHMRING_E_VERSION);
    CHECK(p == NULL);
    DETAIL_HAS(name);
    DETAIL_HAS("layout 1 ");
    DETAIL_HAS("layout 2:");
    DETAIL_HAS(SHMRING_VERSION_STRING);
    CHECK_STATUS(shmring_consumer_open_abi_(&c, name, NULL, OLD_ABI, sizeof(struct old_consumer),
                                            sizeof(struct old_record)),
                 SHMRING_E_VERSION);
    CHECK(c == NULL);
    DETAIL_HAS("layout 1 ");
    CHECK(!is_there(name)); /* and no ring was made */
}

static void shouldRefuseAHandleOfALaterVersion(void)
{
    const char *name = new_name();
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_observer *o = NULL;

    CHECK_STATUS(shmring_producer_open_abi_(&p, name, NULL, SHMRING_HANDLE_ABI + 1, sizeof *p,
                                            sizeof(shmring_record)),
                 SHMRING_E_VERSION);
    CHECK_STATUS(shmring_consumer_open_abi_(&c, name, NULL, SHMRING_HANDLE_ABI + 1, sizeof *c,
                                            sizeof(shmring_record)),
                 SHMRING_E_VERSION);
    CHECK_STATUS(
        shmring_observer_open_abi_(&o, name, NULL, SHMRING_HANDLE_ABI + 1, sizeof(shmring_record)),
        SHMRING_E_VERSION);
    DETAIL_HAS("layout 3 ");
    CHECK(p == NULL && c == NULL && o == NULL);
    CHECK(!is_there(name));
}

/* The number was forgotten, or the includer packs its structs. */
static void shouldRefuseSizesThatDiffer(void)
{
    const char *name = new_name();
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_observer *o = NULL;

    CHECK_STATUS(shmring_producer_open_abi_(&p, name, NULL, SHMRING_HANDLE_ABI, sizeof *p - 8,
                                            sizeof(shmring_record)),
                 SHMRING_E_VERSION);
    DETAIL_HAS("packing");
    CHECK_STATUS(shmring_consumer_open_abi_(&c, name, NULL, SHMRING_HANDLE_ABI, sizeof *c + 64,
                                            sizeof(shmring_record)),
                 SHMRING_E_VERSION);
    CHECK_STATUS(shmring_consumer_open_abi_(&c, name, NULL, SHMRING_HANDLE_ABI, sizeof *c,
                                            sizeof(shmring_record) - 4),
                 SHMRING_E_VERSION);
    CHECK_STATUS(
        shmring_observer_open_abi_(&o, name, NULL, SHMRING_HANDLE_ABI, sizeof(shmring_record) + 8),
        SHMRING_E_VERSION);
    CHECK(p == NULL && c == NULL && o == NULL);
    CHECK(!is_there(name));
}

static void shouldFillAnInfoOfVersion01(void)
{
    FRAMED(struct old_info) old;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    char buf[8];

    make_ring(&p, &c);
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, NULL, 0), SHMRING_OK);
    memset(&old, CANARY, sizeof old);
    CHECK_STATUS(shmring_inspect_sized_(rig_name, (void *)&old.is, sizeof old.is), SHMRING_OK);
    CHECK(is_untouched(old.behind, sizeof old.behind));
    CHECK(strstr(old.is.name, rig_name) != NULL);
    CHECK_EQ(old.is.capacity, KIB64);
    CHECK_EQ(old.is.schema, 77);
    CHECK_EQ(old.is.producer.alive, 1);
    CHECK_EQ(old.is.consumer.alive, 1);
    CHECK_EQ(old.is.counters.sent, 1);
    CHECK_EQ(old.is.counters.received, 1);
    CHECK_EQ(old.is.counters.lapped_bytes, 0);
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

static void shouldFillAVerdictOfVersion01(void)
{
    FRAMED(struct old_verdict) old;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    make_ring(&p, &c);
    memset(&old, CANARY, sizeof old);
    CHECK_STATUS(shmring_verify_sized_(rig_name, (void *)&old.is, sizeof old.is), SHMRING_OK);
    CHECK(is_untouched(old.behind, sizeof old.behind));
    CHECK_EQ(old.is.records, 1);
    CHECK_EQ(old.is.problem[0], 0);
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

static void shouldTakeOptionsOfVersion01(void)
{
    struct {
        struct old_options is;
        const char *security; /* what a reader of more than its size would find */
    } old = {{sizeof old.is, SHMRING_CREATE_ONLY, KIB64, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0}, "D:no"};
    shmring_producer *p = NULL;
    shmring_info info;

    CHECK_STATUS(shmring_producer_open(&p, new_name(), (const shmring_options *)(void *)&old),
                 SHMRING_OK);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_EQ(info.schema, 5);
    CHECK_EQ(info.capacity, KIB64);
    shmring_producer_close(p);
}

/* Every size from nothing to more than there is: what both know is told, and not a byte more. */
static void shouldFillAsMuchAsTheCallerHas(void)
{
    FRAMED(shmring_info) got;
    FRAMED(shmring_verdict) verdict;
    shmring_info whole;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    unsigned char *bytes = (unsigned char *)&got;
    size_t size, known;

    make_ring(&p, &c);
    CHECK_STATUS(shmring_inspect(rig_name, &whole), SHMRING_OK);
    for (size = 0; size <= sizeof got - 8; size += 4) {
        known = size < sizeof whole ? size : sizeof whole;
        memset(&got, CANARY, sizeof got);
        CHECK_STATUS(shmring_inspect_sized_(rig_name, &got.is, size), SHMRING_OK);
        CHECK(memcmp(bytes, &whole, known) == 0);
        CHECK(is_zero(bytes + known, size - known));
        CHECK(is_untouched(bytes + size, sizeof got - size));
    }
    bytes = (unsigned char *)&verdict;
    for (size = 0; size <= sizeof verdict - 8; size += 8) {
        known = size < sizeof verdict.is ? size : sizeof verdict.is;
        memset(&verdict, CANARY, sizeof verdict);
        CHECK_STATUS(shmring_verify_sized_(rig_name, &verdict.is, size), SHMRING_OK);
        CHECK(is_zero(bytes + known, size - known));
        CHECK(is_untouched(bytes + size, sizeof verdict - size));
        CHECK(size < 8 || verdict.is.records == 1);
    }
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

static void shouldCutARepair(void)
{
    FRAMED(shmring_repaired) repaired;
    const size_t cut = offsetof(shmring_repaired, lost_bytes);
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;

    opt.capacity = KIB64;
    opt.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &opt), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(p, "text", 4, 1), SHMRING_OK);
    shmring_producer_close(p);
    if (!is_there(rig_name)) {
        SKIP("here a ring goes with its last handle");
    }
    memset(&repaired, CANARY, sizeof repaired);
    CHECK_STATUS(shmring_repair_sized_(rig_name, &repaired.is, cut), SHMRING_OK);
    CHECK_EQ(repaired.is.records, 1);
    CHECK(is_untouched((unsigned char *)&repaired + cut, sizeof repaired - cut));
    CHECK_STATUS(shmring_repair_sized_(rig_name, &repaired.is, sizeof repaired.is + 8), SHMRING_OK);
    CHECK(is_zero(repaired.behind, 8) && is_untouched(repaired.behind + 8, 200));
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

static void shouldCutLatencies(void)
{
    FRAMED(shmring_latency) latency;
    uint64_t buckets[SHMRING_HISTOGRAM_BUCKETS] = {3, 1};

    memset(&latency, CANARY, sizeof latency);
    shmring_latency_of_sized_(buckets, &latency.is, 8);
    CHECK_EQ(latency.is.count, 4);
    CHECK(is_untouched(&latency.is.p50_ns, sizeof latency - 8));
    shmring_latency_of_sized_(buckets, &latency.is, sizeof latency.is + 16);
    CHECK_EQ(latency.is.max_ns, 1);
    CHECK(is_zero(latency.behind, 16) && is_untouched(latency.behind + 16, 100));
}

static void shouldRefuseNoPlaceOfAnySize(void)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    make_ring(&p, &c);
    CHECK_STATUS(shmring_inspect_sized_(rig_name, NULL, 8), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_verify_sized_(rig_name, NULL, 8), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_repair_sized_(rig_name, NULL, 8), SHMRING_E_INVALID);
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

int main(void)
{
    RUN(shouldRefuseAHandleOfVersion01);
    RUN(shouldRefuseAHandleOfALaterVersion);
    RUN(shouldRefuseSizesThatDiffer);
    RUN(shouldFillAnInfoOfVersion01);
    RUN(shouldFillAVerdictOfVersion01);
    RUN(shouldTakeOptionsOfVersion01);
    RUN(shouldFillAsMuchAsTheCallerHas);
    RUN(shouldCutARepair);
    RUN(shouldCutLatencies);
    RUN(shouldRefuseNoPlaceOfAnySize);
    return check_done();
}
