/* SPDX-License-Identifier: MIT */
/* kill_sides.c - the producer and the consumer of the crash test: each goes on where the ledger
 * says that the one before it may have stopped. */
#define _GNU_SOURCE
#include "../support/ledger.h"

#include <inttypes.h>
#include <stdio.h>

#include "../support/pattern.h"
#include "../support/process.h"

static int failed(struct ledger *l, const char *what, uint64_t value)
{
    fprintf(stderr,
            "# %s: %" PRIu64 "; attempted %" PRIu64 " accepted %" PRIu64 " looking %" PRIu64
            " done %" PRIu64 "; last error: %s\n",
            what, value, l->attempted, l->accepted, l->looking, l->done, shmring_error_detail());
    l->failed = 1;
    return 1;
}

void ledger_write_doubt(struct ledger *l)
{
    uint32_t n = l->doubts;

    if (l->attempted != l->accepted && n < LEDGER_DOUBTS) {
        l->doubt[n].from = l->accepted;
        l->doubt[n].to = l->attempted;
        l->doubts = n + 1;
    }
    l->accepted = l->attempted;
}

static void fill(void *to, uint64_t seq, uint32_t *ret_len)
{
    *ret_len = pattern_length(seq, 8, LEDGER_MAX_LEN);
    pattern_fill(to, *ret_len, seq);
}

/* Stages n records from seq on. How many fitted. */
static uint32_t stage(shmring_producer *p, uint64_t seq, uint32_t n)
{
    unsigned char buf[LEDGER_MAX_LEN];
    uint32_t i, len;

    for (i = 0; i < n; i++) {
        fill(buf, seq + i, &len);
        if (shmring_stage(p, buf, len, pattern_type(seq + i)) != SHMRING_OK) {
            break;
        }
    }
    return i;
}

/* One publication. How many records it had. */
static uint32_t produce_some(struct ledger *l, shmring_producer *p, uint64_t seq, uint64_t way)
{
    unsigned char buf[LEDGER_MAX_LEN];
    uint32_t len, n = 1;
    void *at;

    switch (way % 3) {
    case 0:
        n = stage(p, seq, 1 + (uint32_t)(way >> 8) % LEDGER_MAX_BATCH);
        l->attempted = seq + n;
        shmring_publish(p);
        return n;
    case 1:
        fill(buf, seq, &len);
        if (shmring_reserve(p, len, &at) != SHMRING_OK) {
            return 0;
        }
        pattern_fill(at, len, seq);
        l->attempted = seq + 1;
        shmring_commit(p, len, pattern_type(seq));
        return 1;
    default:
        fill(buf, seq, &len);
        l->attempted = seq + 1;
        return shmring_try_send(p, buf, len, pattern_type(seq)) == SHMRING_OK;
    }
}

int ledger_produce(void *arg)
{
    struct ledger *l = arg;
    shmring_producer *p = NULL;
    uint64_t random = (uint64_t)getpid() << 20, seq = l->attempted;
    shmring_status status = shmring_producer_open(&p, l->ring, &l->opt);
    uint32_t n;

    if (status != SHMRING_OK) {
        return failed(l, "a producer could not open", (uint64_t)(int64_t)status);
    }
    l->producer_open = 1;
    l->opened++;
    while (!l->stop) {
        n = produce_some(l, p, seq, pattern_next(&random));
        if (n != 0) {
            seq += n;
            l->accepted = seq;
            continue;
        }
        l->attempted = seq; /* refused: nothing of it is in the ring */
        status = SHMRING_OK;
        if (random % 2 == 0) {
            status = shmring_wait_space(p, LEDGER_MAX_LEN, 20000000);
        }
        if (status < 0) {
            return failed(l, "a producer waited", (uint64_t)(int64_t)status);
        }
        shmring_producer_relax(p);
    }
    shmring_producer_close(p);
    return 0;
}

/* Behind `seq`, where a killed producer's doubtful records may be missing. */
static uint64_t skip_doubt(const struct ledger *l, uint64_t seq)
{
    uint32_t i;

    for (i = l->doubts; i > 0; i--) {
        if (l->doubt[i - 1].from == seq) {
            return l->doubt[i - 1].to;
        }
    }
    return seq;
}

/* Whether `seq` may be the record that follows `before`: the next, or behind doubts. */
static int may_follow(const struct ledger *l, uint64_t expected, uint64_t seq)
{
    uint64_t next;

    while (expected != seq) {
        next = skip_doubt(l, expected);
        if (next == expected) {
            return 0;
        }
        expected = next;
    }
    return 1;
}

/* Checks one record. first: it is the first of this consumer, so it may have come before. */
static int check_record(struct ledger *l, const shmring_record *r, uint64_t expected, int first,
                        uint64_t *ret_seq)
{
    uint64_t seq;

    if (r->len < 8) {
        return failed(l, "a short record", r->len);
    }
    memcpy(&seq, r->data, 8);
    if (!may_follow(l, expected, seq) && !(first && may_follow(l, l->looking, seq))) {
        return failed(l, first ? "a wrong first record" : "a wrong record", seq);
    }
    if (r->len != pattern_length(seq, 8, LEDGER_MAX_LEN) || r->type != pattern_type(seq) ||
        !pattern_matches(r->data, r->len, seq)) {
        return failed(l, "a torn record", seq);
    }
    *ret_seq = seq;
    return 0;
}

/* Reads up to n records and releases them at once. 0, or 1 when something is wrong. */
static int consume_some(struct ledger *l, shmring_consumer *c, uint32_t n, int *first)
{
    shmring_record r[LEDGER_MAX_BATCH];
    uint64_t expected = l->done, seq = 0, looking = l->looking;
    uint32_t i;

    n = shmring_peek_many(c, r, n);
    for (i = 0; i < n; i++) {
        if (check_record(l, &r[i], expected, *first, &seq) != 0) {
            return 1;
        }
        l->again += *first && seq + 1 <= looking;
        if (*first) {
            l->done = seq; /* what the last one released and had no time to enter */
            *first = 0;
        }
        expected = seq + 1;
    }
    if (n != 0) {
        l->looking = expected;
        shmring_release_many(c, n);
        l->done = expected;
    }
    return 0;
}

int ledger_consume(void *arg)
{
    struct ledger *l = arg;
    shmring_consumer *c = NULL;
    uint64_t random = (uint64_t)getpid() << 24;
    shmring_status status = shmring_consumer_open(&c, l->ring, &l->opt);
    int first = 1;

    if (status != SHMRING_OK) {
        return failed(l, "a consumer could not open", (uint64_t)(int64_t)status);
    }
    l->consumer_open = 1;
    l->opened++;
    for (;;) {
        status = shmring_wait_data(c, 20000000);
        if (status < 0) {
            return failed(l, "a consumer waited", (uint64_t)(int64_t)status);
        }
        if (status == SHMRING_CLOSED && l->stop) {
            break;
        }
        if (status == SHMRING_OK &&
            consume_some(l, c, 1 + (uint32_t)(pattern_next(&random) % LEDGER_MAX_BATCH), &first)) {
            return 1;
        }
        if (status == SHMRING_PEER_DEAD) {
            process_pause_us(50);
        }
    }
    shmring_consumer_close(c);
    return 0;
}
