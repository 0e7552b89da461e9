/* SPDX-License-Identifier: MIT */
/* atomic.h - the only file that spells a memory order.
 *
 * Every word that two processes share is a 64-bit atomic. Here each access has its order in its
 * name, so that a call site reads as the argument does in docs/memory-order.md. C uses
 * <stdatomic.h>, C++ uses <atomic>; a model checker brings its own types by defining
 * SHMRING_ATOMIC_SEAM as a header that declares the same names.
 */
#ifndef SHMRING_DETAIL_ATOMIC_H
#define SHMRING_DETAIL_ATOMIC_H

#include <stdint.h>

#include <shmring/detail/compiler.h>

SHMRING_BEGIN_INLINE

#if defined(SHMRING_ATOMIC_SEAM)

#include SHMRING_ATOMIC_SEAM

#else

#if defined(__cplusplus)

#include <atomic>

typedef std::atomic<uint64_t> shmring_atomic_u64;
#define SHMRING_ORDER_(name) std::memory_order_##name
#define SHMRING_CALL_(op)    std::atomic_##op

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free across processes");

#else

#include <stdatomic.h>

typedef _Atomic(uint64_t) shmring_atomic_u64;
#define SHMRING_ORDER_(name) memory_order_##name
#define SHMRING_CALL_(op)    atomic_##op

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free across processes");

#endif

/* Eight aligned also where uint64_t is not (i386). */
SHMRING_STATIC_ASSERT(sizeof(shmring_atomic_u64) == 8, "a shared word is eight bytes");
SHMRING_STATIC_ASSERT(SHMRING_ALIGNOF(shmring_atomic_u64) == 8, "a shared word is eight aligned");

/* No order: our own word, or a value that only starts a check that orders itself. */
SHMRING_ALWAYS uint64_t shmring_load_relaxed(const shmring_atomic_u64 *p)
{
    return SHMRING_CALL_(load_explicit)(p, SHMRING_ORDER_(relaxed));
}

/* All that the writer did before its store_release of this value is seen after it. */
SHMRING_ALWAYS uint64_t shmring_load_acquire(const shmring_atomic_u64 *p)
{
    return SHMRING_CALL_(load_explicit)(p, SHMRING_ORDER_(acquire));
}

SHMRING_ALWAYS void shmring_store_relaxed(shmring_atomic_u64 *p, uint64_t v)
{
    SHMRING_CALL_(store_explicit)(p, v, SHMRING_ORDER_(relaxed));
}

/* Everything before it, loads and stores, is done before v can be seen. */
SHMRING_ALWAYS void shmring_store_release(shmring_atomic_u64 *p, uint64_t v)
{
    SHMRING_CALL_(store_explicit)(p, v, SHMRING_ORDER_(release));
}

/* The bells only: set and clear bits that both sides write. */
SHMRING_ALWAYS uint64_t shmring_fetch_or(shmring_atomic_u64 *p, uint64_t v)
{
    return SHMRING_CALL_(fetch_or_explicit)(p, v, SHMRING_ORDER_(seq_cst));
}

SHMRING_ALWAYS uint64_t shmring_fetch_and(shmring_atomic_u64 *p, uint64_t v)
{
    return SHMRING_CALL_(fetch_and_explicit)(p, v, SHMRING_ORDER_(seq_cst));
}

/* Full barrier, edge F only: a store before it is visible before a load after it is made. The
 * waiter always pays it; the waker only where membarrier cannot stand in. */
SHMRING_ALWAYS void shmring_full_barrier(void)
{
    SHMRING_CALL_(thread_fence)(SHMRING_ORDER_(seq_cst));
}

/* The waker's half of edge F where the waiter calls membarrier. It keeps the compiler from moving
 * the bell's load above the publication; the waiter's barrier keeps the processor from it. */
SHMRING_ALWAYS void shmring_light_barrier(void)
{
    SHMRING_CALL_(signal_fence)(SHMRING_ORDER_(seq_cst));
}

/* Edge G only: stores before it are seen before stores after it, for readers that validate after
 * copying. Free on x86. */
SHMRING_ALWAYS void shmring_store_barrier(void)
{
    SHMRING_CALL_(thread_fence)(SHMRING_ORDER_(release));
}

/* Edge G only, the reader's half: loads before it are made before loads after it. Free on x86. */
SHMRING_ALWAYS void shmring_load_barrier(void)
{
    SHMRING_CALL_(thread_fence)(SHMRING_ORDER_(acquire));
}

/* A word inside the data region: eight aligned, written and read by both sides. */
SHMRING_ALWAYS shmring_atomic_u64 *shmring_word_at(unsigned char *at)
{
    return (shmring_atomic_u64 *)(void *)at;
}

SHMRING_ALWAYS const shmring_atomic_u64 *shmring_word_at_const(const unsigned char *at)
{
    return (const shmring_atomic_u64 *)(const void *)at;
}

#endif /* SHMRING_ATOMIC_SEAM */

/* One hint to the processor that this is a polling loop; some ns, by processor. */
SHMRING_ALWAYS void shmring_cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory"); /* "yield" does nothing on most cores */
#elif defined(__arm__)
    __asm__ __volatile__("yield" ::: "memory");
#else
    shmring_light_barrier(); /* no such hint: only a loop that the compiler leaves alone */
#endif
}

SHMRING_END_INLINE

#endif
