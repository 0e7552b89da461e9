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
 * waiter, when the waker's process has registered (role.capability says so). Else the waker fences
 * at each publication (SHMRING_CAP_FENCES). Where the waiter cannot call membarrier, it asks for
 * those fences by the bell's FENCE bit. Until it has taken that in, the waiter's first slices are
 * short.
 *
 * The bell stays set from one slice to the next, and the barrier is not run again while it does. A
 * bell that was visible before is seen by each later publication.
 */
#include <shmring/shmring.h>

#include "wait/waiting.h"

#include <inttypes.h>

#include "base/error.h"
#include "ring/consumer.h"
#include "segment/role.h"

#define POLLS_PER_CLOCK 16u

/* ---- what follows when nothing is there ---- */

shmring_status shmring_report_empty_(shmring_consumer *c)
{
    return c->polled != 0 ? shmr_consumer_arm(c, 1, 0) : shmr_ended(c, 1);
}

void shmring_rearm_(shmring_consumer *c, uint64_t need)
{
    (void)shmr_consumer_arm(c, need, 1);
}

/* ---- the waiter ---- */

void shmring_wait_count(shmring_atomic_u64 *counter)
{
    shmring_store_relaxed(counter, shmring_load_relaxed(counter) + 1);
}

int shmr_take_interrupt(shmring_consumer *c)
{
    if (SHMRING_LIKELY(shmring_load_relaxed(&c->interrupted) == 0)) {
        return 0;
    }
    shmring_store_relaxed(&c->interrupted, 0);
    return 1;
}

int shmring_wait_is_interrupted(const struct shmring_wait *w)
{
    return shmring_load_relaxed(w->interrupted) != 0;
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
        shmring_full_barrier(); /* request before capability: review_fence() */
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

/* The handle has moved to another ring (shmr_consumer_move()): the wait goes on there. */
static void keep_up(struct shmring_wait *w)
{
    struct shmring_wait now;

    if (w->c != NULL && w->a != w->c->attachment) {
        shmring_wait_for_data(&now, w->c);
        now.need = w->need;
        now.quiet = w->quiet;
        now.deadline_ns = w->deadline_ns;
        *w = now;
    }
}

static shmring_status move(struct shmring_wait *w)
{
    shmring_status status = shmr_consumer_move(w->c);

    keep_up(w);
    return status == SHMRING_OK ? w->nothing : status;
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
    if (status != w->nothing || shmring_load_relaxed(&w->theirs->epoch) != epoch) {
        return status; /* or another came, or the handle has moved */
    }
    if (w->c != NULL && shmr_consumer_is_replaced(w->c)) {
        return move(w);
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
    if (!w->quiet) {
        shmring_store_relaxed(&w->ours->ended_epoch, epoch);
    }
    return state == SHMRING_PEER_CLOSED ? SHMRING_CLOSED : SHMRING_PEER_DEAD;
}

shmring_status shmr_wait_until(struct shmring_wait *w, uint64_t timeout_ns)
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
        if (status == w->nothing) { /* also when interrupted: else interrupts that come often enough
                                       would keep us from asking */
            status = shmring_wait_ask_peer(w);
        }
        if (status == w->nothing && shmring_wait_is_interrupted(w)) {
            shmring_store_relaxed(w->interrupted, 0);
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
    shmring_status status = shmr_look(c, w->need);

    if (status == SHMRING_EMPTY) {
        if (c->head != c->cursor) { /* the producer knows all that is free while we wait */
            shmring_publish_head_(c);
        }
        if (!w->quiet && shmring_load_relaxed(&c->peer->role.state) == SHMRING_ROLE_CLOSED) {
            status = shmr_ended(c, w->need);
            keep_up(w);
        }
    }
    return status;
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
    w->need = 1;
    w->c = c;
    w->a = c->attachment;
    w->bell = &c->bells->consumer_bell;
    w->interrupted = &c->interrupted;
    w->lifecycle = &c->bells->lifecycle;
    w->ours = &c->page->role;
    w->theirs = &c->peer->role;
    w->their_role = SHMRING_ROLE_PRODUCER;
    w->ignored_epoch = c->ignored_epoch;
    w->stalls = &c->page->stalls;
    w->sleeps = &c->page->sleeps;
    w->spin_ns = c->spin_ns;
}

/* An interrupt ends a waiting call also where data is always there. Where nothing is there, the
 * wait takes it, behind an end of the producer, which interrupts must not hide. */
static int is_busy_and_interrupted(shmring_consumer *c, uint64_t need)
{
    return SHMRING_UNLIKELY(shmring_load_relaxed(&c->interrupted) != 0) &&
           shmr_look(c, need) == SHMRING_OK && shmr_take_interrupt(c);
}

static shmring_status wait_data(shmring_consumer *c, uint64_t need, uint64_t timeout_ns)
{
    struct shmring_wait w;
    shmring_status status;

    shmring_wait_for_data(&w, c);
    w.need = need;
    if (timeout_ns != 0) {
        return is_busy_and_interrupted(c, need) ? SHMRING_EMPTY : shmr_wait_until(&w, timeout_ns);
    }
    status = w.look(&w);
    return status == SHMRING_EMPTY && c->polled != 0 ? shmr_consumer_arm(c, need, 0) : status;
}

shmring_status shmring_wait_data(shmring_consumer *c, uint64_t timeout_ns)
{
    if (c == NULL || c->attachment == NULL) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
    }
    return wait_data(c, 1, timeout_ns);
}

shmring_status shmring_wait_data_for(shmring_consumer *c, uint64_t n, uint64_t timeout_ns)
{
    if (c == NULL || c->attachment == NULL || c->bytes == NULL) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, n);
    }
    if (n > c->capacity) {
        return shmring_fail(SHMRING_E_TOO_BIG,
                            "ring '%s': waiting for %" PRIu64 " bytes, and its capacity is %" PRIu64
                            ": wait for less at once, or make the ring with a larger capacity",
                            c->attachment->name.full, n, c->capacity);
    }
    return wait_data(c, n != 0 ? n : 1, timeout_ns);
}

shmring_status shmring_recv(shmring_consumer *c, void *buf, uint32_t size, shmring_record *ret,
                            uint64_t timeout_ns)
{
    shmring_status status;

    if (c == NULL) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
    }
    if (timeout_ns == 0) {
        return shmring_try_recv(c, buf, size, ret);
    }
    if (is_busy_and_interrupted(c, 1)) {
        return SHMRING_EMPTY;
    }
    status = shmr_receive(c, buf, size, ret);
    if (status == SHMRING_EMPTY) {
        status = shmring_wait_data(c, timeout_ns);
        status = status == SHMRING_OK ? shmr_receive(c, buf, size, ret) : status;
    }
    return status;
}

void shmring_consumer_interrupt(shmring_consumer *c)
{
    if (c != NULL && c->attachment != NULL) {
        shmring_store_relaxed(&c->interrupted, 1);
        shmring_bell_ring(c->attachment, &c->bells->consumer_bell, SHMRING_ROLE_CONSUMER);
    }
}
