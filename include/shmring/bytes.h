/* SPDX-License-Identifier: MIT */
/* bytes.h - byte framing: a stream without records, for samples of a size known at compile time.
 * Include <shmring/shmring.h>.
 *
 * No words: the producer fills a contiguous span and release-stores tail; the consumer
 * acquire-loads tail when its copy is used up. The whole capacity is usable.
 *
 * All calls: by their side's thread, one at a time, and not in signal handlers; wait-free; after
 * fork they are refused. A death at any instruction leaves the bytes that were published, and not
 * released, for who comes next, in order: a byte takes the place of a record in what produce.h and
 * consume.h say. Handles are not NULL.
 */
#ifndef SHMRING_BYTES_H
#define SHMRING_BYTES_H

#include <shmring/consume.h>
#include <shmring/produce.h>

/* Whether there is a byte ring to write to; else 0, with the sentence set. */
SHMRING_INLINE int shmring_byte_writable_(shmring_producer *p, uint64_t need)
{
    if (p->attachment == NULL || p->status != SHMRING_OK || p->framing == 0) {
        (void)shmring_producer_refuse_(p, SHMRING_E_INVALID, need);
        return 0;
    }
    return 1;
}

/* Finds room for `need` bytes, or as much as there is; 0 with the sentence set on a wrong call. */
SHMRING_COLD uint64_t shmring_byte_room_(shmring_producer *p, uint64_t need)
{
    if (!shmring_byte_writable_(p, need) || shmring_refresh_limit_(p, &p->byte_limit, need) < 0) {
        return 0;
    }
    return p->byte_limit - p->tail;
}

/* All the room there is. Edge G: the span is the caller's from here on, so all that the consumer
 * has released is announced as overwritten. */
SHMRING_COLD uint64_t shmring_byte_span_(shmring_producer *p, uint64_t known)
{
    if (!shmring_byte_writable_(p, known) || shmring_ask_consumer_(p, known != 0 ? known : 1) < 0) {
        return 0;
    }
    shmring_announce_(p, p->head, 0);
    p->byte_limit = p->head + p->capacity;
    if (p->byte_limit == p->tail && p->polled != 0) {
        (void)shmring_producer_arm_(p, 1);
    }
    return p->byte_limit - p->tail;
}

/* The free bytes we know of. In a record ring tail runs ahead of byte_limit: none. */
SHMRING_ALWAYS uint64_t shmring_byte_known_(const shmring_producer *p)
{
    uint64_t room = p->byte_limit - p->tail;

    return room <= p->capacity ? room : 0;
}

/* The unread bytes we know of. In a record ring the cursor runs ahead of tail: none. */
SHMRING_ALWAYS uint64_t shmring_byte_unread_(const shmring_consumer *c)
{
    uint64_t there = c->tail - c->cursor;

    return there <= c->capacity ? there : 0;
}

/* The contiguous free bytes behind tail.
 * ret: where they are; untouched when there are none.
 * Returns how many, 0 when the ring is full, and for a record ring, after fork, and a corrupt ring
 * (shmring_error_detail() tells; shmring_wait_space() gives the status).
 * By the producer's thread; wait-free. Memory order: acquire A at the consumer's position, with D
 * in shmring_read_advance(). A death leaves nothing of what was written into the span. Since 0.1.
 */
SHMRING_INLINE uint64_t shmring_write_span(shmring_producer *p, void **ret)
{
    uint64_t room = shmring_byte_known_(p);

    if (SHMRING_UNLIKELY(room <= p->capacity / 4)) {
        room = shmring_byte_span_(p, room);
    }
    if (room != 0) {
        *ret = p->data + (p->tail & p->mask);
    }
    return room;
}

/* Publishes the first n bytes of the span.
 * n: 0 .. what shmring_write_span() returned; more is refused, with the sentence in
 * shmring_error_detail(), and publishes nothing.
 * By the producer's thread; wait-free. Memory order: release B at tail, with C in
 * shmring_read_span() and shmring_try_read(). A death leaves all n bytes published, or none.
 * Since 0.1. */
SHMRING_INLINE void shmring_write_advance(shmring_producer *p, uint64_t n)
{
    if (SHMRING_UNLIKELY(n > shmring_byte_known_(p))) {
        (void)shmring_producer_refuse_(p, SHMRING_E_INVALID, n);
        return;
    }
    if (n != 0) {
        p->tail += n;
        shmring_store_release(&p->page->tail, p->tail); /* B, with C */
        shmring_ring_bell_(p);
    }
}

/* Copies n bytes that fit, and publishes them. */
SHMRING_ALWAYS uint64_t shmring_write_all_(shmring_producer *p, const void *data, uint64_t n)
{
    if (n != 0) {
        shmring_copy_(p->data + (p->tail & p->mask), data, (size_t)n, p->by_string);
        p->tail += n;
        shmring_store_release(&p->page->tail, p->tail); /* B, with C */
        shmring_ring_bell_(p);
    }
    return n;
}

/* Copies the n bytes that fit; `refused` more did not. A descriptor is readable again when they
 * fit, or an eighth of the capacity. */
SHMRING_NOINLINE uint64_t shmring_write_some_(shmring_producer *p, const void *data, uint64_t n,
                                              uint64_t refused)
{
    (void)shmring_write_all_(p, data, n);
    if (p->polled != 0 && p->framing != 0 && p->status == SHMRING_OK) {
        (void)shmring_producer_arm_(p, refused < p->capacity / 8 ? refused : p->capacity / 8);
    }
    return n;
}

/* Copies up to n bytes in.
 * data: n bytes, may be NULL when n is 0.
 * Returns how many were taken, 0 .. n; 0 also where shmring_write_span() is refused.
 * By the producer's thread; wait-free. Memory order: acquire A, release B, as the span's calls. A
 * death leaves all that it took published, or none. Since 0.1. */
SHMRING_INLINE uint64_t shmring_try_write(shmring_producer *p, const void *data, uint64_t n)
{
    uint64_t room = shmring_byte_known_(p);

    if (SHMRING_UNLIKELY(n > room)) {
        room = shmring_byte_room_(p, n);
        if (n > room) {
            return shmring_write_some_(p, data, room, n - room);
        }
    }
    return shmring_write_all_(p, data, n); /* n as the caller wrote it: often known */
}

/* Loads tail once and judges it. Edge B-C: pairs with the release in shmring_write_advance().
 * Returns the readable bytes. */
SHMRING_INLINE uint64_t shmring_byte_look_(shmring_consumer *c)
{
    uint64_t tail;

    if (SHMRING_UNLIKELY(c->bytes == NULL)) {
        (void)shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
        return 0;
    }
    tail = shmring_load_acquire(&c->peer->tail); /* C, with B */
    if (SHMRING_UNLIKELY(tail - c->cursor > c->capacity || tail - c->tail > c->capacity)) {
        (void)shmring_consumer_refuse_(c, SHMRING_E_CORRUPT, tail);
        return 0;
    }
    c->tail = tail;
    if (tail == c->cursor) {
        (void)shmring_empty_(c, &c->peer->tail, tail);
    }
    return tail - c->cursor;
}

/* The contiguous readable bytes; the same until advanced over, and more.
 * ret: where they are; untouched when there are none. Returns how many, 0 when the ring is empty,
 * and for a record ring, after fork, and a corrupt ring (shmring_wait_data() gives the status, and
 * tells CLOSED and PEER_DEAD). A hostile producer can change the bytes while they are looked at.
 * By the consumer's thread; wait-free. Memory order: acquire C at tail, with B in
 * shmring_write_advance() and shmring_try_write(). A death leaves the bytes there. Since 0.1. */
SHMRING_INLINE uint64_t shmring_read_span(shmring_consumer *c, const void **ret)
{
    uint64_t n = shmring_byte_unread_(c);

    if (n == 0) {
        n = shmring_byte_look_(c);
    }
    if (n != 0) {
        *ret = c->bytes + (c->cursor & c->mask);
    }
    return n;
}

/* Releases the first n bytes of the span.
 * n: 0 .. what shmring_read_span() returned; more is refused, with the sentence in
 * shmring_error_detail(), and releases nothing.
 * By the consumer's thread; wait-free. Memory order: release D at the cursor, with A in
 * shmring_write_span() and shmring_try_write(). A death leaves all n bytes released, or none.
 * Since 0.1. */
SHMRING_INLINE void shmring_read_advance(shmring_consumer *c, uint64_t n)
{
    if (SHMRING_UNLIKELY(n > shmring_byte_unread_(c))) {
        (void)shmring_consumer_refuse_(c, SHMRING_E_INVALID, n);
        return;
    }
    if (n != 0) {
        shmring_advance_(c, n, 1);
    }
}

/* Copies n bytes that are there, and releases them. */
SHMRING_ALWAYS uint64_t shmring_read_all_(shmring_consumer *c, void *buf, uint64_t n)
{
    if (n != 0) {
        shmring_copy_(buf, c->bytes + (c->cursor & c->mask), (size_t)n, c->by_string);
        shmring_advance_(c, n, 1);
    }
    return n;
}

SHMRING_NOINLINE uint64_t shmring_read_some_(shmring_consumer *c, void *buf, uint64_t n)
{
    return shmring_read_all_(c, buf, n);
}

/* Copies up to n bytes out and releases them.
 * buf: n bytes, may be NULL when n is 0.
 * Returns how many, 0 .. n; 0 also where shmring_read_span() is refused.
 * By the consumer's thread; wait-free. Memory order: acquire C, release D, as the span's calls. A
 * death leaves what was read either released or there. Since 0.1. */
SHMRING_INLINE uint64_t shmring_try_read(shmring_consumer *c, void *buf, uint64_t n)
{
    uint64_t there = shmring_byte_unread_(c);

    if (n > there) {
        there = shmring_byte_look_(c);
        if (n > there) {
            return shmring_read_some_(c, buf, there);
        }
    }
    return shmring_read_all_(c, buf, n);
}

#endif
