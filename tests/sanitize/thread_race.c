/* SPDX-License-Identifier: MIT */
/* thread_race.c - producer and consumer as threads on one mapping, for ThreadSanitizer.
 *
 * Two handles of a ring are two mappings, and a race between two addresses is no race to the
 * sanitizer. So the consumer's handle is pointed at the producer's mapping, whose consumer page is
 * made writable for that. The two views of the data remain: records that straddle the end are seen
 * through both, and a race on the part beyond it is missed; the other positions make up for it.
 *
 * What this cannot see: orders that only fences give (edges F and G), and anything that needs the
 * weaker processor; those are the model checker's part.
 */
#define _GNU_SOURCE
#include <shmring/shmring.h>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/pattern.h"

#define RECORDS  60000u
#define MAX_LEN  600u
#define CAPACITY 65536u

struct pair {
    shmring_producer *p;
    shmring_consumer *c;
    int blocking;
    uint64_t count, wrong;
};

static void open_pair(struct pair *pair, uint32_t framing, const char *name, uint32_t spin_ns)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_consumer *c;
    char ring[64];

    (void)snprintf(ring, sizeof ring, "tsan.%s.%ld", name, (long)getpid());
    opt.capacity = CAPACITY;
    opt.framing = framing;
    opt.max_record = framing == SHMRING_RECORDS ? MAX_LEN : 0;
    opt.spin_ns = spin_ns;
    CHECK_STATUS(shmring_producer_open(&pair->p, ring, &opt), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&pair->c, ring, &opt), SHMRING_OK);
    c = pair->c;
    c->page = (struct shmring_consumer_page *)(uintptr_t)pair->p->peer;
    CHECK_EQ(mprotect(c->page, SHMRING_PAGE_GROUP, PROT_READ | PROT_WRITE), 0);
    c->peer = pair->p->page;
    c->bells = pair->p->bells;
    if (framing == SHMRING_RECORDS) {
        c->data = pair->p->data;
    } else {
        c->bytes = pair->p->data;
    }
}

/* The consumer first: it writes its last words into the producer's mapping. */
static void close_pair(struct pair *pair)
{
    shmring_consumer_close(pair->c);
    shmring_producer_close(pair->p);
}

/* A write into the record that was just committed: the third planted race. */
static void scribble(const struct pair *pair)
{
#if defined(PLANT_PLAIN_WRITE)
    volatile unsigned char *last = &pair->p->data[(pair->p->tail - 8) & pair->p->mask];

    *last = *last;
#else
    (void)pair;
#endif
}

static int send_one(struct pair *pair, uint64_t seq)
{
    unsigned char buf[MAX_LEN];
    uint32_t len = pattern_length(seq, 8, MAX_LEN);
    shmring_status status;
    void *at;

    if (seq % 3 == 0) {
        status = shmring_reserve(pair->p, len, &at);
        if (status == SHMRING_OK) {
            pattern_fill(at, len, seq);
            shmring_commit(pair->p, len, pattern_type(seq));
        }
        return status == SHMRING_OK;
    }
    pattern_fill(buf, len, seq);
    if (seq % 3 == 1) {
        status = shmring_stage(pair->p, buf, len, pattern_type(seq));
        if (seq % 4 == 0 || status != SHMRING_OK) {
            shmring_publish(pair->p);
        }
        return status == SHMRING_OK;
    }
    return shmring_try_send(pair->p, buf, len, pattern_type(seq)) == SHMRING_OK;
}

static void *produce(void *arg)
{
    struct pair *pair = arg;
    uint64_t seq = 0;

    while (seq < pair->count) {
        if (send_one(pair, seq)) {
            scribble(pair);
            seq++;
        } else if (pair->blocking) {
            (void)shmring_wait_space(pair->p, MAX_LEN, SHMRING_FOREVER);
        } else {
            shmring_producer_relax(pair->p);
        }
    }
    shmring_publish(pair->p);
    return NULL;
}

static int take_one(struct pair *pair, uint64_t seq)
{
    unsigned char buf[MAX_LEN];
    shmring_record r;
    shmring_status status =
        seq % 2 == 0 ? shmring_peek(pair->c, &r) : shmring_try_recv(pair->c, buf, MAX_LEN, &r);

    if (status != SHMRING_OK) {
        return 0;
    }
    pair->wrong += r.len != pattern_length(seq, 8, MAX_LEN) || r.type != pattern_type(seq) ||
                   !pattern_matches(r.data, r.len, seq);
    if (seq % 2 == 0) {
        shmring_release(pair->c);
    }
    return 1;
}

static void *consume(void *arg)
{
    struct pair *pair = arg;
    uint64_t seq = 0;

    while (seq < pair->count) {
        if (take_one(pair, seq)) {
            seq++;
        } else if (pair->blocking) {
            (void)shmring_wait_data(pair->c, SHMRING_FOREVER);
        } else {
            shmring_consumer_relax(pair->c);
        }
    }
    return NULL;
}

static void *produce_bytes(void *arg)
{
    struct pair *pair = arg;
    uint64_t at = 0, n;
    void *span;

    while (at < pair->count) {
        n = shmring_write_span(pair->p, &span);
        n = n < 500 ? n : 500;
        n = n < pair->count - at ? n : pair->count - at;
        if (n != 0) {
            pattern_stream(span, n, at);
            shmring_write_advance(pair->p, n);
        } else {
            shmring_producer_relax(pair->p);
        }
        at += n;
    }
    return NULL;
}

static void *consume_bytes(void *arg)
{
    struct pair *pair = arg;
    unsigned char got[700], want[700];
    uint64_t at = 0, n;

    while (at < pair->count) {
        n = shmring_try_read(pair->c, got, sizeof got);
        pattern_stream(want, n, at);
        pair->wrong += memcmp(got, want, n) != 0;
        if (n == 0) {
            shmring_consumer_relax(pair->c);
        }
        at += n;
    }
    return NULL;
}

static void run(struct pair *pair, void *(*producer)(void *), void *(*consumer)(void *))
{
    pthread_t p, c;

    CHECK_EQ(pthread_create(&p, NULL, producer, pair), 0);
    CHECK_EQ(pthread_create(&c, NULL, consumer, pair), 0);
    CHECK_EQ(pthread_join(p, NULL), 0);
    CHECK_EQ(pthread_join(c, NULL), 0);
    close_pair(pair);
    CHECK_EQ(pair->wrong, 0);
}

static void shouldHaveNoRaceInRecordsThatArePolled(void)
{
    struct pair pair = {.count = RECORDS};

    open_pair(&pair, SHMRING_RECORDS, "polled", 0);
    run(&pair, produce, consume);
}

static void shouldHaveNoRaceInRecordsThatAreWaitedFor(void)
{
    struct pair pair = {.count = RECORDS, .blocking = 1};

    open_pair(&pair, SHMRING_RECORDS, "waited", 1);
    run(&pair, produce, consume);
}

static void shouldHaveNoRaceInBytes(void)
{
    struct pair pair = {.count = RECORDS * 100};

    open_pair(&pair, SHMRING_BYTES, "bytes", 0);
    run(&pair, produce_bytes, consume_bytes);
}

int main(void)
{
    RUN(shouldHaveNoRaceInRecordsThatArePolled);
    RUN(shouldHaveNoRaceInRecordsThatAreWaitedFor);
    RUN(shouldHaveNoRaceInBytes);
    return check_done();
}
