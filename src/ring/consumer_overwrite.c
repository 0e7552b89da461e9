/* SPDX-License-Identifier: MIT */
/* consumer_overwrite.c - the consumer of an overwrite ring: copy, then ask whether it was whole. */
#include <shmring/shmring.h>

#include "ring/consumer.h"
#include "ring/racy_copy.h"
#include "ring/clock.h"

/* The producer lapped us: the record at the cursor is gone. Go on at the oldest record there is. */
static shmring_status lapped(shmring_consumer *c, uint64_t evict)
{
    if ((evict & 7u) != 0) {
        return shmring_consumer_refuse_(c, SHMRING_E_CORRUPT, evict);
    }
    c->lost = evict - c->cursor;
    c->lapped++;
    c->lapped_bytes += c->lost;
    c->cursor = c->head = c->gap_at = evict;
    shmring_store_release(&c->page->cursor, evict);
    shmring_store_release(&c->page->head, evict);
    shmring_store_relaxed(&c->page->lapped, c->lapped);
    shmring_store_relaxed(&c->page->lapped_bytes, c->lapped_bytes);
    return SHMRING_LAPPED;
}

/* Loads the record at the cursor into *ret, its payload into buf if it fits size, and judges the
 * copy. Edges C (with B, at the word) and G (after the copy). Nothing is decided from a word, not
 * even that there is none, before evict was asked: it may be a later lap's payload. */
static shmring_status copy_record(shmring_consumer *c, void *buf, uint32_t size,
                                  shmring_record *ret, uint64_t *ret_evict)
{
    const unsigned char *at = c->shared + (c->cursor & c->mask);
    const uint64_t word = shmring_load_acquire(shmring_word_at_const(at)); /* C, with B */
    const int sound = shmring_word_is_sound(word, c->max_record);

    ret->len = (uint32_t)(word & SHMRING_WORD_LENGTH);
    ret->type = (uint16_t)(word >> SHMRING_WORD_TYPE_AT);
    ret->flags = (uint16_t)(word >> SHMRING_WORD_FLAGS_AT & SHMRING_FLAG_GAP);
    ret->stamp = 0;
    ret->position = c->cursor;
    ret->data = NULL;
    if (sound && c->stamp != 0) {
        ret->stamp = shmring_load_relaxed(shmring_word_at_const(at + SHMRING_WORD_SIZE));
    }
    if (sound && ret->len <= size) {
        shmring_copy_racing(buf, at + c->record_header, ret->len);
        ret->data = buf;
    }
    if (shmring_is_evicted(c->peer, c->cursor, ret_evict)) {
        return SHMRING_LAPPED;
    }
    if (word == 0) {
        return SHMRING_EMPTY;
    }
    return sound ? SHMRING_OK : shmring_consumer_refuse_(c, SHMRING_E_CORRUPT, word);
}

shmring_status shmr_receive_overwrite(shmring_consumer *c, void *buf, uint32_t size,
                                      shmring_record *ret)
{
    shmring_record record;
    shmring_status status;
    uint64_t evict;

    status = copy_record(c, buf, size, &record, &evict);
    if (status == SHMRING_LAPPED) {
        return lapped(c, evict);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    if (c->stamp != 0) {
        shmring_take_stamps(c, &record, 1);
    }
    if (ret != NULL) {
        *ret = record;
    }
    if (record.len > size) {
        return shmring_consumer_refuse_(c, SHMRING_E_TOO_BIG, record.len);
    }
    if (record.flags != 0) {
        shmr_count_gap(c, record.position);
    }
    shmring_advance_(c, shmring_record_size(c->record_header, record.len), 1);
    return SHMRING_OK;
}

shmring_status shmr_look_overwrite(shmring_consumer *c)
{
    shmring_record record;
    shmring_status status;
    uint64_t evict;

    status = copy_record(c, NULL, 0, &record, &evict);
    return status == SHMRING_LAPPED ? SHMRING_OK : status; /* the receiving call tells */
}

uint64_t shmring_consumer_lost(const shmring_consumer *c)
{
    return c != NULL ? c->lost : 0;
}
