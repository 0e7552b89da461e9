/* SPDX-License-Identifier: MIT */
/* cost.c - what one operation costs on one thread, with the ring in this core's cache: the
 * instructions of the hot path and nothing else; and once with the ring nowhere near. */
#include <stdlib.h>
#include <string.h>

#include <shmring/shmring.h>

#include "cases.h"

#define OPERATIONS 1024

struct one_thread {
    shmring_producer *p;
    shmring_consumer *c;
    unsigned char *from, *to;
    uint32_t size;
};

static int open_both(struct one_thread *t, gbench_state *state, uint32_t framing)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    const char *name = pair_ring_name("cost");

    memset(t, 0, sizeof *t);
    t->size = (uint32_t)gbench_arg(state, 0);
    opt.capacity = 65536;
    opt.framing = framing;
    t->from = calloc(1, t->size + 1);
    t->to = calloc(1, t->size + 1);
    if (t->from == NULL || t->to == NULL || shmring_producer_open(&t->p, name, &opt) != 0 ||
        shmring_consumer_open(&t->c, name, &opt) != 0) {
        gbench_skip(state, shmring_error_detail());
        return 0;
    }
    return 1;
}

static void close_both(struct one_thread *t, gbench_state *state, int64_t records)
{
    gbench_set_items(state, records);
    gbench_set_bytes(state, records * t->size);
    shmring_producer_close(t->p);
    shmring_consumer_close(t->c);
    free(t->from);
    free(t->to);
}

/* A record in and out again, copying. */
static void send_and_receive(gbench_state *state)
{
    struct one_thread t;
    shmring_record r;
    int64_t n = 0;
    int i;

    if (!open_both(&t, state, SHMRING_RECORDS)) {
        return;
    }
    while (gbench_keep_running_batch(state, OPERATIONS)) {
        for (i = 0; i < OPERATIONS; i++) {
            PAIR_ESCAPE(t.from);
            (void)shmring_try_send(t.p, t.from, t.size, 1);
            (void)shmring_try_recv(t.c, t.to, t.size, &r);
            PAIR_ESCAPE(t.to);
        }
        n += OPERATIONS;
    }
    close_both(&t, state, n);
}

/* The same in place: nothing is copied, the payload is not touched. */
static void reserve_and_peek(gbench_state *state)
{
    struct one_thread t;
    shmring_record r;
    void *at;
    int64_t n = 0;
    int i;

    if (!open_both(&t, state, SHMRING_RECORDS)) {
        return;
    }
    while (gbench_keep_running_batch(state, OPERATIONS)) {
        for (i = 0; i < OPERATIONS; i++) {
            if (shmring_reserve(t.p, t.size, &at) == SHMRING_OK) {
                PAIR_ESCAPE(at);
                shmring_commit(t.p, t.size, 1);
            }
            if (shmring_peek(t.c, &r) == SHMRING_OK) {
                PAIR_ESCAPE(r.data);
                shmring_release(t.c);
            }
        }
        n += OPERATIONS;
    }
    close_both(&t, state, n);
}

/* A record that lies where neither cache nor prefetcher has been: in place and 4 KiB apart, in a
 * ring of 128 MiB. Two lines come from memory, and two translations. */
static void cold(gbench_state *state)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    const char *name = pair_ring_name("cold");
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_record r;
    void *at;
    uint64_t i, got;

    opt.capacity = UINT64_C(1) << 27;
    if (shmring_producer_open(&p, name, &opt) != SHMRING_OK ||
        shmring_consumer_open(&c, name, &opt) != SHMRING_OK) {
        gbench_skip(state, shmring_error_detail());
    }
    while (gbench_keep_running_batch(state, OPERATIONS)) {
        for (i = 0; i < OPERATIONS; i++) {
            if (shmring_reserve(p, 4096, &at) == SHMRING_OK) {
                memcpy(at, &i, 8);
                shmring_commit(p, 4096, 1);
            }
            if (shmring_peek(c, &r) == SHMRING_OK) {
                memcpy(&got, r.data, 8);
                PAIR_ESCAPE(&got);
                shmring_release(c);
            }
        }
    }
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

/* Batches of the second argument. */
static void stage_and_peek_many(gbench_state *state)
{
    shmring_record r[SHMRING_PEEK_MAX];
    struct one_thread t;
    uint32_t batch = (uint32_t)gbench_arg(state, 1), i, got;
    int64_t n = 0;

    if (!open_both(&t, state, SHMRING_RECORDS)) {
        return;
    }
    while (gbench_keep_running_batch(state, batch)) {
        for (i = 0; i < batch; i++) {
            PAIR_ESCAPE(t.from);
            (void)shmring_stage(t.p, t.from, t.size, 1);
        }
        shmring_publish(t.p);
        got = shmring_peek_many(t.c, r, batch);
        for (i = 0; i < got; i++) {
            PAIR_ESCAPE(r[i].data);
        }
        shmring_release_many(t.c, got);
        n += batch;
    }
    close_both(&t, state, n);
}

static void write_and_read(gbench_state *state)
{
    struct one_thread t;
    int64_t n = 0;
    int i;

    if (!open_both(&t, state, SHMRING_BYTES)) {
        return;
    }
    while (gbench_keep_running_batch(state, OPERATIONS)) {
        for (i = 0; i < OPERATIONS; i++) {
            PAIR_ESCAPE(t.from);
            (void)shmring_try_write(t.p, t.from, t.size);
            (void)shmring_try_read(t.c, t.to, t.size);
            PAIR_ESCAPE(t.to);
        }
        n += OPERATIONS;
    }
    close_both(&t, state, n);
}

/* An empty ring is asked, again and again. */
static void poll_empty(gbench_state *state)
{
    struct one_thread t;
    shmring_record r;
    int i;

    if (!open_both(&t, state, SHMRING_RECORDS)) {
        return;
    }
    while (gbench_keep_running_batch(state, OPERATIONS)) {
        for (i = 0; i < OPERATIONS; i++) {
            (void)shmring_peek(t.c, &r);
            PAIR_ESCAPE(&r);
        }
    }
    close_both(&t, state, 0);
}

void register_cost(void)
{
    static const char *const names[] = {"size", "batch"};
    static const int64_t sizes[] = {0, 8, 56, 64, 120, 128, 256, 1024, 4096, 16000};
    static const int64_t batches[] = {8, 16, 8, 64, 8, 256, 64, 16, 64, 64, 64, 256};

    gbench_register("cost/send_and_receive", send_and_receive, GBENCH_CPU_TIME, names, 1, sizes,
                    10);
    gbench_register("cost/reserve_and_peek", reserve_and_peek, GBENCH_CPU_TIME, names, 1, sizes,
                    10);
    gbench_register("cost/stage_and_peek_many", stage_and_peek_many, GBENCH_CPU_TIME, names, 2,
                    batches, 6);
    gbench_register("cost/write_and_read", write_and_read, GBENCH_CPU_TIME, names, 1, sizes + 1, 9);
    gbench_register("cost/cold", cold, GBENCH_CPU_TIME, names, 0, NULL, 0);
    gbench_register("cost/poll_empty", poll_empty, GBENCH_CPU_TIME, names, 1, sizes + 1, 1);
}
