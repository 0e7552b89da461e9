/* SPDX-License-Identifier: MIT */
/* wait.c - polling and sleeping: edge F. wake.c has the waker's half.
 *
 *      waiter                                   waker
 *
 *      store bell                               store_release word, tail or cursor
 *      full barrier, here and on the waker      light barrier (the compiler)
 *      look again                               load bell
 *      sleep while the bell is set              set? clear it, wake
 *
 * Were both to miss, the waiter's look would come before the waker's store and the waker's load
 * before the waiter's store: the barrier on both sides forbids that. It is membarrier, run by the
 * waiter, when the waker's process has registered (role.capability says so); else the waker fences
 * at each publication (SHMRING_CAP_FENCES), and is told to by the bell's FENCE bit when it is the
 * waiter who cannot call membarrier. Until it has taken that in, the waiter's first slices are
 * short.
 *
 * The bell stays set from one slice to the next, and the barrier is not run again while it does: a
 * bell that everybody could see before is seen by whatever is published later.
 */
#include <shmring/shmring.h>

#include "wait.h"

#include <inttypes.h>

#include "detail.h"
#include "role.h"

#define POLLS_PER_CLOCK 16u

/* ---- the waiter ---- */

void shmring_wait_count(shmring_atomic_u64 *counter)
{
    shmring_store_relaxed(counter, shmring_load_relaxed(counter) + 1);
}

int shmring_wait_is_interrupted(const struct shmring_wait *w)
{
    return w->c != NULL && shmring_load_relaxed(&w->c->interrupted) != 0;
}

/* Polls with the adaptive pause until end_ns. Returns look()'s last answer. */
static shmring_status poll_until(struct shmring_wait *w, uint64_t end_ns)
{
    uint64_t now, yield_ns = 0;
    shmring_status status;
    uint32_t i;

    for (;;) {
        for (i = 0; i < POLLS_PER_CLOCK; i++) {
            w->relax(w);
            status = w->look(w);
            if (status != w->nothing) {
                return status;
            }
        }
        now = shmring_os_clock_ns();
        if (now >= end_ns || shmring_wait_is_interrupted(w)) {
            return w->nothing;
        }
        shmring_wait_give_turn(now, &yield_ns);
    }
}

void shmring_wait_set_bell(struct shmring_wait *w, uint64_t bit)
{
    if (w->p != NULL) {
        shmring_store_relaxed(&w->p->bells->producer_want, w->p->tail + w->need - w->p->capacity);
    }
    w->expected = (uint32_t)(shmring_fetch_or(w->bell, bit) | bit);
}

uint64_t shmring_wait_barrier(const struct shmring_wait *w, int *ran)
{
    uint64_t capability = shmring_load_acquire(&w->theirs->capability);

    if ((capability & SHMRING_CAP_MEMBARRIER) != 0 && w->a->can_barrier) {
        if (*ran == 0) {
            *ran = shmring_os_barrier() ? 1 : -1;
        }
        if (*ran > 0) {
            return SHMRING_SLICE_NS;
        }
        (void)shmring_fetch_or(w->bell, SHMRING_BELL_FENCE); /* from now on, please */
        shmring_full_barrier(); /* the wish before the promise: review_fence() */
        capability = shmring_load_acquire(&w->theirs->capability);
    }
    if (capability == 0 || (capability & SHMRING_CAP_FENCES) != 0) {
        return SHMRING_SLICE_NS; /* nobody was there yet, or one who fences */
    }
    return SHMRING_UNFENCED_SLICE_NS;
}

/* Sets the bell, if it is not as we left it, looks once more, and sleeps for at most one slice.
 * Returns look()'s last answer. */
static shmring_status sleep_a_slice(struct shmring_wait *w)
{
    const struct shmring_os_bell bell = {w->bell, &w->a->seg, w->a->role,
                                         shmring_load_relaxed(&w->theirs->pid)};
    shmring_status status;
    uint64_t now;
    int ran = 0;

    if (w->expected == 0 || w->slice_ns < SHMRING_SLICE_NS ||
        (uint32_t)shmring_load_relaxed(w->bell) != w->expected) {
        shmring_wait_set_bell(w, SHMRING_BELL_ASLEEP);
        shmring_full_barrier();
        w->slice_ns = shmring_wait_next_slice(w->slice_ns, shmring_wait_barrier(w, &ran));
    }
    status = w->look(w);
    now = shmring_os_clock_ns();
    if (status == w->nothing && now < w->deadline_ns && !shmring_wait_is_interrupted(w)) {
        shmring_wait_count(w->sleeps);
        shmring_os_sleep(&bell, w->expected,
                         w->slice_ns < w->deadline_ns - now ? w->slice_ns : w->deadline_ns - now);
        status = w->look(w);
    }
    return status;
}

shmring_status shmring_wait_ask_peer(struct shmring_wait *w)
{
    uint64_t epoch;
    enum shmring_peer_state state =
        shmring_role_ask(w->a, w->theirs, w->their_role, w->ignored_epoch, &epoch);
    shmring_status status;

    /* A cut inside a page faults nobody: the rest of the page reads as zeros. */
    if (!shmring_os_is_whole(&w->a->seg)) {
        if (w->p != NULL) {
            shmring_producer_is_cut(w->p);
            return shmring_producer_refuse_(w->p, SHMRING_E_CORRUPT, 0);
        }
        shmring_consumer_is_cut(w->c);
        return shmring_consumer_refuse_(w->c, SHMRING_E_CORRUPT, 0);
    }
    if (state == SHMRING_PEER_LIVES) {
        return w->nothing;
    }
    status = w->look(w); /* what it did before it went comes first */
    if (status != w->nothing) {
        return status;
    }
    if (state == SHMRING_PEER_ABSENT) {
        if ((shmring_load_relaxed(w->lifecycle) & SHMRING_LIFE_REMOVED) != 0 ||
            !shmring_os_has_name(&w->a->seg)) { /* by shmring_remove(), or by hand */
            return shmring_fail(SHMRING_E_NOT_FOUND,
                                "ring '%s' was removed and nobody can come to its other side any "
                                "more: close it and open the name again",
                                w->a->name.full);
        }
        return w->nothing;
    }
    shmring_store_relaxed(&w->ours->ended_epoch, epoch);
    return state == SHMRING_PEER_CLOSED ? SHMRING_CLOSED : SHMRING_PEER_DEAD;
}

static shmring_status wait_until(struct shmring_wait *w, uint64_t timeout_ns)
{
    shmring_status status = w->look(w);
    uint64_t now, poll_end;

    if (status != w->nothing || timeout_ns == 0) {
        return status;
    }
    now = shmring_os_clock_ns();
    w->deadline_ns = shmring_wait_later(now, timeout_ns);
    poll_end = shmring_wait_poll_end(now, w->spin_ns);
    shmring_wait_count(w->stalls);
    do {
        if (now < poll_end) {
            status = poll_until(w, shmring_wait_poll_slice(now, poll_end, w->deadline_ns));
        } else {
            status = sleep_a_slice(w);
        }
        if (status == w->nothing) { /* also when interrupted: often enough, it were never asked */
            status = shmring_wait_ask_peer(w);
        }
        if (status == w->nothing && shmring_wait_is_interrupted(w)) {
            shmring_store_relaxed(&w->c->interrupted, 0);
            break;
        }
        now = shmring_os_clock_ns();
        if (status == w->nothing && now >= w->deadline_ns) {
            status = SHMRING_TIMEOUT;
        }
    } while (status == w->nothing);
    if (w->expected != 0) {
        (void)shmring_fetch_and(w->bell, ~SHMRING_BELL_ASLEEP);
    }
    return status;
}

/* ---- the consumer's side ---- */

static shmring_status look_for_data(struct shmring_wait *w)
{
    shmring_consumer *c = w->c;
    shmring_record record;

    if (c->shared != NULL || c->stamped != NULL) {
        return shmring_look_validated_(c);
    }
    if (c->framing == SHMRING_RECORDS) {
        return shmring_look_(c, c->cursor, &record);
    }
    if (c->tail != c->cursor || shmring_byte_look_(c) != 0) {
        return SHMRING_OK;
    }
    if (c->bytes == NULL) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
    }
    return shmring_empty_(c, &c->peer->tail, c->tail);
}

uint32_t shmring_wait_disarm(shmring_consumer *c)
{
    uint32_t polled = c->polled;

    c->polled = 0;
    return polled;
}

void shmring_wait_rearm(shmring_consumer *c, uint32_t polled)
{
    c->polled = c->status == SHMRING_OK ? polled : 1; /* or shmring_consumer_is_cut() was here */
}

static void relax_consumer(struct shmring_wait *w)
{
    shmring_consumer_relax(w->c);
}

void shmring_wait_for_data(struct shmring_wait *w, shmring_consumer *c)
{
    const struct shmring_wait none = {0};

    *w = none;
    w->look = look_for_data;
    w->relax = relax_consumer;
    w->nothing = SHMRING_EMPTY;
    w->c = c;
    w->a = c->attachment;
    w->bell = &c->bells->consumer_bell;
    w->lifecycle = &c->bells->lifecycle;
    w->ours = &c->page->role;
    w->theirs = &c->peer->role;
    w->their_role = SHMRING_ROLE_PRODUCER;
    w->ignored_epoch = c->ignored_epoch;
    w->stalls = &c->page->stalls;
    w->sleeps = &c->page->sleeps;
    w->spin_ns = c->spin_ns;
}

shmring_status shmring_wait_data(shmring_consumer *c, uint64_t timeout_ns)
{
    struct shmring_wait w;
    shmring_status status;
    uint32_t polled;

    if (c == NULL || c->attachment == NULL) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
    }
    shmring_wait_for_data(&w, c);
    polled = timeout_ns == 0 ? c->polled : shmring_wait_disarm(c);
    status = wait_until(&w, timeout_ns);
    shmring_wait_rearm(c, polled);
    return status;
}

shmring_status shmring_recv(shmring_consumer *c, void *buf, uint32_t size, shmring_record *ret,
                            uint64_t timeout_ns)
{
    shmring_status status;
    uint32_t polled;

    if (c == NULL) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
    }
    polled = timeout_ns == 0 ? c->polled : shmring_wait_disarm(c);
    status = shmring_try_recv(c, buf, size, ret);
    shmring_wait_rearm(c, polled);
    if (status != SHMRING_EMPTY || timeout_ns == 0) {
        return status;
    }
    status = shmring_wait_data(c, timeout_ns);
    return status == SHMRING_OK ? shmring_try_recv(c, buf, size, ret) : status;
}

void shmring_consumer_interrupt(shmring_consumer *c)
{
    if (c != NULL && c->attachment != NULL) {
        shmring_store_relaxed(&c->interrupted, 1);
        shmring_bell_ring(c->attachment, &c->bells->consumer_bell, SHMRING_ROLE_CONSUMER);
    }
}

/* ---- the producer's side ---- */

static shmring_status look_for_space(struct shmring_wait *w)
{
    uint64_t *limit = w->p->framing == SHMRING_RECORDS ? &w->p->limit : &w->p->byte_limit;

    if (w->p->status != SHMRING_OK) {
        return shmring_producer_refuse_(w->p, SHMRING_E_INVALID, 0);
    }
    if (w->need <= *limit - w->p->tail) {
        return SHMRING_OK;
    }
    return shmring_refresh_limit_(w->p, limit, w->need);
}

static void relax_producer(struct shmring_wait *w)
{
    shmring_relax_(&w->p->relax, shmring_sent_(w->p), w->p->tail, w->p->capacity);
}

void shmring_wait_for_space(struct shmring_wait *w, shmring_producer *p, uint64_t need)
{
    const struct shmring_wait none = {0};

    *w = none;
    w->look = look_for_space;
    w->relax = relax_producer;
    w->nothing = SHMRING_FULL;
    w->p = p;
    w->need = need;
    w->a = p->attachment;
    w->bell = &p->bells->producer_bell;
    w->lifecycle = &p->bells->lifecycle;
    w->ours = &p->page->role;
    w->theirs = &p->peer->role;
    w->their_role = SHMRING_ROLE_CONSUMER;
    w->ignored_epoch = shmring_load_relaxed(&p->page->role.ended_epoch);
    w->stalls = &p->page->stalls;
    w->sleeps = &p->page->sleeps;
    w->spin_ns = p->spin_ns;
}

shmring_status shmring_wait_space(shmring_producer *p, uint32_t len, uint64_t timeout_ns)
{
    struct shmring_wait w;
    shmring_status status;

    if (p == NULL || p->attachment == NULL || p->status != SHMRING_OK || p->reserved != 0) {
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, len);
    }
    if (p->framing == SHMRING_RECORDS ? len > p->max_record : len > p->capacity) {
        return shmring_producer_refuse_(p, SHMRING_E_TOO_BIG, len);
    }
    shmring_publish(p); /* or the consumer could never make room */
    shmring_retract_(p);
    shmring_wait_for_space(&w, p,
                           p->framing == SHMRING_RECORDS
                               ? shmring_record_size(p->record_header, len) + SHMRING_WORD_SIZE
                               : len);
    status = wait_until(&w, timeout_ns);
    return status == SHMRING_FULL && p->polled != 0 ? shmring_producer_arm_(p, w.need) : status;
}

shmring_status shmring_send(shmring_producer *p, const void *data, uint32_t len, uint16_t type,
                            uint64_t timeout_ns)
{
    shmring_status status;

    if (p == NULL) {
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, len);
    }
    status = shmring_try_send(p, data, len, type);
    if (status != SHMRING_FULL || timeout_ns == 0) {
        return status;
    }
    status = shmring_wait_space(p, len, timeout_ns);
    if (status == SHMRING_OK) {
        return shmring_try_send(p, data, len, type);
    }
    if (status == SHMRING_TIMEOUT) {
        (void)shmring_refused_(p);
    }
    return status;
}
