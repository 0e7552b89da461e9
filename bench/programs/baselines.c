/* SPDX-License-Identifier: MIT */
/* baselines.c - the ring beside what the machine can do at best: spans beside a bare memcpy through
 * shared memory, a sleeper's wake-up beside a bare futex; and what an attach costs.
 *
 *   shmring_floors [--brief]    one round, a line of JSON for each measurement */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <shmring/shmring.h>

#include "support/process_pair.h"

#define SPAN     65536u
#define SLOTS    64u
#define CAPACITY (UINT64_C(16) * SPAN)

/* What the bare contenders share. */
struct bare {
    struct {
        _Alignas(128) atomic_uint full;
    } slot[SLOTS];
    _Alignas(128) atomic_uint turn;
    _Alignas(128) unsigned char data[CAPACITY];
};

struct floor {
    char there[80], back[80];
    shmring_producer *out;
    shmring_consumer *in;
    struct bare *bare;
    unsigned char *buffer;
    uint64_t spans, trips;
    uint32_t size, slots; /* of the bare contenders: each copies size bytes into a slot */
};

static void show(const char *work, const char *contender, double ns)
{
    printf("{\"study\": \"floors\", \"work\": \"%s\", \"contender\": \"%s\", \"ns\": %.2f}\n", work,
           contender, ns);
}

/* ---- spans of 64 KiB ---- */

static void write_spans(struct pair_board *board, void *arg)
{
    struct floor *f = arg;
    void *at = NULL;
    uint64_t i;

    (void)board;
    for (i = 0; i < f->spans; i++) {
        memcpy(f->buffer, &i, 8);
        PAIR_ESCAPE(f->buffer);
        while (shmring_write_span(f->out, &at) < SPAN) {
            shmring_producer_relax(f->out);
        }
        memcpy(at, f->buffer, SPAN);
        shmring_write_advance(f->out, SPAN);
    }
}

static void read_spans(struct pair_board *board, void *arg)
{
    struct floor *f = arg;
    shmring_consumer *c;
    const void *at = NULL;
    uint64_t i, got;

    if (shmring_consumer_open(&c, f->there, NULL) != SHMRING_OK) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    for (i = 0; i < f->spans; i++) {
        while (shmring_read_span(c, &at) < SPAN) {
            shmring_consumer_relax(c);
        }
        memcpy(f->buffer, at, SPAN);
        shmring_read_advance(c, SPAN);
        PAIR_ESCAPE(f->buffer);
        memcpy(&got, f->buffer, 8);
        if (got != i) {
            pair_fail(board);
        }
    }
    pair_finish(board);
    shmring_consumer_close(c);
}

static void await(atomic_uint *word, unsigned value)
{
    while (atomic_load_explicit(word, memory_order_acquire) != value) {
        shmring_cpu_pause();
    }
}

static void write_bare(struct pair_board *board, void *arg)
{
    struct floor *f = arg;
    uint64_t i;

    (void)board;
    for (i = 0; i < f->spans; i++) {
        uint64_t k = i % f->slots;

        memcpy(f->buffer, &i, 8);
        PAIR_ESCAPE(f->buffer);
        await(&f->bare->slot[k].full, 0);
        memcpy(f->bare->data + k * f->size, f->buffer, f->size);
        atomic_store_explicit(&f->bare->slot[k].full, 1, memory_order_release);
    }
}

static void read_bare(struct pair_board *board, void *arg)
{
    struct floor *f = arg;
    uint64_t i, got;

    pair_ready(board);
    for (i = 0; i < f->spans; i++) {
        uint64_t k = i % f->slots;

        await(&f->bare->slot[k].full, 1);
        memcpy(f->buffer, f->bare->data + k * f->size, f->size);
        atomic_store_explicit(&f->bare->slot[k].full, 0, memory_order_release);
        PAIR_ESCAPE(f->buffer);
        memcpy(&got, f->buffer, 8);
        if (got != i) {
            pair_fail(board);
        }
    }
    pair_finish(board);
}

/* Nanoseconds for `size` bytes copied in by one process and out by the other; below 0: failed. */
static double bare_copy(struct floor *f, uint32_t size, uint32_t slots)
{
    f->size = size;
    f->slots = slots;
    return pair_run(write_bare, read_bare, f) * 1e9 / (double)f->spans;
}

/* Through as many bytes of slots as a ring of 64 KiB has. */
static int small_copies(struct floor *f)
{
    uint64_t before = f->spans;
    double ns[2];

    f->spans = before * 32;
    ns[0] = bare_copy(f, 1024, 64);
    ns[1] = bare_copy(f, 4096, 16);
    f->spans = before;
    if (ns[0] <= 0 || ns[1] <= 0) {
        return 0;
    }
    show("1024 B", "bare memcpy", ns[0]);
    show("4096 B", "bare memcpy", ns[1]);
    return 1;
}

static int spans(struct floor *f)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    double ring, bare;

    opt.capacity = CAPACITY;
    opt.framing = SHMRING_BYTES;
    if (shmring_producer_open(&f->out, f->there, &opt) != SHMRING_OK) {
        return 0;
    }
    ring = pair_run(write_spans, read_spans, f);
    shmring_producer_close(f->out);
    bare = bare_copy(f, SPAN, 16);
    if (ring > 0 && bare > 0) {
        show("64 KiB span", "shmring", ring * 1e9 / (double)f->spans);
        show("64 KiB span", "bare memcpy", bare);
    }
    return ring > 0 && bare > 0;
}

/* ---- both sides sleep: every message is a wake-up ---- */

/* A side works this long before it answers, so that the other one sleeps; it is taken off again. */
#define WORK_NS 30000u

static void work(void)
{
    uint64_t end = pair_now_ns() + WORK_NS;

    while (pair_now_ns() < end) {
        shmring_cpu_pause();
    }
}

static int open_sleeper(const struct floor *f, shmring_producer **out, shmring_consumer **in,
                        int first)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.capacity = 65536;
    opt.spin_ns = 1; /* sleep as soon as may be */
    return shmring_producer_open(out, first ? f->there : f->back, &opt) == SHMRING_OK &&
           shmring_consumer_open(in, first ? f->back : f->there, &opt) == SHMRING_OK;
}

static void wake_ask(struct pair_board *board, void *arg)
{
    struct floor *f = arg;
    uint64_t i, got;

    for (i = 0; i < f->trips; i++) {
        work();
        if (shmring_send(f->out, &i, 8, 1, SHMRING_FOREVER) != SHMRING_OK ||
            shmring_recv(f->in, &got, 8, NULL, SHMRING_FOREVER) != SHMRING_OK || got != i) {
            pair_fail(board);
            return;
        }
    }
}

static void wake_answer(struct pair_board *board, void *arg)
{
    struct floor *f = arg;
    shmring_producer *out;
    shmring_consumer *in;
    uint64_t i, got;

    if (!open_sleeper(f, &out, &in, 0)) {
        pair_fail(board);
        return;
    }
    pair_ready(board);
    for (i = 0; i < f->trips; i++) {
        if (shmring_recv(in, &got, 8, NULL, SHMRING_FOREVER) != SHMRING_OK || (work(), 0) ||
            shmring_send(out, &got, 8, 1, SHMRING_FOREVER) != SHMRING_OK) {
            pair_fail(board);
            break;
        }
    }
    pair_finish(board);
    shmring_producer_close(out);
    shmring_consumer_close(in);
}

static void pass_turn(atomic_uint *turn, unsigned value)
{
    atomic_store(turn, value);
    (void)syscall(SYS_futex, turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void sleep_for_turn(atomic_uint *turn, unsigned value)
{
    unsigned now;

    while ((now = atomic_load(turn)) != value) {
        (void)syscall(SYS_futex, turn, FUTEX_WAIT, now, NULL, NULL, 0);
    }
}

static void futex_ask(struct pair_board *board, void *arg)
{
    struct floor *f = arg;
    unsigned i;

    (void)board;
    for (i = 0; i < f->trips; i++) {
        work();
        pass_turn(&f->bare->turn, 2 * i + 1);
        sleep_for_turn(&f->bare->turn, 2 * i + 2);
    }
}

static void futex_answer(struct pair_board *board, void *arg)
{
    struct floor *f = arg;
    unsigned i;

    pair_ready(board);
    for (i = 0; i < f->trips; i++) {
        sleep_for_turn(&f->bare->turn, 2 * i + 1);
        work();
        pass_turn(&f->bare->turn, 2 * i + 2);
    }
    pair_finish(board);
}

static int wakes(struct floor *f)
{
    double ring, bare;

    if (!open_sleeper(f, &f->out, &f->in, 1)) {
        return 0;
    }
    ring = pair_run(wake_ask, wake_answer, f);
    shmring_producer_close(f->out);
    shmring_consumer_close(f->in);
    bare = pair_run(futex_ask, futex_answer, f);
    if (ring > 0 && bare > 0) {
        show("two wake-ups", "shmring", ring * 1e9 / (double)f->trips - 2 * WORK_NS);
        show("two wake-ups", "bare futex", bare * 1e9 / (double)f->trips - 2 * WORK_NS);
    }
    return ring > 0 && bare > 0;
}

/* ---- an attach ---- */

/* On pages of one kind; huge ones are left out where the file system gives none. */
static int attach(struct floor *f, uint64_t capacity, uint32_t flags)
{
    shmring_options opt = SHMRING_OPTIONS_INIT, all = SHMRING_OPTIONS_INIT;
    shmring_consumer *c;
    shmring_info info;
    struct statvfs room;
    uint64_t start;
    int right;

    if (statvfs("/dev/shm", &room) == 0 &&
        (uint64_t)room.f_bavail * room.f_frsize < capacity + capacity / 4) {
        fprintf(stderr, "attach: /dev/shm has no room for %llu bytes\n",
                (unsigned long long)capacity);
        return 1;
    }
    opt.capacity = capacity;
    opt.flags = flags;
    if (shmring_producer_open(&f->out, f->there, &opt) != SHMRING_OK) {
        return 0;
    }
    all.flags = SHMRING_PREFAULT;
    start = pair_now_ns();
    right = shmring_consumer_open(&c, f->there, &all) == SHMRING_OK;
    start = pair_now_ns() - start;
    if (right) {
        right = shmring_inspect(f->there, &info) == SHMRING_OK;
        if (right && (flags == 0 || info.huge_bytes == capacity)) {
            show(capacity >> 30 != 0 ? "attach to 1 GiB" : "attach to 16 MiB",
                 flags == 0 ? "shmring" : "shmring, huge pages", (double)start);
        }
        shmring_consumer_close(c);
    }
    shmring_producer_close(f->out);
    return right;
}

int main(int argc, char **argv)
{
    struct floor f = {.spans = 2048, .trips = 500};
    int brief = argc > 1 && strcmp(argv[1], "--brief") == 0, right;

    if (brief) {
        f.spans = 64;
        f.trips = 50;
    }
    (void)snprintf(f.there, sizeof f.there, "%s", pair_ring_name("floors-there"));
    (void)snprintf(f.back, sizeof f.back, "%s", pair_ring_name("floors-back"));
    f.buffer = calloc(1, SPAN);
    f.bare = mmap(NULL, sizeof *f.bare, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (f.buffer == NULL || f.bare == MAP_FAILED) {
        perror("floors");
        return 1;
    }
    memset(f.bare->data, 1, sizeof f.bare->data);
    right = spans(&f) && small_copies(&f) && wakes(&f) &&
            attach(&f, brief ? UINT64_C(1) << 24 : UINT64_C(1) << 30, 0) &&
            attach(&f, brief ? UINT64_C(1) << 24 : UINT64_C(1) << 30, SHMRING_HUGE_PAGES);
    if (!right) {
        fprintf(stderr, "floors: a message was lost, or: %s\n", shmring_error_detail());
    }
    free(f.buffer);
    (void)munmap(f.bare, sizeof *f.bare);
    return right ? 0 : 1;
}
