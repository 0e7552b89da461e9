/* SPDX-License-Identifier: MIT */
/* reader.c - one process that consumes all rings of a round and waits for any of them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rings.h"

uint64_t waits_for_any;

static struct {
    const struct ring *first; /* of the last call that found something */
    uint64_t opens;           /* and which of its consumers it was */
    uint32_t n;
    uint32_t next; /* where the next search begins */
} turn;

/* The open ones, in the order of the rings. */
struct many {
    struct ring *r[RINGS_MAX];
    shmring_consumer *c[RINGS_MAX];
    struct before before[RINGS_MAX];
    int unread[RINGS_MAX];
    uint32_t n;
};

static void many_begin(struct many *m)
{
    uint32_t i;

    m->n = 0;
    for (i = 0; i < ring_count; i++) {
        struct ring *r = &rings[i];

        r->awaited = r->c != NULL;
        if (r->awaited) {
            m->r[m->n] = r;
            m->c[m->n] = r->c;
            m->before[m->n] = before_call(r, &r->p_life);
            m->unread[m->n++] = bytes_unread(r) != 0;
        }
    }
}

static void many_end(const struct many *m)
{
    uint32_t i;

    for (i = 0; i < m->n; i++) {
        m->r[i]->awaited = 0;
    }
}

/* Nobody acted meanwhile: the search began behind the last one that was found, and passed over none
 * that had something. */
static void check_turn(const struct many *m, uint32_t index)
{
    uint32_t at = turn.next % m->n;

    if (turn.first != m->r[0] || turn.opens != m->r[0]->c_life.opens || turn.n != m->n) {
        return;
    }
    for (; at != index; at = (at + 1) % m->n) {
        if (m->unread[at]) {
            found("it was the turn of ring %" PRIu64 " and ring %" PRIu64 " was found", at, index,
                  0);
        }
    }
}

static void nothing_anywhere(const struct many *m, shmring_status s, uint64_t timeout_ns)
{
    shmring_status due;
    uint32_t i;

    for (i = 0; i < m->n; i++) {
        const struct ring *r = m->r[i];
        const int stable = r->p_life.events == m->before[i].events && !m->before[i].in_admin;

        if (m->unread[i]) {
            found("waiting for any is %" PRIu64 " and ring %" PRIu64 " has something", s, i, 0);
        }
        if (stable && end_is_due(r, SHMRING_ROLE_PRODUCER, &due) &&
            (due == SHMRING_CLOSED || timeout_ns != 0)) {
            found("waiting for any is %" PRIu64 " and the producer of ring %" PRIu64
                  " ended: %" PRIu64,
                  s, i, due);
        }
    }
}

static void wait_for_any(void)
{
    static const uint64_t times[] = {0, 1, 20000, 500000000};
    const uint64_t timeout_ns = times[chance(rings[0].f.spin_ns == UINT32_MAX ? 3 : 4)];
    const uint64_t then = operations;
    struct many m;
    uint32_t index = UINT32_MAX;
    shmring_status s;
    struct ring *r;

    many_begin(&m);
    if (m.n == 0) {
        return;
    }
    s = shmring_wait_any(m.c, m.n, &index, timeout_ns);
    many_end(&m);
    waits_for_any++;
    trace("wait_any of %" PRIu64 " for %" PRIu64 " ns is %" PRId64 " at %" PRIu64, m.n, timeout_ns,
          (uint64_t)(int64_t)s, index);
    if (s == SHMRING_TIMEOUT || (s == SHMRING_EMPTY && timeout_ns == 0)) {
        if (index != UINT32_MAX) {
            found("nothing was found and the index is %" PRIu64, index, 0, 0);
        }
        nothing_anywhere(&m, s, timeout_ns);
        return;
    }
    if (index >= m.n) {
        found("waiting for any is %" PRIu64 " at index %" PRIu64, s, index, 0);
    }
    r = m.r[index];
    if (s == SHMRING_OK) {
        if (r->f.framing == SHMRING_RECORDS ? r->released == r->possible
                                            : r->cursor == r->possible_position) {
            found("ring %" PRIu64 " is said to have something and has nothing", index, 0, 0);
        }
        if (operations == then) {
            check_turn(&m, index);
        }
    } else {
        check_nothing_to_read(r, &m.before[index], s, 1);
    }
    turn.first = m.r[0];
    turn.opens = m.r[0]->c_life.opens;
    turn.n = m.n;
    turn.next = index + 1;
}

static void act_as_reader(struct actor *a)
{
    struct ring *r = &rings[chance(ring_count)];

    if (one_in(3)) {
        wait_for_any();
    } else if (r->f.framing == SHMRING_BYTES) {
        consume_bytes(a, r);
    } else {
        consume_records(a, r);
    }
}

static void reader_died(struct actor *a)
{
    uint32_t i;

    for (i = 0; i < ring_count; i++) {
        rings[i].awaited = 0;
        consumer_gone(a, &rings[i]);
    }
}

void reader_add(void)
{
    struct actor *a = stage_add("reader", act_as_reader, reader_died, NULL);
    uint32_t i;

    memset(&turn, 0, sizeof turn);
    for (i = 0; i < ring_count; i++) {
        rings[i].consumer = a;
    }
}
