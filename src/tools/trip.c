/* SPDX-License-Identifier: MIT */
/* trip.c - the pinger: sends messages, and measures when they come back. */
#include "trip.h"

#include <inttypes.h>
#include <stdlib.h>

#define HELLO_PATIENCE_NS UINT64_C(5000000000)
/* A sleep may take so much longer than asked for; the rest of the time is polled. */
#define EARLY_NS UINT64_C(200000)

/* How an exchange of messages went. */
enum end { END_OK, END_STOPPED, END_GONE, END_FAILED }; /* FAILED: a sentence was said */

struct pinger {
    struct trip_rings rings;
    struct host_child *child; /* the reflector, or NULL when somebody else started it */
    uint32_t size;
    uint64_t number;  /* of the next ping */
    uint64_t answers; /* pings that came back */
    uint64_t hello_ns;
};

/* ---- one message ---- */

/* What a wait's answer means: END_OK to look again. */
static enum end judge(struct pinger *t, shmring_status status)
{
    shmring_info info;

    if (host_stop_requested()) {
        return END_STOPPED;
    }
    switch (status) {
    case SHMRING_OK:
    case SHMRING_EMPTY:
        return END_OK;
    case SHMRING_CLOSED:
    case SHMRING_PEER_DEAD:
        return END_GONE;
    case SHMRING_TIMEOUT:
        if (t->child != NULL) {
            return host_child_runs(t->child) ? END_OK : END_GONE;
        }
        if (t->hello_ns == 0 || host_clock_ns() - t->hello_ns < HELLO_PATIENCE_NS) {
            return END_OK;
        }
        return shmring_inspect(t->rings.there, &info) == SHMRING_OK && info.consumer.alive
                   ? END_OK
                   : END_GONE;
    default:
        (void)say_status(status);
        return END_FAILED;
    }
}

static shmring_status send_ping(struct pinger *t)
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
static enum end send_next(struct pinger *t)
{
    shmring_status status;
    enum end end;

    while ((status = send_ping(t)) != SHMRING_OK) {
        if (status == SHMRING_FULL) {
            status = shmring_wait_space(t->rings.p, t->size, PAIR_SLICE_NS);
        }
        end = judge(t, status);
        if (end != END_OK) {
            return end;
        }
    }
    return END_OK;
}

/* Is this the answer that comes next? */
static int is_next(const struct pinger *t, const shmring_record *record)
{
    uint64_t there = t->answers;

    if (t->size >= 2 * sizeof there) {
        memcpy(&there, t->rings.message + sizeof there, sizeof there);
    }
    return record->len == t->size && there == t->answers &&
           record->type == (uint16_t)(TRIP_PING | (t->answers & 0x7FFFu));
}

/* Takes an answer that has come, and when the message before it had arrived. */
static enum end take(struct pinger *t, const shmring_record *record, uint64_t *arrival_ns)
{
    if (!is_next(t, record)) {
        (void)say_failed("answer %" PRIu64 " did not come in its place, from ring '%s'", t->answers,
                         short_name(t->rings.back));
        return END_FAILED;
    }
    *arrival_ns = 0;
    if (t->size >= TRIP_TIMED_SIZE) {
        memcpy(arrival_ns, t->rings.message, sizeof *arrival_ns);
    }
    t->answers++;
    trip_heard(&t->rings);
    return END_OK;
}

static enum end receive_next(struct pinger *t, uint64_t *arrival_ns)
{
    shmring_record record;
    shmring_status status;
    enum end end;

    while ((status = shmring_try_recv(t->rings.c, t->rings.message, t->rings.room, &record)) !=
           SHMRING_OK) {
        end = judge(t, status == SHMRING_EMPTY ? trip_wait(&t->rings) : status);
        if (end != END_OK) {
            return end;
        }
    }
    return take(t, &record, arrival_ns);
}

/* Says hello, and drops answers to a pinger before us until ours comes. */
static enum end say_hello(struct pinger *t)
{
    uint64_t ours[2] = {host_clock_ns(), host_pid()};
    shmring_record record;
    shmring_status status;
    enum end end = END_OK;

    t->hello_ns = ours[0];
    while ((status = shmring_try_send(t->rings.p, ours, sizeof ours, TRIP_HELLO)) == SHMRING_FULL) {
        status = shmring_wait_space(t->rings.p, sizeof ours, PAIR_SLICE_NS);
        while (shmring_try_recv(t->rings.c, t->rings.message, t->rings.room, NULL) == SHMRING_OK) {
        }
        end = judge(t, status);
        if (end != END_OK) {
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
        end = judge(t, status == SHMRING_EMPTY ? trip_wait(&t->rings) : status);
        if (end != END_OK) {
            return end;
        }
        status = SHMRING_OK;
    }
    t->hello_ns = 0;
    return judge(t, status);
}

/* ---- at full speed ---- */

/* Exchanges messages until `count` are measured or the time has come. The clock is read while the
 * message is on its way, so it costs the round trip nothing. ret: NULL measures nothing. */
static enum end full_speed(struct pinger *t, uint64_t count, uint64_t until_ns,
                           struct trip_result *ret)
{
    uint64_t done, arrival, now, sent, before = 0;
    enum end end = send_next(t);

    sent = host_clock_ns();
    for (done = 0; end == END_OK && done < count && (sent < until_ns || done == 0); done++) {
        end = receive_next(t, &arrival);
        if (end != END_OK) {
            return end;
        }
        /* Earlier than we knew it sent: we were interrupted in between, and know nothing. */
        if (ret != NULL && before != 0 && arrival >= before) {
            histogram_add(&ret->one_way, arrival - before);
        }
        end = send_next(t);
        now = host_clock_ns();
        if (ret != NULL && end == END_OK) {
            histogram_add(&ret->round_trip, now - sent);
        }
        before = sent;
        sent = now;
        if (host_stop_requested()) {
            return END_STOPPED;
        }
    }
    if (end == END_OK) { /* the answer to the last one says when the one before it had arrived */
        end = receive_next(t, &arrival);
        if (end == END_OK && ret != NULL && before != 0 && arrival >= before) {
            histogram_add(&ret->one_way, arrival - before);
        }
    }
    return end;
}

/* ---- at a rate ---- */

/* Messages are sent when they are due, whether or not the ones before have come back, and their
 * time counts from then: a reflector that stops for a second is late for all of that second's
 * messages, not for one. */
struct schedule {
    uint64_t start_ns, rate, count;
    uint64_t sent;     /* of them, and one more in the end, whose answer completes the last */
    uint64_t taken;    /* answers */
    uint64_t heard_ns; /* when the last one came */
};

static uint64_t due_ns(const struct schedule *s, uint64_t i)
{
    return s->start_ns + i / s->rate * PAIR_SECOND_NS + i % s->rate * PAIR_SECOND_NS / s->rate;
}

static enum end take_answer(struct pinger *t, struct schedule *s, const shmring_record *record,
                            uint64_t now, struct trip_result *ret)
{
    uint64_t arrival = 0, i = s->taken;
    enum end end = take(t, record, &arrival);

    if (end != END_OK) {
        return end;
    }
    s->taken++;
    s->heard_ns = now;
    if (i < s->count) {
        histogram_add(&ret->round_trip, now - due_ns(s, i));
    }
    if (i > 0 && t->size >= TRIP_TIMED_SIZE) {
        histogram_add(&ret->one_way, arrival - due_ns(s, i - 1));
    }
    return END_OK;
}

/* Nothing came and nothing is due: polls when something is near, else sleeps. */
static shmring_status idle(struct pinger *t, struct schedule *s, uint64_t now)
{
    const uint64_t due = s->sent < s->count ? due_ns(s, s->sent) : now;
    uint64_t left = due > now ? due - now : 0;
    int waits = s->sent > s->taken;

    if (waits ? now - s->heard_ns >= PAIR_SLICE_NS : left > EARLY_NS) {
        s->heard_ns = now; /* this is also the look whether the reflector lives */
        left = left > EARLY_NS ? left - EARLY_NS : 1;
        return shmring_wait_data(t->rings.c, left < PAIR_SLICE_NS ? left : PAIR_SLICE_NS);
    }
    if (t->rings.apart) {
        shmring_consumer_relax(t->rings.c);
    } else {
        host_yield();
    }
    return SHMRING_OK;
}

static enum end at_rate(struct pinger *t, uint64_t rate, uint64_t count, struct trip_result *ret)
{
    struct schedule s = {host_clock_ns(), rate, count, 0, 0, 0};
    shmring_record record;
    shmring_status status;
    enum end end = END_OK;
    uint64_t now;

    s.heard_ns = s.start_ns;
    while (end == END_OK && s.taken <= count) {
        status = shmring_try_recv(t->rings.c, t->rings.message, t->rings.room, &record);
        now = host_clock_ns();
        if (status == SHMRING_OK) {
            end = take_answer(t, &s, &record, now, ret);
        } else if (status == SHMRING_EMPTY) {
            status = idle(t, &s, now);
        }
        if (s.sent <= count && (s.sent == count || now >= due_ns(&s, s.sent))) {
            status = send_ping(t);
            s.sent += status == SHMRING_OK;
            if (status == SHMRING_FULL) {
                shmring_producer_relax(t->rings.p); /* it stays due */
                status = SHMRING_OK;
            }
        }
        end = end == END_OK ? judge(t, status) : end;
    }
    return end;
}

/* ---- the whole ---- */

static enum end measure(struct pinger *t, const struct trip_plan *plan, struct trip_result *ret)
{
    enum end end = say_hello(t);
    uint64_t begin = host_clock_ns(), until;

    if (end == END_OK && plan->warm_ns != 0) {
        end = full_speed(t, UINT64_MAX, begin + plan->warm_ns, NULL);
    }
    if (end != END_OK) {
        return end;
    }
    begin = host_clock_ns();
    until = plan->budget_ns < UINT64_MAX - begin ? begin + plan->budget_ns : UINT64_MAX;
    end = plan->rate != 0 ? at_rate(t, plan->rate, plan->count, ret)
                          : full_speed(t, plan->count, until, ret);
    ret->elapsed_ns = host_clock_ns() - begin;
    return end;
}

static int open_rings(struct pinger *t, const struct pair_phase *phase, const shmring_options *opt)
{
    struct trip_rings *r = &t->rings;
    shmring_status status;
    shmring_info info;

    t->size = phase->size;
    r->polls = phase->place.polls;
    r->apart = pair_apart(&phase->place);
    status = shmring_producer_open(&r->p, r->there, opt);
    if (status == SHMRING_OK) {
        status = shmring_consumer_open(&r->c, r->back, opt);
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
    ret->elapsed_ns = 0;
}

int trip_with_partner(const char *who, const struct pair_phase *phase, const struct trip_plan *plan,
                      struct trip_result *ret)
{
    shmring_options opt = pair_ring_options(phase);
    struct pair_partner partner = {0};
    struct pinger t = {0};
    enum end end = END_FAILED;
    char base[64];
    int ok = 0;

    clear(ret);
    (void)snprintf(base, sizeof base, "%s.%" PRIu64, who, host_pid());
    trip_names(&t.rings, base);
    t.child = &partner.child;
    if (open_rings(&t, phase, &opt) && pair_partner_start(&partner, phase, base)) {
        end = measure(&t, plan, ret);
        shmring_producer_close(t.rings.p); /* the partner reads to the end and goes */
        t.rings.p = NULL;
        ok = pair_partner_end(&partner, end == END_OK);
    }
    trip_close(&t.rings);
    (void)shmring_remove(t.rings.there); /* a partner that was killed may have been its last user */
    return ok;
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
    struct pinger t = {0};
    enum end end = END_FAILED;

    clear(ret);
    trip_names(&t.rings, name);
    opt.open_mode = SHMRING_OPEN_ONLY;
    opt.spin_ns = pair_apart(&phase->place) ? 0 : 1;
    if (open_rings(&t, phase, &opt)) {
        end = measure(&t, plan, ret);
    }
    if (end == END_GONE) {
        (void)say_failed("the reflector of '%s' is gone after %" PRIu64 " answers: no figures",
                         short_name(name), t.answers);
    }
    trip_close(&t.rings);
    return end == END_OK;
}
