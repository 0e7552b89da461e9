/* SPDX-License-Identifier: MIT */
/* wait_work.c - what wait_cost.c measures: streams, and round trips of sleepers. */
#define _GNU_SOURCE
#include "wait_cost.h"

#include <shmring/shmring.h>

#include <linux/futex.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static char name_out[64], name_back[64]; /* of the two rings; more have a number behind */
static _Atomic(uint32_t) *line;          /* two futexes, a page apart */

int work_prepare(void)
{
    line = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)snprintf(name_out, sizeof name_out, "%s", pair_ring_name("wait-out"));
    (void)snprintf(name_back, sizeof name_back, "%s", pair_ring_name("wait-back"));
    return line != MAP_FAILED;
}

static void give_up(struct pair_board *board, const char *what)
{
    fprintf(stderr, "shmring_wait_cost: %s: %s\n", what, shmring_error_detail());
    pair_fail(board);
    _exit(1);
}

static shmring_producer *open_producer(struct pair_board *board, const char *name, uint32_t spin_ns)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;

    opt.capacity = 65536;
    opt.spin_ns = spin_ns;
    if (shmring_producer_open(&p, name, &opt) != SHMRING_OK) {
        give_up(board, "open");
    }
    return p;
}

static shmring_consumer *open_consumer(struct pair_board *board, const char *name, uint32_t spin_ns)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_consumer *c = NULL;

    opt.capacity = 65536;
    opt.spin_ns = spin_ns;
    if (shmring_consumer_open(&c, name, &opt) != SHMRING_OK) {
        give_up(board, "open");
    }
    return c;
}

/* ---- a stream of 64 bytes, to a consumer that may sleep or not ---- */

void work_stream_here(struct pair_board *board, void *arg)
{
    const struct work *work = arg;
    shmring_producer *p = open_producer(board, name_out, 0);
    uint64_t message[8] = {0};

    for (; message[0] < work->count; message[0]++) {
        PAIR_ESCAPE(message);
        if (shmring_send(p, message, sizeof message, 1, SHMRING_FOREVER) != SHMRING_OK) {
            give_up(board, "send");
        }
    }
    shmring_producer_close(p);
}

void work_stream_other(struct pair_board *board, void *arg)
{
    const struct work *work = arg;
    shmring_consumer *c = open_consumer(board, name_out, work->spin_ns);
    uint64_t message[8], i;

    pair_ready(board);
    for (i = 0; i < work->count; i++) {
        if (shmring_recv(c, message, sizeof message, NULL, SHMRING_FOREVER) != SHMRING_OK ||
            message[0] != i) {
            give_up(board, "receive");
        }
        PAIR_ESCAPE(message);
    }
    pair_finish(board);
    shmring_consumer_close(c);
}

/* ---- round trips between sleepers ---- */

static void futex_await(_Atomic(uint32_t) *word, uint32_t value)
{
    uint32_t seen;

    while ((seen = atomic_load(word)) != value) {
        (void)syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
    }
}

static void futex_post(_Atomic(uint32_t) *word, uint32_t value)
{
    atomic_store(word, value);
    (void)syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void work_futex_here(struct pair_board *board, void *arg)
{
    const struct work *work = arg;
    uint32_t i;

    (void)board;
    for (i = 1; i <= work->count; i++) {
        futex_post(&line[0], i);
        futex_await(&line[1024], i);
    }
}

void work_futex_other(struct pair_board *board, void *arg)
{
    const struct work *work = arg;
    uint32_t i;

    atomic_store(&line[0], 0);
    atomic_store(&line[1024], 0);
    pair_ready(board);
    for (i = 1; i <= work->count; i++) {
        futex_await(&line[0], i);
        futex_post(&line[1024], i);
    }
    pair_finish(board);
}

void work_trip_here(struct pair_board *board, void *arg)
{
    const struct work *work = arg;
    shmring_producer *p = open_producer(board, name_out, work->spin_ns);
    shmring_consumer *c = open_consumer(board, name_back, work->spin_ns);
    uint64_t i, got = 0;

    for (i = 0; i < work->count; i++) {
        if (shmring_send(p, &i, sizeof i, 1, SHMRING_FOREVER) != SHMRING_OK ||
            shmring_recv(c, &got, sizeof got, NULL, SHMRING_FOREVER) != SHMRING_OK || got != i) {
            give_up(board, "round trip");
        }
    }
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

void work_trip_other(struct pair_board *board, void *arg)
{
    const struct work *work = arg;
    shmring_consumer *c = open_consumer(board, name_out, work->spin_ns);
    shmring_producer *p = open_producer(board, name_back, work->spin_ns);
    uint64_t i, got = 0;

    pair_ready(board);
    for (i = 0; i < work->count; i++) {
        if (shmring_recv(c, &got, sizeof got, NULL, SHMRING_FOREVER) != SHMRING_OK || got != i ||
            shmring_send(p, &got, sizeof got, 1, SHMRING_FOREVER) != SHMRING_OK) {
            give_up(board, "round trip");
        }
    }
    pair_finish(board);
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

/* The same on descriptors. */
static void await_fd(struct pair_board *board, shmring_consumer *c, uint64_t number)
{
    struct pollfd ready = {.fd = shmring_consumer_fd(c), .events = POLLIN};
    shmring_status status;
    uint64_t got = 0;

    while ((status = shmring_try_recv(c, &got, sizeof got, NULL)) == SHMRING_EMPTY) {
        (void)poll(&ready, 1, -1);
    }
    if (status != SHMRING_OK || got != number) {
        give_up(board, "round trip by descriptors");
    }
}

void work_poll_here(struct pair_board *board, void *arg)
{
    const struct work *work = arg;
    shmring_producer *p = open_producer(board, name_out, 1);
    shmring_consumer *c = open_consumer(board, name_back, 1);
    uint64_t i;

    for (i = 0; i < work->count; i++) {
        (void)shmring_send(p, &i, sizeof i, 1, SHMRING_FOREVER);
        await_fd(board, c, i);
    }
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

void work_poll_other(struct pair_board *board, void *arg)
{
    const struct work *work = arg;
    shmring_consumer *c = open_consumer(board, name_out, 1);
    shmring_producer *p = open_producer(board, name_back, 1);
    uint64_t i;

    pair_ready(board);
    for (i = 0; i < work->count; i++) {
        await_fd(board, c, i);
        (void)shmring_send(p, &i, sizeof i, 1, SHMRING_FOREVER);
    }
    pair_finish(board);
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

/* ---- one of many rings: there by any of them, back by one ---- */

static const char *name_of(uint32_t i)
{
    static char name[96];

    (void)snprintf(name, sizeof name, "%s.%u", name_out, i);
    return name;
}

void work_any_here(struct pair_board *board, void *arg)
{
    struct work *work = arg;
    static shmring_producer *p[RINGS_MAX];
    uint64_t i, got = 0, start = pair_now_ns();
    shmring_consumer *c = open_consumer(board, name_back, 1);
    uint32_t k;

    for (k = 0; k < work->rings; k++) {
        p[k] = open_producer(board, name_of(k), 0);
    }
    work->setup_ns = pair_now_ns() - start;
    for (i = 0; i < work->count; i++) {
        k = (uint32_t)(i * 2654435761u % work->rings);
        if (shmring_send(p[k], &i, sizeof i, 1, SHMRING_FOREVER) != SHMRING_OK ||
            shmring_recv(c, &got, sizeof got, NULL, SHMRING_FOREVER) != SHMRING_OK || got != i) {
            give_up(board, "round trip by many rings");
        }
    }
    for (k = 0; k < work->rings; k++) {
        shmring_producer_close(p[k]);
    }
    shmring_consumer_close(c);
}

void work_any_other(struct pair_board *board, void *arg)
{
    const struct work *work = arg;
    static shmring_consumer *c[RINGS_MAX];
    shmring_producer *p = open_producer(board, name_back, 1);
    uint64_t i, got = 0;
    uint32_t k;

    for (k = 0; k < work->rings; k++) {
        c[k] = open_consumer(board, name_of(k), 1);
    }
    pair_ready(board);
    for (i = 0; i < work->count; i++) {
        if (shmring_wait_any(c, work->rings, &k, SHMRING_FOREVER) != SHMRING_OK ||
            shmring_try_recv(c[k], &got, sizeof got, NULL) != SHMRING_OK || got != i ||
            shmring_send(p, &got, sizeof got, 1, SHMRING_FOREVER) != SHMRING_OK) {
            give_up(board, "round trip by many rings");
        }
    }
    pair_finish(board);
    for (k = 0; k < work->rings; k++) {
        shmring_consumer_close(c[k]);
    }
    shmring_producer_close(p);
}

/* ---- nothing at all ---- */

static double used_ns(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    return ((double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec) * 1e9 +
           ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) * 1e3;
}

double work_idle_ns(uint32_t rings, unsigned seconds)
{
    static shmring_producer *p[RINGS_MAX];
    static shmring_consumer *c[RINGS_MAX];
    uint64_t timeout_ns = seconds * UINT64_C(1000000000), got;
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_status status = SHMRING_OK;
    double used = -1;
    uint32_t k, which;

    opt.capacity = 65536;
    for (k = 0; k < rings && status == SHMRING_OK; k++) {
        status = shmring_producer_open(&p[k], name_of(k), &opt);
        status = status == SHMRING_OK ? shmring_consumer_open(&c[k], name_of(k), &opt) : status;
    }
    if (status == SHMRING_OK) {
        used = used_ns();
        status = rings == 1 ? shmring_recv(c[0], &got, sizeof got, NULL, timeout_ns)
                            : shmring_wait_any(c, rings, &which, timeout_ns);
        used = used_ns() - used;
    }
    if (status != SHMRING_TIMEOUT) {
        fprintf(stderr, "shmring_wait_cost: idle: %s\n", shmring_error_detail());
        exit(1);
    }
    while (k-- > 0) {
        shmring_producer_close(p[k]);
        shmring_consumer_close(c[k]);
    }
    return used / seconds;
}
