/* SPDX-License-Identifier: MIT */
/* actors.h - several processes played by one thread.
 *
 * An actor is one process that uses rings: a producer, a consumer, an observer, a reader of many.
 * It acts by one operation at a time. Inside an operation, before each shared access (see
 * interleave_atomic.h) and at each call of the system (system.c), the others may act, or the actor
 * dies: the kernel's part of its death is played by giving back its mappings and descriptors, and
 * a longjmp leaves the call where it was. Everything follows from one seed.
 */
#ifndef SHMRING_TESTS_INTERLEAVE_ACTORS_H
#define SHMRING_TESTS_INTERLEAVE_ACTORS_H

#include <setjmp.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include <shmring/shmring.h>

#include "os/os.h"

#define ACTORS_MAX 16u

/* What the kernel takes back from a process that dies. */
struct process {
    int fds[32];
    uint32_t fd_count;
    struct shmring_os_map maps[8];
    uint32_t map_count;
    void *handles[8];
    size_t handle_sizes[8];
    uint32_t handle_count;
    void *heap[8];
    uint32_t heap_count;
};

struct actor {
    const char *name;
    void (*act)(struct actor *);  /* one operation */
    void (*died)(struct actor *); /* the process is gone: what is left of its call? */
    void *who;                    /* the actor's own: struct ring, struct watcher, struct reader */
    struct process process;
    jmp_buf out;
    int busy;        /* inside an operation */
    int at_rest;     /* it dies between two calls */
    int in_admin;    /* opening or closing, which waits for others that do */
    uint32_t weight; /* how often it acts */
};

/* How a round goes. */
struct pace {
    uint32_t mean;     /* accesses between two switches, on average */
    uint32_t death_in; /* one switch in so many is a death; 0 = none */
};

extern struct pace pace;
extern uint64_t now_ns; /* the monotonic clock of all actors */
extern uint64_t operations, deaths, switches;

/* ---- chance: everything follows from the seed ---- */

void seed_chance(uint64_t seed);
uint64_t chance64(void);
uint32_t chance(uint32_t n); /* 0 .. n - 1 */
int one_in(uint32_t n);

/* ---- the stage ---- */

void stage_clear(void);
struct actor *stage_add(const char *name, void (*act)(struct actor *), void (*died)(struct actor *),
                        void *who);
struct actor *acting(void);      /* whose operation it is; NULL between operations */
void act_once(void);             /* one operation, of whoever comes */
void let_others_act(uint32_t n); /* up to n operations, from inside one */
void sleep_point(void);          /* asleep: another one acts, or the actor dies */
void system_point(void);         /* a call of the system: others act, or the actor dies */
void shuffle_weights(void);      /* another balance between the actors, another pace */
int somebody_is_in_admin(void);
void die_at_rest(struct actor *a);
void stop_switching(void); /* counted: while it is, nobody else acts and nobody dies */
void go_on_switching(void);

/* ---- process.c: what an actor holds ---- */

void process_end(struct process *p);

/* ---- trace.c: what was done last, and the end ---- */

/* format: of up to four uint64_t, as PRIu64 or PRIx64. */
void trace(const char *format, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
void trace_begin(const char *scenario, uint64_t seed);
noreturn void found_(const char *format, uint64_t a, uint64_t b, uint64_t c);
#define found(format, a, b, c) found_(format, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c))
void trace_catch_signals(void);

#endif
