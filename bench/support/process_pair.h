/* SPDX-License-Identifier: MIT */
/* process_pair.h - two processes, or threads, pinned apart, and the memory that a benchmark shares
 * beside its ring. */
#ifndef SHMRING_BENCH_SUPPORT_PROCESS_PAIR_H
#define SHMRING_BENCH_SUPPORT_PROCESS_PAIR_H

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

/* The same with a second thread of this process. */
double pair_run_threads(void (*here)(struct pair_board *, void *arg),
                        void (*other)(struct pair_board *, void *arg), void *arg);

void pair_ready(struct pair_board *board);
void pair_finish(struct pair_board *board);

/* Something was wrong in either process: a message lost or changed. pair_run() returns -1. */
void pair_fail(struct pair_board *board);

/* 0 or 1: how many processors there are to tell apart, less one. */
int pair_is_parallel(void);

/* How many processors this thread may use now. */
int pair_processors(void);

/* Pins this thread to the one of them that has this number, from 0; where there is only one, or not
 * so many, it stays as it is. */
void pair_pin(int which);

uint64_t pair_now_ns(void);

/* A ring name that no other run uses. */
const char *pair_ring_name(const char *what);

#endif
