// SPDX-License-Identifier: MIT
// cxx_check.hh - TAP for C++ tests. A failed check returns from its test, so that destructors run,
// where check.h would jump over them.
#ifndef SHMRING_TESTS_CXX_CHECK_HH
#define SHMRING_TESTS_CXX_CHECK_HH

#include <cstdio>

inline int check_count, check_failures;
inline bool check_failed;

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        if (!(__VA_ARGS__)) {                                                                      \
            std::printf("# %s:%d: not so: %s\n", __FILE__, __LINE__, #__VA_ARGS__);                \
            check_failed = true;                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (false)

#define RUN(test)                                                                                  \
    do {                                                                                           \
        check_failed = false;                                                                      \
        test();                                                                                    \
        std::printf("%sok %d - %s\n", check_failed ? "not " : "", ++check_count, #test);           \
        check_failures += check_failed ? 1 : 0;                                                    \
        std::fflush(stdout);                                                                       \
    } while (false)

inline int check_done()
{
    std::printf("1..%d\n", check_count);
    return check_failures == 0 ? 0 : 1;
}

#endif
