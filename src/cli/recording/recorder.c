/* SPDX-License-Identifier: MIT */
/* recorder.c - takes the records of rings, and puts them into a recording.
 *
 * As an observer it disturbs nobody, and may be overtaken. As the consumer it hands records to the
 * system before it releases them. After its death at most the records of its last write come once
 * more, and none is lost. */
#include "recording/recorder.h"

#include <string.h>

#include "host/host.h"
#include "recording/output.h"

#define LOOK_NS   UINT64_C(100000000) /* a stop and the time limits are seen this fast */
#define ABSENT_NS UINT64_C(20000000)  /* between two looks for a ring that is not there */
#define HOLD_NS   UINT64_C(10000000)  /* records wait this long for others of their chunk */
#define BRIEF_NS  UINT64_C(1000000)   /* the wait at one ring while there are others */

/* ---- the two forms ---- */

static int add_record(struct recorder *r, const struct taken *t, const shmring_record *record,
                      uint64_t now_ns)
{
    return r->is_mcap ? multi_add(&r->mcap, t->ring, record, now_ns)
                      : recording_add(&r->old, record, now_ns);
}

static int add_loss(struct recorder *r, struct taken *t, const struct source_loss *loss,
                    uint64_t position, uint64_t now_ns)
{
    return r->is_mcap ? multi_lost(&r->mcap, t->ring, loss->bytes, loss->records, position, now_ns)
                      : recording_lost(&r->old, loss->bytes, loss->records, position, now_ns);
}

static int flush(struct recorder *r, uint64_t now_ns)
{
    r->flushed_ns = now_ns;
    return r->is_mcap ? multi_flush(&r->mcap) : recording_flush(&r->old);
}

static int tick(struct recorder *r, uint64_t now_ns)
{
    return r->is_mcap ? multi_tick(&r->mcap, now_ns) : recording_tick(&r->old, now_ns);
}

/* ---- rings ---- */

/* The records that a full ring refused its sender since we came: those are nowhere. Asked now and
 * then, for the ring may go with its sender. */
static void look_at_refusals(struct taken *t, uint64_t now_ns)
{
    shmring_info now;

    if (!t->is_open || (now_ns - t->asked_ns < LOOK_NS && t->asked_ns != 0)) {
        return;
    }
    t->asked_ns = now_ns;
    if (shmring_inspect(t->name, &now) == SHMRING_OK &&
        memcmp(now.incarnation, t->source.info.incarnation, sizeof now.incarnation) == 0) {
        t->refused = now.counters.rejected - t->source.info.counters.rejected;
    }
}

/* Takes a ring into an MCAP file. 1; 0 after a failure that was said. */
static int take_up(struct recorder *r, struct taken *t)
{
    shmring_description *description = NULL;
    const shmring_status status = source_description(&t->source, &description);

    if (status != SHMRING_OK && status != SHMRING_EMPTY) { /* its records are bytes, then */
        say_notice("ring '%s' is recorded without its description: %s", short_name(t->name),
                   shmring_error_detail());
    }
    t->ring = r->mcap.ring_count;
    return multi_ring(&r->mcap, &t->source.info, t->source.kind, description);
}

/* Tries a ring that was not there. 1; 0 after a failure that was said. */
static int open_one(struct recorder *r, struct taken *t)
{
    const shmring_status status = source_open(&t->source, t->name, r->kind, r->from);

    if (status == SHMRING_E_NOT_FOUND) {
        return 1;
    }
    if (status != SHMRING_OK) {
        r->exit = say_has_failed() ? EXIT_FAILED : say_status(status);
        return 0;
    }
    t->is_open = 1;
    r->exit = EXIT_FAILED;
    return r->mcap.out.file == NULL || take_up(r, t);
}

/* Returns how many are open; -1 after a failure that was said. */
static int open_rings(struct recorder *r)
{
    int count = 0;
    uint32_t i;

    for (i = 0; i < r->ring_count; i++) {
        if (!r->rings[i].is_open && !open_one(r, &r->rings[i])) {
            return -1;
        }
        count += r->rings[i].is_open;
    }
    r->tried_ns = host_clock_ns();
    return count;
}

/* Waits until there is a ring. 1; 0 to end with *ret_exit. */
static int open_first(struct recorder *r, int *ret_exit)
{
    const uint64_t start = host_clock_ns();
    int count;

    host_catch_stop(NULL);
    while ((count = open_rings(r)) == 0 && !host_stop_requested() &&
           host_clock_ns() - start < r->timeout_ns) {
        ring_say_waiting(&r->waiting_ns, "the ring", r->rings[0].name);
        host_sleep_ns(ABSENT_NS);
    }
    if (count == 0) {
        *ret_exit = host_stop_requested() ? EXIT_OK : say_status(SHMRING_E_NOT_FOUND);
    } else if (count < 0) {
        *ret_exit = r->exit;
    }
    return count > 0;
}

static int start_file(struct recorder *r)
{
    uint32_t i;

    if (!r->is_mcap) {
        return recording_create(&r->old, r->path, &r->limits, &r->rings[0].source.info,
                                r->rings[0].source.kind);
    }
    if (!multi_create(&r->mcap, r->path, &r->limits, r->compression, 0, 0)) {
        return 0;
    }
    for (i = 0; i < r->ring_count; i++) {
        if (r->rings[i].is_open && !take_up(r, &r->rings[i])) {
            return 0;
        }
    }
    return 1;
}

/* ---- records ---- */

/* Whether records may wait for others, so that chunks do not have one record each. */
static int may_wait(const struct recorder *r, const struct taken *t, const shmring_record *records,
                    uint32_t n, uint32_t most, uint64_t now_ns)
{
    uint64_t bytes = 0;
    uint32_t i;

    if (!r->is_mcap || !source_is_in_place(&t->source) || n == most ||
        t->source.info.framing == SHMRING_BYTES || now_ns - r->flushed_ns >= HOLD_NS) {
        return 0;
    }
    for (i = 0; i < n; i++) {
        bytes += records[i].len;
    }
    return bytes < t->source.info.capacity / 4;
}

static void count(struct recorder *r, struct taken *t, uint32_t n, uint64_t now_ns)
{
    t->shown = n;
    r->left -= r->left == UINT64_MAX ? 0 : n;
    r->heard_ns = now_ns;
    r->last_heard = (uint32_t)(t - r->rings);
}

/* Takes what is there of a ring. Returns how many; -1 after a failure that was said. */
static int take(struct recorder *r, struct taken *t)
{
    shmring_record records[SHMRING_PEEK_MAX];
    const uint32_t most = r->left < SHMRING_PEEK_MAX ? (uint32_t)r->left : SHMRING_PEEK_MAX;
    struct source_loss loss;
    const uint32_t n = most > 0 ? source_show(&t->source, records, most, &loss) : 0;
    const uint64_t now = host_clock_ns();
    uint32_t i;

    if (n == 0) {
        return 0;
    }
    if (may_wait(r, t, records, n, most, now)) {
        r->holds = 1;
        return 0;
    }
    if (loss.bytes != 0 && !add_loss(r, t, &loss, records[0].position, now)) {
        return -1;
    }
    for (i = 0; i < n; i++) {
        if (!add_record(r, t, &records[i], now)) {
            return -1;
        }
        progress_add(&r->progress, 1, records[i].len);
    }
    count(r, t, n, now);
    return (int)n;
}

/* The same of all rings, and releases what went into the file. */
static int take_all(struct recorder *r)
{
    int all = 0, in_place = 0, n;
    uint32_t i;

    r->holds = 0;
    for (i = 0; i < r->ring_count; i++) {
        struct taken *t = &r->rings[i];

        t->shown = 0;
        if (t->is_open && !t->has_ended) {
            n = take(r, t);
            if (n < 0) {
                return -1;
            }
            all += n;
            in_place = in_place || (n > 0 && source_is_in_place(&t->source));
        }
    }
    if (in_place && !flush(r, host_clock_ns())) {
        return -1;
    }
    for (i = 0; i < r->ring_count; i++) {
        if (r->rings[i].shown > 0) {
            source_taken(&r->rings[i].source, r->rings[i].shown);
        }
    }
    return all;
}

/* ---- waiting ---- */

static int ring_ended(struct recorder *r, struct taken *t, enum recording_reason reason)
{
    struct multi_ring *m = r->is_mcap ? &r->mcap.rings[t->ring] : NULL;

    t->has_ended = 1;
    t->asked_ns = 0;
    look_at_refusals(t, host_clock_ns());
    r->reason = reason;
    if (m != NULL) {
        m->reason = (uint32_t)reason;
        m->refused = t->refused;
    }
    return reason == RECORDING_DIED
               ? say_failed("the sender of ring '%s' died; everything it had committed is recorded",
                            short_name(t->name))
               : EXIT_OK;
}

/* Waits at a ring. Returns an exit status. */
static int wait_at(struct recorder *r, struct taken *t, uint64_t timeout_ns)
{
    const shmring_status status = source_wait(&t->source, timeout_ns);

    switch (status) {
    case SHMRING_OK:
    case SHMRING_EMPTY:
    case SHMRING_TIMEOUT:
        return EXIT_OK;
    case SHMRING_CLOSED:
        return ring_ended(r, t, RECORDING_CLOSED);
    case SHMRING_PEER_DEAD:
        return ring_ended(r, t, RECORDING_DIED);
    default:
        (void)ring_ended(r, t, RECORDING_STOPPED);
        return say_status(status);
    }
}

/* Waits for more. The ring that was heard last wakes it at once, another one a little later. */
static int wait_more(struct recorder *r)
{
    struct taken *last = NULL;
    uint32_t i, open = 0;
    int ret = EXIT_OK, one;

    if (r->holds) {
        host_sleep_ns(BRIEF_NS / 2);
        return EXIT_OK;
    }
    for (i = 0; i < r->ring_count; i++) {
        struct taken *t = &r->rings[i];

        if (t->is_open && !t->has_ended && r->ring_count > 1) {
            one = wait_at(r, t, 0);
            ret = one != EXIT_OK ? one : ret;
        }
        if (t->is_open && !t->has_ended) {
            open++;
            last = last == NULL || i == r->last_heard ? t : last;
        }
    }
    if (last == NULL) { /* those that are not there yet */
        host_sleep_ns(BRIEF_NS);
        return ret;
    }
    one = wait_at(r, last, r->ring_count == 1 ? LOOK_NS : BRIEF_NS);
    return one != EXIT_OK ? one : ret;
}

static int all_ended(const struct recorder *r)
{
    uint32_t i;

    for (i = 0; i < r->ring_count; i++) {
        if (!r->rings[i].has_ended) {
            return 0;
        }
    }
    return 1;
}

/* Limits, and what is done now and then. 1 to go on; 0 to end with *ret_exit. */
static int look_around(struct recorder *r, int *ret_exit)
{
    const uint64_t now = host_clock_ns();
    char text[FIGURE_SIZE];
    uint32_t i;

    for (i = 0; i < r->ring_count; i++) {
        look_at_refusals(&r->rings[i], now);
    }
    if (!tick(r, now)) {
        *ret_exit = EXIT_FAILED;
        return 0;
    }
    if (r->timeout_ns != SHMRING_FOREVER && now - r->heard_ns >= r->timeout_ns) {
        *ret_exit = say_failed("nothing came through ring '%s' for %s",
                               short_name(r->rings[0].name), figure_ns(text, r->timeout_ns));
        return 0;
    }
    if (r->ring_count > 1 && now - r->tried_ns >= ABSENT_NS && open_rings(r) < 0) {
        *ret_exit = r->exit;
        return 0;
    }
    progress_show(&r->progress);
    return now - r->start_ns < r->duration_ns;
}

static int record_all(struct recorder *r)
{
    int ret = EXIT_OK, one, n;

    r->start_ns = r->heard_ns = host_clock_ns();
    while (r->left > 0 && !host_stop_requested() && !all_ended(r)) {
        n = take_all(r);
        if (n < 0) {
            return EXIT_FAILED;
        }
        one = n == 0 ? wait_more(r) : EXIT_OK;
        ret = one != EXIT_OK ? one : ret;
        if (!look_around(r, &ret)) {
            break;
        }
    }
    return ret;
}

/* ---- the end ---- */

/* Adds a loss behind the last record, and takes the sums. */
static void settle(struct recorder *r, struct taken *t)
{
    if (t->is_open && t->source.loss.bytes != 0) {
        (void)add_loss(r, t, &t->source.loss, 0, host_clock_ns());
    }
    if (!t->has_ended) {
        t->asked_ns = 0;
        look_at_refusals(t, host_clock_ns());
    }
    if (r->is_mcap && t->is_open) {
        r->mcap.rings[t->ring].refused = t->refused;
        t->totals = r->mcap.rings[t->ring].totals;
    } else if (t->is_open) {
        t->totals = r->old.totals;
    }
}

int recorder_run(struct recorder *r, int *ret_whole)
{
    int ret;
    uint32_t i;

    *ret_whole = 0;
    r->reason = RECORDING_STOPPED;
    if (!open_first(r, &ret)) {
        return ret;
    }
    if (!start_file(r)) {
        (void)(r->is_mcap ? multi_end(&r->mcap) : recording_end(&r->old, RECORDING_STOPPED));
        return EXIT_FAILED;
    }
    progress_start(&r->progress, 1);
    ret = record_all(r);
    progress_end(&r->progress);
    for (i = 0; i < r->ring_count; i++) {
        settle(r, &r->rings[i]);
    }
    *ret_whole = r->is_mcap ? multi_end(&r->mcap) : recording_end(&r->old, r->reason);
    return ret == EXIT_OK && !*ret_whole ? EXIT_FAILED : ret;
}

void recorder_close(struct recorder *r)
{
    uint32_t i;

    for (i = 0; i < r->ring_count; i++) {
        if (r->rings[i].is_open) {
            source_close(&r->rings[i].source);
        }
    }
}
