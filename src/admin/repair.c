/* SPDX-License-Identifier: MIT */
/* repair.c - makes a corrupt ring usable again. Nothing is guessed: what is kept begins at a
 * position that a second one confirms, and ends at the first word that cannot be a record's.
 *
 * Three positions tell of each other. `cursor` is where reading goes on; `head` is a copy of it
 * that is never ahead, and at most nine eighths of the capacity behind. Where records lead from the
 * cursor to the tail exactly, the cursor is believed. Else, where they lead from head to the tail,
 * head is, and some records may come again. Else a cursor that fits to head is. If nothing fits,
 * the ring is emptied at the tail.
 */
#include <shmring/open.h>

#include <inttypes.h>
#include <string.h>

#include "base/abi.h"
#include "base/error.h"
#include "segment/view.h"

struct positions {
    uint64_t cursor, tail;
};

static void try_positions(struct shmring_view *view, uint64_t cursor, uint64_t tail)
{
    shmring_store_relaxed(&view->consumer.head, cursor);
    shmring_store_relaxed(&view->consumer.cursor, cursor);
    shmring_store_relaxed(&view->producer.evict, cursor);
    shmring_store_relaxed(&view->producer.tail, tail);
}

/* Where records lead from start: to the first word that is zero, or no record's. */
static uint64_t good_until(struct shmring_walk *w, uint64_t start, uint64_t tail, int *ret_has_tail)
{
    uint64_t word, size;

    try_positions(w->view, start, start);
    *ret_has_tail = 0;
    w->position = start;
    for (;;) {
        *ret_has_tail |= w->position == tail;
        if (!shmring_walk_word(w, &word) || word == 0 ||
            shmring_walk_judge(w, start, word, &size) != NULL) {
            return w->position;
        }
        w->position += size;
    }
}

static struct positions choose_records(struct shmring_walk *w, uint64_t cursor, uint64_t head,
                                       uint64_t tail)
{
    const uint64_t capacity = w->view->geometry.capacity;
    struct positions at = {tail & ~UINT64_C(7), tail & ~UINT64_C(7)};
    uint64_t end;
    int has_tail;

    if ((cursor & 7u) == 0) {
        end = good_until(w, cursor, tail, &has_tail);
        if (has_tail || cursor - head <= shmring_head_lag_max(capacity)) {
            at.cursor = cursor;
            at.tail = end;
        }
        if (has_tail) {
            return at;
        }
    }
    if (((head | tail) & 7u) == 0 && tail - head - 1 < capacity) { /* no way from tail to itself */
        end = good_until(w, head, tail, &has_tail);
        if (has_tail) {
            at.cursor = head;
            at.tail = end;
        }
    }
    return at;
}

/* Bytes say nothing of themselves: only the positions can be judged. */
static struct positions choose_bytes(const struct shmring_walk *w, uint64_t cursor, uint64_t head,
                                     uint64_t tail)
{
    const uint64_t capacity = w->view->geometry.capacity;
    struct positions at = {tail, tail};

    if (tail - cursor <= capacity) {
        at.cursor = cursor;
    } else if (cursor - head <= shmring_head_lag_max(capacity)) {
        at.cursor = at.tail = cursor;
    } else if (tail - head <= capacity) {
        at.cursor = head;
    }
    return at;
}

static int put_repairs(const struct shmring_view *view, uint64_t repairs)
{
    const uint64_t at = SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, repairs);

    shmring_full_barrier(); /* the second one comes after what was changed */
    if (!shmring_os_write(&view->seg, at, &repairs, sizeof repairs)) {
        return 0;
    }
    shmring_full_barrier(); /* G: the first one before it, as in is_moved() */
    return 1;
}

/* The order matters to who dies in between: while the word is zero and tail lies behind it the ring
 * is still corrupt, in the same place. It matters to observers, too, who read on: `repairs` is odd
 * for as long as positions and words do not belong together. */
static int write_positions(const struct shmring_view *view, const struct positions *at)
{
    const uint64_t begun = shmring_load_relaxed(&view->producer.repairs) | 1;
    const uint64_t zero = 0;
    const uint64_t end =
        SHMRING_HEADER_SIZE + (at->tail & (view->geometry.capacity - 1) & ~UINT64_C(7));
    const uint64_t tail_at = SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, tail);
    const uint64_t evict_at = SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, evict);
    const uint64_t evict[2] = {at->cursor, 0}; /* observers: nothing older; uncounted */
    const uint64_t head_at = SHMRING_CONSUMER_AT + offsetof(struct shmring_consumer_page, head);
    const uint64_t cursor_at = SHMRING_CONSUMER_AT + offsetof(struct shmring_consumer_page, cursor);

    return put_repairs(view, begun) &&
           (view->geometry.framing == SHMRING_BYTES ||
            shmring_os_write(&view->seg, end, &zero, sizeof zero)) &&
           shmring_os_write(&view->seg, evict_at, evict, sizeof evict) &&
           shmring_os_write(&view->seg, tail_at, &at->tail, 8) &&
           shmring_os_write(&view->seg, cursor_at, &at->cursor, 8) &&
           shmring_os_write(&view->seg, head_at, &at->cursor, 8) && put_repairs(view, begun + 1);
}

/* An evict that cannot be true does not move the consumer. */
static uint64_t reading_goes_on_at(const struct shmring_view *view)
{
    const uint64_t tail = shmring_load_relaxed(&view->producer.tail);
    const uint64_t evict = shmring_load_relaxed(&view->producer.evict);

    return tail - evict <= view->geometry.capacity ? shmring_view_first(view)
                                                   : shmring_load_relaxed(&view->consumer.cursor);
}

static shmring_status mend(struct shmring_walk *w, shmring_repaired *r)
{
    struct shmring_view *view = w->view;
    const uint64_t cursor = reading_goes_on_at(view);
    const uint64_t head = shmring_load_relaxed(&view->consumer.head);
    const uint64_t tail = shmring_load_relaxed(&view->producer.tail);
    struct positions at = view->geometry.framing == SHMRING_RECORDS
                              ? choose_records(w, cursor, head, tail)
                              : choose_bytes(w, cursor, head, tail);
    shmring_verdict v = {0};
    shmring_status status;

    status = shmring_walk_failed(w);
    if (status != SHMRING_OK) { /* a word that could not be read is not a bad one */
        return status;
    }
    r->changed = 1;
    r->again = at.cursor != cursor && at.cursor == head && at.cursor != at.tail;
    r->lost_bytes = tail - at.tail <= view->geometry.capacity ? tail - at.tail : 0;
    if (!write_positions(view, &at)) {
        return shmring_fail(SHMRING_E_OS, "ring '%s': writing to it failed", view->name.full);
    }
    status = shmring_walk_check(w, &v);
    if (status == SHMRING_OK && v.problem[0] != '\0') {
        status = shmring_fail(SHMRING_E_CORRUPT,
                              "ring '%s' changed while it was repaired: %s; end who writes to it, "
                              "or remove it",
                              view->name.full, v.problem);
    }
    r->records = v.records;
    r->bytes = v.bytes;
    return status;
}

static shmring_status refuse_if_open(const struct shmring_view *view)
{
    int producer = shmring_os_role_held(&view->seg, SHMRING_ROLE_PRODUCER);

    if (!producer && !shmring_os_role_held(&view->seg, SHMRING_ROLE_CONSUMER)) {
        return SHMRING_OK;
    }
    return shmring_fail(
        SHMRING_E_BUSY, "ring '%s' is open: its %s is process %" PRIu64 "; end both sides first",
        view->name.full, producer ? "producer" : "consumer",
        shmring_load_relaxed(producer ? &view->producer.role.pid : &view->consumer.role.pid));
}

/* With the admin lock held, so that no side can come in. */
static shmring_status repair_locked(struct shmring_view *view, shmring_repaired *r)
{
    struct shmring_walk w;
    shmring_verdict v = {0};
    shmring_status status = shmring_view_read(view);

    if (status == SHMRING_OK) {
        status = refuse_if_open(view);
    }
    if (status == SHMRING_OK && !shmring_walk_begin(&w, view)) {
        status = SHMRING_E_NO_MEMORY;
    }
    if (status != SHMRING_OK) {
        return status;
    }
    status = shmring_walk_check(&w, &v);
    memcpy(r->problem, v.problem, sizeof r->problem);
    r->records = v.records;
    r->bytes = v.bytes;
    if (status == SHMRING_OK && v.problem[0] != '\0') {
        status = mend(&w, r);
    }
    shmring_walk_end(&w);
    return status;
}

static shmring_status repair(struct shmring_view *view, shmring_repaired *ret, uint64_t size)
{
    shmring_repaired r = {0};
    shmring_status status = shmring_os_lock_admin(&view->name, &view->seg);

    if (status == SHMRING_OK) {
        status = repair_locked(view, &r);
        shmring_os_unlock_admin(&view->seg);
    }
    if (status == SHMRING_OK) {
        shmring_answer(ret, size, &r, sizeof r);
    }
    shmring_view_close(view);
    return status;
}

static shmring_status no_place(void)
{
    return shmring_fail(SHMRING_E_INVALID, "the place for the answer is NULL");
}

shmring_status shmring_repair_sized_(const char *name, shmring_repaired *ret, uint64_t size)
{
    struct shmring_view *view = NULL;
    shmring_status status = ret == NULL ? no_place() : shmring_view_open(name, 1, &view);

    return status == SHMRING_OK ? repair(view, ret, size) : status;
}

shmring_status shmring_repair_file_sized_(const char *path, shmring_repaired *ret, uint64_t size)
{
    struct shmring_view *view = NULL;
    shmring_status status = ret == NULL ? no_place() : shmring_view_open_file(path, 1, &view);

    return status == SHMRING_OK ? repair(view, ret, size) : status;
}
