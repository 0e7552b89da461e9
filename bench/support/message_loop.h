/* SPDX-License-Identifier: MIT */
/* message_loop.h - the loops that both ends of a measurement run. A lane is one process's two rings
 * of a pair: it sends on one and receives on the other. Each loop is compiled once for each size of
 * LANE_SIZES, as a program compiles it whose messages have one size, and once for any size. */
#ifndef SHMRING_BENCH_SUPPORT_MESSAGE_LOOP_H
#define SHMRING_BENCH_SUPPORT_MESSAGE_LOOP_H

#include <stdlib.h>
#include <string.h>

#include <shmring/shmring.h>

#include "process_pair.h"

/* How a message goes through the ring. */
enum lane_how {
    LANE_COPY,  /* try_send, try_recv */
    LANE_PLACE, /* reserve, write, commit; peek, read, release: `span` bytes a record */
    LANE_BYTES  /* byte framing: an element every `span` bytes */
};

struct lane {
    shmring_producer *out;
    shmring_consumer *in;
};

struct lane_work {
    enum lane_how how;
    uint32_t size;  /* bytes of a message, at least 8 */
    uint32_t span;  /* bytes that are reserved for it, at least size */
    uint64_t count; /* messages, or trips */
};

#define LANE_ALWAYS static inline __attribute__((always_inline))

LANE_ALWAYS void lane_put(struct lane *l, enum lane_how how, uint32_t span, const void *m, size_t n)
{
    void *at = NULL;

    PAIR_ESCAPE(m);
    if (how == LANE_COPY) {
        while (shmring_try_send(l->out, m, (uint32_t)n, 1) == SHMRING_FULL) {
            shmring_producer_relax(l->out);
        }
    } else if (how == LANE_PLACE) {
        while (shmring_reserve(l->out, span, &at) == SHMRING_FULL) {
            shmring_producer_relax(l->out);
        }
        memcpy(at, m, n);
        shmring_commit(l->out, span, 1);
    } else {
        while (shmring_write_span(l->out, &at) < span) {
            shmring_producer_relax(l->out);
        }
        memcpy(at, m, n);
        shmring_write_advance(l->out, span);
    }
}

/* 0 when the ring answers with an error. */
LANE_ALWAYS int lane_get(struct lane *l, enum lane_how how, uint32_t span, void *m, size_t n)
{
    shmring_record r = {0};
    shmring_status status = SHMRING_OK;
    const void *at = NULL;

    if (how == LANE_COPY) {
        while ((status = shmring_try_recv(l->in, m, (uint32_t)n, NULL)) == SHMRING_EMPTY) {
            shmring_consumer_relax(l->in);
        }
    } else if (how == LANE_PLACE) {
        while ((status = shmring_peek(l->in, &r)) == SHMRING_EMPTY) {
            shmring_consumer_relax(l->in);
        }
        if (status == SHMRING_OK && r.len == span) {
            memcpy(m, r.data, n);
            shmring_release(l->in);
        } else {
            status = SHMRING_E_CORRUPT;
        }
    } else {
        while (shmring_read_span(l->in, &at) < span) {
            shmring_consumer_relax(l->in);
        }
        memcpy(m, at, n);
        shmring_read_advance(l->in, span);
    }
    PAIR_ESCAPE(m);
    return status == SHMRING_OK;
}

/* The four loops. `m` has n bytes; its first eight are the message's number. */

LANE_ALWAYS int lane_send_all(struct lane *l, const struct lane_work *w, unsigned char *m, size_t n)
{
    uint64_t i;

    for (i = 0; i < w->count; i++) {
        memcpy(m, &i, 8);
        lane_put(l, w->how, w->span, m, n);
    }
    return lane_get(l, w->how, w->span, m, n); /* the other side has it all */
}

LANE_ALWAYS int lane_receive_all(struct lane *l, const struct lane_work *w, unsigned char *m,
                                 size_t n)
{
    uint64_t i, number = 0;
    int right = 1;

    for (i = 0; i < w->count && right; i++) {
        right = lane_get(l, w->how, w->span, m, n);
        memcpy(&number, m, 8);
        right &= number == i;
    }
    lane_put(l, w->how, w->span, m, n);
    return right;
}

LANE_ALWAYS int lane_ask(struct lane *l, const struct lane_work *w, unsigned char *m, size_t n)
{
    uint64_t i, number = 0;
    int right = 1;

    for (i = 0; i < w->count && right; i++) {
        memcpy(m, &i, 8);
        lane_put(l, w->how, w->span, m, n);
        right = lane_get(l, w->how, w->span, m, n);
        memcpy(&number, m, 8);
        right &= number == i;
    }
    return right;
}

LANE_ALWAYS int lane_answer(struct lane *l, const struct lane_work *w, unsigned char *m, size_t n)
{
    uint64_t i;
    int right = 1;

    for (i = 0; i < w->count && right; i++) {
        right = lane_get(l, w->how, w->span, m, n);
        lane_put(l, w->how, w->span, m, n);
    }
    return right;
}

enum lane_role { LANE_SEND_ALL, LANE_RECEIVE_ALL, LANE_ASK, LANE_ANSWER };

/* n and how are constants here, so the loop is a program's of its own. */
LANE_ALWAYS int lane_loop(enum lane_role role, struct lane *l, const struct lane_work *w,
                          enum lane_how how, unsigned char *m, size_t n)
{
    struct lane_work own = *w;

    own.how = how;
    switch (role) {
    case LANE_SEND_ALL:
        return lane_send_all(l, &own, m, n);
    case LANE_RECEIVE_ALL:
        return lane_receive_all(l, &own, m, n);
    case LANE_ASK:
        return lane_ask(l, &own, m, n);
    default:
        return lane_answer(l, &own, m, n);
    }
}

#ifndef LANE_SIZES
#define LANE_SIZES(X) X(8) X(64) X(256) X(1024) X(4096)
#endif

#define LANE_SIZE_(n)                                                                              \
    case n:                                                                                        \
        return lane_loop(role, l, w, how, m, n);

LANE_ALWAYS int lane_of_size(enum lane_role role, struct lane *l, const struct lane_work *w,
                             enum lane_how how, unsigned char *m)
{
    switch (w->size) {
        LANE_SIZES(LANE_SIZE_)
    default:
        return lane_loop(role, l, w, how, m, w->size);
    }
}

/* Runs one end of a stream or of a ping-pong. Returns 0 when a message was lost or changed. */
static inline int lane_run(enum lane_role role, struct lane *l, const struct lane_work *w)
{
    unsigned char *m = calloc(1, w->size);
    int right = 0;

    if (m != NULL) {
        switch (w->how) {
        case LANE_COPY:
            right = lane_of_size(role, l, w, LANE_COPY, m);
            break;
        case LANE_PLACE:
            right = lane_of_size(role, l, w, LANE_PLACE, m);
            break;
        default:
            right = lane_of_size(role, l, w, LANE_BYTES, m);
            break;
        }
    }
    free(m);
    return right;
}

#endif
