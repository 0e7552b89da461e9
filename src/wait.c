/* SPDX-License-Identifier: MIT */
/* wait.c - polling, sleeping and waking: edge F.
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
 * waiter who cannot call membarrier. Until it has taken that in, the waiter sleeps in short slices.
 */
#include <shmring/shmring.h>

#include "wait.h"

#include <inttypes.h>

#include "detail.h"
#include "os.h"
#include "role.h"
#include "segment.h"

#define DEFAULT_SPIN_NS 20000u
#ifndef SHMRING_SLICE_NS /* a stress build has an endless one, so that a lost wake-up hangs */
#define SHMRING_SLICE_NS UINT64_C(100000000)
#endif
#define UNFENCED_SLICE_NS UINT64_C(1000000)
#define POLLS_PER_CLOCK   16u

/* ---- set-up ---- */

uint32_t shmring_pause_unit(void)
{
    static shmring_atomic_u64 known;
    uint64_t unit = shmring_load_relaxed(&known);
    uint64_t best = UINT64_MAX, start, took;
    int round, i;

    if (unit == 0) {
        for (round = 0; round < 5; round++) {
            start = shmring_os_clock_ns();
            for (i = 0; i < 200; i++) {
                shmring_cpu_pause();
            }
            took = shmring_os_clock_ns() - start;
            best = took < best ? took : best;
        }
        unit = (10 * 200 + best / 2) / (best + 1);
        unit = unit < 1 ? 1 : unit > 64 ? 64 : unit;
        shmring_store_relaxed(&known, unit);
    }
    return (uint32_t)unit;
}

uint64_t shmring_barrier_setup(int *ret_can_barrier)
{
    *ret_can_barrier = shmring_os_barrier();
    return shmring_os_barrier_register() ? SHMRING_CAP_MEMBARRIER : SHMRING_CAP_FENCES;
}

void shmring_bell_reset(shmring_atomic_u64 *bell, int can_barrier)
{
    (void)shmring_fetch_and(bell, 0);
    if (!can_barrier) {
        (void)shmring_fetch_or(bell, SHMRING_BELL_FENCE);
    }
}

void shmring_bell_ring(shmring_atomic_u64 *bell)
{
    if ((shmring_fetch_and(bell, ~SHMRING_BELL_ASLEEP) & SHMRING_BELL_ASLEEP) != 0) {
        shmring_os_wake(bell);
    }
}

/* ---- the waker ---- */

/* The slow half of a publication: a bell was seen, or this side fences always. Takes in the wish
 * for fences, looks again behind one, and returns whether somebody sleeps. */
static int look_at_bell(const shmring_atomic_u64 *bell, uint32_t *fence,
                        struct shmring_role_block *ours)
{
    if (*fence == 0 && (shmring_load_relaxed(bell) & SHMRING_BELL_FENCE) != 0) {
        *fence = 1;
        shmring_store_release(&ours->capability,
                              shmring_load_relaxed(&ours->capability) | SHMRING_CAP_FENCES);
    }
    if (*fence != 0) {
        shmring_full_barrier();
    }
    return (shmring_load_acquire(bell) & SHMRING_BELL_ASLEEP) != 0;
}

void shmring_wake_consumer_(shmring_producer *p)
{
    if (look_at_bell(&p->bells->consumer_bell, &p->fence, &p->page->role)) {
        shmring_store_relaxed(&p->page->wakes, shmring_load_relaxed(&p->page->wakes) + 1);
        shmring_bell_ring(&p->bells->consumer_bell);
    }
}

void shmring_wake_producer_(shmring_consumer *c)
{
    /* The producer said how far the cursor must come: waking it earlier would be for nothing. */
    if (look_at_bell(&c->bells->producer_bell, &c->fence, &c->page->role) &&
        c->cursor - shmring_load_relaxed(&c->bells->producer_want) <= c->capacity) {
        shmring_store_relaxed(&c->page->wakes, shmring_load_relaxed(&c->page->wakes) + 1);
        shmring_bell_ring(&c->bells->producer_bell);
    }
}

/* ---- the waiter ---- */

/* One wait, whichever side it is: what differs is in the fields. */
struct wait {
    shmring_status (*look)(struct wait *w); /* OK, or what it would answer now */
    void (*relax)(struct wait *w);
    shmring_status nothing; /* look's answer that means "go on waiting": EMPTY or FULL */
    shmring_producer *p;    /* one of the two */
    shmring_consumer *c;
    uint64_t need; /* bytes wanted; the producer's */
    const struct shmring_attachment *a;
    shmring_atomic_u64 *bell; /* ours */
    shmring_atomic_u64 *lifecycle;
    struct shmring_role_block *ours;
    const struct shmring_role_block *theirs;
    enum shmring_role their_role;
    uint64_t ignored_epoch;
    shmring_atomic_u64 *stalls, *sleeps;
    uint32_t spin_ns;
    uint64_t deadline_ns;
};

static void count(shmring_atomic_u64 *counter)
{
    shmring_store_relaxed(counter, shmring_load_relaxed(counter) + 1);
}

static int is_interrupted(const struct wait *w)
{
    return w->c != NULL && shmring_load_relaxed(&w->c->interrupted) != 0;
}

/* Polls with the adaptive pause until end_ns. Returns look()'s last answer. */
static shmring_status poll_until(struct wait *w, uint64_t end_ns)
{
    shmring_status status;
    uint32_t i;

    do {
        for (i = 0; i < POLLS_PER_CLOCK; i++) {
            w->relax(w);
            status = w->look(w);
            if (status != w->nothing) {
                return status;
            }
        }
    } while (!is_interrupted(w) && shmring_os_clock_ns() < end_ns);
    return w->nothing;
}

/* Runs the waiter's barrier; returns how long it may sleep before it looks by itself. */
static uint64_t run_barrier(const struct wait *w)
{
    uint64_t capability;

    shmring_full_barrier();
    capability = shmring_load_acquire(&w->theirs->capability);
    if ((capability & SHMRING_CAP_MEMBARRIER) != 0 && w->a->can_barrier && shmring_os_barrier()) {
        return SHMRING_SLICE_NS;
    }
    if (capability == 0 || (capability & SHMRING_CAP_FENCES) != 0) {
        return SHMRING_SLICE_NS; /* nobody was there yet, or one who fences */
    }
    (void)shmring_fetch_or(w->bell, SHMRING_BELL_FENCE); /* from now on, please */
    return UNFENCED_SLICE_NS;
}

/* Sets the bell, looks once more, sleeps for at most one slice. Returns look()'s last answer. */
static shmring_status sleep_a_slice(struct wait *w)
{
    uint64_t slice, now;
    uint32_t expected;
    shmring_status status;

    if (w->p != NULL) {
        shmring_store_relaxed(&w->p->bells->producer_want, w->p->tail + w->need - w->p->capacity);
    }
    expected = (uint32_t)(shmring_fetch_or(w->bell, SHMRING_BELL_ASLEEP) | SHMRING_BELL_ASLEEP);
    slice = run_barrier(w);
    status = w->look(w);
    now = shmring_os_clock_ns();
    if (status == w->nothing && now < w->deadline_ns && !is_interrupted(w)) {
        count(w->sleeps);
        (void)shmring_os_sleep(w->bell, expected,
                               slice < w->deadline_ns - now ? slice : w->deadline_ns - now);
        status = w->look(w);
    }
    (void)shmring_fetch_and(w->bell, ~SHMRING_BELL_ASLEEP);
    return status;
}

/* Is there still somebody to wait for? `nothing` to go on, or how the wait ends. */
static shmring_status ask_peer(struct wait *w)
{
    uint64_t epoch;
    enum shmring_peer_state state =
        shmring_role_ask(w->a, w->theirs, w->their_role, w->ignored_epoch, &epoch);
    shmring_status status;

    if (state == SHMRING_PEER_LIVES) {
        return w->nothing;
    }
    status = w->look(w); /* what it did before it went comes first */
    if (status != w->nothing) {
        return status;
    }
    if (state == SHMRING_PEER_ABSENT) {
        if ((shmring_load_relaxed(w->lifecycle) & SHMRING_LIFE_REMOVED) != 0) {
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

static uint64_t later(uint64_t now, uint64_t ns)
{
    return now + ns < now ? UINT64_MAX : now + ns;
}

static shmring_status wait_until(struct wait *w, uint64_t timeout_ns)
{
    shmring_status status = w->look(w);
    uint64_t now, end, spin = w->spin_ns != 0 ? w->spin_ns : DEFAULT_SPIN_NS;
    int polls = 1;

    if (status != w->nothing || timeout_ns == 0) {
        return status;
    }
    now = shmring_os_clock_ns();
    w->deadline_ns = later(now, timeout_ns);
    count(w->stalls);
    do {
        if (polls) {
            end = later(now, w->spin_ns == UINT32_MAX ? SHMRING_SLICE_NS : spin);
            status = poll_until(w, end < w->deadline_ns ? end : w->deadline_ns);
            polls = w->spin_ns == UINT32_MAX;
        } else {
            status = sleep_a_slice(w);
        }
        if (status == w->nothing && is_interrupted(w)) {
            shmring_store_relaxed(&w->c->interrupted, 0);
            return SHMRING_EMPTY;
        }
        if (status == w->nothing) {
            status = ask_peer(w);
        }
        now = shmring_os_clock_ns();
    } while (status == w->nothing && now < w->deadline_ns);
    return status == w->nothing ? SHMRING_TIMEOUT : status;
}

/* ---- the consumer's side ---- */

static shmring_status look_for_data(struct wait *w)
{
    shmring_consumer *c = w->c;
    shmring_record record;

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

static void relax_consumer(struct wait *w)
{
    shmring_consumer_relax(w->c);
}

shmring_status shmring_wait_data(shmring_consumer *c, uint64_t timeout_ns)
{
    struct wait w = {0};

    if (c == NULL || c->attachment == NULL) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
    }
    w.look = look_for_data;
    w.relax = relax_consumer;
    w.nothing = SHMRING_EMPTY;
    w.c = c;
    w.a = c->attachment;
    w.bell = &c->bells->consumer_bell;
    w.lifecycle = &c->bells->lifecycle;
    w.ours = &c->page->role;
    w.theirs = &c->peer->role;
    w.their_role = SHMRING_ROLE_PRODUCER;
    w.ignored_epoch = c->ignored_epoch;
    w.stalls = &c->page->stalls;
    w.sleeps = &c->page->sleeps;
    w.spin_ns = c->spin_ns;
    return wait_until(&w, timeout_ns);
}

shmring_status shmring_recv(shmring_consumer *c, void *buf, uint32_t size, shmring_record *ret,
                            uint64_t timeout_ns)
{
    shmring_status status;

    if (c == NULL) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
    }
    status = shmring_try_recv(c, buf, size, ret);
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
        shmring_bell_ring(&c->bells->consumer_bell);
    }
}

/* ---- the producer's side ---- */

static shmring_status look_for_space(struct wait *w)
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

static void relax_producer(struct wait *w)
{
    shmring_relax_(&w->p->relax, w->p->records);
}

shmring_status shmring_wait_space(shmring_producer *p, uint32_t len, uint64_t timeout_ns)
{
    struct wait w = {0};

    if (p == NULL || p->attachment == NULL || p->status != SHMRING_OK || p->reserved != 0) {
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, len);
    }
    if (p->framing == SHMRING_RECORDS ? len > p->max_record : len > p->capacity) {
        return shmring_producer_refuse_(p, SHMRING_E_TOO_BIG, len);
    }
    shmring_publish(p); /* or the consumer could never make room */
    shmring_retract_(p);
    w.look = look_for_space;
    w.relax = relax_producer;
    w.nothing = SHMRING_FULL;
    w.p = p;
    w.need = p->framing == SHMRING_RECORDS
                 ? shmring_record_size(p->record_header, len) + SHMRING_WORD_SIZE
                 : len;
    w.a = p->attachment;
    w.bell = &p->bells->producer_bell;
    w.lifecycle = &p->bells->lifecycle;
    w.ours = &p->page->role;
    w.theirs = &p->peer->role;
    w.their_role = SHMRING_ROLE_CONSUMER;
    w.ignored_epoch = shmring_load_relaxed(&p->page->role.ended_epoch);
    w.stalls = &p->page->stalls;
    w.sleeps = &p->page->sleeps;
    w.spin_ns = p->spin_ns;
    return wait_until(&w, timeout_ns);
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
