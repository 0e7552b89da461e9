/* SPDX-License-Identifier: MIT */
/* meddle_test.c - shared memory changes after each load of it.
 *
 * The library is built around meddle_atomic.h. Every operation runs once to count its loads; then,
 * for each load and each of a dozen lies, again with that word changed right after it was loaded. A
 * second load of the word would see the lie, and what was checked would not be what is used. Then
 * every load is followed by a lie, for as long as the handles last.
 */
#define _GNU_SOURCE
#include "../support/rig_linux.h"

#include "meddle.h"

#define MAX_RECORD 16384u
#define GUARD      64u

struct world {
    struct pair pair;
    shmring_options opt;
    shmring_status status; /* of the operation */
};

static unsigned char buf[MAX_RECORD + GUARD];

static void check_record(const shmring_record *r)
{
    CHECK(r->len <= MAX_RECORD);
    CHECK((r->position & 7u) == 0);
    CHECK(meddle_is_inside(r->data, r->len));
}

static void check_buffer(void)
{
    size_t i;

    for (i = 0; i < GUARD; i++) {
        CHECK_EQ(buf[MAX_RECORD + i], 0xA5);
    }
}

/* ---- the operations ---- */

static void op_recv(struct world *w)
{
    shmring_record r;

    w->status = shmring_try_recv(w->pair.c, buf, MAX_RECORD, &r);
    if (w->status == SHMRING_OK) {
        CHECK(r.len <= MAX_RECORD);
    }
    check_buffer();
}

static void op_recv_small(struct world *w)
{
    shmring_record r;

    w->status = shmring_try_recv(w->pair.c, buf, 4, &r);
    if (w->status == SHMRING_OK) {
        CHECK(r.len <= 4);
    }
}

static void op_peek(struct world *w)
{
    shmring_record r;

    w->status = shmring_peek(w->pair.c, &r);
    if (w->status == SHMRING_OK) {
        check_record(&r);
    }
    shmring_release(w->pair.c);
}

static void op_peek_many(struct world *w)
{
    static shmring_record r[SHMRING_PEEK_MAX];
    uint32_t i, n = shmring_peek_many(w->pair.c, r, SHMRING_PEEK_MAX);

    w->status = w->pair.c->status;
    for (i = 0; i < n; i++) {
        check_record(&r[i]);
    }
    shmring_release_many(w->pair.c, n / 2);
}

static void op_wait_data(struct world *w)
{
    w->status = shmring_wait_data(w->pair.c, MS);
}

static void op_wait_recv(struct world *w)
{
    w->status = shmring_recv(w->pair.c, buf, MAX_RECORD, NULL, MS);
    check_buffer();
}

static void op_send(struct world *w)
{
    w->status = shmring_try_send(w->pair.p, buf, MAX_RECORD, 3);
}

static void op_reserve(struct world *w)
{
    void *at;

    w->status = shmring_reserve(w->pair.p, MAX_RECORD, &at);
    if (w->status == SHMRING_OK) {
        CHECK(meddle_is_inside(at, MAX_RECORD));
        memset(at, 7, MAX_RECORD);
        shmring_commit(w->pair.p, MAX_RECORD, 4);
    }
}

static void op_stage(struct world *w)
{
    w->status = shmring_stage(w->pair.p, buf, 1000, 5);
    (void)shmring_stage(w->pair.p, buf, MAX_RECORD, 5);
    shmring_publish(w->pair.p);
}

static void op_wait_space(struct world *w)
{
    w->status = shmring_wait_space(w->pair.p, MAX_RECORD, MS);
}

static void op_wait_send(struct world *w)
{
    w->status = shmring_send(w->pair.p, buf, MAX_RECORD, 6, MS);
}

static void op_write(struct world *w)
{
    void *at;
    uint64_t n = shmring_try_write(w->pair.p, buf, MAX_RECORD);

    CHECK(n <= MAX_RECORD);
    n = shmring_write_span(w->pair.p, &at);
    CHECK(n == 0 || meddle_is_inside(at, n));
    shmring_write_advance(w->pair.p, n < 100 ? n : 100);
    w->status = w->pair.p->status;
}

static void op_read(struct world *w)
{
    const void *at;
    uint64_t n = shmring_try_read(w->pair.c, buf, MAX_RECORD);

    CHECK(n <= MAX_RECORD);
    check_buffer();
    n = shmring_read_span(w->pair.c, &at);
    CHECK(n == 0 || meddle_is_inside(at, n));
    shmring_read_advance(w->pair.c, n < 100 ? n : 100);
    w->status = w->pair.c->status;
}

static void op_open_producer(struct world *w)
{
    shmring_producer_close(w->pair.p);
    w->pair.p = NULL;
    w->status = shmring_producer_open(&w->pair.p, rig_name, NULL);
}

static void op_open_consumer(struct world *w)
{
    shmring_consumer_close(w->pair.c);
    w->pair.c = NULL;
    w->status = shmring_consumer_open(&w->pair.c, rig_name, NULL);
}

static void op_inspect(struct world *w)
{
    shmring_info info;

    w->status = shmring_inspect(rig_name, &info);
    if (w->status == SHMRING_OK) {
        CHECK(info.used <= info.capacity);
        CHECK(memchr(info.name, '\0', sizeof info.name) != NULL);
    }
}

static void op_verify(struct world *w)
{
    shmring_verdict v;

    w->status = shmring_verify(rig_name, &v);
}

/* once: each word of the other side's may decide only once in that call. Calls that wait look
 * again by design, opens ask about locks in between, and reads by file are copies. */
static const struct operation {
    const char *name;
    void (*run)(struct world *w);
    uint32_t framing;
    int once;
} operations[] = {{"try_recv", op_recv, 0, 1},
                  {"try_recv, small buffer", op_recv_small, 0, 1},
                  {"peek", op_peek, 0, 1},
                  {"peek_many", op_peek_many, 0, 1},
                  {"wait_data", op_wait_data, 0, 0},
                  {"recv", op_wait_recv, 0, 0},
                  {"try_send", op_send, 0, 1},
                  {"reserve", op_reserve, 0, 1},
                  {"stage", op_stage, 0, 0},
                  {"wait_space", op_wait_space, 0, 0},
                  {"send", op_wait_send, 0, 0},
                  {"write", op_write, 1, 0},
                  {"read", op_read, 1, 0},
                  {"producer_open", op_open_producer, 0, 0},
                  {"consumer_open", op_open_consumer, 0, 0},
                  {"producer_open, bytes", op_open_producer, 1, 0},
                  {"consumer_open, bytes", op_open_consumer, 1, 0},
                  {"inspect", op_inspect, 0, 0},
                  {"verify", op_verify, 0, 0}};
#define OPERATIONS (sizeof operations / sizeof operations[0])

/* ---- the worlds they run in ---- */

enum fullness { NOTHING, SOME, FULL, FULLNESSES };

static void world_make(struct world *w, uint32_t framing, enum fullness fullness, uint32_t stamp)
{
    const shmring_options init = SHMRING_OPTIONS_INIT;
    uint32_t i;

    memset(buf, 0xA5, sizeof buf);
    w->opt = init;
    w->opt.capacity = KIB64;
    w->opt.framing = framing;
    w->opt.lifetime = SHMRING_PERSISTENT;
    w->opt.stamp = framing == SHMRING_RECORDS ? stamp : 0;
    w->opt.max_record = framing == SHMRING_RECORDS ? MAX_RECORD : 0;
    w->opt.spin_ns = 1;
    w->pair = open_pair(&w->opt);
    for (i = 0; i < 3 && fullness == SOME; i++) {
        if (framing == SHMRING_BYTES) {
            CHECK_EQ(shmring_try_write(w->pair.p, buf, 100), 100);
        } else {
            CHECK_STATUS(shmring_try_send(w->pair.p, buf, 100 * i, 1), SHMRING_OK);
        }
    }
    if (fullness == FULL && framing == SHMRING_BYTES) {
        while (shmring_try_write(w->pair.p, buf, MAX_RECORD) != 0) {
        }
    } else if (fullness == FULL) {
        (void)fill(w->pair.p, 8000);
        CHECK_STATUS(shmring_try_recv(w->pair.c, buf, MAX_RECORD, NULL), SHMRING_OK);
        memset(buf, 0xA5, sizeof buf);
    }
}

static void world_end(struct world *w)
{
    shmring_producer_close(w->pair.p);
    shmring_consumer_close(w->pair.c);
    w->pair.p = NULL;
    w->pair.c = NULL;
    (void)unlink(path_of(rig_name)); /* its header may be no ring's any more */
}

/* Corrupt stays corrupt, on both sides, whatever the memory says later. */
static void check_sticky(struct world *w)
{
    uint32_t i;

    for (i = 0; i < 3; i++) {
        if (w->pair.c != NULL && w->pair.c->status != SHMRING_OK) {
            op_recv(w);
            CHECK_STATUS(w->status, SHMRING_E_CORRUPT);
            CHECK_STATUS(shmring_wait_data(w->pair.c, SHMRING_FOREVER), SHMRING_E_CORRUPT);
            CHECK_EQ(shmring_try_read(w->pair.c, buf, 8), 0);
        }
        if (w->pair.p != NULL && w->pair.p->status != SHMRING_OK) {
            CHECK_STATUS(shmring_try_send(w->pair.p, buf, 0, 0), SHMRING_E_CORRUPT);
            CHECK_STATUS(shmring_wait_space(w->pair.p, 0, SHMRING_FOREVER), SHMRING_E_CORRUPT);
            CHECK_EQ(shmring_try_write(w->pair.p, buf, 8), 0);
        }
    }
}

static void check_status(const struct operation *o, shmring_status status)
{
    if (status < SHMRING_E_TOO_BIG || status == SHMRING_E_INVALID || status > SHMRING_LAPPED) {
        CHECK_FAIL_("%s answers %d: %s", o->name, (int)status, shmring_error_detail());
    }
}

static void shouldLoadNoWordTwiceInACallThatTries(void)
{
    struct world w;
    size_t i;
    int full;

    for (i = 0; i < OPERATIONS; i++) {
        for (full = 0; operations[i].once && full < FULLNESSES; full++) {
            world_make(&w, operations[i].framing, (enum fullness)full, SHMRING_STAMP_MONOTONIC);
            meddle_begin(MEDDLE_WATCH, 0, 0);
            operations[i].run(&w);
            meddle_end();
            if (meddle.twice != 0) {
                CHECK_FAIL_("%s loads %u words of the other side's twice", operations[i].name,
                            meddle.twice);
            }
            world_end(&w);
        }
    }
}

static uint32_t strike(const struct operation *o, enum fullness full, uint32_t at, uint32_t kind)
{
    struct world w;

    world_make(&w, o->framing, full, at % 2 ? SHMRING_STAMP_MONOTONIC : SHMRING_STAMP_NONE);
    meddle_begin(MEDDLE_ONCE, at, kind);
    o->run(&w);
    meddle_end();
    check_status(o, w.status);
    check_sticky(&w);
    world_end(&w);
    return meddle.loads;
}

static void shouldBearALieAfterEachLoadOfEachOperation(void)
{
    uint32_t at, loads, kind, struck = 0;
    size_t i;
    int full;

    for (i = 0; i < OPERATIONS; i++) {
        for (full = 0; full < FULLNESSES; full++) {
            loads = 1;
            for (at = 0; at < loads && at < 40; at++) {
                for (kind = 0; kind < MEDDLE_KINDS; kind++) {
                    loads = strike(&operations[i], (enum fullness)full, at, kind);
                    struck++;
                }
            }
        }
    }
    printf("# %u lies, after loads at %u places in the code\n", struck, meddle_sites());
    CHECK(meddle_sites() > 40);
}

static uint64_t storm_rounds = 150;

static void shouldBearALieAfterEveryLoad(void)
{
    struct world w;
    uint64_t round, calls = 0, corrupt = 0;
    uint32_t i;

    meddle.random = (uint64_t)getpid();
    for (round = 0; round < storm_rounds; round++) {
        world_make(&w, round % 2, (enum fullness)(round % FULLNESSES), round % 4 / 2);
        for (i = 0; i < 60 && w.pair.p != NULL && w.pair.c != NULL; i++) {
            const struct operation *o = &operations[(round * 7 + i * 5) % OPERATIONS];

            if (o->framing != round % 2) {
                continue;
            }
            meddle_begin(MEDDLE_STORM, 0, 0);
            o->run(&w);
            meddle_end();
            CHECK(meddle.loads < 200000);
            check_status(o, w.status);
            check_sticky(&w);
            corrupt += w.status == SHMRING_E_CORRUPT;
            calls++;
        }
        world_end(&w);
    }
    printf("# %" PRIu64 " calls, %" PRIu64 " of them said corrupt\n", calls, corrupt);
    CHECK(corrupt > 0);
}

/* The test of the test: a second load of the word, as a careless consumer would make. */
static void shouldFindAPlantedSecondLoad(void)
{
    struct world w;
    const shmring_atomic_u64 *word;

    world_make(&w, SHMRING_RECORDS, SOME, SHMRING_STAMP_NONE);
    word = shmring_word_at_const(w.pair.c->data + (w.pair.c->cursor & w.pair.c->mask));
    meddle_begin(MEDDLE_WATCH, 0, 0);
    (void)shmring_load_acquire(word);
    op_recv(&w);
    meddle_end();
    CHECK_EQ(meddle.twice, 1);
    world_end(&w);
    world_make(&w, SHMRING_RECORDS, SOME, SHMRING_STAMP_NONE);
    word = shmring_word_at_const(w.pair.c->data);
    meddle_begin(MEDDLE_ONCE, 0, 8);
    CHECK_EQ(shmring_load_acquire(word) & SHMRING_WORD_LENGTH, 0);
    CHECK_EQ(shmring_load_acquire(word) & SHMRING_WORD_LENGTH, UINT32_MAX);
    meddle_end();
    world_end(&w);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        storm_rounds = strtoull(argv[1], NULL, 10);
    }
    RUN(shouldFindAPlantedSecondLoad);
    RUN(shouldLoadNoWordTwiceInACallThatTries);
    RUN(shouldBearALieAfterEachLoadOfEachOperation);
    RUN(shouldBearALieAfterEveryLoad);
    return check_done();
}
