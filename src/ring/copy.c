/* SPDX-License-Identifier: MIT */
/* copy.c - long copies in the way that suits the processor: with the widest moves it turns out to
 * have, or with its string instruction. */
#include <shmring/detail/atomic.h>
#include <shmring/detail/copy.h>

#include "ring/copy.h"

/* Payloads of rings up to this size are copied by `rep movsb`, where it is fast. In larger rings it
 * was slower, as if its lines ended up beyond a processor's own cache. The gain for each size, and
 * how to try others: docs/performance.md#techniques.
 */
#ifndef STRING_RING_TO
#define STRING_RING_TO (UINT64_C(512) << 10)
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

#if defined(__GNUC__) && defined(__x86_64__)

/* 32 bytes anywhere, of any type. */
typedef long long block __attribute__((vector_size(32), aligned(1), may_alias));

/* 32 bytes a move, the destination aligned: a store that crosses a line occupies two. Moves of 16
 * and of 64 bytes were slower (docs/performance.md#techniques). The C library's memcpy() moves as
 * much, but begins with a search for its way. It prefers `rep movsb`, which on Intel's, from a line
 * of another processor, was the slowest of all. */
__attribute__((target("avx2"))) static void copy_by_32(void *to, const void *from, size_t n)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    size_t i = 32 - ((uintptr_t)to & 31u);

    *(block *)(void *)out = *(const block *)(const void *)in;
    for (; i + 64 <= n; i += 64) {
        block first = *(const block *)(const void *)(in + i);
        block second = *(const block *)(const void *)(in + i + 32);

        *(block *)(void *)(out + i) = first;
        *(block *)(void *)(out + i + 32) = second;
    }
    if (i + 32 <= n) {
        *(block *)(void *)(out + i) = *(const block *)(const void *)(in + i);
    }
    *(block *)(void *)(out + n - 32) = *(const block *)(const void *)(in + n - 32);
}

static int has_wide_moves(void)
{
    return __builtin_cpu_supports("avx2");
}

/* AMD's processors since Zen 4, measured on a Zen 5. Asking for lines in advance, or a first line
 * that comes last, only held it up. */
static int has_fast_strings(void)
{
#ifdef SANITIZED /* they do not see what it reads and writes */
    return 0;
#else
    return __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512f");
#endif
}

/* More than this at once is slower between processors that share a cache, and faster between those
 * that do not: docs/performance.md#techniques. */
#ifndef STRING_AT_ONCE
#define STRING_AT_ONCE 2048u
#endif

/* The destination aligned: a store that crosses a line occupies two. */
static void copy_string(void *to, const void *from, size_t n)
{
    const size_t first = 64 - ((uintptr_t)to & 63u);
    unsigned char *out = (unsigned char *)to + first;
    const unsigned char *in = (const unsigned char *)from + first;

    memcpy(to, from, 64);
    for (n -= first; n > 0;) {
        size_t count = n < STRING_AT_ONCE ? n : STRING_AT_ONCE;

        n -= count;
        __asm__ __volatile__("rep movsb" : "+D"(out), "+S"(in), "+c"(count) : : "memory");
    }
}

#else

static void copy_by_32(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
}

static int has_wide_moves(void)
{
    return 0;
}

static int has_fast_strings(void)
{
    return 0;
}

static void copy_string(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
}

#endif

static void copy_moves(void *to, const void *from, size_t n)
{
    if (has_wide_moves()) {
        copy_by_32(to, from, n);
    } else if (n < SHMRING_COPY_CALL_FROM) {
        shmring_copy_blocks_(to, from, n);
    } else {
        memcpy(to, from, n);
    }
}

void shmring_copy_wide_(void *to, const void *from, size_t n, uint32_t by_string)
{
    if (by_string != 0) {
        copy_string(to, from, n);
    } else {
        copy_moves(to, from, n);
    }
}

void shmring_copy_in_wide_(void *to, const void *from, size_t n, uint32_t by_string)
{
    if (by_string != 0) {
        copy_string(to, from, n);
    } else {
        copy_moves((unsigned char *)to + SHMRING_FIRST_LINE,
                   (const unsigned char *)from + SHMRING_FIRST_LINE, n - SHMRING_FIRST_LINE);
        shmring_light_barrier();
        memcpy(to, from, SHMRING_FIRST_LINE);
    }
}

uint32_t shmring_copy_by_string(uint64_t capacity)
{
    return capacity <= STRING_RING_TO && has_fast_strings() ? 1 : 0;
}

void shmring_copy_any_(void *to, const void *from, size_t n, uint32_t by_string)
{
    shmring_copy_(to, from, n, by_string);
}
