/* SPDX-License-Identifier: MIT */
/* describe_test.c - the description in a ring: given by its creator, read by others, and what they
 * are told where it is another one, or cannot be one. */
#include "../support/rig.h"

static const char text[] = "type 1 Imu # an\nuint64 stamp_ns # [ns]\nfloat32 temperature\n";

static shmring_options described(const char *description)
{
    shmring_options o = options_of(KIB64);

    o.lifetime = SHMRING_PERSISTENT;
    o.description = description;
    return o;
}

static void make_ring(void)
{
    shmring_options o = described(text);

    CHECK_STATUS(shmring_create(new_name(), &o), SHMRING_OK);
}

static uint64_t hash_of(const char *from)
{
    shmring_description *d = NULL;
    uint64_t hash;

    CHECK_STATUS(shmring_description_parse(&d, from, strlen(from), NULL), SHMRING_OK);
    hash = shmring_description_hash(d);
    shmring_description_free(d);
    return hash;
}

static void remove_ring(void)
{
    CHECK(behind_cannot_remove() != NULL || behind_remove(rig_name));
}

static void shouldGiveTheTextToWhoAsks(void)
{
    char buf[SHMRING_DESCRIPTION_MAX + 1] = "x";
    shmring_description *d = NULL;
    uint32_t len = 99;

    make_ring();
    CHECK_STATUS(shmring_describe(rig_name, buf, sizeof text - 1, &len), SHMRING_E_TOO_BIG);
    CHECK(len == 99 && buf[0] == 'x');
    CHECK_STATUS(shmring_describe(rig_name, buf, sizeof text, &len), SHMRING_OK);
    CHECK(strcmp(buf, text) == 0);
    CHECK_EQ(len, strlen(text));
    CHECK_STATUS(shmring_describe(rig_name, buf, sizeof buf, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_description_read(&d, rig_name), SHMRING_OK);
    CHECK(strcmp(shmring_description_text(d), text) == 0);
    CHECK(shmring_description_hash(d) == inspect().schema);
    shmring_description_free(d);
    CHECK_STATUS(shmring_describe(rig_name, NULL, 0, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_description_read(NULL, rig_name), SHMRING_E_INVALID);
    remove_ring();
    CHECK_STATUS(shmring_describe("no name", buf, sizeof buf, &len), SHMRING_E_NAME);
}

static void shouldGiveItToWhoHasTheRingOpen(void)
{
    shmring_options o = described(text);
    struct pair pair = open_pair(&o);
    shmring_observer *watcher = NULL;
    shmring_description *d[3] = {NULL, NULL, NULL};
    int i;

    CHECK_STATUS(shmring_observer_open(&watcher, rig_name, &o), SHMRING_OK);
    CHECK_STATUS(shmring_producer_description(pair.p, &d[0]), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_description(pair.c, &d[1]), SHMRING_OK);
    CHECK_STATUS(shmring_observer_description(watcher, &d[2]), SHMRING_OK);
    for (i = 0; i < 3; i++) {
        CHECK(strcmp(shmring_description_text(d[i]), text) == 0);
        shmring_description_free(d[i]);
    }
    CHECK_STATUS(shmring_producer_description(NULL, &d[0]), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_consumer_description(pair.c, NULL), SHMRING_E_INVALID);
    shmring_observer_close(watcher);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    remove_ring();
}

static void shouldSayThatThereIsNone(void)
{
    struct pair pair = open_small_pair();
    shmring_options o = described(text);
    shmring_description *d = NULL;
    shmring_observer *watcher = NULL;
    char buf[16] = "x";

    CHECK_STATUS(shmring_describe(rig_name, buf, sizeof buf, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_description_read(&d, rig_name), SHMRING_EMPTY);
    CHECK_STATUS(shmring_consumer_description(pair.c, &d), SHMRING_EMPTY);
    CHECK(d == NULL && buf[0] == 'x');
    o.lifetime = 0;
    CHECK_STATUS(shmring_observer_open(&watcher, rig_name, &o), SHMRING_E_MISMATCH);
    DETAIL_HAS("without a description");
    close_pair(&pair);
}

static void shouldTakeTheSameUpToComments(void)
{
    shmring_options o;
    shmring_producer *p = NULL;

    make_ring();
    o = described("type 1 Imu\n\nuint64   stamp_ns # [ns] since boot\nfloat32 temperature");
    o.flags = SHMRING_EXACT;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_OK);
    shmring_producer_close(p);
    o = described(NULL);
    o.schema = hash_of(text);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_OK);
    shmring_producer_close(p);
    remove_ring();
}

static void shouldRefuseAnotherOneWithBothLines(void)
{
    shmring_options o;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    make_ring();
    o = described("type 1 Imu\nuint64 stamp_ns # [ns]\nfloat64 temperature\n");
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_E_MISMATCH);
    DETAIL_HAS(rig_name);
    DETAIL_HAS("line 3 'float32 temperature'");
    DETAIL_HAS("line 3 'float64 temperature'");
    o = described("type 1 Imu\nuint64 stamp_ns # [ns]\n");
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_E_MISMATCH);
    DETAIL_HAS("goes on in line 3");
    o = described(NULL);
    o.schema = 5;
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_E_MISMATCH);
    CHECK(p == NULL && c == NULL);
    remove_ring();
}

static void shouldKeepTheSchemaThatIsGiven(void)
{
    shmring_options o = described(text);

    o.schema = 77;
    CHECK_STATUS(shmring_create(new_name(), &o), SHMRING_OK);
    CHECK_EQ(inspect().schema, 77);
    CHECK_STATUS(shmring_create(rig_name, &o), SHMRING_E_EXISTS);
    remove_ring();
}

static void shouldRefuseWhatIsNoDescription(void)
{
    static char many[SHMRING_DESCRIPTION_MAX + 2];
    shmring_options o = described("type 1 Imu\nuint64 stamp_ns\nfloat31 x\n");

    CHECK_STATUS(shmring_create(new_name(), &o), SHMRING_E_INVALID);
    DETAIL_HAS(rig_name);
    DETAIL_HAS("options.description, line 3, column 1");
    memset(many, '#', sizeof many - 1);
    o = described(many);
    CHECK_STATUS(shmring_create(rig_name, &o), SHMRING_E_INVALID);
    DETAIL_HAS("15360");
    o = described(text);
    o.framing = SHMRING_BYTES;
    CHECK_STATUS(shmring_create(rig_name, &o), SHMRING_E_INVALID);
    DETAIL_HAS("SHMRING_BYTES");
    CHECK(!is_there(rig_name));
}

/* ---- hostile rings ---- */

static void is_corrupt(const char *words)
{
    shmring_description *d = NULL;
    shmring_options o = described(text);
    shmring_producer *p = NULL;

    CHECK_STATUS(shmring_description_read(&d, rig_name), SHMRING_E_CORRUPT);
    CHECK(d == NULL);
    DETAIL_HAS(rig_name);
    DETAIL_HAS(words);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK); /* who does not ask */
    shmring_producer_close(p);
}

static void shouldNotBelieveWhereItLies(void)
{
    static const uint32_t at[] = {0, 16, 471, 0x3FFF, 0x4000, 0x4001, 0x10000, UINT32_MAX};
    static const uint32_t size[] = {0, 0x3C01, 0x4000, UINT32_MAX};
    char buf[SHMRING_DESCRIPTION_MAX + 1];
    size_t i;

    make_ring();
    for (i = 0; i < sizeof at / sizeof at[0]; i++) {
        poke32(rig_name, 0x090, at[i]);
        is_corrupt("lies where none can be");
        CHECK_STATUS(shmring_describe(rig_name, buf, sizeof buf, NULL), SHMRING_E_CORRUPT);
    }
    poke32(rig_name, 0x090, 0x400);
    for (i = 0; i < sizeof size / sizeof size[0]; i++) {
        poke32(rig_name, 0x094, size[i]);
        is_corrupt("lies where none can be");
    }
    remove_ring();
}

static void shouldNotBelieveWhatItSays(void)
{
    const char bell = '\a';

    make_ring();
    poke(rig_name, 0x400, "kind", 4);
    is_corrupt("line 1, column 1");
    poke(rig_name, 0x400, "type 2", 6);
    is_corrupt("hash");
    poke(rig_name, 0x400 + 14, &bell, 1);
    is_corrupt("byte 0x07");
    remove_ring();
}

int main(void)
{
    RUN(shouldGiveTheTextToWhoAsks);
    RUN(shouldGiveItToWhoHasTheRingOpen);
    RUN(shouldSayThatThereIsNone);
    RUN(shouldTakeTheSameUpToComments);
    RUN(shouldRefuseAnotherOneWithBothLines);
    RUN(shouldKeepTheSchemaThatIsGiven);
    RUN(shouldRefuseWhatIsNoDescription);
    RUN(shouldNotBelieveWhereItLies);
    RUN(shouldNotBelieveWhatItSays);
    return check_done();
}
