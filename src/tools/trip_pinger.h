/* SPDX-License-Identifier: MIT */
/* trip_pinger.h - what the two ways of pinging share: trip.c at full speed, trip_rate.c on a
 * schedule. */
#ifndef SHMRING_TOOLS_TRIP_PINGER_H
#define SHMRING_TOOLS_TRIP_PINGER_H

#include "trip.h"

/* How an exchange of messages went. */
enum trip_end { TRIP_OK, TRIP_STOPPED, TRIP_GONE, TRIP_FAILED }; /* FAILED: a sentence was said */

struct trip_pinger {
    struct trip_rings rings;
    struct host_child *child; /* the reflector, or NULL when somebody else started it */
    uint32_t size;
    uint64_t number;  /* of the next ping */
    uint64_t answers; /* pings that came back */
    uint64_t hello_ns;
};

/* What a wait's answer means: TRIP_OK to look again. */
enum trip_end trip_judge(struct trip_pinger *t, shmring_status status);
/* Sends the next ping, if there is room. */
shmring_status trip_send(struct trip_pinger *t);
/* Takes an answer that has come, and when the message before it had arrived: 0 when it was too
 * short to say. */
enum trip_end trip_take(struct trip_pinger *t, const shmring_record *record, uint64_t *arrival_ns);

/* Sends count messages, rate a second, and waits for their answers. */
enum trip_end trip_at_rate(struct trip_pinger *t, uint64_t rate, uint64_t count,
                           struct trip_result *ret);

#endif
