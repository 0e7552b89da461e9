/* SPDX-License-Identifier: MIT */
/* produce.h - the producer's hot path for records. Include <shmring/shmring.h>; ring.h has the
 * picture and the letters.
 *
 * All calls: one thread at a time, and no signal handler in between. Wait-free: a bounded number
 * of steps, whatever the consumer does; no system call unless the consumer sleeps, or this side has
 * a descriptor (shmring_producer_fd()) and is refused. After fork the child's calls answer
 * SHMRING_E_INVALID, or do nothing. A death at any instruction leaves a ring in which every
 * committed record is whole and nothing else is visible; the next producer goes on from there. What
 * a call's own comment does not say is as said here.
 * p: from shmring_producer_open(); NULL is not looked for here, for that would cost every record.
 */
#ifndef SHMRING_PRODUCE_H
#define SHMRING_PRODUCE_H

#include <shmring/copy.h>
#include <shmring/handle.h>
#include <shmring/room.h>

/* ---- private steps ---- */

/* Publication is done: look whether the consumer sleeps. Edge F: the sleeper stores its bell, runs
 * membarrier on us and looks again, so a plain load in program order is enough here; `fence` is set
 * where membarrier cannot be had. Partner: shmring_wait_data(). */
SHMRING_ALWAYS void shmring_ring_bell_(shmring_producer *p)
{
    shmring_light_barrier();
#ifdef SHMRING_NO_ASYMMETRIC_BARRIER
    shmring_full_barrier();
#endif
#ifdef SHMRING_NO_BELL /* not a ring to use: nobody would ever be woken */
    return;
#endif
    if (SHMRING_UNLIKELY((shmring_load_relaxed(&p->bells->consumer_bell) | p->fence) != 0)) {
        shmring_wake_consumer_(p);
    }
}

/* Makes every staged record visible at once. */
SHMRING_INLINE void shmring_publish(shmring_producer *p);

/* A send that did not fit what we knew: find out why, and make it fit if that can be. */
SHMRING_COLD shmring_status shmring_make_room_(shmring_producer *p, uint32_t len, uint64_t size)
{
    shmring_status status;

    if (p->attachment == NULL || p->status != SHMRING_OK || p->framing != 0 || p->reserved != 0) {
        return shmring_producer_refuse_(p, SHMRING_E_INVALID, len);
    }
    if (p->batch_count != 0) {
        shmring_publish(p);
    }
    if (len > p->max_record) {
        return shmring_producer_refuse_(p, SHMRING_E_TOO_BIG, len);
    }
    if (size + SHMRING_WORD_SIZE <= p->limit - p->tail) {
        return SHMRING_OK;
    }
    status = shmring_refresh_limit_(p, &p->limit, size + SHMRING_WORD_SIZE);
    if (status == SHMRING_FULL && p->polled != 0) {
        status = shmring_producer_arm_(p, size + SHMRING_WORD_SIZE);
    }
    return status == SHMRING_FULL ? shmring_refused_(p) : status;
}

/* The same for a staged record, whose batch stays open. */
SHMRING_COLD shmring_status shmring_make_stage_room_(shmring_producer *p, uint32_t len,
                                                     uint64_t size)
{
    shmring_status status;

    if (p->batch_count == 0) {
        status = shmring_make_room_(p, len, size);
        if (status == SHMRING_OK) { /* else an open reservation may still need the kept one */
            p->kept_limit = p->limit;
        }
        return status;
    }
    if (len > p->max_record) {
        return shmring_producer_refuse_(p, SHMRING_E_TOO_BIG, len);
    }
    status = shmring_refresh_limit_(p, &p->kept_limit, size + SHMRING_WORD_SIZE);
    if (status == SHMRING_FULL && p->polled != 0) {
        status = shmring_producer_arm_(p, size + SHMRING_WORD_SIZE);
    }
    return status == SHMRING_FULL ? shmring_refused_(p) : status;
}

SHMRING_ALWAYS uint64_t shmring_plain_word_(uint32_t len, uint16_t type)
{
    return (uint64_t)len | (uint64_t)type << SHMRING_WORD_TYPE_AT | SHMRING_WORD_COMMITTED;
}

/* What a record that is no plain one has: stamps it, and returns its word. */
SHMRING_NOINLINE uint64_t shmring_special_word_(shmring_producer *p, unsigned char *at,
                                                uint64_t word)
{
    if ((p->special & SHMRING_SPECIAL_STAMP) != 0) {
        shmring_store_relaxed(shmring_word_at(at + SHMRING_WORD_SIZE),
                              shmring_stamp_commit_(p->stamp));
    }
    if ((p->special & SHMRING_SPECIAL_GAP) != 0) {
        word |= SHMRING_WORD_GAP;
        p->special &= ~SHMRING_SPECIAL_GAP;
        p->refused = 0;
    }
    return word;
}

/* Copies a payload into the ring. The line that the consumer polls is written last: the first store
 * to a line asks for it, and the poll takes it away again before the word is there if the rest of a
 * long payload is written in between. Round trip of 512 B: 0.89, of 1 KiB: 0.92 of the time. The
 * order is for speed only. */
SHMRING_ALWAYS void shmring_copy_in_(unsigned char *to, const void *from, size_t n,
                                     uint32_t by_string)
{
#ifndef SHMRING_NO_FIRST_LINE_LAST
#ifndef SHMRING_NO_WIDE_COPY
    if (shmring_is_wide_(n, by_string)) {
        shmring_copy_in_wide_(to, from, n, by_string);
        return;
    }
#endif
    if (n > SHMRING_COPY_MOVES_TO) {
        shmring_copy_(to + SHMRING_FIRST_LINE, (const unsigned char *)from + SHMRING_FIRST_LINE,
                      n - SHMRING_FIRST_LINE, by_string);
        shmring_light_barrier();
        memcpy(to, from, SHMRING_FIRST_LINE);
        return;
    }
#endif
    shmring_copy_(to, from, n, by_string);
}

/* Records of this size and up to that have their successor's lines asked for in advance. */
#define SHMRING_OWN_NEXT_FROM 2048u
#define SHMRING_OWN_NEXT_TO   16384u

/* Asks for the lines that a next record of the same size will fill, so that its stores find them
 * here. Not for the first one, which the consumer polls, and only where the room is known to be
 * free. Round trip of 4 KiB: 0.87 of the time without. Short records gain nothing: their lines come
 * while the message is on its way. Nor do copies that take lines without reading them: copy.c. */
SHMRING_NOINLINE void shmring_own_next_(const shmring_producer *p, uint64_t size)
{
    const unsigned char *at = p->data + (p->tail & p->mask);
    uint64_t line;

    if (p->by_string == 0 && size <= SHMRING_OWN_NEXT_TO && size + 64 <= p->limit - p->tail) {
        for (line = 64; line < size + 64; line += 64) {
            SHMRING_PREFETCHW(at + line);
        }
    }
}

/* The commit of one record whose payload is in place. plain: p->special is known to be 0.
 * The next word is zeroed before this one is released, so that stale bytes of an earlier lap are
 * never taken for a record. Edge B-C: the release pairs with the acquire in shmring_try_recv() and
 * shmring_peek(); without it the consumer could see the word before the payload. `tail` is for
 * recovery and for people: nobody polls it, so its line stays here. */
SHMRING_ALWAYS void shmring_finish_(shmring_producer *p, unsigned char *at, uint64_t size,
                                    uint64_t word, int plain)
{
    struct shmring_producer_page *page = p->page;
    const uint64_t tail = p->tail + size, records = p->records + 1;

    if (!plain && SHMRING_UNLIKELY(p->special != 0)) {
        word = shmring_special_word_(p, at, word);
    }
    shmring_store_relaxed(shmring_word_at(at + size), 0);
    shmring_store_release(shmring_word_at(at), word); /* B, with C */
    p->tail = tail;
    shmring_store_release(&page->tail, tail); /* the 0 is there for who begins at tail */
    p->records = records;
    shmring_store_relaxed(&page->records, records);
    shmring_ring_bell_(p);
#ifndef SHMRING_NO_OWNED_NEXT
    if (SHMRING_UNLIKELY(size >= SHMRING_OWN_NEXT_FROM)) {
        shmring_own_next_(p, size);
    }
#endif
}

SHMRING_ALWAYS int shmring_fits_(const shmring_producer *p, uint64_t limit, uint32_t len,
                                 uint64_t size)
{
    return SHMRING_LIKELY(len < p->len_bound && size + SHMRING_WORD_SIZE <= limit - p->tail);
}

/* One record, copied. header: its size; plain: p->special is known to be 0. */
SHMRING_ALWAYS shmring_status shmring_send_(shmring_producer *p, const void *data, uint32_t len,
                                            uint16_t type, uint32_t header, int plain)
{
    uint64_t size = shmring_record_size(header, len);
    unsigned char *at;

    if (!shmring_fits_(p, p->limit, len, size)) {
        shmring_status status = shmring_make_room_(p, len, size);

        if (SHMRING_UNLIKELY(status != SHMRING_OK)) {
            return status;
        }
    }
    at = p->data + (p->tail & p->mask);
    shmring_copy_in_(at + header, data, len, p->by_string);
    shmring_finish_(p, at, size, shmring_plain_word_(len, type), plain);
    return SHMRING_OK;
}

/* Out of line, so that the way of plain records stays short. */
SHMRING_NOINLINE shmring_status shmring_send_special_(shmring_producer *p, const void *data,
                                                      uint32_t len, uint16_t type)
{
    return shmring_send_(p, data, len, type, p->record_header, 0);
}

/* What a producer's pauses go by: records, or lines of a byte ring, whose writes are not counted.
 */
SHMRING_ALWAYS uint64_t shmring_sent_(const shmring_producer *p)
{
    return p->framing == 0 ? p->records : p->tail / 64;
}

/* ---- public calls ---- */

/* Copies one record into the ring.
 * data: len bytes, may be NULL when len is 0. len: 0 .. max_record bytes. type: the application's.
 * Returns SHMRING_OK; SHMRING_FULL (counted as rejected, and the next record carries
 * SHMRING_FLAG_GAP, unless shmring_producer_relax() or a waiting call follows: then it was a
 * retry); SHMRING_E_TOO_BIG; SHMRING_E_INVALID (byte ring, open reservation, after fork);
 * SHMRING_E_CORRUPT; with a descriptor also SHMRING_CLOSED and SHMRING_PEER_DEAD, once, in place of
 * SHMRING_FULL. Staged records are published first, in order.
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: release B at the record's word, with C in shmring_try_recv() and shmring_peek();
 * acquire A when the known room is used up, with D in shmring_release() and its like.
 * A death here leaves the record there as a whole, or not at all. Since 0.1. */
SHMRING_INLINE shmring_status shmring_try_send(shmring_producer *p, const void *data, uint32_t len,
                                               uint16_t type)
{
    if (SHMRING_UNLIKELY(p->special != 0)) {
        return shmring_send_special_(p, data, len, type);
    }
    return shmring_send_(p, data, len, type, SHMRING_WORD_SIZE, 1);
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
    uint64_t size = shmring_record_size(p->record_header, len);

    if (!shmring_fits_(p, p->limit, len, size)) {
        shmring_status status = shmring_make_room_(p, len, size);

        if (SHMRING_UNLIKELY(status != SHMRING_OK)) {
            return status;
        }
    }
    p->reserved = size;
    p->reserved_len = len;
    p->kept_limit = p->limit;
    p->limit = p->tail;
    *ret = p->data + (p->tail & p->mask) + p->record_header;
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
        p->limit = p->kept_limit;
    } else if (p->batch_count != 0) {
        p->special |= p->batch_gap;
        p->gap_before |= p->batch_gap;
        p->tail = p->batch_at;
        p->batch_count = 0;
        p->limit = p->status == SHMRING_OK ? p->kept_limit : p->tail;
    }
}

/* Publishes the open reservation as one record.
 * len: 0 .. the reserved length; a larger one drops the reservation and leaves the sentence in
 * shmring_error_detail(). type: the application's. A commit without a reservation leaves a
 * sentence, too, and publishes what is staged, as every call that sends does. By the producer's
 * thread; wait-free; not in signal handlers; refused after fork. Memory order: release B at the
 * record's word, with C in shmring_try_recv() and shmring_peek(). A death here leaves the record
 * there as a whole, or not at all. Since 0.1. */
SHMRING_INLINE void shmring_commit(shmring_producer *p, uint32_t len, uint16_t type)
{
    if (SHMRING_UNLIKELY(p->reserved == 0 || len > p->reserved_len)) {
        if (p->reserved != 0) {
            shmring_abort(p);
        } else { /* as any commit does: a stray one must not cost what is staged */
            shmring_publish(p);
        }
        (void)shmring_producer_refuse_(p, SHMRING_E_INVALID, len);
        return;
    }
    p->reserved = 0;
    p->limit = p->kept_limit;
    shmring_finish_(p, p->data + (p->tail & p->mask), shmring_record_size(p->record_header, len),
                    shmring_plain_word_(len, type), 0);
}

/* Adds one record to the open batch, or opens one. The consumer sees nothing before
 * shmring_publish(), and then all of it.
 * data, len, type: as for shmring_try_send().
 * Returns as shmring_try_send() does; after SHMRING_FULL the records staged so far stay staged.
 * A stamped record carries the time of its staging.
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire A when the known room is used up, with D; B comes with the publication.
 * A death before that leaves nothing of the batch. Since 0.1. */
SHMRING_INLINE shmring_status shmring_stage(shmring_producer *p, const void *data, uint32_t len,
                                            uint16_t type)
{
    uint64_t size = shmring_record_size(p->record_header, len);
    unsigned char *at;
    uint64_t word;

    if (p->batch_count == 0) {
        p->kept_limit = p->reserved != 0 ? p->kept_limit : p->limit;
    }
    if (!shmring_fits_(p, p->batch_count != 0 ? p->kept_limit : p->limit, len, size)) {
        shmring_status status = shmring_make_stage_room_(p, len, size);

        if (SHMRING_UNLIKELY(status != SHMRING_OK)) {
            return status;
        }
    }
    at = p->data + (p->tail & p->mask);
    shmring_copy_(at + p->record_header, data, len, p->by_string);
    if (p->batch_count == 0) {
        p->batch_gap = 0;
    }
    word = shmring_plain_word_(len, type);
    if (SHMRING_UNLIKELY(p->special != 0)) {
        p->batch_gap |= p->special & SHMRING_SPECIAL_GAP;
        word = shmring_special_word_(p, at, word);
    }
    if (p->batch_count == 0) {
        p->batch_at = p->tail;
        p->batch_word = word;
    } else {
        shmring_store_relaxed(shmring_word_at(at), word); /* ordered by B of the first word */
    }
    p->batch_count++;
    p->tail += size;
    p->limit = p->tail;
    return SHMRING_OK;
}

/* Makes every staged record visible at once. Without staged records it does nothing.
 * By the producer's thread; wait-free; not in signal handlers; does nothing after fork.
 * Memory order: release B at the first record's word, with C in shmring_try_recv() and
 * shmring_peek(). A death here leaves all of the batch, or nothing of it. Since 0.1. */
SHMRING_INLINE void shmring_publish(shmring_producer *p)
{
    if (p->batch_count == 0) {
        return;
    }
    shmring_store_relaxed(shmring_word_at(p->data + (p->tail & p->mask)), 0);
    shmring_store_release(shmring_word_at(p->data + (p->batch_at & p->mask)),
                          p->batch_word); /* B */
    shmring_store_release(&p->page->tail, p->tail);
    p->records += p->batch_count;
    shmring_store_relaxed(&p->page->records, p->records);
    p->batch_count = 0;
    p->limit = p->kept_limit;
    shmring_ring_bell_(p);
}

/* One adaptive pause of the caller's own polling loop; call it after SHMRING_FULL and before the
 * retry. It also says that the refused record is not lost: the refusal is no longer counted, and
 * causes no GAP.
 * By the producer's thread; bounded: 128 units of about 10 ns; not in signal handlers; does nothing
 * after fork. Memory order: none. A death here leaves the ring as it was. Since 0.1. */
SHMRING_INLINE void shmring_producer_relax(shmring_producer *p)
{
    shmring_retract_(p);
    shmring_relax_(&p->relax, shmring_sent_(p), p->tail, p->capacity);
}

#endif
