/* SPDX-License-Identifier: MIT */
/* waiting.h - what the parts of the waiting share: backoff.c (times and turns), wake.c (the waker,
 * and set-up), wait.c (calls that block), pollable.c (descriptors), wait_any.c (many rings). */
#ifndef SHMRING_SRC_WAIT_WAITING_H
#define SHMRING_SRC_WAIT_WAITING_H

#include <shmring/detail/handle.h>

#include "os/os.h"
#include "segment/segment.h"

#ifndef SHMRING_SLICE_NS /* a stress build has an endless one, so that a lost wake-up hangs */
#define SHMRING_SLICE_NS UINT64_C(90000000) /* a death is told within 100 ms */
#endif
/* The first sleep whose waker has not yet said that it fences: the only one that may miss a
 * wake-up. */
#define SHMRING_UNFENCED_SLICE_NS UINT64_C(1000000)
#define SHMRING_DEFAULT_SPIN_NS   20000u
/* spin_ns of a caller that wants to sleep at once. */
#define SHMRING_SPIN_NONE 1u

/* ---- backoff.c ---- */

/* shmring_cpu_pause() calls in about 10 ns on this machine, measured once in a process. */
uint32_t shmring_pause_unit(void);

/* shmring_ticks_() in a microsecond, measured once in a process and not exact; 0 = there are none.
 */
uint32_t shmring_ticks_a_microsecond(void);

/* The end of a wait of timeout_ns that begins now. */
uint64_t shmring_wait_later(uint64_t now, uint64_t ns);

/* Until when a wait that begins now polls: not at all is now, always is UINT64_MAX. */
uint64_t shmring_wait_poll_end(uint64_t now, uint32_t spin_ns);

/* Until when it polls before it asks for the other side: a death is told also to who polls long. */
uint64_t shmring_wait_poll_slice(uint64_t now, uint64_t poll_end_ns, uint64_t deadline_ns);

/* Gives the processor to whoever else wants it, when that is due. *yield_ns: 0 at first. */
void shmring_wait_give_turn(uint64_t now, uint64_t *yield_ns);

/* How long to sleep, after a sleep of last_ns (0: none) and with what shmring_wait_barrier() says
 * now. A waker that does not fence may have missed our bell with the record that it was publishing
 * as we set it. That record is on its way, so the first sleep is short. Its later publications see
 * the bell; while it is silent, we look ever more seldom. */
uint64_t shmring_wait_next_slice(uint64_t last_ns, uint64_t slice_ns);

/* ---- wake.c ---- */

/* Registers this process for membarrier; returns SHMRING_CAP_MEMBARRIER, or SHMRING_CAP_FENCES
 * when it cannot, or flags (of the options) say that it must not. *ret_can_barrier: whether this
 * process may call it as a waiter. */
uint64_t shmring_barrier_setup(uint32_t flags, int *ret_can_barrier);

/* Readies our own bell at open: nobody waits on it, and it says whether the waker must fence. */
void shmring_bell_reset(shmring_atomic_u64 *bell, int can_barrier);

/* Wakes whoever waits on the bell, asleep or on a descriptor, and whatever it waits for. Safe in
 * signal handlers. waiter: the role whose bell it is. */
void shmring_bell_ring(const struct shmring_attachment *a, shmring_atomic_u64 *bell,
                       enum shmring_role waiter);

/* ---- pollable.c ---- */

/* With a descriptor: `need` bytes, a record, or space are not there. Arms it, and returns EMPTY or
 * FULL, or how the wait would end. quiet: the caller cannot report an end. */
shmring_status shmr_consumer_arm(shmring_consumer *c, uint64_t need, int quiet);
shmring_status shmr_producer_arm(shmring_producer *p, uint64_t need, int quiet);

/* ---- wait.c ---- */

/* One wait, whichever side it is: what differs is in the fields. */
struct shmring_wait {
    shmring_status (*look)(struct shmring_wait *w); /* OK, or what it would answer now */
    void (*relax)(struct shmring_wait *w);
    shmring_status nothing; /* look's answer that means "go on waiting": EMPTY or FULL */
    shmring_producer *p;    /* one of the two */
    shmring_consumer *c;
    uint64_t need; /* bytes wanted; 1 for a record to come */
    int quiet;     /* the caller cannot report an end: it stays to be reported */
    struct shmring_attachment *a;
    shmring_atomic_u64 *bell;        /* ours */
    shmring_atomic_u64 *interrupted; /* the handle's */
    shmring_atomic_u64 *lifecycle;
    struct shmring_role_block *ours;
    const struct shmring_role_block *theirs;
    enum shmring_role their_role;
    uint64_t ignored_epoch;
    shmring_atomic_u64 *stalls, *sleeps;
    uint32_t spin_ns;
    uint32_t expected; /* the bell as we left it; 0 = not set */
    uint64_t slice_ns; /* how long to sleep before looking by ourselves */
    uint64_t deadline_ns;
};

/* Waits until look() finds something, the other side's end, an interrupt, or the timeout. */
shmring_status shmr_wait_until(struct shmring_wait *w, uint64_t timeout_ns);

void shmring_wait_for_data(struct shmring_wait *w, shmring_consumer *c);
void shmring_wait_for_space(struct shmring_wait *w, shmring_producer *p, uint64_t need);

/* Step 1 of edge F: sets a bit of our bell, and says what it waits for. */
void shmring_wait_set_bell(struct shmring_wait *w, uint64_t bit);

/* Step 2 of edge F, after a full barrier of our own: makes the waker's publication visible or its
 * look at the bell late. *ran: 0 at first; one membarrier serves several waits. Returns how long
 * the waiter may sleep before it looks by itself: SHMRING_SLICE_NS or SHMRING_UNFENCED_SLICE_NS.
 */
uint64_t shmring_wait_barrier(const struct shmring_wait *w, int *ran);

/* Is there still somebody to wait for? `nothing` to go on, or how the wait ends. */
shmring_status shmring_wait_ask_peer(struct shmring_wait *w);

/* The handle's ring is corrupt from now on, as every later call says. Safe in signal handlers. */
void shmring_producer_is_cut(void *producer);
void shmring_consumer_is_cut(void *consumer);

/* Whether the consumer was interrupted; takes the interrupt back. */
int shmr_take_interrupt(shmring_consumer *c);

int shmring_wait_is_interrupted(const struct shmring_wait *w);

/* Counts one more; ours is the only writer. */
void shmring_wait_count(shmring_atomic_u64 *counter);

#endif
