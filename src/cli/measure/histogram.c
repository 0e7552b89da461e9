/* SPDX-License-Identifier: MIT */
/* histogram.c - counts by size: exact below 512, then 256 steps for each power of two. */
#include <string.h>

#include "command.h"

/* Bucket i of octave o holds values of (i + 256) << o: octave 0 also takes those below 256. */
static uint32_t bucket_of(uint64_t value)
{
    uint32_t octave = 0;

    while (value >> octave >= 2 * HISTOGRAM_STEPS) {
        octave++;
    }
    return octave * HISTOGRAM_STEPS + (uint32_t)(value >> octave);
}

uint64_t histogram_top(uint32_t bucket)
{
    uint32_t octave = bucket < 2 * HISTOGRAM_STEPS ? 0 : bucket / HISTOGRAM_STEPS - 1;
    uint64_t step = bucket - octave * HISTOGRAM_STEPS;

    return ((step + 1) << octave) - 1;
}

void histogram_clear(struct histogram *h)
{
    memset(h, 0, sizeof *h);
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->buckets[bucket_of(value)]++;
    h->count++;
    if (value > h->max) {
        h->max = value;
    }
}

void histogram_merge(struct histogram *h, const struct histogram *from)
{
    uint32_t i;

    for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
        h->buckets[i] += from->buckets[i];
    }
    h->count += from->count;
    h->max = from->max > h->max ? from->max : h->max;
}

uint64_t histogram_at(const struct histogram *h, double part)
{
    uint64_t seen = 0, want = (uint64_t)(part * (double)h->count);
    uint32_t i;

    want += (double)want < part * (double)h->count || want == 0 ? 1 : 0;
    for (i = 0; i < HISTOGRAM_BUCKETS && h->count != 0; i++) {
        seen += h->buckets[i];
        if (seen >= want) {
            return histogram_top(i) < h->max ? histogram_top(i) : h->max;
        }
    }
    return h->max;
}
