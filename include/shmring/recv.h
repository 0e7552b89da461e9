/* SPDX-License-Identifier: MIT */
/* recv.h - the consumer's hot path for records. Include <shmring/shmring.h>; ring.h has the
 * picture and the letters.
 *
 * All calls: one thread at a time, and no signal handler in between. Wait-free, no system call
 * unless the producer sleeps, or this side has a descriptor (shmring_consumer_fd()) and finds the
 * ring empty. After fork the child's calls answer SHMRING_E_INVALID, or do nothing. A death at any
 * instruction loses nothing: the next consumer starts at the first record that was not released.
 * These rules hold for every call below unless its comment says otherwise.
 * c: from shmring_consumer_open(); NULL is not looked for here, for that would cost every record.
 * Nothing outside the mapping is read, and the producer's process may write anything: each shared
 * word that decides anything is loaded once, checked, and then used.
 */
#ifndef SHMRING_RECV_H
#define SHMRING_RECV_H

#include <shmring/detail/copy.h>
#include <shmring/detail/handle.h>

SHMRING_BEGIN_INLINE

/* Records of 129 bytes up to this, header included, are fetched whole at each poll. */
#define SHMRING_FETCH_REST_TO 400u

/* ---- private steps ---- */

/* Publishes the exact cursor to where the producer polls. Release D, as in shmring_advance_(). */
SHMRING_ALWAYS void shmring_publish_head_(shmring_consumer *c)
{
    c->head = c->cursor;
    shmring_store_release(&c->page->head, c->head); /* D, with A */
}

/* Releases everything below cursor + size.
 * Edge A-D: the release pairs with the acquire in shmr_reload_head(); it orders our loads of
 * the payload before the store that gives its bytes back. A store fence would not do. The exact
 * cursor goes to a line that only we write and nobody polls. `head`, which the producer polls,
 * follows every capacity/8 bytes, when the ring is found empty, and before any wait.
 * The bell is edge F as in shmring_ring_bell_(); partner: shmring_wait_space(). */
SHMRING_ALWAYS void shmring_advance_(shmring_consumer *c, uint64_t size, uint32_t records)
{
    struct shmring_consumer_page *page = c->page;
    const uint64_t cursor = c->cursor + size, read = c->records + records;

    SHMRING_ASSERT(size <= c->capacity);
    c->cursor = cursor;
    c->records = read;
    shmring_store_release(&page->cursor, cursor); /* D, with A */
    shmring_store_relaxed(&page->records, read);
    if (SHMRING_UNLIKELY(cursor - c->head >= c->head_step)) {
        shmring_publish_head_(c);
    }
    shmring_light_barrier();
    if (SHMRING_UNLIKELY((shmring_load_relaxed(&c->bells->producer_bell) | c->fence) != 0)) {
        shmring_wake_producer_(c);
    }
}

/* Returns the size of a record of this length, by prediction. The predicted branch lets the
 * processor go on to the next record's line before this one's word has arrived. An addition would
 * make every miss wait for the one before. */
SHMRING_ALWAYS uint64_t shmring_predict_size_(shmring_consumer *c, uint32_t len)
{
    uint64_t size;

    if (SHMRING_UNLIKELY(len != c->last_len)) {
        shmring_new_size_(c, len);
    }
    size = c->last_size;
    SHMRING_OPAQUE(size); /* or the compiler adds the length after all */
    return size;
}

/* A public call found nothing. Publishes head, so that the producer knows all that is free. Where
 * the producer has closed, or there is a descriptor to arm, the library finds the answer. `state`
 * is relaxed: shmring_report_empty_() loads it again with acquire (edge E). */
SHMRING_ALWAYS shmring_status shmring_on_empty_(shmring_consumer *c)
{
    if (c->head != c->cursor) {
        shmring_publish_head_(c);
    }
    if (SHMRING_UNLIKELY(c->polled != 0 ||
                         shmring_load_relaxed(&c->peer->role.state) == SHMRING_ROLE_CLOSED)) {
        return shmring_report_empty_(c);
    }
    return SHMRING_EMPTY;
}

/* The same in calls that cannot report an end. need: the bytes that are wanted; 1 for a record. */
SHMRING_ALWAYS void shmring_on_empty_quietly_(shmring_consumer *c, uint64_t need)
{
    if (c->head != c->cursor) {
        shmring_publish_head_(c);
    }
    if (SHMRING_UNLIKELY(c->polled != 0)) {
        shmring_rearm_(c, need);
    }
}

/* Asks for the rest of a record of the predicted size together with its word, before the word is
 * known. When the poll finds the record, its lines are on their way. Otherwise they would be asked
 * for after the word's line has come. Short records have no rest. For long ones the processor hides
 * the second wait behind the copy, and a poll that comes too early would take many lines from the
 * producer while it writes them. Its gain: docs/performance.md#techniques. */
SHMRING_ALWAYS void shmring_fetch_rest_(const shmring_consumer *c, const unsigned char *at)
{
    uint32_t line;

    if (SHMRING_UNLIKELY(c->rest != 0)) {
        for (line = 64; line < c->rest; line += 64) {
            SHMRING_PREFETCH(at + line);
        }
    }
}

/* Loads the word at `position` once and checks it: OK with the record's fields in *ret, EMPTY, or
 * E_CORRUPT. Nothing else follows from a look: what a public call does on EMPTY is in
 * shmring_on_empty_(). base: the data. Edge B-C: the acquire pairs with the release in
 * shmring_commit_plain_() and shmring_publish(); without it the payload could be read before it was
 * written. */
SHMRING_ALWAYS shmring_status shmring_look_(shmring_consumer *c, const unsigned char *base,
                                            uint64_t position, shmring_record *ret)
{
    const unsigned char *at = base + (position & c->mask);
    uint64_t word;

    word = shmring_load_acquire(shmring_word_at_const(at)); /* C, with B */
    shmring_fetch_rest_(c, at);
    ret->len = (uint32_t)(word & SHMRING_WORD_LENGTH);
    if (SHMRING_UNLIKELY(word >> SHMRING_WORD_FLAGS_AT !=
                             SHMRING_WORD_COMMITTED >> SHMRING_WORD_FLAGS_AT ||
                         ret->len > c->max_record)) {
        shmring_status status;

        if (word == 0) {
            return SHMRING_EMPTY;
        }
        status = shmring_check_word_(c, position, word);
        if (status != SHMRING_OK) {
            return status;
        }
    }
    ret->type = (uint16_t)(word >> SHMRING_WORD_TYPE_AT);
    ret->flags = (uint16_t)((word & SHMRING_WORD_GAP) >> SHMRING_WORD_FLAGS_AT);
    ret->stamp = 0; /* a stamped ring's is taken in the library */
    ret->position = position;
    ret->data = at + c->record_header;
    return SHMRING_OK;
}

/* Copies the record at the cursor out and releases it, or answers EMPTY and no more. */
SHMRING_ALWAYS shmring_status shmring_take_(shmring_consumer *c, void *buf, uint32_t size,
                                            shmring_record *ret)
{
    shmring_record record;
    shmring_status status = shmring_look_(c, c->data, c->cursor, &record);

    if (status != SHMRING_OK) {
        return status;
    }
    if (SHMRING_UNLIKELY(record.len > size)) {
        if (ret != NULL) {
            record.data = NULL;
            *ret = record;
        }
        return shmring_consumer_refuse_(c, SHMRING_E_TOO_BIG, record.len);
    }
    if (!SHMRING_IS_KNOWN(size) || size > SHMRING_COPY_MOVES_TO) {
        shmring_copy_(buf, record.data, record.len, c->by_string);
    } else if (SHMRING_LIKELY(record.len == size)) {
        shmring_copy_(buf, record.data, size, c->by_string); /* of a known length */
    } else { /* out of line, so that the whole call is worth in-lining */
        shmring_copy_any_(buf, record.data, record.len, c->by_string);
    }
    if (ret != NULL) {
        record.data = buf;
        *ret = record;
    }
    shmring_advance_(c, shmring_predict_size_(c, record.len), 1);
    return SHMRING_OK;
}

/* Shows the record at the cursor, or answers EMPTY and no more. */
SHMRING_ALWAYS shmring_status shmring_show_(shmring_consumer *c, const unsigned char *base,
                                            shmring_record *ret)
{
    shmring_record record;
    shmring_status status = shmring_look_(c, base, c->cursor, &record);

    if (status != SHMRING_OK) {
        return status;
    }
    c->peeked = shmring_predict_size_(c, record.len);
    c->sizes[0] = (uint32_t)(c->peeked / 8);
    c->peeked_at = c->cursor;
    c->peeked_count = 1;
    *ret = record;
    return SHMRING_OK;
}

/* Shows up to max records, and returns how many. */
SHMRING_ALWAYS uint32_t shmring_show_many_(shmring_consumer *c, const unsigned char *base,
                                           shmring_record *ret, uint32_t max)
{
    uint64_t position = c->cursor;
    shmring_status status = SHMRING_OK;
    uint32_t n = 0;

    if (max > SHMRING_PEEK_MAX) {
        max = SHMRING_PEEK_MAX;
    }
    while (n < max && (status = shmring_look_(c, base, position, &ret[n])) == SHMRING_OK) {
        uint64_t size = shmring_predict_size_(c, ret[n].len);

        if (SHMRING_UNLIKELY(position + size - c->cursor > c->capacity)) {
            break; /* a lap of records that never ends: a hostile producer's */
        }
        c->sizes[n++] = (uint32_t)(size / 8);
        position += size;
    }
    c->peeked = position - c->cursor;
    c->peeked_at = c->cursor;
    c->peeked_count = n;
    if (n == 0 && status == SHMRING_EMPTY) {
        shmring_on_empty_quietly_(c, 1);
    }
    return n;
}

/* A try: takes the record at the cursor, or does what follows when there is none. */
SHMRING_ALWAYS shmring_status shmring_recv_now_(shmring_consumer *c, void *buf, uint32_t size,
                                                shmring_record *ret)
{
    shmring_status status;

    if (SHMRING_UNLIKELY(c->data == NULL)) {
        return shmring_try_recv_slow_(c, buf, size, ret);
    }
    status = shmring_take_(c, buf, size, ret);
    return status == SHMRING_EMPTY ? shmring_on_empty_(c) : status;
}

/* The same for a size that the compiler does not know: it decides whether that is in-lined. */
SHMRING_INLINE shmring_status shmring_recv_any_(shmring_consumer *c, void *buf, uint32_t size,
                                                shmring_record *ret)
{
    return shmring_recv_now_(c, buf, size, ret);
}

/* ---- public calls ---- */

/* Copies the next record out and releases it.
 * buf: size bytes, may be NULL when size is 0. ret: the record's fields, data pointing to buf; may
 * be NULL; untouched unless SHMRING_OK or SHMRING_E_TOO_BIG.
 * Returns SHMRING_OK; SHMRING_EMPTY; SHMRING_CLOSED (the producer closed, and everything was read);
 * SHMRING_E_TOO_BIG (larger than size: the record stays in place, ret has its length, data is
 * NULL); SHMRING_LAPPED (overwrite ring: the producer overwrote this record before it was read: see
 * shmring_consumer_lost(). Told once, without a record, then the oldest there is follows. ret is
 * untouched, buf may hold bytes of no record); SHMRING_E_INVALID (byte ring, after fork);
 * SHMRING_E_CORRUPT. With a descriptor also SHMRING_PEER_DEAD. Safe against a hostile producer: the
 * bytes in buf no longer change.
 * By the consumer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire C at the word, with B in shmring_try_send(), shmring_commit() and
 * shmring_publish(); release D at the cursor, with A there. A death here leaves the record in the
 * ring, for the next consumer, or released. Since 0.1. */
SHMRING_INLINE_HOT shmring_status shmring_try_recv(shmring_consumer *c, void *buf, uint32_t size,
                                                   shmring_record *ret)
{
    return SHMRING_IS_KNOWN(size) && size <= SHMRING_COPY_MOVES_TO
               ? shmring_recv_now_(c, buf, size, ret)
               : shmring_recv_any_(c, buf, size, ret);
}

/* Shows the next record in place; the same one until it is released.
 * ret: untouched unless SHMRING_OK; data is contiguous, 8-aligned, and valid until the release.
 * A hostile producer can still change the bytes under the reader: use shmring_try_recv() for data
 * that must be judged once.
 * Returns as shmring_try_recv() does, never E_TOO_BIG or LAPPED: overwrite rings, whose producer
 * does not wait, are SHMRING_E_UNSUPPORTED.
 * By the consumer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire C at the word, with B. A death before the release leaves the record in the
 * ring, for the next consumer. Since 0.1. */
SHMRING_INLINE shmring_status shmring_peek(shmring_consumer *c, shmring_record *ret)
{
    shmring_status status;

    if (SHMRING_UNLIKELY(c->data == NULL)) {
        return shmring_peek_slow_(c, ret);
    }
    status = shmring_show_(c, c->data, ret);
    return status == SHMRING_EMPTY ? shmring_on_empty_(c) : status;
}

/* Shows up to max of the next records in place, oldest first; none is released.
 * ret: an array of max elements; those behind the answer may hold anything. max: more than
 * SHMRING_PEEK_MAX (256) is taken as 256.
 * Returns how many; 0 when there is none, and for what shmring_peek() would answer with an error.
 * Each peek replaces the one before.
 * By the consumer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire C at each word, with B. A death leaves as after shmring_peek(). Since 0.1.
 */
SHMRING_INLINE uint32_t shmring_peek_many(shmring_consumer *c, shmring_record *ret, uint32_t max)
{
    if (SHMRING_UNLIKELY(c->data == NULL)) {
        return shmring_peek_many_slow_(c, ret, max);
    }
    return shmring_show_many_(c, c->data, ret, max);
}

/* Releases the first n records of the last peek; more than were shown releases those that were.
 * The rest must be peeked again.
 * By the consumer's thread; wait-free; not in signal handlers; does nothing after fork.
 * Memory order: release D at the cursor, with A in the producer's calls. A death here leaves all n
 * released, or none. Since 0.1. */
SHMRING_INLINE void shmring_release_many(shmring_consumer *c, uint32_t n)
{
    uint64_t size = c->peeked;
    uint32_t i;

    if (c->peeked_at != c->cursor) {
        return; /* it was released, or received, since */
    }
    if (n < c->peeked_count) {
        for (size = 0, i = 0; i < n; i++) {
            size += (uint64_t)c->sizes[i] * 8;
        }
    } else {
        n = c->peeked_count;
    }
    if (n != 0) {
        shmring_advance_(c, size, n);
    }
}

/* Releases the record of the last peek (the first, of several). Without one it does nothing.
 * By the consumer's thread; wait-free; not in signal handlers; does nothing after fork.
 * Memory order: release D at the cursor, with A in the producer's calls. A death here leaves it
 * released, or in the ring for the next consumer. Since 0.1. */
SHMRING_INLINE void shmring_release(shmring_consumer *c)
{
    if (c->peeked_at == c->cursor && c->peeked_count != 0) {
        shmring_advance_(c, (uint64_t)c->sizes[0] * 8, 1);
    }
}

/* One adaptive pause of the caller's own polling loop; call it after SHMRING_EMPTY.
 * By the consumer's thread; bounded: 128 units of about 10 ns; not in signal handlers; does nothing
 * after fork. Memory order: none. A death here leaves the ring as it was. Since 0.1. */
SHMRING_INLINE void shmring_consumer_relax(shmring_consumer *c)
{
    shmring_relax_(&c->relax, c->records, c->cursor, c->capacity);
}

SHMRING_END_INLINE

#endif
