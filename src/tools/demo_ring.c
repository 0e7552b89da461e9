/* SPDX-License-Identifier: MIT */
/* demo_ring.c - the ring: a stream one way, and one message there and back. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

#define SLICE_NS     UINT64_C(100000000)
#define CAPACITY_MIN (UINT64_C(1) << 18)
#define NAME_SIZE    64

static int fail(shmring_status status)
{
    (void)say_status(status);
    return 0;
}

static shmring_options ring_options(const struct demo_phase *phase)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.spin_ns = phase->pinned ? 0 : 1; /* on one core a poll only keeps the other side waiting */
    for (opt.capacity = CAPACITY_MIN; opt.capacity < (uint64_t)phase->size * 8;) {
        opt.capacity *= 2;
    }
    return opt;
}

/* Waits for a record, polling first. Returns OK when there may be one. */
static shmring_status wait_record(shmring_consumer *c, uint32_t *empty, uint32_t polls)
{
    if (++*empty <= polls) {
        shmring_consumer_relax(c);
        return SHMRING_OK;
    }
    *empty = 0;
    return shmring_wait_data(c, SLICE_NS);
}

/* What a wait's answer means to the measuring side: 1 to go on, 0 at the end or after a failure. */
static int goes_on(shmring_status status, struct demo_partner *partner, int *ok)
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
SHMRING_ALWAYS int receive_all(shmring_consumer *c, const struct demo_phase *phase, uint32_t size,
                               unsigned char *message, struct demo_partner *partner,
                               struct demo_stream *s)
{
    const uint32_t every = demo_clock_every(size);
    uint64_t number = 0;
    uint32_t empty = 0, until_clock = 1;
    shmring_status status;
    int ok = 1;

    for (;;) {
        status = shmring_try_recv(c, message, size, NULL);
        if (status == SHMRING_OK) {
            demo_use(message);
            if (!demo_number_is(message, size, number)) {
                return demo_out_of_order("ring", number);
            }
            number++;
            empty = 0;
            if (--until_clock == 0) {
                until_clock = every;
                demo_stream_clock(s, phase, number);
                if (host_stop_requested()) {
                    return 0;
                }
            }
            continue;
        }
        if (status == SHMRING_EMPTY) {
            status = wait_record(c, &empty, phase->polls);
        }
        if (!goes_on(status, partner, &ok)) {
            s->messages = number;
            return ok;
        }
    }
}

static int receive(shmring_consumer *c, const struct demo_phase *phase,
                   struct demo_partner *partner, struct demo_stream *ret)
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

int demo_ring_stream(const struct demo_phase *phase, struct demo_stream *ret)
{
    shmring_options opt = ring_options(phase);
    struct demo_partner partner = {0};
    shmring_consumer *c = NULL;
    char name[NAME_SIZE];
    shmring_status status;
    int ok;

    (void)snprintf(name, sizeof name, "demo.%" PRIu64 ".stream", host_pid());
    status = shmring_consumer_open(&c, name, &opt);
    if (status != SHMRING_OK) {
        return fail(status);
    }
    ok = demo_partner_start(&partner, phase, name);
    if (ok) {
        ok = demo_partner_end(&partner, receive(c, phase, &partner, ret));
    }
    shmring_consumer_close(c);
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
    status = shmring_wait_space(p, size, SLICE_NS);
    return status == SHMRING_OK || status == SHMRING_TIMEOUT;
}

SHMRING_ALWAYS int send_all(shmring_producer *p, const struct demo_phase *phase, uint32_t size,
                            unsigned char *message)
{
    const uint64_t end = host_clock_ns() + phase->budget_ns;
    const uint32_t every = demo_clock_every(size);
    uint64_t number;
    uint32_t full = 0, until_clock = every * DEMO_LOOKS_MIN;

    for (number = 0;; number++) {
        demo_number_put(message, size, number);
        demo_use(message);
        while (shmring_try_send(p, message, size, 0) != SHMRING_OK) {
            if (!wait_space(p, size, &full, phase->polls)) {
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

int demo_ring_stream_partner(const struct demo_phase *phase, const char *ring)
{
    shmring_options opt = ring_options(phase);
    unsigned char *message = calloc(1, phase->size);
    shmring_producer *p = NULL;
    shmring_status status;
    int ret;

    if (message == NULL) {
        return say_failed("no memory for a message of %" PRIu32 " bytes", phase->size);
    }
    opt.open_mode = SHMRING_OPEN_ONLY;
    status = shmring_producer_open(&p, ring, &opt);
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
    shmring_producer_close(p);
    free(message);
    return ret;
}

/* ---- there and back ---- */

static void trip_names(const char *base, char there[NAME_SIZE], char back[NAME_SIZE])
{
    (void)snprintf(there, NAME_SIZE, "%.50s.ping", base);
    (void)snprintf(back, NAME_SIZE, "%.50s.pong", base);
}

/* The clock is read while the message is on its way, so it costs the round trip nothing. */
static int measure_trips(shmring_producer *p, shmring_consumer *c, const struct demo_phase *phase,
                         unsigned char *message, struct demo_partner *partner,
                         struct histogram *ret)
{
    const uint64_t begin = host_clock_ns(), warm = begin + phase->budget_ns / 10;
    const uint64_t end = begin + phase->budget_ns;
    uint64_t number, now, before = 0;
    uint32_t empty;
    shmring_status status;
    int ok = 1;

    for (number = 0;; number++) {
        demo_number_put(message, phase->size, number);
        status = shmring_try_send(p, message, phase->size, 0);
        if (status != SHMRING_OK) {
            return fail(status);
        }
        now = host_clock_ns();
        if (before >= warm) {
            histogram_add(ret, now - before);
        }
        before = now;
        empty = 0;
        while ((status = shmring_try_recv(c, message, phase->size, NULL)) != SHMRING_OK) {
            if (status == SHMRING_EMPTY) {
                status = wait_record(c, &empty, phase->polls);
            }
            if (!goes_on(status, partner, &ok)) {
                return 0; /* the partner does not end before we do */
            }
        }
        if (!demo_number_is(message, phase->size, number)) {
            return demo_out_of_order("ring, there and back", number);
        }
        if (host_stop_requested() || (now >= end && ret->count > 0)) {
            return 1;
        }
    }
}

int demo_ring_trip(const struct demo_phase *phase, struct histogram *ret)
{
    shmring_options opt = ring_options(phase);
    struct demo_partner partner = {0};
    unsigned char *message = calloc(1, phase->size);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    char base[NAME_SIZE], there[NAME_SIZE], back[NAME_SIZE];
    shmring_status status;
    int ok = 0, started = 0;

    (void)snprintf(base, sizeof base, "demo.%" PRIu64, host_pid());
    trip_names(base, there, back);
    status = message != NULL ? shmring_producer_open(&p, there, &opt) : SHMRING_E_NO_MEMORY;
    if (status == SHMRING_OK) {
        status = shmring_consumer_open(&c, back, &opt);
    }
    if (status != SHMRING_OK) {
        (void)say_status(status);
    } else {
        started = demo_partner_start(&partner, phase, base);
        ok = started && measure_trips(p, c, phase, message, &partner, ret);
    }
    shmring_producer_close(p); /* the partner reads to the end and goes */
    if (started) {
        ok = demo_partner_end(&partner, ok);
    }
    shmring_consumer_close(c);
    (void)shmring_remove(there); /* a partner that was killed may have been its last user */
    free(message);
    return ok;
}

static int send_back(shmring_consumer *c, shmring_producer *p, const struct demo_phase *phase,
                     unsigned char *message)
{
    uint32_t empty = 0;
    shmring_status status;

    for (;;) {
        status = shmring_try_recv(c, message, phase->size, NULL);
        if (status == SHMRING_OK) {
            empty = 0;
            status = shmring_try_send(p, message, phase->size, 0);
        } else if (status == SHMRING_EMPTY) {
            status = wait_record(c, &empty, phase->polls);
        }
        if (status == SHMRING_CLOSED) {
            return EXIT_OK;
        }
        if (status < 0 || status == SHMRING_PEER_DEAD || status == SHMRING_FULL) {
            return say_status(status);
        }
    }
}

int demo_ring_trip_partner(const struct demo_phase *phase, const char *rings)
{
    shmring_options opt = ring_options(phase);
    unsigned char *message = malloc(phase->size);
    char there[NAME_SIZE], back[NAME_SIZE];
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    shmring_status status = message != NULL ? SHMRING_OK : SHMRING_E_NO_MEMORY;
    int ret;

    trip_names(rings, there, back);
    opt.open_mode = SHMRING_OPEN_ONLY;
    if (status == SHMRING_OK) {
        status = shmring_consumer_open(&c, there, &opt);
    }
    if (status == SHMRING_OK) {
        status = shmring_producer_open(&p, back, &opt);
    }
    ret = status == SHMRING_OK ? send_back(c, p, phase, message) : say_status(status);
    shmring_producer_close(p);
    shmring_consumer_close(c);
    free(message);
    return ret;
}
