/* SPDX-License-Identifier: MIT */
/* statistics.h - what repeated runs say: middles and intervals, and whether two sets of runs
 * differ.
 *
 * No function asks where the numbers come from, and none is random: the same numbers give the same
 * answer.
 */
#ifndef SHMRING_SRC_CLI_MEASURE_STATISTICS_H
#define SHMRING_SRC_CLI_MEASURE_STATISTICS_H

#include <stddef.h>

/* More values than these are not taken. */
#define STATISTICS_MOST 256u
/* Fewer of one set, or pairs of two, give no interval that holds in 95 of 100 cases: low and high
 * are then the smallest and the largest. Of two sets that are no pairs, 4 each are enough. */
#define STATISTICS_RUNS_LEAST 6u

struct statistics_interval {
    double middle, low, high;
    int holds; /* low and high are a 95 % interval, not only the extremes */
};

/* The median; 0 of none. Sorts the values. */
double statistics_median(double *values, size_t n);

/* The median and its bootstrap interval of 95 %: of many sets drawn from the values with
 * replacement, the medians without the lowest and the highest 2.5 %. Sorts the values. */
void statistics_bootstrap(struct statistics_interval *ret, double *values, size_t n);

/* The ratio b / a of two measurements, all of them above 0. For pairs that were measured one right
 * after the other it is Wilcoxon's signed ranks: the median of all means of two. For two sets
 * without an order it is Mann and Whitney's: the median of all quotients. The interval is exact for
 * any shape of the noise: where the two are the same thing it holds 1 in at least 95 of 100
 * cases. */
void statistics_paired(struct statistics_interval *ret, const double *a, const double *b, size_t n);
void statistics_apart(struct statistics_interval *ret, const double *a, size_t n, const double *b,
                      size_t m);

#endif
