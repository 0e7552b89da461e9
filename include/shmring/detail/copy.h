/* SPDX-License-Identifier: MIT */
/* copy.h - how a payload moves between the caller's memory and the ring. Private to ring.h.
 *
 * A call of memcpy() with a length unknown to the compiler costs, on each side of the ring, more
 * than the ring itself (docs/performance.md#techniques). Payloads of a known length become a few
 * moves; short ones of an unknown length go through an in-line loop of 16-byte moves whose last one
 * overlaps. From 2 KiB on the call no longer shows, and the library copies in the way that suits
 * the processor.
 */
#ifndef SHMRING_DETAIL_COPY_H
#define SHMRING_DETAIL_COPY_H

#include <stdint.h>
#include <string.h>

#include <shmring/detail/compiler.h>

SHMRING_BEGIN_INLINE

/* Up to this known length the compiler makes moves of it; beyond, gcc would make `rep movsq`, which
 * starts slowly. */
#ifndef SHMRING_COPY_MOVES_TO
#define SHMRING_COPY_MOVES_TO 256u
#endif

/* From this length on shmring_copy_wide_() copies. */
#ifndef SHMRING_COPY_WIDE_FROM
#define SHMRING_COPY_WIDE_FROM 2048u
#endif

/* The same where it copies by the string instruction. */
#define SHMRING_COPY_STRING_FROM 1024u

/* How much of a long payload is written last: what can share a line with its word. */
#define SHMRING_FIRST_LINE 56u

/* From this length on memcpy() is better than 16-byte moves. */
#define SHMRING_COPY_CALL_FROM 16384u

SHMRING_BEGIN_DECLS

/* Copies n >= SHMRING_COPY_STRING_FROM bytes that do not overlap; the second one into the ring,
 * with what shares a line with the record's word last where that pays. by_string: the handle's. */
SHMRING_API void shmring_copy_wide_(void *to, const void *from, size_t n, uint32_t by_string);
SHMRING_API void shmring_copy_in_wide_(void *to, const void *from, size_t n, uint32_t by_string);

/* Copies any n bytes that do not overlap. */
SHMRING_API void shmring_copy_any_(void *to, const void *from, size_t n, uint32_t by_string);

SHMRING_END_DECLS

/* gcc judges the branches for long payloads with the caller's short constants, before it drops
 * them, and warns the caller of accesses that never happen. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas" /* older ones do not know all of these */
#pragma GCC diagnostic ignored "-Warray-bounds"
#pragma GCC diagnostic ignored "-Wnonnull"
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#pragma GCC diagnostic ignored "-Wstringop-overread"
#endif

SHMRING_ALWAYS void shmring_copy_short_(unsigned char *to, const unsigned char *from, size_t n)
{
    if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else if (n > 0) {
        to[0] = from[0];
        if (n > 1) {
            memcpy(to + n - 2, from + n - 2, 2);
        }
    }
}

SHMRING_ALWAYS void shmring_copy_blocks_(unsigned char *to, const unsigned char *from, size_t n)
{
    size_t i = 0;

    for (; i + 32 <= n; i += 32) {
        memcpy(to + i, from + i, 16);
        memcpy(to + i + 16, from + i + 16, 16);
        SHMRING_OPAQUE(i); /* or the compiler finds the memcpy() in the loop */
    }
    if (i + 16 <= n) {
        memcpy(to + i, from + i, 16);
    }
    memcpy(to + n - 16, from + n - 16, 16);
}

/* Whether the library copies n bytes. */
SHMRING_ALWAYS int shmring_is_wide_(size_t n, uint32_t by_string)
{
    return n >= SHMRING_COPY_WIDE_FROM || (n >= SHMRING_COPY_STRING_FROM && by_string != 0);
}

/* Copies n bytes that do not overlap. n = 0 touches nothing. by_string: the handle's. */
SHMRING_ALWAYS void shmring_copy_(void *to, const void *from, size_t n, uint32_t by_string)
{
    if (SHMRING_IS_KNOWN(n) && n <= SHMRING_COPY_MOVES_TO) {
        if (n > 0) {
            memcpy(to, from, n);
        }
    } else if (shmring_is_wide_(n, by_string)) {
        shmring_copy_wide_(to, from, n, by_string);
    } else if (n >= SHMRING_COPY_CALL_FROM) {
        SHMRING_OPAQUE(n); /* or gcc warns of lengths that it only imagines */
        memcpy(to, from, n);
    } else if (n >= 16) {
        shmring_copy_blocks_((unsigned char *)to, (const unsigned char *)from, n);
    } else {
        shmring_copy_short_((unsigned char *)to, (const unsigned char *)from, n);
    }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

SHMRING_END_INLINE

#endif
