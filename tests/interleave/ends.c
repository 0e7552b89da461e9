/* SPDX-License-Identifier: MIT */
/* ends.c - sides that come, go and die, and what the other one is told of it.
 *
 * An end is told to one handle of the other side, as often as it asks; who opens the role after it
 * was told is not told again. A call that answers no status tells nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rings.h"

uint64_t ends_told;

static const struct shmring_role_block *role_of(const struct ring *r, enum shmring_role whose)
{
    return whose == SHMRING_ROLE_PRODUCER ? &producer_page(r)->role : &consumer_page(r)->role;
}

static uint64_t plain(const shmring_atomic_u64 *word)
{
    return plain_load_relaxed_(word);
}

struct before before_call(const struct ring *r, const struct life *theirs)
{
    const struct before b = {
        r->committed,
        r->f.framing == SHMRING_RECORDS ? r->committed_position : r->next_position,
        theirs->events,
        theirs->opens,
        r->interrupts,
        now_ns,
        theirs->busy_in_admin};

    return b;
}

int end_is_due(const struct ring *r, enum shmring_role whose, shmring_status *ret)
{
    const int of_producer = whose == SHMRING_ROLE_PRODUCER;
    const struct life *theirs = of_producer ? &r->p_life : &r->c_life;
    const struct life *ours = of_producer ? &r->c_life : &r->p_life;
    const struct shmring_role_block *role = role_of(r, whose);
    const uint64_t state = plain(&role->state);

    if (theirs->present || theirs->busy_in_admin || ours->told_either ||
        state == SHMRING_ROLE_NONE || plain(&role->epoch) == ours->told_epoch) {
        return 0;
    }
    *ret = state == SHMRING_ROLE_CLOSED ? SHMRING_CLOSED : SHMRING_PEER_DEAD;
    return 1;
}

/* A status that tells the other side's end: is it so, and is it its turn? */
static void check_told(struct ring *r, const struct before *b, enum shmring_role whose,
                       shmring_status status)
{
    const int of_producer = whose == SHMRING_ROLE_PRODUCER;
    const struct life *theirs = of_producer ? &r->p_life : &r->c_life;
    struct life *ours = of_producer ? &r->c_life : &r->p_life;
    const int stable = theirs->events == b->events && !b->in_admin;
    shmring_status due = SHMRING_OK;

    if (status != SHMRING_CLOSED && status != SHMRING_PEER_DEAD) {
        found("a call answered %" PRId64, (uint64_t)(int64_t)status, 0, 0);
    }
    if (stable && !ours->told_either && (!end_is_due(r, whose, &due) || due != status)) {
        found("a call told of an end, %" PRIu64 ", and due is %" PRIu64, status, due, 0);
    }
    ends_told++;
    ours->told_now = plain(
        &role_of(r, of_producer ? SHMRING_ROLE_CONSUMER : SHMRING_ROLE_PRODUCER)->ended_epoch);
    ours->told_either = 0;
    if (!of_producer) {
        ours->told_epoch = ours->told_now; /* a producer is told once */
    }
}

/* Interrupts may be taken for one another: in sum no more waits end by them than there were. */
static int may_be_interrupted(const struct ring *r)
{
    return r->interrupts != 0 || 2 * r->interrupted_waits < r->interrupt_count;
}

void check_nothing_to_read(struct ring *r, const struct before *b, shmring_status status,
                           int blocking)
{
    const int stable = r->p_life.events == b->events && !b->in_admin;
    shmring_status due;

    if (b->position != r->cursor && b->position - r->cursor < UINT64_MAX / 2) {
        if (status == SHMRING_EMPTY && blocking && may_be_interrupted(r)) { /* though busy */
            r->interrupted_waits++;
            r->interrupts = r->interrupts == b->interrupts ? 0 : r->interrupts;
            return;
        }
        found("a call answered %" PRId64 " and there were %" PRIu64 " bytes before it began",
              (uint64_t)(int64_t)status, b->position - r->cursor, 0);
    }
    if (status == SHMRING_EMPTY || (status == SHMRING_TIMEOUT && blocking)) {
        r->interrupted_waits += status == SHMRING_EMPTY && blocking;
        if (status == SHMRING_EMPTY && blocking && r->interrupts == 0 && !r->interrupting) {
            found("a wait ended as if interrupted", 0, 0, 0);
        }
        if (stable && end_is_due(r, SHMRING_ROLE_PRODUCER, &due) &&
            (due == SHMRING_CLOSED || blocking || r->c_fd >= 0)) {
            found("a call answered %" PRIu64 " and did not tell that the producer ended: %" PRIu64,
                  status, due, 0);
        }
        if (status == SHMRING_EMPTY && blocking && r->interrupts == b->interrupts) {
            r->interrupts = 0; /* with a descriptor, calls that try take it too, or not */
        }
        return;
    }
    check_told(r, b, SHMRING_ROLE_PRODUCER, status);
    if (!r->p_life.present && r->p_life.opens == b->opens && !b->in_admin &&
        r->cursor != r->next_position) {
        found("a call told that the producer ended and there are %" PRIu64 " bytes to read",
              r->next_position - r->cursor, 0, 0);
    }
}

void check_no_room(struct ring *r, const struct before *b, shmring_status status, int blocking)
{
    const int stable = r->c_life.events == b->events && !b->in_admin;
    shmring_status due;

    if (status == (blocking ? SHMRING_TIMEOUT : SHMRING_FULL)) {
        if (stable && (blocking || r->p_fd >= 0) && r->f.overflow == SHMRING_REJECT &&
            (r->f.framing == SHMRING_RECORDS || TELLING_IS_LEFT) &&
            end_is_due(r, SHMRING_ROLE_CONSUMER, &due)) {
            found("a full ring's producer was answered %" PRIu64
                  " and not told that the consumer ended: %" PRIu64,
                  status, due, 0);
        }
        return;
    }
    check_told(r, b, SHMRING_ROLE_CONSUMER, status);
}

/* ---- coming ---- */

static void admin_begin(struct actor *a, struct life *life)
{
    a->in_admin = 1;
    life->busy_in_admin = 1;
    life->opens += !life->present;
    life->present = 0;
    life->events++;
}

static void admin_end(struct actor *a, struct life *life, int present)
{
    a->in_admin = 0;
    life->busy_in_admin = 0;
    life->present = present;
    life->events++;
}

static void must_open(shmring_status status, const char *role)
{
    (void)role;
    if (status != SHMRING_OK) {
        found("an open answered %" PRId64, (uint64_t)(int64_t)status, 0, 0);
    }
}

/* A death may have been between two counts. */
static void check_refusals(struct ring *r)
{
    const uint64_t rejected = plain(&producer_page(r)->rejected);

    if (r->gap_unsure) {
        r->rejected = rejected;
    } else if (rejected != r->rejected) {
        found("a new producer goes on with %" PRIu64 " refusals of %" PRIu64, rejected, r->rejected,
              0);
    }
}

void open_producer(struct ring *r)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.spin_ns = r->f.spin_ns;
    admin_begin(r->producer, &r->p_life);
    r->p_life.told_epoch = r->p_life.told_now = plain(&producer_page(r)->role.ended_epoch);
    r->p_life.told_either = 0;
    must_open(shmring_producer_open(&r->p, r->name, &opt), "producer");
    r->p->claims = one_in(2) ? SHMRING_CLAIMS_ALWAYS : SHMRING_CLAIMS_WHEN_FAR;
    admin_end(r->producer, &r->p_life, 1);
    r->full_need = 0;
    check_refusals(r);
    r->p_fd = r->f.producer_fd ? shmring_producer_fd(r->p) : -1;
    trace("opened, tail %" PRIu64, plain(&producer_page(r)->tail), 0, 0, 0);
}

void open_consumer(struct ring *r)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.spin_ns = r->f.spin_ns;
    admin_begin(r->consumer, &r->c_life);
    r->c_life.told_epoch = plain(&consumer_page(r)->role.ended_epoch);
    r->c_life.told_now = r->c_life.told_epoch;
    r->c_life.told_either = 0;
    must_open(shmring_consumer_open(&r->c, r->name, &opt), "consumer");
    admin_end(r->consumer, &r->c_life, 1);
    r->interrupts = 0;
    r->c_fd = r->f.consumer_fd ? shmring_consumer_fd(r->c) : -1;
    trace("opened, cursor %" PRIu64, plain(&consumer_page(r)->cursor), 0, 0, 0);
}

/* ---- going ---- */

/* Who comes next is told what this one was not. */
static void check_telling_is_left(const struct ring *r, const struct life *life,
                                  enum shmring_role whose)
{
    const uint64_t ended = plain(&role_of(r, whose)->ended_epoch);

    if (TELLING_IS_LEFT && !life->told_either && ended != life->told_now) {
        found("a handle that was told of end %" PRIu64 " goes, and the ring says that %" PRIu64
              " was told",
              life->told_now, ended, 0);
    }
}

void close_producer(struct ring *r)
{
    shmring_producer *p = r->p;

    check_telling_is_left(r, &r->p_life, SHMRING_ROLE_PRODUCER);
    admin_begin(r->producer, &r->p_life);
    if (r->f.framing == SHMRING_RECORDS) {
        flight_begin(r, 0);
    }
    r->p = NULL; /* nobody else may use it from here on */
    r->p_fd = -1;
    shmring_producer_close(p);
    r->room = NULL;
    flight_end(r);
    r->last_full = FULL_NONE;
    r->full_need = 0;
    admin_end(r->producer, &r->p_life, 0);
    trace("closed", 0, 0, 0, 0);
}

void close_consumer(struct ring *r)
{
    shmring_consumer *c = r->c;

    check_telling_is_left(r, &r->c_life, SHMRING_ROLE_CONSUMER);
    r->gaps_unsure = 1;
    admin_begin(r->consumer, &r->c_life);
    r->c = NULL;
    r->c_fd = -1;
    shmring_consumer_close(c);
    admin_end(r->consumer, &r->c_life, 0);
    trace("closed", 0, 0, 0, 0);
}

/* ---- dying ---- */

/* The tail of a dead producer's byte ring: what the last call took is all there, or none of it; it
 * takes what there is room for. */
static void bytes_resolve(struct ring *r)
{
    const uint64_t tail = plain(&producer_page(r)->tail);

    if (tail != r->next_position && tail != r->possible_position &&
        (r->takes_less == 0 || tail - r->next_position > r->possible_position - r->next_position)) {
        found("a producer died and left tail %" PRIu64 "; it was %" PRIu64 " or %" PRIu64, tail,
              r->next_position, r->possible_position);
    }
    r->next_position = r->possible_position = r->committed_position = tail;
}

void producer_died(struct actor *a)
{
    struct ring *r = a->who;

    r->p = NULL;
    r->p_fd = -1;
    r->room = NULL;
    r->full_need = r->sleep_need = 0;
    admin_end(a, &r->p_life, 0);
    r->p_life.deaths++;
    if (a->at_rest) {
        batch_drop(r); /* and what it reported with it */
    }
    if (r->f.framing == SHMRING_RECORDS) {
        flight_resolve(r);
    } else {
        bytes_resolve(r);
    }
    r->takes_less = 0;
    r->silent_end = r->next_position;
    r->p_life.told_either = 0;
    r->p_life.told_now = r->p_life.told_epoch = plain(&producer_page(r)->role.ended_epoch);
    r->last_full = FULL_NONE;
    r->gap_unsure |= !a->at_rest;
}

/* The last call released all that it was to release, or nothing; a lapped one went on. */
static void cursor_resolve(struct ring *r)
{
    const uint64_t cursor = plain(&consumer_page(r)->cursor);
    const int laps = r->f.overflow == SHMRING_OVERWRITE;
    uint64_t seq;

    if (r->f.framing == SHMRING_BYTES) {
        if (cursor - r->cursor > r->may_release) {
            found("a consumer died and left cursor %" PRIu64 "; it was %" PRIu64
                  " and it was to release %" PRIu64,
                  cursor, r->cursor, r->may_release);
        }
        r->cursor = cursor;
        return;
    }
    seq = seq_at(r, cursor);
    if (seq == UINT64_MAX || seq < r->released || seq > r->possible ||
        (seq != r->released && seq != r->released + r->may_release && !laps)) {
        found("a consumer died and left cursor %" PRIu64 "; it was %" PRIu64
              " and it was to release %" PRIu64 " records",
              cursor, r->cursor, r->may_release);
    }
    for (; r->released < seq; r->released++) {
        r->gaps += entry_of(r, r->released)->gap == GAP_YES;
    }
    if (laps) { /* those that it lost are not counted */
        r->gaps = plain(&consumer_page(r)->gaps);
    }
    r->cursor = cursor;
}

void consumer_gone(struct actor *a, struct ring *r)
{
    r->c = NULL;
    r->c_fd = -1;
    admin_end(a, &r->c_life, 0);
    r->c_life.deaths++;
    cursor_resolve(r);
    r->silent_cursor = r->cursor;
    r->may_release = 0;
    r->received = r->laps = r->lapped_bytes = UINT64_MAX; /* as the page says */
    r->gaps_unsure = 1;
    r->c_life.told_either = 0;
    r->c_life.told_now = plain(&consumer_page(r)->role.ended_epoch);
}

void consumer_died(struct actor *a)
{
    consumer_gone(a, a->who);
}
