/* SPDX-License-Identifier: MIT */
/* wait_cost.h - the contenders of wait_cost.c, in wait_work.c. */
#ifndef SHMRING_BENCH_PROGRAMS_WAIT_COST_H
#define SHMRING_BENCH_PROGRAMS_WAIT_COST_H

#include <stdint.h>

#include "support/process_pair.h"

#define ROUNDS_MAX 99
#define RINGS_MAX  1024u

struct work {
    const char *row, *against; /* against: the row that its ratio is of */
    void (*here)(struct pair_board *, void *);
    void (*other)(struct pair_board *, void *);
    uint64_t count; /* messages or round trips */
    uint32_t spin_ns;
    uint32_t rings;
    uint64_t setup_ns; /* of the last run: not part of its time */
    double ns[ROUNDS_MAX];
};

/* Names and memory for all of them; 0 when there is none. */
int work_prepare(void);

/* Blocks for so long, as the consumer of so many rings to which nothing comes. What this took of a
 * processor, in ns for each second. */
double work_idle_ns(uint32_t rings, unsigned seconds);

void work_stream_here(struct pair_board *board, void *work);
void work_stream_other(struct pair_board *board, void *work);
void work_futex_here(struct pair_board *board, void *work);
void work_futex_other(struct pair_board *board, void *work);
void work_trip_here(struct pair_board *board, void *work);
void work_trip_other(struct pair_board *board, void *work);
void work_poll_here(struct pair_board *board, void *work);
void work_poll_other(struct pair_board *board, void *work);
void work_any_here(struct pair_board *board, void *work);
void work_any_other(struct pair_board *board, void *work);

#endif
