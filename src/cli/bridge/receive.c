/* SPDX-License-Identifier: MIT */
/* receive.c - a stream into a ring.
 *
 * Each batch of records carries a note in the ring, of the source ring and the position behind
 * them, which becomes true with the batch and not before. So a receiver that is killed anywhere
 * finds out what the ring has, and goes on behind it. The stream is told nothing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/bridge.h"
#include "host/host.h"
#include "text/ring_name.h"

#define SLICE_NS  UINT64_C(50000000)
#define PAUSE_NS  UINT64_C(100000000)
#define SILENT_NS UINT64_C(10000000000) /* then it asks the stream anew */

/* The words of the note. */
enum { NOTE_INCARNATION = 0, NOTE_POSITION = 2, NOTE_SEQUENCE = 3, NOTE_PART = 4 };

struct receiver {
    const struct bridge_options *o;
    struct bridge_totals *totals;
    struct link *link;
    shmring_producer *ring;
    shmring_ring_info info;
    int has; /* there is a note: of an earlier receiver, or ours */
    /* Behind the last whole block: its source, position and number in the stream. `part`: records
     * of the next one that the ring has already. */
    uint64_t incarnation[2], position, sequence, part;
    uint64_t staged, staged_bytes, left;
    uint64_t heard_ns, asked_ns, changes;
    int said_nobody;
    struct progress progress;
};

static shmring_producer *to_interrupt;

static void interrupt(void)
{
    shmring_producer_interrupt(to_interrupt);
}

/* ---- the ring ---- */

static int read_note(struct receiver *r)
{
    uint64_t note[SHMRING_NOTE_WORDS];
    shmring_status status = shmring_producer_noted(r->ring, note);

    if (status == SHMRING_EMPTY) {
        return 1;
    }
    if (status != SHMRING_OK) {
        (void)say_status(status);
        return 0;
    }
    r->has = 1;
    memcpy(r->incarnation, note + NOTE_INCARNATION, sizeof r->incarnation);
    r->position = note[NOTE_POSITION];
    r->sequence = note[NOTE_SEQUENCE];
    r->part = note[NOTE_PART];
    return 1;
}

/* Opens the ring, or makes one as its source is. like: NULL opens only one that is there. 1, also
 * when there is none; 0 with the sentence said. */
static int open_ring(struct receiver *r, const struct block_head *like)
{
    shmring_options options = SHMRING_OPTIONS_INIT;
    shmring_ring_info info = SHMRING_RING_INFO_INIT;
    shmring_status status;

    options.open_mode = SHMRING_OPEN_ONLY;
    if (like != NULL) {
        options.open_mode = SHMRING_OPEN_OR_CREATE;
        options.lifetime = SHMRING_PERSISTENT; /* it outlives a receiver that dies */
        options.capacity = like->capacity;
        options.max_record = like->max_record;
        options.schema = like->schema;
        options.stamp = like->stamp;
    }
    status = ring_open_producer(&r->ring, r->o->ring, &options);
    if (status == SHMRING_E_NOT_FOUND && like == NULL) {
        return 1;
    }
    if (status != SHMRING_OK) {
        (void)say_status(status);
        return 0;
    }
    to_interrupt = r->ring;
    host_catch_stop(interrupt);
    (void)shmring_producer_info(r->ring, &info);
    r->info = info;
    if (info.framing != SHMRING_RECORDS || info.overflow != SHMRING_REJECT) {
        (void)say_failed("ring '%s' %s, and a bridge needs one that refuses records when it is "
                         "full",
                         short_name(r->o->ring),
                         info.framing != SHMRING_RECORDS ? "has byte framing"
                                                         : "overwrites its oldest records");
        return 0;
    }
    return read_note(r);
}

/* Makes what is staged visible, together with the note. 1, or 0 to end with *ret_exit. */
static int publish(struct receiver *r, int *ret_exit)
{
    const uint64_t note[SHMRING_NOTE_WORDS] = {r->incarnation[0], r->incarnation[1], r->position,
                                               r->sequence, r->part};
    shmring_status status = shmring_producer_note(r->ring, note);

    if (status == SHMRING_OK) {
        status = shmring_publish(r->ring);
    }
    if (status != SHMRING_OK) {
        *ret_exit = say_status(status);
        return 0;
    }
    r->totals->records += r->staged;
    r->totals->bytes += r->staged_bytes;
    progress_add(&r->progress, r->staged, r->staged_bytes);
    r->left -= r->left == UINT64_MAX ? 0 : r->staged;
    r->staged = r->staged_bytes = 0;
    return 1;
}

static int wait_space(struct receiver *r, uint32_t need, int *ret_exit)
{
    shmring_status status;

    while (!host_stop_requested()) {
        progress_show(&r->progress);
        status = shmring_wait_space(r->ring, need, SLICE_NS);
        if (status == SHMRING_OK) {
            return 1;
        }
        if (status == SHMRING_CLOSED || status == SHMRING_PEER_DEAD) {
            if (!r->said_nobody) {
                say_notice("ring '%s' is full and nobody reads it: waiting for a consumer",
                           short_name(r->o->ring));
                r->said_nobody = 1;
            }
            host_sleep_ns(SLICE_NS);
        } else if (status != SHMRING_TIMEOUT && status != SHMRING_EMPTY) {
            *ret_exit = say_status(status);
            return 0;
        }
    }
    *ret_exit = EXIT_OK;
    return 0;
}

/* Adds one record to the batch; a full ring gets what is staged, and is waited for. */
static int put(struct receiver *r, const shmring_record *record, int *ret_exit)
{
    shmring_status status;

    while ((status = shmring_stage(r->ring, record->data, record->len, record->type)) ==
           SHMRING_FULL) {
        shmring_producer_retry(r->ring);
        if ((r->staged > 0 && !publish(r, ret_exit)) || !wait_space(r, record->len, ret_exit)) {
            return 0;
        }
    }
    if (status != SHMRING_OK) {
        *ret_exit = say_status(status);
        return 0;
    }
    r->staged++;
    r->staged_bytes += record->len;
    r->part++;
    return 1;
}

/* ---- blocks ---- */

/* The next record has none directly before it. */
static int tell_gap(struct receiver *r, int *ret_exit)
{
    shmring_status status = shmring_producer_gap(r->ring);

    if (status != SHMRING_OK) {
        *ret_exit = say_status(status);
        return 0;
    }
    return 1;
}

/* A block that does not begin where the last one ended: a hole, or another source. 1 to take it;
 * 0 to end with *ret_exit. */
static int begin_elsewhere(struct receiver *r, const struct block_head *h, int *ret_exit)
{
    char bytes[FIGURE_SIZE];
    const int same =
        r->incarnation[0] == h->incarnation[0] && r->incarnation[1] == h->incarnation[1];
    const uint64_t hole = h->first - r->position;

    if (same && r->has && hole > UINT64_MAX / 2) {
        *ret_exit = say_failed("a block of stream '%s' overlaps what ring '%s' has: the stream has "
                               "a writer that is no bridge",
                               r->o->link.stream, short_name(r->o->ring));
        return 0;
    }
    if (same) {
        r->totals->holes++;
        r->totals->lost_bytes += hole;
        say_notice("records are missing in stream '%s': %s of their ring before position %" PRIu64,
                   r->o->link.stream, figure_of(bytes, hole, "byte"), h->first);
    } else {
        memcpy(r->incarnation, h->incarnation, sizeof r->incarnation);
        r->totals->epochs++;
        if (r->has) {
            say_notice("stream '%s' goes on with records of another ring", r->o->link.stream);
        }
    }
    r->part = 0;
    r->position = h->first;
    return r->has ? tell_gap(r, ret_exit) : 1;
}

/* Records that the ring has already are passed over. */
static int put_records(struct receiver *r, const unsigned char *bytes, const struct block_head *h,
                       int *ret_exit)
{
    const uint64_t chunk = r->info.capacity / 4;
    const uint64_t had = r->part;
    shmring_record record;
    size_t at = BLOCK_HEADER;
    uint32_t i;

    for (i = 0; i < h->count; i++) {
        block_next(bytes, h, &at, &record);
        if (i < had) {
            continue;
        }
        if (record.len > r->info.max_record) {
            *ret_exit = say_failed(
                "a record of stream '%s' has %" PRIu32
                " bytes, and one of ring '%s' at most %" PRIu32
                ": it is still in the stream; give the ring a larger --max-record",
                r->o->link.stream, record.len, short_name(r->o->ring), r->info.max_record);
            return 0;
        }
        if (((record.flags & SHMRING_FLAG_GAP) != 0 && !tell_gap(r, ret_exit)) ||
            !put(r, &record, ret_exit)) {
            return 0;
        }
        if (r->staged_bytes + r->staged * 16 >= chunk && !publish(r, ret_exit)) {
            return 0;
        }
        if (r->staged == r->left) {
            return publish(r, ret_exit);
        }
    }
    return 1;
}

/* 1 to go on; 0 to end with *ret_exit. */
static int take_block(struct receiver *r, const unsigned char *bytes, size_t n, uint64_t sequence,
                      int *ret_exit)
{
    struct block_head h;
    const char *wrong = block_check(bytes, n, &h);
    int same;

    if (wrong != NULL) {
        *ret_exit = say_failed("message %" PRIu64 " of stream '%s' cannot be used: %s", sequence,
                               r->o->link.stream, wrong);
        return 0;
    }
    if (r->ring == NULL && !open_ring(r, &h)) {
        *ret_exit = EXIT_FAILED;
        return 0;
    }
    same = r->has && r->incarnation[0] == h.incarnation[0] && r->incarnation[1] == h.incarnation[1];
    if (same && r->position - h.next <= UINT64_MAX / 2) {
        r->totals->again++;
        return 1;
    }
    if ((!same || h.first != r->position) && !begin_elsewhere(r, &h, ret_exit)) {
        return 0;
    }
    r->has = 1;
    if (!put_records(r, bytes, &h, ret_exit)) {
        return 0;
    }
    if (r->left == 0 && r->part < h.count) {
        return 1;
    }
    r->part = 0;
    r->position = h.next;
    r->sequence = sequence;
    r->totals->blocks++;
    r->totals->left_out += h.left_out;
    return publish(r, ret_exit);
}

/* ---- all of it ---- */

/* Follows the stream from behind the last whole block. */
static int follow(struct receiver *r, int *ret_exit)
{
    enum link_result result;

    while ((result = link_follow(r->link, r->sequence + 1)) == LINK_AGAIN) {
        if (host_stop_requested()) {
            *ret_exit = EXIT_OK;
            return 0;
        }
        host_sleep_ns(PAUSE_NS);
    }
    r->asked_ns = host_clock_ns();
    r->changes = link_changes(r->link);
    *ret_exit = EXIT_FAILED;
    return result == LINK_OK;
}

static int nothing_came(struct receiver *r, int broken, int *ret_exit)
{
    const uint64_t now = host_clock_ns();
    char text[FIGURE_SIZE];

    if (r->o->timeout_ns != SHMRING_FOREVER && now - r->heard_ns >= r->o->timeout_ns) {
        *ret_exit = say_failed("nothing came through stream '%s' for %s", r->o->link.stream,
                               figure_ns(text, r->o->timeout_ns));
        return 0;
    }
    if (broken || link_changes(r->link) != r->changes ||
        (now - r->asked_ns > SILENT_NS && now - r->heard_ns > SILENT_NS)) {
        return follow(r, ret_exit);
    }
    return 1;
}

static int receive_all(struct receiver *r)
{
    const unsigned char *bytes;
    uint64_t sequence;
    size_t n;
    int ret = EXIT_OK, broken;

    r->heard_ns = host_clock_ns();
    if (!follow(r, &ret)) {
        return ret;
    }
    ret = EXIT_OK;
    while (r->left > 0 && !host_stop_requested()) {
        switch (link_next(r->link, SLICE_NS, &bytes, &n, &sequence, &broken)) {
        case LINK_OK:
            r->heard_ns = host_clock_ns();
            if (!take_block(r, bytes, n, sequence, &ret)) {
                return ret;
            }
            break;
        case LINK_AGAIN:
            if (!nothing_came(r, broken, &ret)) {
                return ret;
            }
            break;
        default:
            return EXIT_FAILED;
        }
        progress_show(&r->progress);
    }
    return EXIT_OK;
}

int bridge_receive(const struct bridge_options *o, struct bridge_totals *ret)
{
    struct receiver r = {0};
    int status = EXIT_FAILED;

    r.o = o;
    r.totals = ret;
    r.left = o->count;
    host_catch_stop(NULL);
    if (link_open(&r.link, &o->link) && open_ring(&r, NULL)) {
        progress_start(&r.progress, 1);
        status = receive_all(&r);
        progress_end(&r.progress);
    }
    host_catch_stop(NULL);
    link_close(r.link);
    ring_close_producer(r.ring);
    return status;
}
