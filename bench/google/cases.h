/* SPDX-License-Identifier: MIT */
/* cases.h - one registration function for each file of cases. */
#ifndef SHMRING_BENCH_GOOGLE_CASES_H
#define SHMRING_BENCH_GOOGLE_CASES_H

#include "gbench.h"
#include "support/process_pair.h"

void register_cost(void);   /* one thread: what an operation costs */
void register_stream(void); /* two processes: throughput */
void register_trip(void);   /* two processes: round trip, and the bare cache line's */
void register_open(void);   /* attach and creation */
void register_wait(void);   /* two processes that sleep */

#endif
