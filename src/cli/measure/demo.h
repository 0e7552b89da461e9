/* SPDX-License-Identifier: MIT */
/* demo.h - the phases of `shmring demo`: the measuring side returns 1, or 0 after a sentence. */
#ifndef SHMRING_SRC_CLI_MEASURE_DEMO_H
#define SHMRING_SRC_CLI_MEASURE_DEMO_H

#include "text/ring_name.h"
#include "measure/partner.h"

/* demo_ring.c */
int demo_ring_stream(const struct pair_phase *phase, struct pair_stream *ret);

/* cli/measure/demo_pipe.c */
int demo_link_stream(const struct pair_phase *phase, enum host_link_kind kind,
                     struct pair_stream *ret);
int demo_link_trip(const struct pair_phase *phase, enum host_link_kind kind, struct histogram *ret);

#endif
