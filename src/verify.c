/* SPDX-License-Identifier: MIT */
/* verify.c - walks a ring from outside and checks all that must hold. Changes nothing. */
#include <shmring/endpoint.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detail.h"
#include "inspect.h"

#define BLOCK    UINT64_C(65536)
#define RESTARTS 64

/* A walk over the data region in blocks. */
struct walk {
    struct shmring_view *view;
    uint64_t position;
    uint64_t block_at; /* offset in the data region of what `block` holds; UINT64_MAX = nothing */
    unsigned char *block;
};

/* The word at the walk's position. 1 on success. */
static int read_word(struct walk *w, uint64_t *ret)
{
    uint64_t at = w->position & (w->view->geometry.capacity - 1);

    if (w->block_at == UINT64_MAX || at - w->block_at >= BLOCK) {
        w->block_at = at & ~(BLOCK - 1);
        if (!shmring_os_read(&w->view->seg, SHMRING_HEADER_SIZE + w->block_at, w->block, BLOCK)) {
            return 0;
        }
    }
    memcpy(ret, w->block + (at - w->block_at), 8);
    return 1;
}

static void complain(shmring_verdict *v, uint64_t position, const char *what, uint64_t value)
{
    v->position = position;
    (void)snprintf(v->problem, sizeof v->problem, "at position %" PRIu64 ": %s (%#" PRIx64 ")",
                   position, what, value);
}

static int check_positions(const struct shmring_view *view, shmring_verdict *v)
{
    const uint64_t capacity = view->geometry.capacity;
    uint64_t tail = shmring_load_relaxed(&view->producer.tail);
    uint64_t head = shmring_load_relaxed(&view->consumer.head);
    uint64_t cursor = shmring_load_relaxed(&view->consumer.cursor);
    int records = view->geometry.framing == SHMRING_RECORDS;

    v->position = cursor;
    if (records && ((tail | head | cursor) & 7u) != 0) {
        complain(v, cursor, "a position is not a multiple of 8", tail | head | cursor);
    } else if (cursor - head > capacity) {
        complain(v, cursor, "head is not behind cursor", head);
    } else if (tail - cursor > capacity && (!records || cursor - tail > capacity)) {
        complain(v, cursor, "tail is not within the capacity of cursor", tail);
    }
    return v->problem[0] == '\0';
}

/* Walks from the cursor to the first word that is not committed. */
static int check_records(struct walk *w, shmring_verdict *v)
{
    const struct shmring_geometry_page *g = &w->view->geometry;
    uint64_t tail = shmring_load_relaxed(&w->view->producer.tail);
    uint64_t cursor = shmring_load_relaxed(&w->view->consumer.cursor);
    uint64_t word, size;

    for (w->position = cursor; w->position - cursor < g->capacity; w->position += size) {
        if (!read_word(w, &word)) {
            complain(v, w->position, "the ring was cut short while it was read", 0);
            return 0;
        }
        if (word == 0) {
            break;
        }
        size = shmring_record_size(g->record_header, (uint32_t)(word & SHMRING_WORD_LENGTH));
        if ((word & (SHMRING_WORD_COMMITTED | SHMRING_WORD_RESERVED)) != SHMRING_WORD_COMMITTED) {
            complain(v, w->position, "not a record's word", word);
        } else if ((word & SHMRING_WORD_LENGTH) > g->max_record) {
            complain(v, w->position, "a record longer than max_record", word);
        } else if (w->position + size + 8 - cursor > g->capacity) {
            complain(v, w->position, "a record that runs into the oldest one", word);
        }
        if (v->problem[0] != '\0') {
            return 0;
        }
        v->records++;
        v->gaps += (word & SHMRING_WORD_GAP) != 0;
    }
    v->position = w->position;
    v->bytes = w->position - cursor;
    if (tail - cursor <= g->capacity && v->bytes < tail - cursor) {
        complain(v, w->position, "no record here, and tail is further on", tail);
    }
    return v->problem[0] == '\0';
}

static int check_once(struct walk *w, shmring_verdict *v)
{
    uint32_t moving = v->moving;

    memset(v, 0, sizeof *v);
    v->moving = moving;
    w->block_at = UINT64_MAX;
    if (!check_positions(w->view, v)) {
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

/* A consumer that moved on while we walked gives bytes back, and what we read was new: look again.
 * What is wrong in a ring that stands still stays wrong. */
static shmring_status check(struct walk *w, shmring_verdict *v)
{
    shmring_status status = shmring_view_read(w->view);
    uint64_t cursor;
    int i;

    for (i = 0; status == SHMRING_OK && i < RESTARTS; i++) {
        if (check_once(w, v)) {
            break;
        }
        cursor = shmring_load_relaxed(&w->view->consumer.cursor);
        status = shmring_view_read(w->view);
        if (status == SHMRING_OK && cursor == shmring_load_relaxed(&w->view->consumer.cursor)) {
            break;
        }
        v->moving = 1;
    }
    return status;
}

shmring_status shmring_verify(const char *name, shmring_verdict *ret)
{
    struct shmring_view view;
    shmring_verdict v = {0};
    struct walk w = {&view, 0, UINT64_MAX, NULL};
    shmring_status status;

    if (ret == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the place for the answer is NULL");
    }
    status = shmring_view_open(&view, name, 0);
    if (status != SHMRING_OK) {
        return status;
    }
    w.block = malloc(BLOCK);
    if (w.block == NULL) {
        status = shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory to read it", name);
    } else {
        status = check(&w, &v);
        v.moving |= (uint32_t)(shmring_os_role_held(&view.seg, SHMRING_ROLE_PRODUCER) ||
                               shmring_os_role_held(&view.seg, SHMRING_ROLE_CONSUMER));
    }
    free(w.block);
    if (status == SHMRING_OK) {
        *ret = v;
        if (v.problem[0] != '\0') {
            status = shmring_fail(SHMRING_E_CORRUPT, "ring '%s' is corrupt %s", view.name.full,
                                  v.problem);
        }
    }
    shmring_view_close(&view);
    return status;
}
