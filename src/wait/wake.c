/* SPDX-License-Identifier: MIT */
/* wake.c - the waker's half of edge F, and what both halves need at open. wait.c has the picture.
 *
 * A waker comes here only when a bell is not zero, or when it fences always. The bits of a waiter
 * that died cost one wake: they are cleared before it is woken. A fence request ends when the
 * waiter that made it is gone, so that it slows nobody for longer than FENCE_REVIEW publications.
 */
#include <shmring/shmring.h>

#include "wait/waiting.h"

#define BELL_BITS    (SHMRING_BELL_ASLEEP | SHMRING_BELL_POLLED)
#define FENCE_REVIEW 4096u

/* ---- set-up ---- */

uint64_t shmring_barrier_setup(uint32_t flags, int *ret_can_barrier)
{
    if ((flags & SHMRING_NO_MEMBARRIER) != 0) { /* no system call that asks for interrupts */
        *ret_can_barrier = 0;
        return SHMRING_CAP_FENCES;
    }
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

/* May the waiter have armed its descriptor before its bit was cleared? It armed if it found
 * nothing. That is a consumer that has read everything, a producer whose want is not met, and in
 * byte framing any consumer, for it may want more than there is. Edge F: the bit is cleared, then
 * the position is loaded; the waiter stores its position, full barrier, loads the bit. */
static int may_have_armed(const struct shmring_attachment *a, enum shmring_role waiter)
{
    const uint64_t cursor = shmring_load_relaxed(&shmring_consumer_page_of(&a->map)->cursor);

    if (waiter == SHMRING_ROLE_PRODUCER) {
        return cursor - shmring_load_relaxed(&shmring_doorbell_page_of(&a->map)->producer_want) >
               a->geometry.capacity;
    }
    return a->geometry.framing == SHMRING_BYTES ||
           cursor == shmring_load_relaxed(&shmring_producer_page_of(&a->map)->tail);
}

/* A descriptor is signalled before its bit is cleared: a waker that is stopped in between leaves it
 * readable. A waiter that hears this, and arms again before the bit is cleared, would not be
 * signalled by the next publication. So there is a second signal where that may have happened. */
void shmring_bell_ring(const struct shmring_attachment *a, shmring_atomic_u64 *bell,
                       enum shmring_role waiter)
{
    const struct shmring_os_bell at = {bell, &a->seg, waiter, 0};
    const int polled = (shmring_load_relaxed(bell) & SHMRING_BELL_POLLED) != 0;
    uint64_t seen;

    if (polled) {
        shmring_os_signal(&a->seg, waiter);
    }
    seen = shmring_fetch_and(bell, ~BELL_BITS);
    if ((seen & SHMRING_BELL_ASLEEP) != 0) {
        shmring_os_wake(&at);
    }
    if ((seen & SHMRING_BELL_POLLED) != 0 && (!polled || may_have_armed(a, waiter))) {
        shmring_os_signal(&a->seg, waiter);
    }
}

/* ---- after a publication ---- */

/* The waker's view of one bell. */
struct ringer {
    const struct shmring_attachment *a;
    shmring_atomic_u64 *bell;
    enum shmring_role waiter;
    const struct shmring_role_block *theirs;
    struct shmring_role_block *ours;
};

/* Is the fence request still somebody's? Returns the new value of the handle's `fence`.
 * We stop in this order: clear CAP_FENCES, full barrier, look for the request once more. A waiter
 * that relies on CAP_FENCES has set its request, run a full barrier, and then loaded the capability
 * (shmring_wait_barrier()): one of the two sees the other. Until we have stopped, we fence. */
static uint32_t review_fence(const struct ringer *r)
{
    uint64_t capability = shmring_load_relaxed(&r->ours->capability), epoch;

    if ((capability & SHMRING_CAP_MEMBARRIER) == 0) {
        return 1;
    }
    if ((shmring_load_relaxed(r->bell) & SHMRING_BELL_FENCE) != 0) {
        epoch = shmring_load_acquire(&r->theirs->epoch);
        if (shmring_os_role_held(&r->a->seg, r->waiter)) {
            return 1;
        }
        (void)shmring_fetch_and(r->bell, ~SHMRING_BELL_FENCE);
        if (shmring_os_role_held(&r->a->seg, r->waiter) ||
            shmring_load_acquire(&r->theirs->epoch) != epoch) {
            (void)shmring_fetch_or(r->bell, SHMRING_BELL_FENCE); /* it may be the newcomer's */
            return 1;
        }
    }
    shmring_store_release(&r->ours->capability, capability & ~SHMRING_CAP_FENCES);
    shmring_full_barrier();
    if ((shmring_load_relaxed(r->bell) & SHMRING_BELL_FENCE) != 0) {
        shmring_store_release(&r->ours->capability, capability);
        return 1;
    }
    return 0;
}

/* The slow half of a publication: a bell was seen, or this side fences always. Takes in the
 * fence request, looks again behind a fence, and returns whether somebody waits.
 * *fence: 0, or the publications since the last review. */
static int look_at_bell(const struct ringer *r, uint32_t *fence)
{
    if (*fence == 0 && (shmring_load_relaxed(r->bell) & SHMRING_BELL_FENCE) != 0) {
        *fence = 1;
        shmring_store_release(&r->ours->capability,
                              shmring_load_relaxed(&r->ours->capability) | SHMRING_CAP_FENCES);
    }
    if (*fence != 0) {
        shmring_full_barrier();
        if (++*fence > FENCE_REVIEW) {
            *fence = review_fence(r);
        }
    }
    return (shmring_load_acquire(r->bell) & BELL_BITS) != 0;
}

static void count_and_ring(const struct ringer *r, shmring_atomic_u64 *wakes)
{
    shmring_wait_count(wakes);
    shmring_bell_ring(r->a, r->bell, r->waiter);
}

void shmring_wake_consumer_(shmring_producer *p)
{
    const struct ringer r = {p->attachment, &p->bells->consumer_bell, SHMRING_ROLE_CONSUMER,
                             &p->peer->role, &p->page->role};

    if (p->status != SHMRING_OK) { /* the guard's: see shmring_producer_is_cut() */
        (void)shmring_producer_refuse_(p, SHMRING_E_CORRUPT, 0);
        return;
    }
    if (look_at_bell(&r, &p->fence)) {
        count_and_ring(&r, &p->page->wakes);
    }
}

void shmring_wake_producer_(shmring_consumer *c)
{
    const struct ringer r = {c->attachment, &c->bells->producer_bell, SHMRING_ROLE_PRODUCER,
                             &c->peer->role, &c->page->role};

    if (c->status != SHMRING_OK) {
        (void)shmring_consumer_refuse_(c, SHMRING_E_CORRUPT, 0);
        return;
    }
    /* The producer said how far the cursor must come: waking it earlier would be for nothing. */
    if (look_at_bell(&r, &c->fence) &&
        c->cursor - shmring_load_relaxed(&c->bells->producer_want) <= c->capacity) {
        count_and_ring(&r, &c->page->wakes);
    }
}
