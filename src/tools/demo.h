/* SPDX-License-Identifier: MIT */
/* demo.h - what the parts of `shmring demo` share.
 *
 * The demo runs phases. In each, this process (the one that measures) starts the program again as
 * the hidden command demo-partner; the partner sends, or sends back, until its time has passed.
 * Every message starts with its sequence number, and the measuring side checks each.
 */
#ifndef SHMRING_TOOLS_DEMO_H
#define SHMRING_TOOLS_DEMO_H

#include <string.h>

#include "cli.h"
#include "host.h"

#define DEMO_SIZE_MAX (UINT64_C(16) << 20)

/* One phase, as both processes see it. */
struct demo_phase {
    const char *name;   /* "stream", ... see demo_partner.c */
    uint32_t size;      /* bytes of a message */
    uint64_t budget_ns; /* how long to measure; a tenth of it goes first, to warm up */
    uint32_t polls; /* empty polls before a side sleeps or yields: few where there is one core */
    int pinned;
    unsigned cpus[2]; /* ours, the partner's */
};

struct demo_stream {
    uint64_t messages;       /* all of them, the warm-up's too */
    uint64_t first_ns;       /* when they began */
    int warm;                /* the warm-up is over */
    uint64_t start_ns;       /* when what is measured began */
    uint64_t start_messages; /* and how many there were then */
    uint64_t measured, measured_ns;
};

/* ---- demo_partner.c ---- */

struct demo_partner {
    struct host_child child;
    struct host_link *link;
    struct host_shared *shared;
};

/* Starts the partner of a phase; target says where to: a ring, a link or shared memory. Returns 1,
 * or 0 after a sentence. */
int demo_partner_start(struct demo_partner *partner, const struct demo_phase *phase,
                       const char *target);
/* Ends it, one way or the other. ok: our side of the phase went well. Returns 1 if all went well,
 * else 0 after a sentence. */
int demo_partner_end(struct demo_partner *partner, int ok);

/* ---- the phases: the measuring side returns 1, or 0 after a sentence; the partner's side returns
 * an exit status ---- */

/* demo_ring.c */
int demo_ring_stream(const struct demo_phase *phase, struct demo_stream *ret);
int demo_ring_stream_partner(const struct demo_phase *phase, const char *ring);
int demo_ring_trip(const struct demo_phase *phase, struct histogram *ret);
int demo_ring_trip_partner(const struct demo_phase *phase, const char *rings);

/* demo_link.c */
int demo_link_stream(const struct demo_phase *phase, enum host_link_kind kind,
                     struct demo_stream *ret);
int demo_link_stream_partner(const struct demo_phase *phase, const char *link);
int demo_link_trip(const struct demo_phase *phase, enum host_link_kind kind, struct histogram *ret);
int demo_link_trip_partner(const struct demo_phase *phase, const char *link);

/* demo_line.c: the bare cache line, with the pause that serves it best */
int demo_line(const struct demo_phase *phase, struct histogram *ret);
int demo_line_partner(const struct demo_phase *phase, const char *shared);

/* ---- for every phase: demo_partner.c, where not in-line ---- */

/* Messages carry as much of their number as fits. */
SHMRING_ALWAYS void demo_number_put(unsigned char *message, uint32_t size, uint64_t number)
{
    if (size >= sizeof number) {
        memcpy(message, &number, sizeof number);
    } else {
        memcpy(message, &number, size);
    }
}

SHMRING_ALWAYS int demo_number_is(const unsigned char *message, uint32_t size, uint64_t number)
{
    uint64_t there = 0, wanted = 0;

    if (size >= sizeof number) {
        memcpy(&there, message, sizeof there);
        return there == number;
    }
    memcpy(&there, message, size);
    memcpy(&wanted, &number, size);
    return there == wanted;
}

/* Holds the messages so far against the clock; call it now and then. */
void demo_stream_clock(struct demo_stream *s, const struct demo_phase *phase, uint64_t messages);
/* How many messages between two looks at the clock: so many that it does not count. A sender goes
 * on until the reader has looked DEMO_LOOKS_MIN times, however busy the machine is. */
#define DEMO_LOOKS_MIN 4u
uint32_t demo_clock_every(uint32_t size);
/* The message is used now, all of it: keeps the compiler from leaving out copies whose bytes nobody
 * looks at. */
extern unsigned char *demo_message;
static inline void demo_use(unsigned char *message)
{
    demo_message = message;
    shmring_light_barrier();
}
int demo_out_of_order(const char *what, uint64_t number);

#endif
