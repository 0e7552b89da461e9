/* SPDX-License-Identifier: MIT */
/* compare.h - whether two measurements differ: what the parts of `shmring compare` share.
 *
 * A quantity is compared where both sides have it in the same state of the machine. The first of a
 * kind, the median or the rate, is what a difference is judged by; the others are shown. */
#ifndef SHMRING_SRC_CLI_MEASURE_COMPARE_H
#define SHMRING_SRC_CLI_MEASURE_COMPARE_H

#include "measure/statistics.h"
#include "text/json_read.h"

#define COMPARE_RUNS       200u /* of each side; of more the first are taken */
#define COMPARE_QUANTITIES 128u

enum compare_verdict { COMPARE_TOO_FEW, COMPARE_SAME, COMPARE_BETTER, COMPARE_WORSE };

struct compare_quantity {
    const char *key, *name; /* in JSON, as text */
    const char *part;       /* a percentile; "": none */
    char state[16];
    unsigned size, batch; /* of a table's row; 0: there is no table */
    int less_is_better, judged;
    size_t n[2];
    double values[2][COMPARE_RUNS];
};

/* One of the two measurements. */
struct compare_side {
    const char *name; /* a file or a command */
    char command[16], version[32], cpu[128], system[96], cpus[32];
    unsigned size; /* bytes of a message; 0: a table of sizes */
    size_t runs;
};

struct compare {
    struct compare_side side[2];
    struct compare_quantity *quantities;
    size_t count;
    int paired;     /* value i of both was measured one right after the other */
    size_t dropped; /* pairs without a state in common */
};

/* ---- compare_load.c ---- */

/* Adds what `ping --json` or `flood --json` has printed to a side, which has a name. The text is
 * changed. Returns 1, or 0 after a sentence. */
int compare_load(struct compare *c, int side, char *text);
int compare_make(struct compare *c); /* 0 after a sentence: no memory */
void compare_free(struct compare *c);

/* ---- compare.c ---- */

/* The same quantity, new and without values if need be; NULL: there is no room. */
struct compare_quantity *compare_find(struct compare *c, const struct compare_quantity *like);
/* Adds a pair of outputs: of each quantity that both have one value, the median of its runs. */
void compare_add_pair(struct compare *to, struct compare *pair);
/* The ratio B / A. */
enum compare_verdict compare_judge(const struct compare *c, const struct compare_quantity *q,
                                   struct statistics_interval *ret);
/* Whether both sides have it. */
int compare_has_both(const struct compare_quantity *q);
/* How many quantities both have, and in how many of the judged ones B is worse. */
size_t compare_count(const struct compare *c, size_t *ret_worse);

/* ---- compare_print.c ---- */

void compare_print_text(const struct compare *c);
void compare_print_json(const struct compare *c);

#endif
