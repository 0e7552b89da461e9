/* SPDX-License-Identifier: MIT */
/* interleave_atomic.h - shmring/detail/atomic.h's names, where other actors may act before each
 * access: see actors.h. */
#ifndef SHMRING_TESTS_INTERLEAVE_ATOMIC_H
#define SHMRING_TESTS_INTERLEAVE_ATOMIC_H

#include <stdint.h>

/* Accesses until the next switch. */
extern int64_t interleave_left;

/* Lets others act, or ends the actor whose access this is. */
void interleave_switch(void);

static inline void interleave_access(void)
{
    if (--interleave_left < 0) {
        interleave_switch();
    }
}

#define shmring_load_relaxed  plain_load_relaxed_
#define shmring_load_acquire  plain_load_acquire_
#define shmring_store_relaxed plain_store_relaxed_
#define shmring_store_release plain_store_release_
#define shmring_fetch_or      plain_fetch_or_
#define shmring_fetch_and     plain_fetch_and_
#include "../sanitize/planted_atomic.h"
#undef shmring_load_relaxed
#undef shmring_load_acquire
#undef shmring_store_relaxed
#undef shmring_store_release
#undef shmring_fetch_or
#undef shmring_fetch_and

SHMRING_ALWAYS uint64_t shmring_load_relaxed(const shmring_atomic_u64 *p)
{
    interleave_access();
    return plain_load_relaxed_(p);
}

SHMRING_ALWAYS uint64_t shmring_load_acquire(const shmring_atomic_u64 *p)
{
    interleave_access();
    return plain_load_acquire_(p);
}

SHMRING_ALWAYS void shmring_store_relaxed(shmring_atomic_u64 *p, uint64_t v)
{
    interleave_access();
    plain_store_relaxed_(p, v);
}

SHMRING_ALWAYS void shmring_store_release(shmring_atomic_u64 *p, uint64_t v)
{
    interleave_access();
    plain_store_release_(p, v);
}

SHMRING_ALWAYS uint64_t shmring_fetch_or(shmring_atomic_u64 *p, uint64_t v)
{
    interleave_access();
    return plain_fetch_or_(p, v);
}

SHMRING_ALWAYS uint64_t shmring_fetch_and(shmring_atomic_u64 *p, uint64_t v)
{
    interleave_access();
    return plain_fetch_and_(p, v);
}

#endif
