/* SPDX-License-Identifier: MIT */
/* soak.h - rounds of a soak run, and what came of all of them. */
#ifndef SHMRING_TESTS_SOAK_H
#define SHMRING_TESTS_SOAK_H

#include <stdint.h>
#include <sys/types.h>

struct soak_totals {
    uint64_t rounds, seconds;
    uint64_t records, bytes; /* received and checked; bytes: of byte rings */
    uint64_t dropped, gaps;  /* refused by lossy producers, and the GAPs that told of them */
    uint64_t kills, stops, moves, opens;
    uint64_t recovered, again, sleeps;
};

/* One round; everything about it follows from random. 1 when all is well; else a sentence is on
 * standard output. */
int soak_deaths(uint64_t random, struct soak_totals *t); /* roles that are killed and stopped */
int soak_stream(uint64_t random, struct soak_totals *t); /* two sides that stay */

/* Moves a process to one processor, or lets it run on all. */
void soak_move(pid_t process, uint64_t random);

#endif
