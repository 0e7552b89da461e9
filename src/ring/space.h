/* SPDX-License-Identifier: MIT */
/* space.h - how the producer finds space behind tail, what a refusal leaves, and what it says
 * before it overwrites. Off the hot path, which knows how far it may go. */
#ifndef SHMRING_SRC_RING_SPACE_H
#define SHMRING_SRC_RING_SPACE_H

#include <shmring/detail/handle.h>

/* ---- space.c ---- */

/* The answer is FULL: counts it, and makes a GAP due. Returns SHMRING_FULL. */
shmring_status shmr_count_full(shmring_producer *p);

/* Loads the consumer's position until `need` bytes fit behind tail, or it is known exactly. OK, or
 * E_CORRUPT when it cannot be true. Edge A-D: pairs with the release in shmring_advance_(). */
shmring_status shmr_reload_head(shmring_producer *p, uint64_t need);

/* Raises `limit` until `need` bytes fit behind tail, if that can be. OK, FULL, or E_CORRUPT. */
shmring_status shmr_raise_limit(shmring_producer *p, uint64_t need);

/* Keeps the most bytes in use, as seen now. */
void shmr_note_high_water(shmring_producer *p);

/* ---- evict.c ---- */

/* Remembers that a record begins at tail, or where the open batch does. */
void shmr_evict_note_point(shmring_producer *p);

/* Stores evict and the count of records that belongs to it. Edge G. */
void shmr_evict_publish(shmring_producer *p, uint64_t evict, uint64_t count);

/* Raises evict until `space` bytes behind tail may be written: to the oldest point that is enough,
 * or to `most`, which is enough and where a record begins. */
void shmr_evict_for(shmring_producer *p, uint64_t most, uint64_t space);

/* ---- recover.c ---- */

/* For a producer that took over an overwrite ring. Raises evict over the records that earlier
 * producers left there, by reading them, until *ret_space bytes behind tail may be written or no
 * more are there. *ret_space is lowered to a part that is read in a moment, never below need. OK,
 * or E_CORRUPT when a word cannot be true. */
shmring_status shmr_walk_evict(shmring_producer *p, uint64_t need, uint64_t *ret_space);

#endif
