/* SPDX-License-Identifier: MIT */
/* producer.c - the slow half of each call that sends. It is taken when the known space is used up,
 * and for everything that closes a gate (shmring_set_gates_()). That is a GAP that is due, a
 * stamped ring, an open batch or reservation, a corrupt ring, byte framing, a handle from before a
 * fork. */
#include <shmring/shmring.h>

#include "ring/space.h"
#include "ring/clock.h"
#include "wait/waiting.h"

/* Longer records have no lines asked for in advance. */
#define PREFETCH_NEXT_MAX 16384u

/* Makes `need` bytes fit behind tail, or answers FULL, counted, or how the wait would end. */
static shmring_status make_space(shmring_producer *p, uint64_t need)
{
    shmring_status status;

    if (need <= p->limit - p->tail) {
        return SHMRING_OK;
    }
    status = shmr_raise_limit(p, need);
    if (status == SHMRING_FULL && p->polled != 0) {
        status = shmr_producer_arm(p, need, 0);
    }
    return status == SHMRING_FULL ? shmr_count_full(p) : status;
}

/* Validates a call that sends a record of its own, publishes the open batch, and makes space. */
static shmring_status prepare(shmring_producer *p, uint32_t len, uint64_t size)
{
    if (p->attachment == NULL || p->status != SHMRING_OK || p->framing != 0 || p->reserved != 0) {
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, len);
    }
    (void)shmring_publish(p);
    if (len > p->max_record) {
        return shmring_producer_refuse_(p, SHMRING_E_TOO_BIG, len);
    }
    return make_space(p, size + SHMRING_WORD_SIZE);
}

/* Stores the stamp of the record at `at`, and returns its word with GAP if one is due. */
static uint64_t finish_word(shmring_producer *p, unsigned char *at, uint64_t word)
{
    if (p->stamp != 0) {
        shmring_store_relaxed(shmring_word_at(at + SHMRING_WORD_SIZE),
                              shmring_stamp_commit_(p->stamp));
    }
    if (p->rejected != p->reported) {
        word |= SHMRING_WORD_GAP;
        p->reported = p->rejected;
        p->last_full = 0;
    }
    return word;
}

/* Commits `count` records: the first, at `at`, gets its word last; tail is behind the last already.
 * before: `reported` without them. The next producer notices a death between the word and the store
 * of `reported`: it finds a GAP behind the shared tail and takes `reporting`. So that is stored
 * before the word, and `reported` before the tail. */
static void commit(shmring_producer *p, uint64_t at, uint64_t word, uint32_t count, uint64_t before)
{
    struct shmring_producer_page *page = p->page;
    const int reports = p->reported != before;

    if (reports) {
        shmring_store_relaxed(&page->reporting, p->reported);
    }
    shmring_store_relaxed(shmring_word_at(p->data + (p->tail & p->mask)), 0);
    shmring_store_release(shmring_word_at(p->data + (at & p->mask)), word); /* B, with C */
    if (reports) {
        shmring_store_release(&page->reported, p->reported);
    }
    shmring_store_release(&page->tail, p->tail);
    p->records += count;
    shmring_store_relaxed(&page->records, p->records);
    p->batch_count = 0;
    shmring_set_gates_(p);
    shmring_ring_bell_(p);
}

shmring_status shmring_commit_special_(shmring_producer *p, uint64_t size, uint64_t word)
{
    const uint64_t at = p->tail, before = p->reported;

    if (p->status != SHMRING_OK) {
        return shmring_producer_refuse_(p, SHMRING_E_CORRUPT, at);
    }
    word = finish_word(p, p->data + (at & p->mask), word);
    p->tail += size;
    commit(p, at, word, 1, before);
    return SHMRING_OK;
}

shmring_status shmring_try_send_slow_(shmring_producer *p, const void *data, uint32_t len,
                                      uint16_t type)
{
    const uint64_t size = shmring_record_size(p->record_header, len);
    shmring_status status = prepare(p, len, size);

    unsigned char *at;

    if (status != SHMRING_OK) {
        return status;
    }
    at = p->data + (p->tail & p->mask);
    shmring_copy_in_(at + p->record_header, data, len, p->by_string);
    if (p->plain_len_end == 0) {
        return shmring_commit_special_(p, size, shmring_plain_word_(len, type));
    }
    shmring_commit_plain_(p, at, size, shmring_plain_word_(len, type));
    return SHMRING_OK;
}

shmring_status shmring_reserve_slow_(shmring_producer *p, uint32_t len, void **ret)
{
    const uint64_t size = shmring_record_size(p->record_header, len);
    shmring_status status = prepare(p, len, size);

    if (status == SHMRING_OK) {
        p->reserved = size;
        p->reserved_len = len;
        shmring_set_gates_(p);
        *ret = p->data + (p->tail & p->mask) + p->record_header;
    }
    return status;
}

shmring_status shmring_commit_slow_(shmring_producer *p, uint32_t len)
{
    if (p->reserved != 0) {
        shmring_abort(p);
    } else { /* as any commit does: a stray one must not cost what is staged */
        (void)shmring_publish(p);
    }
    return shmring_producer_refuse_(p, SHMRING_E_INVALID, len);
}

/* Asks for the lines that a next record of the same size will fill, so that its stores find them
 * here. Not for the first one, which the consumer polls, and only where the room is known to be
 * free. Its gain: docs/performance.md#techniques. Short records gain nothing: their lines come
 * while the message is on its way. Nor do copies that take lines without reading them: copy.c.
 */
void shmring_prefetch_next_(const shmring_producer *p, uint64_t size)
{
    const unsigned char *at = p->data + (p->tail & p->mask);
    uint64_t line;

    if (p->by_string == 0 && size <= PREFETCH_NEXT_MAX && size + 64 <= p->limit - p->tail) {
        for (line = 64; line < size + 64; line += 64) {
            SHMRING_PREFETCHW(at + line);
        }
    }
}

/* ---- batches ---- */

shmring_status shmring_stage_slow_(shmring_producer *p, const void *data, uint32_t len,
                                   uint16_t type)
{
    const uint64_t size = shmring_record_size(p->record_header, len);
    unsigned char *at;
    uint64_t word;
    shmring_status status;

    if (p->batch_count == 0) {
        status = prepare(p, len, size);
    } else if (p->status != SHMRING_OK) {
        status = shmring_producer_refuse_(p, SHMRING_E_CORRUPT, len);
    } else if (len > p->max_record) {
        status = shmring_producer_refuse_(p, SHMRING_E_TOO_BIG, len);
    } else {
        status = make_space(p, size + SHMRING_WORD_SIZE);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    if (p->batch_count == 0) {
        p->batch_at = p->tail;
        p->batch_reported = p->reported;
    }
    at = p->data + (p->tail & p->mask);
    shmring_copy_(at + p->record_header, data, len, p->by_string);
    word = finish_word(p, at, shmring_plain_word_(len, type));
    if (p->batch_count == 0) {
        p->batch_word = word;
    } else {
        shmring_store_relaxed(shmring_word_at(at), word); /* ordered by B of the first word */
    }
    p->batch_count++;
    p->tail += size;
    shmring_set_gates_(p);
    return SHMRING_OK;
}

shmring_status shmring_publish_slow_(shmring_producer *p)
{
    if (p->attachment == NULL || p->status != SHMRING_OK) {
        shmring_abort_slow_(p);
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, 0);
    }
    if (p->batch_count != 0) {
        commit(p, p->batch_at, p->batch_word, p->batch_count, p->batch_reported);
    }
    return SHMRING_OK;
}

void shmring_abort_slow_(shmring_producer *p)
{
    if (p->batch_count != 0) {
        p->tail = p->batch_at;
        p->batch_count = 0;
        p->reported = p->batch_reported;
        shmring_set_gates_(p);
    }
}

/* ---- bytes ---- */

/* Whether there is a byte ring to write to; else 0, with the sentence set. */
static int is_byte_writable(shmring_producer *p, uint64_t n)
{
    if (p->attachment == NULL || p->status != SHMRING_OK || p->framing == 0) {
        (void)shmring_producer_refuse_(p, SHMRING_E_INVALID, n);
        return 0;
    }
    return 1;
}

/* Edge G: the span is the caller's from here on, so all that the consumer has released is announced
 * as overwritten. */
uint64_t shmring_write_span_slow_(shmring_producer *p, uint64_t n, uint64_t wanted)
{
    if (!is_byte_writable(p, wanted) || shmr_reload_head(p, n) < 0) {
        return 0;
    }
    shmr_evict_publish(p, p->head, 0);
    p->limit = p->head + p->capacity;
    if (p->limit - p->tail < wanted && p->polled != 0) {
        (void)shmr_producer_arm(p, wanted <= p->capacity ? wanted : p->capacity, 1);
    }
    return p->limit - p->tail;
}

shmring_status shmring_write_advance_slow_(shmring_producer *p, uint64_t n)
{
    return shmring_producer_refuse_(p, SHMRING_E_INVALID, n);
}

/* A descriptor is readable again when what was refused fits, or an eighth of the capacity. */
uint64_t shmring_try_write_slow_(shmring_producer *p, const void *data, uint64_t n)
{
    uint64_t take, refused;

    if (!is_byte_writable(p, n) || shmr_raise_limit(p, n) < 0) {
        return 0;
    }
    take = p->limit - p->tail < n ? p->limit - p->tail : n;
    refused = n - take;
    (void)shmring_write_all_(p, data, take);
    if (refused != 0 && p->polled != 0 && p->status == SHMRING_OK) {
        (void)shmr_producer_arm(p, refused < p->capacity / 8 ? refused : p->capacity / 8, 1);
    }
    return take;
}
