/* SPDX-License-Identifier: MIT */
/* jumping_clock.c - linked into a test that wraps clock_gettime(), has the clock of the day jump at
 * each look by a day more, forwards and backwards in turn. No other clock does. */
#include <time.h>

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
    static long looks;
    int result = __real_clock_gettime(id, ret);

    if (id != CLOCK_MONOTONIC && result == 0) {
        looks = looks % 1000 + 1;
        ret->tv_sec += (looks % 2 == 0 ? 86400 : -86400) * (time_t)looks;
    }
    return result;
}
