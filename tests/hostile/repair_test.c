/* SPDX-License-Identifier: MIT */
/* repair_test.c - shmring_repair() on rings that live, are dead, are corrupt at random, and on
 * copies of them in plain files: never worse, and sound in the end.
 *
 *   repair_test [ROUNDS]
 */
#define _GNU_SOURCE
#include "../support/rig_linux.h"

#include "../support/pattern.h"

#define MAX_RECORD 3000u
#define SIZE       (SHMRING_HEADER_SIZE + KIB64)
#define LOTS       20000u
#define EVICT_AT   (SHMRING_PRODUCER_AT + 0x100)

struct kind {
    uint32_t framing, overflow;
};
static const struct kind of_records = {SHMRING_RECORDS, SHMRING_REJECT};
static const struct kind of_bytes = {SHMRING_BYTES, SHMRING_REJECT};
static const struct kind that_overwrite = {SHMRING_RECORDS, SHMRING_OVERWRITE};

static uint64_t rounds = 300, random_now = 7;
static int was_lapped; /* by what was read last: it began where evict says */
static unsigned char buf[MAX_RECORD], image[SIZE], mended[SIZE];

static uint64_t below(uint64_t n)
{
    return pattern_next(&random_now) % n;
}

/* A ring that nobody has open, with a random number of records, some of them read. */
static void leave_a_ring(struct kind kind)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    uint64_t seq, n = below(400);

    o.lifetime = SHMRING_PERSISTENT;
    o.framing = kind.framing;
    o.overflow = kind.overflow;
    o.max_record = kind.framing == SHMRING_RECORDS ? MAX_RECORD : 0;
    o.start_position = below(8) * UINT64_C(0x1FFFFFFFFFFFF000);
    pair = open_pair(&o);
    for (seq = 0; seq < n; seq++) {
        uint32_t len = pattern_length(seq, 8, MAX_RECORD);

        pattern_fill(buf, len, seq);
        (void)shmring_try_send(pair.p, buf, len, pattern_type(seq));
        (void)shmring_try_write(pair.p, buf, len);
        if (below(3) == 0) {
            (void)shmring_try_recv(pair.c, buf, MAX_RECORD, NULL);
            (void)shmring_try_read(pair.c, buf, below(MAX_RECORD));
        }
    }
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
}

static void damage(struct kind kind)
{
    const uint64_t positions[] = {TAIL_AT, HEAD_AT, CURSOR_AT, EVICT_AT};
    const uint64_t many = kind.overflow == SHMRING_OVERWRITE ? 4 : 3;
    uint64_t at, value, n;

    for (n = 1 + below(3); n > 0; n--) {
        at = below(2) == 0 ? positions[below(many)] : SHMRING_HEADER_SIZE + below(KIB64 / 8) * 8;
        value = look64(rig_name, at);
        switch (below(4)) {
        case 0:
            value ^= UINT64_C(1) << below(64);
            break;
        case 1:
            value += (below(2000) - 1000) * 8;
            break;
        case 2:
            value = COMMITTED | below(2 * MAX_RECORD);
            break;
        default:
            value = pattern_next(&random_now) * below(2);
        }
        poke64(rig_name, at, value);
    }
}

/* Reads until there is nothing more or something is wrong. marks[i] follows from the first i + 1
 * records. Returns how many; *ret_end is how it ended. */
static uint64_t read_all(uint64_t marks[LOTS], shmring_status *ret_end)
{
    shmring_consumer *c = NULL;
    shmring_record r;
    uint64_t n = 0, mark = 0;

    was_lapped = 0;
    *ret_end = shmring_consumer_open(&c, rig_name, NULL);
    while (*ret_end == SHMRING_OK && n < LOTS) {
        *ret_end = shmring_try_recv(c, buf, MAX_RECORD, &r);
        if (*ret_end == SHMRING_LAPPED) { /* once, and not a record */
            was_lapped = 1;
            *ret_end = shmring_try_recv(c, buf, MAX_RECORD, &r);
        }
        if (*ret_end != SHMRING_OK) {
            break;
        }
        mark = pattern_mix(mark ^ r.position ^ (uint64_t)r.len << 32 ^ buf[r.len / 2]);
        marks[n++] = mark;
    }
    shmring_consumer_close(c);
    return n;
}

static void use_it(struct kind kind)
{
    struct pair pair = {NULL, NULL};

    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    if (kind.framing == SHMRING_RECORDS) {
        while (shmring_try_recv(pair.c, buf, MAX_RECORD, NULL) == SHMRING_OK) {
        }
        CHECK_STATUS(shmring_try_send(pair.p, "again", 5, 1), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, buf, MAX_RECORD, NULL), SHMRING_OK);
        CHECK(memcmp(buf, "again", 5) == 0);
    } else {
        while (shmring_try_read(pair.c, buf, MAX_RECORD) != 0) {
        }
        CHECK_EQ(shmring_try_write(pair.p, "again", 5), 5);
        CHECK_EQ(shmring_try_read(pair.c, buf, MAX_RECORD), 5);
        CHECK(memcmp(buf, "again", 5) == 0);
    }
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
}

struct tally {
    uint64_t sound, changed, again, kept, records;
};

static void one_round(struct kind kind, struct tally *t)
{
    static uint64_t before[LOTS], after[LOTS];
    shmring_status ended, status;
    shmring_repaired r = {0};
    shmring_verdict v = {0};
    uint64_t n, m;
    int elsewhere;

    leave_a_ring(kind);
    damage(kind);
    status = shmring_verify(rig_name, &v);
    look(rig_name, 0, image, SIZE);
    n = read_all(before, &ended);
    elsewhere = was_lapped; /* not at the consumer's own position */
    poke(rig_name, 0, image, SIZE);
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_OK);
    CHECK_EQ(r.changed, status != SHMRING_OK);
    look(rig_name, 0, mended, SIZE);
    CHECK(r.changed || memcmp(image, mended, SIZE) == 0);
    CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_OK);
    CHECK_EQ(v.records, r.records);
    CHECK_EQ(v.bytes, r.bytes);
    m = read_all(after, &ended);
    CHECK(ended == SHMRING_EMPTY || ended == SHMRING_CLOSED || kind.framing == SHMRING_BYTES);
    CHECK_EQ(m, r.records);
    if (!elsewhere && !r.again && n <= m &&
        n != 0) { /* nothing that could be read is gone, or another */
        CHECK_EQ(after[n - 1], before[n - 1]);
    }
    t->sound += !r.changed;
    t->changed += r.changed;
    t->again += r.again;
    t->kept += n <= m;
    t->records += m;
    use_it(kind);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

static void some_rounds(struct kind kind)
{
    struct tally t = {0, 0, 0, 0, 0};
    uint64_t i;

    for (i = 0; i < rounds; i++) {
        one_round(kind, &t);
    }
    printf("# %" PRIu64 " rings, %" PRIu64 " sound, %" PRIu64 " mended, %" PRIu64
           " from head, %" PRIu64 " records kept\n",
           rounds, t.sound, t.changed, t.again, t.records);
    CHECK(t.sound > 0 && t.changed > rounds / 4);
    CHECK(kind.framing == SHMRING_BYTES || (t.again > 0 && t.kept > rounds * 9 / 10));
}

static void shouldMendRingsOfRecordsAndNeverMakeThemWorse(void)
{
    some_rounds(of_records);
}

static void shouldMendRingsThatOverwriteAndNeverMakeThemWorse(void)
{
    some_rounds(that_overwrite);
}

static void shouldMendRingsOfBytesAndNeverMakeThemWorse(void)
{
    some_rounds(of_bytes);
}

/* What verify once overlooked: no new producer could go on here. */
static void shouldNotCallATailInsideARecordSound(void)
{
    shmring_options o = options_of(KIB64);
    shmring_repaired r;
    shmring_verdict v;
    struct pair pair;

    o.lifetime = SHMRING_PERSISTENT;
    pair = open_pair(&o);
    CHECK_STATUS(shmring_try_send(pair.p, "one record of 24 bytes..", 24, 1), SHMRING_OK);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    poke64(rig_name, TAIL_AT, 16);
    CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_E_CORRUPT);
    DETAIL_HAS("across the tail");
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_OK);
    CHECK_EQ(r.records, 1);
    CHECK_EQ(look64(rig_name, TAIL_AT), 32);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

/* What verify once overlooked: a new producer walks from evict, which the consumer has passed. */
static void shouldNotCallARingSoundThatNoProducerCanOverwrite(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_repaired r;
    shmring_verdict v;
    struct pair pair;
    const uint64_t places[] = {EVICT_AT, EVICT_AT, SHMRING_HEADER_SIZE + 16, EVICT_AT};
    const uint64_t values[] = {UINT64_C(0) - 2 * KIB64, UINT64_C(1) << 40, 12345, 8};
    const uint64_t tails[] = {48, 48, 48, 0}; /* where it is, or a walk over evict */
    int i;

    o.lifetime = SHMRING_PERSISTENT;
    o.overflow = SHMRING_OVERWRITE;
    for (i = 0; i < 4; i++) {
        pair = open_pair(&o);
        CHECK_STATUS(shmring_try_send(pair.p, "1", 1, 1), SHMRING_OK);
        CHECK_STATUS(shmring_try_send(pair.p, "2", 1, 1), SHMRING_OK);
        CHECK_STATUS(shmring_try_send(pair.p, "3", 1, 1), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, buf, MAX_RECORD, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, buf, MAX_RECORD, NULL), SHMRING_OK);
        shmring_producer_close(pair.p);
        shmring_consumer_close(pair.c);
        CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_OK);
        CHECK_EQ(v.records, 1);
        poke64(rig_name, places[i], values[i]);
        poke64(rig_name, TAIL_AT, tails[i]);
        CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_CORRUPT);
        CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_E_CORRUPT);
        CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_OK);
        CHECK_EQ(r.records, 1);
        CHECK_EQ(r.again, 0);
        use_it(that_overwrite);
        CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    }
}

static void shouldLeaveALivingRingAlone(void)
{
    struct pair pair = open_small_pair();
    shmring_repaired r;

    CHECK_STATUS(shmring_try_send(pair.p, "1", 1, 1), SHMRING_OK);
    poke64(rig_name, SHMRING_HEADER_SIZE, 12345);
    look(rig_name, 0, image, SIZE);
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_E_BUSY);
    DETAIL_HAS("producer is process");
    shmring_producer_close(pair.p);
    pair.p = NULL;
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_E_BUSY);
    DETAIL_HAS("consumer is process");
    CHECK_EQ(look64(rig_name, SHMRING_HEADER_SIZE), 12345);
    close_pair(&pair);
}

static int overwrite_until_told(void *arg)
{
    shmring_atomic_u64 *stop = arg;
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    uint64_t seq;

    o.overflow = SHMRING_OVERWRITE;
    if (shmring_producer_open(&p, rig_name, &o) != SHMRING_OK) {
        return 2;
    }
    for (seq = 0; shmring_load_relaxed(stop) == 0; seq++) {
        if (shmring_try_send(p, buf, pattern_length(seq, 0, MAX_RECORD), 1) != SHMRING_OK) {
            return 3;
        }
    }
    shmring_producer_close(p);
    return 0;
}

/* What is overwritten while it is looked at is not wrong. */
static void shouldNotCallARingCorruptThatIsBeingOverwritten(void)
{
    shmring_atomic_u64 *stop = process_shared(sizeof *stop);
    shmring_options o = options_of(KIB64);
    shmring_consumer *c = NULL;
    shmring_verdict v;
    uint64_t looks, moving = 0, was;
    pid_t child;

    o.overflow = SHMRING_OVERWRITE;
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    child = process_start(overwrite_until_told, stop);
    for (looks = 0; looks < 300 || moving < 10; looks++) {
        was = look64(rig_name, TAIL_AT);
        CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_OK);
        moving += v.moving && look64(rig_name, TAIL_AT) != was;
        CHECK(!process_has_ended(child));
    }
    shmring_store_relaxed(stop, 1);
    CHECK_EQ(process_end(child), 0);
    shmring_consumer_close(c);
    process_unshare(stop, sizeof *stop);
}

static void shouldRefuseAHeaderThatCannotBeTrue(void)
{
    shmring_repaired r;

    leave_a_ring(of_records);
    poke32(rig_name, 0x10, 12345);
    look(rig_name, 0, image, SIZE);
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_E_CORRUPT);
    DETAIL_HAS("remove it");
    look(rig_name, 0, mended, SIZE);
    CHECK(memcmp(image, mended, SIZE) == 0);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_E_NOT_FOUND);
    CHECK_STATUS(shmring_repair(rig_name, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_repair_file(NULL, &r), SHMRING_E_INVALID);
}

static void shouldMendACopyInAPlainFile(void)
{
    char path[] = "/tmp/shmring-repair-XXXXXX";
    int fd = mkstemp(path);
    uint64_t rubbish = 12345;
    shmring_repaired r;
    shmring_verdict v;

    CHECK(fd >= 0);
    leave_a_ring(of_records);
    look(rig_name, 0, image, SIZE);
    CHECK_EQ(write(fd, image, SIZE), (ssize_t)SIZE);
    CHECK_STATUS(shmring_verify_file(path, &v), SHMRING_OK);
    CHECK_EQ(pwrite(fd, &rubbish, 8, (off_t)CURSOR_AT), 8);
    CHECK_STATUS(shmring_verify_file(path, &v), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_repair_file(path, &r), SHMRING_OK);
    CHECK_EQ(r.changed, 1);
    CHECK_STATUS(shmring_verify_file(path, &v), SHMRING_OK);
    CHECK_EQ(ftruncate(fd, 70000), 0);
    CHECK_STATUS(shmring_verify_file(path, &v), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_repair_file(path, &r), SHMRING_E_CORRUPT);
    close(fd);
    CHECK_EQ(unlink(path), 0);
    CHECK_STATUS(shmring_verify_file(path, &v), SHMRING_E_NOT_FOUND);
    CHECK_STATUS(shmring_verify_file("/dev/null", &v), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_verify_file("/tmp", &v), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        rounds = strtoull(argv[1], NULL, 10);
    }
    RUN(shouldMendRingsOfRecordsAndNeverMakeThemWorse);
    RUN(shouldMendRingsThatOverwriteAndNeverMakeThemWorse);
    RUN(shouldMendRingsOfBytesAndNeverMakeThemWorse);
    RUN(shouldNotCallATailInsideARecordSound);
    RUN(shouldNotCallARingSoundThatNoProducerCanOverwrite);
    RUN(shouldLeaveALivingRingAlone);
    RUN(shouldNotCallARingCorruptThatIsBeingOverwritten);
    RUN(shouldRefuseAHeaderThatCannotBeTrue);
    RUN(shouldMendACopyInAPlainFile);
    return check_done();
}
