/* SPDX-License-Identifier: MIT */
/* producer.c - the producer of records: every way to send, with what each must answer. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rings.h"

/* A call that may be refused. */
struct
try {
    struct before before;
    uint64_t room; /* certain, before it */
    uint64_t need;
    uint32_t len;
};

static struct try try_begin(const struct ring *r, uint32_t len)
{
    struct try t = {before_call(r, &r->c_life), 0, entry_size(r, len) + SHMRING_WORD_SIZE, len};

    t.room = r->f.overflow == SHMRING_OVERWRITE
                 ? r->f.capacity - (r->next_position - r->committed_position)
                 : bytes_free(r);
    return t;
}

/* It was not OK. publishes: what was staged is the ring's now. */
static void try_failed(struct ring *r, const struct try *t, shmring_status status, int blocking,
                       int publishes)
{
    if (publishes) {
        flight_end(r);
    } else {
        r->possible = r->committed;
    }
    if (t->room >= t->need) {
        found("a call answered %" PRId64 " for %" PRIu64 " bytes and %" PRIu64 " were free",
              (uint64_t)(int64_t)status, t->need, t->room);
    }
    check_no_room(r, &t->before, status, blocking);
    r->full_need = status == SHMRING_FULL && r->p_fd >= 0 && r->f.overflow == SHMRING_REJECT
                       ? t->need
                       : 0; /* in an overwrite ring only its own publish makes room */
}

static void try_send(struct ring *r)
{
    const uint32_t len = length_of_next(r);
    const uint16_t type = (uint16_t)chance(65536);
    const struct try t = try_begin(r, len);
    shmring_status s;

    payload_make(r->to_send, r->next, len);
    entry_write(r, len, type);
    flight_begin(r, 1);
    s = shmring_try_send(r->p, r->to_send, len, type);
    trace("try_send of %" PRIu64 " bytes as %" PRIu64 " is %" PRId64, len, r->next,
          (uint64_t)(int64_t)s, 0);
    if (s == SHMRING_OK) {
        entry_accept(r);
        flight_end(r);
        return;
    }
    try_failed(r, &t, s, 0, 1);
    if (s == SHMRING_FULL) {
        refusal_count(r, FULL_TRIED);
    }
}

static void stage(struct ring *r)
{
    const uint32_t len = length_of_next(r);
    const uint16_t type = (uint16_t)chance(65536);
    const struct try t = try_begin(r, len);
    shmring_status s;

    if (r->next == r->committed) {
        batch_begin(r);
    }
    payload_make(r->to_send, r->next, len);
    entry_write(r, len, type);
    s = shmring_stage(r->p, r->to_send, len, type);
    trace("stage of %" PRIu64 " bytes as %" PRIu64 " is %" PRId64, len, r->next,
          (uint64_t)(int64_t)s, 0);
    if (s == SHMRING_OK) {
        entry_accept(r);
        return;
    }
    try_failed(r, &t, s, 0, 0);
    if (s == SHMRING_FULL) {
        refusal_count(r, FULL_TRIED);
    }
}

static void publish(struct ring *r)
{
    trace("publish of %" PRIu64, r->next - r->committed, 0, 0, 0);
    flight_begin(r, 0);
    (void)shmring_publish(r->p);
    flight_end(r);
}

static void drop(struct ring *r)
{
    trace("abort of %" PRIu64, r->next - r->committed, 0, 0, 0);
    (void)shmring_abort(r->p);
    batch_drop(r);
    r->full_need = 0; /* what is free begins elsewhere */
}

/* ---- reservations ---- */

static void reserve(struct ring *r)
{
    const uint32_t len = length_of_next(r);
    const struct try t = try_begin(r, len);
    void *room;
    shmring_status s;

    flight_begin(r, 0);
    s = shmring_reserve(r->p, len, &room);
    trace("reserve of %" PRIu64 " bytes is %" PRId64, len, (uint64_t)(int64_t)s, 0, 0);
    if (s == SHMRING_OK) {
        flight_end(r);
        r->room = room;
        r->room_len = len;
        return;
    }
    try_failed(r, &t, s, 0, 1);
    if (s == SHMRING_FULL) {
        refusal_count(r, FULL_TRIED);
    }
}

static void commit(struct ring *r)
{
    const uint32_t len = one_in(4) ? r->room_len : chance(r->room_len + 1);
    const uint16_t type = (uint16_t)chance(65536);

    payload_make(r->to_send, r->next, len);
    memcpy(r->room, r->to_send, len / 2);
    let_others_act(chance(3)); /* half of it is there, and nobody may see it */
    memcpy((char *)r->room + len / 2, r->to_send + len / 2, len - len / 2);
    entry_write(r, len, type);
    flight_begin(r, 1);
    r->room = NULL;
    (void)shmring_commit(r->p, len, type);
    trace("commit of %" PRIu64 " bytes as %" PRIu64, len, r->next, 0, 0);
    entry_accept(r);
    flight_end(r);
}

static void must_be_invalid(shmring_status s)
{
    if (s != SHMRING_E_INVALID) {
        found("a call beside a reservation answered %" PRId64, (uint64_t)(int64_t)s, 0, 0);
    }
}

static void go_on_with_reservation(struct ring *r)
{
    switch (chance(10)) {
    case 0:
        must_be_invalid(shmring_try_send(r->p, r->to_send, chance(17), 0));
        must_be_invalid(shmring_wait_space(r->p, 8, 1000));
        break;
    case 1:
        must_be_invalid(shmring_stage(r->p, r->to_send, chance(17), 0));
        break;
    case 2:
    case 3:
        trace("abort of a reservation", 0, 0, 0, 0);
        (void)shmring_abort(r->p);
        r->room = NULL;
        break;
    case 4:
        trace("commit of too much", 0, 0, 0, 0);
        (void)shmring_commit(r->p, r->room_len + 1, 0);
        r->room = NULL;
        break;
    default:
        commit(r);
        break;
    }
}

/* ---- calls that wait ---- */

/* Who never sleeps polls all the time. */
static uint64_t some_time(const struct ring *r)
{
    static const uint64_t times[] = {1, 2000, 20000, 2000000000};

    return times[chance(r->f.spin_ns == UINT32_MAX ? 3 : 4)];
}

static void check_time(const struct before *b, uint64_t timeout_ns)
{
    if (now_ns - b->now < timeout_ns) {
        found("a wait of %" PRIu64 " ns timed out after %" PRIu64, timeout_ns, now_ns - b->now, 0);
    }
}

static void send(struct ring *r)
{
    const uint32_t len = length_of_next(r);
    const uint16_t type = (uint16_t)chance(65536);
    const struct try t = try_begin(r, len);
    const uint64_t timeout_ns = some_time(r);
    shmring_status s;

    if (r->last_full == FULL_TRIED) {
        refusal_retract(r); /* that record is the one which is sent now */
    }
    payload_make(r->to_send, r->next, len);
    entry_write(r, len, type);
    flight_begin(r, 1);
    r->sleep_need = t.need;
    s = shmring_send(r->p, r->to_send, len, type, timeout_ns);
    r->sleep_need = 0;
    trace("send of %" PRIu64 " bytes as %" PRIu64 " is %" PRId64, len, r->next,
          (uint64_t)(int64_t)s, 0);
    if (s == SHMRING_OK) {
        entry_accept(r);
        flight_end(r);
        return;
    }
    try_failed(r, &t, s, 1, 1);
    if (s == SHMRING_TIMEOUT) {
        check_time(&t.before, timeout_ns);
        refusal_count(r, FULL_TIMED_OUT);
    }
}

/* Where there is space for a record, it can be sent. */
static void wait_space(struct ring *r)
{
    const uint32_t len = length_of_next(r);
    const struct try t = try_begin(r, len);
    const uint64_t timeout_ns = one_in(2) ? 0 : some_time(r);
    shmring_status s;

    flight_begin(r, 0);
    refusal_retract(r);
    r->sleep_need = t.need;
    s = shmring_wait_space(r->p, len, timeout_ns);
    r->sleep_need = 0;
    trace("wait_space of %" PRIu64 " bytes for %" PRIu64 " ns is %" PRId64, len, timeout_ns,
          (uint64_t)(int64_t)s, 0);
    if (s != SHMRING_OK) {
        try_failed(r, &t, s, timeout_ns != 0, 1);
        if (s == SHMRING_TIMEOUT) {
            check_time(&t.before, timeout_ns);
        }
        return;
    }
    flight_end(r);
    payload_make(r->to_send, r->next, len);
    entry_write(r, len, 7);
    flight_begin(r, 1);
    s = shmring_try_send(r->p, r->to_send, len, 7);
    if (s != SHMRING_OK) {
        found("there was space for %" PRIu64 " bytes and sending them is %" PRId64, len,
              (uint64_t)(int64_t)s, 0);
    }
    entry_accept(r);
    flight_end(r);
}

static void send_too_much(struct ring *r)
{
    shmring_status s;

    flight_begin(r, 0);
    s = shmring_try_send(r->p, r->to_send, r->f.max_record + 1 + chance(9), 0);
    if (s != SHMRING_E_TOO_BIG) {
        found("more than max_record was answered %" PRId64, (uint64_t)(int64_t)s, 0, 0);
    }
    flight_end(r);
}

/* ---- the actor ---- */

static void interrupt(struct ring *r)
{
    const int alone = r->f.restarts || r->f.deaths; /* the handle must outlive the call */

    if (r->c != NULL) {
        trace("interrupts the consumer", 0, 0, 0, 0);
        if (alone) {
            stop_switching();
        }
        r->interrupting = 1;
        r->interrupts = ++r->interrupt_count;
        shmring_consumer_interrupt(r->c);
        r->interrupts = ++r->interrupt_count; /* a wait may have ended in between */
        r->interrupting = 0;
        if (alone) {
            go_on_switching();
        }
    }
}

static void do_something(struct actor *a, struct ring *r)
{
    const uint32_t k = chance(1000);

    if (r->room != NULL) {
        go_on_with_reservation(r);
    } else if (k < 300) {
        try_send(r);
    } else if (k < 680) {
        stage(r);
    } else if (k < 760) {
        publish(r);
    } else if (k < 800) {
        drop(r);
    } else if (k < 870) {
        reserve(r);
    } else if (k < 910) {
        trace("retry", 0, 0, 0, 0);
        if (one_in(2)) {
            shmring_producer_relax(r->p);
        } else {
            shmring_producer_retry(r->p);
        }
        refusal_retract(r);
    } else if (k < 940) {
        send(r);
    } else if (k < 965) {
        wait_space(r);
    } else if (k < 970) {
        send_too_much(r);
    } else if (k < 980) {
        interrupt(r);
    } else if (k < 990 && r->f.restarts && !somebody_is_in_admin()) {
        close_producer(r);
    } else if (k < 995 && r->f.deaths) {
        die_at_rest(a);
    }
}

void act_as_producer(struct actor *a)
{
    struct ring *r = a->who;

    if (r->p != NULL) {
        do_something(a, r);
    } else if (one_in(4) && !somebody_is_in_admin()) { /* absent for a while */
        open_producer(r);
    }
}
