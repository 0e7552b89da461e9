/* SPDX-License-Identifier: MIT */
#include "ring/recover.h"

#include <inttypes.h>

#include "base/error.h"
#include "ring/space.h"

/* The most bytes of old records that a producer that took over an overwrite ring reads at once,
 * before it writes: some 50 us of the smallest ones. */
#define WALK_STEP (UINT64_C(256) << 10)
/* And when it opens. */
#define WALK_AT_OPEN (UINT64_C(1) << 20)

static shmring_status impossible(const struct shmring_attachment *a, uint64_t tail, uint64_t cursor)
{
    return shmring_fail(SHMRING_E_CORRUPT,
                        "ring '%s': its positions cannot be true (tail %" PRIu64 ", cursor %" PRIu64
                        ", capacity %" PRIu64 "); look with 'shmring verify', then remove it",
                        a->name.full, tail, cursor, a->geometry.capacity);
}

/* Walks the committed words behind the shared tail. The consumer may have read some of them before
 * the producer died, so the cursor can be ahead of where the walk starts, never of its end.
 * *ret_gap: a GAP is among them. Returns 0 when a word cannot be true. The walk ends: what lies
 * between the cursor and the end fits the capacity, and each word was zeroed before the one in
 * front of it was released. */
static int roll_forward(shmring_producer *p, uint64_t cursor, int *ret_gap)
{
    const struct shmring_geometry_page *g = &p->attachment->geometry;
    uint64_t start = p->tail, word, size;

    for (;;) {
        word = shmring_load_acquire(shmring_word_at(p->data + (p->tail & p->mask)));
        if (word == 0) {
            return 1;
        }
        size = shmring_record_size(g->record_header, (uint32_t)(word & SHMRING_WORD_LENGTH));
        if ((word & (SHMRING_WORD_COMMITTED | SHMRING_WORD_RESERVED)) != SHMRING_WORD_COMMITTED ||
            (word & SHMRING_WORD_LENGTH) > g->max_record || p->tail + size - start > g->capacity ||
            (p->tail + size - cursor > g->capacity && cursor - p->tail - size > g->capacity)) {
            return 0;
        }
        *ret_gap |= (word & SHMRING_WORD_GAP) != 0;
        p->tail += size;
        p->records++;
    }
}

/* ---- evict among the records of earlier producers ---- */

/* Reads records from `position` until it is `end` or beyond, or `room` bytes behind tail may be
 * written. The bytes up to walk_end are whole: a producer that dies has announced what it was
 * writing over. Returns where it stopped; *ret_word is 0, or a word that cannot be true. */
static uint64_t walk(const shmring_producer *p, uint64_t position, uint64_t end, uint64_t room,
                     uint64_t *ret_records, uint64_t *ret_word)
{
    const struct shmring_geometry_page *g = &p->attachment->geometry;
    const uint64_t stays = p->capacity - room; /* bytes behind tail */
    uint64_t word, size;

    *ret_word = 0;
    while (p->walk_end - position > p->walk_end - end && p->tail - position > stays) {
        word = shmring_load_acquire(shmring_word_at(p->data + (position & p->mask)));
        size = shmring_record_size(g->record_header, (uint32_t)(word & SHMRING_WORD_LENGTH));
        if ((word & (SHMRING_WORD_COMMITTED | SHMRING_WORD_RESERVED)) != SHMRING_WORD_COMMITTED ||
            (word & SHMRING_WORD_LENGTH) > g->max_record || size > p->walk_end - position) {
            *ret_word = word != 0 ? word : SHMRING_WORD_RESERVED;
            break;
        }
        position += size;
        ++*ret_records;
    }
    return position;
}

shmring_status shmr_walk_evict(shmring_producer *p, uint64_t need, uint64_t *ret_room)
{
    const uint64_t most = need > WALK_STEP ? need : WALK_STEP;
    uint64_t records = 0, position, word;

    *ret_room = *ret_room < most ? *ret_room : most;
    position = walk(p, p->evict, p->walk_end, *ret_room, &records, &word);
    if (word != 0) {
        return shmring_producer_refuse_(p, SHMRING_E_CORRUPT, position);
    }
    if (p->walk_records != UINT64_MAX) {
        p->walk_records += records;
    }
    shmr_evict_publish(p, position, p->walk_records + 1);
    p->walking = position != p->walk_end;
    return SHMRING_OK;
}

/* Begins the walk that shmr_walk_evict() continues when the room is wanted: to read a whole
 * ring now would take time by its capacity. Reads WALK_AT_OPEN, so all of a small ring, to find
 * what cannot be true early. Returns 0 when a word cannot be true. */
static int begin_walk(shmring_producer *p)
{
    const uint64_t count = shmring_load_relaxed(&p->page->evict_count);
    const uint64_t there = p->tail - p->evict;
    uint64_t records = 0, position, word;

    p->walk_end = p->tail;
    position = walk(p, p->evict, there < WALK_AT_OPEN ? p->tail : p->evict + WALK_AT_OPEN,
                    p->capacity, &records, &word);
    if (word != 0) {
        return 0;
    }
    p->walking = p->evict != p->tail;
    p->walk_records = count - 1; /* of 0: not known */
    if (p->evict == p->attachment->geometry.start_position) {
        p->walk_records = 0;
    }
    if (position ==
        p->tail) { /* all of it: the last one may have died before it stored the count */
        p->walk_records = p->records - records;
        shmring_store_release(&p->page->evict_count, p->walk_records + 1);
    }
    return 1;
}

/* The records that may have been overwritten already. In a ring whose last producer did not say it
 * (version 0.1), what the consumer has not released is all that is sure. */
static int recover_evict(shmring_producer *p, uint64_t cursor)
{
    uint64_t evict = shmring_load_relaxed(&p->page->evict);
    int possible =
        p->tail - evict <= p->capacity && (p->framing != SHMRING_RECORDS || (evict & 7u) == 0);
    int said = shmring_load_relaxed(&p->page->role.state) == SHMRING_ROLE_NONE ||
               (shmring_load_relaxed(&p->page->role.capability) & SHMRING_CAP_EVICTS) != 0;

    p->evict = evict;
    if (p->overflow == SHMRING_OVERWRITE) {
        p->head = evict;
        return possible && begin_walk(p);
    }
    if (!possible || !said || cursor - evict > p->capacity) {
        shmr_evict_publish(p, cursor, 0);
    }
    return 1;
}

/* Is a GAP due for what the last producer refused? One of version 0.1 did not say what it had
 * reported. gap: a record with GAP lies behind the shared tail, so its producer died before it
 * stored `reported`. */
static void recover_refusals(shmring_producer *p, int gap)
{
    const struct shmring_role_block *last = &p->page->role;

    p->rejected = p->reported = shmring_load_relaxed(&p->page->rejected);
    if ((shmring_load_relaxed(&last->capability) & SHMRING_CAP_REPORTS) != 0) {
        p->reported = shmring_load_relaxed(gap ? &p->page->reporting : &p->page->reported);
    }
    shmring_store_release(&p->page->reported, p->reported);
}

/* A note of records that the last producer did not live to publish is none. */
static void recover_notes(const shmring_producer *p)
{
    uint32_t i;

    for (i = 0; i < 2; i++) {
        const uint64_t at = shmring_load_relaxed(&p->page->notes[i].at); /* E */

        if (at != 0 && p->tail - (at - 1) > UINT64_MAX / 2) {
            shmring_store_release(&p->page->notes[i].at, 0);
        }
    }
}

shmring_status shmring_recover_producer(shmring_producer *p)
{
    const uint64_t capacity = p->capacity;
    uint64_t tail = shmring_load_acquire(&p->page->tail);     /* E */
    uint64_t cursor = shmring_load_acquire(&p->peer->cursor); /* E, and A */
    uint64_t counted = shmring_load_relaxed(&p->page->records);
    int records = p->framing == SHMRING_RECORDS, gap = 0;

    if (p->overflow == SHMRING_OVERWRITE) { /* this producer does not ask where the consumer is */
        cursor = shmring_load_relaxed(&p->page->evict);
    }
    if ((tail - cursor > capacity && (!records || cursor - tail > capacity)) ||
        (records && ((tail | cursor) & 7u) != 0)) {
        return impossible(p->attachment, tail, cursor);
    }
    p->tail = tail;
    p->records = counted;
    if (records && !roll_forward(p, cursor, &gap)) {
        return impossible(p->attachment, p->tail, cursor);
    }
    if (p->tail - cursor > capacity) {
        return impossible(p->attachment, p->tail, cursor);
    }
    p->head = cursor;
    if (!recover_evict(p, cursor)) {
        return impossible(p->attachment, p->tail, p->evict);
    }
    if ((shmring_load_relaxed(&p->page->repairs) & 1) != 0) { /* it died behind all it changed */
        shmring_store_relaxed(&p->page->repairs, shmring_load_relaxed(&p->page->repairs) + 1);
    }
    recover_refusals(p, gap);
    recover_notes(p);
    if (p->tail != tail) {
        shmring_store_release(&p->page->tail, p->tail); /* the 0 is there */
        shmring_store_relaxed(&p->page->records, p->records);
        shmring_store_relaxed(&p->page->recovered,
                              shmring_load_relaxed(&p->page->recovered) + (p->records - counted));
    }
    return SHMRING_OK;
}

shmring_status shmring_recover_consumer(shmring_consumer *c)
{
    uint64_t cursor = shmring_load_acquire(&c->page->cursor); /* E */
    uint64_t tail = shmring_load_acquire(&c->peer->tail);
    int records = c->framing == SHMRING_RECORDS;

    if (c->shared != NULL) { /* it may be any distance behind: the first call finds out */
        tail = tail - cursor < UINT64_MAX / 2 ? cursor : tail;
        c->lapped = shmring_load_relaxed(&c->page->lapped);
        c->lapped_bytes = shmring_load_relaxed(&c->page->lapped_bytes);
    }
    /* In record framing the shared tail may be behind the words, and so behind the cursor. */
    if ((tail - cursor > c->capacity && (!records || cursor - tail > c->capacity)) ||
        (records && ((tail | cursor) & 7u) != 0)) {
        return impossible(c->attachment, tail, cursor);
    }
    c->cursor = cursor;
    c->tail = cursor;
    c->head = cursor;
    c->gap_at = cursor;
    c->records = shmring_load_relaxed(&c->page->records);
    c->gaps = shmring_load_relaxed(&c->page->gaps);
    shmring_store_release(&c->page->head, cursor);
    return SHMRING_OK;
}
