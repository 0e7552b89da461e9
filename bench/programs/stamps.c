/* SPDX-License-Identifier: MIT */
/* stamps.c - what stamps cost: streams and round trips of rings without them, by the monotonic
 * clock and by the processor's counter, latencies counted as always; and how far the counter's
 * time runs away from the clock's.
 *
 *   shmring_stamps [--brief]    one round, a line of JSON for each measurement
 *   shmring_stamps --count none|monotonic|tsc MESSAGES    one thread: for callgrind
 *
 * Where a clock cannot be had its lines are missing. */
#define _GNU_SOURCE
#include <stdio.h>

#include "support/message_loop.h"

static const char *const clocks[] = {"none", "monotonic", "tsc"};

static const struct {
    enum lane_how how;
    const char *words;
} works[] = {{LANE_COPY, ""}, {LANE_PLACE, " in place"}};

#define CLOCKS  (sizeof clocks / sizeof *clocks)
#define WORKS   (sizeof works / sizeof *works)
#define SIZE    64u
#define TRIES   200
#define SECOND  UINT64_C(1000000000)
#define DRIFT   SECOND
#define BRIEFLY (SECOND / 20)

struct run {
    char there[80], back[80];
    struct lane lane;
    uint32_t clock;
    int brief;
};

static int open_lane(const struct run *r, struct lane *l, int first)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.capacity = 65536;
    opt.stamp = r->clock;
    return shmring_producer_open(&l->out, first ? r->there : r->back, &opt) == SHMRING_OK &&
           shmring_consumer_open(&l->in, first ? r->back : r->there, &opt) == SHMRING_OK;
}

static void close_lane(struct lane *l)
{
    shmring_producer_close(l->out);
    shmring_consumer_close(l->in);
    memset(l, 0, sizeof *l);
}

static int is_there(uint32_t clock)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    shmring_status status;

    opt.stamp = clock;
    status = shmring_producer_open(&p, pair_ring_name("stamps-try"), &opt);
    shmring_producer_close(p);
    return status != SHMRING_E_UNSUPPORTED;
}

/* ---- streams and round trips ---- */

static struct lane_work work_of(const struct run *r, size_t i, int trip)
{
    const uint64_t count = trip ? 6000 : 300000;

    return (struct lane_work){works[i].how, SIZE, SIZE, r->brief ? count / 30 : count};
}

static void show(const struct run *r, const char *what, size_t i, uint64_t ns, uint64_t count)
{
    printf("{\"study\": \"stamps\", \"clock\": \"%s\", \"work\": \"%s%s\", \"ns\": %.2f}\n",
           clocks[r->clock], what, works[i].words, (double)ns / (double)count);
}

static void here(struct pair_board *board, void *arg)
{
    struct run *r = arg;
    uint64_t start;
    size_t i;

    for (i = 0; i < WORKS; i++) {
        const struct lane_work stream = work_of(r, i, 0), trip = work_of(r, i, 1);

        start = pair_now_ns();
        if (!lane_run(LANE_SEND_ALL, &r->lane, &stream)) {
            pair_fail(board);
        }
        show(r, "stream 64 B", i, pair_now_ns() - start, stream.count);
        start = pair_now_ns();
        if (!lane_run(LANE_ASK, &r->lane, &trip)) {
            pair_fail(board);
        }
        show(r, "round trip 64 B", i, pair_now_ns() - start, trip.count);
    }
}

static void other(struct pair_board *board, void *arg)
{
    const struct run *r = arg;
    struct lane lane = {0};
    size_t i;

    if (!open_lane(r, &lane, 0)) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    for (i = 0; i < WORKS; i++) {
        const struct lane_work stream = work_of(r, i, 0), trip = work_of(r, i, 1);

        if (!lane_run(LANE_RECEIVE_ALL, &lane, &stream) || !lane_run(LANE_ANSWER, &lane, &trip)) {
            pair_fail(board);
        }
    }
    pair_finish(board);
    close_lane(&lane);
}

static int measure(struct run *r)
{
    double seconds;

    (void)snprintf(r->there, sizeof r->there, "%s", pair_ring_name("stamps-there"));
    (void)snprintf(r->back, sizeof r->back, "%s", pair_ring_name("stamps-back"));
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

/* ---- the counter beside the clock ---- */

/* A stamp's time less the clock's: of several the one that was between the closest readings. */
static int64_t ahead(const struct lane *l)
{
    uint64_t least = UINT64_MAX, before, after;
    int64_t best = 0;
    shmring_record record;
    int i;

    for (i = 0; i < TRIES; i++) {
        before = pair_now_ns();
        (void)shmring_try_send(l->out, NULL, 0, 0);
        after = pair_now_ns();
        if (shmring_try_recv(l->in, NULL, 0, &record) == SHMRING_OK && after - before < least) {
            least = after - before;
            best = (int64_t)(record.stamp - before - least / 2);
        }
    }
    return best;
}

static int measure_drift(const struct run *r)
{
    const uint64_t pause = r->brief ? BRIEFLY : DRIFT;
    const char *name = pair_ring_name("stamps-drift");
    shmring_options opt = SHMRING_OPTIONS_INIT;
    struct lane lane = {0};
    uint64_t start;
    int64_t first;
    double drift;

    opt.stamp = SHMRING_STAMP_TSC;
    if (shmring_producer_open(&lane.out, name, &opt) != SHMRING_OK ||
        shmring_consumer_open(&lane.in, name, &opt) != SHMRING_OK) {
        fprintf(stderr, "%s\n", shmring_error_detail());
        close_lane(&lane);
        return 0;
    }
    first = ahead(&lane);
    start = pair_now_ns();
    while (pair_now_ns() - start < pause) {
    }
    drift = (double)(ahead(&lane) - first) * (double)SECOND / (double)pause;
    printf("{\"study\": \"stamps\", \"clock\": \"tsc\", \"work\": \"drift\", \"ns\": %.1f}\n",
           drift < 0 ? -drift : drift);
    close_lane(&lane);
    return 1;
}

/* ---- instructions ---- */

static int count_instructions(const char *clock, uint64_t messages)
{
    const struct lane_work ask = {LANE_COPY, SIZE, SIZE, messages};
    const char *name = pair_ring_name("stamps-count");
    shmring_options opt = SHMRING_OPTIONS_INIT;
    struct lane lane = {0};
    int right = 0;

    while (opt.stamp < CLOCKS && strcmp(clocks[opt.stamp], clock) != 0) {
        opt.stamp++;
    }
    opt.capacity = 65536;
    if (shmring_producer_open(&lane.out, name, &opt) == SHMRING_OK &&
        shmring_consumer_open(&lane.in, name, &opt) == SHMRING_OK) {
        right = lane_run(LANE_ASK, &lane, &ask);
    }
    close_lane(&lane);
    return right ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct run r;

    if (argc == 4 && strcmp(argv[1], "--count") == 0) {
        return count_instructions(argv[2], strtoull(argv[3], NULL, 10));
    }
    r.brief = argc > 1 && strcmp(argv[1], "--brief") == 0;
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* the other process has no copy of a full buffer */
    for (r.clock = 0; r.clock < CLOCKS; r.clock++) {
        if (is_there(r.clock) && !measure(&r)) {
            return 1;
        }
    }
    return is_there(SHMRING_STAMP_TSC) && !measure_drift(&r) ? 1 : 0;
}
