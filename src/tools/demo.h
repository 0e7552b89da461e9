/* SPDX-License-Identifier: MIT */
/* demo.h - the phases of `shmring demo`: the measuring side returns 1, or 0 after a sentence. */
#ifndef SHMRING_TOOLS_DEMO_H
#define SHMRING_TOOLS_DEMO_H

#include "ring.h"
#include "pair.h"

/* demo_ring.c */
int demo_ring_stream(const struct pair_phase *phase, struct pair_stream *ret);

/* demo_link.c */
int demo_link_stream(const struct pair_phase *phase, enum host_link_kind kind,
                     struct pair_stream *ret);
int demo_link_trip(const struct pair_phase *phase, enum host_link_kind kind, struct histogram *ret);

#endif
