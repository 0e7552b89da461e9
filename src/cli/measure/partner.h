/* SPDX-License-Identifier: MIT */
/* partner.h - what the commands that measure with a second process share: demo, ping, flood.
 *
 * They run phases. In each, this process (the one that measures) starts the program again as the
 * hidden command partner. That one does the other half until it is told to end or its time has
 * passed. Every message carries its sequence number, and who receives it checks that.
 */
#ifndef SHMRING_SRC_CLI_MEASURE_PARTNER_H
#define SHMRING_SRC_CLI_MEASURE_PARTNER_H

#include <string.h>

#include "command.h"
#include "host/host.h"
#include "measure/samples.h"

#define PAIR_SIZE_MAX  (UINT64_C(16) << 20) /* bytes of the largest message that is measured */
#define PAIR_SLICE_NS  UINT64_C(100000000)  /* a wait looks this often for a stop */
#define PAIR_SECOND_NS UINT64_C(1000000000)
#define PAIR_NAME_SIZE 256

/* Where the two run, and how they wait there. */
struct pair_place {
    int pinned;
    unsigned cpus[2]; /* ours, the partner's */
    uint32_t polls;   /* empty polls before a side sleeps or yields: few where there is one core */
};

#define PAIR_POLLS_ONE_CORE 8u

static inline int pair_apart(const struct pair_place *place)
{
    return place->polls > PAIR_POLLS_ONE_CORE;
}

/* One phase, as both processes see it. */
struct pair_phase {
    const char *name;   /* "stream", ... see cli/measure/partner.c */
    uint32_t size;      /* bytes of a message */
    uint32_t batch;     /* messages published at once; flood only */
    uint64_t budget_ns; /* how long to measure; a tenth of it goes first, to warm up */
    struct pair_place place;
};

struct pair_stream {
    uint64_t messages;       /* all of them, the warm-up's too */
    uint64_t first_ns;       /* when they began */
    int warm;                /* the warm-up is over */
    uint64_t start_ns;       /* when what is measured began */
    uint64_t start_messages; /* and how many there were then */
    uint64_t measured, measured_ns;
};

/* ---- cli/measure/partner.c ---- */

/* Chooses two processors and goes to the first. cpus: what --cpus asked for. ours: which of the two
 * this process takes. Returns 1, or 0 after a sentence. */
int pair_place_choose(struct pair_place *ret, const struct cpu_pair *cpus, int ours);
/* " on cores 0 and 1", or the words for one core. */
const char *pair_place_text(const struct pair_place *place);
/* Adds the keys pinned and, where it is true, cpus. */
void pair_place_json(struct json *j, const struct pair_place *place);

struct pair_partner {
    struct host_child child;
    struct host_link *link;
    struct host_shared *shared;
};

/* Starts the partner of a phase; target says where to: a ring, a link or shared memory. Returns 1,
 * or 0 after a sentence. */
int pair_partner_start(struct pair_partner *partner, const struct pair_phase *phase,
                       const char *target);
/* Ends it, one way or the other. ok: our side of the phase went well. Returns 1 if all went well,
 * else 0 after a sentence; without one when a stop was asked for. */
int pair_partner_end(struct pair_partner *partner, int ok);

/* ---- the partner's side of each phase returns an exit status ---- */

int demo_ring_stream_partner(const struct pair_phase *phase, const char *ring);
int demo_link_stream_partner(const struct pair_phase *phase, const char *link);
int demo_link_trip_partner(const struct pair_phase *phase, const char *link);
int pair_line_partner(const struct pair_phase *phase, const char *shared);
int trip_partner(const struct pair_phase *phase, const char *rings);
int flood_partner(const struct pair_phase *phase, const char *ring);
int pair_jitter_partner(const struct pair_phase *phase, const char *shared);
int ping_run_partner(const struct pair_phase *phase, const char *shared);
int flood_run_partner(const struct pair_phase *phase, const char *shared);

/* ---- cli/measure/cacheline.c: the bare cache line, with the pause that serves it best ---- */

/* Returns 1, or 0 after a sentence; without one when a stop was asked for. */
int pair_line(const struct pair_phase *phase, struct histogram *ret);

/* ---- cli/measure/state.c: what the machine was like ---- */

/* How far apart the two processors are, by what a bare cache line takes there and back. */
enum pair_state { PAIR_NEAR, PAIR_FAR, PAIR_CHANGED, PAIR_ONE_CORE, PAIR_UNKNOWN };
#define PAIR_STATES 5

/* Measures a bare line, in nanoseconds; takes some milliseconds. 0 after a sentence or a stop. */
uint64_t pair_look(const struct pair_place *place);
/* The bare line before and after a run; 0: it was not measured. */
enum pair_state pair_state_of(const struct pair_place *place, uint64_t before_ns,
                              uint64_t after_ns);
const char *pair_state_text(enum pair_state state);
void pair_state_print(enum pair_state state, uint64_t before_ns, uint64_t after_ns);

/* The times between two looks at the clock in an empty loop, on both processors at once: what of a
 * tail is the machine's. Returns 1, or 0 after a sentence; without one when a stop was asked for.
 */
int pair_jitter(const struct pair_place *place, struct histogram *ret);

/* ---- cli/measure/fresh.c ---- */

/* Runs a phase of cli/measure/partner.c in a process of its own, on our processor, and waits for
 * its end without a look at the clock. It has a copy of the state, which has no pointers. Then the
 * state is what the process has made of it. Returns 1 when all went well; else 0, after a sentence
 * or a stop.
 */
int pair_fresh(const char *phase, const struct pair_place *place, void *state, size_t size);
/* There: adopts the state and calls `run`, which returns 1, or 0 after a sentence or a stop.
 * Returns an exit status. */
int pair_fresh_partner(const struct pair_phase *phase, const char *text,
                       int (*run)(void *state, size_t size));

/* ---- for every phase: cli/measure/partner.c, where not in-line ---- */

/* Options of a ring between the two: its capacity holds some messages of the phase. */
shmring_options pair_ring_options(const struct pair_phase *phase);

/* Messages carry as much of their number as fits. The remainder is the size itself where it is
 * used; without it a compiler that does not optimize warns of the larger sizes. */
SHMRING_ALWAYS void pair_number_put(unsigned char *message, uint32_t size, uint64_t number)
{
    if (size >= sizeof number) {
        memcpy(message, &number, sizeof number);
    } else {
        memcpy(message, &number, size % sizeof number);
    }
}

SHMRING_ALWAYS int pair_number_is(const unsigned char *message, uint32_t size, uint64_t number)
{
    uint64_t there = 0, wanted = 0;

    if (size >= sizeof number) {
        memcpy(&there, message, sizeof there);
        return there == number;
    }
    memcpy(&there, message, size % sizeof number);
    memcpy(&wanted, &number, size % sizeof number);
    return there == wanted;
}

/* Holds the messages so far against the clock; call it now and then. */
void pair_stream_clock(struct pair_stream *s, const struct pair_phase *phase, uint64_t messages);
/* Each look is kept there, too: when, and how many messages had come by then. NULL: not kept. */
extern struct samples *pair_samples;
/* Messages per second of what was measured. */
double pair_stream_rate(const struct pair_stream *s);
/* How many messages between two looks at the clock: so many that it does not count. A sender goes
 * on until the reader has looked PAIR_LOOKS_MIN times, however busy the machine is. */
#define PAIR_LOOKS_MIN 4u
uint32_t pair_clock_every(uint32_t size);
/* The message is used now, all of it: keeps the compiler from leaving out copies whose bytes nobody
 * looks at. */
extern unsigned char *pair_message;
static inline void pair_use(unsigned char *message)
{
    pair_message = message;
    shmring_light_barrier();
}
int pair_out_of_order(const char *what, uint64_t number);

/* Shows what is being done, on a terminal; NULL takes it away. */
void pair_tell(const char *what);
/* Which run of how many that is part of; at most one: not told. */
extern uint32_t pair_run, pair_runs;

#endif
