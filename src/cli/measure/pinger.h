/* SPDX-License-Identifier: MIT */
/* pinger.h - what the two ways of pinging share: cli/measure/roundtrip.c at full speed,
 * cli/measure/pinger_paced.c on a schedule. */
#ifndef SHMRING_SRC_CLI_MEASURE_PINGER_H
#define SHMRING_SRC_CLI_MEASURE_PINGER_H

#include "measure/roundtrip.h"

/* How an exchange of messages went. */
enum trip_end { TRIP_OK, TRIP_STOPPED, TRIP_GONE, TRIP_FAILED }; /* FAILED: a sentence was said */

struct trip_pinger {
    struct trip_rings rings;
    struct host_child *child; /* the reflector, or NULL when somebody else started it */
    uint32_t size;
    uint64_t number;  /* of the next ping */
    uint64_t answers; /* pings that came back */
    uint64_t hello_ns;
    struct samples *samples; /* of the plan */
};

/* A round trip was measured, of a message that was sent, or due, at sent_ns. */
SHMRING_ALWAYS void trip_note(struct trip_pinger *t, struct trip_result *ret, uint64_t sent_ns,
                              uint64_t took_ns)
{
    histogram_add(&ret->round_trip, took_ns);
    series_add(&ret->worst, sent_ns - ret->begin_ns, took_ns);
    if (t->samples != NULL) {
        samples_add(t->samples, sent_ns - ret->begin_ns, took_ns);
    }
}

/* Turns a wait's answer into ours: TRIP_OK to look again. */
enum trip_end trip_judge(struct trip_pinger *t, shmring_status status);
/* Sends the next ping, if there is room. */
shmring_status trip_send(struct trip_pinger *t);
/* Takes an answer that has come, and when the message before it had arrived: 0 when it was too
 * short to say. */
enum trip_end trip_take(struct trip_pinger *t, const shmring_record *record, uint64_t *arrival_ns);

/* Checks the bytes behind the numbers of the answer that was taken last. */
enum trip_end trip_check_bytes(const struct trip_pinger *t);

/* Sends count messages, rate a second, and waits for their answers. */
enum trip_end trip_at_rate(struct trip_pinger *t, uint64_t rate, uint64_t count,
                           struct trip_result *ret);

#endif
