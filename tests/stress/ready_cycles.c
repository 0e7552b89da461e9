/* SPDX-License-Identifier: MIT */
/* ready_cycles.c - two processes that wait on descriptors, and one that waits for any of several
 * rings, over and over: the ring holds one record, so every record means a wait on each side.
 * Between the two, each side loses a random fraction of a few microseconds. Meant for the library
 * whose sleeps never end by themselves: a lost edge hangs. ready_cycles [SCALE]
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "../support/check.h"
#include "../support/pattern.h"
#include "../support/process.h"

#define LEN        40000u
#define FEW_RINGS  3u
#define MANY_RINGS 130u /* more than one futex_waitv takes */

enum way { LEVEL, EDGE };

struct cycles {
    enum way way;
    int refuse_producer, refuse_consumer; /* errno of that side's membarrier; 0 = it works */
    uint64_t count;
    uint32_t rings;
    char ring[MANY_RINGS][32];
    int *turns; /* of the consumer's loop, shared */
};

static uint64_t scale = 1;

static void lose_time(uint64_t *random)
{
    uint64_t n;

    for (n = pattern_next(random) % 64; n > 0; n--) {
        shmring_cpu_pause();
    }
}

static int failed(const char *side, uint64_t seq, shmring_status status)
{
    fprintf(stderr, "# the %s at %" PRIu64 ": %s; last error: %s\n", side, seq,
            shmring_status_text(status), shmring_error_detail());
    return 1;
}

/* The descriptor as an event loop has it; waits for as long as it takes. */
struct loop {
    enum way way;
    int fd, ep;
};

static int loop_start(struct loop *loop, enum way way, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};

    loop->way = way;
    loop->fd = fd;
    loop->ep = way == EDGE ? epoll_create1(0) : -1;
    return fd >= 0 && (way == LEVEL || epoll_ctl(loop->ep, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void loop_wait(const struct loop *loop)
{
    struct pollfd p = {.fd = loop->fd, .events = POLLIN};
    struct epoll_event event;

    (void)(loop->way == EDGE ? epoll_wait(loop->ep, &event, 1, -1) : poll(&p, 1, -1));
}

static int open_producer(const struct cycles *s, uint32_t i, shmring_producer **ret)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    opt.capacity = 65536;
    opt.max_record = LEN;
    opt.spin_ns = 1;
    return shmring_producer_open(ret, s->ring[i], &opt) == SHMRING_OK;
}

static int produce(void *arg)
{
    const struct cycles *s = arg;
    static char record[LEN];
    shmring_producer *p[MANY_RINGS] = {NULL};
    uint64_t seq, random = 1;
    shmring_status status;
    struct loop loop = {.fd = -1};
    uint32_t i;

    if (!stress_prepare(s->refuse_producer)) {
        return 77;
    }
    for (i = 0; i < s->rings; i++) {
        if (!open_producer(s, i, &p[i])) {
            return failed("producer", 0, SHMRING_E_OS);
        }
    }
    if (s->rings == 1 && !loop_start(&loop, s->way, shmring_producer_fd(p[0]))) {
        return failed("producer's descriptor", 0, SHMRING_E_OS);
    }
    for (seq = 0; seq < s->count; seq++) {
        memcpy(record, &seq, 8);
        lose_time(&random);
        i = s->rings == 1 ? 0 : (uint32_t)(pattern_next(&random) % s->rings);
        if (s->rings != 1) {
            status = shmring_send(p[i], record, LEN, 1, SHMRING_FOREVER);
        } else {
            while ((status = shmring_try_send(p[0], record, LEN, 1)) == SHMRING_FULL) {
                loop_wait(&loop);
            }
        }
        if (status != SHMRING_OK) {
            return failed("producer", seq, status);
        }
    }
    for (i = 0; i < s->rings; i++) {
        shmring_producer_close(p[i]);
    }
    return 0;
}

/* One record, whatever its number; counts it. */
static shmring_status take(shmring_consumer *c, uint64_t *got, uint64_t count)
{
    uint64_t seq;
    shmring_record r;
    shmring_status status = shmring_peek(c, &r);

    if (status == SHMRING_OK) {
        memcpy(&seq, r.data, 8);
        if (seq >= count || r.len != LEN) {
            return SHMRING_E_CORRUPT;
        }
        (*got)++;
        shmring_release(c);
    }
    return status;
}

static int consume_one(const struct cycles *s, shmring_consumer *c, uint64_t *random)
{
    shmring_status status = SHMRING_EMPTY;
    uint64_t got = 0;
    struct loop loop = {.fd = -1};

    if (!loop_start(&loop, s->way, shmring_consumer_fd(c))) {
        return failed("consumer's descriptor", 0, SHMRING_E_OS);
    }
    while (status != SHMRING_CLOSED) {
        loop_wait(&loop);
        (*s->turns)++;
        lose_time(random);
        while ((status = take(c, &got, s->count)) == SHMRING_OK) {
        }
        if (status < 0 || status == SHMRING_PEER_DEAD) {
            return failed("consumer", got, status);
        }
    }
    return got == s->count ? 0 : failed("consumer, short of records,", got, status);
}

static int consume_any(const struct cycles *s, shmring_consumer **c, uint64_t *random)
{
    uint32_t n = s->rings, i;
    uint64_t got = 0;
    shmring_status status;

    while (n > 0) {
        status = shmring_wait_any(c, n, &i, SHMRING_FOREVER);
        (*s->turns)++;
        lose_time(random);
        if (status == SHMRING_CLOSED) {
            shmring_consumer *closed = c[i];

            c[i] = c[--n];
            c[n] = closed;
        } else if (status != SHMRING_OK || take(c[i], &got, s->count) != SHMRING_OK) {
            return failed("consumer of many", got, status);
        }
    }
    return got == s->count ? 0 : failed("consumer, short of records,", got, SHMRING_CLOSED);
}

static int consume(void *arg)
{
    const struct cycles *s = arg;
    shmring_consumer *c[MANY_RINGS] = {NULL};
    shmring_options opt = SHMRING_OPTIONS_INIT;
    uint64_t random = 2;
    uint32_t i;
    int result;

    if (!stress_prepare(s->refuse_consumer)) {
        return 77;
    }
    opt.capacity = 65536;
    opt.max_record = LEN;
    opt.spin_ns = 1;
    for (i = 0; i < s->rings; i++) {
        if (shmring_consumer_open(&c[i], s->ring[i], &opt) != SHMRING_OK) {
            return failed("consumer", 0, SHMRING_E_OS);
        }
    }
    result = s->rings == 1 ? consume_one(s, c[0], &random) : consume_any(s, c, &random);
    for (i = 0; i < s->rings; i++) {
        shmring_consumer_close(c[i]);
    }
    return result;
}

static void run(enum way way, uint32_t rings, int refuse_producer, int refuse_consumer,
                uint64_t count)
{
    static uint32_t number;
    struct cycles s = {.way = way,
                       .refuse_producer = refuse_producer,
                       .refuse_consumer = refuse_consumer,
                       .count = count * scale,
                       .rings = rings};
    pid_t producer, consumer;
    uint32_t i;
    int p, c;

    for (i = 0; i < rings; i++) {
        (void)snprintf(s.ring[i], sizeof s.ring[i], "cycles.%ld.%u", (long)getpid(), ++number);
    }
    s.turns = process_shared(sizeof *s.turns);
    consumer = process_start(consume, &s);
    producer = process_start(produce, &s);
    process_end_both(producer, consumer, &p, &c);
    if (p == 77 || c == 77) {
        SKIP("no seccomp filter here");
    }
    CHECK_EQ(c, 0);
    CHECK_EQ(p, 0);
    printf("# %" PRIu64 " records, %d turns of the consumer's loop\n", s.count, *s.turns);
    CHECK(*s.turns <= (int)(4 * s.count + 100)); /* no storm: a few turns for a record at most */
    process_unshare(s.turns, sizeof *s.turns);
}

static void shouldLoseNoWakeUpOnDescriptorsThatTellALevel(void)
{
    run(LEVEL, 1, 0, 0, 60000);
}

static void shouldLoseNoWakeUpOnDescriptorsThatTellAnEdge(void)
{
    run(EDGE, 1, 0, 0, 60000);
}

static void shouldLoseNoWakeUpOnDescriptorsWithoutMembarrier(void)
{
    run(LEVEL, 1, EPERM, 0, 10000);
    run(EDGE, 1, 0, ENOSYS, 10000);
    run(EDGE, 1, EPERM, ENOSYS, 10000);
}

static void shouldLoseNoWakeUpOfAnyOfSeveralRings(void)
{
    run(LEVEL, FEW_RINGS, 0, 0, 60000);
    run(LEVEL, FEW_RINGS, EPERM, 0, 10000);
    run(LEVEL, FEW_RINGS, 0, ENOSYS, 10000);
    run(LEVEL, MANY_RINGS, 0, 0, 10000);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        scale = strtoull(argv[1], NULL, 10);
        scale = scale != 0 ? scale : 1;
    }
    RUN(shouldLoseNoWakeUpOnDescriptorsThatTellALevel);
    RUN(shouldLoseNoWakeUpOnDescriptorsThatTellAnEdge);
    RUN(shouldLoseNoWakeUpOnDescriptorsWithoutMembarrier);
    RUN(shouldLoseNoWakeUpOfAnyOfSeveralRings);
    return check_done();
}
