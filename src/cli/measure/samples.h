/* SPDX-License-Identifier: MIT */
/* samples.h - single measurements, as they came: a few million of them, and the worst of each slice
 * of time for all of them. */
#ifndef SHMRING_SRC_CLI_MEASURE_SAMPLES_H
#define SHMRING_SRC_CLI_MEASURE_SAMPLES_H

#include "command.h"

#define SAMPLES_MOST (UINT64_C(1) << 21) /* that are kept of each run */

struct sample {
    uint64_t at_ns, took_ns; /* since the start of the run */
};

struct samples {
    struct sample *at; /* room of them; another one in each process */
    uint64_t room, kept, dropped;
};

static inline void samples_add(struct samples *s, uint64_t at_ns, uint64_t took_ns)
{
    if (s->kept < s->room) {
        s->at[s->kept++] = (struct sample){at_ns, took_ns};
    } else {
        s->dropped++;
    }
}

/* Faults the memory in, so that no measurement waits for it. */
void samples_prepare(struct samples *s);

/* Appends a run to a file of samples; docs/measuring.md has the format. run: from 1. began_ns:
 * since the epoch. */
void samples_write(FILE *to, const struct samples *s, uint32_t run, uint64_t began_ns);

/* ---- the worst of each slice of time: as long as the slices need to be ---- */

#define SERIES_SLOTS    256u
#define SERIES_SLICE_NS UINT64_C(1000000) /* at first; doubled when the slots are full */

struct series {
    uint64_t slice_ns, end_ns; /* end_ns: of the slot that is filled now */
    uint32_t slot;
    uint64_t most[SERIES_SLOTS];
};

void series_clear(struct series *s);
/* Goes on to the slot of that time. */
void series_move(struct series *s, uint64_t at_ns);

static inline void series_add(struct series *s, uint64_t at_ns, uint64_t value)
{
    if (at_ns >= s->end_ns) {
        series_move(s, at_ns);
    }
    if (value > s->most[s->slot]) {
        s->most[s->slot] = value;
    }
}

#endif
