/* SPDX-License-Identifier: MIT */
/* throughput_run.h - what the parts of the command `shmring flood` share: rows, runs,
 * and figures. */
#ifndef SHMRING_SRC_CLI_MEASURE_THROUGHPUT_RUN_H
#define SHMRING_SRC_CLI_MEASURE_THROUGHPUT_RUN_H

#include "doctor/doctor.h"
#include "measure/throughput.h"
#include "measure/samples.h"
#include "measure/statistics.h"

#define FLOOD_ROWS      14
#define FLOOD_RUNS_MOST 200u

struct flood_row {
    struct pair_phase phase;
    struct pair_stream stream;
    uint64_t line_before_ns, line_after_ns; /* a bare cache line; 0: not measured */
};

struct flood_run {
    uint64_t began_ns; /* since the epoch; 0: it was not done */
    size_t rows;
    struct flood_row row[FLOOD_ROWS];
};

struct flood {
    const char *name; /* of a ring; NULL: a ring and a partner of our own */
    uint64_t size, batch, total_ns, capacity, runs;
    struct cpu_pair cpus;
    int drain, as_json;
    const char *csv, *samples_file;
    struct pair_place place;
    struct host_machine machine;
    struct doctor_summary doctor;
    int status;             /* of its last row, an exit status */
    struct flood_run run;   /* the one that is done now, or was last */
    struct samples samples; /* of it; the room for them is behind all this */
    struct flood_run *all;  /* runs of them */
    size_t done;
};

/* The capacity of a row's ring: what was asked for, or what holds some of its messages. */
uint64_t flood_capacity(const struct flood *f, uint32_t size);

/* Does all rows of all runs, with partners of our own; after each run calls `each`, which returns 1
 * to go on. size: bytes of all that f begins. Returns an exit status. */
int flood_runs(struct flood *f, size_t size, int (*each)(struct flood *f, void *context),
               void *context);

/* ---- cli/measure/throughput_print.c ---- */

enum pair_state flood_state(const struct flood *f, const struct flood_row *row);
/* Messages a second of a row: of the runs that met the state, or of all with PAIR_STATES. Returns
 * how many runs there were. */
size_t flood_rate(const struct flood *f, size_t row, enum pair_state state,
                  struct statistics_interval *ret);
void flood_print_text(const struct flood *f);
void flood_print_json(const struct flood *f);
/* Adds the last run. */
void flood_print_csv(const struct flood *f, FILE *to);

#endif
