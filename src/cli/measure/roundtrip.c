/* SPDX-License-Identifier: MIT */
/* roundtrip.c - the pinger: sends messages, and measures when they come back. */
#include "measure/pinger.h"

#include <inttypes.h>
#include <stdlib.h>

#define HELLO_PATIENCE_NS UINT64_C(5000000000)

/* ---- one message ---- */

enum trip_end trip_judge(struct trip_pinger *t, shmring_status status)
{
    shmring_info info;

    if (host_stop_requested()) {
        return TRIP_STOPPED;
    }
    switch (status) {
    case SHMRING_OK:
    case SHMRING_EMPTY:
        return TRIP_OK;
    case SHMRING_CLOSED:
    case SHMRING_PEER_DEAD:
        return TRIP_GONE;
    case SHMRING_TIMEOUT:
        if (t->child != NULL) {
            return host_child_runs(t->child) ? TRIP_OK : TRIP_GONE;
        }
        if (t->hello_ns == 0 || host_clock_ns() - t->hello_ns < HELLO_PATIENCE_NS) {
            return TRIP_OK;
        }
        return shmring_inspect(t->rings.there, &info) == SHMRING_OK && info.consumer.alive
                   ? TRIP_OK
                   : TRIP_GONE;
    default:
        (void)say_status(status);
        return TRIP_FAILED;
    }
}

shmring_status trip_send(struct trip_pinger *t)
{
    const uint16_t type = (uint16_t)(TRIP_PING | (t->number & 0x7FFFu));
    shmring_status status;

    pair_number_put(t->rings.message, t->size, t->number);
    if (t->size >= 2 * sizeof t->number) { /* the reflector overwrites the first eight bytes */
        memcpy(t->rings.message + sizeof t->number, &t->number, sizeof t->number);
    }
    status = shmring_try_send(t->rings.p, t->rings.message, t->size, type);
    t->number += status == SHMRING_OK;
    return status;
}

/* A full ring is the reflector's doing, who stopped reading. */
static enum trip_end send_next(struct trip_pinger *t)
{
    shmring_status status;
    enum trip_end end;

    while ((status = trip_send(t)) != SHMRING_OK) {
        if (status == SHMRING_FULL) {
            status = shmring_wait_space(t->rings.p, t->size, PAIR_SLICE_NS);
        }
        end = trip_judge(t, status);
        if (end != TRIP_OK) {
            return end;
        }
    }
    return TRIP_OK;
}

/* Is this the answer that comes next? */
static int is_next(const struct trip_pinger *t, const shmring_record *record)
{
    uint64_t there = t->answers;

    if (t->size >= 2 * sizeof there) {
        memcpy(&there, t->rings.message + sizeof there, sizeof there);
    }
    return record->len == t->size && there == t->answers &&
           record->type == (uint16_t)(TRIP_PING | (t->answers & 0x7FFFu));
}

/* The byte of a ping at `i`, behind its number. */
static unsigned char filler(uint32_t i)
{
    return (unsigned char)(i * 7 + i / 251);
}

static uint32_t filled_from(uint32_t size)
{
    return size >= 2 * sizeof(uint64_t) ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

enum trip_end trip_check_bytes(const struct trip_pinger *t)
{
    uint32_t i;

    for (i = filled_from(t->size); i < t->size; i++) {
        if (t->rings.message[i] != filler(i)) {
            (void)say_failed("an answer from ring '%s' has bytes that were not sent",
                             short_name(t->rings.back));
            return TRIP_FAILED;
        }
    }
    return TRIP_OK;
}

enum trip_end trip_take(struct trip_pinger *t, const shmring_record *record, uint64_t *arrival_ns)
{
    if (!is_next(t, record)) {
        (void)say_failed("answer %" PRIu64 " did not come in its place, from ring '%s'", t->answers,
                         short_name(t->rings.back));
        return TRIP_FAILED;
    }
    *arrival_ns = 0;
    if (t->size >= TRIP_TIMED_SIZE) {
        memcpy(arrival_ns, t->rings.message, sizeof *arrival_ns);
    }
    t->answers++;
    trip_heard(&t->rings);
    return TRIP_OK;
}

static enum trip_end receive_next(struct trip_pinger *t, uint64_t *arrival_ns)
{
    shmring_record record;
    shmring_status status;
    enum trip_end end;

    while ((status = shmring_try_recv(t->rings.c, t->rings.message, t->rings.room, &record)) !=
           SHMRING_OK) {
        end = trip_judge(t, status == SHMRING_EMPTY ? trip_wait(&t->rings) : status);
        if (end != TRIP_OK) {
            return end;
        }
    }
    return trip_take(t, &record, arrival_ns);
}

/* Says hello, and drops answers to a pinger before us until ours comes. */
static enum trip_end say_hello(struct trip_pinger *t)
{
    uint64_t ours[2] = {host_clock_ns(), host_pid()};
    shmring_record record;
    shmring_status status;
    enum trip_end end = TRIP_OK;

    t->hello_ns = ours[0];
    while ((status = shmring_try_send(t->rings.p, ours, sizeof ours, TRIP_HELLO)) == SHMRING_FULL) {
        status = shmring_wait_space(t->rings.p, sizeof ours, PAIR_SLICE_NS);
        while (shmring_try_recv(t->rings.c, t->rings.message, t->rings.room, NULL) == SHMRING_OK) {
        }
        end = trip_judge(t, status);
        if (end != TRIP_OK) {
            return end;
        }
    }
    while (status == SHMRING_OK) {
        status = shmring_try_recv(t->rings.c, t->rings.message, t->rings.room, &record);
        if (status == SHMRING_OK) {
            if (record.type == TRIP_HELLO && record.len == sizeof ours &&
                memcmp(t->rings.message, ours, sizeof ours) == 0) {
                break;
            }
            continue;
        }
        end = trip_judge(t, status == SHMRING_EMPTY ? trip_wait(&t->rings) : status);
        if (end != TRIP_OK) {
            return end;
        }
        status = SHMRING_OK;
    }
    t->hello_ns = 0;
    return trip_judge(t, status);
}

/* ---- at full speed ---- */

/* Exchanges messages until `count` are measured or the time has come. The clock is read while the
 * message is on its way, so it costs the round trip nothing. ret: NULL measures nothing, and checks
 * every byte of every answer; else the last answer is so checked, behind the measurement. */
static enum trip_end full_speed(struct trip_pinger *t, uint64_t count, uint64_t until_ns,
                                struct trip_result *ret)
{
    uint64_t done, arrival, now, sent, before = 0;
    enum trip_end end = send_next(t);

    sent = host_clock_ns();
    for (done = 0; end == TRIP_OK && done < count && (sent < until_ns || done == 0); done++) {
        end = receive_next(t, &arrival);
        if (end == TRIP_OK && ret == NULL) {
            end = trip_check_bytes(t);
        }
        if (end != TRIP_OK) {
            return end;
        }
        /* Earlier than we knew it sent: we were interrupted in between, and know nothing. */
        if (ret != NULL && before != 0 && arrival >= before) {
            histogram_add(&ret->one_way, arrival - before);
        }
        end = send_next(t);
        now = host_clock_ns();
        if (ret != NULL && end == TRIP_OK) {
            trip_note(t, ret, sent, now - sent);
        }
        before = sent;
        sent = now;
        if (host_stop_requested()) {
            return TRIP_STOPPED;
        }
    }
    if (end == TRIP_OK) { /* the answer to the last one says when the one before it had arrived */
        end = receive_next(t, &arrival);
        end = end == TRIP_OK ? trip_check_bytes(t) : end;
        if (end == TRIP_OK && ret != NULL && before != 0 && arrival >= before) {
            histogram_add(&ret->one_way, arrival - before);
        }
    }
    return end;
}

/* ---- the whole ---- */

static enum trip_end measure(struct trip_pinger *t, const struct trip_plan *plan,
                             struct trip_result *ret)
{
    enum trip_end end = say_hello(t);
    uint64_t begin = host_clock_ns(), until;
    uint32_t i;

    t->samples = plan->samples;
    for (i = 0; i < t->size; i++) { /* the hello's answer was there */
        t->rings.message[i] = filler(i);
    }
    if (end == TRIP_OK && plan->warm_ns != 0) {
        end = full_speed(t, UINT64_MAX, begin + plan->warm_ns, NULL);
    }
    if (end != TRIP_OK) {
        return end;
    }
    begin = ret->begin_ns = host_clock_ns();
    until = plan->budget_ns < UINT64_MAX - begin ? begin + plan->budget_ns : UINT64_MAX;
    end = plan->rate != 0 ? trip_at_rate(t, plan->rate, plan->count, ret)
                          : full_speed(t, plan->count, until, ret);
    ret->elapsed_ns = host_clock_ns() - begin;
    return end;
}

static int open_rings(struct trip_pinger *t, const struct pair_phase *phase,
                      const shmring_options *opt)
{
    struct trip_rings *r = &t->rings;
    shmring_status status;
    shmring_info info;

    t->size = phase->size;
    r->polls = phase->place.polls;
    r->apart = pair_apart(&phase->place);
    status = ring_open_producer(&r->p, r->there, opt);
    if (status == SHMRING_OK) {
        status = ring_open_consumer(&r->c, r->back, opt);
    }
    if (status == SHMRING_OK) {
        status = shmring_inspect(r->there, &info);
    }
    if (status != SHMRING_OK) {
        (void)say_status(status);
        return 0;
    }
    if (t->size > info.max_record) {
        (void)say_failed("a message of %" PRIu32 " bytes is too large for ring '%s', whose records "
                         "have at most %" PRIu32 ": start the reflector with --size",
                         t->size, short_name(r->there), info.max_record);
        return 0;
    }
    r->room = info.max_record;
    r->message = calloc(1, r->room);
    if (r->message == NULL) {
        (void)say_failed("no memory for a message of %" PRIu32 " bytes", r->room);
    }
    return r->message != NULL;
}

static void clear(struct trip_result *ret)
{
    histogram_clear(&ret->round_trip);
    histogram_clear(&ret->one_way);
    series_clear(&ret->worst);
    ret->elapsed_ns = 0;
}

int trip_with_partner(const char *who, const struct pair_phase *phase, const struct trip_plan *plan,
                      struct trip_result *ret)
{
    shmring_options opt = pair_ring_options(phase);
    struct pair_partner partner = {0};
    struct trip_pinger t = {0};
    enum trip_end end = TRIP_FAILED;
    char base[64];
    int result = 0;

    clear(ret);
    (void)snprintf(base, sizeof base, "%s.%" PRIu64, who, host_pid());
    trip_names(&t.rings, base);
    t.child = &partner.child;
    if (open_rings(&t, phase, &opt) && pair_partner_start(&partner, phase, base)) {
        end = measure(&t, plan, ret);
        ring_close_producer(t.rings.p); /* the partner reads to the end and goes */
        t.rings.p = NULL;
        result = pair_partner_end(&partner, end == TRIP_OK);
        result = !result && end != TRIP_FAILED && host_stop_requested() ? -1 : result;
    }
    trip_close(&t.rings);
    (void)shmring_remove(t.rings.there); /* a partner that was killed may have been its last user */
    return result;
}

int trip_find_reflector(const char *name)
{
    struct trip_rings r = {0};
    shmring_status status;
    shmring_info info;

    trip_names(&r, name);
    status = shmring_inspect(r.there, &info);
    if (status == SHMRING_E_NOT_FOUND || (status == SHMRING_OK && !info.alive)) {
        return say_failed("nobody reflects '%s': start `shmring ping --reflect %s` first",
                          short_name(name), short_name(name));
    }
    return status == SHMRING_OK ? EXIT_OK : say_status(status);
}

int trip_with_reflector(const char *name, const struct pair_phase *phase,
                        const struct trip_plan *plan, struct trip_result *ret)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    struct trip_pinger t = {0};
    enum trip_end end = TRIP_FAILED;

    clear(ret);
    trip_names(&t.rings, name);
    opt.open_mode = SHMRING_OPEN_ONLY;
    opt.spin_ns = pair_apart(&phase->place) ? 0 : 1;
    if (open_rings(&t, phase, &opt)) {
        end = measure(&t, plan, ret);
    }
    if (end == TRIP_GONE) {
        (void)say_failed("the reflector of '%s' is gone after %" PRIu64 " answers: no figures",
                         short_name(name), t.answers);
    }
    trip_close(&t.rings);
    return end == TRIP_OK ? 1 : end == TRIP_STOPPED ? -1 : 0;
}
