/* SPDX-License-Identifier: MIT */
/* scribble_test.c - a process that writes rubbish all over a ring, all the time, while both sides
 * use it: nothing but statuses may come of that, and corrupt stays corrupt. Means most under
 * AddressSanitizer and UBSan.
 *
 *   scribble_test [ROUNDS]
 */
#define _GNU_SOURCE
#include "../support/rig_linux.h"

#include <sys/mman.h>

#include "../support/pattern.h"
#include "../support/process.h"

#define MAX_RECORD 16384u
#define SIZE       (SHMRING_HEADER_SIZE + KIB64)

static uint64_t rounds = 40;

struct plan {
    char path[320];
    uint64_t seed;
    uint64_t geometry;        /* scribbles on the header too */
    shmring_atomic_u64 ready; /* it has begun */
};

/* Where it hurts: positions, bells, role blocks, and words of records. */
static uint64_t place(const struct plan *plan, uint64_t random)
{
    static const uint64_t hot[] = {TAIL_AT,
                                   HEAD_AT,
                                   CURSOR_AT,
                                   SHMRING_DOORBELL_AT + 0x480,
                                   SHMRING_DOORBELL_AT + 0x500,
                                   SHMRING_DOORBELL_AT + 0x508,
                                   SHMRING_DOORBELL_AT + 0x580,
                                   SHMRING_PRODUCER_AT + 0x180,
                                   SHMRING_CONSUMER_AT + 0x380};

    switch (random % 4) {
    case 0:
        return hot[(random >> 8) % (sizeof hot / sizeof hot[0])] +
               ((random >> 16) % 8 == 0 ? (random >> 20) % 8 * 8 : 0);
    case 1:
        return (plan->geometry ? 0 : SHMRING_PAGE_GROUP) +
               (random >> 8) % (SHMRING_HEADER_SIZE - SHMRING_PAGE_GROUP) / 8 * 8;
    default:
        return SHMRING_HEADER_SIZE + (random >> 8) % KIB64 / 8 * 8;
    }
}

static uint64_t rubbish(uint64_t random, uint64_t old)
{
    switch (random % 6) {
    case 0:
        return 0;
    case 1:
        return random;
    case 2:
        return COMMITTED | (random >> 16) % (2 * MAX_RECORD);
    case 3:
        return old + 8;
    case 4:
        return old ^ UINT64_C(1) << (random >> 8) % 64;
    default:
        return COMMITTED | (random >> 16) % 64;
    }
}

static int scribble(void *arg)
{
    struct plan *plan = arg;
    int fd = open(plan->path, O_RDWR | O_CLOEXEC);
    unsigned char *map =
        fd < 0 ? MAP_FAILED
               : mmap(NULL, (size_t)SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)0);
    uint64_t random = plan->seed;
    shmring_atomic_u64 *word;

    if (map == MAP_FAILED) {
        return 1;
    }
    for (;;) {
        uint64_t r = pattern_next(&random);

        word = shmring_word_at(map + place(plan, r));
        shmring_store_relaxed(word, rubbish(r >> 32, shmring_load_relaxed(word)));
        shmring_store_relaxed(&plan->ready, 1);
        if (r % 64 == 0) {
            process_pause_us(1); /* or the good bytes never get through */
        }
    }
}

/* ---- the victims ---- */

static unsigned char buf[MAX_RECORD];

static shmring_status consume(shmring_consumer *c, uint64_t r)
{
    shmring_record record, many[20];

    switch (r % 6) {
    case 0:
        return shmring_try_recv(c, buf, MAX_RECORD, &record);
    case 1:
        if (shmring_peek(c, &record) == SHMRING_OK) {
            CHECK(record.len <= MAX_RECORD);
            memcpy(buf, record.data, record.len);
            shmring_release(c);
        }
        return c->status;
    case 2:
        shmring_release_many(c, shmring_peek_many(c, many, 20) / 2);
        return c->status;
    case 3:
        CHECK(shmring_try_read(c, buf, r % MAX_RECORD) <= MAX_RECORD);
        return c->status;
    case 4:
        return shmring_wait_data(c, r % 200000);
    default:
        return shmring_recv(c, buf, (uint32_t)(r >> 8) % MAX_RECORD, NULL, r % 200000);
    }
}

static shmring_status produce(shmring_producer *p, uint64_t r)
{
    uint32_t len = (uint32_t)(r >> 8) % (r % 3 == 0 ? MAX_RECORD : 200);
    void *at;

    switch (r % 6) {
    case 0:
        return shmring_try_send(p, buf, len, 1);
    case 1:
        if (shmring_reserve(p, len, &at) == SHMRING_OK) {
            memset(at, 1, len);
            shmring_commit(p, len, 2);
        }
        return p->status;
    case 2:
        (void)shmring_stage(p, buf, len, 1);
        (void)shmring_stage(p, buf, len / 2, 1);
        shmring_publish(p);
        return p->status;
    case 3:
        CHECK(shmring_try_write(p, buf, len) <= len);
        return p->status;
    case 4:
        return shmring_wait_space(p, len, r % 200000);
    default:
        return shmring_send(p, buf, len, 1, r % 200000);
    }
}

struct tally {
    uint64_t calls, corrupt_producers, corrupt_consumers, refused_opens;
};

/* Until both are corrupt, and a little on: corrupt is for ever. */
static void use(struct pair *pair, uint64_t seed, struct tally *t)
{
    uint64_t random = seed, r, after = 0;
    shmring_status p, c;
    int producer_was, consumer_was;
    uint32_t i;

    for (i = 0; i < 4000 && after < 20; i++) {
        r = pattern_next(&random);
        producer_was = pair->p->status != SHMRING_OK;
        consumer_was = pair->c->status != SHMRING_OK;
        p = produce(pair->p, r >> 8);
        c = consume(pair->c, r >> 24);
        CHECK(!producer_was || p == SHMRING_E_CORRUPT);
        CHECK(!consumer_was || c == SHMRING_E_CORRUPT);
        after += (uint64_t)(producer_was && consumer_was);
        t->calls += 2;
    }
    t->corrupt_producers += pair->p->status != SHMRING_OK;
    t->corrupt_consumers += pair->c->status != SHMRING_OK;
}

/* What is opened while the rubbish falls, or looked at, is refused or works. */
static void come_late(const char *name, struct tally *t)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_info info;
    shmring_verdict v;

    t->refused_opens += shmring_producer_open(&p, name, NULL) != SHMRING_OK;
    t->refused_opens += shmring_consumer_open(&c, name, NULL) != SHMRING_OK;
    (void)shmring_inspect(name, &info);
    (void)shmring_verify(name, &v);
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

static void one_round(struct plan *plan, uint64_t n, struct tally *t)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    pid_t enemy;
    int i;

    o.lifetime = SHMRING_PERSISTENT;
    o.framing = n % 3 == 0 ? SHMRING_BYTES : SHMRING_RECORDS;
    o.max_record = o.framing == SHMRING_BYTES ? 0 : MAX_RECORD;
    o.spin_ns = 1000;
    pair = open_pair(&o);
    (void)snprintf(plan->path, sizeof plan->path, "%s", path_of(rig_name));
    plan->seed = n * 77 + 1;
    plan->geometry = n % 4 == 0;
    shmring_store_relaxed(&plan->ready, 0);
    enemy = process_start(scribble, plan);
    while (shmring_load_relaxed(&plan->ready) == 0 && !process_has_ended(enemy)) {
        process_pause_us(20);
    }
    use(&pair, n, t);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    for (i = 0; i < 5; i++) {
        come_late(rig_name, t);
    }
    CHECK_EQ(process_kill(enemy), PROCESS_KILLED);
    (void)unlink(plan->path);
}

static void shouldBearAPeerThatScribblesAllTheTime(void)
{
    struct plan *plan = process_shared(sizeof *plan);
    struct tally t = {0, 0, 0, 0};
    uint64_t i;

    for (i = 0; i < rounds; i++) {
        one_round(plan, i, &t);
    }
    printf("# %" PRIu64 " rounds, %" PRIu64 " calls, %" PRIu64 " producers and %" PRIu64
           " consumers became corrupt, %" PRIu64 " opens were refused\n",
           rounds, t.calls, t.corrupt_producers, t.corrupt_consumers, t.refused_opens);
    CHECK(t.corrupt_producers > rounds / 10);
    CHECK(t.corrupt_consumers > rounds / 10);
    CHECK(t.refused_opens > 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        rounds = strtoull(argv[1], NULL, 10);
    }
    RUN(shouldBearAPeerThatScribblesAllTheTime);
    return check_done();
}
