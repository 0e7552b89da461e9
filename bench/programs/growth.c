/* SPDX-License-Identifier: MIT */
/* growth.c - what becomes of throughput and round trip as rings, records and their number grow.
 *
 *   shmring_growth [--brief]    one round, a line of JSON for each measurement
 *
 * A ring is written and read from end to end once before it is measured, as it is in a program that
 * has run for a while. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/statvfs.h>

#include "support/message_loop.h"

#define BACK_MAX  (UINT64_C(64) << 20) /* the way back of a round trip need not be larger */
#define RINGS_MAX 256u

struct growth {
    char there[80], back[80];
    struct lane lane;
    uint64_t capacity;
    uint32_t size;
    uint32_t flags;
    int brief;
    uint64_t huge_bytes;
    double stream_ns, trip_ns;
};

static uint64_t back_capacity(const struct growth *g)
{
    return g->capacity < BACK_MAX ? g->capacity : BACK_MAX;
}

static struct lane_work lap(uint64_t capacity)
{
    return (struct lane_work){LANE_COPY, 4096, 4096, capacity / 4104 + 1};
}

static struct lane_work stream_work(const struct growth *g)
{
    uint64_t n = (UINT64_C(1) << (g->brief ? 20 : 26)) / g->size;

    return (struct lane_work){LANE_COPY, g->size, g->size, n < 200000 ? n : 200000};
}

static struct lane_work trip_work(const struct growth *g)
{
    uint64_t n = (UINT64_C(1) << (g->brief ? 20 : 25)) / g->size;

    return (struct lane_work){LANE_COPY, g->size, g->size, n < 4000 ? n : 4000};
}

static int open_lane(const struct growth *g, struct lane *l, int first)
{
    shmring_options there = SHMRING_OPTIONS_INIT, back = SHMRING_OPTIONS_INIT;

    there.capacity = g->capacity;
    there.flags = g->flags;
    back.capacity = back_capacity(g);
    back.flags = g->flags;
    return shmring_producer_open(&l->out, first ? g->there : g->back, first ? &there : &back) ==
               SHMRING_OK &&
           shmring_consumer_open(&l->in, first ? g->back : g->there, first ? &back : &there) ==
               SHMRING_OK;
}

static void here(struct pair_board *board, void *arg)
{
    struct growth *g = arg;
    struct lane_work there = lap(g->capacity), back = lap(back_capacity(g));
    struct lane_work stream = stream_work(g), trip = trip_work(g);
    uint64_t start;
    int right =
        lane_run(LANE_SEND_ALL, &g->lane, &there) && lane_run(LANE_RECEIVE_ALL, &g->lane, &back);

    start = pair_now_ns();
    right = right && lane_run(LANE_SEND_ALL, &g->lane, &stream);
    g->stream_ns = (double)(pair_now_ns() - start) / (double)stream.count;
    start = pair_now_ns();
    right = right && lane_run(LANE_ASK, &g->lane, &trip);
    g->trip_ns = (double)(pair_now_ns() - start) / (double)trip.count;
    if (!right) {
        pair_fail(board);
    }
}

static void other(struct pair_board *board, void *arg)
{
    struct growth *g = arg;
    struct lane_work there = lap(g->capacity), back = lap(back_capacity(g));
    struct lane_work stream = stream_work(g), trip = trip_work(g);
    struct lane lane;

    if (!open_lane(g, &lane, 0)) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    if (!lane_run(LANE_RECEIVE_ALL, &lane, &there) || !lane_run(LANE_SEND_ALL, &lane, &back) ||
        !lane_run(LANE_RECEIVE_ALL, &lane, &stream) || !lane_run(LANE_ANSWER, &lane, &trip)) {
        pair_fail(board);
    }
    pair_finish(board);
    shmring_producer_close(lane.out);
    shmring_consumer_close(lane.in);
}

/* Returns 0 on failure. A ring for which there is no room is left out, and so are huge pages where
 * the file system gives none. */
static int measure(struct growth *g)
{
    struct statvfs room;
    shmring_info info;
    double seconds = 0;

    if (statvfs("/dev/shm", &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize <
                                               g->capacity + g->capacity / 4 + back_capacity(g)) {
        fprintf(stderr, "growth: /dev/shm has no room for %llu bytes: left out\n",
                (unsigned long long)g->capacity);
        return 1;
    }
    if (!open_lane(g, &g->lane, 1)) {
        fprintf(stderr, "growth: %s\n", shmring_error_detail());
        return 0;
    }
    g->huge_bytes = shmring_inspect(g->there, &info) == SHMRING_OK ? info.huge_bytes : 0;
    if (g->flags == 0 || g->huge_bytes == g->capacity) {
        seconds = pair_run(here, other, g);
    }
    shmring_producer_close(g->lane.out);
    shmring_consumer_close(g->lane.in);
    return seconds >= 0;
}

static void show(const char *axis, const struct growth *g, const char *pages)
{
    const char *works[] = {"stream", "round trip"};
    double ns[] = {g->stream_ns, g->trip_ns};
    int k;

    for (k = 0; k < 2; k++) {
        if (ns[k] > 0) {
            printf("{\"study\": \"growth\", \"axis\": \"%s\", \"work\": \"%s\", \"ring\": %llu, "
                   "\"size\": %u, \"pages\": \"%s\", \"ns\": %.2f}\n",
                   axis, works[k], (unsigned long long)g->capacity, g->size, pages, ns[k]);
        }
    }
}

static int one_setting(struct growth *g, const char *axis)
{
    g->stream_ns = g->trip_ns = 0;
    if (!measure(g)) {
        return 0;
    }
    show(axis, g, g->flags != 0 ? "huge" : "small");
    return 1;
}

static int grow_rings(struct growth *g)
{
    static const uint32_t sizes[] = {64, 1024};
    int i, shift, huge, last = g->brief ? 20 : 30;

    for (huge = 0; huge < 2; huge++) {
        g->flags = huge ? SHMRING_HUGE_PAGES : 0;
        for (shift = huge ? 22 : 16; shift <= last; shift += 2) {
            g->capacity = UINT64_C(1) << shift;
            for (i = 0; i < 2; i++) {
                g->size = sizes[i];
                if (!one_setting(g, "ring")) {
                    return 0;
                }
            }
        }
    }
    g->flags = 0;
    return 1;
}

static int grow_records(struct growth *g)
{
    uint32_t size;

    g->capacity = UINT64_C(1) << 23;
    for (size = 8; size <= 1u << 20; size *= size < 64 ? 8 : 4) {
        g->size = size;
        if (!one_setting(g, "record")) {
            return 0;
        }
    }
    return 1;
}

/* ---- many rings, one process at each end ---- */

struct many {
    uint32_t rings;
    uint64_t count; /* records in all */
    shmring_producer *out[RINGS_MAX];
};

static const char *ring_of(uint32_t i)
{
    static char prefix[48], name[64]; /* of the process that names them, before it forks */

    if (prefix[0] == 0) {
        (void)snprintf(prefix, sizeof prefix, "%s", pair_ring_name("growth-many"));
    }
    (void)snprintf(name, sizeof name, "%s-%u", prefix, i);
    return name;
}

static void feed(struct pair_board *board, void *arg)
{
    struct many *m = arg;
    uint64_t message[8] = {0}, sent[RINGS_MAX] = {0}, left = m->count;
    uint32_t i, taken;

    (void)board;
    while (left > 0) {
        for (taken = 0, i = 0; i < m->rings && left > 0; i++) {
            message[0] = sent[i];
            PAIR_ESCAPE(message);
            if (shmring_try_send(m->out[i], message, sizeof message, 1) == SHMRING_OK) {
                sent[i]++;
                taken++;
                left--;
            }
        }
        if (taken == 0) {
            shmring_producer_relax(m->out[0]);
        }
    }
}

static void drain(struct pair_board *board, void *arg)
{
    struct many *m = arg;
    static shmring_consumer *in[RINGS_MAX];
    uint64_t message[8], got[RINGS_MAX] = {0}, left = m->count;
    uint32_t i, taken;

    for (i = 0; i < m->rings; i++) {
        if (shmring_consumer_open(&in[i], ring_of(i), NULL) != SHMRING_OK) {
            pair_fail(board);
            return;
        }
    }
    pair_ready(board);
    while (left > 0) {
        for (taken = 0, i = 0; i < m->rings; i++) {
            while (shmring_try_recv(in[i], message, sizeof message, NULL) == SHMRING_OK) {
                PAIR_ESCAPE(message);
                if (message[0] != got[i]++) {
                    pair_fail(board);
                }
                taken++;
                left--;
            }
        }
        if (taken == 0) {
            shmring_consumer_relax(in[0]);
        }
    }
    pair_finish(board);
    for (i = 0; i < m->rings; i++) {
        shmring_consumer_close(in[i]);
    }
}

static int grow_number(int brief)
{
    static struct many m;
    shmring_options opt = SHMRING_OPTIONS_INIT;
    double seconds;
    uint32_t i;

    opt.capacity = 65536;
    m.count = brief ? 20000 : 400000;
    for (m.rings = 1; m.rings <= RINGS_MAX; m.rings *= 4) {
        for (i = 0; i < m.rings; i++) {
            if (shmring_producer_open(&m.out[i], ring_of(i), &opt) != SHMRING_OK) {
                fprintf(stderr, "growth: %s\n", shmring_error_detail());
                return 0;
            }
        }
        seconds = pair_run(feed, drain, &m);
        for (i = 0; i < m.rings; i++) {
            shmring_producer_close(m.out[i]);
        }
        if (seconds < 0) {
            return 0;
        }
        printf("{\"study\": \"growth\", \"axis\": \"number\", \"work\": \"stream\", \"rings\": %u, "
               "\"ns\": %.2f}\n",
               m.rings, seconds * 1e9 / (double)m.count);
    }
    return 1;
}

int main(int argc, char **argv)
{
    static struct growth g;

    g.brief = argc > 1 && strcmp(argv[1], "--brief") == 0;
    (void)snprintf(g.there, sizeof g.there, "%s", pair_ring_name("growth-there"));
    (void)snprintf(g.back, sizeof g.back, "%s", pair_ring_name("growth-back"));
    if (!grow_rings(&g) || !grow_records(&g) || !grow_number(g.brief)) {
        fprintf(stderr, "growth: a message was lost or changed, or the other process failed\n");
        return 1;
    }
    return 0;
}
