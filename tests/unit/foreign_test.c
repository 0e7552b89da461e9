/* SPDX-License-Identifier: MIT */
/* foreign_test.c - a holder in another pid namespace is not taken for the process that has its
 * number here. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../support/rig_linux.h"

#define NO_NAMESPACE 77

struct job {
    int own_namespace, own_proc, producer;
};

static int hold(const struct job *job)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (job->own_proc && mount("proc", "/proc", "proc", 0, NULL) != 0) {
        return NO_NAMESPACE;
    }
    if (job->producer ? shmring_producer_open(&p, rig_name, NULL) != SHMRING_OK
                      : shmring_consumer_open(&c, rig_name, NULL) != SHMRING_OK) {
        return 1;
    }
    for (;;) {
        process_pause_us(1000000);
    }
}

static int start_hold(void *arg)
{
    const struct job *job = arg;
    int status = 0;
    pid_t inner;

    if (!job->own_namespace) {
        return hold(job);
    }
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return NO_NAMESPACE;
    }
    inner = fork();
    if (inner == 0) {
        _exit(hold(job));
    }
    (void)waitpid(inner, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static const shmring_role_info *side(const shmring_info *info, const struct job *job)
{
    return job->producer ? &info->producer : &info->consumer;
}

/* Until the child holds its role; 0 when it has ended before. */
static int is_holding(pid_t child, const struct job *job)
{
    shmring_info info;

    for (;;) {
        if (shmring_inspect(rig_name, &info) == SHMRING_OK && side(&info, job)->epoch != 0) {
            return 1;
        }
        if (waitpid(child, NULL, WNOHANG) != 0) {
            return 0;
        }
        process_pause_us(1000);
    }
}

static void check_holder(struct job job)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_info info;
    pid_t child;

    CHECK_STATUS(shmring_create(new_name(), NULL), SHMRING_OK);
    child = process_start(start_hold, &job);
    if (!is_holding(child, &job)) {
        CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
        SKIP("no pid namespace for this user");
    }
    info = inspect();
    CHECK_STATUS(job.producer ? shmring_producer_open(&p, rig_name, NULL)
                              : shmring_consumer_open(&c, rig_name, NULL),
                 SHMRING_E_BUSY);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    CHECK_EQ(side(&info, &job)->alive, 1);
    CHECK_EQ(side(&info, &job)->foreign, job.own_namespace);
    if (job.own_namespace) {
        DETAIL_HAS("another namespace");
    } else {
        char who[64];

        (void)snprintf(who, sizeof who, "already, process %ld:", (long)child);
        DETAIL_HAS(who);
    }
}

static void shouldNameAHolderOfThisNamespace(void)
{
    check_holder((struct job){0, 0, 0});
    check_holder((struct job){0, 0, 1});
}

static void shouldTellAConsumerOfAnotherNamespace(void)
{
    check_holder((struct job){1, 1, 0});
}

static void shouldTellAProducerOfAnotherNamespace(void)
{
    check_holder((struct job){1, 1, 1});
}

static void shouldTellAHolderThatHasTheProcOfOthers(void)
{
    check_holder((struct job){1, 0, 1});
}

int main(void)
{
    RUN(shouldNameAHolderOfThisNamespace);
    RUN(shouldTellAConsumerOfAnotherNamespace);
    RUN(shouldTellAProducerOfAnotherNamespace);
    RUN(shouldTellAHolderThatHasTheProcOfOthers);
    return check_done();
}
