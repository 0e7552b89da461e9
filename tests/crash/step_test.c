/* SPDX-License-Identifier: MIT */
/* step_test.c - kill -9 at every single instruction of an operation.
 *
 * Random kills do not find the few nanoseconds between two stores; this finds each of them. The
 * ring was filled before, so that every place in it has stale words, and the operation happens in
 * its middle and across its end.
 */
#include "step_ring.h"

static struct run *run;
static struct step_path *path;

/* One producer killed there. Returns what became of it: 0 nothing, 1 visible, 2 visible and rolled
 * forward. */
static int kill_producer(uint32_t start, const struct step_place *place, int *ret_there)
{
    uint64_t seq, want;
    shmring_info info;
    pid_t child;
    int seen;

    prepare(run, "step", start_of(start));
    shmring_producer_close(run->p);
    child = step_start(produce_body, run);
    *ret_there = step_to(child, place);
    (void)process_kill(child);
    CHECK_STATUS(shmring_producer_open(&run->p, run->ring, &run->opt), SHMRING_OK);
    send_number(run->p, MARKER);
    for (want = 0; (seq = read_number(run->c)) != MARKER; want++) {
        CHECK_EQ(seq, want);
    }
    CHECK(want == OLD || want == OLD + run->records);
    CHECK_EQ(read_number(run->c), NONE);
    seen = want != OLD;
    CHECK_STATUS(shmring_inspect(run->ring, &info), SHMRING_OK);
    CHECK(info.counters.recovered == 0 || info.counters.recovered == run->records);
    seen += info.counters.recovered != 0;
    shmring_producer_close(run->p);
    shmring_consumer_close(run->c);
    return seen;
}

/* One consumer killed there: the next one begins at the first record, or behind all that the
 * operation releases. Returns 0. */
static int kill_consumer(uint32_t start, const struct step_place *place, int *ret_there)
{
    uint64_t seq, want;
    pid_t child;

    prepare(run, "step", start_of(start));
    shmring_consumer_close(run->c);
    child = step_start(consume_body, run);
    *ret_there = step_to(child, place);
    (void)process_kill(child);
    CHECK_STATUS(shmring_consumer_open(&run->c, run->ring, &run->opt), SHMRING_OK);
    send_number(run->p, OLD);
    want = seq = read_number(run->c);
    CHECK(seq == 0 || seq == run->records);
    while (seq != NONE) {
        CHECK_EQ(seq, want);
        want++;
        seq = read_number(run->c);
    }
    CHECK_EQ(want, OLD + 1);
    shmring_consumer_close(run->c);
    shmring_producer_close(run->p);
    return 0;
}

static void record(int sender, uint32_t start)
{
    pid_t child;

    prepare(run, "step", start_of(start));
    if (sender) {
        shmring_producer_close(run->p);
    } else {
        shmring_consumer_close(run->c);
    }
    child = step_start(sender ? produce_body : consume_body, run);
    if (child == 0) {
        SKIP("processes cannot be single-stepped here");
    }
    CHECK(step_record(child, path));
    if (sender) {
        shmring_consumer_close(run->c);
    } else {
        shmring_producer_close(run->p);
    }
}

static void every_step(void (*operation)(struct run *), uint32_t records, int sender)
{
    uint32_t k, start, rolled, there;
    int what, same;

    run->operation = operation;
    run->records = records;
    for (start = 0; start < 2; start++) {
        record(sender, start);
        rolled = there = 0;
        for (k = 0; k < path->count; k++) {
            what = (sender ? kill_producer : kill_consumer)(start, &path->places[k], &same);
            rolled += what == 2;
            there += (uint32_t)same;
        }
        printf("# killed at %u instructions, %u of them between the word and the tail; %u on the "
               "same way as the first time\n",
               path->count, rolled, there);
        CHECK(path->count > 20);
        CHECK(there > path->count / 2);
        CHECK(!sender || rolled > 0);
    }
}

static void shouldSurviveAKillAtEveryInstructionOfASend(void)
{
    every_step(send_copy, 1, 1);
}

static void shouldSurviveAKillAtEveryInstructionOfACommit(void)
{
    every_step(send_in_place, 1, 1);
}

static void shouldSurviveAKillAtEveryInstructionOfABatch(void)
{
    every_step(send_batch, 3, 1);
}

static void shouldSurviveAKillAtEveryInstructionOfAReceive(void)
{
    every_step(receive_copy, 1, 0);
}

static void shouldSurviveAKillAtEveryInstructionOfAReleaseOfMany(void)
{
    every_step(receive_many, OLD - 1, 0);
}

int main(void)
{
    run = process_shared(sizeof *run);
    path = process_shared(sizeof *path);
    RUN(shouldSurviveAKillAtEveryInstructionOfASend);
    RUN(shouldSurviveAKillAtEveryInstructionOfACommit);
    RUN(shouldSurviveAKillAtEveryInstructionOfABatch);
    RUN(shouldSurviveAKillAtEveryInstructionOfAReceive);
    RUN(shouldSurviveAKillAtEveryInstructionOfAReleaseOfMany);
    return check_done();
}
