/* SPDX-License-Identifier: MIT */
/* meddle.h - the enemy of meddle_test.c: sees every load of a ring's shared memory by the library
 * built around meddle_atomic.h, and every read of the object by file, and changes what was just
 * read. */
#ifndef SHMRING_TESTS_MEDDLE_H
#define SHMRING_TESTS_MEDDLE_H

#include <stdint.h>

enum meddle_mode {
    MEDDLE_WATCH, /* counts loads, and words that one call loads twice */
    MEDDLE_ONCE,  /* changes the word after the load number `at` */
    MEDDLE_STORM  /* changes a word after every load */
};

struct meddle {
    enum meddle_mode mode;
    uint32_t at;     /* MEDDLE_ONCE: which load, from 0 */
    uint32_t kind;   /* MEDDLE_ONCE: how the word is changed, 0 .. MEDDLE_KINDS - 1 */
    uint64_t random; /* MEDDLE_STORM */
    uint32_t loads;  /* of shared memory since meddle_begin() */
    uint32_t twice;  /* of them, of a word the other side writes and that was loaded before */
};

#define MEDDLE_KINDS 12u

extern struct meddle meddle;

/* Watches from here to meddle_end(). */
void meddle_begin(enum meddle_mode mode, uint32_t at, uint32_t kind);
void meddle_end(void);

/* How many places in the code have loaded shared memory so far. */
uint32_t meddle_sites(void);

/* Whether n bytes there lie inside a ring's mapping. */
int meddle_is_inside(const void *at, uint64_t n);

#endif
