/* SPDX-License-Identifier: MIT */
/* pattern.h - what the stress tests send. Everything about a record follows from its sequence
 * number: length, type and every byte, so that a record that is torn, stale, early, doubled or out
 * of order does not match.
 */
#ifndef SHMRING_TESTS_SUPPORT_PATTERN_H
#define SHMRING_TESTS_SUPPORT_PATTERN_H

#include <stdint.h>
#include <string.h>

/* The finaliser of splitmix64: neighbours in, strangers out. */
static inline uint64_t pattern_mix(uint64_t v)
{
    v += UINT64_C(0x9E3779B97F4A7C15);
    v = (v ^ (v >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    v = (v ^ (v >> 27)) * UINT64_C(0x94D049BB133111EB);
    return v ^ (v >> 31);
}

/* A generator for choices that need not be repeated by the other side. */
static inline uint64_t pattern_next(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    return pattern_mix(*state);
}

/* Between min and max; most are short, some are long. */
static inline uint32_t pattern_length(uint64_t seq, uint32_t min, uint32_t max)
{
    uint64_t v = pattern_mix(~seq);
    uint32_t span = max - min + 1;

    if ((v & 7u) != 0 && span > 128) {
        span = 128;
    }
    return min + (uint32_t)((v >> 8) % span);
}

static inline uint16_t pattern_type(uint64_t seq)
{
    return (uint16_t)(seq * 40503u >> 3);
}

/* Word i of record seq: the sequence itself, then noise. */
static inline uint64_t pattern_word(uint64_t seq, uint32_t i)
{
    return i == 0 ? seq : pattern_mix(seq ^ (uint64_t)i << 40);
}

static inline void pattern_fill(unsigned char *to, uint32_t len, uint64_t seq)
{
    uint32_t i;
    uint64_t word;

    for (i = 0; i * 8 + 8 <= len; i++) {
        word = pattern_word(seq, i);
        memcpy(to + (size_t)i * 8, &word, 8);
    }
    if ((len & 7u) != 0) {
        word = pattern_word(seq, i);
        memcpy(to + (size_t)i * 8, &word, len & 7u);
    }
}

static inline int pattern_matches(const unsigned char *from, uint32_t len, uint64_t seq)
{
    uint64_t word, differ = 0, want;
    uint32_t i;

    for (i = 0; i * 8 + 8 <= len; i++) {
        memcpy(&word, from + (size_t)i * 8, 8);
        differ |= word ^ pattern_word(seq, i);
    }
    if ((len & 7u) != 0) {
        word = 0;
        want = pattern_word(seq, i);
        differ |= (uint64_t)(memcmp(from + (size_t)i * 8, &want, len & 7u) != 0);
    }
    return differ == 0;
}

/* A byte stream: bytes at .. at + n - 1 of it. */
static inline void pattern_stream(unsigned char *to, uint64_t n, uint64_t at)
{
    uint64_t i = 0, word;

    for (; i < n && ((at + i) & 7u) != 0; i++) {
        to[i] = (unsigned char)(pattern_mix((at + i) / 8) >> 8 * ((at + i) & 7u));
    }
    for (; i + 8 <= n; i += 8) {
        word = pattern_mix((at + i) / 8);
        to[i] = (unsigned char)word;
        to[i + 1] = (unsigned char)(word >> 8);
        to[i + 2] = (unsigned char)(word >> 16);
        to[i + 3] = (unsigned char)(word >> 24);
        to[i + 4] = (unsigned char)(word >> 32);
        to[i + 5] = (unsigned char)(word >> 40);
        to[i + 6] = (unsigned char)(word >> 48);
        to[i + 7] = (unsigned char)(word >> 56);
    }
    for (; i < n; i++) {
        to[i] = (unsigned char)(pattern_mix((at + i) / 8) >> 8 * ((at + i) & 7u));
    }
}

#endif
