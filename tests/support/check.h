/* SPDX-License-Identifier: MIT */
/* check.h - a small TAP helper for the C tests; needs nothing but the C library, so that it works
 * under wine and qemu too.
 *
 *   static void shouldRefuseALongRecord(void) { CHECK(...); CHECK_EQ(a, b); }
 *   int main(void) { RUN(shouldRefuseALongRecord); return check_done(); }
 *
 * A test's name is a sentence. A failed check is reported with its place and values and ends that
 * test, not the program. SKIP("why") ends a test as skipped; the reason is printed.
 */
#ifndef SHMRING_TESTS_SUPPORT_CHECK_H
#define SHMRING_TESTS_SUPPORT_CHECK_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 1: a sanitizer's runtime is in this program, with its own shadow memory, stacks and threads.
 * gcc says so with a macro, clang with __has_feature. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CHECK_SANITIZED 1
#endif
#endif
#ifndef CHECK_SANITIZED
#define CHECK_SANITIZED 0
#endif

static int check_count, check_failures;
static jmp_buf check_out;

#define CHECK_FAIL_(...)                                                                           \
    do {                                                                                           \
        printf("# %s:%d: ", __FILE__, __LINE__);                                                   \
        printf(__VA_ARGS__);                                                                       \
        printf("\n");                                                                              \
        longjmp(check_out, 1);                                                                     \
    } while (0)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            CHECK_FAIL_("not so: %s", #condition);                                                 \
        }                                                                                          \
    } while (0)

/* Integers of any kind, compared and shown as signed 64-bit. */
#define CHECK_EQ(got, want)                                                                        \
    do {                                                                                           \
        int64_t check_got_ = (int64_t)(got), check_want_ = (int64_t)(want);                        \
        if (check_got_ != check_want_) {                                                           \
            CHECK_FAIL_("%s is %" PRId64 ", should be %s = %" PRId64, #got, check_got_, #want,     \
                        check_want_);                                                              \
        }                                                                                          \
    } while (0)

/* A status, with the library's own sentence when it is another one. */
#define CHECK_STATUS(call, want)                                                                   \
    do {                                                                                           \
        int check_s_ = (int)(call);                                                                \
        if (check_s_ != (int)(want)) {                                                             \
            CHECK_FAIL_("%s is %d, should be %s; last error: %s", #call, check_s_, #want,          \
                        shmring_error_detail());                                                   \
        }                                                                                          \
    } while (0)

#define SKIP(why)                                                                                  \
    do {                                                                                           \
        printf("# skipped: %s\n", why);                                                            \
        longjmp(check_out, 2);                                                                     \
    } while (0)

/* For what cannot be tested with a sanitizer's runtime in the program. */
#define SKIP_IF_SANITIZED(why)                                                                     \
    do {                                                                                           \
        if (CHECK_SANITIZED) {                                                                     \
            SKIP(why);                                                                             \
        }                                                                                          \
    } while (0)

#define RUN(test)                                                                                  \
    do {                                                                                           \
        int check_how_ = setjmp(check_out);                                                        \
        if (check_how_ == 0) {                                                                     \
            test();                                                                                \
            printf("ok %d - %s\n", ++check_count, #test);                                          \
        } else if (check_how_ == 2) {                                                              \
            printf("ok %d - %s # SKIP see above\n", ++check_count, #test);                         \
        } else {                                                                                   \
            printf("not ok %d - %s\n", ++check_count, #test);                                      \
            check_failures++;                                                                      \
        }                                                                                          \
        fflush(stdout);                                                                            \
    } while (0)

static inline int check_done(void)
{
    printf("1..%d\n", check_count);
    return check_failures == 0 ? 0 : 1;
}

#endif
