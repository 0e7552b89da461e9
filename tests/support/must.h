/* SPDX-License-Identifier: MIT */
/* must.h - a check for those who run in a child: the first that fails ends the process, with its
 * sentence. check.h is for the test itself. */
#ifndef SHMRING_TESTS_SUPPORT_MUST_H
#define SHMRING_TESTS_SUPPORT_MUST_H

#include <stdio.h>
#include <unistd.h>

#include <shmring/shmring.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("# %s:%d: not so: %s; last error: %s\n", __FILE__, __LINE__, #condition,        \
                   shmring_error_detail());                                                        \
            fflush(stdout);                                                                        \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

#endif
