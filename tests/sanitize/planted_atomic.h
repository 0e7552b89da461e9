/* SPDX-License-Identifier: MIT */
/* planted_atomic.h - shmring/detail/atomic.h's names with one ordering taken away, for the test of
 * the test: PLANT_RELAXED_RELEASE or PLANT_RELAXED_ACQUIRE. */
#ifndef SHMRING_TESTS_PLANTED_ATOMIC_H
#define SHMRING_TESTS_PLANTED_ATOMIC_H

#include <stdatomic.h>

typedef _Atomic(uint64_t) shmring_atomic_u64;

#if defined(PLANT_RELAXED_RELEASE)
#define PLANT_RELEASE memory_order_relaxed
#else
#define PLANT_RELEASE memory_order_release
#endif
#if defined(PLANT_RELAXED_ACQUIRE)
#define PLANT_ACQUIRE memory_order_relaxed
#else
#define PLANT_ACQUIRE memory_order_acquire
#endif

SHMRING_ALWAYS uint64_t shmring_load_relaxed(const shmring_atomic_u64 *p)
{
    return atomic_load_explicit(p, memory_order_relaxed);
}

SHMRING_ALWAYS uint64_t shmring_load_acquire(const shmring_atomic_u64 *p)
{
    return atomic_load_explicit(p, PLANT_ACQUIRE);
}

SHMRING_ALWAYS void shmring_store_relaxed(shmring_atomic_u64 *p, uint64_t v)
{
    atomic_store_explicit(p, v, memory_order_relaxed);
}

SHMRING_ALWAYS void shmring_store_release(shmring_atomic_u64 *p, uint64_t v)
{
    atomic_store_explicit(p, v, PLANT_RELEASE);
}

SHMRING_ALWAYS uint64_t shmring_fetch_or(shmring_atomic_u64 *p, uint64_t v)
{
    return atomic_fetch_or_explicit(p, v, memory_order_seq_cst);
}

SHMRING_ALWAYS uint64_t shmring_fetch_and(shmring_atomic_u64 *p, uint64_t v)
{
    return atomic_fetch_and_explicit(p, v, memory_order_seq_cst);
}

SHMRING_ALWAYS void shmring_full_barrier(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

SHMRING_ALWAYS void shmring_light_barrier(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

SHMRING_ALWAYS void shmring_store_barrier(void)
{
    atomic_thread_fence(memory_order_release);
}

SHMRING_ALWAYS void shmring_load_barrier(void)
{
    atomic_thread_fence(memory_order_acquire);
}

SHMRING_ALWAYS shmring_atomic_u64 *shmring_word_at(unsigned char *at)
{
    return (shmring_atomic_u64 *)(void *)at;
}

SHMRING_ALWAYS const shmring_atomic_u64 *shmring_word_at_const(const unsigned char *at)
{
    return (const shmring_atomic_u64 *)(const void *)at;
}

#endif
