/* SPDX-License-Identifier: MIT */
/* wait_producer.c - a producer that waits: for space, or until everything was released. wait.c has
 * the waiting. */
#include <shmring/shmring.h>

#include "base/error.h"
#include "ring/space.h"
#include "wait/waiting.h"

static shmring_status look_for_space(struct shmring_wait *w)
{
    if (w->p->status != SHMRING_OK) {
        return shmring_producer_refuse_(w->p, SHMRING_E_INVALID, 0);
    }
    if (w->need <= w->p->limit - w->p->tail) {
        return SHMRING_OK;
    }
    return shmr_raise_limit(w->p, w->need);
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
    w->interrupted = &p->interrupted;
    w->lifecycle = &p->bells->lifecycle;
    w->ours = &p->page->role;
    w->theirs = &p->peer->role;
    w->their_role = SHMRING_ROLE_CONSUMER;
    w->ignored_epoch = shmring_load_relaxed(&p->page->role.ended_epoch);
    w->stalls = &p->page->stalls;
    w->sleeps = &p->page->sleeps;
    w->spin_ns = p->spin_ns;
}

shmring_status shmring_wait_space_for(shmring_producer *p, uint64_t n, uint64_t timeout_ns)
{
    struct shmring_wait w;
    shmring_status status;

    if (p == NULL || p->attachment == NULL || p->status != SHMRING_OK || p->reserved != 0) {
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, n);
    }
    if (n > (p->framing == SHMRING_RECORDS ? p->max_record : p->capacity)) {
        return shmring_producer_refuse_(p, SHMRING_E_TOO_BIG, n);
    }
    (void)shmring_publish(p); /* or the consumer could never make space */
    shmring_producer_retry(p);
    shmring_wait_for_space(&w, p,
                           p->framing == SHMRING_RECORDS
                               ? shmring_record_size(p->record_header, (uint32_t)n) +
                                     SHMRING_WORD_SIZE
                               : n);
    status = shmr_wait_until(&w, timeout_ns);
    return status == SHMRING_FULL && p->polled != 0 ? shmr_producer_arm(p, w.need, 0) : status;
}

shmring_status shmring_wait_space(shmring_producer *p, uint32_t len, uint64_t timeout_ns)
{
    return shmring_wait_space_for(p, len, timeout_ns);
}

/* Whether the consumer is where the producer is. Asks for its position only: a limit that is not
 * raised gives up nothing that an observer may still read. */
static shmring_status look_for_drained(struct shmring_wait *w)
{
    shmring_producer *p = w->p;

    if (p->status != SHMRING_OK) {
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, 0);
    }
    if (p->overflow != SHMRING_REJECT) { /* only compared: nothing is written because of it */
        return shmring_load_acquire(&p->peer->cursor) == p->tail ? SHMRING_OK : SHMRING_FULL;
    }
    if (shmr_reload_head(p, p->capacity) < 0) { /* A, with D */
        return SHMRING_E_CORRUPT;
    }
    return p->head == p->tail ? SHMRING_OK : SHMRING_FULL;
}

shmring_status shmring_drain(shmring_producer *p, uint64_t timeout_ns)
{
    struct shmring_wait w;

    if (p == NULL || p->attachment == NULL || p->status != SHMRING_OK || p->reserved != 0) {
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, 0);
    }
    (void)shmring_publish(p);
    shmring_wait_for_space(&w, p, p->capacity);
    w.look = look_for_drained;
    return shmr_wait_until(&w, timeout_ns);
}

void shmring_producer_interrupt(shmring_producer *p)
{
    if (p != NULL && p->attachment != NULL) {
        shmring_store_relaxed(&p->interrupted, 1);
        shmring_bell_ring(p->attachment, &p->bells->producer_bell, SHMRING_ROLE_PRODUCER);
    }
}

shmring_status shmring_send(shmring_producer *p, const void *data, uint32_t len, uint16_t type,
                            uint64_t timeout_ns)
{
    shmring_status status;

    if (p == NULL) {
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, len);
    }
    if (timeout_ns != 0 && p->last_full == SHMRING_FULL_TRIED) {
        shmring_producer_retry(p); /* the record that a try was refused, not one given up */
    }
    status = shmring_try_send(p, data, len, type);
    if (status != SHMRING_FULL || timeout_ns == 0) {
        return status;
    }
    status = shmring_wait_space(p, len, timeout_ns);
    if (status == SHMRING_OK) {
        return shmring_try_send(p, data, len, type);
    }
    if (status == SHMRING_FULL) { /* interrupted: as a try that is refused */
        (void)shmr_count_full(p);
    }
    if (status == SHMRING_TIMEOUT) {
        (void)shmr_count_full(p);
        p->last_full = SHMRING_FULL_TIMED_OUT;
    }
    return status;
}
