/* SPDX-License-Identifier: MIT */
/* demo_ring.c - the ring: a stream one way. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "measure/demo.h"

/* Waits for a record, polling first. Returns OK when there may be one. */
static shmring_status wait_record(shmring_consumer *c, uint32_t *empty, uint32_t polls)
{
    if (++*empty <= polls) {
        shmring_consumer_relax(c);
        return SHMRING_OK;
    }
    *empty = 0;
    return shmring_wait_data(c, PAIR_SLICE_NS);
}

/* Turns a wait's answer into the measuring side's: 1 to go on, 0 at the end or after a failure. */
static int goes_on(shmring_status status, struct pair_partner *partner, int *ok)
{
    if (status == SHMRING_OK || status == SHMRING_EMPTY) {
        return 1;
    }
    if (status == SHMRING_TIMEOUT) {
        *ok = host_child_runs(&partner->child) && !host_stop_requested();
        return *ok;
    }
    *ok = status == SHMRING_CLOSED;
    if (status < 0) {
        (void)say_status(status);
    }
    return 0;
}

/* ---- stream ---- */

/* In-line, so that the copy of a usual size is a few moves: what a program would write that knows
 * its message. */
SHMRING_ALWAYS int receive_all(shmring_consumer *c, const struct pair_phase *phase, uint32_t size,
                               unsigned char *message, struct pair_partner *partner,
                               struct pair_stream *s)
{
    const uint32_t every = pair_clock_every(size);
    uint64_t number = 0;
    uint32_t empty = 0, until_clock = 1;
    shmring_status status;
    int ok = 1;

    for (;;) {
        status = shmring_try_recv(c, message, size, NULL);
        if (status == SHMRING_OK) {
            pair_use(message);
            if (!pair_number_is(message, size, number)) {
                return pair_out_of_order("ring", number);
            }
            number++;
            empty = 0;
            if (--until_clock == 0) {
                until_clock = every;
                pair_stream_clock(s, phase, number);
                if (host_stop_requested()) {
                    return 0;
                }
            }
            continue;
        }
        if (status == SHMRING_EMPTY) {
            status = wait_record(c, &empty, phase->place.polls);
        }
        if (!goes_on(status, partner, &ok)) {
            s->messages = number;
            return ok;
        }
    }
}

static int receive(shmring_consumer *c, const struct pair_phase *phase,
                   struct pair_partner *partner, struct pair_stream *ret)
{
    unsigned char *message = malloc(phase->size);
    int ok;

    if (message == NULL) {
        (void)say_failed("no memory for a message of %" PRIu32 " bytes", phase->size);
        return 0;
    }
    switch (phase->size) {
    case 8:
        ok = receive_all(c, phase, 8, message, partner, ret);
        break;
    case 64:
        ok = receive_all(c, phase, 64, message, partner, ret);
        break;
    case 256:
        ok = receive_all(c, phase, 256, message, partner, ret);
        break;
    default:
        ok = receive_all(c, phase, phase->size, message, partner, ret);
    }
    free(message);
    return ok;
}

int demo_ring_stream(const struct pair_phase *phase, struct pair_stream *ret)
{
    shmring_options opt = pair_ring_options(phase);
    struct pair_partner partner = {0};
    shmring_consumer *c = NULL;
    char name[PAIR_NAME_SIZE];
    shmring_status status;
    int ok;

    (void)snprintf(name, sizeof name, "demo.%" PRIu64 ".stream", host_pid());
    status = ring_open_consumer(&c, name, &opt);
    if (status != SHMRING_OK) {
        (void)say_status(status);
        return 0;
    }
    ok = pair_partner_start(&partner, phase, name);
    if (ok) {
        ok = pair_partner_end(&partner, receive(c, phase, &partner, ret));
    }
    ring_close_consumer(c);
    return ok;
}

/* A full ring: polls, then sleeps. Returns 1 to try again, 0 when nobody will read. */
static int wait_space(shmring_producer *p, uint32_t size, uint32_t *full, uint32_t polls)
{
    shmring_status status;

    if (++*full <= polls) {
        shmring_producer_relax(p);
        return 1;
    }
    *full = 0;
    status = shmring_wait_space(p, size, PAIR_SLICE_NS);
    return status == SHMRING_OK || status == SHMRING_TIMEOUT;
}

SHMRING_ALWAYS int send_all(shmring_producer *p, const struct pair_phase *phase, uint32_t size,
                            unsigned char *message)
{
    const uint64_t end = host_clock_ns() + phase->budget_ns;
    const uint32_t every = pair_clock_every(size);
    uint64_t number;
    uint32_t full = 0, until_clock = every * PAIR_LOOKS_MIN;

    for (number = 0;; number++) {
        pair_number_put(message, size, number);
        pair_use(message);
        while (shmring_try_send(p, message, size, 0) != SHMRING_OK) {
            if (!wait_space(p, size, &full, phase->place.polls)) {
                return EXIT_FAILED;
            }
        }
        full = 0;
        if (--until_clock == 0) {
            until_clock = every;
            if (host_clock_ns() >= end) {
                return EXIT_OK;
            }
        }
    }
}

int demo_ring_stream_partner(const struct pair_phase *phase, const char *ring)
{
    shmring_options opt = pair_ring_options(phase);
    unsigned char *message = calloc(1, phase->size);
    shmring_producer *p = NULL;
    shmring_status status;
    int ret;

    if (message == NULL) {
        return say_failed("no memory for a message of %" PRIu32 " bytes", phase->size);
    }
    opt.open_mode = SHMRING_OPEN_ONLY;
    status = ring_open_producer(&p, ring, &opt);
    if (status != SHMRING_OK) {
        ret = say_status(status);
    } else if (phase->size == 8) {
        ret = send_all(p, phase, 8, message);
    } else if (phase->size == 64) {
        ret = send_all(p, phase, 64, message);
    } else if (phase->size == 256) {
        ret = send_all(p, phase, 256, message);
    } else {
        ret = send_all(p, phase, phase->size, message);
    }
    ring_close_producer(p);
    free(message);
    return ret;
}
