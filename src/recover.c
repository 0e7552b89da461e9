/* SPDX-License-Identifier: MIT */
#include "recover.h"

#include <inttypes.h>

#include <shmring/evict.h>

#include "detail.h"

static shmring_status impossible(const struct shmring_attachment *a, uint64_t tail, uint64_t cursor)
{
    return shmring_fail(SHMRING_E_CORRUPT,
                        "ring '%s': its positions cannot be true (tail %" PRIu64 ", cursor %" PRIu64
                        ", capacity %" PRIu64 "); look with 'shmring verify', then remove it",
                        a->name.full, tail, cursor, a->geometry.capacity);
}

/* Walks the committed words behind the shared tail. The consumer may have read some of them before
 * the producer died, so the cursor can be ahead of where the walk starts, never of its end.
 * Returns 0 when a word cannot be true. The walk ends: what lies between the cursor and the end
 * fits the capacity, and each word was zeroed before the one in front of it was released. */
static int roll_forward(shmring_producer *p, uint64_t cursor)
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
        p->tail += size;
        p->records++;
    }
}

/* Overwrite rings: walks from evict to tail and remembers where the steps begin. The bytes in
 * between are whole: a producer that dies has announced what it was writing over. Returns 0 when a
 * word cannot be true, or the walk does not end at tail. */
static int find_marks(shmring_producer *p)
{
    const struct shmring_geometry_page *g = &p->attachment->geometry;
    const uint64_t tail = p->tail, records = p->records;
    uint64_t word, n = 0;
    uint32_t i;

    for (p->tail = p->evict; p->tail != tail; n++) {
        word = shmring_load_acquire(shmring_word_at(p->data + (p->tail & p->mask)));
        if ((word & (SHMRING_WORD_COMMITTED | SHMRING_WORD_RESERVED)) != SHMRING_WORD_COMMITTED ||
            (word & SHMRING_WORD_LENGTH) > g->max_record) {
            break;
        }
        p->records = n;
        shmring_note_mark_(p);
        p->tail += shmring_record_size(g->record_header, (uint32_t)(word & SHMRING_WORD_LENGTH));
        if (tail - p->tail > p->capacity) {
            break;
        }
    }
    for (i = 0; i < SHMRING_MARKS; i++) {
        p->marks[i].records += records - n; /* they were counted from evict */
    }
    p->records = records;
    if (p->tail != tail) {
        return 0;
    }
    shmring_store_release(&p->page->evict_count, records - n + 1); /* it may have died before */
    return 1;
}

/* What may have been overwritten already. In a ring whose last producer did not say it (version
 * 0.1), what the consumer has not released is all that is sure. */
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
        return possible && find_marks(p);
    }
    if (!possible || !said || cursor - evict > p->capacity) {
        shmring_announce_(p, cursor, 0);
    }
    return 1;
}

shmring_status shmring_recover_producer(shmring_producer *p)
{
    const uint64_t capacity = p->capacity;
    uint64_t tail = shmring_load_acquire(&p->page->tail);     /* E */
    uint64_t cursor = shmring_load_acquire(&p->peer->cursor); /* E, and A */
    uint64_t counted = shmring_load_relaxed(&p->page->records);
    int records = p->framing == SHMRING_RECORDS;

    if (p->overflow == SHMRING_OVERWRITE) { /* this producer does not ask where the consumer is */
        cursor = shmring_load_relaxed(&p->page->evict);
    }
    if ((tail - cursor > capacity && (!records || cursor - tail > capacity)) ||
        (records && ((tail | cursor) & 7u) != 0)) {
        return impossible(p->attachment, tail, cursor);
    }
    p->tail = tail;
    p->records = counted;
    if (records && !roll_forward(p, cursor)) {
        return impossible(p->attachment, p->tail, cursor);
    }
    if (p->tail - cursor > capacity) {
        return impossible(p->attachment, p->tail, cursor);
    }
    p->head = cursor;
    if (!recover_evict(p, cursor)) {
        return impossible(p->attachment, p->tail, p->evict);
    }
    p->rejected = shmring_load_relaxed(&p->page->rejected);
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
