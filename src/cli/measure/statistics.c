/* SPDX-License-Identifier: MIT */
/* statistics.c - medians, bootstrap, and intervals from ranks. */
#include "measure/statistics.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RESAMPLES 4000u
#define TAIL      0.025 /* of each side of a 95 % interval */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void sort(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending);
}

static double middle_of_sorted(const double *values, size_t n)
{
    return n == 0 ? 0 : n % 2 != 0 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double statistics_median(double *values, size_t n)
{
    sort(values, n);
    return middle_of_sorted(values, n);
}

/* ---- bootstrap ---- */

/* xorshift64*: the same draws each time. */
static size_t draw(uint64_t *state, size_t n)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (size_t)((*state * UINT64_C(0x2545F4914F6CDD1D)) >> 32) % n;
}

/* The middle of n draws from sorted values: counts how often each is drawn instead of sorting. */
static double middle_of_draws(uint64_t *state, const double *values, size_t n)
{
    unsigned times[STATISTICS_MOST] = {0};
    size_t i, seen = 0, lower = n, upper = n;

    for (i = 0; i < n; i++) {
        times[draw(state, n)]++;
    }
    for (i = 0; i < n && upper == n; i++) {
        seen += times[i];
        lower = lower == n && seen > (n - 1) / 2 ? i : lower;
        upper = seen > n / 2 ? i : n;
    }
    return (values[lower] + values[upper]) / 2;
}

void statistics_bootstrap(struct statistics_interval *ret, double *values, size_t n)
{
    static double middles[RESAMPLES];
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15);
    size_t i;

    n = n < STATISTICS_MOST ? n : STATISTICS_MOST;
    memset(ret, 0, sizeof *ret);
    ret->middle = statistics_median(values, n);
    if (n == 0) {
        return;
    }
    ret->low = values[0];
    ret->high = values[n - 1];
    ret->holds = n >= STATISTICS_RUNS_LEAST;
    if (ret->holds) {
        for (i = 0; i < RESAMPLES; i++) {
            middles[i] = middle_of_draws(&state, values, n);
        }
        sort(middles, RESAMPLES);
        ret->low = middles[(size_t)(TAIL * RESAMPLES)];
        ret->high = middles[RESAMPLES - 1 - (size_t)(TAIL * RESAMPLES)];
    }
}

/* ---- ranks ---- */

/* Returns how many of the sorted values to leave out on each side: the most that leaves at most
 * TAIL outside. Of the test's sums, k has the probability part[k]. Returns -1 when there are too
 * few. */
static long outside(const double *part, size_t sums)
{
    double seen = 0;
    long k = -1;

    while ((size_t)(k + 1) < sums && seen + part[k + 1] <= TAIL) {
        seen += part[++k];
    }
    return k;
}

/* Fills an interval of logarithms from the sorted estimates. */
static void fill(struct statistics_interval *ret, double *estimates, size_t n, long left_out)
{
    sort(estimates, n);
    ret->middle = exp(middle_of_sorted(estimates, n));
    ret->holds = left_out >= 0;
    left_out = left_out < 0 ? 0 : left_out;
    ret->low = exp(estimates[left_out]);
    ret->high = exp(estimates[n - 1 - (size_t)left_out]);
}

/* The distribution of the sum of ranks 1 to n, each of which is in it or not. */
static long outside_of_signs(size_t n, double *part, size_t sums)
{
    size_t rank, sum;

    memset(part, 0, sums * sizeof *part);
    part[0] = 1;
    for (rank = 1; rank <= n; rank++) {
        for (sum = sums; sum-- > 0;) {
            part[sum] = (part[sum] + (sum >= rank ? part[sum - rank] : 0)) / 2;
        }
    }
    return outside(part, sums);
}

void statistics_paired(struct statistics_interval *ret, const double *a, const double *b, size_t n)
{
    double logs[STATISTICS_MOST], *means, *part;
    size_t count, i, j, at = 0;

    n = n < STATISTICS_MOST ? n : STATISTICS_MOST;
    count = n * (n + 1) / 2;
    memset(ret, 0, sizeof *ret);
    means = malloc((count + 1) * sizeof *means);
    part = malloc((count + 1) * sizeof *part);
    for (i = 0; i < n; i++) {
        logs[i] = log(b[i] / a[i]);
    }
    for (i = 0; means != NULL && i < n; i++) {
        for (j = i; j < n; j++) {
            means[at++] = (logs[i] + logs[j]) / 2;
        }
    }
    if (means != NULL && part != NULL && n > 0) {
        fill(ret, means, count, outside_of_signs(n, part, count + 1));
    }
    free(part);
    free(means);
}

/* The distribution of Mann and Whitney's U. It says of n + m values in a random order how often one
 * of the m comes before one of the n. In ways[j][u] that is of i of the n and j of the m. */
static long outside_of_orders(size_t n, size_t m, double *ways)
{
    const size_t sums = n * m + 1;
    size_t i, j, u;

    /* p(i, j, u) = i / (i + j) p(i - 1, j, u - j) + j / (i + j) p(i, j - 1, u), row i by row. */
    memset(ways, 0, (m + 1) * sums * sizeof *ways);
    for (j = 0; j <= m; j++) {
        ways[j * sums] = 1;
    }
    for (i = 1; i <= n; i++) {
        for (j = 1; j <= m; j++) {
            const double first = (double)i / (double)(i + j);

            for (u = sums; u-- > 0;) {
                ways[j * sums + u] = first * (u >= j ? ways[j * sums + u - j] : 0) +
                                     (1 - first) * ways[(j - 1) * sums + u];
            }
        }
    }
    return outside(ways + m * sums, sums);
}

void statistics_apart(struct statistics_interval *ret, const double *a, size_t n, const double *b,
                      size_t m)
{
    double *quotients, *ways;
    size_t i, j;

    n = n < STATISTICS_MOST / 4 ? n : STATISTICS_MOST / 4;
    m = m < STATISTICS_MOST / 4 ? m : STATISTICS_MOST / 4;
    memset(ret, 0, sizeof *ret);
    quotients = malloc((n * m + 1) * sizeof *quotients);
    ways = malloc((m + 1) * (n * m + 1) * sizeof *ways);
    for (i = 0; quotients != NULL && i < n; i++) {
        for (j = 0; j < m; j++) {
            quotients[i * m + j] = log(b[j] / a[i]);
        }
    }
    if (quotients != NULL && ways != NULL && n > 0 && m > 0) {
        fill(ret, quotients, n * m, outside_of_orders(n, m, ways));
    }
    free(ways);
    free(quotients);
}
