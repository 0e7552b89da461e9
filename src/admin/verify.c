/* SPDX-License-Identifier: MIT */
/* verify.c - walks a ring from outside and checks all that must hold. Changes nothing. */
#include <shmring/open.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/abi.h"
#include "base/error.h"
#include "segment/view.h"

#define BLOCK    UINT64_C(65536)
#define RESTARTS 64

int shmring_walk_begin(struct shmring_walk *w, struct shmring_view *view)
{
    w->view = view;
    w->position = 0;
    w->block_at = UINT64_MAX;
    w->failed = 0;
    w->block = malloc(BLOCK);
    if (w->block == NULL) {
        (void)shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory to read it", view->name.full);
    }
    return w->block != NULL;
}

void shmring_walk_end(struct shmring_walk *w)
{
    free(w->block);
}

int shmring_walk_word(struct shmring_walk *w, uint64_t *ret)
{
    uint64_t at = w->position & (w->view->geometry.capacity - 1);

    if (w->block_at == UINT64_MAX || at - w->block_at >= BLOCK) {
        w->block_at = at & ~(BLOCK - 1);
        if (!shmring_os_read(&w->view->seg, SHMRING_HEADER_SIZE + w->block_at, w->block, BLOCK)) {
            w->block_at = UINT64_MAX;
            w->failed |= shmring_os_is_whole(&w->view->seg);
            return 0;
        }
    }
    memcpy(ret, w->block + (at - w->block_at), 8);
    return 1;
}

shmring_status shmring_walk_failed(const struct shmring_walk *w)
{
    return !w->failed
               ? SHMRING_OK
               : shmring_fail(SHMRING_E_OS, "ring '%s': reading its records failed; try again",
                              w->view->name.full);
}

static void complain(shmring_verdict *v, uint64_t position, const char *what, uint64_t value)
{
    v->position = position;
    (void)snprintf(v->problem, sizeof v->problem, "at position %" PRIu64 ": %s (%#" PRIx64 ")",
                   position, what, value);
}

/* Where an overwrite ring's producer begins to look, which may be behind the consumer. */
static uint64_t view_oldest(const struct shmring_view *view)
{
    return shmring_load_relaxed(view->geometry.overflow == SHMRING_OVERWRITE
                                    ? &view->producer.evict
                                    : &view->consumer.cursor);
}

uint64_t shmring_view_first(const struct shmring_view *view)
{
    uint64_t cursor = shmring_load_relaxed(&view->consumer.cursor);
    uint64_t evict = shmring_load_relaxed(&view->producer.evict);
    int lapped =
        view->geometry.overflow == SHMRING_OVERWRITE && evict - cursor - 1 < UINT64_MAX / 2;

    return lapped ? evict : cursor;
}

/* As shmring_recover_producer() and shmring_recover_consumer() judge them. */
static int check_positions(const struct shmring_view *view, shmring_verdict *v)
{
    const uint64_t capacity = view->geometry.capacity;
    const uint64_t tail = shmring_load_relaxed(&view->producer.tail);
    const uint64_t head = shmring_load_relaxed(&view->consumer.head);
    const uint64_t cursor = shmring_load_relaxed(&view->consumer.cursor);
    const uint64_t oldest = view_oldest(view);
    const uint64_t first = shmring_view_first(view);
    const int records = view->geometry.framing == SHMRING_RECORDS;
    const int overwrites = view->geometry.overflow == SHMRING_OVERWRITE;

    v->position = first;
    if (records && ((tail | head | cursor | oldest) & 7u) != 0) {
        complain(v, first, "a position is not a multiple of 8", tail | head | cursor | oldest);
    } else if (!overwrites && cursor - head > shmring_head_lag_max(capacity)) {
        complain(v, first, "head is not behind cursor", head);
    } else if (tail - oldest > capacity && (!records || oldest - tail > capacity)) {
        complain(v, first,
                 overwrites ? "tail is not within the capacity of evict"
                            : "tail is not within the capacity of cursor",
                 tail);
    } else if (overwrites && tail - cursor >= UINT64_MAX / 2 && cursor - tail > capacity) {
        complain(v, first, "tail is not within the capacity of cursor", tail);
    }
    return v->problem[0] == '\0';
}

const char *shmring_walk_judge(const struct shmring_walk *w, uint64_t start, uint64_t word,
                               uint64_t *ret_size)
{
    const struct shmring_geometry_page *g = &w->view->geometry;
    const uint64_t tail = shmring_load_relaxed(&w->view->producer.tail);
    const uint64_t oldest = view_oldest(w->view), first = shmring_view_first(w->view);
    const uint64_t at = w->position;
    const uint64_t size =
        shmring_record_size(g->record_header, (uint32_t)(word & SHMRING_WORD_LENGTH));

    if ((word & (SHMRING_WORD_COMMITTED | SHMRING_WORD_RESERVED)) != SHMRING_WORD_COMMITTED) {
        return "not a record's word";
    }
    if ((word & SHMRING_WORD_LENGTH) > g->max_record) {
        return "a record longer than max_record";
    }
    if (at + size - start > g->capacity ||
        (at - oldest <= g->capacity && at + size + 8 - oldest > g->capacity)) {
        return "a record that runs into the oldest one";
    }
    if (first - at - 1 < size - 1) {
        return "a record that runs across the cursor";
    }
    if (oldest - at - 1 < size - 1) {
        return "a record that runs across evict";
    }
    if (tail - at - 1 < size - 1) {
        return "a record that runs across the tail";
    }
    *ret_size = size;
    return NULL;
}

/* Walks from the oldest record, or from the tail where that is behind, to the first word that is
 * zero. These, and the cursor, must be where a record begins or may begin. A new producer starts at
 * the tail and, in an overwrite ring, at the oldest record; a new consumer starts at the cursor. */
static int check_records(struct shmring_walk *w, shmring_verdict *v)
{
    const struct shmring_geometry_page *g = &w->view->geometry;
    const uint64_t tail = shmring_load_relaxed(&w->view->producer.tail);
    const uint64_t oldest = view_oldest(w->view), first = shmring_view_first(w->view);
    const uint64_t start = tail - oldest <= g->capacity ? oldest : tail;
    const char *wrong;
    uint64_t word, size = 0;

    for (w->position = start; w->position - start < g->capacity; w->position += size) {
        if (!shmring_walk_word(w, &word)) {
            complain(v, w->position, "the ring was cut short while it was read", 0);
            return 0;
        }
        if (word == 0) {
            break;
        }
        wrong = shmring_walk_judge(w, start, word, &size);
        if (wrong != NULL) {
            complain(v, w->position, wrong, word);
            return 0;
        }
        if (w->position - first <= g->capacity) { /* else it was read already */
            v->records++;
            v->gaps += (word & SHMRING_WORD_GAP) != 0;
        }
    }
    v->position = w->position;
    v->bytes = w->position - first <= g->capacity ? w->position - first : 0;
    if (w->position - start < tail - start) {
        complain(v, w->position, "no record here, and tail is further on", tail);
    } else if (w->position - start < oldest - start || w->position - start < first - start) {
        complain(v, w->position, "no record here, and cursor is further on", first);
    }
    return v->problem[0] == '\0';
}

static int check_once(struct shmring_walk *w, shmring_verdict *v)
{
    uint32_t moving = v->moving;

    memset(v, 0, sizeof *v);
    v->moving = moving;
    w->block_at = UINT64_MAX;
    if (!check_positions(w->view, v)) {
        return 0;
    }
    if ((shmring_load_relaxed(&w->view->producer.repairs) & 1) != 0) {
        complain(v, v->position, "a repair that was not finished",
                 shmring_load_relaxed(&w->view->producer.repairs));
        return 0;
    }
    if (w->view->geometry.framing == SHMRING_BYTES) {
        v->bytes = shmring_load_relaxed(&w->view->producer.tail) -
                   shmring_load_relaxed(&w->view->consumer.cursor);
        v->position += v->bytes;
        return 1;
    }
    return check_records(w, v);
}

/* The consumer, or a producer that overwrites, gave bytes back while we walked, and what we read
 * was new: look again.
 * A fault in a ring that stands still stays. */
shmring_status shmring_walk_check(struct shmring_walk *w, shmring_verdict *v)
{
    shmring_status status = shmring_view_read(w->view);
    uint64_t first, oldest;
    int i;

    for (i = 0; status == SHMRING_OK && i < RESTARTS; i++) {
        if (check_once(w, v)) {
            break;
        }
        first = shmring_view_first(w->view);
        oldest = view_oldest(w->view);
        status = shmring_view_read(w->view);
        if (status == SHMRING_OK && first == shmring_view_first(w->view) &&
            oldest == view_oldest(w->view)) {
            break;
        }
        v->moving = 1;
    }
    if (i == RESTARTS) { /* it never stood still: what seemed wrong was overwritten under us */
        v->problem[0] = '\0';
    }
    return status == SHMRING_OK ? shmring_walk_failed(w) : status;
}

static shmring_status verify(struct shmring_view *view, shmring_verdict *ret, uint64_t size)
{
    struct shmring_walk w;
    shmring_verdict v = {0};
    shmring_status status = SHMRING_E_NO_MEMORY;

    if (shmring_walk_begin(&w, view)) {
        status = shmring_walk_check(&w, &v);
        v.moving |= (uint32_t)(shmring_os_role_held(&view->seg, SHMRING_ROLE_PRODUCER) ||
                               shmring_os_role_held(&view->seg, SHMRING_ROLE_CONSUMER));
        shmring_walk_end(&w);
    }
    if (status == SHMRING_OK) {
        shmring_answer(ret, size, &v, sizeof v);
        if (v.problem[0] != '\0') {
            status = shmring_fail(SHMRING_E_CORRUPT,
                                  "ring '%s' is corrupt %s; 'shmring repair' keeps what is sound",
                                  view->name.full, v.problem);
        }
    }
    shmring_view_close(view);
    return status;
}

static shmring_status no_place(void)
{
    return shmring_fail(SHMRING_E_INVALID, "the place for the answer is NULL");
}

shmring_status shmring_verify_sized_(const char *name, shmring_verdict *ret, uint64_t size)
{
    struct shmring_view *view = NULL;
    shmring_status status = ret == NULL ? no_place() : shmring_view_open(name, 0, &view);

    return status == SHMRING_OK ? verify(view, ret, size) : status;
}

shmring_status shmring_verify_file_sized_(const char *path, shmring_verdict *ret, uint64_t size)
{
    struct shmring_view *view = NULL;
    shmring_status status = ret == NULL ? no_place() : shmring_view_open_file(path, 0, &view);

    return status == SHMRING_OK ? verify(view, ret, size) : status;
}
