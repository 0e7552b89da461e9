/* SPDX-License-Identifier: MIT */
/* trip.c - round trip between two processes over two rings, beside the floor: one cache line
 * that both write in turn. Each iteration is a thousand trips. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <shmring/shmring.h>

#include "cases.h"

#define TRIPS 20000u

struct trip {
    char there[80], back[80];
    uint32_t size;
    shmring_producer *out;
    shmring_consumer *in;
    atomic_uint *line;
};

static int trip_once(shmring_producer *out, shmring_consumer *in, unsigned char *message,
                     uint32_t size)
{
    shmring_record r;
    shmring_status status;

    PAIR_ESCAPE(message);
    while (shmring_try_send(out, message, size, 1) == SHMRING_FULL) {
        shmring_producer_relax(out);
    }
    while ((status = shmring_try_recv(in, message, size, &r)) == SHMRING_EMPTY) {
        shmring_consumer_relax(in);
    }
    PAIR_ESCAPE(message);
    return status == SHMRING_OK;
}

static void ask(struct pair_board *board, void *arg)
{
    struct trip *t = arg;
    unsigned char *message = calloc(1, t->size);
    uint32_t i;

    for (i = 0; message != NULL && i < TRIPS; i++) {
        memcpy(message, &i, 4);
        if (!trip_once(t->out, t->in, message, t->size) || memcmp(message, &i, 4) != 0) {
            pair_fail(board);
            break;
        }
    }
    free(message);
}

static void answer(struct pair_board *board, void *arg)
{
    struct trip *t = arg;
    unsigned char *message = calloc(1, t->size);
    shmring_producer *out;
    shmring_consumer *in;
    shmring_record r;
    shmring_status status;
    uint32_t i;

    if (message == NULL || shmring_producer_open(&out, t->back, NULL) != SHMRING_OK ||
        shmring_consumer_open(&in, t->there, NULL) != SHMRING_OK) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    for (i = 0; i < TRIPS; i++) {
        while ((status = shmring_try_recv(in, message, t->size, &r)) == SHMRING_EMPTY) {
            shmring_consumer_relax(in);
        }
        PAIR_ESCAPE(message);
        if (status != SHMRING_OK || shmring_try_send(out, message, t->size, 1) != SHMRING_OK) {
            pair_fail(board);
            break;
        }
    }
    pair_finish(board);
    shmring_producer_close(out);
    shmring_consumer_close(in);
    free(message);
}

static void round_trip(gbench_state *state)
{
    struct trip t = {.size = (uint32_t)gbench_arg(state, 0)};
    shmring_options opt = SHMRING_OPTIONS_INIT;
    double seconds;

    strcpy(t.there, pair_ring_name("there"));
    strcpy(t.back, pair_ring_name("back"));
    opt.capacity = 65536;
    while (gbench_keep_running_batch(state, TRIPS)) {
        if (shmring_producer_open(&t.out, t.there, &opt) != SHMRING_OK ||
            shmring_consumer_open(&t.in, t.back, &opt) != SHMRING_OK) {
            gbench_skip(state, shmring_error_detail());
            return;
        }
        seconds = pair_run(ask, answer, &t);
        shmring_producer_close(t.out);
        shmring_consumer_close(t.in);
        if (seconds < 0) {
            gbench_skip(state, "a message was lost or changed, or the other process failed");
            return;
        }
        gbench_set_iteration_time(state, seconds);
    }
}

/* ---- the floor ---- */

static void await(atomic_uint *line, unsigned value)
{
    while (atomic_load_explicit(line, memory_order_acquire) != value) {
        shmring_cpu_pause();
    }
}

static void line_ask(struct pair_board *board, void *arg)
{
    struct trip *t = arg;
    unsigned i;

    (void)board;
    for (i = 0; i < TRIPS; i++) {
        atomic_store_explicit(t->line, 2 * i + 1, memory_order_release);
        await(t->line, 2 * i + 2);
    }
}

static void line_answer(struct pair_board *board, void *arg)
{
    struct trip *t = arg;
    unsigned i;

    pair_ready(board);
    for (i = 0; i < TRIPS; i++) {
        await(t->line, 2 * i + 1);
        atomic_store_explicit(t->line, 2 * i + 2, memory_order_release);
    }
    pair_finish(board);
}

static void line_floor(gbench_state *state)
{
    struct trip t = {.size = 4};
    double seconds;

    t.line = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t.line == MAP_FAILED) {
        gbench_skip(state, "no memory");
        return;
    }
    while (gbench_keep_running_batch(state, TRIPS)) {
        atomic_store(t.line, 0);
        seconds = pair_run(line_ask, line_answer, &t);
        if (seconds < 0) {
            gbench_skip(state, "the other process failed");
            break;
        }
        gbench_set_iteration_time(state, seconds);
    }
    (void)munmap(t.line, 4096);
}

void register_trip(void)
{
    static const char *const names[] = {"size"};
    static const int64_t sizes[] = {8, 64, 256, 1024, 4096};

    gbench_register("trip/line_floor", line_floor, GBENCH_MANUAL_TIME, names, 0, NULL, 0);
    gbench_register("trip/records", round_trip, GBENCH_MANUAL_TIME, names, 1, sizes, 5);
}
