/* SPDX-License-Identifier: MIT */
/* planted_test.c - what a broken or hostile peer leaves in the segment: the right status, no crash,
 * and a handle that stays corrupt. The bytes are planted behind the ring's back. */
#include "../support/rig.h"

static unsigned char buf[65536];

/* A PERSISTENT ring of three records (8, 100, 0 bytes), closed. */
static const char *plant(uint32_t framing)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;

    o.lifetime = SHMRING_PERSISTENT;
    o.framing = framing;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    if (framing == SHMRING_BYTES) {
        CHECK_EQ(shmring_try_write(p, buf, 1000), 1000);
    } else {
        CHECK_STATUS(shmring_try_send(p, buf, 8, 1), SHMRING_OK);
        CHECK_STATUS(shmring_try_send(p, buf, 100, 2), SHMRING_OK);
        CHECK_STATUS(shmring_try_send(p, buf, 0, 3), SHMRING_OK);
    }
    CHECK(behind_keep(rig_name));
    shmring_producer_close(p);
    return rig_name;
}

static void take_away(const char *name)
{
    CHECK(behind_remove(name));
    CHECK(!is_there(name));
}

/* Every way in answers the same, and says the name. */
static void expect_refused(const char *name, shmring_status want)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_verdict v;
    shmring_info info;

    CHECK_STATUS(shmring_producer_open(&p, name, NULL), want);
    DETAIL_HAS(name);
    CHECK_STATUS(shmring_consumer_open(&c, name, NULL), want);
    DETAIL_HAS(name);
    CHECK_STATUS(shmring_inspect(name, &info), want);
    DETAIL_HAS(name);
    CHECK_STATUS(shmring_verify(name, &v), want);
    DETAIL_HAS(name);
    CHECK(p == NULL && c == NULL);
}

static void shouldFindAGoodRingGood(void)
{
    const char *name = plant(SHMRING_RECORDS);
    shmring_verdict v;

    CHECK_STATUS(shmring_verify(name, &v), SHMRING_OK);
    CHECK_EQ(v.records, 3);
    CHECK_EQ(v.bytes, 16 + 112 + 8);
    CHECK_EQ(v.position, 136);
    CHECK_EQ(v.gaps, 0);
    CHECK_EQ(v.moving, 0);
    CHECK_EQ(v.problem[0], 0);
    take_away(name);
    name = plant(SHMRING_BYTES);
    CHECK_STATUS(shmring_verify(name, &v), SHMRING_OK);
    CHECK_EQ(v.bytes, 1000);
    CHECK_EQ(v.records, 0);
    take_away(name);
    CHECK_STATUS(shmring_verify(name, &v), SHMRING_E_NOT_FOUND);
}

/* A name in the header may be anything: what a sentence says of it must not reach a terminal raw.
 */
static void shouldSayTheNameOfARenamedRingWithoutControlCharacters(void)
{
    const char *name = plant(SHMRING_RECORDS), *at;

    poke(name, 0xD8, "\033[31m\a\177\nx", 10);
    expect_refused(name, SHMRING_E_CORRUPT);
    DETAIL_HAS("'?[31m???x'");
    for (at = shmring_error_detail(); *at != '\0'; at++) {
        CHECK((unsigned char)*at >= ' ' && *at != '\177');
    }
    take_away(name);
}

static void shouldRefuseAForeignMagicVersionOrByteOrder(void)
{
    const char *name = plant(SHMRING_RECORDS);
    uint64_t magic = SHMRING_MAGIC, swapped = 0;
    int i;

    for (i = 0; i < 8; i++) {
        swapped = swapped << 8 | (magic >> (8 * i) & 0xFF);
    }
    poke64(name, 0, swapped);
    expect_refused(name, SHMRING_E_VERSION);
    DETAIL_HAS("byte order");
    poke64(name, 0, 0);
    expect_refused(name, SHMRING_E_CORRUPT);
    poke64(name, 0, magic + 1);
    expect_refused(name, SHMRING_E_CORRUPT);
    poke64(name, 0, magic);
    poke32(name, 8, 2);
    expect_refused(name, SHMRING_E_VERSION);
    DETAIL_HAS("version 2");
    poke32(name, 8, 1);
    poke64(name, 0x38, 4); /* a feature to come */
    expect_refused(name, SHMRING_E_VERSION);
    DETAIL_HAS("0x4");
    poke64(name, 0x38, 0);
    poke64(name, 0x40, 4); /* one that may be ignored */
    shmring_verdict v;
    CHECK_STATUS(shmring_verify(name, &v), SHMRING_OK);
    take_away(name);
}

static void shouldRefuseAHeaderThatCannotBeTrue(void)
{
    static const struct {
        unsigned at, width;
        uint64_t value;
    } all[] = {
        {0x0C, 4, 4096},        {0x10, 8, 0},          {0x10, 8, 65535}, {0x10, 8, 131072},
        {0x10, 8, 0x100010000}, {0x18, 4, 2},          {0x18, 4, 1},     {0x1C, 4, 2},
        {0x20, 4, 2},           {0x24, 4, 3},          {0x24, 4, 1},     {0x28, 4, 0xFFFFFFFF},
        {0x28, 4, 65521},       {0x2C, 4, 0},          {0x2C, 4, 16},    {0x64, 4, 010600},
        {0x68, 8, 4},           {0xD8, 4, 0x41414141}, {0xD8, 4, 0}};
    const char *name = plant(SHMRING_RECORDS);
    size_t i;

    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        const uint32_t half = (uint32_t)all[i].value;
        uint64_t kept;

        look(name, all[i].at, &kept, 8);
        if (all[i].width == 8) {
            poke64(name, all[i].at, all[i].value);
        } else {
            poke32(name, all[i].at, half);
        }
        expect_refused(name, SHMRING_E_CORRUPT);
        poke64(name, all[i].at, kept);
    }
    memset(buf, 'x', 256);
    poke(name, 0xD8, buf, 256); /* a name without an end */
    expect_refused(name, SHMRING_E_CORRUPT);
    take_away(name);
}

/* No options make such a ring, and who takes it over would walk over records without words. */
static void shouldRefuseAHeaderOfBytesThatOverwrite(void)
{
    const char *name = plant(SHMRING_BYTES);

    poke32(name, 0x1C, SHMRING_OVERWRITE);
    poke64(name, 0x38, SHMRING_FEATURE_OVERWRITE);
    expect_refused(name, SHMRING_E_CORRUPT);
    take_away(name);
}

static void expect_verdict(const char *name, uint64_t position, const char *problem)
{
    shmring_verdict v;

    CHECK_STATUS(shmring_verify(name, &v), SHMRING_E_CORRUPT);
    DETAIL_HAS(name);
    CHECK_EQ(v.position, position);
    if (strstr(v.problem, problem) == NULL) {
        CHECK_FAIL_("the problem is '%s', should say '%s'", v.problem, problem);
    }
}

/* The consumer reads `good` records, then CORRUPT, and CORRUPT for ever. */
static void expect_corrupt_after(const char *name, unsigned good)
{
    shmring_consumer *c = NULL;
    shmring_record r;
    unsigned i;

    CHECK_STATUS(shmring_consumer_open(&c, name, NULL), SHMRING_OK);
    for (i = 0; i < good; i++) {
        CHECK_STATUS(shmring_try_recv(c, buf, sizeof buf, NULL), SHMRING_OK);
    }
    CHECK_STATUS(shmring_try_recv(c, buf, sizeof buf, &r), SHMRING_E_CORRUPT);
    DETAIL_HAS(name);
    CHECK_STATUS(shmring_peek(c, &r), SHMRING_E_CORRUPT);
    CHECK_EQ(shmring_peek_many(c, &r, 1), 0);
    CHECK_STATUS(shmring_wait_data(c, SHMRING_FOREVER), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, MS), SHMRING_E_CORRUPT);
    shmring_release(c);
    shmring_release_many(c, 3);
    CHECK_EQ(shmring_try_read(c, buf, 1), 0);
    shmring_consumer_close(c);
}

static void shouldStopAtAWordThatCannotBeTrue(void)
{
    const uint64_t data = SHMRING_HEADER_SIZE;
    const uint64_t bad[] = {1,                                   /* not committed, not zero */
                            word_of(100, 2) & ~COMMITTED,        /* the flag is missing */
                            word_of(100, 2) | UINT64_C(1) << 49, /* a reserved bit */
                            word_of(100, 2) | UINT64_C(1) << 62,
                            word_of(16385, 2),       /* max_record is 16384 */
                            word_of(UINT32_MAX, 2)}; /* the size must not wrap */
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *name = plant(SHMRING_RECORDS);

        poke64(name, data + 16, bad[i]);
        expect_verdict(name, 16, i < 4 ? "word" : "max_record");
        expect_corrupt_after(name, 1);
        take_away(name);
    }
}

static void shouldComplainWhenTailIsBeyondTheRecords(void)
{
    const char *name = plant(SHMRING_RECORDS);

    poke64(name, SHMRING_HEADER_SIZE + 16, 0);
    expect_verdict(name, 16, "tail");
    take_away(name);
}

static void shouldShowTheGoodRecordsBeforeABadWord(void)
{
    const char *name = plant(SHMRING_RECORDS);
    shmring_consumer *c = NULL;
    shmring_record r[4];

    poke64(name, SHMRING_HEADER_SIZE + 128, 77);
    CHECK_STATUS(shmring_consumer_open(&c, name, NULL), SHMRING_OK);
    CHECK_EQ(shmring_peek_many(c, r, 4), 2);
    CHECK_EQ(r[1].len, 100);
    shmring_release_many(c, 2);
    CHECK_EQ(shmring_peek_many(c, r, 4), 0);
    CHECK_STATUS(shmring_peek(c, r), SHMRING_E_CORRUPT);
    shmring_consumer_close(c);
    take_away(name);
}

/* Words all round the ring, and nowhere a 0: what is shown ends where it began. */
static void shouldShowNoMoreThanALapAtOnce(void)
{
    static shmring_record r[SHMRING_PEEK_MAX];
    const char *name = plant(SHMRING_RECORDS);
    shmring_consumer *c = NULL;
    uint64_t at;

    for (at = 0; at < KIB64; at += 16384) {
        poke64(name, SHMRING_HEADER_SIZE + at, word_of(16384 - 8, 1));
    }
    CHECK_STATUS(shmring_consumer_open(&c, name, NULL), SHMRING_OK);
    CHECK_EQ(shmring_peek_many(c, r, SHMRING_PEEK_MAX), 4);
    shmring_release_many(c, 4);
    CHECK_EQ(c->cursor, KIB64);
    shmring_consumer_close(c);
    take_away(name);
}

static void shouldRefusePositionsThatCannotBeTrue(void)
{
    static const struct {
        uint64_t at, value;
        uint32_t framing;
    } all[] = {{TAIL_AT, 1 << 20, 0},
               {TAIL_AT, UINT64_MAX - 7, 1},
               {TAIL_AT, 4, 0},
               {CURSOR_AT, 4, 0},
               {CURSOR_AT, 1 << 20, 0},
               {CURSOR_AT, 1001, 1},
               {CURSOR_AT, UINT64_C(1) << 63, 0}};
    size_t i;

    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char *name = plant(all[i].framing);
        shmring_producer *p = NULL;
        shmring_consumer *c = NULL;
        shmring_verdict v;

        poke64(name, all[i].at, all[i].value);
        CHECK_STATUS(shmring_producer_open(&p, name, NULL), SHMRING_E_CORRUPT);
        DETAIL_HAS(name);
        CHECK_STATUS(shmring_consumer_open(&c, name, NULL), SHMRING_E_CORRUPT);
        CHECK_STATUS(shmring_verify(name, &v), SHMRING_E_CORRUPT);
        CHECK(v.problem[0] != '\0');
        CHECK(p == NULL && c == NULL);
        take_away(name);
    }
}

static void expect_corrupt_producer(struct pair *pair, uint64_t head, uint64_t cursor)
{
    void *at = NULL;

    poke64(rig_name, HEAD_AT, head);
    poke64(rig_name, CURSOR_AT, cursor);
    CHECK_STATUS(shmring_try_send(pair->p, buf, 16384, 0), SHMRING_E_CORRUPT);
    DETAIL_HAS(rig_name);
    poke64(rig_name, HEAD_AT, 0);
    poke64(rig_name, CURSOR_AT, 0);
    CHECK_STATUS(shmring_try_send(pair->p, buf, 0, 0), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_stage(pair->p, buf, 0, 0), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_reserve(pair->p, 0, &at), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_send(pair->p, buf, 0, 0, SHMRING_FOREVER), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_wait_space(pair->p, 0, SHMRING_FOREVER), SHMRING_E_CORRUPT);
    CHECK_EQ(shmring_try_write(pair->p, buf, 1), 0);
}

static void shouldStayCorruptWhenTheConsumerLies(void)
{
    static const uint64_t lies[] = {1 << 20, UINT64_MAX - 7, 4, UINT64_C(1) << 63};
    size_t i;

    for (i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct pair pair = open_small_pair();

        (void)fill(pair.p, 16376);
        expect_corrupt_producer(&pair, 0, lies[i]);
        close_pair(&pair);
    }
}

static void shouldStayCorruptWhenABatchIsAborted(void)
{
    struct pair pair = open_small_pair();

    (void)fill(pair.p, 16376);
    CHECK_STATUS(shmring_stage(pair.p, buf, 1000, 0), SHMRING_OK);
    poke64(rig_name, HEAD_AT, 1 << 20);
    poke64(rig_name, CURSOR_AT, 1 << 20);
    CHECK_STATUS(shmring_stage(pair.p, buf, 16384, 0), SHMRING_E_CORRUPT);
    shmring_abort(pair.p);
    CHECK_STATUS(shmring_try_send(pair.p, buf, 0, 0), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_stage(pair.p, buf, 0, 0), SHMRING_E_CORRUPT);
    close_pair(&pair);
}

static void shouldStayCorruptWhenAByteProducerLies(void)
{
    static const uint64_t lies[] = {65537 + 100, UINT64_MAX, 99, UINT64_C(1) << 63};
    size_t i;

    for (i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct pair pair = open_byte_pair();
        const void *from = NULL;

        CHECK_EQ(shmring_try_write(pair.p, buf, 100), 100);
        CHECK_EQ(shmring_try_read(pair.c, buf, 200), 100);
        poke64(rig_name, TAIL_AT, lies[i]);
        CHECK_EQ(shmring_read_span(pair.c, &from), 0);
        CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_E_CORRUPT);
        poke64(rig_name, TAIL_AT, 200);
        CHECK_EQ(shmring_try_read(pair.c, buf, 200), 0);
        CHECK_STATUS(shmring_wait_data(pair.c, 0), SHMRING_E_CORRUPT);
        close_pair(&pair);
    }
}

static void shouldRollForwardOverRecordsThatTailDoesNotCount(void)
{
    const char *name = plant(SHMRING_RECORDS);
    shmring_producer *p = NULL;
    shmring_info info;

    poke64(name, TAIL_AT, 16); /* it died before it stored tail */
    poke64(name, SHMRING_PRODUCER_AT + 0x088, 1);
    CHECK_STATUS(shmring_producer_open(&p, name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_inspect(name, &info), SHMRING_OK);
    CHECK_EQ(info.tail, 136);
    CHECK_EQ(info.counters.sent, 3);
    CHECK_EQ(info.counters.recovered, 2);
    shmring_producer_close(p);
    poke64(name, TAIL_AT, 16);
    poke64(name, SHMRING_HEADER_SIZE + 128, 5);
    CHECK_STATUS(shmring_producer_open(&p, name, NULL), SHMRING_E_CORRUPT);
    take_away(name);
}

static void shouldNotRollForwardOverARecordThatIsTooLong(void)
{
    const char *name = plant(SHMRING_RECORDS);
    shmring_producer *p = NULL;

    poke64(name, TAIL_AT, 16);
    poke64(name, SHMRING_HEADER_SIZE + 16, word_of(16385, 2)); /* max_record is 16384 */
    CHECK_STATUS(shmring_producer_open(&p, name, NULL), SHMRING_E_CORRUPT);
    DETAIL_HAS("positions");
    take_away(name);
}

int main(void)
{
    RUN(shouldFindAGoodRingGood);
    RUN(shouldSayTheNameOfARenamedRingWithoutControlCharacters);
    RUN(shouldRefuseAForeignMagicVersionOrByteOrder);
    RUN(shouldRefuseAHeaderThatCannotBeTrue);
    RUN(shouldRefuseAHeaderOfBytesThatOverwrite);
    RUN(shouldStopAtAWordThatCannotBeTrue);
    RUN(shouldComplainWhenTailIsBeyondTheRecords);
    RUN(shouldShowTheGoodRecordsBeforeABadWord);
    RUN(shouldShowNoMoreThanALapAtOnce);
    RUN(shouldRefusePositionsThatCannotBeTrue);
    RUN(shouldStayCorruptWhenTheConsumerLies);
    RUN(shouldStayCorruptWhenABatchIsAborted);
    RUN(shouldStayCorruptWhenAByteProducerLies);
    RUN(shouldRollForwardOverRecordsThatTailDoesNotCount);
    RUN(shouldNotRollForwardOverARecordThatIsTooLong);
    return check_done();
}
