/* SPDX-License-Identifier: MIT */
/* step_life.c - opens, closes and removals. */
#include "step_life.h"

#include <dirent.h>

/* ---- what holds of names ---- */

/* How many files bear this name, in whatever way: the ring's own, and leavings. */
uint32_t life_count_files(const char *name)
{
    DIR *folder = opendir("/dev/shm");
    const struct dirent *entry;
    uint32_t n = 0;

    if (folder == NULL) {
        return UINT32_MAX;
    }
    while ((entry = readdir(folder)) != NULL) {
        n += strstr(entry->d_name, name) != NULL;
    }
    (void)closedir(folder);
    return n;
}

const char *life_fresh(const struct run *run)
{
    const uint32_t files = life_count_files(run->ring);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_info info;
    shmring_status status = shmring_inspect(run->ring, &info);
    unsigned char buf[LEN];
    uint64_t seq = NONE;

    if (files != (status == SHMRING_OK ? 1u : 0u)) {
        return "there are files that are no rings";
    }
    if (status != SHMRING_OK && status != SHMRING_E_NOT_FOUND) {
        return "what has the name is not a whole ring";
    }
    if (status == SHMRING_OK && (info.alive || info.producer.alive || info.consumer.alive)) {
        return "a lock outlived its process";
    }
    if (shmring_consumer_open(&c, run->ring, &run->opt) != SHMRING_OK ||
        shmring_producer_open(&p, run->ring, &run->opt) != SHMRING_OK) {
        return "the next ones cannot open it";
    }
    pattern_fill(buf, LEN, MARKER);
    if (shmring_try_send(p, buf, LEN, 1) != SHMRING_OK) {
        return "the next one cannot send";
    }
    while (seq != MARKER && shmring_try_recv(c, buf, LEN, NULL) == SHMRING_OK) {
        memcpy(&seq, buf, 8);
        if (!pattern_matches(buf, LEN, seq) ||
            (seq != MARKER && run->opt.lifetime != SHMRING_PERSISTENT)) {
            return "the next one receives something of the old ring, or torn";
        }
    }
    if (seq != MARKER) {
        return "the next one receives nothing";
    }
    shmring_producer_close(p);
    shmring_consumer_close(c);
    if (run->opt.lifetime == SHMRING_PERSISTENT && shmring_remove(run->ring) != SHMRING_OK) {
        return "it cannot be removed";
    }
    return life_count_files(run->ring) == 0 ? NULL : "a file is left";
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

/* ---- before and after ---- */

static void before_nothing(struct run *run)
{
    name_run(run, "life");
}

static void before_nothing_persistent(struct run *run)
{
    name_run(run, "life");
    run->opt.lifetime = SHMRING_PERSISTENT;
}

void life_before_pair(struct run *run)
{
    uint64_t i;

    name_run(run, "life");
    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    MUST(shmring_consumer_open(&run->c, run->ring, &run->opt) == SHMRING_OK);
    for (i = 0; i < OLD; i++) {
        put(run->p, i);
    }
}

void life_before_consumer(struct run *run)
{
    life_before_pair(run);
    shmring_producer_close(run->p);
    run->p = NULL;
}

void life_before_producer(struct run *run)
{
    life_before_pair(run);
    shmring_consumer_close(run->c);
    run->c = NULL;
}

static void before_persistent(struct run *run)
{
    before_nothing_persistent(run);
    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, 0);
    shmring_producer_close(run->p);
    run->p = NULL;
}

/* The pair must be whole again: the role of the dead is free, and nothing was lost. */
void life_close_pair(struct run *run)
{
    shmring_producer_close(run->p);
    shmring_consumer_close(run->c);
    MUST(life_count_files(run->ring) == 0);
}

static void after_producer(struct run *run)
{
    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, MARKER);
    MUST(take_to_marker(run->c, 0) == OLD);
    life_close_pair(run);
}

static void after_closing_producer(struct run *run)
{
    unsigned char buf[LEN];
    uint64_t seq = 0, want;

    for (want = 0; (seq = take(run->c)) != NONE; want++) { /* told that it is gone, behind it all */
        MUST(seq == want);
    }
    MUST(want == OLD || want == OLD + 2);
    MUST(shmring_recv(run->c, buf, LEN, NULL, LONG_NS) != SHMRING_TIMEOUT);
    MUST(shmring_producer_open(&run->p, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, MARKER);
    MUST(take_to_marker(run->c, want) == 0);
    life_close_pair(run);
}

static void after_consumer(struct run *run)
{
    MUST(shmring_consumer_open(&run->c, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, MARKER);
    MUST(take_to_marker(run->c, 0) == OLD);
    life_close_pair(run);
}

/* It read one before it closed: that one does not come again. */
static void after_closing_consumer(struct run *run)
{
    MUST(shmring_consumer_open(&run->c, run->ring, &run->opt) == SHMRING_OK);
    put(run->p, MARKER);
    MUST(take_to_marker(run->c, 1) == OLD - 1);
    life_close_pair(run);
}

static void after_remove(struct run *run)
{
    shmring_status status = shmring_remove(run->ring);
    struct run next = *run;

    MUST(status == SHMRING_OK || status == SHMRING_E_NOT_FOUND);
    MUST(life_count_files(run->ring) == 0);
    after_fresh(&next); /* while the old pair, if there is one, keeps its ring */
    if (run->p != NULL) {
        put(run->p, MARKER);
        MUST(take_to_marker(run->c, 0) == OLD);
        life_close_pair(run);
    }
}

/* ---- in the child ---- */

static int create_producer(void *arg)
{
    struct run *run = arg;
    shmring_status status;

    step_mark();
    status = shmring_producer_open(&run->child_p, run->ring, &run->opt);
    step_mark();
    return status == SHMRING_OK ? 0 : 2;
}

static int create_consumer(void *arg)
{
    struct run *run = arg;
    shmring_status status;

    step_mark();
    status = shmring_consumer_open(&run->child_c, run->ring, &run->opt);
    step_mark();
    return status == SHMRING_OK ? 0 : 2;
}

/* Two records are staged: the close publishes them. */
static int close_producer(void *arg)
{
    struct run *run = arg;
    unsigned char buf[LEN];
    uint64_t i;

    MUST(shmring_producer_open(&run->child_p, run->ring, &run->opt) == SHMRING_OK);
    for (i = 0; i < 2; i++) {
        pattern_fill(buf, LEN, OLD + i);
        MUST(shmring_stage(run->child_p, buf, LEN, 1) == SHMRING_OK);
    }
    step_mark();
    shmring_producer_close(run->child_p);
    step_mark();
    return 0;
}

static int close_consumer(void *arg)
{
    struct run *run = arg;

    MUST(shmring_consumer_open(&run->child_c, run->ring, &run->opt) == SHMRING_OK);
    MUST(take(run->child_c) == 0);
    step_mark();
    shmring_consumer_close(run->child_c);
    step_mark();
    return 0;
}

/* Nobody else has it: the close takes the name away. */
static int close_last(void *arg)
{
    struct run *run = arg;

    MUST(shmring_producer_open(&run->child_p, run->ring, &run->opt) == SHMRING_OK);
    put(run->child_p, 0);
    step_mark();
    shmring_producer_close(run->child_p);
    step_mark();
    return 0;
}

/* Its last user was killed: whoever opens next reaps it and makes a new one. */
static int die_at_once(void *arg)
{
    return create_producer(arg);
}

static void before_dead(struct run *run)
{
    before_nothing(run);
    MUST(process_end(process_start(die_at_once, run)) == 0);
    MUST(life_count_files(run->ring) == 1);
}

static int remove_name(void *arg)
{
    struct run *run = arg;
    shmring_status status;

    step_mark();
    status = shmring_remove(run->ring);
    step_mark();
    return status == SHMRING_OK ? 0 : 2;
}

const struct life_event life_events[] = {
    {"a producer that creates", before_nothing, create_producer, after_fresh},
    {"a consumer that creates", before_nothing, create_consumer, after_fresh},
    {"a producer that creates a persistent ring", before_nothing_persistent, create_producer,
     after_fresh},
    {"a producer that attaches", life_before_consumer, create_producer, after_producer},
    {"a consumer that attaches", life_before_producer, create_consumer, after_consumer},
    {"a producer that finds a dead ring", before_dead, create_producer, after_fresh},
    {"a producer that closes", life_before_consumer, close_producer, after_closing_producer},
    {"a consumer that closes", life_before_producer, close_consumer, after_closing_consumer},
    {"the last one, who closes", before_nothing, close_last, after_fresh},
    {"one who removes a ring in use", life_before_pair, remove_name, after_remove},
    {"one who removes a persistent ring", before_persistent, remove_name, after_remove},
};
const uint32_t life_event_count = sizeof life_events / sizeof life_events[0];
