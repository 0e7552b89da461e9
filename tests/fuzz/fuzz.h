/* SPDX-License-Identifier: MIT */
/* fuzz.h - what the parts of a fuzz target share. */
#ifndef SHMRING_TESTS_FUZZ_H
#define SHMRING_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shmring/shmring.h>

#define BUFFER 8192u
#define NAME   "fuzz"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s; last error: %s\n", __FILE__, __LINE__, #condition, \
                    shmring_error_detail());                                                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* One call of an observer, and its end. */
void fuzz_observe(uint32_t how, uint32_t size);
void fuzz_observe_end(void);

/* After a run, with nobody on the ring and its geometry as it was made: what verify and repair say
 * of it must be so. */
void fuzz_afterwards(void);

#endif
