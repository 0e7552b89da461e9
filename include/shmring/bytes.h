/* SPDX-License-Identifier: MIT */
/* bytes.h - byte framing: a stream without records, for samples of a size known at compile time.
 * Include <shmring/shmring.h>.
 *
 * No words: the producer fills a contiguous span and release-stores tail; the consumer
 * acquire-loads tail when its copy is used up. The whole capacity is usable.
 *
 * All calls: by their side's thread, one at a time, and not in signal handlers; wait-free; after
 * fork they are refused. A death at any instruction leaves the bytes that were published and not
 * released for the next process, in order. The rules of send.h and recv.h for a record hold for a
 * byte. Handles are not NULL.
 */
#ifndef SHMRING_BYTES_H
#define SHMRING_BYTES_H

#include <shmring/recv.h>
#include <shmring/send.h>

SHMRING_BEGIN_INLINE

/* The free bytes we know of; 0 while byte calls are closed. */
SHMRING_ALWAYS uint64_t shmring_byte_known_(const shmring_producer *p)
{
    SHMRING_ASSERT(p->limit - p->tail <= p->capacity);
    return p->fast_bytes != 0 ? p->limit - p->tail : 0;
}

/* The unread bytes we know of. In a record ring the cursor runs ahead of tail: none. */
SHMRING_ALWAYS uint64_t shmring_byte_unread_(const shmring_consumer *c)
{
    uint64_t there = c->tail - c->cursor;

    return there <= c->capacity ? there : 0;
}

/* The contiguous free bytes behind tail: all of them, or at least more than a quarter of the
 * capacity that are known to be free.
 * ret: where they are; untouched when there are none.
 * Returns how many, 0 when the ring is full, and for a record ring, after fork, and a corrupt ring
 * (shmring_error_detail() tells; shmring_wait_space() gives the status). To have more than a
 * quarter of the capacity at once, ask with shmring_write_span_for().
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire A at the consumer's position, with D in shmring_read_advance(). A death
 * leaves nothing of what was written into the span. Since 0.1. */
SHMRING_INLINE uint64_t shmring_write_span(shmring_producer *p, void **ret)
{
    uint64_t space = shmring_byte_known_(p);

    if (SHMRING_UNLIKELY(space <= p->capacity / 4)) {
        space = shmring_write_span_slow_(p, p->capacity / 4 + 1, 1);
    }
    if (space != 0) {
        *ret = p->data + (p->tail & p->mask);
    }
    return space;
}

/* The contiguous free bytes behind tail, at least n if so many are free.
 * n: 0 .. capacity bytes; more than the capacity is never free. ret: where they are; untouched when
 * there are none.
 * Returns how many: at least n, or fewer, which are then all that are free; 0 also where
 * shmring_write_span() is refused. With a descriptor, it becomes readable when n bytes are free;
 * shmring_wait_space_for() waits for them.
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire A at the consumer's position, with D in shmring_read_advance(). A death
 * leaves nothing of what was written into the span. Since 0.2. */
SHMRING_INLINE uint64_t shmring_write_span_for(shmring_producer *p, uint64_t n, void **ret)
{
    uint64_t space = shmring_byte_known_(p);

    if (SHMRING_UNLIKELY(space < n || space == 0)) {
        space = shmring_write_span_slow_(p, n, n != 0 ? n : 1);
    }
    if (space != 0) {
        *ret = p->data + (p->tail & p->mask);
    }
    return space;
}

/* Publishes the first n bytes of the span.
 * n: 0 .. what shmring_write_span() returned; more is refused and publishes nothing.
 * Returns SHMRING_OK; SHMRING_E_INVALID (more than the span, a record ring, after fork);
 * SHMRING_E_CORRUPT. Version 0.1 returned nothing.
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: release B at tail, with C in shmring_read_span() and shmring_try_read(). A death
 * leaves all n bytes published, or none. Since 0.1. */
SHMRING_INLINE shmring_status shmring_write_advance(shmring_producer *p, uint64_t n)
{
    if (SHMRING_UNLIKELY(n > shmring_byte_known_(p))) {
        return shmring_write_advance_slow_(p, n);
    }
    if (n != 0) {
        p->tail += n;
        shmring_store_release(&p->page->tail, p->tail); /* B, with C */
        shmring_ring_bell_(p);
    }
    return SHMRING_OK;
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

/* Copies up to n bytes in.
 * data: n bytes, may be NULL when n is 0. n: any number of bytes.
 * Returns how many were taken, 0 .. n; 0 also where shmring_write_span() is refused.
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire A, release B, as the span's calls. A death leaves all that it took
 * published, or none. Since 0.1. */
SHMRING_INLINE uint64_t shmring_try_write(shmring_producer *p, const void *data, uint64_t n)
{
    if (SHMRING_UNLIKELY(n > shmring_byte_known_(p))) {
        return shmring_try_write_slow_(p, data, n);
    }
    return shmring_write_all_(p, data, n); /* n as the caller wrote it: often known */
}

/* Loads tail once and checks it: OK, EMPTY while fewer than `need` bytes are there, or E_CORRUPT.
 * Edge B-C: pairs with the release in shmring_write_advance(). */
SHMRING_ALWAYS shmring_status shmring_byte_look_(shmring_consumer *c, uint64_t need)
{
    uint64_t tail;

    if (SHMRING_UNLIKELY(c->bytes == NULL)) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
    }
    tail = shmring_load_acquire(&c->peer->tail); /* C, with B */
    if (SHMRING_UNLIKELY(tail - c->cursor > c->capacity || tail - c->tail > c->capacity)) {
        return shmring_consumer_refuse_(c, SHMRING_E_CORRUPT, tail);
    }
    c->tail = tail;
    return tail - c->cursor < need ? SHMRING_EMPTY : SHMRING_OK;
}

/* Returns the readable bytes; where they are fewer than `need`, a descriptor is armed for so many.
 * An end is not reported, for no status is returned. */
SHMRING_INLINE uint64_t shmring_byte_refresh_(shmring_consumer *c, uint64_t need)
{
    shmring_status status = shmring_byte_look_(c, need);

    if (status == SHMRING_EMPTY) {
        shmring_on_empty_quietly_(c, need);
    }
    return status < 0 ? 0 : shmring_byte_unread_(c);
}

/* The contiguous readable bytes; the same until advanced over, and more.
 * ret: where they are; untouched when there are none.
 * Returns how many, 0 when the ring is empty, and for a record ring, after fork, and a corrupt ring
 * (shmring_wait_data() gives the status, and reports CLOSED and PEER_DEAD). A hostile producer can
 * change the bytes while they are read.
 * By the consumer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire C at tail, with B in shmring_write_advance() and shmring_try_write(). A
 * death leaves the bytes there. Since 0.1. */
SHMRING_INLINE uint64_t shmring_read_span(shmring_consumer *c, const void **ret)
{
    const uint64_t n = shmring_byte_refresh_(c, 1);

    if (n != 0) {
        *ret = c->bytes + (c->cursor & c->mask);
    }
    return n;
}

/* The contiguous readable bytes, at least n if so many are there. Where it knows of n already, it
 * does not load what the producer has written since.
 * n: 0 .. capacity bytes; more are never there. ret: where they are; untouched when there are none.
 * Returns how many: at least n, or fewer, which are then all; 0 also where shmring_read_span() is
 * refused. With a descriptor, it becomes readable when n bytes are there; shmring_wait_data_for()
 * waits for them.
 * By the consumer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire C at tail, with B in shmring_write_advance() and shmring_try_write(). A
 * death leaves the bytes there. Since 0.2. */
SHMRING_INLINE uint64_t shmring_read_span_for(shmring_consumer *c, uint64_t n, const void **ret)
{
    uint64_t there = shmring_byte_unread_(c);

    if (SHMRING_UNLIKELY(there < n || there == 0)) {
        there = shmring_byte_refresh_(c, n != 0 ? n : 1);
    }
    if (there != 0) {
        *ret = c->bytes + (c->cursor & c->mask);
    }
    return there;
}

/* Releases the first n bytes of the span.
 * n: 0 .. what shmring_read_span() returned; more is refused and releases nothing.
 * Returns SHMRING_OK; SHMRING_E_INVALID (more than the span, a record ring, after fork);
 * SHMRING_E_CORRUPT. Version 0.1 returned nothing.
 * By the consumer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: release D at the cursor, with A in shmring_write_span() and shmring_try_write(). A
 * death leaves all n bytes released, or none. Since 0.1. */
SHMRING_INLINE shmring_status shmring_read_advance(shmring_consumer *c, uint64_t n)
{
    if (SHMRING_UNLIKELY(n > shmring_byte_unread_(c))) {
        return shmring_read_advance_slow_(c, n);
    }
    if (n != 0) {
        shmring_advance_(c, n, 1);
    }
    return SHMRING_OK;
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

/* Copies up to n bytes out and releases them.
 * buf: n bytes, may be NULL when n is 0. n: any number of bytes.
 * Returns how many, 0 .. n; 0 also where shmring_read_span() is refused.
 * By the consumer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: acquire C, release D, as the span's calls. A death leaves what was read either
 * released or there. Since 0.1. */
SHMRING_INLINE uint64_t shmring_try_read(shmring_consumer *c, void *buf, uint64_t n)
{
    uint64_t there = shmring_byte_unread_(c);

    if (n > there) {
        there = shmring_byte_refresh_(c, 1);
        if (n > there) {
            return shmring_read_some_(c, buf, there);
        }
    }
    return shmring_read_all_(c, buf, n);
}

SHMRING_END_INLINE

#endif
