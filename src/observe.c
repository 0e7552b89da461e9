/* SPDX-License-Identifier: MIT */
/* observe.c - reading a ring that neither side lets us take part in: read-only, without a lock. */
#include <shmring/shmring.h>

#include <inttypes.h>
#include <string.h>

#include "detail.h"
#include "inspect.h"
#include "options.h"
#include "segment.h"
#include "snapshot.h"
#include "stamp.h"

struct shmring_observer {
    const unsigned char *data; /* NULL after fork, which wipes this memory */
    const struct shmring_producer_page *page;
    uint64_t mask, capacity, start;
    uint32_t max_record, record_header, framing, stamp;
    uint64_t position;
    uint64_t count; /* records before position; SHMRING_UNKNOWN */
    uint64_t lost, lost_records;
    uint64_t too_big; /* size of the record that did not fit the buffer; 0 = none */
    int32_t status;   /* sticky SHMRING_E_CORRUPT */
    struct shmring_tick_scale scale;
    struct shmring_os_map map;
    char name[SHMRING_NAME_SIZE];
};

static shmring_status corrupt(shmring_observer *o, uint64_t found)
{
    o->status = SHMRING_E_CORRUPT;
    return shmring_fail(SHMRING_E_CORRUPT,
                        "ring '%s' is corrupt at position %" PRIu64 ": found %#" PRIx64
                        "; look with 'shmring verify', then make a new one",
                        o->name, o->position, found);
}

static shmring_status check_handle(const shmring_observer *o)
{
    if (o == NULL || o->data == NULL) {
        return shmring_fail(SHMRING_E_INVALID,
                            "an observer handle is NULL, or was opened before fork(): open the "
                            "ring in the process that uses it");
    }
    if (o->status != SHMRING_OK) {
        return shmring_fail(SHMRING_E_CORRUPT,
                            "ring '%s' was found corrupt at position %" PRIu64
                            "; look with 'shmring verify', then make a new one",
                            o->name, o->position);
    }
    return SHMRING_OK;
}

/* A producer of version 0.1 overwrites without a word. */
static shmring_status check_producer(const shmring_observer *o)
{
    if (shmring_load_acquire(&o->page->role.state) == SHMRING_ROLE_NONE ||
        (shmring_load_relaxed(&o->page->role.capability) & SHMRING_CAP_EVICTS) != 0) {
        return SHMRING_OK;
    }
    return shmring_fail(SHMRING_E_UNSUPPORTED,
                        "ring '%s' cannot be observed: its producer, process %" PRIu64
                        ", is of shmring 0.1 and does not say what it overwrites",
                        o->name, shmring_load_relaxed(&o->page->role.pid));
}

/* evict and the count that belongs to it, or SHMRING_UNKNOWN: shmring_announce_() stores 0, evict,
 * count in this order; before the first time nothing was ever evicted. The acquire of evict pairs
 * with G1: the record there is seen. */
static uint64_t load_evict(const shmring_observer *o, uint64_t *ret_count)
{
    uint64_t count = shmring_load_acquire(&o->page->evict_count);
    uint64_t evict = shmring_load_acquire(&o->page->evict);

    if (evict == o->start) {
        *ret_count = 0;
    } else if (count == 0 || shmring_load_acquire(&o->page->evict_count) != count) {
        *ret_count = SHMRING_UNKNOWN;
    } else {
        *ret_count = count - 1;
    }
    return evict;
}

/* ---- open and close ---- */

static shmring_status observer_fill(shmring_observer *o, const struct shmring_geometry_page *g)
{
    o->page = shmring_producer_page_of(&o->map);
    o->mask = g->capacity - 1;
    o->capacity = g->capacity;
    o->start = g->start_position;
    o->max_record = g->max_record;
    o->record_header = g->record_header;
    o->framing = g->framing;
    o->stamp = g->stamp;
    if (g->stamp == SHMRING_STAMP_TSC) {
        shmring_tick_scale_make(&o->scale, g);
    }
    memcpy(o->name, g->name, sizeof o->name);
    o->data = shmring_data_of(&o->map);
    return check_producer(o);
}

static shmring_status open_view(struct shmring_view *view, const char *name,
                                const shmring_options *opt)
{
    shmring_options options;
    shmring_status status = shmring_name_parse(&view->name, name);

    if (status == SHMRING_OK) {
        status = shmring_options_read(&view->name, opt, &options);
    }
    if (status == SHMRING_OK && options.open_mode == SHMRING_CREATE_ONLY) {
        status = shmring_fail(SHMRING_E_INVALID,
                              "ring '%s': an observer opens a ring that is there and makes none; "
                              "use SHMRING_OPEN_ONLY",
                              view->name.full);
    }
    if (status == SHMRING_OK) {
        status =
            shmring_os_open(&view->name, 0, (options.flags & SHMRING_ANY_OWNER) != 0, &view->seg);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    status = shmring_geometry_read(&view->name, &view->seg, &view->geometry);
    if (status == SHMRING_OK) {
        status = shmring_options_match(&view->name, &options, &view->geometry);
    }
    if (status != SHMRING_OK) {
        shmring_view_close(view);
    }
    return status;
}

shmring_status shmring_observer_open(shmring_observer **ret, const char *name,
                                     const shmring_options *opt)
{
    struct shmring_view view;
    shmring_observer *o;
    shmring_status status;

    if (ret == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the place for the handle is NULL");
    }
    status = open_view(&view, name, opt);
    if (status != SHMRING_OK) {
        return status;
    }
    o = shmring_os_handle_alloc(sizeof *o);
    if (o == NULL) {
        status =
            shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory for a handle", view.name.full);
    } else {
        status = shmring_os_map(&view.name, &view.seg, view.geometry.capacity,
                                SHMRING_ROLE_OBSERVER, 0, &o->map);
    }
    shmring_view_close(&view);
    if (status == SHMRING_OK) {
        status = observer_fill(o, &view.geometry);
    }
    if (status != SHMRING_OK) {
        shmring_observer_close(o);
        return status;
    }
    (void)shmring_observer_seek(o, SHMRING_NEWEST);
    *ret = o;
    return SHMRING_OK;
}

void shmring_observer_close(shmring_observer *o)
{
    if (o != NULL) {
        shmring_os_unmap(&o->map);
        shmring_os_handle_free(o, sizeof *o);
    }
}

/* ---- reading ---- */

shmring_status shmring_observer_seek(shmring_observer *o, int where)
{
    shmring_status status = check_handle(o);

    if (status != SHMRING_OK) {
        return status;
    }
    if (where == SHMRING_OLDEST) {
        o->position = load_evict(o, &o->count);
    } else if (where == SHMRING_NEWEST) {
        o->position = shmring_load_acquire(&o->page->tail); /* with its store: the 0 is there */
        o->count = SHMRING_UNKNOWN;
    } else {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': an observer goes to SHMRING_OLDEST (0) or SHMRING_NEWEST "
                            "(1), not to %d",
                            o->name, where);
    }
    o->too_big = 0;
    if (o->framing == SHMRING_RECORDS && (o->position & 7u) != 0) {
        return corrupt(o, o->position); /* no word is there, and to load one may end in SIGBUS */
    }
    return SHMRING_OK;
}

static shmring_status lapped(shmring_observer *o)
{
    uint64_t count, evict = load_evict(o, &count);

    if (o->framing == SHMRING_RECORDS && (evict & 7u) != 0) {
        return corrupt(o, evict);
    }
    o->lost = evict - o->position;
    o->lost_records = count != SHMRING_UNKNOWN && o->count != SHMRING_UNKNOWN && count >= o->count
                          ? count - o->count
                          : SHMRING_UNKNOWN;
    o->position = evict;
    o->count = count;
    return SHMRING_LAPPED;
}

/* Nothing at our position: has the producer ended? Its last words come before its state (edge E),
 * so what is still not there after this acquire will not come from it. */
static shmring_status nothing(const shmring_observer *o, const shmring_atomic_u64 *word,
                              uint64_t seen)
{
    if (shmring_load_acquire(&o->page->role.state) == SHMRING_ROLE_CLOSED &&
        shmring_load_acquire(word) == seen) {
        return SHMRING_CLOSED;
    }
    return SHMRING_EMPTY;
}

static shmring_status observe_record(shmring_observer *o, void *buf, uint32_t size,
                                     shmring_record *r)
{
    const unsigned char *at = o->data + (o->position & o->mask);
    const uint64_t word = shmring_load_acquire(shmring_word_at_const(at)); /* C, with B */
    const int sound = shmring_word_is_sound(word, o->max_record);
    uint64_t evict;

    r->len = (uint32_t)(word & SHMRING_WORD_LENGTH);
    r->type = (uint16_t)(word >> SHMRING_WORD_TYPE_AT);
    r->flags = (uint16_t)(word >> SHMRING_WORD_FLAGS_AT & SHMRING_FLAG_GAP);
    if (sound && o->stamp != 0) {
        r->stamp =
            shmring_stamp_ns(&o->scale, o->stamp,
                             shmring_load_relaxed(shmring_word_at_const(at + SHMRING_WORD_SIZE)));
    }
    if (sound && r->len <= size) {
        shmring_copy_racing(buf, at + o->record_header, r->len);
        r->data = buf;
    }
    if (shmring_is_evicted(o->page, o->position, &evict)) { /* G3, G4 */
        return lapped(o);
    }
    if (!sound) {
        return word == 0 ? nothing(o, shmring_word_at_const(at), 0) : corrupt(o, word);
    }
    o->too_big = r->len > size ? shmring_record_size(o->record_header, r->len) : 0;
    if (o->too_big == 0) {
        o->position += shmring_record_size(o->record_header, r->len);
        o->count += o->count != SHMRING_UNKNOWN;
        return SHMRING_OK;
    }
    return shmring_fail(SHMRING_E_TOO_BIG,
                        "ring '%s': the next record has %" PRIu32
                        " bytes and the buffer has %" PRIu32,
                        o->name, r->len, size);
}

static shmring_status observe_bytes(shmring_observer *o, void *buf, uint32_t size,
                                    shmring_record *r)
{
    const uint64_t tail = shmring_load_acquire(&o->page->tail); /* C, with B */
    const uint64_t there = tail - o->position;
    uint64_t evict;

    if (size == 0) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s' has byte framing: give a buffer of at least one byte",
                            o->name);
    }
    r->len = there < size ? (uint32_t)there : size;
    if (there <= o->capacity) {
        shmring_copy_racing(buf, o->data + (o->position & o->mask), r->len);
        r->data = buf;
    }
    if (shmring_is_evicted(o->page, o->position, &evict)) {
        return lapped(o);
    }
    if (there > o->capacity) {
        return corrupt(o, tail);
    }
    if (there == 0) {
        return nothing(o, &o->page->tail, tail);
    }
    o->position += r->len;
    return SHMRING_OK;
}

shmring_status shmring_observe(shmring_observer *o, void *buf, uint32_t size, shmring_record *ret)
{
    shmring_record r = {NULL, 0, 0, 0, 0, 0};
    shmring_status status = check_handle(o);

    if (status == SHMRING_OK) {
        status = check_producer(o);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    r.position = o->position;
    status = o->framing == SHMRING_RECORDS ? observe_record(o, buf, size, &r)
                                           : observe_bytes(o, buf, size, &r);
    if (ret != NULL && (status == SHMRING_OK || status == SHMRING_E_TOO_BIG)) {
        *ret = r;
    }
    return status;
}

void shmring_observer_skip(shmring_observer *o)
{
    if (check_handle(o) == SHMRING_OK && o->too_big != 0) {
        o->position += o->too_big;
        o->count += o->count != SHMRING_UNKNOWN;
        o->too_big = 0;
    }
}

uint64_t shmring_observer_lost(const shmring_observer *o)
{
    return o != NULL ? o->lost : 0;
}

uint64_t shmring_observer_lost_records(const shmring_observer *o)
{
    return o != NULL ? o->lost_records : SHMRING_UNKNOWN;
}
