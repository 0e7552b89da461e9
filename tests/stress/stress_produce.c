/* SPDX-License-Identifier: MIT */
/* stress_produce.c - the producer's side of a stress run, and what both sides share. */
#define _GNU_SOURCE
#include "stress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/pattern.h"
#include "../support/process.h"

#define REST_EVERY 64u /* operations between two rests, about */

struct side {
    const struct stress *s;
    shmring_producer *p;
    uint64_t random;
    uint64_t dropped;
    unsigned char *buf;
};

void stress_options(const struct stress *s, shmring_options *opt)
{
    const shmring_options init = SHMRING_OPTIONS_INIT;

    *opt = init;
    opt->capacity = s->capacity;
    opt->framing = s->framing;
    opt->max_record = s->max_record;
    opt->spin_ns = s->spin_ns;
    opt->stamp = s->stamp;
    opt->start_position = s->start_position;
}

void stress_rest(const struct stress *s, uint64_t *random)
{
    uint64_t v;

    if (s->pause_us != 0) {
        v = pattern_next(random);
        if (v % REST_EVERY == 0) {
            process_pause_us((v >> 8) % s->pause_us);
        }
    }
}

int stress_prepare(int refuse_errno)
{
    return refuse_errno == 0 || process_refuse(PROCESS_MEMBARRIER, refuse_errno);
}

static int failed(const struct side *side, uint64_t seq, shmring_status status)
{
    fprintf(stderr, "# %s: the producer at %" PRIu64 " got %d (%s): %s\n", side->s->what, seq,
            (int)status, shmring_status_text(status), shmring_error_detail());
    return 0;
}

/* After FULL: 1 to try again, 0 on an error. */
static int make_room(struct side *side, uint64_t seq, uint32_t len)
{
    shmring_status status = SHMRING_OK;

    if (side->s->waiting == STRESS_BLOCK) {
        status = shmring_wait_space(side->p, len, SHMRING_FOREVER);
    } else {
        shmring_producer_relax(side->p);
    }
    return status == SHMRING_OK || failed(side, seq, status);
}

static shmring_status try_in_place(struct side *side, uint64_t seq, uint32_t len)
{
    uint32_t room = side->s->max_record - len;
    uint32_t more =
        room != 0 ? (uint32_t)(pattern_next(&side->random) % (room < 64 ? room : 64)) : 0;
    void *at;
    shmring_status status = shmring_reserve(side->p, len + more, &at);

    if (status == SHMRING_OK && pattern_next(&side->random) % 8 == 0) {
        memset(at, 0xEE, len + more);
        shmring_abort(side->p);
        status = shmring_reserve(side->p, len, &at);
    }
    if (status == SHMRING_OK) {
        pattern_fill(at, len, seq);
        shmring_commit(side->p, len, pattern_type(seq));
    }
    return status;
}

static int send_one(struct side *side, uint64_t seq, int in_place)
{
    const struct stress *s = side->s;
    uint32_t len = pattern_length(seq, 8, s->max_record);
    shmring_status status;

    if (!in_place) {
        pattern_fill(side->buf, len, seq);
    }
    for (;;) {
        if (in_place) {
            status = try_in_place(side, seq, len);
        } else if (s->waiting == STRESS_BLOCK) {
            status = shmring_send(side->p, side->buf, len, pattern_type(seq), SHMRING_FOREVER);
        } else {
            status = shmring_try_send(side->p, side->buf, len, pattern_type(seq));
        }
        if (status == SHMRING_OK) {
            return 1;
        }
        if (status != SHMRING_FULL) {
            return failed(side, seq, status);
        }
        if (s->waiting == STRESS_LOSSY && seq + 1 != s->count) { /* the last one always arrives */
            side->dropped++;
            return 1;
        }
        if (!make_room(side, seq, len)) {
            return 0;
        }
    }
}

/* Stages n records from seq on and publishes them; now and then it first thinks better of it. */
static int send_batch(struct side *side, uint64_t seq, uint32_t n)
{
    const struct stress *s = side->s;
    uint32_t i, len;
    shmring_status status;

    if (pattern_next(&side->random) % 8 == 0 &&
        shmring_stage(side->p, side->buf, 8, 0) == SHMRING_OK) {
        shmring_abort(side->p);
    } else {
        shmring_producer_relax(side->p); /* a refusal of that one is not a loss */
    }
    for (i = 0; i < n; i++) {
        len = pattern_length(seq + i, 8, s->max_record);
        pattern_fill(side->buf, len, seq + i);
        while ((status = shmring_stage(side->p, side->buf, len, pattern_type(seq + i))) !=
               SHMRING_OK) {
            if (status != SHMRING_FULL) {
                return failed(side, seq + i, status);
            }
            if (s->waiting == STRESS_LOSSY && seq + i + 1 != s->count) {
                side->dropped++;
                break;
            }
            shmring_publish(side->p);
            if (!make_room(side, seq + i, len)) {
                return 0;
            }
        }
    }
    shmring_publish(side->p);
    return 1;
}

static int produce_mixed(struct side *side)
{
    const struct stress *s = side->s;
    uint64_t seq = 0, way;
    uint32_t n;

    while (seq < s->count) {
        stress_rest(s, &side->random);
        way = pattern_next(&side->random);
        n = 1;
        if (way % 4 == 0 && s->waiting != STRESS_LOSSY) {
            n += (uint32_t)(way >> 8) % STRESS_BATCH_MAX;
            n = n < s->count - seq ? n : (uint32_t)(s->count - seq);
            if (!send_batch(side, seq, n)) {
                return 0;
            }
        } else if (!send_one(side, seq, way % 4 == 1)) {
            return 0;
        }
        seq += n;
    }
    return 1;
}

static int produce_flat(struct side *side)
{
    uint64_t seq, words[2];
    shmring_status status;

    for (seq = 0; seq < side->s->count; seq++) {
        words[0] = seq;
        words[1] = pattern_mix(seq);
        while ((status = shmring_try_send(side->p, words, 16, pattern_type(seq))) != SHMRING_OK) {
            if (status != SHMRING_FULL) {
                return failed(side, seq, status);
            }
            shmring_producer_relax(side->p);
        }
    }
    return 1;
}

static int produce_bytes(struct side *side)
{
    const struct stress *s = side->s;
    uint64_t at = 0, n, want, way;
    uint64_t most = s->capacity / 4;
    void *span;

    while (at < s->count) {
        stress_rest(s, &side->random);
        way = pattern_next(&side->random);
        want = 1 + (way >> 8) % (way % 8 == 0 ? most : 200);
        want = want < s->count - at ? want : s->count - at;
        if (way % 2 == 0) {
            pattern_stream(side->buf, want, at);
            n = shmring_try_write(side->p, side->buf, want);
        } else {
            n = shmring_write_span(side->p, &span);
            n = n < want ? n : want;
            if (n != 0) {
                pattern_stream(span, n, at);
                shmring_write_advance(side->p, n);
            }
        }
        if (n == 0 && !make_room(side, at, 1)) {
            return 0;
        }
        at += n;
    }
    return 1;
}

int stress_produce(void *arg)
{
    const struct stress *s = arg;
    struct side side = {s, NULL, 0x5EED0001u + s->count, 0, NULL};
    shmring_options opt;
    shmring_info info;
    shmring_status status;
    int ok;

    if (!stress_prepare(s->refuse_producer)) {
        return 77;
    }
    stress_options(s, &opt);
    status = shmring_producer_open(&side.p, s->ring, &opt);
    if (status != SHMRING_OK) {
        return failed(&side, 0, status) + 1;
    }
    side.buf = calloc(1, (size_t)(s->capacity / 4 + 64));
    ok = side.buf != NULL && (s->framing == SHMRING_BYTES ? produce_bytes(&side)
                              : s->ways == STRESS_FLAT    ? produce_flat(&side)
                                                          : produce_mixed(&side));
    free(side.buf);
    while ((status = shmring_inspect(s->ring, &info)) == SHMRING_OK && info.consumer.epoch == 0) {
        process_pause_us(1000); /* or a short run would be over, and its ring gone */
    }
    if (status != SHMRING_OK) {
        ok = failed(&side, s->count, status);
    } else {
        s->outcome->sent = info.counters.sent;
        s->outcome->rejected = info.counters.rejected;
        s->outcome->producer_sleeps = info.counters.producer_sleeps;
    }
    s->outcome->dropped = side.dropped;
    shmring_producer_close(side.p);
    return ok ? 0 : 1;
}
