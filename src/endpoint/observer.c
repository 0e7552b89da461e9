/* SPDX-License-Identifier: MIT */
/* observer.c - reading a ring that neither side lets us take part in: read-only, without a lock.
 * observer_open.c opens it, and observer_wait.c waits. */
#include <shmring/shmring.h>

#include <inttypes.h>

#include "base/error.h"
#include "endpoint/observer.h"
#include "ring/racy_copy.h"
#include "ring/clock.h"

static shmring_status corrupt(shmring_observer *o, uint64_t found)
{
    if (shmring_observer_check_file(o) != SHMRING_OK) {
        return SHMRING_E_CORRUPT;
    }
    o->status = SHMRING_E_CORRUPT;
    return shmring_fail(SHMRING_E_CORRUPT,
                        "ring '%s' is corrupt at position %" PRIu64 ": found %#" PRIx64
                        "; look with 'shmring verify', then 'shmring repair' it or make a new one",
                        o->attachment.name.full, o->position, found);
}

/* The result of what was read: nothing of it holds if the file was cut under it. */
static shmring_status unless_cut(const shmring_observer *o, shmring_status status)
{
    return o->cut == 0 ? status : shmring_observer_check(o);
}

shmring_status shmring_observer_check_producer(const shmring_observer *o)
{
    if (shmring_load_acquire(&o->page->role.state) == SHMRING_ROLE_NONE ||
        (shmring_load_relaxed(&o->page->role.capability) & SHMRING_CAP_EVICTS) != 0) {
        return SHMRING_OK;
    }
    return shmring_fail(SHMRING_E_UNSUPPORTED,
                        "ring '%s' cannot be observed: its producer, process %" PRIu64
                        ", is of shmring 0.1 and does not say what it overwrites",
                        o->attachment.name.full, shmring_load_relaxed(&o->page->role.pid));
}

/* evict and the count that belongs to it, or SHMRING_UNKNOWN: shmr_evict_publish() stores 0,
 * evict, count in this order; before the first time nothing was ever evicted. The acquire of evict
 * pairs with G1: the record there is seen. */
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

shmring_status shmring_observer_seek(shmring_observer *o, int where)
{
    shmring_status status = shmring_observer_check(o);
    uint64_t repairs;

    if (status != SHMRING_OK) {
        return status;
    }
    repairs = shmring_load_acquire(&o->page->repairs); /* first: see moved() */
    if (where == SHMRING_OLDEST) {
        o->position = load_evict(o, &o->count);
    } else if (where == SHMRING_NEWEST) {
        o->position = shmring_load_acquire(&o->page->tail); /* with its store: the 0 is there */
        o->count = SHMRING_UNKNOWN;
    } else {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': an observer goes to SHMRING_OLDEST (0) or SHMRING_NEWEST "
                            "(1), not to %d",
                            o->attachment.name.full, where);
    }
    o->repairs = repairs;
    o->too_big = 0;
    if (o->framing == SHMRING_RECORDS && (o->position & 7u) != 0) {
        return corrupt(o, o->position); /* no word is there, and to load one may end in SIGBUS */
    }
    return unless_cut(o, SHMRING_OK);
}

/* Whether the ring was repaired, or is being, since the position was taken: what is written there
 * by now need not be a record's beginning. Edge G: after the copy and G3; the repair counts before
 * it changes anything, and so before a producer comes that writes over it. */
static int is_moved(const shmring_observer *o)
{
    const uint64_t repairs = shmring_load_acquire(&o->page->repairs);

    return repairs != o->repairs || (repairs & 1) != 0;
}

static shmring_status go_on(shmring_observer *o, uint64_t evict, uint64_t count, uint64_t lost,
                            uint64_t lost_records)
{
    if (o->framing == SHMRING_RECORDS && (evict & 7u) != 0) {
        return corrupt(o, evict);
    }
    o->lost = lost;
    o->lost_records = lost_records;
    o->position = evict;
    o->count = count;
    return SHMRING_LAPPED;
}

/* Goes on at the oldest record, which may be one that was seen before; once the repair is done. */
static shmring_status moved(shmring_observer *o)
{
    const uint64_t repairs = shmring_load_acquire(&o->page->repairs);
    uint64_t count, evict;

    if ((repairs & 1) != 0) {
        return SHMRING_EMPTY;
    }
    o->repairs = repairs; /* before evict: a repair from here on is seen by the next call */
    evict = load_evict(o, &count);
    return go_on(o, evict, count, evict - o->position <= UINT64_MAX / 2 ? evict - o->position : 0,
                 SHMRING_UNKNOWN);
}

static shmring_status lapped(shmring_observer *o)
{
    uint64_t count, evict;

    if (is_moved(o)) {
        return moved(o);
    }
    evict = load_evict(o, &count);
    return go_on(o, evict, count, evict - o->position,
                 count != SHMRING_UNKNOWN && o->count != SHMRING_UNKNOWN && count >= o->count
                     ? count - o->count
                     : SHMRING_UNKNOWN);
}

/* A cut inside a page faults nobody: what lies behind it in the page reads as zeros. So a copy that
 * does not end in a zero is whole. *behind: the word behind a record, or NULL; where that is not 0,
 * there was no cut in front of it. */
static shmring_status if_whole(shmring_observer *o, const shmring_record *r,
                               const shmring_atomic_u64 *behind)
{
    const unsigned char *bytes = (const unsigned char *)r->data;

    const int may_be_cut = (r->len == 0 || bytes[r->len - 1] == 0) &&
                           (behind == NULL || shmring_load_relaxed(behind) == 0);

    return may_be_cut ? shmring_observer_check_file(o) : SHMRING_OK;
}

/* Nothing at our position: has the producer ended, and were we not told so? Its last words come
 * before its state (edge E), so what is still not there after this acquire will not come from it.
 * The epoch before the state: who reads CLOSED reads it of that epoch's holder, or of a later one.
 */
static shmring_status nothing(shmring_observer *o, const shmring_atomic_u64 *word, uint64_t seen)
{
    const uint64_t epoch = shmring_load_acquire(&o->page->role.epoch);

    if (epoch != o->told_epoch &&
        shmring_load_acquire(&o->page->role.state) == SHMRING_ROLE_CLOSED &&
        shmring_load_acquire(word) == seen) {
        o->told_epoch = epoch;
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
    if (is_moved(o)) {
        return moved(o);
    }
    if (!sound) {
        return word == 0 ? nothing(o, shmring_word_at_const(at), 0) : corrupt(o, word);
    }
    if (r->len <= size) {
        o->position += shmring_record_size(o->record_header, r->len);
        o->count += o->count != SHMRING_UNKNOWN;
        return if_whole(o, r, shmring_word_at_const(o->data + (o->position & o->mask)));
    }
    o->too_big = shmring_record_size(o->record_header, r->len);
    return shmring_fail(SHMRING_E_TOO_BIG,
                        "ring '%s': the next record has %" PRIu32
                        " bytes and the buffer has %" PRIu32,
                        o->attachment.name.full, r->len, size);
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
                            o->attachment.name.full);
    }
    r->len = there < size ? (uint32_t)there : size;
    if (there <= o->capacity) {
        shmring_copy_racing(buf, o->data + (o->position & o->mask), r->len);
        r->data = buf;
    }
    if (shmring_is_evicted(o->page, o->position, &evict)) {
        return lapped(o);
    }
    if (is_moved(o)) {
        return moved(o);
    }
    if (there > o->capacity) {
        return corrupt(o, tail);
    }
    if (there == 0) {
        return nothing(o, &o->page->tail, tail);
    }
    o->position += r->len;
    return if_whole(o, r, NULL);
}

shmring_status shmring_observe(shmring_observer *o, void *buf, uint32_t size, shmring_record *ret)
{
    shmring_record r = {NULL, 0, 0, 0, 0, 0};
    shmring_status status = shmring_observer_check(o);
    int tries;

    if (status == SHMRING_OK) {
        o->too_big = 0; /* skip() passes over what this call answers, and nothing older */
        status = shmring_observer_check_producer(o);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    for (tries = 0; tries < 2; tries++) { /* once more when something came in between */
        r.position = o->position;
        status = o->framing == SHMRING_RECORDS ? observe_record(o, buf, size, &r)
                                               : observe_bytes(o, buf, size, &r);
        if (status != SHMRING_EMPTY) {
            break;
        }
        status = shmring_observer_nothing(o);
        if (status != SHMRING_OK) {
            break;
        }
        status = SHMRING_EMPTY;
    }
    if (status == SHMRING_OK || status == SHMRING_LAPPED) {
        o->idle_ns = 0;
        o->seen++;
    }
    status = unless_cut(o, status);
    if (ret != NULL && (status == SHMRING_OK || status == SHMRING_E_TOO_BIG)) {
        *ret = r;
    }
    return status;
}

void shmring_observer_skip(shmring_observer *o)
{
    if (shmring_observer_check(o) == SHMRING_OK && o->too_big != 0) {
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
