/* SPDX-License-Identifier: MIT */
/* stress_consume.c - the consumer's side of a stress run: checks every record and every byte. */
#define _GNU_SOURCE
#include "stress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/pattern.h"
#include "../support/process.h"

struct side {
    const struct stress *s;
    shmring_consumer *c;
    uint64_t random;
    uint64_t expected; /* the next sequence number */
    uint64_t lost, gaps, position, stamp;
    unsigned char *buf;
};

static int failed(const struct side *side, const char *what, uint64_t value)
{
    fprintf(stderr,
            "# %s: the consumer at %" PRIu64 " (position %" PRIu64 "): %s (%" PRIu64
            "); last error: %s\n",
            side->s->what, side->expected, side->position, what, value, shmring_error_detail());
    return 0;
}

/* The record in hand must be the next one, or behind exactly as many drops as its GAP admits. */
static int check_record(struct side *side, const shmring_record *r)
{
    uint64_t seq = side->expected;
    int gap = (r->flags & SHMRING_FLAG_GAP) != 0;

    if ((int64_t)(r->position - side->position) < 0) {
        return failed(side, "a position went back", r->position);
    }
    side->position = r->position;
    if (side->s->stamp != SHMRING_STAMP_NONE && r->stamp < side->stamp) {
        return failed(side, "a stamp went back", r->stamp);
    }
    side->stamp = r->stamp;
    if (gap && side->s->waiting == STRESS_LOSSY && r->len >= 8) {
        memcpy(&seq, r->data, 8);
        if (seq <= side->expected || seq >= side->s->count) {
            return failed(side, "a gap without a loss", seq);
        }
    } else if (gap) {
        return failed(side, "a gap where nothing is dropped", r->flags);
    }
    if (r->len != pattern_length(seq, 8, side->s->max_record)) {
        return failed(side, "a wrong length", r->len);
    }
    if (r->type != pattern_type(seq)) {
        return failed(side, "a wrong type", r->type);
    }
    if (!pattern_matches(r->data, r->len, seq)) {
        memcpy(&seq, r->data, 8);
        return failed(side, "a wrong payload", seq);
    }
    side->lost += seq - side->expected;
    side->gaps += (uint64_t)gap;
    side->expected = seq + 1;
    return 1;
}

/* Nothing there: 1 to look again, 0 at the end; *ret_ok says which end. */
static int wait_for_more(struct side *side, int *ret_ok)
{
    shmring_record r;
    shmring_status status;

    *ret_ok = 1;
    if (side->s->waiting == STRESS_BLOCK) {
        status = shmring_wait_data(side->c, SHMRING_FOREVER);
    } else {
        shmring_consumer_relax(side->c);
        status = side->s->framing == SHMRING_RECORDS ? shmring_peek(side->c, &r)
                                                     : shmring_wait_data(side->c, 0);
    }
    if (status == SHMRING_CLOSED) {
        return 0;
    }
    if (status != SHMRING_OK && status != SHMRING_EMPTY) {
        *ret_ok = failed(side, "an unexpected status", (uint64_t)(int64_t)status);
        return 0;
    }
    return 1;
}

/* Copies one record out. 1: one came; 0: none; -1: it was wrong. */
static int take_copy(struct side *side)
{
    shmring_record r;
    uint32_t size = side->s->max_record;
    shmring_status status = side->s->waiting == STRESS_BLOCK
                                ? shmring_recv(side->c, side->buf, size, &r, SHMRING_FOREVER)
                                : shmring_try_recv(side->c, side->buf, size, &r);

    if (status != SHMRING_OK) {
        return 0; /* wait_for_more() tells why */
    }
    return check_record(side, &r) ? 1 : -1;
}

static int take_in_place(struct side *side)
{
    shmring_record r, again = {0};

    if (shmring_peek(side->c, &r) != SHMRING_OK) {
        return 0;
    }
    if (shmring_peek(side->c, &again) != SHMRING_OK || again.position != r.position) {
        return failed(side, "a second peek showed another record", again.position) - 1;
    }
    if (!check_record(side, &r)) {
        return -1;
    }
    shmring_release(side->c);
    return 1;
}

static int take_many(struct side *side)
{
    shmring_record r[STRESS_BATCH_MAX];
    uint32_t want = 1 + (uint32_t)(pattern_next(&side->random) % STRESS_BATCH_MAX);
    uint32_t i, n = shmring_peek_many(side->c, r, want);
    uint32_t keep = n > 1 ? (uint32_t)(pattern_next(&side->random) % n) : 0;

    for (i = 0; i < n - keep; i++) {
        if (!check_record(side, &r[i])) {
            return -1;
        }
    }
    shmring_release_many(side->c, n - keep);
    return n != 0;
}

static int consume_mixed(struct side *side)
{
    int took, ok = 1;
    uint64_t way;

    do {
        stress_rest(side->s, &side->random);
        way = pattern_next(&side->random);
        took = way % 4 == 0   ? take_many(side)
               : way % 4 == 1 ? take_in_place(side)
                              : take_copy(side);
        if (took < 0) {
            return 0;
        }
    } while (took > 0 || wait_for_more(side, &ok));
    return ok;
}

static int consume_flat(struct side *side)
{
    uint64_t words[2], seq;
    shmring_record r;
    shmring_status status;

    for (;;) {
        status = shmring_try_recv(side->c, words, 16, &r);
        if (status == SHMRING_EMPTY) {
            shmring_consumer_relax(side->c);
            continue;
        }
        if (status != SHMRING_OK) {
            return status == SHMRING_CLOSED ||
                   failed(side, "an unexpected status", (uint64_t)(int64_t)status);
        }
        seq = side->expected;
        if (r.len != 16 || r.type != pattern_type(seq) || r.flags != 0 || words[0] != seq ||
            words[1] != pattern_mix(seq)) {
            return failed(side, "a wrong record", words[0]);
        }
        side->expected++;
    }
}

static int consume_bytes(struct side *side)
{
    const struct stress *s = side->s;
    uint64_t most = s->capacity / 4, n, want, way;
    unsigned char *wanted = side->buf + most;
    const void *span = NULL;
    int ok = 1;

    do {
        stress_rest(s, &side->random);
        way = pattern_next(&side->random);
        want = 1 + (way >> 8) % (way % 8 == 0 ? most : 300);
        if (way % 2 == 0) {
            n = shmring_try_read(side->c, side->buf, want);
            span = side->buf;
        } else {
            n = shmring_read_span(side->c, &span);
            n = n < want ? n : want;
        }
        pattern_stream(wanted, n, side->expected);
        if (n != 0 && memcmp(span, wanted, (size_t)n) != 0) {
            return failed(side, "wrong bytes", n);
        }
        if (way % 2 != 0 && n != 0) {
            shmring_read_advance(side->c, n);
        }
        side->expected += n;
    } while (n != 0 || wait_for_more(side, &ok));
    return ok;
}

int stress_consume(void *arg)
{
    const struct stress *s = arg;
    struct side side = {.s = s, .random = 0x5EED0002u + s->count, .position = s->start_position};
    shmring_options opt;
    shmring_info info;
    shmring_status status;
    int ok;

    if (!stress_prepare(s->refuse_consumer)) {
        return 77;
    }
    stress_options(s, &opt);
    status = shmring_consumer_open(&side.c, s->ring, &opt);
    if (status != SHMRING_OK) {
        return failed(&side, "open", (uint64_t)(int64_t)status) + 1;
    }
    side.buf = calloc(1, (size_t)(s->capacity / 2 + 64));
    ok = side.buf != NULL && (s->framing == SHMRING_BYTES ? consume_bytes(&side)
                              : s->ways == STRESS_FLAT    ? consume_flat(&side)
                                                          : consume_mixed(&side));
    free(side.buf);
    s->outcome->received = side.expected;
    s->outcome->lost = side.lost;
    s->outcome->gaps = side.gaps;
    if (shmring_inspect(s->ring, &info) == SHMRING_OK) {
        s->outcome->consumer_sleeps = info.counters.consumer_sleeps;
        if (info.counters.gaps != side.gaps && s->waiting == STRESS_LOSSY) {
            ok = failed(&side, "the ring counted other gaps", info.counters.gaps);
        }
    }
    shmring_consumer_close(side.c);
    return ok ? 0 : 1;
}
