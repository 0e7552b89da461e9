/* SPDX-License-Identifier: MIT */
/* relacy_atomic.h - shmring/detail/atomic.h's names over Relacy's atomics: the seam by which the
 * real headers are run through a model checker of the C++11 memory model. relacy_ring.cc uses it.
 *
 * Relacy's atomics are large objects, and the layout wants eight bytes: so a shared word is eight
 * bytes whose address leads to an atomic of Relacy's. A place in DATA is now a word, now payload,
 * and what is stale for one is stale for the other: payload is a plain variable to Relacy, whose
 * races it reports, and each write of it is put into the word of that place too.
 */
#ifndef SHMRING_TESTS_RELACY_ATOMIC_H
#define SHMRING_TESTS_RELACY_ATOMIC_H

#include <stdint.h>
#include <string.h>

#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef malloc
#undef free
#undef assert

struct shmring_atomic_u64 {
    uint64_t unused SHMRING_ALIGNED(8);
};

struct model {
    static int light_is_full; /* membarrier can be had: the two barriers pair as fences do */
    static int no_barriers;   /* in a run that must fail */
    static rl::atomic<uint64_t> &word(const void *at);
};

static inline uint64_t shmring_load_relaxed(const shmring_atomic_u64 *p)
{
    return model::word(p).load(rl::mo_relaxed, RL_INFO);
}

/* keeps: whether the order that the place asks for is given. */
static inline uint64_t shmring_load_acquire_at(const shmring_atomic_u64 *p, int keeps)
{
    return model::word(p).load(keeps ? rl::mo_acquire : rl::mo_relaxed, RL_INFO);
}

static inline void shmring_store_relaxed(shmring_atomic_u64 *p, uint64_t v)
{
    model::word(p).store(v, rl::mo_relaxed, RL_INFO);
}

static inline void shmring_store_release_at(shmring_atomic_u64 *p, uint64_t v, int keeps)
{
    model::word(p).store(v, keeps ? rl::mo_release : rl::mo_relaxed, RL_INFO);
}

static inline uint64_t shmring_fetch_or(shmring_atomic_u64 *p, uint64_t v)
{
    return model::word(p).fetch_or(v, rl::mo_seq_cst, RL_INFO);
}

static inline uint64_t shmring_fetch_and(shmring_atomic_u64 *p, uint64_t v)
{
    return model::word(p).fetch_and(v, rl::mo_seq_cst, RL_INFO);
}

static inline void shmring_full_barrier_at(int keeps)
{
    if (keeps && !model::no_barriers) {
        rl::atomic_thread_fence(rl::mo_seq_cst, RL_INFO);
    }
}

static inline void shmring_light_barrier_at(int keeps)
{
    shmring_full_barrier_at(keeps && model::light_is_full);
}

static inline void shmring_store_barrier_at(int keeps)
{
    if (keeps) {
        rl::atomic_thread_fence(rl::mo_release, RL_INFO);
    }
}

static inline void shmring_load_barrier_at(int keeps)
{
    if (keeps) {
        rl::atomic_thread_fence(rl::mo_acquire, RL_INFO);
    }
}

static inline shmring_atomic_u64 *shmring_word_at(unsigned char *at)
{
    return (shmring_atomic_u64 *)(void *)at;
}

static inline const shmring_atomic_u64 *shmring_word_at_const(const unsigned char *at)
{
    return (const shmring_atomic_u64 *)(const void *)at;
}

#include "relacy_sites.hh"

/* copy.h's place is taken: every payload of the model is whole words. */
#define SHMRING_DETAIL_COPY_H
#define SHMRING_COPY_MOVES_TO 256u
void shmring_copy_(void *to, const void *from, size_t n, uint32_t);
static inline void shmring_copy_any_(void *to, const void *from, size_t n, uint32_t by_string)
{
    shmring_copy_(to, from, n, by_string);
}
#define SHMRING_FIRST_LINE 56u
static inline int shmring_is_wide_(size_t, uint32_t)
{
    return 0;
}
static inline void shmring_copy_in_wide_(void *, const void *, size_t, uint32_t)
{
}

#define SHMRING_CALL_(op)    rl::atomic_##op
#define SHMRING_ORDER_(name) rl::mo_##name

#endif
