/* SPDX-License-Identifier: MIT */
/* observers.c - observers: nothing torn, nothing twice, nothing left out that is not said to be
 * lost.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rings.h"

#define WATCHERS_MAX 4u

struct watcher {
    struct ring *r;
    shmring_observer *o;
    uint64_t position; /* where it is; UINT64_MAX: a seek does not tell */
    int knows;
    uint64_t told; /* the producer's epoch whose end it was told; 0 = none */
    int interrupted;
    int too_big; /* the last record was, and skip() passes over it */
    unsigned char *buf;
};

static struct watcher watchers[WATCHERS_MAX];
static unsigned char buffers[WATCHERS_MAX][BYTES_MAX];
static uint32_t watcher_count;

uint64_t records_watched;

/* Whether nothing of what was published for certain is left to see. */
static uint64_t unseen(const struct watcher *w, uint64_t end)
{
    const uint64_t n = end - w->position;

    return w->knows && n <= UINT64_MAX / 2 ? n : 0;
}

static uint64_t end_of(const struct ring *r)
{
    return r->f.framing == SHMRING_RECORDS ? r->committed_position : r->next_position;
}

static void seek(struct watcher *w, int where)
{
    shmring_status s = shmring_observer_seek(w->o, where);

    trace("seek to %" PRIu64, (uint64_t)where, 0, 0, 0);
    if (s != SHMRING_OK) {
        found("seek answered %" PRId64, (uint64_t)(int64_t)s, 0, 0);
    }
    w->knows = w->too_big = 0;
}

static void saw_record(struct watcher *w, const shmring_record *record, int whole)
{
    struct ring *r = w->r;
    const uint64_t seq = seq_at(r, record->position);

    if (w->knows && record->position != w->position) {
        found("an observer at %" PRIu64 " is shown position %" PRIu64, w->position,
              record->position, 0);
    }
    if (seq == UINT64_MAX) {
        found("an observer is shown position %" PRIu64 ", where no record begins", record->position,
              0, 0);
    }
    record_check(r, seq, record, whole ? w->buf : NULL);
    w->position = record->position;
    w->knows = 1;
    if (whole) {
        w->position += entry_size(r, record->len);
        records_watched++;
    }
}

static void saw_bytes(struct watcher *w, const shmring_record *record)
{
    if (w->knows && record->position != w->position) {
        found("an observer at %" PRIu64 " is shown position %" PRIu64, w->position,
              record->position, 0);
    }
    if (record->len == 0 ||
        w->r->possible_position - record->position - record->len > UINT64_MAX / 2) {
        found("an observer is shown %" PRIu64 " bytes at %" PRIu64 " and tail is %" PRIu64,
              record->len, record->position, w->r->possible_position);
    }
    bytes_check(w->buf, record->position, record->len);
    w->position = record->position + record->len;
    w->knows = 1;
}

static void was_lapped(struct watcher *w)
{
    const uint64_t lost = shmring_observer_lost(w->o), evict = producer_evict(w->r);
    const uint64_t records = shmring_observer_lost_records(w->o);
    uint64_t from, to;

    trace("lapped by %" PRIu64 " bytes, %" PRIu64 " records", lost, records, 0, 0);
    laps_told++;
    if (!w->knows) {
        return;
    }
    if (lost == 0 || evict - w->position < lost || evict - w->position > UINT64_MAX / 2) {
        found("an observer at %" PRIu64 " is told that it lost %" PRIu64
              " bytes and evict is %" PRIu64,
              w->position, lost, evict);
    }
    from = seq_at(w->r, w->position);
    w->position += lost;
    to = seq_at(w->r, w->position);
    if (w->r->f.framing == SHMRING_RECORDS && to == UINT64_MAX) {
        found("an observer goes on at %" PRIu64 ", where no record begins", w->position, 0, 0);
    }
    /* A producer that dies between two counts leaves one of them behind. */
    if (w->r->f.framing == SHMRING_RECORDS && records != SHMRING_UNKNOWN && from != UINT64_MAX &&
        !w->r->f.deaths && to - from != records) {
        found("an observer is told that it lost %" PRIu64 " records, which are %" PRIu64, records,
              to - from, 0);
    }
}

/* Once for each producer, and after everything was seen. */
static void check_end(struct watcher *w, shmring_status s, uint64_t events)
{
    const struct ring *r = w->r;
    const struct shmring_role_block *role = &producer_page(r)->role;
    const uint64_t epoch = plain_load_relaxed_(&role->epoch);
    const int is_closed = plain_load_relaxed_(&role->state) == SHMRING_ROLE_CLOSED;

    if (r->p_life.events == events && !r->p_life.busy_in_admin &&
        (r->p_life.present || epoch == w->told || is_closed != (s == SHMRING_CLOSED))) {
        found("an observer is told of an end: %" PRIu64 " of producer %" PRIu64
              " and was told of %" PRIu64,
              s, epoch, w->told);
    }
    w->told = r->p_life.events == events ? epoch : 0;
}

/* What was published for certain before the call began is never passed over. */
static void nothing_to_see(struct watcher *w, shmring_status s, uint64_t end, uint64_t events)
{
    if (s != SHMRING_EMPTY && s != SHMRING_CLOSED && s != SHMRING_PEER_DEAD) {
        found("an observer is told %" PRId64, (uint64_t)(int64_t)s, 0, 0);
    }
    if (unseen(w, end) != 0) {
        found("an observer is told %" PRIu64 " and %" PRIu64 " bytes are there", s, unseen(w, end),
              0);
    }
    if (s != SHMRING_EMPTY) {
        check_end(w, s, events);
    }
}

static void observe(struct watcher *w)
{
    struct ring *r = w->r;
    const uint64_t end = end_of(r), events = r->p_life.events;
    const int is_bytes = r->f.framing == SHMRING_BYTES;
    const uint32_t size = one_in(8) ? chance(400) + (uint32_t)is_bytes : BYTES_MAX;
    shmring_record record = {0};
    shmring_status s;

    s = shmring_observe(w->o, w->buf, size, &record);
    trace("observe at %" PRIu64 " is %" PRId64, w->position, (uint64_t)(int64_t)s, 0, 0);
    w->too_big = s == SHMRING_E_TOO_BIG;
    if (s == SHMRING_OK) {
        if (is_bytes) {
            saw_bytes(w, &record);
        } else {
            saw_record(w, &record, 1);
        }
    } else if (s == SHMRING_E_TOO_BIG) {
        if (record.len <= size) {
            found("a record of %" PRIu64 " bytes is too big for %" PRIu64, record.len, size, 0);
        }
        saw_record(w, &record, 0);
    } else if (s == SHMRING_LAPPED) {
        was_lapped(w);
    } else {
        nothing_to_see(w, s, end, events);
    }
}

static void wait(struct watcher *w)
{
    const uint64_t end = end_of(w->r), events = w->r->p_life.events;
    const uint64_t timeout_ns = one_in(2) ? 0 : 1 + chance(30000000);
    const shmring_status s = shmring_observer_wait(w->o, timeout_ns);

    trace("wait for %" PRIu64 " ns at %" PRIu64 " is %" PRId64, timeout_ns, w->position,
          (uint64_t)(int64_t)s, 0);
    if (s == SHMRING_OK) {
        return;
    }
    if (s == SHMRING_TIMEOUT && (w->interrupted || timeout_ns == 0)) {
        found("an interrupted wait timed out", 0, 0, 0);
    }
    if (s == SHMRING_EMPTY && timeout_ns != 0 && !w->interrupted) {
        found("an observer's wait ended as if interrupted", 0, 0, 0);
    }
    if (timeout_ns != 0) {
        w->interrupted = w->interrupted && s != SHMRING_EMPTY;
    }
    nothing_to_see(w, s == SHMRING_TIMEOUT ? SHMRING_EMPTY : s, end, events);
}

/* Passes over what the last call found too big, and over nothing else. */
static void skip(struct watcher *w)
{
    struct ring *r = w->r;

    trace("skip at %" PRIu64, w->position, 0, 0, 0);
    shmring_observer_skip(w->o);
    if (w->too_big && w->knows) {
        w->position += entry_size(r, entry_of(r, seq_at(r, w->position))->len);
    }
    w->too_big = 0;
}

static void open_observer(struct watcher *w)
{
    shmring_status s = shmring_observer_open(&w->o, w->r->name, NULL);

    if (s != SHMRING_OK) {
        found("an observer's open answered %" PRId64, (uint64_t)(int64_t)s, 0, 0);
    }
    w->knows = w->too_big = w->interrupted = 0;
    w->told = 0;
    trace("opened", 0, 0, 0, 0);
}

static void act_as_observer(struct actor *a)
{
    struct watcher *w = a->who;
    const uint32_t k = chance(1000);

    if (w->o == NULL) {
        open_observer(w);
    } else if (k < 750) {
        observe(w);
    } else if (k < 790) {
        wait(w);
    } else if (k < 800) {
        w->interrupted = 1;
        shmring_observer_interrupt(w->o);
    } else if (k < 880) {
        skip(w);
    } else if (k < 940) {
        seek(w, SHMRING_OLDEST);
    } else if (k < 970) {
        seek(w, SHMRING_NEWEST);
    } else if (k < 980) {
        shmring_observer_close(w->o);
        w->o = NULL;
    } else if (k < 990 && w->r->f.deaths) {
        die_at_rest(a);
    }
}

static void observer_died(struct actor *a)
{
    struct watcher *w = a->who;

    w->o = NULL;
}

void observers_add(struct ring *r)
{
    int i;

    for (i = 0; i < r->f.observers && watcher_count < WATCHERS_MAX; i++) {
        struct watcher *w = &watchers[watcher_count];

        memset(w, 0, sizeof *w);
        w->r = r;
        w->buf = buffers[watcher_count++];
        stage_add("observer", act_as_observer, observer_died, w);
    }
}

void observers_end(void)
{
    uint32_t i;

    for (i = 0; i < watcher_count; i++) {
        shmring_observer_close(watchers[i].o);
    }
    watcher_count = 0;
}
