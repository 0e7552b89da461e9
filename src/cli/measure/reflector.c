/* SPDX-License-Identifier: MIT */
/* reflector.c - the reflector, and what both sides of a round trip have in common. */
#include "measure/roundtrip.h"

#include <inttypes.h>
#include <stdlib.h>

#define POLL_FOR_NS UINT64_C(100000000)
#define ABSENT_NS   UINT64_C(10000000)
#define MAX_RECORD_OF                                                                              \
    4u /* a ring's records are at most a quarter of it, if nothing else is said                    \
        */

/* ---- both sides ---- */

void trip_names(struct trip_rings *r, const char *base)
{
    (void)snprintf(r->there, sizeof r->there, "%.240s.ping", base);
    (void)snprintf(r->back, sizeof r->back, "%.240s.pong", base);
}

/* With a core each, a sleep would only add the time of a wake-up: who pings ten times a second and
 * more meets a side that polls. */
shmring_status trip_wait(struct trip_rings *r)
{
    uint64_t now;

    if (++r->empty <= r->polls) {
        shmring_consumer_relax(r->c);
        return SHMRING_OK;
    }
    r->empty = 0;
    if (r->apart) {
        now = host_clock_ns();
        r->silent_ns = r->silent_ns != 0 ? r->silent_ns : now;
        if (now - r->silent_ns < POLL_FOR_NS) {
            return SHMRING_OK;
        }
    }
    return shmring_wait_data(r->c, PAIR_SLICE_NS);
}

void trip_close(struct trip_rings *r)
{
    ring_close_producer(r->p);
    ring_close_consumer(r->c);
    free(r->message);
    r->p = NULL;
    r->c = NULL;
    r->message = NULL;
}

void trip_json(struct json *j, const char *key, const struct histogram *h)
{
    json_open(j, key, '{');
    json_number(j, "p50", histogram_at(h, 0.5));
    json_number(j, "p90", histogram_at(h, 0.9));
    json_number(j, "p99", histogram_at(h, 0.99));
    json_number(j, "p99.9", histogram_at(h, 0.999));
    json_number(j, "p99.99", histogram_at(h, 0.9999));
    json_number(j, "max", h->max);
    json_number(j, "count", h->count);
    json_close(j, '}');
}

/* ---- the reflector ---- */

struct reflector {
    struct trip_rings rings;
    uint64_t arrival_ns; /* of the message before this one */
    uint64_t messages, pingers;
    int once; /* it serves one pinger and ends */
};

/* Returns 1, or 0 with a status that ends it. */
static int answer(struct reflector *r, const shmring_record *record, shmring_status *status)
{
    if ((record->type & TRIP_PING) == 0) {
        r->pingers += record->type == TRIP_HELLO ? 1 : 0;
    } else if (record->len >= TRIP_TIMED_SIZE) {
        memcpy(r->rings.message, &r->arrival_ns, sizeof r->arrival_ns);
    }
    while ((*status = shmring_try_send(r->rings.p, r->rings.message, record->len, record->type)) ==
           SHMRING_FULL) {
        shmring_producer_relax(r->rings.p); /* it is the same message that is tried again */
        *status = shmring_wait_space(r->rings.p, record->len, PAIR_SLICE_NS);
        if (*status == SHMRING_CLOSED || *status == SHMRING_PEER_DEAD) {
            return 1; /* the answer was for somebody who is gone */
        }
        if (*status < 0 || host_stop_requested()) {
            return *status >= 0;
        }
    }
    r->arrival_ns = host_clock_ns(); /* the answer is on its way already */
    r->messages++;
    return *status == SHMRING_OK;
}

/* Until a stop is asked for; once: until the pinger is gone. */
static int serve(struct reflector *r)
{
    shmring_record record;
    shmring_status status;

    while (!host_stop_requested()) {
        status = shmring_try_recv(r->rings.c, r->rings.message, r->rings.room, &record);
        if (status == SHMRING_OK) {
            trip_heard(&r->rings);
            if (!answer(r, &record, &status)) {
                return say_status(status);
            }
            continue;
        }
        if (status == SHMRING_EMPTY) {
            status = trip_wait(&r->rings);
        }
        if (status == SHMRING_CLOSED || status == SHMRING_PEER_DEAD) {
            if (r->once) {
                return EXIT_OK;
            }
            host_sleep_ns(ABSENT_NS); /* the next one will come */
        } else if (status < 0) {
            return say_status(status);
        }
    }
    return EXIT_OK;
}

static shmring_status open_rings(struct trip_rings *r, const shmring_options *opt)
{
    shmring_status status;
    shmring_info info;

    /* In this order: who finds BASE.ping finds BASE.pong too. */
    status = ring_open_producer(&r->p, r->back, opt);
    if (status == SHMRING_OK) {
        status = ring_open_consumer(&r->c, r->there, opt);
    }
    if (status == SHMRING_OK) {
        status = shmring_inspect(r->there, &info);
    }
    if (status == SHMRING_OK) {
        r->room = info.max_record;
        r->message = malloc(r->room);
    }
    return status;
}

static int reflect(struct reflector *r, const char *base, const struct pair_place *place,
                   const shmring_options *opt)
{
    shmring_status status;
    int ret;

    trip_names(&r->rings, base);
    r->rings.polls = place->polls;
    r->rings.apart = pair_apart(place);
    status = open_rings(&r->rings, opt);
    if (status != SHMRING_OK) {
        ret = say_status(status);
    } else if (r->rings.message == NULL) {
        ret = say_failed("no memory for a message of %" PRIu32 " bytes", r->rings.room);
    } else {
        ret = serve(r);
    }
    trip_close(&r->rings);
    return ret;
}

int trip_partner(const struct pair_phase *phase, const char *rings)
{
    shmring_options opt = pair_ring_options(phase);
    struct reflector r = {0};

    opt.open_mode = SHMRING_OPEN_ONLY;
    opt.capacity = 0;
    r.once = 1;
    return reflect(&r, rings, &phase->place, &opt);
}

int trip_reflect(const char *name, uint32_t size, const struct pair_place *place)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    char messages[FIGURE_SIZE], pingers[FIGURE_SIZE];
    struct reflector r = {0};
    int ret;

    for (opt.capacity = UINT64_C(1) << 20; opt.capacity < (uint64_t)size * MAX_RECORD_OF;) {
        opt.capacity *= 2;
    }
    opt.spin_ns = pair_apart(place) ? 0 : 1;
    ret = reflect(&r, name, place, &opt);
    if (ret == EXIT_OK) {
        printf("%s messages sent back, for %s pinger%s\n", figure_count(messages, r.messages),
               figure_count(pingers, r.pingers), r.pingers == 1 ? "" : "s");
        ret = say_done();
    }
    return ret;
}
