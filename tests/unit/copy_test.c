/* SPDX-License-Identifier: MIT */
/* copy_test.c - long copies in every way that this processor can run, whichever the library would
 * choose for it: each length, from and to places of every kind, and no byte beyond. */
#include <stdint.h>

static int has_strings, has_moves;
static uint32_t strings_wanted;

#define __builtin_cpu_is(name)       has_strings
#define __builtin_cpu_supports(name) has_moves

#include "ring/copy.c"

#undef __builtin_cpu_supports

#include "../support/check.h"

#define MOST  20000u
#define GUARD 64u

static unsigned char from[MOST + 2 * GUARD], to[MOST + 2 * GUARD];

static void copyAndCompare(void (*copy)(void *, const void *, size_t, uint32_t), size_t n,
                           size_t in, size_t out)
{
    size_t i;

    memset(to, 0xEE, sizeof to);
    copy(to + GUARD + out, from + in, n, strings_wanted);
    CHECK(memcmp(to + GUARD + out, from + in, n) == 0);
    for (i = 0; i < GUARD; i++) {
        CHECK(to[out + i] == 0xEE && to[GUARD + out + n + i] == 0xEE);
    }
}

static void copyEveryLength(void (*copy)(void *, const void *, size_t, uint32_t))
{
    static const size_t places[] = {0, 1, 8, 31, 32, 56, 63};
    size_t n, i;

    for (i = 0; i < sizeof from; i++) {
        from[i] = (unsigned char)(i * 31 + i / 256);
    }
    for (n = SHMRING_COPY_STRING_FROM; n <= MOST - GUARD;
         n += n < SHMRING_COPY_STRING_FROM + 200 || n % 1024 > 1020 || n % 1024 < 8 ? 1 : 7) {
        copyAndCompare(copy, n, places[n % 7], places[n / 7 % 7]);
    }
    for (i = 0; i < 49; i++) {
        copyAndCompare(copy, 4096, places[i % 7], places[i / 7]);
    }
}

static void shouldCopyByItsOwnLoop(void)
{
    has_strings = has_moves = 0;
    strings_wanted = 0;
    copyEveryLength(shmring_copy_wide_);
    copyEveryLength(shmring_copy_in_wide_);
    CHECK(shmring_copy_by_string(65536) == 0);
}

static void shouldCopyByWideMoves(void)
{
#ifdef __x86_64__
    if (!__builtin_cpu_supports("avx2")) {
        SKIP("this processor has no AVX2");
    }
#endif
    has_strings = 0;
    has_moves = 1;
    strings_wanted = 0;
    copyEveryLength(shmring_copy_wide_);
    copyEveryLength(shmring_copy_in_wide_);
    CHECK(shmring_copy_by_string(65536) == 0);
}

static void shouldCopyByStrings(void)
{
    has_strings = has_moves = 1;
    strings_wanted = 1;
    copyEveryLength(shmring_copy_wide_);
    copyEveryLength(shmring_copy_in_wide_);
    CHECK(shmring_copy_by_string(UINT64_C(1) << 30) == 0);
}

int main(void)
{
    RUN(shouldCopyByItsOwnLoop);
    RUN(shouldCopyByWideMoves);
    RUN(shouldCopyByStrings);
    return check_done();
}
