/* SPDX-License-Identifier: MIT */
/* clock.h - the clocks of stamped rings: made by the creator, checked and used by whoever opens. */
#ifndef SHMRING_SRC_RING_CLOCK_H
#define SHMRING_SRC_RING_CLOCK_H

#include <shmring/recv.h>

#include "os/name.h"

/* Whether this process can read a counter that runs evenly, and alike on all cores. OK;
 * E_UNSUPPORTED with a sentence. */
shmring_status shmring_ticks_check(const struct shmring_name *name);

/* Measures the counter beside the monotonic clock, for a new ring with TSC stamps; takes some ten
 * milliseconds. Other rings get zeros. OK, E_UNSUPPORTED. */
shmring_status shmring_stamp_calibrate(const struct shmring_name *name,
                                       struct shmring_geometry_page *g);

/* Whether what a geometry says of its stamps can be true. */
int shmring_stamp_is_sound(const struct shmring_geometry_page *g);

/* For a ring with TSC stamps whose geometry is sound. */
void shmring_tick_scale_make(struct shmring_tick_scale *ret, const struct shmring_geometry_page *g);

/* The consumer is shown records with stamps as the ring has them: turns these into nanoseconds, and
 * counts the latency of those that it was not shown before. n: at least 1. */
void shmring_take_stamps(shmring_consumer *c, shmring_record *records, uint32_t n);

/* A stamp as the ring has it, in nanoseconds; any value gives some time. */
uint64_t shmring_stamp_ns(const struct shmring_tick_scale *scale, uint32_t kind, uint64_t stamp);

#endif
