/* SPDX-License-Identifier: MIT */
/* step_stop_test.c - a side that is stopped (SIGSTOP) at every single instruction of an operation.
 *
 * While it stands still, the other side's calls do not hang, and are not told that it closed or
 * died; its role is not given to a newcomer; verify and an observer find the ring sound. Then it
 * goes on, and everything must have come once, whole and in order. The wrappers at the end plant
 * errors that this must find.
 *
 *   step_stop_test [STRIDE]    1 for every place also where the operation goes across the ring's
 * end
 */
#define _GNU_SOURCE
#include "step_ring.h"

#include <signal.h>

#include "segment/role.h"

/* Where the ring does not end, every place; where it does, each of so many. */
static uint32_t stride = 4;
static struct run *run;
static struct step_path *path;
static pid_t stopped;

enum plant { NOTHING, TAKEN_FOR_DEAD, ROLE_IS_FREE };
static enum plant plant;

/* ---- while it stands still ---- */

static void check_that_it_lives(void)
{
    shmring_observer *o = NULL;
    shmring_verdict v;
    shmring_info info;
    unsigned char buf[LEN];
    uint64_t seq, last = NONE;

    CHECK_STATUS(shmring_inspect(run->ring, &info), SHMRING_OK);
    CHECK(info.producer.alive && info.consumer.alive);
    CHECK_STATUS(shmring_verify(run->ring, &v), SHMRING_OK);
    CHECK(v.problem[0] == '\0');
    CHECK_STATUS(shmring_observer_open(&o, run->ring, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_observer_seek(o, SHMRING_OLDEST), SHMRING_OK);
    while (shmring_observe(o, buf, LEN, &(shmring_record){0}) == SHMRING_OK) {
        memcpy(&seq, buf, 8);
        if (memcmp(buf, "stale...", 8) != 0) {
            CHECK(pattern_matches(buf, LEN, seq));
            CHECK(last == NONE || seq == last + 1);
            last = seq;
        }
    }
    CHECK(last != NONE);
    shmring_observer_close(o);
}

/* The sender stands still: what is there can be read, and then there is nothing, that is all. */
static uint64_t live_with_a_stopped_sender(void)
{
    unsigned char buf[LEN];
    shmring_producer *p = NULL;
    uint64_t seq, want = 0;

    check_that_it_lives();
    while ((seq = read_number(run->c)) != NONE) {
        CHECK_EQ(seq, want);
        want++;
    }
    CHECK(want == OLD || want == OLD + run->records);
    CHECK_STATUS(shmring_try_recv(run->c, buf, LEN, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_recv(run->c, buf, LEN, NULL, MS / 10), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_producer_open(&p, run->ring, &run->opt), SHMRING_E_BUSY);
    return want;
}

static void end_sender(uint64_t want)
{
    unsigned char buf[LEN];
    shmring_status status;
    uint64_t seq;

    CHECK_EQ(kill(stopped, SIGCONT), 0);
    while ((status = shmring_recv(run->c, buf, LEN, NULL, LONG_NS)) == SHMRING_OK) {
        memcpy(&seq, buf, 8);
        CHECK_EQ(seq, want);
        CHECK(pattern_matches(buf, LEN, seq));
        want++;
    }
    CHECK_STATUS(status, SHMRING_CLOSED);
    CHECK_EQ(want, OLD + run->records);
    CHECK_EQ(process_end(stopped), 0);
    CHECK_STATUS(shmring_producer_open(&run->p, run->ring, &run->opt), SHMRING_OK);
    send_number(run->p, want);
    CHECK_EQ(read_number(run->c), want);
}

/* The receiver stands still: the ring fills, and then it is full, that is all. */
static uint64_t live_with_a_stopped_receiver(void)
{
    unsigned char buf[LEN];
    shmring_consumer *c = NULL;
    shmring_status status;
    uint64_t sent = OLD;

    check_that_it_lives();
    for (;;) {
        pattern_fill(buf, LEN, sent);
        status = shmring_try_send(run->p, buf, LEN, 1);
        if (status != SHMRING_OK) {
            break;
        }
        sent++;
    }
    CHECK_STATUS(status, SHMRING_FULL);
    CHECK(sent > 1000);
    CHECK_STATUS(shmring_send(run->p, buf, LEN, 1, MS / 10), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_consumer_open(&c, run->ring, &run->opt), SHMRING_E_BUSY);
    return sent;
}

static void end_receiver(uint64_t sent)
{
    uint64_t seq, want;

    CHECK_EQ(kill(stopped, SIGCONT), 0);
    CHECK_EQ(process_end(stopped), 0);
    CHECK_EQ(run->wrong, 0);
    CHECK_EQ(run->got, run->records);
    CHECK_STATUS(shmring_consumer_open(&run->c, run->ring, &run->opt), SHMRING_OK);
    for (want = run->got; (seq = read_number(run->c)) != NONE; want++) {
        CHECK_EQ(seq, want);
    }
    CHECK_EQ(want, sent);
}

/* ---- one place, and all ---- */

static pid_t start_child(int sender, uint32_t start)
{
    prepare(run, "stop", start_of(start));
    if (sender) {
        shmring_producer_close(run->p);
    } else {
        shmring_consumer_close(run->c);
    }
    return step_start(sender ? produce_body : consume_body, run);
}

static void close_both(void)
{
    shmring_producer_close(run->p);
    shmring_consumer_close(run->c);
}

static int stop_at(int sender, uint32_t start, const struct step_place *place)
{
    int there;

    stopped = start_child(sender, start);
    there = step_to(stopped, place);
    step_stop(stopped);
    if (sender) {
        end_sender(live_with_a_stopped_sender());
    } else {
        end_receiver(live_with_a_stopped_receiver());
    }
    close_both();
    return there;
}

static void every_place(void (*operation)(struct run *), uint32_t records, int sender)
{
    uint32_t start, i, there, count;
    pid_t child;

    run->operation = operation;
    run->records = records;
    for (start = 0; start < 2; start++) {
        child = start_child(sender, start);
        if (child == 0) {
            SKIP("processes cannot be single-stepped here");
        }
        CHECK(step_record(child, path));
        /* the handles of the child are gone with it; ours end the ring */
        if (sender) {
            shmring_consumer_close(run->c);
        } else {
            shmring_producer_close(run->p);
        }
        for (i = there = count = 0; i < path->count; i += start == 0 ? 1 : stride) {
            there += (uint32_t)stop_at(sender, start, &path->places[i]);
            count++;
        }
        printf("# stopped at %u of %u instructions, %u of them on the same way as the first time\n",
               count, path->count, there);
        CHECK(path->count > 20);
        CHECK(there > count / 2);
    }
}

static void shouldSurviveAStopAtEveryInstructionOfASend(void)
{
    every_place(send_copy, 1, 1);
}

static void shouldSurviveAStopAtEveryInstructionOfACommit(void)
{
    every_place(send_in_place, 1, 1);
}

static void shouldSurviveAStopAtEveryInstructionOfABatch(void)
{
    every_place(send_batch, 3, 1);
}

static void shouldSurviveAStopAtEveryInstructionOfAReceive(void)
{
    every_place(receive_copy, 1, 0);
}

static void shouldSurviveAStopAtEveryInstructionOfAReleaseOfMany(void)
{
    every_place(receive_many, OLD - 1, 0);
}

/* ---- planted errors ---- */

enum shmring_peer_state __real_shmring_role_ask(const struct shmring_attachment *a,
                                                const struct shmring_role_block *theirs,
                                                enum shmring_role role, uint64_t ignored_epoch,
                                                uint64_t *ret_epoch);
enum shmring_peer_state __wrap_shmring_role_ask(const struct shmring_attachment *a,
                                                const struct shmring_role_block *theirs,
                                                enum shmring_role role, uint64_t ignored_epoch,
                                                uint64_t *ret_epoch);
shmring_status __real_shmring_os_claim(const struct shmring_name *name,
                                       struct shmring_os_segment *seg, enum shmring_role role);
shmring_status __wrap_shmring_os_claim(const struct shmring_name *name,
                                       struct shmring_os_segment *seg, enum shmring_role role);

enum shmring_peer_state __wrap_shmring_role_ask(const struct shmring_attachment *a,
                                                const struct shmring_role_block *theirs,
                                                enum shmring_role role, uint64_t ignored_epoch,
                                                uint64_t *ret_epoch)
{
    enum shmring_peer_state state =
        __real_shmring_role_ask(a, theirs, role, ignored_epoch, ret_epoch);

    return plant == TAKEN_FOR_DEAD && state == SHMRING_PEER_LIVES ? SHMRING_PEER_IS_DEAD : state;
}

shmring_status __wrap_shmring_os_claim(const struct shmring_name *name,
                                       struct shmring_os_segment *seg, enum shmring_role role)
{
    shmring_status status = __real_shmring_os_claim(name, seg, role);

    return plant == ROLE_IS_FREE && status == SHMRING_E_BUSY ? SHMRING_OK : status;
}

struct planted {
    enum plant plant;
    void (*test)(void);
};

/* 0 when the test finds nothing, 1 when it fails, 2 when it is skipped. */
static int run_planted(void *arg)
{
    const struct planted *planted = arg;
    int how;

    plant = planted->plant;
    how = setjmp(check_out);
    if (how == 0) {
        planted->test();
    } else if (how == 1) {
        (void)kill(stopped, SIGKILL);
        (void)shmring_remove(run->ring);
    }
    return how;
}

static void expect_found(enum plant what, void (*test)(void))
{
    struct planted planted = {what, test};
    int how = process_end(process_start(run_planted, &planted));

    if (how == 2) {
        SKIP("processes cannot be single-stepped here");
    }
    CHECK_EQ(how, 1);
}

static void shouldFindAStoppedSideThatIsTakenForDead(void)
{
    expect_found(TAKEN_FOR_DEAD, shouldSurviveAStopAtEveryInstructionOfASend);
    expect_found(TAKEN_FOR_DEAD, shouldSurviveAStopAtEveryInstructionOfAReceive);
}

static void shouldFindARoleThatIsTakenFromAStoppedSide(void)
{
    expect_found(ROLE_IS_FREE, shouldSurviveAStopAtEveryInstructionOfASend);
    expect_found(ROLE_IS_FREE, shouldSurviveAStopAtEveryInstructionOfAReceive);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        stride = (uint32_t)strtoul(argv[1], NULL, 10);
        stride = stride != 0 ? stride : 1;
    }
    run = process_shared(sizeof *run);
    path = process_shared(sizeof *path);
    RUN(shouldSurviveAStopAtEveryInstructionOfASend);
    RUN(shouldSurviveAStopAtEveryInstructionOfACommit);
    RUN(shouldSurviveAStopAtEveryInstructionOfABatch);
    RUN(shouldSurviveAStopAtEveryInstructionOfAReceive);
    RUN(shouldSurviveAStopAtEveryInstructionOfAReleaseOfMany);
    RUN(shouldFindAStoppedSideThatIsTakenForDead);
    RUN(shouldFindARoleThatIsTakenFromAStoppedSide);
    return check_done();
}
