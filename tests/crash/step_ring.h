/* SPDX-License-Identifier: MIT */
/* step_ring.h - the ring around a child that is stepped (single_step.h): what is in it before, and
 * what must come out of it afterwards. */
#ifndef SHMRING_TESTS_STEP_RING_H
#define SHMRING_TESTS_STEP_RING_H

#include <shmring/shmring.h>

#include "../support/check.h"
#include "../support/pattern.h"
#include "../support/process.h"
#include "../support/single_step.h"

#define CAPACITY 65536u
#define OLD      3u /* records in the ring before */
#define LEN      40u
#define MARKER   (UINT64_C(1) << 40)
#define MS       UINT64_C(1000000)
#define LONG_NS  UINT64_C(60000000000) /* a test that waits this long has failed */
#define NONE     UINT64_MAX
#define NO_SPIN  1u /* of options.spin_ns: sleep at once */
#define HELPER   static inline __attribute__((unused))

/* One run; in memory that the child shares. */
struct run {
    char ring[64];
    uint32_t number; /* of the ring */
    shmring_options opt;
    void (*operation)(struct run *run);
    uint32_t records; /* that the operation moves, all or none */
    shmring_producer *p;
    shmring_consumer *c;
    shmring_producer *child_p;
    shmring_consumer *child_c;
    volatile uint32_t got;   /* by the child, whole and in order */
    volatile uint32_t wrong; /* it found something else */
};

/* ---- the operations, between two marks ---- */

HELPER void send_copy(struct run *run)
{
    unsigned char buf[LEN];

    pattern_fill(buf, LEN, OLD);
    step_mark();
    (void)shmring_try_send(run->child_p, buf, LEN, 1);
    step_mark();
}

HELPER void send_in_place(struct run *run)
{
    void *at;

    if (shmring_reserve(run->child_p, LEN + 100, &at) != SHMRING_OK) {
        _exit(3);
    }
    pattern_fill(at, LEN, OLD);
    step_mark();
    shmring_commit(run->child_p, LEN, 1);
    step_mark();
}

HELPER void send_batch(struct run *run)
{
    unsigned char buf[3][LEN];
    uint32_t i;

    for (i = 0; i < 3; i++) {
        pattern_fill(buf[i], LEN, OLD + i);
    }
    step_mark();
    for (i = 0; i < 3; i++) {
        (void)shmring_stage(run->child_p, buf[i], LEN, 1);
    }
    shmring_publish(run->child_p);
    step_mark();
}

HELPER void receive_copy(struct run *run)
{
    unsigned char buf[LEN];
    shmring_status status;

    step_mark();
    status = shmring_try_recv(run->child_c, buf, LEN, NULL);
    step_mark();
    run->got = status == SHMRING_OK;
    run->wrong = status == SHMRING_OK && !pattern_matches(buf, LEN, 0);
}

HELPER void receive_many(struct run *run)
{
    shmring_record r[OLD];
    uint32_t n, i;

    step_mark();
    n = shmring_peek_many(run->child_c, r, OLD);
    for (i = 0; i < n; i++) {
        run->wrong |= r[i].len != LEN || !pattern_matches(r[i].data, LEN, i);
    }
    shmring_release_many(run->child_c, OLD - 1);
    step_mark();
    run->got = OLD - 1;
}

/* ---- the children ---- */

HELPER int produce_body(void *arg)
{
    struct run *run = arg;

    if (shmring_producer_open(&run->child_p, run->ring, &run->opt) != SHMRING_OK) {
        return 2;
    }
    run->operation(run);
    shmring_producer_close(run->child_p);
    return 0;
}

HELPER int consume_body(void *arg)
{
    struct run *run = arg;

    if (shmring_consumer_open(&run->child_c, run->ring, &run->opt) != SHMRING_OK) {
        return 2;
    }
    run->operation(run);
    shmring_consumer_close(run->child_c);
    return 0;
}

/* ---- before and after ---- */

HELPER void send_number(shmring_producer *p, uint64_t seq)
{
    unsigned char buf[LEN];

    pattern_fill(buf, LEN, seq);
    CHECK_STATUS(shmring_try_send(p, buf, LEN, 1), SHMRING_OK);
}

/* The next record's number, or NONE when there is none. */
HELPER uint64_t read_number(shmring_consumer *c)
{
    unsigned char buf[LEN];
    shmring_record r;
    uint64_t seq;

    if (shmring_try_recv(c, buf, LEN, &r) != SHMRING_OK) {
        return NONE;
    }
    CHECK_EQ(r.len, LEN);
    memcpy(&seq, buf, 8);
    CHECK(pattern_matches(buf, LEN, seq));
    return seq;
}

/* A fresh name; names of equal length, so that a child's way is the same each time. */
HELPER void name_run(struct run *run, const char *what)
{
    const shmring_options init = SHMRING_OPTIONS_INIT;

    (void)snprintf(run->ring, sizeof run->ring, "%s.%08ld.%08u", what, (long)getpid(),
                   ++run->number);
    run->opt = init;
    run->opt.capacity = CAPACITY;
    run->p = NULL;
    run->c = NULL;
    run->got = run->wrong = 0;
}

/* Both roles are ours; a lap of small records leaves a stale committed word at every place. */
HELPER void prepare(struct run *run, const char *what, uint64_t start)
{
    uint32_t i;

    name_run(run, what);
    run->opt.start_position = start;
    CHECK_STATUS(shmring_producer_open(&run->p, run->ring, &run->opt), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&run->c, run->ring, &run->opt), SHMRING_OK);
    for (i = 0; i < CAPACITY / 16; i++) {
        CHECK_STATUS(shmring_try_send(run->p, "stale...", 8, 9), SHMRING_OK);
        CHECK_STATUS(shmring_peek(run->c, &(shmring_record){0}), SHMRING_OK);
        shmring_release(run->c);
    }
    for (i = 0; i < OLD; i++) {
        send_number(run->p, i);
    }
}

/* Two starts: in the middle of the ring, and where the operation goes across its end. */
HELPER uint64_t start_of(uint32_t i)
{
    return i == 0 ? 0 : CAPACITY - OLD * 48 - 24;
}

#endif
