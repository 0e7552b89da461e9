/* SPDX-License-Identifier: MIT */
/* model_test.c - random operations on a ring and on a plain queue, which must agree on every
 * answer.
 *
 *   model_test [SEED [OPERATIONS]]
 *
 * The model of a record ring knows each record's length, type, GAP and position, and so exactly
 * when the ring is full; that of a byte ring knows the byte at each position. Rings start near the
 * places where 31, 32, 63 and 64 bits end. */
#include <time.h>

#include "../support/rig.h"

#define SLOTS 65536u
#define TABLE (1u << 19)

struct item {
    uint32_t len, type, gap, seed;
};

static uint64_t seed_now, operations = 1000000;
static unsigned char table[TABLE + 8192], buf[TABLE];
static shmring_record shown[300];

static struct {
    struct pair ring;
    uint64_t capacity, tail, cursor; /* tail: the staged ones included */
    uint32_t max_record;
    struct item items[SLOTS];
    uint32_t first, visible, staged;
    uint32_t lost, retractable;
    uint64_t rejected, sent, received;
} m;

static uint32_t random32(void)
{
    seed_now = seed_now * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed_now >> 33);
}

static uint32_t below(uint32_t n)
{
    return n == 0 ? 0 : random32() % n;
}

static uint64_t size_of(uint32_t len)
{
    return ((uint64_t)len + 15) / 8 * 8;
}

static const unsigned char *payload(uint32_t seed)
{
    return table + seed % 8192;
}

/* Mostly small; sometimes around what is left, the maximum, and beyond. */
static uint32_t random_len(void)
{
    uint64_t left = m.capacity - (m.tail - m.cursor);
    int64_t len;

    switch (below(12)) {
    case 0:
        return below(m.max_record + 3);
    case 1:
        len = (int64_t)left - 16 + (int64_t)below(17) - 8;
        return len < 0 ? 0 : len > TABLE ? TABLE : (uint32_t)len;
    case 2:
        return m.max_record - below(3 < m.max_record ? 3 : 1);
    default:
        return below(100);
    }
}

static int fits(uint32_t len)
{
    return size_of(len) + 8 <= m.capacity - (m.tail - m.cursor);
}

/* What a send of len must answer. */
static shmring_status expected(uint32_t len)
{
    return len > m.max_record ? SHMRING_E_TOO_BIG : fits(len) ? SHMRING_OK : SHMRING_FULL;
}

static void refused(void)
{
    m.lost++;
    m.retractable = 1;
    m.rejected++;
}

static void accept(uint32_t len, uint32_t type, uint32_t seed, int staged)
{
    struct item item = {len, type, m.lost != 0, seed};

    m.items[(m.first + m.visible + m.staged) % SLOTS] = item;
    if (staged) {
        m.staged++;
    } else {
        m.visible++;
        m.sent++;
    }
    m.lost = m.retractable = 0;
    m.tail += size_of(len);
}

static void publish(void)
{
    m.visible += m.staged;
    m.sent += m.staged;
    m.staged = 0;
}

static void do_send(void)
{
    uint32_t len = random_len(), seed = random32();
    uint16_t type = (uint16_t)random32();
    shmring_status want;

    publish();
    want = expected(len);
    CHECK_STATUS(shmring_try_send(m.ring.p, payload(seed), len, type), want);
    if (want == SHMRING_OK) {
        accept(len, type, seed, 0);
    } else if (want == SHMRING_FULL) {
        refused();
    }
}

static void do_reserve(void)
{
    uint32_t len = random_len(), seed = random32(), less;
    uint16_t type = (uint16_t)random32();
    shmring_status want;
    void *at = NULL;

    publish();
    want = expected(len);
    CHECK_STATUS(shmring_reserve(m.ring.p, len, &at), want);
    if (want == SHMRING_FULL) {
        refused();
    } else if (want == SHMRING_OK) {
        memcpy(at, payload(seed), len);
        if (below(3) == 0) {
            CHECK_STATUS(shmring_try_send(m.ring.p, buf, 0, 0), SHMRING_E_INVALID);
            CHECK_STATUS(shmring_stage(m.ring.p, buf, 0, 0), SHMRING_E_INVALID);
        }
        less = below(2) == 0 ? len : below(len + 1);
        if (below(4) == 0) {
            shmring_abort(m.ring.p);
        } else {
            shmring_commit(m.ring.p, less, type);
            accept(less, type, seed, 0);
        }
    }
}

static void do_batch(void)
{
    uint32_t n = below(20), len, seed, i;
    uint16_t type;
    shmring_status want;

    for (i = 0; i < n; i++) {
        len = random_len();
        seed = random32();
        type = (uint16_t)random32();
        want = expected(len);
        CHECK_STATUS(shmring_stage(m.ring.p, payload(seed), len, type), want);
        if (want == SHMRING_OK) {
            accept(len, type, seed, 1);
        } else if (want == SHMRING_FULL) {
            refused();
        }
    }
    switch (below(4)) {
    case 0: /* a batch that stays open over other operations */
        break;
    case 1:
        shmring_abort(m.ring.p);
        for (i = 0; i < m.staged; i++) {
            struct item *item = &m.items[(m.first + m.visible + i) % SLOTS];

            m.lost += item->gap;
            m.tail -= size_of(item->len);
        }
        m.staged = 0;
        break;
    default:
        shmring_publish(m.ring.p);
        publish();
    }
}

static void do_relax(void)
{
    m.ring.p->relax.unit = 0; /* the bookkeeping, not the time */
    m.ring.c->relax.unit = 0;
    shmring_producer_relax(m.ring.p);
    shmring_consumer_relax(m.ring.c);
    if (m.retractable) {
        m.lost--;
        m.rejected--;
        m.retractable = 0;
    }
}

static void check_record(const shmring_record *r, uint32_t nth, uint64_t position)
{
    const struct item *item = &m.items[(m.first + nth) % SLOTS];

    CHECK_EQ(r->len, item->len);
    CHECK_EQ(r->type, item->type);
    CHECK_EQ(r->flags, item->gap);
    CHECK_EQ(r->position, position);
    CHECK(memcmp(r->data, payload(item->seed), item->len) == 0);
}

static void released(uint32_t n)
{
    while (n-- > 0) {
        m.cursor += size_of(m.items[m.first].len);
        m.first = (m.first + 1) % SLOTS;
        m.visible--;
        m.received++;
    }
}

static void do_recv(void)
{
    shmring_record r;
    uint32_t len = m.items[m.first].len;

    if (m.visible == 0) {
        CHECK_STATUS(shmring_try_recv(m.ring.c, buf, sizeof buf, &r), SHMRING_EMPTY);
    } else if (len > 0 && below(8) == 0) {
        CHECK_STATUS(shmring_try_recv(m.ring.c, buf, len - 1, &r), SHMRING_E_TOO_BIG);
        CHECK_EQ(r.len, len);
    } else {
        CHECK_STATUS(shmring_try_recv(m.ring.c, buf, len + below(3), &r), SHMRING_OK);
        check_record(&r, 0, m.cursor);
        released(1);
    }
}

static void do_peek(void)
{
    shmring_record r;

    CHECK_STATUS(shmring_peek(m.ring.c, &r), m.visible == 0 ? SHMRING_EMPTY : SHMRING_OK);
    if (m.visible != 0) {
        check_record(&r, 0, m.cursor);
        if (below(3) != 0) {
            shmring_release(m.ring.c);
            released(1);
        }
    }
}

static void do_peek_many(void)
{
    uint32_t max = below(300), want = max < SHMRING_PEEK_MAX ? max : SHMRING_PEEK_MAX, i;
    uint64_t position = m.cursor;

    want = want < m.visible ? want : m.visible;
    CHECK_EQ(shmring_peek_many(m.ring.c, shown, max), want);
    for (i = 0; i < want; i++) {
        check_record(&shown[i], i, position);
        position += size_of(shown[i].len);
    }
    i = below(want + 3);
    shmring_release_many(m.ring.c, i);
    released(i < want ? i : want);
}

static void check_counters(int bytes)
{
    shmring_info info;
    shmring_verdict v;

    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_OK);
    CHECK_EQ(info.cursor, m.cursor);
    CHECK_EQ(v.bytes, m.tail - m.cursor);
    if (!bytes) {
        CHECK_EQ(v.records, m.visible);
        CHECK_EQ(info.counters.sent, m.sent);
        CHECK_EQ(info.counters.received, m.received);
        CHECK_EQ(info.counters.rejected, m.rejected);
    }
}

static void do_reopen(int bytes)
{
    if (below(2) == 0) {
        shmring_producer_close(m.ring.p);
        CHECK_STATUS(shmring_producer_open(&m.ring.p, rig_name, NULL), SHMRING_OK);
        publish();
        m.retractable = 0; /* what was refused is still to be reported */
    } else {
        shmring_consumer_close(m.ring.c);
        CHECK_STATUS(shmring_consumer_open(&m.ring.c, rig_name, NULL), SHMRING_OK);
    }
    if (m.staged == 0) {
        check_counters(bytes);
    }
}

static void one_record_operation(void)
{
    static void (*const all[16])(void) = {
        do_send,  do_send, do_send, do_send, do_reserve,   do_reserve,   do_batch, do_batch,
        do_relax, do_recv, do_recv, do_recv, do_peek_many, do_peek_many, do_peek,  do_peek};

    all[below(16)]();
}

/* The byte at a position is the table's; a span never crosses the end of the table. */
static const unsigned char *bytes_at(uint64_t position)
{
    return table + position % 8192;
}

static void one_byte_operation(void)
{
    uint64_t room = m.capacity - (m.tail - m.cursor), there = m.tail - m.cursor, n, got;
    const void *from = NULL;
    void *to = NULL;

    n = below(10) == 0 ? below((uint32_t)m.capacity * 2) : below(500);
    switch (below(4)) {
    case 0:
        CHECK_EQ(shmring_try_write(m.ring.p, bytes_at(m.tail), n), n < room ? n : room);
        m.tail += n < room ? n : room;
        break;
    case 1:
        got = shmring_write_span(m.ring.p, &to);
        CHECK(got <= room && (got != 0) == (room != 0));
        n = n < got ? n : got;
        if (n != 0) {
            memcpy(to, bytes_at(m.tail), (size_t)n);
            shmring_write_advance(m.ring.p, n);
            m.tail += n;
        }
        break;
    case 2:
        n = n < there ? n : below(2) == 0 ? there : n;
        got = n < there ? n : there;
        CHECK_EQ(shmring_try_read(m.ring.c, buf, n), got);
        CHECK(memcmp(buf, bytes_at(m.cursor), (size_t)got) == 0);
        m.cursor += got;
        break;
    default:
        got = shmring_read_span(m.ring.c, &from);
        CHECK(got <= there && (got != 0) == (there != 0));
        CHECK(got == 0 || memcmp(from, bytes_at(m.cursor), (size_t)got) == 0);
        n = n < got ? n : got;
        shmring_read_advance(m.ring.c, n);
        m.cursor += n;
    }
}

static void run(int bytes)
{
    static const uint64_t starts[] = {0, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 63,
                                      0};
    uint64_t done, i;
    uint32_t round;

    for (done = 0, round = 0; done < operations || round < 10; round++) {
        shmring_options o = options_of(KIB64 << below(3));

        memset(&m, 0, sizeof m);
        o.framing = bytes ? SHMRING_BYTES : SHMRING_RECORDS;
        o.start_position = starts[round % 5] - (round % 5 == 0 ? 0 : 8 * (uint64_t)below(30000));
        if (!bytes && below(2) == 0) {
            o.max_record = 1 + below(below(2) == 0 ? 200 : (uint32_t)o.capacity - 16);
        }
        m.capacity = o.capacity;
        m.max_record = o.max_record != 0 ? o.max_record : (uint32_t)(o.capacity / 4);
        m.tail = m.cursor = o.start_position;
        m.ring = open_pair(&o);
        for (i = 0; i < operations / 10 + 1; i++) {
            if (below(2000) == 0) {
                do_reopen(bytes);
            } else if (bytes) {
                one_byte_operation();
            } else {
                one_record_operation();
            }
        }
        done += i;
        shmring_publish(m.ring.p);
        publish();
        check_counters(bytes);
        close_pair(&m.ring);
    }
}

static void shouldAgreeWithAPlainQueueOfRecords(void)
{
    run(0);
}

static void shouldAgreeWithAPlainStreamOfBytes(void)
{
    run(1);
}

int main(int argc, char **argv)
{
    size_t i;

    seed_now = (uint64_t)time(NULL) << 16 ^ (uint64_t)getpid();
    if (argc > 1) {
        seed_now = strtoull(argv[1], NULL, 0);
    }
    if (argc > 2) {
        operations = strtoull(argv[2], NULL, 0);
    }
    printf("# seed %" PRIu64 ", %" PRIu64 " operations\n", seed_now, operations);
    for (i = 0; i < sizeof table; i++) {
        table[i] = i < 8192 ? (unsigned char)random32() : table[i - 8192];
    }
    RUN(shouldAgreeWithAPlainQueueOfRecords);
    RUN(shouldAgreeWithAPlainStreamOfBytes);
    return check_done();
}
