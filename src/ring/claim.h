/* SPDX-License-Identifier: MIT */
/* claim.h - lines ahead of tail that the producer takes in bulk, where the consumer is far. */
#ifndef SHMRING_SRC_RING_CLAIM_H
#define SHMRING_SRC_RING_CLAIM_H

#include <shmring/detail/handle.h>

/* Decides whether this producer may claim at all. ticks_a_microsecond: of shmring_ticks_(), or 0
 * where there are none. */
void shmr_claim_init(shmring_producer *p, uint32_t ticks_a_microsecond);

/* The consumer is far when so many more of the last loads were slow than quick. An interrupt makes
 * one load slow, and a line that was not written since makes one quick. */
#define SHMRING_FAR_FROM 4u
#define SHMRING_FAR_MOST 8u

/* Loads a position of the consumer's, and notes how long its line took. Edge A: as the load was
 * before it was timed. In-line, for the compilers' code is looked at (tests/cross/edges.py). */
SHMRING_ALWAYS uint64_t shmr_claim_timed_load(shmring_producer *p,
                                              const shmring_atomic_u64 *position)
{
    const uint64_t start = p->far_ticks != 0 ? shmring_ticks_behind_loads_() : 0;
    const uint64_t value = shmring_load_acquire(position);

    if (p->far_ticks != 0) {
        if (shmring_ticks_behind_loads_() - start > p->far_ticks) {
            p->far_loads += p->far_loads < SHMRING_FAR_MOST;
        } else {
            p->far_loads -= p->far_loads > 0;
        }
    }
    return value;
}

/* Decides whether to claim now, and how much of `space` behind tail `limit` is raised by: a
 * claim's, while the producer claims. Never below need where there is as much. */
uint64_t shmr_claim_most(shmring_producer *p, uint64_t need, uint64_t space);

/* Claims what `limit` has freed, as far as it is not claimed. */
void shmr_claim(shmring_producer *p);

#endif
