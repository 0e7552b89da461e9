/* SPDX-License-Identifier: MIT */
/* meddle_atomic.h - shmring/detail/atomic.h's names, where each load tells meddle_loaded() first
 * what it found: a peer that changes shared memory right behind our back. */
#ifndef SHMRING_TESTS_MEDDLE_ATOMIC_H
#define SHMRING_TESTS_MEDDLE_ATOMIC_H

#include <stdint.h>

/* Called after each atomic load, with the word's address; returns `value`. */
uint64_t meddle_loaded(const void *word, uint64_t value);

#define shmring_load_relaxed plain_load_relaxed_
#define shmring_load_acquire plain_load_acquire_
#define shmring_fetch_or     plain_fetch_or_
#define shmring_fetch_and    plain_fetch_and_
#include "../sanitize/planted_atomic.h"
#undef shmring_load_relaxed
#undef shmring_load_acquire
#undef shmring_fetch_or
#undef shmring_fetch_and

SHMRING_ALWAYS uint64_t shmring_load_relaxed(const shmring_atomic_u64 *p)
{
    return meddle_loaded(p, plain_load_relaxed_(p));
}

SHMRING_ALWAYS uint64_t shmring_load_acquire(const shmring_atomic_u64 *p)
{
    return meddle_loaded(p, plain_load_acquire_(p));
}

SHMRING_ALWAYS uint64_t shmring_fetch_or(shmring_atomic_u64 *p, uint64_t v)
{
    return meddle_loaded(p, plain_fetch_or_(p, v));
}

SHMRING_ALWAYS uint64_t shmring_fetch_and(shmring_atomic_u64 *p, uint64_t v)
{
    return meddle_loaded(p, plain_fetch_and_(p, v));
}

#endif
