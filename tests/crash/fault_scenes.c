/* SPDX-License-Identifier: MIT */
#include "fault_scenes.h"

#include <stddef.h>

#include <shmring/detail/layout.h>

#include "../support/ring_object.h"

/* ---- before and after ---- */

static void before_nothing(struct run *run)
{
    name_run(run, "fault");
}

static void before_nothing_persistent(struct run *run)
{
    before_nothing(run);
    run->opt.lifetime = SHMRING_PERSISTENT;
}

static void before_persistent(struct run *run)
{
    before_nothing_persistent(run);
    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    shmring_producer_close(run->p);
}

static void after_fresh(struct run *run)
{
    const char *wrong = life_fresh(run);

    if (wrong != NULL) {
        printf("# %s; last error: %s\n", wrong, shmring_error_detail());
        fflush(stdout);
        _exit(1);
    }
}

/* The child was the consumer, and read from..: all that is left comes. */
static void consumer_goes_on(struct run *run, uint64_t from)
{
    MUST(shmring_consumer_open(&run->c, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, MARKER);
    MUST(take_to_marker(run->c, from) == OLD - from);
    life_close_pair(run);
}

static void after_consumer(struct run *run)
{
    consumer_goes_on(run, 0);
}

static void after_reader(struct run *run)
{
    consumer_goes_on(run, OLD);
}

static void after_producer(struct run *run)
{
    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, MARKER);
    MUST(take_to_marker(run->c, 0) == OLD);
    life_close_pair(run);
}

static void after_remove(struct run *run)
{
    (void)shmring_remove(run->ring);
    MUST(life_count_files(run->ring) == 0);
}

/* ---- opening ---- */

static shmring_status open_producer(struct run *run)
{
    return shmring_producer_open(&run->child_p, run->ring, &run->opt);
}

static shmring_status open_consumer(struct run *run)
{
    return shmring_consumer_open(&run->child_c, run->ring, &run->opt);
}

static void close_producer(struct run *run)
{
    shmring_producer_close(run->child_p);
    run->child_p = NULL;
}

static void remove_producer(struct run *run)
{
    close_producer(run);
    MUST(shmring_remove(run->ring) == SHMRING_OK);
}

static void close_consumer(struct run *run)
{
    shmring_consumer_close(run->child_c);
    run->child_c = NULL;
}

static void remove_consumer(struct run *run)
{
    close_consumer(run);
    MUST(shmring_remove(run->ring) == SHMRING_OK);
}

static shmring_observer *observer;

static shmring_status open_observer(struct run *run)
{
    return shmring_observer_open(&observer, run->ring, NULL);
}

static void close_observer(struct run *run)
{
    (void)run;
    shmring_observer_close(observer);
}

/* ---- closing ---- */

static void begin_producer(struct run *run)
{
    MUST(open_producer(run) == SHMRING_OK);
}

static shmring_status reopen_and_close(struct run *run)
{
    if (run->child_p == NULL) {
        begin_producer(run);
    }
    close_producer(run);
    return SHMRING_OK;
}

/* ---- looking ---- */

static shmring_status inspect(struct run *run)
{
    shmring_info info;

    return shmring_inspect(run->ring, &info);
}

static shmring_status verify(struct run *run)
{
    shmring_verdict v;

    return shmring_verify(run->ring, &v);
}

static int count_one(const char *name, void *arg)
{
    (void)name;
    ++*(uint32_t *)arg;
    return 0;
}

static shmring_status list(struct run *run)
{
    uint32_t n = 0;

    (void)run;
    return shmring_list(count_one, &n);
}

static shmring_status remove_ring(struct run *run)
{
    return shmring_remove(run->ring);
}

/* ---- repairing ---- */

#define BLOCK UINT64_C(65536) /* as repair reads: the last record begins in the second */

static void before_sound(struct run *run)
{
    uint64_t i;

    before_nothing(run);
    run->opt.capacity = 2 * BLOCK;
    run->opt.start_position = BLOCK - 72;
    run->opt.lifetime = SHMRING_PERSISTENT;
    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    for (i = 0; i < OLD; i++) {
        put(run->p, i);
    }
    shmring_producer_close(run->p);
}

/* Its tail lies where no record is. */
static void before_corrupt(struct run *run)
{
    const uint64_t tail = BLOCK - 72 + OLD * 48 + 8;

    before_sound(run);
    MUST(behind_write(run->ring, SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, tail),
                      &tail, sizeof tail));
}

static shmring_status repair(struct run *run)
{
    shmring_repaired r;

    return shmring_repair(run->ring, &r);
}

/* Whatever failed: once more, and every record is there. */
static void after_repair(struct run *run)
{
    shmring_repaired r;

    MUST(shmring_repair(run->ring, &r) == SHMRING_OK);
    MUST(r.records == OLD);
    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    MUST(shmring_consumer_open(&run->c, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, MARKER);
    MUST(take_to_marker(run->c, 0) == OLD);
    shmring_producer_close(run->p);
    shmring_consumer_close(run->c);
    MUST(shmring_remove(run->ring) == SHMRING_OK);
}

/* ---- waiting ---- */

static shmring_consumer *second;

static void begin_reader(struct run *run)
{
    run->opt.spin_ns = NO_SPIN;
    MUST(open_consumer(run) == SHMRING_OK);
    while (take(run->child_c) != NONE) {
    }
}

static shmring_status receive(struct run *run)
{
    unsigned char buf[LEN];

    return shmring_recv(run->child_c, buf, LEN, NULL, MS / 5);
}

static shmring_status descriptor(struct run *run)
{
    return shmring_consumer_fd(run->child_c) >= 0 ? SHMRING_OK : SHMRING_E_OS;
}

/* What a wait keeps for the next one goes with the handle. */
static void reopen_reader(struct run *run)
{
    close_consumer(run);
    MUST(open_consumer(run) == SHMRING_OK);
}

static void open_second(struct run *run)
{
    char name[80];

    (void)snprintf(name, sizeof name, "second.%s", run->ring);
    MUST(shmring_consumer_open(&second, name, &run->opt) == SHMRING_OK);
}

static void begin_two(struct run *run)
{
    begin_reader(run);
    open_second(run);
}

static shmring_status wait_any(struct run *run)
{
    shmring_consumer *both[2];
    uint32_t which;

    both[0] = run->child_c;
    both[1] = second;
    return shmring_wait_any(both, 2, &which, MS / 5);
}

static void reopen_two(struct run *run)
{
    reopen_reader(run);
    shmring_consumer_close(second);
    open_second(run);
}

static void end_two(struct run *run)
{
    close_consumer(run);
    shmring_consumer_close(second);
}

/* The second ring may have lost its last user without a close. */
static void after_two(struct run *run)
{
    char name[80];

    (void)snprintf(name, sizeof name, "second.%s", run->ring);
    (void)shmring_remove(name);
    after_reader(run);
}

const struct scene scenes[] = {
    {"a producer that opens and creates", before_nothing, NULL, open_producer, close_producer, NULL,
     after_fresh, 0},
    {"a producer that opens and creates what stays", before_nothing_persistent, NULL, open_producer,
     remove_producer, NULL, after_remove, 0},
    {"a consumer that opens and creates what stays", before_nothing_persistent, NULL, open_consumer,
     remove_consumer, NULL, after_remove, 0},
    {"a consumer that opens a ring", life_before_producer, NULL, open_consumer, close_consumer,
     NULL, after_consumer, 0},
    {"an observer that opens a ring", life_before_pair, NULL, open_observer, close_observer, NULL,
     life_close_pair, 0},
    {"a producer that closes", life_before_consumer, begin_producer, reopen_and_close, NULL, NULL,
     after_producer, 0},
    {"the last one, who closes", before_nothing, begin_producer, reopen_and_close, NULL, NULL,
     after_fresh, 0},
    {"one who looks at a ring", life_before_pair, NULL, inspect, NULL, NULL, life_close_pair, 0},
    {"one who looks whether it is sound", life_before_pair, NULL, verify, NULL, NULL,
     life_close_pair, 0},
    {"one who looks for all rings", before_nothing, NULL, list, NULL, NULL, after_fresh, 1},
    {"one who removes a ring", before_persistent, NULL, remove_ring, NULL, NULL, after_remove, 0},
    {"one who repairs a sound ring", before_sound, NULL, repair, NULL, NULL, after_repair, 0},
    {"one who repairs a corrupt ring", before_corrupt, NULL, repair, NULL, NULL, after_repair, 0},
    {"a receiver that waits", life_before_producer, begin_reader, receive, reopen_reader,
     close_consumer, after_reader, 0},
    {"a receiver that waits on a descriptor", life_before_producer, begin_reader, descriptor,
     reopen_reader, close_consumer, after_reader, 0},
    {"a receiver that waits on two rings", life_before_producer, begin_two, wait_any, reopen_two,
     end_two, after_two, 0},
};
const uint32_t scene_count = sizeof scenes / sizeof scenes[0];
