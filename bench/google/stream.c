/* SPDX-License-Identifier: MIT */
/* stream.c - throughput between two processes; every message carries its number, and the
 * receiver checks it. One iteration is one stream; its time is from the first send to the last
 * receipt, as both processes' monotonic clock says. */
#include <stdlib.h>
#include <string.h>

#include <shmring/shmring.h>

#include "cases.h"

#define STREAM_BYTES   (INT64_C(64) << 20)
#define STREAM_RECORDS INT64_C(1000000)

struct stream {
    const char *name;
    shmring_options opt;
    uint32_t size;
    uint32_t batch;
    int threads; /* the other side is a thread of this process */
    uint64_t records;
    shmring_producer *p;
};

/* ---- copying ---- */

static void send_all(struct pair_board *board, void *arg)
{
    struct stream *s = arg;
    unsigned char *message = calloc(1, s->size);
    uint64_t i;

    (void)board;
    for (i = 0; message != NULL && i < s->records; i++) {
        memcpy(message, &i, 8);
        PAIR_ESCAPE(message);
        while (shmring_try_send(s->p, message, s->size, 1) == SHMRING_FULL) {
            shmring_producer_relax(s->p);
        }
    }
    free(message);
}

static void receive_all(struct pair_board *board, void *arg)
{
    struct stream *s = arg;
    unsigned char *message = calloc(1, s->size);
    shmring_consumer *c;
    shmring_record r;
    shmring_status status = SHMRING_OK;
    uint64_t i, got;

    if (message == NULL || shmring_consumer_open(&c, s->name, NULL) != SHMRING_OK) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    for (i = 0; i < s->records && status >= 0; i++) {
        while ((status = shmring_try_recv(c, message, s->size, &r)) == SHMRING_EMPTY) {
            shmring_consumer_relax(c);
        }
        PAIR_ESCAPE(message);
        memcpy(&got, message, 8);
        if (status != SHMRING_OK || got != i) {
            pair_fail(board);
            break;
        }
    }
    pair_finish(board);
    shmring_consumer_close(c);
    free(message);
}

/* ---- in place ---- */

static void commit_all(struct pair_board *board, void *arg)
{
    struct stream *s = arg;
    uint64_t i;
    void *at = NULL;

    (void)board;
    for (i = 0; i < s->records; i++) {
        while (shmring_reserve(s->p, s->size, &at) == SHMRING_FULL) {
            shmring_producer_relax(s->p);
        }
        memset(at, (int)(i & 0xFF), s->size);
        memcpy(at, &i, 8);
        PAIR_ESCAPE(at);
        shmring_commit(s->p, s->size, 1);
    }
}

static void release_all(struct pair_board *board, void *arg)
{
    struct stream *s = arg;
    shmring_consumer *c;
    shmring_record r;
    shmring_status status = SHMRING_OK;
    uint64_t i, got, sum = 0;
    uint32_t k;

    if (shmring_consumer_open(&c, s->name, NULL) != SHMRING_OK) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    for (i = 0; i < s->records; i++) {
        while ((status = shmring_peek(c, &r)) == SHMRING_EMPTY) {
            shmring_consumer_relax(c);
        }
        if (status != SHMRING_OK || r.len != s->size) {
            pair_fail(board);
            break;
        }
        memcpy(&got, r.data, 8);
        for (k = 0; k + 8 <= r.len; k += 8) { /* a reader that looks at all of it */
            uint64_t word;

            memcpy(&word, (const unsigned char *)r.data + k, 8);
            sum += word;
        }
        PAIR_ESCAPE(&sum);
        shmring_release(c);
        if (got != i) {
            pair_fail(board);
            break;
        }
    }
    pair_finish(board);
    shmring_consumer_close(c);
}

/* ---- byte framing ---- */

static void write_all(struct pair_board *board, void *arg)
{
    struct stream *s = arg;
    uint64_t element[64], i, at, n;

    (void)board;
    for (i = 0; i < s->records; i += s->batch) {
        for (n = 0; n < s->batch; n++) {
            element[n] = i + n;
        }
        PAIR_ESCAPE(element);
        for (at = 0; at < 8 * (uint64_t)s->batch; at += n) {
            n = s->batch == 1 ? shmring_try_write(s->p, element, 8)
                              : shmring_try_write(s->p, (const unsigned char *)element + at,
                                                  8 * (uint64_t)s->batch - at);
            if (n == 0) {
                shmring_producer_relax(s->p);
            }
        }
    }
}

static void read_all(struct pair_board *board, void *arg)
{
    struct stream *s = arg;
    shmring_consumer *c;
    uint64_t element[64], i, n, k;

    if (shmring_consumer_open(&c, s->name, NULL) != SHMRING_OK) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    for (i = 0; i < s->records; i += n / 8) {
        n = s->batch == 1 ? shmring_try_read(c, element, 8)
                          : shmring_try_read(c, element, 8 * (uint64_t)s->batch);
        if (n == 0) {
            shmring_consumer_relax(c);
        }
        PAIR_ESCAPE(element);
        for (k = 0; k < n / 8; k++) {
            if (element[k] != i + k) {
                pair_fail(board);
                i = s->records;
            }
        }
    }
    pair_finish(board);
    shmring_consumer_close(c);
}

/* ---- the cases ---- */

static void run_stream(gbench_state *state, struct stream *s,
                       void (*here)(struct pair_board *, void *),
                       void (*other)(struct pair_board *, void *))
{
    int64_t records = 0;
    double seconds;

    s->name = pair_ring_name("stream");
    while (gbench_keep_running(state)) {
        if (shmring_producer_open(&s->p, s->name, &s->opt) != SHMRING_OK) {
            gbench_skip(state, shmring_error_detail());
            return;
        }
        seconds = s->threads ? pair_run_threads(here, other, s) : pair_run(here, other, s);
        shmring_producer_close(s->p);
        if (seconds < 0) {
            gbench_skip(state, "a message was lost or changed, or the receiver failed");
            return;
        }
        gbench_set_iteration_time(state, seconds);
        records += (int64_t)s->records;
    }
    gbench_set_items(state, records);
    gbench_set_bytes(state, records * s->size);
}

static struct stream make_stream(gbench_state *state)
{
    struct stream s = {.opt = SHMRING_OPTIONS_INIT, .batch = 1};

    s.size = (uint32_t)gbench_arg(state, 0);
    s.opt.capacity = (uint64_t)gbench_arg(state, 1);
    s.records =
        (uint64_t)(STREAM_BYTES / s.size < STREAM_RECORDS ? STREAM_BYTES / s.size : STREAM_RECORDS);
    return s;
}

static void copying(gbench_state *state)
{
    struct stream s = make_stream(state);

    run_stream(state, &s, send_all, receive_all);
}

static void between_threads(gbench_state *state)
{
    struct stream s = make_stream(state);

    s.threads = 1;
    run_stream(state, &s, send_all, receive_all);
}

static void in_place(gbench_state *state)
{
    struct stream s = make_stream(state);

    run_stream(state, &s, commit_all, release_all);
}

static void elements(gbench_state *state)
{
    struct stream s = make_stream(state);

    s.opt.framing = SHMRING_BYTES;
    s.batch = (uint32_t)gbench_arg(state, 2);
    s.records -= s.records % s.batch;
    run_stream(state, &s, write_all, read_all);
}

void register_stream(void)
{
    static const char *const names[] = {"size", "capacity", "batch"};
    static const int64_t records[] = {
        8,    65536, 64,    65536, 256, 65536,   1024, 65536,
        4096, 65536, 16000, 65536, 64,  1048576, 64,   16777216,
    };
    static const int64_t bytes[] = {8, 65536, 1, 8, 65536, 64};

    gbench_register("stream/copying", copying, GBENCH_MANUAL_TIME, names, 2, records, 8);
    gbench_register("stream/between_threads", between_threads, GBENCH_MANUAL_TIME, names, 2,
                    records, 5);
    gbench_register("stream/in_place", in_place, GBENCH_MANUAL_TIME, names, 2, records, 8);
    gbench_register("stream/elements", elements, GBENCH_MANUAL_TIME, names, 3, bytes, 2);
}
