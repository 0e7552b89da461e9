/* SPDX-License-Identifier: MIT */
/* room.h - how a producer finds room behind tail, and what a refusal leaves. Private to ring.h; off
 * the hot path, which knows how far it may go.
 */
#ifndef SHMRING_ROOM_H
#define SHMRING_ROOM_H

#include <shmring/evict.h>
#include <shmring/handle.h>

/* The answer is FULL: count it, and mark the next record with GAP. */
SHMRING_COLD shmring_status shmring_refused_(shmring_producer *p)
{
    p->gap_before = p->refused == 0 ? p->special & SHMRING_SPECIAL_GAP : SHMRING_SPECIAL_GAP;
    p->refused = 1;
    p->special |= SHMRING_SPECIAL_GAP;
    p->rejected++;
    shmring_store_relaxed(&p->page->rejected, p->rejected);
    return SHMRING_FULL;
}

/* The refused record is being tried again: it is not lost. */
SHMRING_INLINE void shmring_retract_(shmring_producer *p)
{
    if (p->refused != 0) {
        p->refused = 0;
        p->special = (p->special & ~SHMRING_SPECIAL_GAP) | p->gap_before;
        p->rejected--;
        shmring_store_relaxed(&p->page->rejected, p->rejected);
    }
}

/* Takes a consumer position just loaded; 0 when it cannot be true. Behind the newest seen, `head`
 * is old news (it follows `cursor` lazily), and `cursor` is a lie. */
SHMRING_ALWAYS int shmring_take_position_(shmring_producer *p, uint64_t position, int exact)
{
    if (!exact && p->head - position <= p->capacity) {
        return 1;
    }
    if (p->tail - position > p->tail - p->head || (p->framing == 0 && (position & 7u) != 0)) {
        return 0;
    }
    p->head = position;
    return 1;
}

/* Keeps the most bytes that were ever in use. */
SHMRING_ALWAYS void shmring_note_high_water_(shmring_producer *p, uint64_t used)
{
    if (used > shmring_load_relaxed(&p->page->high_water)) {
        shmring_store_relaxed(&p->page->high_water, used);
    }
}

/* The same in an overwrite ring, at each step of its limit: what is neither read nor overwritten.
 * For people only, and no edge: nothing is written to where this cursor says that it is free, and a
 * false one makes a false mark, of at most what is there. */
SHMRING_COLD void shmring_note_unread_(shmring_producer *p)
{
    const uint64_t unread = p->tail - shmring_load_relaxed(&p->peer->cursor);
    const uint64_t kept = p->tail - p->evict;

    shmring_note_high_water_(p, unread < kept ? unread : kept);
}

/* Looks for `need` bytes behind tail that the consumer has released.
 * Edge A-D: the acquire pairs with the release in shmring_advance_(); without it the bytes behind
 * the new limit could be written while the consumer's loads of them are still to come. */
SHMRING_COLD shmring_status shmring_ask_consumer_(shmring_producer *p, uint64_t need)
{
    uint64_t position = shmring_load_acquire(&p->peer->head);
    int step;

    for (step = 0; step < 2; step++) {
        if (!shmring_take_position_(p, position, step)) {
            return shmring_producer_refuse_(p, SHMRING_E_CORRUPT, position);
        }
        if (step == 1 || need <= p->head + p->capacity - p->tail) {
            break;
        }
        position = shmring_load_acquire(&p->peer->cursor);
    }
    shmring_note_high_water_(p, p->tail - p->head);
    return SHMRING_OK;
}

/* Raises *limit until `need` bytes fit behind tail, if that can be: over what the consumer has
 * released, and in an overwrite ring over everything that is committed. It goes up by steps, so
 * that who looks on can read the rest of the last lap for as long as it is there. Edge G: what lies
 * below is announced first; evict.h. */
SHMRING_COLD shmring_status shmring_refresh_limit_(shmring_producer *p, uint64_t *limit,
                                                   uint64_t need)
{
    const uint64_t step = need > p->step ? need : p->step;
    uint64_t most = p->batch_count != 0 ? p->batch_at : p->tail;
    uint64_t room;

    if (p->overflow == 0) {
        if ((2 * step > p->head + p->capacity - p->tail || /* so that there is a mark in between */
             p->tail - p->head > shmring_load_relaxed(&p->page->high_water) + p->step) &&
            shmring_ask_consumer_(p, need) < 0) {
            return SHMRING_E_CORRUPT;
        }
        most = p->head;
    } else {
        shmring_note_unread_(p);
    }
    room = most + p->capacity - p->tail;
    if (need > room && p->framing == 0) {
        return SHMRING_FULL;
    }
    room = room < step ? room : step;
    if (p->framing == 0) {
        shmring_note_mark_(p);
    }
    shmring_give_up_(p, most, room);
    *limit = p->tail + room;
    return need <= room ? SHMRING_OK : SHMRING_FULL;
}

#endif
