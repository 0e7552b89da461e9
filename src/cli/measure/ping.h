/* SPDX-License-Identifier: MIT */
/* ping.h - what the parts of `shmring ping` share. */
#ifndef SHMRING_SRC_CLI_MEASURE_PING_H
#define SHMRING_SRC_CLI_MEASURE_PING_H

#include "doctor/doctor.h"
#include "measure/statistics.h"
#include "measure/roundtrip.h"

#define PING_RUNS_MOST 200u

/* The order for a run. It has no pointers: a process of its own may do it. */
struct ping_plan {
    char name[PAIR_NAME_SIZE]; /* of a reflector; "": a partner of our own */
    uint64_t size, count, rate;
    struct pair_place place;
};

struct ping_run {
    uint64_t began_ns;             /* since the epoch */
    uint64_t clock_ns;             /* what it takes to read the clock */
    struct histogram line, jitter; /* a bare cache line; an empty loop */
    uint64_t line_after_ns;        /* the line's median behind the run; 0: not measured */
    struct trip_result trips;
};

struct ping_job {
    struct ping_plan plan;
    struct ping_run run;
    int result;             /* of the measurement: 1; 0 after a sentence; -1 after a stop */
    struct samples samples; /* the room for them is behind the job */
};

/* The quantities of which each run has a histogram. */
enum ping_what { PING_ROUND_TRIP, PING_ONE_WAY, PING_LINE, PING_JITTER };
#define PING_WHATS 4

struct ping_files {
    const char *hgrm, *hlog, *csv, *samples; /* paths; NULL: not wanted */
};

struct ping {
    const char *name; /* of a reflector; NULL: none */
    struct ping_plan plan;
    struct ping_files files;
    struct host_machine machine;
    struct doctor_summary doctor;
    uint64_t runs;        /* that are wanted */
    size_t done;          /* that there are */
    struct ping_run *run; /* room for all of them */
    struct ping_job *job; /* the one that is done now */
    size_t job_size;
};

/* ---- ping_run.c ---- */

/* Does all runs; after each, calls `each`, which returns 1 to go on. Returns 1 when there are
 * figures, or 0 after a sentence. */
int ping_runs(struct ping *p, int (*each)(struct ping *p, void *context), void *context);
const struct histogram *ping_histogram(const struct ping_run *run, enum ping_what what);
enum pair_state ping_state(const struct ping *p, const struct ping_run *run);
/* Of the runs of a state, or of all with PAIR_STATES: a percentile, or the largest with part > 1.
 * Returns how many runs there were. */
size_t ping_percentile(const struct ping *p, enum pair_state state, enum ping_what what,
                       double part, struct statistics_interval *ret);

/* ---- ping_text.c, ping_json.c ---- */

#define PING_PARTS 6
extern const double ping_parts[PING_PARTS];      /* the last is the largest value */
extern const char *const ping_heads[PING_PARTS]; /* "p50" */
extern const char *const ping_names[PING_WHATS]; /* as text */
extern const char *const ping_keys[PING_WHATS];  /* for programs */

void ping_print_text(const struct ping *p);
void ping_print_json(const struct ping *p, FILE *to);

/* ---- ping_files.c ---- */

/* Opens a file for writing. NULL after a sentence; also when no file is wanted: *ok tells. */
FILE *ping_file_open(const char *path, int *ok);
/* Closes it. Returns 1, or 0 after a sentence when not everything could be written. */
int ping_file_close(FILE *file, const char *path);

/* The files that are written while it measures. */
struct ping_open {
    FILE *hgrm, *hlog, *csv, *samples;
};

/* Each returns 1, or 0 after a sentence. */
int ping_files_open(const struct ping *p, struct ping_open *ret);
int ping_files_run(struct ping *p, void *files); /* adds the last run */
int ping_files_close(const struct ping *p, struct ping_open *files, int complete);
/* Whether one of the files is standard output, which has nothing else then. */
int ping_files_on_output(const struct ping_files *files);

/* cli/measure/cpu_matrix.c: every pair of processors. count: round trips for each pair, 0: as many
 * as fit into a moment. Returns an exit status. */
int ping_matrix(uint32_t size, uint64_t count, const char *svg, const char *csv, int as_json);

#endif
