/* SPDX-License-Identifier: MIT */
/* overwrite_stress.c - readers that are overtaken: an overwrite ring with a slow consumer, and a
 * reject ring, each with two observers, in processes of their own.
 *
 *   overwrite_stress [RECORDS]
 *
 * RECORDS (default 2000000) are sent in the first test, a tenth in the others. Every record that a
 * reader gets must be whole, and behind the one before it; each loss must be told with its bytes,
 * and with its records where they are known; delivered and lost must add up to what was sent.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <shmring/shmring.h>

#include "../support/check.h"
#include "../support/pattern.h"
#include "../support/process.h"

#define READERS 3 /* a consumer and two observers */

struct seen {
    uint64_t records, bytes, laps, lost_records, lost_bytes, unknown, next;
};

struct work {
    char ring[64];
    uint64_t count;
    uint32_t overflow, max_len, slow_every; /* a reader rests after so many records */
    uint32_t reader;
    struct work *all; /* shared: the counts of every process */
    shmring_atomic_u64 attached[READERS];
    struct seen seen[READERS];
};

static uint64_t total = 2000000;

static shmring_options options_of(const struct work *w)
{
    shmring_options o = SHMRING_OPTIONS_INIT;

    o.capacity = 65536;
    o.max_record = w->max_len;
    o.overflow = w->overflow;
    return o;
}

static int produce(void *arg)
{
    struct work *w = arg;
    const shmring_options o = options_of(w);
    unsigned char buf[4096];
    shmring_producer *p;
    uint64_t seq;
    uint32_t len, i;

    if (shmring_producer_open(&p, w->ring, &o) != SHMRING_OK) {
        return 1;
    }
    for (i = 0; i < READERS; i++) {
        while (shmring_load_acquire(&w->all->attached[i]) == 0) {
            process_pause_us(100);
        }
    }
    for (seq = 0; seq < w->count; seq++) {
        len = pattern_length(seq, 8, w->max_len);
        pattern_fill(buf, len, seq);
        if (shmring_send(p, buf, len, pattern_type(seq), SHMRING_FOREVER) != SHMRING_OK) {
            return 2;
        }
    }
    shmring_producer_close(p);
    return 0;
}

/* One record's judgement. 0: it is not what was sent, or not behind the last one. */
static int take(struct seen *s, const unsigned char *buf, const shmring_record *r, int lapped)
{
    uint64_t seq;

    memcpy(&seq, buf, 8);
    if (lapped ? seq < s->next : seq != s->next) {
        return 0;
    }
    s->next = seq + 1;
    s->records++;
    s->bytes += shmring_record_size(SHMRING_WORD_SIZE, r->len);
    return r->type == pattern_type(seq) && pattern_matches(buf, r->len, seq);
}

static shmring_status read_one(shmring_consumer *c, shmring_observer *o, unsigned char *buf,
                               uint32_t room, shmring_record *r)
{
    return c != NULL ? shmring_recv(c, buf, room, r, SHMRING_FOREVER)
                     : shmring_observe(o, buf, room, r);
}

static void tell_lapped(struct seen *s, const shmring_consumer *c, const shmring_observer *o)
{
    uint64_t records = o != NULL ? shmring_observer_lost_records(o) : SHMRING_UNKNOWN;

    s->laps++;
    s->lost_bytes += c != NULL ? shmring_consumer_lost(c) : shmring_observer_lost(o);
    s->unknown += records == SHMRING_UNKNOWN;
    s->lost_records += records == SHMRING_UNKNOWN ? 0 : records;
}

static int read_all(struct work *w, struct seen *s, shmring_consumer *c, shmring_observer *o)
{
    unsigned char buf[4096];
    shmring_status status;
    shmring_record r;
    int lapped = 0;

    for (;;) {
        status = read_one(c, o, buf, w->max_len, &r);
        if (status == SHMRING_OK) {
            if (!take(s, buf, &r, lapped)) {
                return 3;
            }
            lapped = 0;
            if (w->slow_every != 0 && s->records % w->slow_every == 0) {
                process_pause_us(50);
            }
        } else if (status == SHMRING_LAPPED) {
            tell_lapped(s, c, o);
            lapped = 1;
        } else if (status == SHMRING_CLOSED) {
            return 0;
        } else if (status != SHMRING_EMPTY) {
            return 4;
        }
    }
}

static int consume(void *arg)
{
    struct work *w = arg;
    const shmring_options o = options_of(w);
    shmring_consumer *c;
    int ret;
    shmring_status status = shmring_consumer_open(&c, w->ring, &o);

    shmring_store_release(&w->all->attached[0], 1); /* also without success: nobody waits for us */
    if (status != SHMRING_OK) {
        return 1;
    }
    ret = read_all(w, &w->all->seen[0], c, NULL);
    shmring_consumer_close(c);
    return ret;
}

static int observe(void *arg)
{
    struct work *w = arg;
    shmring_observer *o = NULL;
    shmring_status status;
    int ret;

    do { /* until the producer, which opens at the same time, has made it */
        status = shmring_observer_open(&o, w->ring, NULL);
        process_pause_us(100);
    } while (status == SHMRING_E_NOT_FOUND);
    if (status == SHMRING_OK) {
        status = shmring_observer_seek(o, SHMRING_OLDEST);
    }
    shmring_store_release(&w->all->attached[w->reader], 1);
    if (status != SHMRING_OK) {
        return 1;
    }
    ret = read_all(w, &w->all->seen[w->reader], NULL, o);
    shmring_observer_close(o);
    return ret;
}

/* ---- one run ---- */

static uint64_t bytes_of(const struct work *w)
{
    uint64_t seq, bytes = 0;

    for (seq = 0; seq < w->count; seq++) {
        bytes += shmring_record_size(SHMRING_WORD_SIZE, pattern_length(seq, 8, w->max_len));
    }
    return bytes;
}

static void judge(const struct work *w, uint32_t reader)
{
    const struct seen *s = &w->all->seen[reader];
    const uint64_t bytes = bytes_of(w);

    printf("# %s, %s: %" PRIu64 " of %" PRIu64 " records, lapped %" PRIu64 " times, %" PRIu64
           " of them uncounted\n",
           w->overflow == SHMRING_OVERWRITE ? "overwrite" : "reject",
           reader == 0 ? "consumer" : "observer", s->records, w->count, s->laps, s->unknown);
    CHECK_EQ(s->bytes + s->lost_bytes, bytes);
    if (reader != 0 && s->unknown == 0) {
        CHECK_EQ(s->records + s->lost_records, w->count);
    }
    if (reader == 0 && w->overflow == SHMRING_REJECT) {
        CHECK_EQ(s->records, w->count);
    }
}

/* Each process has its own copy of what it is to do; `all` is the shared one. */
static void run(uint32_t overflow, uint32_t max_len, uint32_t slow_every, uint64_t count)
{
    static uint32_t number;
    struct work *w = process_shared(sizeof *w * (READERS + 1));
    pid_t children[READERS + 1];
    uint32_t i;

    for (i = 0; i <= READERS; i++) {
        (void)snprintf(w[i].ring, sizeof w[i].ring, "overwrite.%ld.%u", (long)getpid(), number);
        w[i].count = count;
        w[i].overflow = overflow;
        w[i].max_len = max_len;
        w[i].slow_every = i == 0 || i == 2 ? slow_every : 0; /* the consumer, and one observer */
        w[i].reader = i;
        w[i].all = w;
    }
    number++;
    children[READERS] = process_start(produce, &w[READERS]);
    children[0] = process_start(consume, &w[0]);
    for (i = 1; i < READERS; i++) {
        children[i] = process_start(observe, &w[i]);
    }
    for (i = 0; i <= READERS; i++) {
        CHECK_EQ(process_end(children[i]), 0);
    }
    for (i = 0; i < READERS; i++) {
        judge(w, i);
    }
    if (overflow == SHMRING_OVERWRITE && slow_every != 0) {
        CHECK(w->seen[0].laps > 0);
    }
    process_unshare(w, sizeof *w * (READERS + 1));
}

static void shouldAccountForEveryRecordOfAnOverwriteRing(void)
{
    run(SHMRING_OVERWRITE, 64, 1000, total);
}

static void shouldDeliverNoTornRecordWhenLongOnesAreOverwritten(void)
{
    run(SHMRING_OVERWRITE, 4000, 50, total / 10);
}

static void shouldAccountForEveryRecordOfARejectRingThatIsWatched(void)
{
    run(SHMRING_REJECT, 500, 0, total / 10);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        total = strtoull(argv[1], NULL, 10);
        total = total >= 10000 ? total : 10000;
    }
    RUN(shouldAccountForEveryRecordOfAnOverwriteRing);
    RUN(shouldDeliverNoTornRecordWhenLongOnesAreOverwritten);
    RUN(shouldAccountForEveryRecordOfARejectRingThatIsWatched);
    return check_done();
}
