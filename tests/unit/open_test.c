/* SPDX-License-Identifier: MIT */
/* open_test.c - names, options and modes of opening: the right status, and a sentence with the ring
 * and the values. */
#include "../support/rig.h"

static void check_name(const char *name, shmring_status want)
{
    shmring_producer *p = NULL;
    shmring_status status = shmring_producer_open(&p, name, NULL);

    shmring_producer_close(p);
    if (status != want) {
        CHECK_FAIL_("'%s' is answered with %d, should be %d", name, status, want);
    }
}

static void shouldAcceptEveryNameTheRulesAllow(void)
{
    char name[256];

    (void)snprintf(name, sizeof name, "AZaz09._-.%ld", (long)getpid());
    check_name(name, SHMRING_OK);
    (void)snprintf(name, sizeof name, "Local\\x%ld", (long)getpid());
    check_name(name, SHMRING_OK);
    (void)snprintf(name, sizeof name, "Global\\x%ld", (long)getpid());
    check_name(name, SHMRING_OK);
    (void)snprintf(name, sizeof name, "%ld.7.x", (long)getpid()); /* digits, dot: fine for Local */
    check_name(name, SHMRING_OK);
    (void)snprintf(name, sizeof name, "Global\\%ld-7.x", (long)getpid());
    check_name(name, SHMRING_OK);
    memset(name, 'n', sizeof name);
    (void)snprintf(name + 190, sizeof name - 190, "%010ld", (long)getpid()); /* 200 characters */
    CHECK_EQ(strlen(name), 200);
    check_name(name, SHMRING_OK);
}

static void shouldRefuseEveryNameTheRulesForbid(void)
{
    static const char *const bad[] = {"",           ".x",
                                      "a/b",        "a b",
                                      "a\\b",       "Local\\",
                                      "Global\\",   "Local\\.x",
                                      "../x",       "caf\xc3\xa9",
                                      "a\n",        "Global\\1000.x",
                                      "Global\\0.", "Local\\Local\\x",
                                      "global\\x",  "a:b",
                                      "%s%n",       "/x"};
    char name[300];
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_name(bad[i], SHMRING_E_NAME);
    }
    check_name(NULL, SHMRING_E_NAME);
    memset(name, 'n', sizeof name);
    name[201] = '\0';
    check_name(name, SHMRING_E_NAME);
    name[201] = 'n';
    name[299] = '\0';
    check_name(name, SHMRING_E_NAME);
    check_name("bad name", SHMRING_E_NAME);
    DETAIL_HAS("bad name");
    DETAIL_HAS("200");
}

static void shouldRefuseBadNamesInEveryCallThatTakesOne(void)
{
    shmring_consumer *c = NULL;
    shmring_info info;
    shmring_verdict verdict;

    CHECK_STATUS(shmring_consumer_open(&c, "a b", NULL), SHMRING_E_NAME);
    CHECK_STATUS(shmring_remove("a b"), SHMRING_E_NAME);
    CHECK_STATUS(shmring_inspect("a b", &info), SHMRING_E_NAME);
    CHECK_STATUS(shmring_verify("a b", &verdict), SHMRING_E_NAME);
    CHECK(c == NULL);
}

/* Opens with these options, closes again; the status. */
static shmring_status try_open(const shmring_options *o)
{
    shmring_producer *p = NULL;
    shmring_status status = shmring_producer_open(&p, new_name(), o);

    CHECK((p != NULL) == (status == SHMRING_OK));
    shmring_producer_close(p);
    return status;
}

static void shouldRefuseOptionsOutOfRangeByName(void)
{
    static const struct {
        size_t at;
        uint32_t value;
        const char *what;
    } all[] = {
        {offsetof(shmring_options, open_mode), 3, "open_mode"},
        {offsetof(shmring_options, framing), 2, "framing"},
        {offsetof(shmring_options, overflow), 2, "overflow"},
        {offsetof(shmring_options, lifetime), 2, "lifetime"},
        {offsetof(shmring_options, stamp), 3, "stamp"},
        {offsetof(shmring_options, permissions), 01000, "permissions"},
        {offsetof(shmring_options, flags), 128, "flags"},
    };
    size_t i;

    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        shmring_options o = options_of(KIB64);
        char number[24];

        memcpy((char *)&o + all[i].at, &all[i].value, sizeof all[i].value);
        CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
        DETAIL_HAS(all[i].what);
        DETAIL_HAS(rig_name);
        (void)snprintf(number, sizeof number, "%u", all[i].value);
        DETAIL_HAS(number);
    }
}

static void shouldRefuseACapacityThatIsNoPowerOfTwoInRange(void)
{
    static const uint64_t bad[] = {
        1, 32768, 65535, 65537, 3 * KIB64, UINT64_C(1) << 41, UINT64_MAX, UINT64_C(1) << 63};
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        shmring_options o = options_of(bad[i]);
        char number[24];

        CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
        (void)snprintf(number, sizeof number, "%" PRIu64, bad[i]);
        DETAIL_HAS(number);
        DETAIL_HAS(rig_name);
    }
}

static void shouldAcceptMaxRecordUpToWhatTheCapacityHolds(void)
{
    shmring_options o = options_of(KIB64);

    o.max_record = 65536 - 16;
    CHECK_STATUS(try_open(&o), SHMRING_OK);
    o.max_record = 65536 - 15;
    CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
    DETAIL_HAS("65521");
    DETAIL_HAS("65520");
    o.stamp = SHMRING_STAMP_MONOTONIC;
    o.max_record = 65536 - 24;
    CHECK_STATUS(try_open(&o), SHMRING_OK);
    o.max_record = 65536 - 23;
    CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
    o = options_of(0); /* the default capacity is 1 MiB */
    o.max_record = (1u << 20) - 15;
    CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
    CHECK(!is_there(rig_name));
    o.max_record = UINT32_MAX;
    o.capacity = UINT64_C(1) << 33;
    CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
}

static void shouldRefuseWhatThisVersionCannotDo(void)
{
    shmring_options o = options_of(KIB64);

    o.overflow = SHMRING_OVERWRITE;
    o.framing = SHMRING_BYTES;
    CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
    DETAIL_HAS(rig_name);
    o.overflow = 0;
    o.framing = SHMRING_RECORDS;
    o.stamp = SHMRING_STAMP_MONOTONIC;
    o.framing = SHMRING_BYTES;
    CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
    o.stamp = 0;
    o.max_record = 8;
    CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
    DETAIL_HAS("SHMRING_BYTES");
    o.max_record = 0;
    o.start_position = 4;
    CHECK_STATUS(try_open(&o), SHMRING_E_INVALID);
    DETAIL_HAS("start_position");
}

static void shouldTakeTheOptionsSizeFromTheCaller(void)
{
    struct {
        shmring_options o;
        unsigned char later[64]; /* fields of a version to come */
    } big;
    char number[24];

    memset(&big, 0, sizeof big);
    CHECK_STATUS(try_open(&big.o), SHMRING_E_INVALID); /* struct_size 0 */
    DETAIL_HAS("struct_size is 0");
    DETAIL_HAS("SHMRING_OPTIONS_INIT");
    big.o.struct_size = (uint32_t)sizeof big;
    CHECK_STATUS(try_open(&big.o), SHMRING_OK); /* unknown, and zero */
    big.later[9] = 1;
    CHECK_STATUS(try_open(&big.o), SHMRING_E_INVALID);
    (void)snprintf(number, sizeof number, "byte %zu", sizeof big.o + 9);
    DETAIL_HAS(number);
    big.o.struct_size = (uint32_t)offsetof(shmring_options, start_position); /* the first version */
    big.o.start_position = 4; /* beyond the size: not read */
    CHECK_STATUS(try_open(&big.o), SHMRING_OK);
    big.o.struct_size = 4;
    CHECK_STATUS(try_open(&big.o), SHMRING_E_INVALID);
    big.o.struct_size = UINT32_MAX;
    CHECK_STATUS(try_open(&big.o), SHMRING_E_INVALID);
    DETAIL_HAS("4294967295");
}

static void shouldRefuseANullPlaceForTheHandle(void)
{
    CHECK_STATUS(shmring_producer_open(NULL, new_name(), NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_consumer_open(NULL, rig_name, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_inspect(rig_name, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_verify(rig_name, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_list(NULL, NULL), SHMRING_E_INVALID);
    CHECK(!is_there(rig_name));
    shmring_producer_close(NULL);
    shmring_consumer_close(NULL);
}

/* A ring that exists, and the option `at` (4 or 8 bytes) that asks for another value. */
static void check_mismatch(const shmring_options *made, size_t at, size_t n, uint64_t asked,
                           const char *there_text, const char *asked_text)
{
    shmring_options o = SHMRING_OPTIONS_INIT;
    uint32_t narrow = (uint32_t)asked;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    memcpy((char *)&o + at, n == 8 ? (void *)&asked : (void *)&narrow, n);
    CHECK_STATUS(shmring_producer_open(&p, new_name(), made), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_E_MISMATCH);
    DETAIL_HAS(rig_name);
    DETAIL_HAS(there_text);
    DETAIL_HAS(asked_text);
    CHECK(c == NULL);
    /* A refused open leaves the role free. */
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, made), SHMRING_OK);
    shmring_consumer_close(c);
    shmring_producer_close(p);
    CHECK(!is_there(rig_name));
}

#define MISMATCH(made, field, asked, there_text, asked_text)                                       \
    check_mismatch(made, offsetof(shmring_options, field), sizeof(made)->field, asked, there_text, \
                   asked_text)

static void shouldNameBothValuesWhenAnOptionDiffers(void)
{
    shmring_options o = options_of(KIB64);

    o.schema = 7001;
    o.max_record = 1234;
    o.permissions = 0640;
    o.start_position = 4096;
    MISMATCH(&o, capacity, 131072, "capacity 65536", "131072");
    MISMATCH(&o, schema, 7002, "schema 7001", "7002");
    MISMATCH(&o, max_record, 1235, "max_record 1234", "1235");
    MISMATCH(&o, permissions, 0660, "0640", "0660");
    MISMATCH(&o, framing, SHMRING_BYTES, "bytes) 0", "asks for 1");
    MISMATCH(&o, lifetime, SHMRING_PERSISTENT, "persistent) 0", "asks for 1");
    MISMATCH(&o, stamp, SHMRING_STAMP_MONOTONIC, "TSC) 0", "asks for 1");
    MISMATCH(&o, start_position, 8192, "start_position 4096", "8192");
}

static void shouldRefuseCreateOnlyWhenTheRingIsThere(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    o.open_mode = SHMRING_CREATE_ONLY;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_E_EXISTS);
    DETAIL_HAS(rig_name);
    CHECK(c == NULL);
    shmring_producer_close(p);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_OK);
    shmring_consumer_close(c);
}

static void shouldRefuseOpenOnlyWhenThereIsNoRing(void)
{
    shmring_options o = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    o.open_mode = SHMRING_OPEN_ONLY;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_E_NOT_FOUND);
    DETAIL_HAS(rig_name);
    CHECK(p == NULL && !is_there(rig_name));
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_OK);
    shmring_consumer_close(c);
    shmring_producer_close(p);
}

static void shouldNameTheHolderOfARoleThatIsTaken(void)
{
    struct pair pair = open_small_pair();
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    char pid[32];

    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_BUSY);
    DETAIL_HAS(pid);
    DETAIL_HAS("producer");
    DETAIL_HAS(rig_name);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_E_BUSY);
    DETAIL_HAS(pid);
    DETAIL_HAS("consumer");
    CHECK(p == NULL && c == NULL);
    close_pair(&pair);
}

static void shouldTakeOptionsThatAreNotSetFromTheRing(void)
{
    shmring_options o = options_of(4 * KIB64);
    shmring_info info;
    struct pair pair;

    o.schema = 42;
    o.max_record = 100;
    o.stamp = SHMRING_STAMP_MONOTONIC;
    pair = open_pair(&o); /* the consumer comes with none */
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_EQ(info.capacity, 4 * KIB64);
    CHECK_EQ(info.schema, 42);
    CHECK_EQ(info.max_record, 100);
    CHECK_EQ(info.stamp, SHMRING_STAMP_MONOTONIC);
    CHECK_EQ(info.permissions, 0600);
    close_pair(&pair);
}

static void shouldUseTheDocumentedDefaults(void)
{
    struct pair pair = open_pair(NULL);
    shmring_info info;

    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_EQ(info.capacity, 1 << 20);
    CHECK_EQ(info.max_record, 1 << 18);
    CHECK_EQ(info.framing, SHMRING_RECORDS);
    CHECK_EQ(info.overflow, SHMRING_REJECT);
    CHECK_EQ(info.lifetime, SHMRING_UNTIL_LAST_CLOSE);
    CHECK_EQ(info.stamp, SHMRING_STAMP_NONE);
    CHECK_EQ(info.permissions, 0600);
    CHECK_EQ(info.schema, 0);
    close_pair(&pair);
}

static void shouldHaveAFewWordsForEveryStatus(void)
{
    int status, other;

    for (status = SHMRING_E_OS; status <= SHMRING_LAPPED; status++) {
        CHECK(strcmp(shmring_status_text((shmring_status)status), "unknown status") != 0);
        for (other = SHMRING_E_OS; other < status; other++) {
            CHECK(strcmp(shmring_status_text((shmring_status)status),
                         shmring_status_text((shmring_status)other)) != 0);
        }
    }
    CHECK(strcmp(shmring_status_text((shmring_status)(SHMRING_E_OS - 1)), "unknown status") == 0);
    CHECK(strcmp(shmring_status_text((shmring_status)7), "unknown status") == 0);
    CHECK(strcmp(shmring_version(), SHMRING_VERSION_STRING) == 0);
}

int main(void)
{
    RUN(shouldAcceptEveryNameTheRulesAllow);
    RUN(shouldRefuseEveryNameTheRulesForbid);
    RUN(shouldRefuseBadNamesInEveryCallThatTakesOne);
    RUN(shouldRefuseOptionsOutOfRangeByName);
    RUN(shouldRefuseACapacityThatIsNoPowerOfTwoInRange);
    RUN(shouldAcceptMaxRecordUpToWhatTheCapacityHolds);
    RUN(shouldRefuseWhatThisVersionCannotDo);
    RUN(shouldTakeTheOptionsSizeFromTheCaller);
    RUN(shouldRefuseANullPlaceForTheHandle);
    RUN(shouldNameBothValuesWhenAnOptionDiffers);
    RUN(shouldRefuseCreateOnlyWhenTheRingIsThere);
    RUN(shouldRefuseOpenOnlyWhenThereIsNoRing);
    RUN(shouldNameTheHolderOfARoleThatIsTaken);
    RUN(shouldTakeOptionsThatAreNotSetFromTheRing);
    RUN(shouldUseTheDocumentedDefaults);
    RUN(shouldHaveAFewWordsForEveryStatus);
    return check_done();
}
