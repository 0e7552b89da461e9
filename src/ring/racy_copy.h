/* SPDX-License-Identifier: MIT */
/* racy_copy.h - copying what may change meanwhile: the reader's half of edge G (evict.c). */
#ifndef SHMRING_SRC_RING_RACY_COPY_H
#define SHMRING_SRC_RING_RACY_COPY_H

#include <string.h>

#include <shmring/detail/layout.h>

/* Copies n bytes that the producer may be writing over, word by word with relaxed loads: what comes
 * out may be torn, and is judged afterwards. from: inside the mapping, to the end of the word that
 * holds its last byte. */
static inline void shmring_copy_racing(void *buf, const unsigned char *from, size_t n)
{
    unsigned char *to = (unsigned char *)buf;
    size_t ahead = (uintptr_t)from & 7u, part;
    uint64_t word;

    for (from -= ahead; n != 0; n -= part, to += part, from += 8, ahead = 0) {
        word = shmring_load_relaxed(shmring_word_at_const(from));
        part = 8 - ahead < n ? 8 - ahead : n;
        memcpy(to, (const unsigned char *)&word + ahead, part);
    }
}

/* Whether bytes at `position` may have been overwritten before they were copied.
 * Edge G: G3, then G4, which pairs with G1 in shmr_evict_publish(). */
static inline int shmring_is_evicted(const struct shmring_producer_page *page, uint64_t position,
                                     uint64_t *ret_evict)
{
    shmring_load_barrier();                          /* G3 */
    *ret_evict = shmring_load_acquire(&page->evict); /* G4; the words above it come after */
    return *ret_evict - position - 1 < UINT64_MAX / 2;
}

/* Whether a word is that of a record of at most max_record bytes. */
static inline int shmring_word_is_sound(uint64_t word, uint32_t max_record)
{
    return (word & (SHMRING_WORD_COMMITTED | SHMRING_WORD_RESERVED)) == SHMRING_WORD_COMMITTED &&
           (uint32_t)(word & SHMRING_WORD_LENGTH) <= max_record;
}

#endif
