/* SPDX-License-Identifier: MIT */
/* space.c - the producer reloads the consumer's position, raises its limit, and counts refusals. */
#include <shmring/open.h>

#include "ring/claim.h"
#include "ring/space.h"

shmring_status shmr_count_full(shmring_producer *p)
{
    p->last_full = SHMRING_FULL_TRIED;
    p->rejected++;
    shmring_store_relaxed(&p->page->rejected, p->rejected);
    shmring_set_gates_(p); /* a GAP is due */
    return SHMRING_FULL;
}

/* Accepts a consumer position just loaded; 0 when it cannot be true. A head behind the newest
 * position seen is stale, because it follows `cursor` lazily. A release of the whole capacity
 * stores the cursor first, while head is up to an eighth behind it already. A cursor that went back
 * is corrupt. */
static int accept_position(shmring_producer *p, uint64_t position, int exact)
{
    if (!exact && p->head - position <= shmring_head_lag_max(p->capacity)) {
        return 1;
    }
    if (p->tail - position > p->tail - p->head || (p->framing == 0 && (position & 7u) != 0)) {
        return 0;
    }
    p->head = position;
    return 1;
}

static void note_used(shmring_producer *p, uint64_t used)
{
    if (used > shmring_load_relaxed(&p->page->high_water)) {
        shmring_store_relaxed(&p->page->high_water, used);
    }
}

/* Statistics only, unordered: the consumer's position decides nothing here. A wrong one makes
 * high_water wrong, by at most the bytes in use. */
void shmr_note_high_water(shmring_producer *p)
{
    const uint64_t unread = p->tail - shmr_claim_timed_load(p, &p->peer->cursor);
    const uint64_t kept = p->tail - p->evict;

    if (p->overflow == SHMRING_OVERWRITE) { /* what is neither read nor overwritten */
        note_used(p, unread < kept ? unread : kept);
    } else if (unread <= p->capacity) {
        note_used(p, unread);
    }
}

/* Without the acquires the bytes behind the new limit could be written while the consumer's loads
 * of them are still to come. */
shmring_status shmr_reload_head(shmring_producer *p, uint64_t need)
{
    uint64_t position = shmr_claim_timed_load(p, &p->peer->head);
    int step;

    for (step = 0; step < 2; step++) {
        if (!accept_position(p, position, step)) {
            return shmring_producer_refuse_(p, SHMRING_E_CORRUPT, position);
        }
        if (step == 1 || need <= p->head + p->capacity - p->tail) {
            break;
        }
        position = shmring_load_acquire(&p->peer->cursor);
    }
    note_used(p, p->tail - p->head);
    return SHMRING_OK;
}

/* Over what the consumer has released, and in an overwrite ring over everything that is committed.
 * The limit goes up by steps, so that observers keep as much of the previous lap as possible. Edge
 * G: what lies below is announced first; evict.c. */
shmring_status shmr_raise_limit(shmring_producer *p, uint64_t need)
{
    const uint64_t step = need > p->step ? need : p->step;
    uint64_t most = p->batch_count != 0 ? p->batch_at : p->tail;
    uint64_t space;

    if (p->overflow == SHMRING_REJECT) {
        if ((2 * step > p->head + p->capacity - p->tail || /* so that there is a point in between */
             p->tail - p->head > shmring_load_relaxed(&p->page->high_water) + p->step) &&
            shmr_reload_head(p, need) < 0) {
            return SHMRING_E_CORRUPT;
        }
        most = p->head;
    } else {
        shmr_note_high_water(p);
    }
    space = most + p->capacity - p->tail;
    if (need > space && p->framing == 0) {
        return SHMRING_FULL;
    }
    space = shmr_claim_most(p, need, space < step ? space : step);
    if (p->framing == 0) {
        shmr_evict_note_point(p);
    }
    if (p->walking != 0 && shmr_walk_evict(p, need, &space) < 0) {
        return SHMRING_E_CORRUPT;
    }
    shmr_evict_for(p, most, space);
    p->limit = p->tail + space;
    shmr_claim(p);
    return need <= space ? SHMRING_OK : SHMRING_FULL;
}
