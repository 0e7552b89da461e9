/* SPDX-License-Identifier: MIT */
/* consumer.c - the consumer of records: every way to receive; of overwrite rings too. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rings.h"

#define SHOWN_MAX SHMRING_PEEK_MAX

/* Records were read and released. */
static void went_on(struct ring *r, uint64_t n)
{
    for (; n != 0; n--) {
        const struct entry *e = entry_of(r, r->released++);

        r->cursor += entry_size(r, e->len);
        r->gaps += e->gap == GAP_YES;
        if (r->received != UINT64_MAX) {
            r->received++;
        }
    }
    r->may_release = 0;
}

/* A record whose GAP nobody could foretell has the one it was seen with. */
static void settle_gap(struct ring *r, uint64_t seq, const shmring_record *record)
{
    entry_of(r, seq)->gap = (record->flags & SHMRING_FLAG_GAP) != 0 ? GAP_YES : GAP_NO;
}

static void shown(struct ring *r, uint64_t seq, const shmring_record *record)
{
    record_check(r, seq, record, record->data);
    settle_gap(r, seq, record);
}

/* The producer of an overwrite ring came round. */
static void lapped(struct ring *r)
{
    const uint64_t lost = shmring_consumer_lost(r->c);
    const uint64_t evict = producer_evict(r);
    const uint64_t seq = seq_at(r, r->cursor + lost);

    trace("lapped by %" PRIu64 " bytes", lost, 0, 0, 0);
    if (r->f.overflow != SHMRING_OVERWRITE || lost == 0 || evict - r->cursor > UINT64_MAX / 2 ||
        evict - r->cursor < lost || seq == UINT64_MAX) {
        found("a consumer at %" PRIu64 " is told that it lost %" PRIu64
              " bytes and evict is %" PRIu64,
              r->cursor, lost, evict);
    }
    laps_told++;
    if (r->laps != UINT64_MAX) {
        r->laps++;
        r->lapped_bytes += lost;
    }
    r->released = seq;
    r->cursor += lost;
}

/* What a receiving call answered, whichever it was. */
static void take_answer(struct ring *r, const struct before *b, shmring_status s,
                        const shmring_record *record, uint32_t size, int blocking)
{
    if (s == SHMRING_OK) {
        shown(r, r->released, record);
        went_on(r, 1);
    } else if (s == SHMRING_LAPPED) {
        lapped(r);
    } else if (s == SHMRING_E_TOO_BIG) {
        record_check(r, r->released, record, NULL);
        if (record->len <= size) {
            found("a record of %" PRIu64 " bytes is too big for %" PRIu64, record->len, size, 0);
        }
    } else {
        check_nothing_to_read(r, b, s, blocking);
    }
    r->may_release = 0;
}

static void receive(struct ring *r, uint64_t timeout_ns)
{
    const struct before b = before_call(r, &r->p_life);
    const uint32_t size = one_in(8) ? chance(400) : BYTES_MAX;
    shmring_record record = {0};
    shmring_status s;

    r->may_release = 1;
    s = timeout_ns == 0 && one_in(2)
            ? shmring_try_recv(r->c, r->received_in, size, &record)
            : shmring_recv(r->c, r->received_in, size, &record, timeout_ns);
    trace("receive for %" PRIu64 " ns is %" PRId64 ", %" PRIu64 " is next", timeout_ns,
          (uint64_t)(int64_t)s, r->released, 0);
    if (s == SHMRING_TIMEOUT && now_ns - b.now < timeout_ns) {
        found("a wait of %" PRIu64 " ns timed out after %" PRIu64, timeout_ns, now_ns - b.now, 0);
    }
    take_answer(r, &b, s, &record, size, timeout_ns != 0);
}

static uint64_t some_time(const struct ring *r)
{
    return 1 + (one_in(2) || r->f.spin_ns == UINT32_MAX ? chance(20000) : chance(300000000));
}

static void wait_for_data(struct ring *r)
{
    const struct before b = before_call(r, &r->p_life);
    const uint64_t timeout_ns = one_in(2) ? 0 : some_time(r);
    shmring_status s = shmring_wait_data(r->c, timeout_ns);

    trace("wait_data for %" PRIu64 " ns is %" PRId64, timeout_ns, (uint64_t)(int64_t)s, 0, 0);
    if (s != SHMRING_OK) {
        check_nothing_to_read(r, &b, s, timeout_ns != 0);
    } else if (r->released == r->possible) {
        found("there is said to be a record and there is none", 0, 0, 0);
    }
}

/* ---- in place ---- */

static void release_in_place(struct ring *r, uint64_t n, int by_one)
{
    r->may_release = n;
    if (by_one) {
        (void)shmring_release(r->c);
    } else {
        (void)shmring_release_many(r->c, (uint32_t)n);
    }
    trace("released %" PRIu64, n, 0, 0, 0);
    went_on(r, n);
}

static void peek(struct ring *r)
{
    const struct before b = before_call(r, &r->p_life);
    shmring_record record;
    shmring_status s = shmring_peek(r->c, &record);

    trace("peek is %" PRId64 ", %" PRIu64 " is next", (uint64_t)(int64_t)s, r->released, 0, 0);
    if (s != SHMRING_OK) {
        check_nothing_to_read(r, &b, s, 0);
        return;
    }
    shown(r, r->released, &record);
    let_others_act(chance(4)); /* it stays as it is until it is released */
    shown(r, r->released, &record);
    if (chance(3) != 0) {
        release_in_place(r, 1, one_in(2));
    }
}

static void peek_many(struct ring *r)
{
    static shmring_record all[RINGS_MAX][SHOWN_MAX];
    shmring_record *records = all[r - rings];
    const uint32_t max = one_in(3) ? SHOWN_MAX + chance(2) : 1 + chance(8);
    const struct before b = before_call(r, &r->p_life);
    const uint64_t there = b.committed > r->released ? b.committed - r->released : 0;
    uint32_t n = shmring_peek_many(r->c, records, max), i;

    trace("peek_many of %" PRIu64 " is %" PRIu64 ", %" PRIu64 " is next", max, n, r->released, 0);
    if (n > max || n > SHOWN_MAX || (n < there && n < max && n < SHOWN_MAX)) {
        found("%" PRIu64 " records were asked for, %" PRIu64 " were there, %" PRIu64 " were shown",
              max, there, n);
    }
    for (i = 0; i < n; i++) {
        shown(r, r->released + i, &records[i]);
    }
    let_others_act(chance(4));
    for (i = 0; i < n; i++) {
        shown(r, r->released + i, &records[i]);
    }
    if (n != 0) {
        release_in_place(r, one_in(2) ? n : chance(n + 1), 0);
    }
}

/* ---- the actor ---- */

static void do_something(struct actor *a, struct ring *r)
{
    const uint32_t k = chance(1000);

    if (k < 250 || (r->f.overflow == SHMRING_OVERWRITE && k < 850)) {
        receive(r, 0);
    } else if (k < 450) {
        peek(r);
    } else if (k < 850) {
        peek_many(r);
    } else if (k < 920) {
        receive(r, some_time(r));
    } else if (k < 960) {
        wait_for_data(r);
    } else if (k < 970) {
        shmring_consumer_relax(r->c);
    } else if (k < 974) {
        ring_verify(r);
    } else if (k < 985 && r->f.restarts && !somebody_is_in_admin()) {
        close_consumer(r);
    } else if (k < 990 && r->f.deaths) {
        die_at_rest(a);
    }
}

void consume_records(struct actor *a, struct ring *r)
{
    if (r->c != NULL) {
        do_something(a, r);
    } else if (one_in(4) && !somebody_is_in_admin()) { /* absent for a while */
        open_consumer(r);
    }
}

void act_as_consumer(struct actor *a)
{
    consume_records(a, a->who);
}
