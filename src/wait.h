/* SPDX-License-Identifier: MIT */
/* wait.h - what endpoint.c needs of the waiting. */
#ifndef SHMRING_SRC_WAIT_H
#define SHMRING_SRC_WAIT_H

#include <shmring/handle.h>

/* shmring_cpu_pause() calls in about 10 ns on this machine, measured once in a process. */
uint32_t shmring_pause_unit(void);

/* Registers this process for membarrier; returns SHMRING_CAP_MEMBARRIER, or SHMRING_CAP_FENCES
 * when it cannot. *ret_can_barrier: whether this process may call it as a waiter. */
uint64_t shmring_barrier_setup(int *ret_can_barrier);

/* Readies our own bell at open: nobody sleeps on it, and it says whether the waker must fence. */
void shmring_bell_reset(shmring_atomic_u64 *bell, int can_barrier);

/* Wakes whoever sleeps on the bell, whatever it waits for; used at close. */
void shmring_bell_ring(shmring_atomic_u64 *bell);

#endif
