/* SPDX-License-Identifier: MIT */
/* technique.c - streams and round trips of the ring as shipped, or, compiled with headers that
 * without.py has patched, of the ring without one technique. The hot path is in-line, so other
 * headers are all it takes; the report runs the variants in turns.
 *
 *   shmring_technique_NAME [--brief]    one round, a line of JSON for each measurement
 *   shmring_technique_NAME --count BYTES MESSAGES    one thread, nothing else: for callgrind */
#define _GNU_SOURCE
#include <stdio.h>

#include "support/message_loop.h"

#ifndef TECHNIQUE
#define TECHNIQUE "as shipped"
#endif

static const struct {
    enum lane_how how;
    uint32_t size;
} works[] = {
    {LANE_COPY, 8},    {LANE_COPY, 64},    {LANE_COPY, 256}, {LANE_COPY, 1024},
    {LANE_COPY, 4096}, {LANE_PLACE, 1024}, {LANE_BYTES, 8},
};

#define WORKS (sizeof works / sizeof *works)

struct run {
    char there[80], back[80];
    struct lane lane;
    int brief;
    double stream_ns[WORKS], trip_ns[WORKS];
    uint32_t framing;
};

static uint64_t stream_length(const struct run *r, uint32_t size)
{
    uint64_t n = UINT64_C(1) << 25;

    n = n / size < 300000 ? n / size : 300000;
    return r->brief ? n / 100 : n;
}

static int is_ours(const struct run *r, size_t i)
{
    return (works[i].how == LANE_BYTES) == (r->framing == SHMRING_BYTES);
}

static struct lane_work work_of(size_t i, uint64_t count)
{
    return (struct lane_work){works[i].how, works[i].size, works[i].size, count};
}

static int open_lane(const struct run *r, struct lane *l, int first)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.capacity = 65536;
    opt.framing = r->framing;
    return shmring_producer_open(&l->out, first ? r->there : r->back, &opt) == SHMRING_OK &&
           shmring_consumer_open(&l->in, first ? r->back : r->there, &opt) == SHMRING_OK;
}

static void close_lane(struct lane *l)
{
    shmring_producer_close(l->out);
    shmring_consumer_close(l->in);
}

static void here(struct pair_board *board, void *arg)
{
    struct run *r = arg;
    uint64_t start;
    size_t i;

    for (i = 0; i < WORKS; i++) {
        struct lane_work stream = work_of(i, stream_length(r, works[i].size));
        struct lane_work trip = work_of(i, r->brief ? 200 : 6000);

        if (!is_ours(r, i)) {
            continue;
        }
        start = pair_now_ns();
        if (!lane_run(LANE_SEND_ALL, &r->lane, &stream)) {
            pair_fail(board);
        }
        r->stream_ns[i] = (double)(pair_now_ns() - start) / (double)stream.count;
        start = pair_now_ns();
        if (!lane_run(LANE_ASK, &r->lane, &trip)) {
            pair_fail(board);
        }
        r->trip_ns[i] = (double)(pair_now_ns() - start) / (double)trip.count;
    }
}

static void other(struct pair_board *board, void *arg)
{
    struct run *r = arg;
    struct lane lane;
    size_t i;

    if (!open_lane(r, &lane, 0)) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    for (i = 0; i < WORKS; i++) {
        struct lane_work stream = work_of(i, stream_length(r, works[i].size));
        struct lane_work trip = work_of(i, r->brief ? 200 : 6000);

        if (is_ours(r, i) &&
            (!lane_run(LANE_RECEIVE_ALL, &lane, &stream) || !lane_run(LANE_ANSWER, &lane, &trip))) {
            pair_fail(board);
        }
    }
    pair_finish(board);
    close_lane(&lane);
}

static int measure(struct run *r)
{
    double seconds;

    if (!open_lane(r, &r->lane, 1)) {
        fprintf(stderr, "%s\n", shmring_error_detail());
        return 0;
    }
    seconds = pair_run(here, other, r);
    close_lane(&r->lane);
    if (seconds < 0) {
        fprintf(stderr, "a message was lost or changed, or the other process failed\n");
    }
    return seconds >= 0;
}

static void show(const struct run *r)
{
    static const char *const hows[] = {"", " in place", ", byte framing"};
    size_t i;

    for (i = 0; i < WORKS; i++) {
        printf("{\"study\": \"technique\", \"variant\": \"%s\", \"work\": \"stream %u B%s\", "
               "\"ns\": %.2f}\n",
               TECHNIQUE, works[i].size, hows[works[i].how], r->stream_ns[i]);
        printf("{\"study\": \"technique\", \"variant\": \"%s\", \"work\": \"round trip %u B%s\", "
               "\"ns\": %.2f}\n",
               TECHNIQUE, works[i].size, hows[works[i].how], r->trip_ns[i]);
    }
}

/* What callgrind counts: messages in and out again on one thread. */
static int count_instructions(uint32_t size, uint64_t messages)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    struct lane lane = {0};
    struct lane_work ask = {LANE_COPY, size, size, messages};
    const char *name = pair_ring_name("technique-count");
    int right = 0;

    opt.capacity = 65536;
    if (shmring_producer_open(&lane.out, name, &opt) == SHMRING_OK &&
        shmring_consumer_open(&lane.in, name, &opt) == SHMRING_OK) {
        lane.out->far_ticks = 0; /* claims follow the time of loads, which valgrind stretches */
        right = lane_run(LANE_ASK, &lane, &ask);
    }
    close_lane(&lane);
    return right ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct run r;

    if (argc == 4 && strcmp(argv[1], "--count") == 0) {
        return count_instructions((uint32_t)strtoul(argv[2], NULL, 10),
                                  strtoull(argv[3], NULL, 10));
    }
    r.brief = argc > 1 && strcmp(argv[1], "--brief") == 0;
    (void)snprintf(r.there, sizeof r.there, "%s", pair_ring_name("technique-there"));
    (void)snprintf(r.back, sizeof r.back, "%s", pair_ring_name("technique-back"));
    r.framing = SHMRING_RECORDS;
    if (!measure(&r)) {
        return 1;
    }
    r.framing = SHMRING_BYTES;
    if (!measure(&r)) {
        return 1;
    }
    show(&r);
    return 0;
}
