/* SPDX-License-Identifier: MIT */
/* stress.h - one run of a producer and a consumer in two processes: what it is like, and what came
 * of it. stress_produce.c and stress_consume.c are the two sides. */
#ifndef SHMRING_TESTS_STRESS_H
#define SHMRING_TESTS_STRESS_H

#include <shmring/shmring.h>

#define STRESS_BATCH_MAX 40u

enum stress_waiting {
    STRESS_POLL,  /* try and relax */
    STRESS_BLOCK, /* calls that wait */
    STRESS_LOSSY  /* the producer never waits: what does not fit is dropped */
};

enum stress_ways {
    STRESS_FLAT, /* 16 bytes, copied, as fast as it goes */
    STRESS_MIXED /* random lengths; copied, in place, and in batches */
};

/* Written by each side, compared by the parent when both are done. */
struct stress_outcome {
    uint64_t sent, received; /* records, or bytes of a byte ring */
    uint64_t rejected;       /* as the ring counts them */
    uint64_t dropped;        /* as the producer's caller counts them */
    uint64_t lost, gaps;     /* as the consumer sees them */
    uint64_t producer_sleeps, consumer_sleeps;
};

struct stress {
    const char *what;
    uint32_t framing;
    enum stress_ways ways;
    enum stress_waiting waiting;
    uint32_t spin_ns;
    uint32_t pause_us; /* now and then both sides rest for up to this long; 0 = never */
    uint64_t capacity;
    uint32_t max_record;
    uint32_t stamp;
    uint64_t start_position;
    uint64_t count;                       /* records, or bytes */
    int refuse_producer, refuse_consumer; /* errno of that side's membarrier; 0 = it works */
    char ring[64];
    struct stress_outcome *outcome;
};

/* The two bodies, for process_start(): 0 when all is well, else a sentence is on stderr. */
int stress_produce(void *stress);
int stress_consume(void *stress);

/* Used by both. */
void stress_options(const struct stress *s, shmring_options *opt);
void stress_rest(const struct stress *s, uint64_t *random);
int stress_prepare(int refuse_errno);

#endif
