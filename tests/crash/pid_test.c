/* SPDX-License-Identifier: MIT */
/* pid_test.c - pids come round: a process that has a dead owner's number is not that owner. */
#define _GNU_SOURCE
#include <shmring/shmring.h>

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/process.h"

#define LONG_NS UINT64_C(60000000000) /* a test that waits this long has failed */

static char name[64];

static void stay(void)
{
    for (;;) {
        process_pause_us(1000000);
    }
}

/* Asks the system for a child with that pid; as fork(), or -1 with errno. */
static pid_t fork_as(pid_t pid)
{
    struct clone_args args;

    fflush(stdout);
    memset(&args, 0, sizeof args);
    args.exit_signal = SIGCHLD;
    args.set_tid = (uintptr_t)&pid;
    args.set_tid_size = 1;
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static int hold(void *arg)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    if (*(const int *)arg != 0 ? shmring_producer_open(&p, name, NULL) != SHMRING_OK ||
                                     shmring_try_send(p, "one", 4, 1) != SHMRING_OK
                               : shmring_consumer_open(&c, name, NULL) != SHMRING_OK) {
        return 1;
    }
    stay();
    return 0;
}

static pid_t start_owner(int producer)
{
    shmring_info info;
    pid_t child = process_start(hold, &producer);
    shmring_status status;

    do {
        CHECK(!process_has_ended(child));
        process_pause_us(200);
        status = shmring_inspect(name, &info);
    } while (status != SHMRING_OK || (producer ? info.counters.sent : info.consumer.epoch) == 0);
    return child;
}

static shmring_role_info role_of(int producer)
{
    shmring_info info;

    CHECK_STATUS(shmring_inspect(name, &info), SHMRING_OK);
    return producer ? info.producer : info.consumer;
}

static void end(pid_t child)
{
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, NULL, 0), child);
}

/* Has an owner die and another process get its number; then the role must be free, and stay its
 * next owner's when the namesake goes. */
static void meet_a_namesake(int producer)
{
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    pid_t owner, other;
    char buf[8];

    (void)snprintf(name, sizeof name, "pid.%ld.%d", (long)getpid(), producer);
    if (producer) {
        CHECK_STATUS(shmring_consumer_open(&c, name, NULL), SHMRING_OK);
    } else {
        CHECK_STATUS(shmring_producer_open(&p, name, NULL), SHMRING_OK);
    }
    owner = start_owner(producer);
    end(owner);
    other = fork_as(owner);
    if (other == 0) {
        stay();
    }
    if (other < 0) {
        printf("# %s\n", strerror(errno));
        shmring_consumer_close(c);
        shmring_producer_close(p);
        SKIP("no pid can be chosen here");
    }
    CHECK_EQ(other, owner);
    CHECK_EQ(role_of(producer).pid, other);
    CHECK_EQ(role_of(producer).alive, 0);
    if (producer) {
        CHECK_STATUS(shmring_recv(c, buf, sizeof buf, NULL, LONG_NS), SHMRING_OK);
        CHECK_STATUS(shmring_recv(c, buf, sizeof buf, NULL, LONG_NS), SHMRING_PEER_DEAD);
        CHECK_STATUS(shmring_producer_open(&p, name, NULL), SHMRING_OK);
    } else {
        while (shmring_try_send(p, buf, sizeof buf, 1) == SHMRING_OK) {
        }
        CHECK_STATUS(shmring_wait_space(p, sizeof buf, LONG_NS), SHMRING_PEER_DEAD);
        CHECK_STATUS(shmring_consumer_open(&c, name, NULL), SHMRING_OK);
    }
    end(other);
    CHECK_EQ(role_of(producer).alive, 1);
    CHECK_EQ(role_of(producer).pid, getpid());
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

static void shouldNotTakeANamesakeForADeadProducer(void)
{
    meet_a_namesake(1);
}

static void shouldNotTakeANamesakeForADeadConsumer(void)
{
    meet_a_namesake(0);
}

int main(void)
{
    RUN(shouldNotTakeANamesakeForADeadProducer);
    RUN(shouldNotTakeANamesakeForADeadConsumer);
    return check_done();
}
