/* SPDX-License-Identifier: MIT */
/* step_life.h - what step_life_test.c steps through: one event in the life of a ring, what is there
 * before it, and what must hold after a process was killed in the middle of it. Each runs in a
 * process of its own, which a failed check ends. */
#ifndef SHMRING_TESTS_STEP_LIFE_H
#define SHMRING_TESTS_STEP_LIFE_H

#include "../support/must.h"
#include "step_ring.h"

struct life_event {
    const char *name;
    void (*before)(struct run *run); /* in the test's process */
    int (*body)(void *run);          /* in the child, with the two marks */
    void (*after)(struct run *run);  /* the child is dead */
};

extern const struct life_event life_events[]; /* step_life.c: opens, closes, removals */
extern const uint32_t life_event_count;
extern const struct life_event wake_events[]; /* step_wake.c: sleeps and wakes */
extern const uint32_t wake_event_count;

/* The accounts of a ring that nobody has open: the name is free or leads to a whole and dead ring,
 * nothing lies beside it, and the next two get a ring of their own, with nothing of the old one in
 * it. NULL, or what is wrong. */
const char *life_fresh(const struct run *run);

/* How many files bear this name, in whatever way: the ring's own, and leavings. */
uint32_t life_count_files(const char *name);

/* A ring with the old records, and both sides of it here, or one. */
void life_before_pair(struct run *run);
void life_before_producer(struct run *run);
void life_before_consumer(struct run *run);
/* Closes both; the name must be gone. */
void life_close_pair(struct run *run);

HELPER void put(shmring_producer *p, uint64_t seq)
{
    unsigned char buf[LEN];

    pattern_fill(buf, LEN, seq);
    MUST(shmring_try_send(p, buf, LEN, 1) == SHMRING_OK);
}

HELPER uint64_t take(shmring_consumer *c)
{
    unsigned char buf[LEN];
    uint64_t seq;

    if (shmring_try_recv(c, buf, LEN, NULL) != SHMRING_OK) {
        return NONE;
    }
    memcpy(&seq, buf, 8);
    MUST(pattern_matches(buf, LEN, seq));
    return seq;
}

/* Everything from `from` to the marker, in order; returns how many came before the marker. */
HELPER uint64_t take_to_marker(shmring_consumer *c, uint64_t from)
{
    uint64_t seq, want = from;

    while ((seq = take(c)) != MARKER) {
        MUST(seq == want);
        want++;
    }
    MUST(take(c) == NONE);
    return want - from;
}

#endif
