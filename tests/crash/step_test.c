/* SPDX-License-Identifier: MIT */
/* step_test.c - kill -9 at every single instruction of an operation.
 *
 * A child under ptrace stops in front of the operation, is stepped k instructions on, and killed;
 * this for every k up to the operation's end. Random kills do not find the few nanoseconds between
 * two stores; this finds each of them. The ring was filled before, so that every place in it has
 * stale words, and the operation happens in its middle and across its end.
 */
#define _GNU_SOURCE
#include <shmring/shmring.h>

#include <sys/ptrace.h>

#include "../check.h"
#include "../stress/pattern.h"
#include "../stress/process.h"

#define CAPACITY  65536u
#define STEPS_MAX 20000u
#define OLD       3u /* records in the ring before */
#define LEN       40u

struct run {
    char ring[64];
    shmring_options opt;
    void (*operation)(struct run *run);
    uint32_t records; /* that the operation moves, all or none */
    shmring_producer *p;
    shmring_consumer *c;
};

/* ---- the operations ---- */

static void send_copy(struct run *run)
{
    unsigned char buf[LEN];

    pattern_fill(buf, LEN, OLD);
    raise(SIGSTOP);
    (void)shmring_try_send(run->p, buf, LEN, 1);
    raise(SIGSTOP);
}

static void send_in_place(struct run *run)
{
    void *at;

    if (shmring_reserve(run->p, LEN + 100, &at) != SHMRING_OK) {
        _exit(3);
    }
    pattern_fill(at, LEN, OLD);
    raise(SIGSTOP);
    shmring_commit(run->p, LEN, 1);
    raise(SIGSTOP);
}

static void send_batch(struct run *run)
{
    unsigned char buf[3][LEN];
    uint32_t i;

    for (i = 0; i < 3; i++) {
        pattern_fill(buf[i], LEN, OLD + i);
    }
    raise(SIGSTOP);
    for (i = 0; i < 3; i++) {
        (void)shmring_stage(run->p, buf[i], LEN, 1);
    }
    shmring_publish(run->p);
    raise(SIGSTOP);
}

static void receive_copy(struct run *run)
{
    unsigned char buf[LEN];

    raise(SIGSTOP);
    (void)shmring_try_recv(run->c, buf, LEN, NULL);
    raise(SIGSTOP);
}

static void receive_many(struct run *run)
{
    shmring_record r[OLD];

    raise(SIGSTOP);
    (void)shmring_peek_many(run->c, r, OLD);
    shmring_release_many(run->c, OLD - 1);
    raise(SIGSTOP);
}

/* ---- the child, and its end ---- */

static int produce_body(void *arg)
{
    struct run *run = arg;

    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
        return 77;
    }
    if (shmring_producer_open(&run->p, run->ring, &run->opt) != SHMRING_OK) {
        return 2;
    }
    run->operation(run);
    return 0;
}

static int consume_body(void *arg)
{
    struct run *run = arg;

    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
        return 77;
    }
    if (shmring_consumer_open(&run->c, run->ring, &run->opt) != SHMRING_OK) {
        return 2;
    }
    run->operation(run);
    return 0;
}

/* The signal that stopped the child; 0 when it ended instead, with *ret_status. */
static int wait_stop(pid_t child, int *ret_status)
{
    while (waitpid(child, ret_status, 0) < 0 && errno == EINTR) {
    }
    return WIFSTOPPED(*ret_status) ? WSTOPSIG(*ret_status) : 0;
}

/* Kills the child `steps` instructions into the operation. 1 when the operation was over before. */
static int step_and_kill(pid_t child, uint32_t steps)
{
    int status = 0, signal = wait_stop(child, &status);
    uint32_t i;

    if (signal == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        SKIP("ptrace is not allowed here");
    }
    CHECK_EQ(signal, SIGSTOP);
    for (i = 0; i < steps; i++) {
        CHECK_EQ(ptrace(PTRACE_SINGLESTEP, child, 0, 0), 0);
        signal = wait_stop(child, &status);
        if (signal == SIGSTOP) {
            break;
        }
        CHECK_EQ(signal, SIGTRAP);
    }
    (void)process_kill(child);
    return signal == SIGSTOP && steps != 0;
}

/* ---- the ring around it ---- */

static void send_number(shmring_producer *p, uint64_t seq)
{
    unsigned char buf[LEN];

    pattern_fill(buf, LEN, seq);
    CHECK_STATUS(shmring_try_send(p, buf, LEN, 1), SHMRING_OK);
}

/* The next record's number, or UINT64_MAX when there is none. */
static uint64_t read_number(shmring_consumer *c)
{
    unsigned char buf[LEN];
    shmring_record r;
    uint64_t seq;

    if (shmring_try_recv(c, buf, LEN, &r) != SHMRING_OK) {
        return UINT64_MAX;
    }
    CHECK_EQ(r.len, LEN);
    memcpy(&seq, buf, 8);
    CHECK(pattern_matches(buf, LEN, seq));
    return seq;
}

/* Both roles are ours; a lap of small records leaves a stale committed word at every place. */
static void prepare(struct run *run, uint64_t start)
{
    static uint32_t number;
    const shmring_options init = SHMRING_OPTIONS_INIT;
    uint32_t i;

    (void)snprintf(run->ring, sizeof run->ring, "step.%ld.%u", (long)getpid(), ++number);
    run->opt = init;
    run->opt.capacity = CAPACITY;
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

/* One producer killed. Returns what became of it: 0 nothing, 1 visible, 2 visible and rolled
 * forward; 3 added when the operation was over. */
static int kill_producer(struct run *run, uint64_t start, uint32_t steps)
{
    const uint64_t marker = 1000;
    uint64_t seq, want;
    shmring_info info;
    int over, seen;

    prepare(run, start);
    shmring_producer_close(run->p);
    over = step_and_kill(process_start(produce_body, run), steps);
    CHECK_STATUS(shmring_producer_open(&run->p, run->ring, &run->opt), SHMRING_OK);
    send_number(run->p, marker);
    for (want = 0; (seq = read_number(run->c)) != marker; want++) {
        CHECK_EQ(seq, want);
    }
    CHECK(want == OLD || want == OLD + run->records);
    CHECK_EQ(read_number(run->c), UINT64_MAX);
    seen = want != OLD;
    CHECK_STATUS(shmring_inspect(run->ring, &info), SHMRING_OK);
    CHECK(info.counters.recovered == 0 || info.counters.recovered == run->records);
    seen += info.counters.recovered != 0;
    shmring_producer_close(run->p);
    shmring_consumer_close(run->c);
    return seen + (over ? 3 : 0);
}

/* One consumer killed. Returns 3 when the operation was over, else 0. */
static int kill_consumer(struct run *run, uint64_t start, uint32_t steps)
{
    uint64_t seq, want;
    int over;

    prepare(run, start);
    shmring_consumer_close(run->c);
    over = step_and_kill(process_start(consume_body, run), steps);
    CHECK_STATUS(shmring_consumer_open(&run->c, run->ring, &run->opt), SHMRING_OK);
    send_number(run->p, OLD);
    want = seq = read_number(run->c);
    CHECK(seq == 0 || seq == run->records);
    while (seq != UINT64_MAX) {
        CHECK_EQ(seq, want);
        want++;
        seq = read_number(run->c);
    }
    CHECK_EQ(want, OLD + 1);
    shmring_consumer_close(run->c);
    shmring_producer_close(run->p);
    return over ? 3 : 0;
}

static void every_step(void (*operation)(struct run *), uint32_t records,
                       int (*kill_one)(struct run *, uint64_t, uint32_t), int rolls)
{
    const uint64_t starts[] = {0, CAPACITY - OLD * 48 - 24};
    struct run run = {.operation = operation, .records = records};
    uint32_t k, rolled, count;
    int what;

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        what = 0;
        rolled = count = 0;
        for (k = 0; what < 3 && k < STEPS_MAX; k++) {
            what = kill_one(&run, starts[i], k);
            rolled += what == 2;
            count++;
        }
        printf("# killed at %u instructions, %u of them between the word and the tail\n", count,
               rolled);
        CHECK(k < STEPS_MAX);
        CHECK(count > 20);
        CHECK(!rolls || rolled > 0);
    }
}

static void shouldSurviveAKillAtEveryInstructionOfASend(void)
{
    every_step(send_copy, 1, kill_producer, 1);
}

static void shouldSurviveAKillAtEveryInstructionOfACommit(void)
{
    every_step(send_in_place, 1, kill_producer, 1);
}

static void shouldSurviveAKillAtEveryInstructionOfABatch(void)
{
    every_step(send_batch, 3, kill_producer, 1);
}

static void shouldSurviveAKillAtEveryInstructionOfAReceive(void)
{
    every_step(receive_copy, 1, kill_consumer, 0);
}

static void shouldSurviveAKillAtEveryInstructionOfAReleaseOfMany(void)
{
    every_step(receive_many, OLD - 1, kill_consumer, 0);
}

int main(void)
{
    RUN(shouldSurviveAKillAtEveryInstructionOfASend);
    RUN(shouldSurviveAKillAtEveryInstructionOfACommit);
    RUN(shouldSurviveAKillAtEveryInstructionOfABatch);
    RUN(shouldSurviveAKillAtEveryInstructionOfAReceive);
    RUN(shouldSurviveAKillAtEveryInstructionOfAReleaseOfMany);
    return check_done();
}
