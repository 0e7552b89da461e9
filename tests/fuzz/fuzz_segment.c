/* SPDX-License-Identifier: MIT */
/* fuzz_segment.c - libFuzzer target: a sound ring, an enemy who writes what the input says where
 * the input says, also in the middle of calls, and every way in which the library looks at a ring.
 *
 * What must hold, besides the sanitizers': records lie in the mapping and are no longer than the
 * ring allows; corrupt stays corrupt; a ring that shmring_verify() calls sound can be opened by
 * both sides and read to its end, as many records as it said; and so can one that shmring_repair()
 * has mended, which still has every record that could be read before.
 */
#include "fuzz.h"

#include "os_fuzz.h"

#define MAX_CALLS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    const uint8_t *at;
    size_t left;
} in;

static shmring_producer *p;
static shmring_consumer *c;
static unsigned char buf[BUFFER];
static unsigned enemy_turns;
static int geometry_was_touched;
static volatile uint8_t sink;

static uint8_t take8(void)
{
    if (in.left == 0) {
        return 0;
    }
    in.left--;
    return *in.at++;
}

static uint32_t take16(void)
{
    uint32_t low = take8();

    return low | (uint32_t)take8() << 8;
}

static uint64_t take64(void)
{
    uint64_t v = 0;
    int i;

    for (i = 0; i < 8; i++) {
        v |= (uint64_t)take8() << (8 * i);
    }
    return v;
}

/* ---- the enemy ---- */

static uint64_t place(void)
{
    static const uint64_t hot[] = {
        SHMRING_PRODUCER_AT + 0x080, SHMRING_PRODUCER_AT + 0x088, SHMRING_CONSUMER_AT + 0x280,
        SHMRING_CONSUMER_AT + 0x300, SHMRING_CONSUMER_AT + 0x308, SHMRING_DOORBELL_AT + 0x480,
        SHMRING_DOORBELL_AT + 0x500, SHMRING_DOORBELL_AT + 0x508, SHMRING_DOORBELL_AT + 0x580,
        SHMRING_PRODUCER_AT + 0x180, SHMRING_PRODUCER_AT + 0x190, SHMRING_PRODUCER_AT + 0x198,
        SHMRING_PRODUCER_AT + 0x1A0, SHMRING_CONSUMER_AT + 0x380, SHMRING_CONSUMER_AT + 0x390,
        SHMRING_CONSUMER_AT + 0x398, SHMRING_CONSUMER_AT + 0x3A8, SHMRING_PRODUCER_AT + 0x100,
        SHMRING_PRODUCER_AT + 0x108};
    uint64_t tail, cursor;
    uint32_t where = take8();

    memcpy(&tail, fuzz_object() + SHMRING_PRODUCER_AT + 0x080, 8);
    memcpy(&cursor, fuzz_object() + SHMRING_CONSUMER_AT + 0x300, 8);
    if (where < 2 * sizeof hot / sizeof hot[0]) {
        return hot[where / 2];
    }
    switch (where % 8) {
    case 0: /* the geometry */
        geometry_was_touched = 1;
        return take16() % 0x1D8 / 4 * 4;
    case 1: /* any header word */
        return SHMRING_PRODUCER_AT + take16() % 0xC000 / 8 * 8;
    case 2: /* words near the producer's place */
        return SHMRING_HEADER_SIZE + ((tail + (uint64_t)take8() * 8) & 0xFFF8u);
    case 3:
    case 4: /* words that wait to be read */
        return SHMRING_HEADER_SIZE + ((cursor + (uint64_t)take8() * 8) & 0xFFF8u);
    default:
        return SHMRING_HEADER_SIZE + (take16() & 0xFFF8u);
    }
}

static void scribble(void)
{
    unsigned char *at = fuzz_object() + place();
    uint64_t value;

    memcpy(&value, at, 8);
    switch (take8() % 8) {
    case 0:
        value = 0;
        break;
    case 1:
        value = SHMRING_WORD_COMMITTED | take16();
        break;
    case 2:
        value += 8 * (uint64_t)(int64_t)(int8_t)take8();
        break;
    case 3:
        value ^= UINT64_C(1) << take8() % 64;
        break;
    case 4:
        value += (uint64_t)take16() << 16;
        break;
    case 5:
        value = (value & ~UINT64_C(0xFFFFFFFF)) | take16();
        break;
    default:
        value = take64();
    }
    memcpy(at, &value, 8);
}

static void interfere(void)
{
    if (enemy_turns > 0) {
        enemy_turns--;
        scribble();
    }
}

/* ---- the victims ---- */

static void look_at(const shmring_record *r)
{
    const unsigned char *bytes = r->data;
    uint32_t i;

    MUST(r->len <= c->max_record);
    MUST(fuzz_is_mapped(r->data, r->len));
    for (i = 0; i < r->len; i += 64) {
        sink = bytes[i];
    }
    sink = r->len != 0 ? bytes[r->len - 1] : 0;
}

static void consume(uint32_t how)
{
    shmring_record r, many[40];
    const void *span = NULL;
    uint64_t n;
    uint32_t i, count;
    int was = c->status;

    switch (how % 8) {
    case 0:
        if (shmring_try_recv(c, buf, take8() * 32u, &r) == SHMRING_OK) {
            MUST(r.len <= c->max_record && r.len <= BUFFER);
        }
        break;
    case 1:
        if (shmring_peek(c, &r) == SHMRING_OK) {
            look_at(&r);
            interfere();
            shmring_release(c);
        }
        break;
    case 2:
        count = shmring_peek_many(c, many, 40);
        for (i = 0; i < count; i++) {
            look_at(&many[i]);
        }
        interfere();
        shmring_release_many(c, take8() % 44);
        break;
    case 3:
        MUST(shmring_try_read(c, buf, take16() % BUFFER) <= BUFFER);
        break;
    case 4:
        n = shmring_read_span(c, &span);
        MUST(n <= c->capacity && (n == 0 || fuzz_is_mapped(span, n)));
        shmring_read_advance(c, n / 2 + take8());
        break;
    case 5:
        (void)shmring_wait_data(c, take16());
        break;
    case 6:
        (void)shmring_recv(c, buf, BUFFER, &r, take16());
        break;
    default:
        (void)shmring_consumer_fd(c);
    }
    MUST(was == SHMRING_OK || c->status == SHMRING_E_CORRUPT);
}

static void produce(uint32_t how)
{
    void *at = NULL;
    uint64_t n;
    uint32_t len, i;
    int was = p->status;

    switch (how % 8) {
    case 0:
        (void)shmring_try_send(p, buf, take8() * 4u, 1);
        break;
    case 1:
        len = take16() % BUFFER;
        if (shmring_reserve(p, len, &at) == SHMRING_OK) {
            MUST(fuzz_is_mapped(at, len));
            memset(at, 0x5A, len);
            interfere();
            shmring_commit(p, len - take8(), 2);
        }
        break;
    case 2:
        for (i = take8() % 20; i > 0; i--) {
            (void)shmring_stage(p, buf, i * 8, 3);
            interfere();
        }
        if (take8() % 4 == 0) {
            shmring_abort(p);
        }
        shmring_publish(p);
        break;
    case 3:
        MUST(shmring_try_write(p, buf, take16() % BUFFER) <= BUFFER);
        break;
    case 4:
        n = shmring_write_span(p, &at);
        MUST(n <= p->capacity && (n == 0 || fuzz_is_mapped(at, n)));
        shmring_write_advance(p, n / 2 + take8());
        break;
    case 5:
        (void)shmring_wait_space(p, take16(), take16());
        break;
    case 6:
        (void)shmring_send(p, buf, take8() * 16u, 4, take16());
        break;
    default:
        (void)shmring_producer_fd(p);
    }
    MUST(was == SHMRING_OK || p->status == SHMRING_E_CORRUPT);
}

static void open_close(uint32_t how)
{
    shmring_options o = SHMRING_OPTIONS_INIT;

    o.open_mode = SHMRING_OPEN_ONLY;
    o.spin_ns = 20000;
    if ((how & 1) != 0) {
        if (p != NULL) {
            shmring_producer_close(p);
            p = NULL;
        } else {
            (void)shmring_producer_open(&p, NAME, &o);
        }
    } else if (c != NULL) {
        shmring_consumer_close(c);
        c = NULL;
    } else {
        (void)shmring_consumer_open(&c, NAME, &o);
    }
}

static void look(uint32_t how)
{
    shmring_repaired repaired;
    shmring_info info;
    shmring_verdict v;

    if ((how & 3) == 2) {
        fuzz_observe(how >> 2, take16());
    } else if ((how & 3) == 3) {
        if (shmring_repair(NAME, &repaired) == SHMRING_OK) {
            MUST(p == NULL && c == NULL);
        }
    } else if ((how & 1) != 0) {
        (void)(how & 4 ? shmring_verify(NAME, &v) : shmring_verify_file(NAME, &v));
    } else if (shmring_inspect(NAME, &info) == SHMRING_OK) {
        MUST(info.used <= info.capacity);
        MUST(memchr(info.name, 0, sizeof info.name) != NULL);
        MUST(strlen(info.producer.program) <= 16 && strlen(info.consumer.program) <= 16);
    }
}

static void call(void)
{
    uint32_t how = take8();

    switch (how % 8) {
    case 0:
        open_close(how >> 3);
        break;
    case 1:
        look(how >> 3);
        break;
    case 2:
        enemy_turns = (how >> 3) % 8;
        break;
    case 3:
        scribble();
        break;
    case 4:
    case 5:
        if (p != NULL) {
            produce(how >> 3);
        }
        break;
    default:
        if (c != NULL) {
            consume(how >> 3);
        }
    }
}

/* ---- a run ---- */

static void begin(void)
{
    static const uint64_t starts[] = {0, UINT64_C(0xFF00), UINT64_C(0xFFFFF000),
                                      UINT64_C(0x7FFFFFFFFFFFFE00), UINT64_C(0xFFFFFFFFFFFFF800)};
    shmring_options o = SHMRING_OPTIONS_INIT;
    uint32_t how = take8(), before = take8(), n = before % 64, i;

    fuzz_os_reset();
    enemy_turns = 0;
    geometry_was_touched = 0;
    o.capacity = SHMRING_CAPACITY_MIN << (how & 1);
    o.framing = how >> 1 & 1;
    o.stamp = o.framing == SHMRING_RECORDS ? how >> 2 & 1 : 0;
    o.max_record = o.framing == SHMRING_RECORDS ? 6000 : 0;
    o.overflow = o.framing == SHMRING_RECORDS ? before >> 7 : 0;
    o.lifetime = SHMRING_PERSISTENT;
    o.start_position = starts[(how >> 3) % 5];
    o.spin_ns = 20000;
    MUST(shmring_producer_open(&p, NAME, &o) == SHMRING_OK);
    MUST(shmring_consumer_open(&c, NAME, &o) == SHMRING_OK);
    for (i = 0; i < n; i++) {
        const uint32_t len = i * 13 % 200 + (before & 0x40) * 50; /* 3200 more: beyond a lap */

        (void)shmring_try_send(p, buf, len, (uint16_t)i);
        (void)shmring_try_write(p, buf, 100);
        if (i % 4 == 1) {
            (void)shmring_try_recv(c, buf, BUFFER, NULL);
            (void)shmring_try_read(c, buf, 77);
        }
    }
    fuzz_enemy = interfere;
    if ((how & 0x40) != 0) {
        open_close(0);
    }
    if ((how & 0x80) != 0) {
        open_close(1);
    }
}

static void end(void)
{
    fuzz_enemy = NULL;
    fuzz_observe_end();
    shmring_producer_close(p);
    shmring_consumer_close(c);
    p = NULL;
    c = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int i;

    in.at = data;
    in.left = size;
    begin();
    for (i = 0; i < MAX_CALLS && in.left > 0; i++) {
        call();
    }
    end();
    if (!geometry_was_touched) {
        fuzz_afterwards();
    }
    return 0;
}
