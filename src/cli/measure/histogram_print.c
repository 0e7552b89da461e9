/* SPDX-License-Identifier: MIT */
/* histogram_print.c - a histogram as bars in a terminal, and as HdrHistogram's percentile text. */
#include <inttypes.h>
#include <math.h>

#include "command.h"

#define BARS       12u
#define BAR_HALVES 80u /* the longest bar, in half characters */

/* ---- bars ---- */

static void print_bar(FILE *to, uint64_t count, uint64_t most, int utf8)
{
    uint64_t halves = (uint64_t)((double)count * BAR_HALVES / (double)most + 0.5);

    if (halves == 0 && count != 0) {
        halves = 1; /* a few are not none */
    }
    for (; halves >= 2; halves -= 2) {
        fputs(utf8 ? "\xE2\x96\x88" : "#", to); /* U+2588, a full block */
    }
    if (halves != 0) {
        fputs(utf8 ? "\xE2\x96\x8C" : ":", to); /* U+258C, its left half */
    }
}

/* The bucket of the value that `part` of all do not exceed. */
static uint32_t bucket_at(const struct histogram *h, double part)
{
    uint64_t value = histogram_at(h, part);
    uint32_t i = 0;

    while (i + 1 < HISTOGRAM_BUCKETS && histogram_top(i) < value) {
        i++;
    }
    return i;
}

static uint64_t count_in(const struct histogram *h, uint32_t from, uint32_t to)
{
    uint64_t count = 0;

    for (; from < to; from++) {
        count += h->buckets[from];
    }
    return count;
}

void histogram_bars(const struct histogram *h, FILE *to, int utf8)
{
    /* The few below p0.1 are in the first bar. */
    const uint32_t first = bucket_at(h, 0.001), last = bucket_at(h, 0.99);
    const uint32_t step = (last - first) / BARS + 1;
    char top[FIGURE_SIZE];
    uint64_t most = 1, count, seen = 0;
    uint32_t from;

    for (from = first; from <= last; from += step) {
        count = count_in(h, from == first ? 0 : from, from + step);
        most = count > most ? count : most;
    }
    for (from = first; from <= last; from += step) {
        count = count_in(h, from == first ? 0 : from, from + step);
        seen += count;
        fprintf(to, "%s %10s %6.2f%%  ", utf8 ? "\xE2\x89\xA4" : "<=", /* U+2264 */
                figure_ns(top, histogram_top(from + step - 1)),
                100.0 * (double)count / (double)h->count);
        print_bar(to, count, most, utf8);
        fputc('\n', to);
    }
    if (seen < h->count) {
        fprintf(to, "%s %10s %6.2f%%  ", utf8 ? "\xE2\x89\xA4" : "<=", figure_ns(top, h->max),
                100.0 * (double)(h->count - seen) / (double)h->count);
        print_bar(to, h->count - seen, most > h->count - seen ? most : h->count - seen, utf8);
        fputc('\n', to);
    }
}

/* ---- HdrHistogram's percentile text ---- */

#define TICKS_PER_HALF 5.0

/* The next level: five steps for each halving of what is left above. */
static double next_level(double level)
{
    double ticks = TICKS_PER_HALF * 2, left = 1;

    while (left / 2 >= 1 - level && left > 1e-15) {
        left /= 2;
        ticks *= 2;
    }
    return level + 1 / ticks;
}

static void print_footer(const struct histogram *h, FILE *to)
{
    double sum = 0, squares = 0, middle, mean;
    uint32_t i;

    for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
        middle = ((double)histogram_top(i) + (i > 0 ? (double)histogram_top(i - 1) + 1 : 0)) / 2;
        sum += middle * (double)h->buckets[i];
    }
    mean = h->count != 0 ? sum / (double)h->count : 0;
    for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
        middle = ((double)histogram_top(i) + (i > 0 ? (double)histogram_top(i - 1) + 1 : 0)) / 2;
        squares += (middle - mean) * (middle - mean) * (double)h->buckets[i];
    }
    fprintf(to, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean,
            h->count != 0 ? sqrt(squares / (double)h->count) : 0);
    fprintf(to, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n", (double)h->max, h->count);
    fprintf(to, "#[Buckets = %12u, SubBuckets     = %12u]\n", HISTOGRAM_BUCKETS / HISTOGRAM_STEPS,
            HISTOGRAM_STEPS);
}

void histogram_percentiles(const struct histogram *h, FILE *to)
{
    uint64_t seen = 0, top;
    double level = 0;
    uint32_t i;

    fprintf(to, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    for (i = 0; i < HISTOGRAM_BUCKETS && seen < h->count; i++) {
        seen += h->buckets[i];
        top = histogram_top(i) < h->max ? histogram_top(i) : h->max;
        while (h->buckets[i] != 0 && level < 1 && (double)seen >= level * (double)h->count) {
            fprintf(to, "%12.3f %2.12f %10" PRIu64 " %14.2f\n", (double)top, level, seen,
                    1 / (1 - level));
            level = next_level(level);
            if (seen == h->count) {
                break;
            }
        }
    }
    if (h->count != 0) {
        fprintf(to, "%12.3f %2.12f %10" PRIu64 "\n", (double)h->max, 1.0, h->count);
    }
    print_footer(h, to);
}
