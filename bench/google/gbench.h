/* SPDX-License-Identifier: MIT */
/* gbench.h - Google Benchmark for C. The only file that sees <benchmark/benchmark.h> is gbench.cc.
 *
 * A case is a C function that is called with a state; it runs its operations in loops of
 * gbench_keep_running_batch(), thousands of operations a call, so that the shim costs nothing, or
 * it measures by itself and reports with gbench_set_iteration_time().
 */
#ifndef SHMRING_BENCH_GOOGLE_GBENCH_H
#define SHMRING_BENCH_GOOGLE_GBENCH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gbench_state gbench_state;
typedef void gbench_body(gbench_state *state);

/* What a case's time is. */
enum gbench_time {
    GBENCH_CPU_TIME = 0,
    GBENCH_REAL_TIME = 1,
    GBENCH_MANUAL_TIME = 2 /* the body measures and calls gbench_set_iteration_time() */
};

/* Registers `body` once for each row of args: rows of `columns` numbers, named in `names`.
 * columns = 0 registers it once. */
void gbench_register(const char *name, gbench_body *body, enum gbench_time time,
                     const char *const *names, int columns, const int64_t *args, int rows);

/* 1 while there is more to run: the body then runs one operation, or `batch` of them. */
int gbench_keep_running(gbench_state *state);
int gbench_keep_running_batch(gbench_state *state, int64_t batch);

/* The argument in that column. */
int64_t gbench_arg(const gbench_state *state, int column);

/* Manual time: how long the iteration that is running took. */
void gbench_set_iteration_time(gbench_state *state, double seconds);

/* Totals over all iterations; Google Benchmark shows them by the second. */
void gbench_set_items(gbench_state *state, int64_t items);
void gbench_set_bytes(gbench_state *state, int64_t bytes);

/* A named number in the row. */
void gbench_counter(gbench_state *state, const char *name, double value);

/* Ends the case as not run; `why` is shown. */
void gbench_skip(gbench_state *state, const char *why);

/* A line of the context block: what machine and which ring this was. */
void gbench_context(const char *key, const char *value);

/* Runs what was registered, with Google Benchmark's own options. Returns the exit status. */
int gbench_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif
