/* SPDX-License-Identifier: MIT */
/* placement.c - the same ring with its words and its data placed otherwise: the tail and the
 * consumer's cursor on one cache line, 64 and 128 bytes apart, and on pages of their own, as
 * shipped; records packed and in whole lines; payloads on a line and 8 bytes off it.
 *
 *   shmring_placement [--brief]    one round, a line of JSON for each measurement
 *
 * The hot path is the library's own, instruction for instruction: a handle finds the shared words
 * and the data through pointers, and only these are changed, after the open. The group pages are
 * moved to memory of this program, where they may overlap: what overlaps there is not touched while
 * both sides poll. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>

#define LANE_SIZES(X) X(8) X(56) X(64) X(120) X(128)
#include "support/message_loop.h"

#define BLOCK    65536u
#define TAIL_AT  32768u
#define CAPACITY UINT64_C(65536)

enum placement { ONE_LINE, APART_64, APART_128, SHIPPED };

static const char *const placement_names[] = {"one line", "64 bytes", "128 bytes", "as shipped"};
static const uint32_t payloads[] = {8, 56, 64, 120, 128};

struct study {
    char there[80], back[80];
    struct lane lane;
    enum placement placement;
    enum lane_how how;
    size_t shift;             /* bytes that the data starts behind a line */
    unsigned char *blocks[2]; /* for the words of there and of back */
    uint64_t messages, trips;
    struct {
        struct lane_work work;
        double stream_ns, trip_ns;
    } slot[16];
    int slots;
};

/* Points one side's handles at words in block. The cursor lies before the tail, or right behind it
 * on its line; `head`, which the producer polls, is 128 bytes before the cursor in each case. */
static void place(struct shmring_producer_page **producer, struct shmring_consumer_page **consumer,
                  unsigned char *block, enum placement placement)
{
    static const ptrdiff_t cursor_from_tail[] = {16, -64, -128};
    unsigned char *tail = block + TAIL_AT;

    *producer =
        (struct shmring_producer_page *)(void *)(tail -
                                                 offsetof(struct shmring_producer_page, tail));
    *consumer =
        (struct shmring_consumer_page *)(void *)(tail + cursor_from_tail[placement] -
                                                 offsetof(struct shmring_consumer_page, cursor));
}

static void place_lane(const struct study *s, struct lane *l, int out, int in)
{
    struct shmring_producer_page *p;
    struct shmring_consumer_page *c;

    l->out->data += s->shift;
    if (l->in->data != NULL) {
        l->in->data += s->shift;
    } else {
        l->in->bytes += s->shift;
    }
    if (s->placement != SHIPPED) {
        place(&p, &c, s->blocks[out], s->placement);
        l->out->page = p;
        l->out->peer = c;
        place(&p, &c, s->blocks[in], s->placement);
        l->in->peer = p;
        l->in->page = c;
    }
}

static int open_lane(const struct study *s, struct lane *l, int first)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.capacity = CAPACITY;
    opt.framing = s->how == LANE_BYTES ? SHMRING_BYTES : SHMRING_RECORDS;
    return shmring_producer_open(&l->out, first ? s->there : s->back, &opt) == SHMRING_OK &&
           shmring_consumer_open(&l->in, first ? s->back : s->there, &opt) == SHMRING_OK;
}

/* Closes with the handles as the library made them. */
static void close_lane(struct lane *l, const shmring_producer *out, const shmring_consumer *in)
{
    l->out->page = out->page;
    l->out->peer = out->peer;
    l->out->data = out->data;
    l->in->page = in->page;
    l->in->peer = in->peer;
    l->in->data = in->data;
    l->in->bytes = in->bytes;
    shmring_producer_close(l->out);
    shmring_consumer_close(l->in);
}

static void here(struct pair_board *board, void *arg)
{
    struct study *s = arg;
    uint64_t start;
    int i;

    for (i = 0; i < s->slots; i++) {
        struct lane_work *w = &s->slot[i].work;

        w->count = s->messages;
        start = pair_now_ns();
        if (!lane_run(LANE_SEND_ALL, &s->lane, w)) {
            pair_fail(board);
        }
        s->slot[i].stream_ns = (double)(pair_now_ns() - start) / (double)w->count;
        w->count = s->trips;
        start = pair_now_ns();
        if (!lane_run(LANE_ASK, &s->lane, w)) {
            pair_fail(board);
        }
        s->slot[i].trip_ns = (double)(pair_now_ns() - start) / (double)w->count;
    }
}

static void other(struct pair_board *board, void *arg)
{
    struct study *s = arg;
    struct lane lane;
    shmring_producer out;
    shmring_consumer in;
    int i;

    if (!open_lane(s, &lane, 0)) {
        pair_fail(board);
        return;
    }
    out = *lane.out;
    in = *lane.in;
    place_lane(s, &lane, 1, 0);
    pair_ready(board);
    for (i = 0; i < s->slots; i++) {
        struct lane_work *w = &s->slot[i].work;

        w->count = s->messages;
        if (!lane_run(LANE_RECEIVE_ALL, &lane, w)) {
            pair_fail(board);
        }
        w->count = s->trips;
        if (!lane_run(LANE_ANSWER, &lane, w)) {
            pair_fail(board);
        }
    }
    pair_finish(board);
    close_lane(&lane, &out, &in);
}

/* Every payload, packed and in whole lines. */
static void plan(struct study *s)
{
    uint32_t header = s->how == LANE_BYTES ? 0 : 8;
    size_t i;

    s->slots = 0;
    for (i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct lane_work packed = {s->how, payloads[i], payloads[i], 0};
        struct lane_work lines = packed;

        lines.span = (payloads[i] + header + 63) / 64 * 64 - header;
        s->slot[s->slots++].work = packed;
        s->slot[s->slots++].work = lines;
    }
}

static void show(const struct study *s)
{
    uint32_t header = s->how == LANE_BYTES ? 0 : 8;
    int i;

    for (i = 0; i < s->slots; i++) {
        const struct lane_work *w = &s->slot[i].work;
        const char *works[] = {"stream", "round trip"};
        double ns[] = {s->slot[i].stream_ns, s->slot[i].trip_ns};
        int k;

        for (k = 0; k < 2; k++) {
            printf("{\"study\": \"placement\", \"work\": \"%s\", \"framing\": \"%s\", \"words\": "
                   "\"%s\", \"records\": \"%s\", \"payload\": \"%s\", \"size\": %u, "
                   "\"ns\": %.2f}\n",
                   works[k], header != 0 ? "records" : "bytes", placement_names[s->placement],
                   i % 2 != 0 ? "whole lines" : "packed",
                   (s->shift + header) % 64 == 0 ? "on a line" : "8 off", w->size, ns[k]);
        }
    }
}

static int measure(struct study *s)
{
    shmring_producer out;
    shmring_consumer in;
    double seconds;

    if (!open_lane(s, &s->lane, 1)) {
        fprintf(stderr, "%s\n", shmring_error_detail());
        return 0;
    }
    s->blocks[0] = mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s->blocks[0] == MAP_FAILED) {
        perror("mmap");
        return 0;
    }
    s->blocks[1] = s->blocks[0] + BLOCK;
    out = *s->lane.out;
    in = *s->lane.in;
    place_lane(s, &s->lane, 0, 1);
    plan(s);
    seconds = pair_run(here, other, s);
    close_lane(&s->lane, &out, &in);
    (void)munmap(s->blocks[0], 2 * BLOCK);
    if (seconds < 0) {
        fprintf(stderr, "a message was lost or changed, or the other process failed\n");
        return 0;
    }
    show(s);
    return 1;
}

int main(int argc, char **argv)
{
    static const enum lane_how hows[] = {LANE_PLACE, LANE_BYTES};
    struct study s = {.messages = 100000, .trips = 5000};
    int how, placement, off;

    if (argc > 1 && strcmp(argv[1], "--brief") == 0) {
        s.messages = 2000;
        s.trips = 200;
    }
    (void)snprintf(s.there, sizeof s.there, "%s", pair_ring_name("placement-there"));
    (void)snprintf(s.back, sizeof s.back, "%s", pair_ring_name("placement-back"));
    for (how = 0; how < 2; how++) {
        for (off = 0; off < 2; off++) {
            for (placement = ONE_LINE; placement <= SHIPPED; placement++) {
                s.how = hows[how];
                s.placement = (enum placement)placement;
                /* Records: the word first on a line, or its payload. Bytes: the same payloads. */
                s.shift = hows[how] == LANE_BYTES ? (size_t)off * 8 : (size_t)off * 56;
                if (!measure(&s)) {
                    return 1;
                }
            }
        }
    }
    return 0;
}
