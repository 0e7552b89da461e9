/* SPDX-License-Identifier: MIT */
/* observe_test.c - observers of both kinds of ring: what they see, what they are told when they are
 * lapped, that they leave no trace, and what hostile words do to them. */
#include "../support/observe_rig.h"

static unsigned char out[65536];

static void shouldSeeEveryRecordFromTheOldestWhetherReleasedOrNot(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o;
    uint64_t i;

    for (i = 0; i < 100; i++) {
        send_number(pair.p, i);
        CHECK(i % 2 == 0 || shmring_try_recv(pair.c, out, 8, NULL) == SHMRING_OK);
    }
    o = open_observer(SHMRING_OLDEST);
    for (i = 0; i < 100; i++) {
        expect_number(o, i);
    }
    CHECK_STATUS(shmring_observe(o, out, 8, NULL), SHMRING_EMPTY);
    send_number(pair.p, 100);
    expect_number(o, 100);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldSeeFromTheNewestOnlyWhatComesLater(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o;

    send_number(pair.p, 1);
    o = open_observer(SHMRING_NEWEST);
    CHECK_STATUS(shmring_observe(o, out, 8, NULL), SHMRING_EMPTY);
    send_number(pair.p, 2);
    expect_number(o, 2);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_observe(o, out, 8, NULL), SHMRING_CLOSED);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    send_number(pair.p, 3);
    expect_number(o, 3);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void lapAndCount(const shmring_options *options)
{
    struct pair pair = open_pair(options);
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    uint64_t i, got = 0, position = 0;
    shmring_record r;

    for (i = 0; i < 20000; i++) {
        send_number(pair.p, i);
        CHECK_STATUS(shmring_try_recv(pair.c, out, 8, NULL), SHMRING_OK);
    }
    CHECK_STATUS(shmring_observe(o, &got, 8, &r), SHMRING_LAPPED);
    CHECK_EQ(shmring_observer_lost(o), shmring_observer_lost_records(o) * 16);
    position = shmring_observer_lost(o);
    i = shmring_observer_lost_records(o);
    CHECK(i >= 20000 - 4096 && i < 20000 - 2048); /* at least half of the ring is kept */
    for (; i < 20000; i++, position += 16) {
        CHECK_STATUS(shmring_observe(o, &got, 8, &r), SHMRING_OK);
        CHECK_EQ(got, i);
        CHECK_EQ(r.position, position);
    }
    CHECK_STATUS(shmring_observe(o, &got, 8, &r), SHMRING_EMPTY);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldTellWhatALapOfAnyRingHasLost(void)
{
    shmring_options o = options_of(KIB64);

    lapAndCount(&o);
    o.overflow = SHMRING_OVERWRITE;
    lapAndCount(&o);
}

static void shouldNotKnowHowManyRecordsAreLostAfterTheNewest(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_observer(SHMRING_NEWEST);
    uint64_t i;

    for (i = 0; i < 20000; i++) {
        send_number(pair.p, i);
        CHECK_STATUS(shmring_try_recv(pair.c, out, 8, NULL), SHMRING_OK);
    }
    CHECK_STATUS(shmring_observe(o, out, 8, NULL), SHMRING_LAPPED);
    CHECK(shmring_observer_lost_records(o) == SHMRING_UNKNOWN);
    CHECK(shmring_observer_lost(o) > 0);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldLeaveNoTraceInTheRing(void)
{
    static unsigned char before[65536 * 2], after[65536 * 2];
    struct pair pair = open_small_pair();
    shmring_observer *o;
    shmring_info info;

    send_number(pair.p, 1);
    look(rig_name, 0, before, sizeof before);
    o = open_observer(SHMRING_OLDEST);
    expect_number(o, 1);
    CHECK_STATUS(shmring_observe(o, out, 8, NULL), SHMRING_EMPTY);
    look(rig_name, 0, after, sizeof after);
    CHECK(memcmp(before, after, sizeof before) == 0);
    close_pair(&pair); /* the name goes although somebody looks on */
    CHECK_STATUS(shmring_observe(o, out, 8, NULL), SHMRING_CLOSED);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_E_NOT_FOUND);
    shmring_observer_close(o);
}

/* Writes round the ring, leaves a batch unpublished, and waits for its end. */
static int send_and_stay(void *arg)
{
    shmring_producer *p;
    shmring_options o = options_of(KIB64);
    uint64_t i;

    o.overflow = SHMRING_OVERWRITE;
    o.lifetime = SHMRING_PERSISTENT;
    if (shmring_producer_open(&p, arg, &o) != SHMRING_OK) {
        return 1;
    }
    for (i = 0; i < 9999; i++) {
        (void)shmring_try_send(p, &i, sizeof i, (uint16_t)i);
    }
    (void)shmring_stage(p, &i, sizeof i, 0);
    shmring_publish(p);
    (void)shmring_stage(p, &i, sizeof i, 0); /* never published */
    for (;;) {
        process_pause_us(1000);
    }
}

static void shouldShowTheLastRecordsOfADeadProcess(void)
{
    pid_t child = process_start(send_and_stay, (void *)(uintptr_t)new_name());
    shmring_info info = {0};
    shmring_observer *o;
    uint64_t got = 0, next, n = 0;

    while (info.counters.sent < 10000 && !process_has_ended(child)) {
        process_pause_us(1000);
        (void)shmring_inspect(rig_name, &info);
    }
    o = open_observer(SHMRING_OLDEST);
    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    if (is_there(rig_name)) { /* else names go with processes, and who looks on has it still */
        shmring_observer_close(o);
        o = open_observer(SHMRING_OLDEST);
    }
    for (next = 0; shmring_observe(o, &got, 8, NULL) == SHMRING_OK; next = got + 1, n++) {
        CHECK(n == 0 || got == next);
    }
    CHECK_EQ(got, 9999);
    CHECK(n > 3000);
    shmring_observer_close(o);
    if (is_there(rig_name)) {
        CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    }
}

static void shouldStayInFrontOfARecordThatIsTooBigUntilItIsSkipped(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    shmring_record r;

    CHECK_STATUS(shmring_try_send(pair.p, out, 100, 5), SHMRING_OK);
    send_number(pair.p, 6);
    shmring_observer_skip(o); /* nothing to skip */
    memset(out, 0x5A, 200);
    CHECK_STATUS(shmring_observe(o, out, 99, &r), SHMRING_E_TOO_BIG);
    CHECK_EQ(out[99], 0x5A); /* not one byte more than there is room for */
    CHECK_EQ(r.len, 100);
    CHECK_EQ(r.type, 5);
    CHECK_STATUS(shmring_observe(o, out, 99, &r), SHMRING_E_TOO_BIG);
    shmring_observer_skip(o);
    expect_number(o, 6);
    shmring_observer_close(o);
    close_pair(&pair);
}

/* A record that was skipped was there to be read, and is not lost when the ring comes round. */
static void shouldCountASkippedRecordAsSeen(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    unsigned i;

    CHECK_STATUS(shmring_try_send(pair.p, out, 100, 0), SHMRING_OK);
    CHECK_STATUS(shmring_observe(o, out, 99, NULL), SHMRING_E_TOO_BIG);
    shmring_observer_skip(o);
    for (i = 0; i < 2000; i++) {
        CHECK_STATUS(shmring_try_send(pair.p, out, 100, 0), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, out, sizeof out, NULL), SHMRING_OK);
    }
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_LAPPED);
    CHECK(shmring_observer_lost_records(o) != SHMRING_UNKNOWN);
    CHECK_EQ(shmring_observer_lost(o), shmring_observer_lost_records(o) * 112);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldSeeTheBytesOfAByteRing(void)
{
    struct pair pair = open_byte_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    uint64_t sent = 0, seen = 0, i;
    unsigned char chunk[997];
    shmring_record r;
    shmring_status status;

    while (sent < 1000000) {
        for (i = 0; i < sizeof chunk; i++) {
            chunk[i] = (unsigned char)((sent + i) * 131 >> 3);
        }
        CHECK_EQ(shmring_try_write(pair.p, chunk, sizeof chunk), sizeof chunk);
        sent += sizeof chunk;
        CHECK_EQ(shmring_try_read(pair.c, out, sizeof chunk), sizeof chunk);
        while ((status = shmring_observe(o, out, 333, &r)) == SHMRING_OK) {
            CHECK_EQ(r.position, seen);
            for (i = 0; i < r.len; i++) {
                CHECK_EQ(out[i], (unsigned char)((seen + i) * 131 >> 3));
            }
            seen += r.len;
        }
        CHECK_STATUS(status, SHMRING_EMPTY);
        CHECK_EQ(seen, sent);
    }
    CHECK_STATUS(shmring_observe(o, out, 0, &r), SHMRING_E_INVALID);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldTellWhatALapOfAByteRingHasLost(void)
{
    struct pair pair = open_byte_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    uint64_t sent, i, oldest;
    unsigned char chunk[1000];
    shmring_record r;

    for (sent = 0; sent < 3 * KIB64; sent += sizeof chunk) {
        for (i = 0; i < sizeof chunk; i++) {
            chunk[i] = (unsigned char)((sent + i) * 131 >> 3);
        }
        CHECK_EQ(shmring_try_write(pair.p, chunk, sizeof chunk), sizeof chunk);
        CHECK_EQ(shmring_try_read(pair.c, out, sizeof chunk), sizeof chunk);
    }
    oldest = look64(rig_name, EVICT_AT);
    CHECK(oldest > sent - KIB64 - 1 && oldest < sent);
    CHECK_STATUS(shmring_observe(o, out, 100, &r), SHMRING_LAPPED);
    CHECK_EQ(shmring_observer_lost(o), oldest);
    CHECK_STATUS(shmring_observe(o, out, 100, &r), SHMRING_OK);
    CHECK_EQ(r.position, oldest);
    for (i = 0; i < r.len; i++) {
        CHECK_EQ(out[i], (unsigned char)((oldest + i) * 131 >> 3));
    }
    poke64(rig_name, TAIL_AT, oldest + 100 * KIB64);
    CHECK_STATUS(shmring_observe(o, out, 100, &r), SHMRING_E_CORRUPT);
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldRefuseWhatItCannotObserve(void)
{
    struct pair pair = open_small_pair();
    shmring_options options = SHMRING_OPTIONS_INIT;
    shmring_observer *o = NULL;

    CHECK_STATUS(shmring_observer_open(&o, "unit.nobody.made.this", NULL), SHMRING_E_NOT_FOUND);
    CHECK_STATUS(shmring_observer_open(NULL, rig_name, NULL), SHMRING_E_INVALID);
    options.open_mode = SHMRING_CREATE_ONLY;
    CHECK_STATUS(shmring_observer_open(&o, rig_name, &options), SHMRING_E_INVALID);
    options.open_mode = 0;
    options.capacity = 1u << 20;
    CHECK_STATUS(shmring_observer_open(&o, rig_name, &options), SHMRING_E_MISMATCH);
    CHECK_STATUS(shmring_observe(NULL, out, 1, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_observer_seek(NULL, SHMRING_OLDEST), SHMRING_E_INVALID);
    CHECK_EQ(shmring_observer_lost(NULL), 0);
    o = open_observer(SHMRING_OLDEST);
    CHECK_STATUS(shmring_observer_seek(o, 2), SHMRING_E_INVALID);
    shmring_observer_close(o);
    o = NULL;
    poke64(rig_name, CAPS_AT, 1); /* as version 0.1 leaves it */
    CHECK_STATUS(shmring_observer_open(&o, rig_name, NULL), SHMRING_E_UNSUPPORTED);
    DETAIL_HAS("0.1");
    CHECK(o == NULL);
    close_pair(&pair);
}

/* Whatever stands where, an observer answers, and reads nothing outside. */
static void shouldBearHostileWords(void)
{
    const uint64_t words[] = {1,
                              COMMITTED | 0xFFFFFFFF,
                              COMMITTED | 16385,
                              COMMITTED | UINT64_C(1) << 50,
                              UINT64_C(1) << 32,
                              UINT64_MAX};
    const uint64_t evicts[] = {8, 4, KIB64 * 100, UINT64_MAX / 2, UINT64_MAX};
    shmring_observer *o;
    struct pair pair;
    uint64_t start;
    size_t i;

    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        pair = open_small_pair();
        send_number(pair.p, 1);
        o = open_observer(SHMRING_OLDEST);
        poke64(rig_name, SHMRING_HEADER_SIZE, words[i]);
        CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_E_CORRUPT);
        CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_E_CORRUPT);
        CHECK_STATUS(shmring_observer_seek(o, SHMRING_OLDEST), SHMRING_E_CORRUPT);
        shmring_observer_close(o);
        close_pair(&pair);
    }
    for (i = 0; i < sizeof evicts / sizeof evicts[0]; i++) {
        pair = open_small_pair();
        send_number(pair.p, 1);
        o = open_observer(SHMRING_OLDEST);
        poke64(rig_name, EVICT_AT, evicts[i]);
        for (start = 0; start < 100; start++) {
            (void)shmring_observe(o, out, sizeof out, NULL);
        }
        (void)shmring_observer_seek(o, SHMRING_OLDEST);
        (void)shmring_observe(o, out, sizeof out, NULL);
        shmring_observer_close(o);
        close_pair(&pair);
    }
}

/* Processors that do not load a word from any address end in SIGBUS there. */
static void shouldNotGoWhereNoWordCanBe(void)
{
    static const struct {
        unsigned at;
        int where;
    } all[] = {{EVICT_AT, SHMRING_OLDEST}, {SHMRING_PRODUCER_AT + 0x80, SHMRING_NEWEST}};
    shmring_observer *o;
    struct pair pair;
    size_t i;

    pair = open_small_pair();
    send_number(pair.p, 1);
    o = open_observer(SHMRING_OLDEST);
    poke64(rig_name, EVICT_AT, 12);
    CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_E_CORRUPT);
    shmring_observer_close(o);
    close_pair(&pair);
    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        pair = open_small_pair();
        send_number(pair.p, 1);
        o = open_observer(SHMRING_OLDEST);
        poke64(rig_name, all[i].at, 4);
        CHECK_STATUS(shmring_observer_seek(o, all[i].where), SHMRING_E_CORRUPT);
        CHECK_STATUS(shmring_observe(o, out, sizeof out, NULL), SHMRING_E_CORRUPT);
        shmring_observer_close(o);
        close_pair(&pair);
    }
}

int main(void)
{
    RUN(shouldSeeEveryRecordFromTheOldestWhetherReleasedOrNot);
    RUN(shouldSeeFromTheNewestOnlyWhatComesLater);
    RUN(shouldTellWhatALapOfAnyRingHasLost);
    RUN(shouldNotKnowHowManyRecordsAreLostAfterTheNewest);
    RUN(shouldLeaveNoTraceInTheRing);
    RUN(shouldShowTheLastRecordsOfADeadProcess);
    RUN(shouldStayInFrontOfARecordThatIsTooBigUntilItIsSkipped);
    RUN(shouldCountASkippedRecordAsSeen);
    RUN(shouldSeeTheBytesOfAByteRing);
    RUN(shouldTellWhatALapOfAByteRingHasLost);
    RUN(shouldRefuseWhatItCannotObserve);
    RUN(shouldBearHostileWords);
    RUN(shouldNotGoWhereNoWordCanBe);
    return check_done();
}
