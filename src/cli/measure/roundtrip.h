/* SPDX-License-Identifier: MIT */
/* roundtrip.h - one message there and back through two rings, BASE.ping and BASE.pong,
 * between a pinger, which measures, and a reflector, which sends everything back.
 *
 * A ping carries its number; its record type is PING plus the low bits of the number. The reflector
 * answers each record with one of the same length, type and bytes, but for the first eight. There
 * it puts when it had received the message *before* this one. So it reads its clock after it has
 * answered, and the round trip does not wait for the reading.
 * A record of type HELLO comes back as it went. A pinger says one with a number of its own first:
 * whatever comes before the answer was for a pinger that died.
 */
#ifndef SHMRING_SRC_CLI_MEASURE_ROUNDTRIP_H
#define SHMRING_SRC_CLI_MEASURE_ROUNDTRIP_H

#include "text/ring_name.h"
#include "measure/partner.h"
#include "measure/samples.h"

/* Messages shorter than this have no room for a time. */
#define TRIP_TIMED_SIZE 8u

struct trip_plan {
    uint64_t count;     /* round trips to measure; UINT64_MAX: until the time has passed */
    uint64_t budget_ns; /* how long to measure; UINT64_MAX: until all have come back */
    uint64_t warm_ns;   /* full speed before that, not measured */
    uint64_t rate;      /* messages per second, counted from when each was due; 0: full speed */
    struct samples *samples; /* round trips are kept there, too; NULL: they are not */
};

struct trip_result {
    struct histogram round_trip, one_way; /* one way: empty for messages too short for a time */
    struct series worst;                  /* round trips, by when they began */
    uint64_t begin_ns, elapsed_ns;
};

/* Measures with a partner of our own, on rings named after `who` and our pid. Returns 1; 0 after a
 * sentence; -1 when a stop was asked for: the result has what was measured by then. */
int trip_with_partner(const char *who, const struct pair_phase *phase, const struct trip_plan *plan,
                      struct trip_result *ret);
/* Whether there is a reflector of that name: EXIT_OK, or the exit status after a sentence. */
int trip_find_reflector(const char *name);
/* Measures with it; as above. */
int trip_with_reflector(const char *name, const struct pair_phase *phase,
                        const struct trip_plan *plan, struct trip_result *ret);

/* cli/measure/reflector.c: sends back until a stop is asked for. size: the largest message, 0 for
 * whatever the rings hold. Returns an exit status. */
int trip_reflect(const char *name, uint32_t size, const struct pair_place *place);

/* ---- common to both sides ---- */

enum { TRIP_HELLO = 1, TRIP_PING = 0x8000 };

struct trip_rings {
    char there[PAIR_NAME_SIZE], back[PAIR_NAME_SIZE]; /* their names */
    shmring_producer *p;
    shmring_consumer *c;
    unsigned char *message;
    uint32_t room;      /* bytes of message */
    uint32_t polls;     /* as in struct pair_place */
    int apart;          /* the two have a core each */
    uint32_t empty;     /* polls in a row that found nothing */
    uint64_t silent_ns; /* since when, by the last look at the clock; 0: just heard */
};

void trip_names(struct trip_rings *r, const char *base);
/* Nothing came: polls a while, then sleeps. OK or EMPTY: look again. */
shmring_status trip_wait(struct trip_rings *r);
SHMRING_ALWAYS void trip_heard(struct trip_rings *r)
{
    r->empty = 0;
    r->silent_ns = 0;
}
void trip_close(struct trip_rings *r);

/* Percentiles of a latency as a JSON object. */
void trip_json(struct json *j, const char *key, const struct histogram *h);

#endif
