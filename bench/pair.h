/* SPDX-License-Identifier: MIT */
/* pair.h - two processes, pinned apart, and the memory that a benchmark shares beside its ring. */
#ifndef SHMRING_BENCH_PAIR_H
#define SHMRING_BENCH_PAIR_H

#include <stdint.h>

/* Makes a value escape: the compiler must build it before, and may not know it after. */
#define PAIR_ESCAPE(p) __asm__ __volatile__("" ::"r"(p) : "memory")

struct pair_board;

/* Runs `other` in a second process and `here` in this one, pinned to different processors where
 * there are two. Each gets the board and arg. `other` calls pair_ready() when it is set up, and
 * pair_finish() when its last message is done; `here` starts after that, its time is from the call
 * of `here` to pair_finish(). Returns seconds, or -1 when the other process failed. */
double pair_run(void (*here)(struct pair_board *, void *arg),
                void (*other)(struct pair_board *, void *arg), void *arg);

void pair_ready(struct pair_board *board);
void pair_finish(struct pair_board *board);

/* Something was wrong in either process: a message lost or changed. pair_run() returns -1. */
void pair_fail(struct pair_board *board);

/* 0 or 1: how many processors there are to tell apart, less one. */
int pair_is_parallel(void);

uint64_t pair_now_ns(void);

/* A ring name that no other run uses. */
const char *pair_ring_name(const char *what);

#endif
