/* SPDX-License-Identifier: MIT */
/* send.h - the producer's hot path for records. Include <shmring/shmring.h>; ring.h has the
 * picture and the letters.
 *
 * All calls: one thread at a time, and no signal handler in between. Wait-free: a bounded number
 * of steps, whatever the consumer does; no system call unless the consumer sleeps, or this side has
 * a descriptor (shmring_producer_fd()) and is refused. After fork the child's calls answer
 * SHMRING_E_INVALID, or do nothing. A death at any instruction leaves a ring in which every
 * committed record is whole and nothing else is visible; the next producer goes on from there.
 * These rules hold for every call below unless its comment says otherwise.
 * p: from shmring_producer_open(); NULL is not looked for here, for that would cost every record.
 */
#ifndef SHMRING_SEND_H
#define SHMRING_SEND_H

#include <shmring/detail/copy.h>
#include <shmring/detail/handle.h>

SHMRING_BEGIN_INLINE

/* ---- private steps ---- */

/* Publication is done: look whether the consumer sleeps. Edge F: the sleeper stores its bell, runs
 * membarrier on us and looks again, so a plain load in program order is enough here. `fence` is set
 * where membarrier cannot be had. Partner: shmring_wait_data(). */
SHMRING_ALWAYS void shmring_ring_bell_(shmring_producer *p)
{
    shmring_light_barrier();
    if (SHMRING_UNLIKELY((shmring_load_relaxed(&p->bells->consumer_bell) | p->fence) != 0)) {
        shmring_wake_consumer_(p);
    }
}

SHMRING_ALWAYS uint64_t shmring_plain_word_(uint32_t len, uint16_t type)
{
    return (uint64_t)len | (uint64_t)type << SHMRING_WORD_TYPE_AT | SHMRING_WORD_COMMITTED;
}

/* Copies a payload into the ring. Writes the line that the consumer polls last. The first store to
 * a line asks for it. If the rest of a long payload is written in between, the poll takes the line
 * away again before the word is there. The order is for speed only: docs/performance.md#techniques.
 */
SHMRING_ALWAYS void shmring_copy_in_(unsigned char *to, const void *from, size_t n,
                                     uint32_t by_string)
{
    if (shmring_is_wide_(n, by_string)) {
        shmring_copy_in_wide_(to, from, n, by_string);
        return;
    }
    if (n > SHMRING_COPY_MOVES_TO) {
        shmring_copy_(to + SHMRING_FIRST_LINE, (const unsigned char *)from + SHMRING_FIRST_LINE,
                      n - SHMRING_FIRST_LINE, by_string);
        shmring_light_barrier();
        memcpy(to, from, SHMRING_FIRST_LINE);
        return;
    }
    shmring_copy_(to, from, n, by_string);
}

/* From this size on a record has its successor's lines asked for in advance. */
#define SHMRING_OWN_NEXT_FROM 2048u

/* Commits the plain record at tail, whose payload is in place.
 * The next word is zeroed before this one is released, so that stale bytes of an earlier lap are
 * never taken for a record. Edge B-C: the release pairs with the acquire in shmring_try_recv() and
 * shmring_peek(); without it the consumer could see the word before the payload. `tail` is read by
 * recovery, observers and diagnostics; nobody polls it, so its cache line stays here. */
SHMRING_ALWAYS void shmring_commit_plain_(shmring_producer *p, unsigned char *at, uint64_t size,
                                          uint64_t word)
{
    struct shmring_producer_page *page = p->page;
    const uint64_t tail = p->tail + size, records = p->records + 1;

    shmring_store_relaxed(shmring_word_at(at + size), 0);
    shmring_store_release(shmring_word_at(at), word); /* B, with C */
    p->tail = tail;
    shmring_store_release(&page->tail, tail); /* an observer that starts here finds the 0 */
    p->records = records;
    shmring_store_relaxed(&page->records, records);
    shmring_ring_bell_(p);
    if (SHMRING_UNLIKELY(size >= SHMRING_OWN_NEXT_FROM)) {
        shmring_prefetch_next_(p, size);
    }
}

/* Does a record of len bytes go the fast way behind tail? end: the gate. A limit is never behind
 * tail, nor further from it than the capacity; builds with SHMRING_CHECKED assert it. */
SHMRING_ALWAYS int shmring_fits_(const shmring_producer *p, uint64_t end, uint32_t len,
                                 uint64_t size)
{
    SHMRING_ASSERT(p->limit - p->tail <= p->capacity);
    return SHMRING_LIKELY(len < end && size + SHMRING_WORD_SIZE <= p->limit - p->tail);
}

/* A producer's progress, for its pauses: records, or lines of a byte ring, whose writes are not
 * counted.
 */
SHMRING_ALWAYS uint64_t shmring_sent_(const shmring_producer *p)
{
    return p->framing == SHMRING_RECORDS ? p->records : p->tail / 64;
}

/* One plain record, copied: fits, copy, commit, notify. */
SHMRING_ALWAYS shmring_status shmring_send_plain_(shmring_producer *p, const void *data,
                                                  uint32_t len, uint16_t type)
{
    const uint64_t size = shmring_record_size(SHMRING_WORD_SIZE, len);
    unsigned char *at;

    if (!shmring_fits_(p, p->fast_len_end, len, size)) {
        return shmring_try_send_slow_(p, data, len, type);
    }
    at = p->data + (p->tail & p->mask);
    shmring_copy_in_(at + SHMRING_WORD_SIZE, data, len, p->by_string);
    shmring_commit_plain_(p, at, size, shmring_plain_word_(len, type));
    return SHMRING_OK;
}

/* The same for a length that the compiler does not know: it decides whether that is in-lined. */
SHMRING_INLINE shmring_status shmring_send_any_(shmring_producer *p, const void *data, uint32_t len,
                                                uint16_t type)
{
    return shmring_send_plain_(p, data, len, type);
}

/* ---- public calls ---- */

/* Copies one record into the ring.
 * data: len bytes, may be NULL when len is 0. len: 0 .. max_record bytes. type: the application's.
 * Returns SHMRING_OK; SHMRING_FULL (counted as rejected, and the next record carries
 * SHMRING_FLAG_GAP, unless shmring_producer_retry(), shmring_producer_relax() or a waiting call
 * follows: then it was a retry); SHMRING_E_TOO_BIG; SHMRING_E_INVALID (byte ring, open reservation,
 * after fork); SHMRING_E_CORRUPT; with a descriptor also SHMRING_CLOSED and SHMRING_PEER_DEAD,
 * once, in place of SHMRING_FULL. Staged records are published first, in order. By the producer's
 * thread; wait-free; not in signal handlers; refused after fork. Memory order: release B at the
 * record's word, with C in shmring_try_recv() and shmring_peek(); acquire A when the known room is
 * used up, with D in shmring_release() and its like. A death here leaves the record there as a
 * whole, or not at all. Since 0.1. */
SHMRING_INLINE_HOT shmring_status shmring_try_send(shmring_producer *p, const void *data,
                                                   uint32_t len, uint16_t type)
{
    return SHMRING_IS_KNOWN(len) && len <= SHMRING_COPY_MOVES_TO
               ? shmring_send_plain_(p, data, len, type)
               : shmring_send_any_(p, data, len, type);
}

/* Opens a reservation: len bytes inside the ring, contiguous, 8-aligned, for the caller to fill.
 * len: 0 .. max_record bytes. ret: where to write; untouched unless SHMRING_OK. Staged records are
 * published first.
 * Returns as shmring_try_send() does. One reservation at a time: until shmring_commit() or
 * shmring_abort() ends it, every other call that sends or waits for space is SHMRING_E_INVALID.
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire A when the known room is used up, with D; what is written here becomes
 * visible by B of the commit. A death before the commit leaves nothing of the record. Since 0.1. */
SHMRING_INLINE shmring_status shmring_reserve(shmring_producer *p, uint32_t len, void **ret)
{
    const uint64_t size = shmring_record_size(SHMRING_WORD_SIZE, len);

    if (!shmring_fits_(p, p->fast_len_end, len, size)) {
        return shmring_reserve_slow_(p, len, ret);
    }
    p->reserved = size;
    p->reserved_len = len;
    p->fast_len_end = 0;
    *ret = p->data + (p->tail & p->mask) + SHMRING_WORD_SIZE;
    return SHMRING_OK;
}

/* Drops the open reservation or, when there is none, every staged record. Without either it does
 * nothing.
 * By the producer's thread; wait-free; not in signal handlers; does nothing after fork.
 * Memory order: none, for nothing was visible; a death here leaves the same. Since 0.1. */
SHMRING_INLINE void shmring_abort(shmring_producer *p)
{
    if (p->reserved != 0) {
        p->reserved = 0;
        p->fast_len_end = p->plain_len_end;
    } else if (p->batch_count != 0) {
        shmring_abort_slow_(p);
    }
}

/* Publishes the open reservation as one record.
 * len: 0 .. the reserved length; a larger one drops the reservation and leaves the sentence in
 * shmring_error_detail(). type: the application's. A commit without a reservation publishes what is
 * staged, as every call that sends does, and is refused.
 * Returns SHMRING_OK; SHMRING_E_INVALID (no reservation, or a shorter one, or after fork);
 * SHMRING_E_CORRUPT. Version 0.1 returned nothing.
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: release B at the record's word, with C in shmring_try_recv() and shmring_peek().
 * A death here leaves the record there as a whole, or not at all. Since 0.1. */
SHMRING_INLINE shmring_status shmring_commit(shmring_producer *p, uint32_t len, uint16_t type)
{
    uint64_t size;

    if (SHMRING_UNLIKELY(p->reserved == 0 || len > p->reserved_len)) {
        return shmring_commit_slow_(p, len);
    }
    p->reserved = 0;
    p->fast_len_end = p->plain_len_end;
    size = shmring_record_size(p->record_header, len);
    if (SHMRING_UNLIKELY(p->plain_len_end == 0)) {
        return shmring_commit_special_(p, size, shmring_plain_word_(len, type));
    }
    shmring_commit_plain_(p, p->data + (p->tail & p->mask), size, shmring_plain_word_(len, type));
    return SHMRING_OK;
}

/* Adds one record to the open batch, or opens one. The consumer sees nothing before
 * shmring_publish(), and then all of it.
 * data, len, type: as for shmring_try_send().
 * Returns as shmring_try_send() does; after SHMRING_FULL the records staged so far stay staged. A
 * caller that publishes them and stages the refused record again calls shmring_producer_retry() in
 * between. A stamped record carries the time of its staging. By the producer's thread; wait-free;
 * not in signal handlers; refused after fork. Memory order: acquire A when the known room is used
 * up, with D; B comes with the publication. A death before that leaves nothing of the batch. Since
 * 0.1. */
SHMRING_INLINE shmring_status shmring_stage(shmring_producer *p, const void *data, uint32_t len,
                                            uint16_t type)
{
    const uint64_t size = shmring_record_size(SHMRING_WORD_SIZE, len);
    unsigned char *at;

    if (!shmring_fits_(p, p->stage_len_end, len, size)) {
        return shmring_stage_slow_(p, data, len, type);
    }
    at = p->data + (p->tail & p->mask);
    shmring_copy_(at + SHMRING_WORD_SIZE, data, len, p->by_string);
    shmring_store_relaxed(shmring_word_at(at), shmring_plain_word_(len, type)); /* B comes later */
    p->batch_count++;
    p->tail += size;
    return SHMRING_OK;
}

/* Makes every staged record visible at once. Without staged records it does nothing.
 * Returns SHMRING_OK; SHMRING_E_CORRUPT: what was staged is dropped; SHMRING_E_INVALID (after
 * fork). Version 0.1 returned nothing.
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: release B at the first record's word, with C in shmring_try_recv() and
 * shmring_peek(). A death here leaves all of the batch, or nothing of it. Since 0.1. */
SHMRING_INLINE shmring_status shmring_publish(shmring_producer *p)
{
    if (SHMRING_UNLIKELY(p->stage_len_end == 0 || p->reported != p->batch_reported)) {
        return shmring_publish_slow_(p);
    }
    shmring_store_relaxed(shmring_word_at(p->data + (p->tail & p->mask)), 0);
    shmring_store_release(shmring_word_at(p->data + (p->batch_at & p->mask)),
                          p->batch_word); /* B */
    shmring_store_release(&p->page->tail, p->tail);
    p->records += p->batch_count;
    shmring_store_relaxed(&p->page->records, p->records);
    p->batch_count = 0;
    p->stage_len_end = 0;
    p->fast_len_end = p->plain_len_end;
    shmring_ring_bell_(p);
    return SHMRING_OK;
}

/* Says that the next call tries the refused record again: the refusal is no longer counted, and
 * causes no GAP. Call it after SHMRING_FULL and before the retry. Without a refusal since the last
 * record that was taken it does nothing.
 * By the producer's thread; wait-free; not in signal handlers; does nothing after fork.
 * Memory order: none. A death before the retry leaves the record neither sent nor counted.
 * Since 0.2. */
SHMRING_INLINE void shmring_producer_retry(shmring_producer *p)
{
    if (p->last_full != 0) {
        p->last_full = 0;
        p->rejected--;
        shmring_store_relaxed(&p->page->rejected, p->rejected);
        shmring_set_gates_(p);
    }
}

/* One adaptive pause of the caller's own polling loop; call it after SHMRING_FULL and before the
 * retry, which it announces as shmring_producer_retry() does.
 * By the producer's thread; bounded: 128 units of about 10 ns; not in signal handlers; does nothing
 * after fork. Memory order: none. A death here leaves the ring as it was. Since 0.1. */
SHMRING_INLINE void shmring_producer_relax(shmring_producer *p)
{
    shmring_producer_retry(p);
    shmring_relax_(&p->relax, shmring_sent_(p), p->tail, p->capacity);
}

SHMRING_END_INLINE

#endif
