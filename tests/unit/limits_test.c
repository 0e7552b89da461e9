/* SPDX-License-Identifier: MIT */
/* limits_test.c - descriptors where the system gives no more of what they are made of: the caller
 * is told, nothing is left open, and waiting by calls goes on. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "../support/rig_linux.h"

static int open_descriptors(void)
{
    int fd, n = 0;

    for (fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

/* Neither side gets a descriptor, and both do without. 0, or 1 with a line of what was wrong. */
static int is_told_and_goes_on(const char *expected)
{
    struct pair pair = open_small_pair();
    int before = open_descriptors(), i;
    uint32_t index;
    char b[8];

    check_failures = 0;
    for (i = 0; i < 2; i++) {
        CHECK_EQ(i == 0 ? shmring_consumer_fd(pair.c) : shmring_producer_fd(pair.p), -1);
        DETAIL_HAS(rig_name);
        DETAIL_HAS(expected);
        CHECK_EQ(open_descriptors(), before);
    }
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_wait_any(&pair.c, 1, &index, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_send(pair.p, "x", 1, 0, SHMRING_FOREVER), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair.c, b, sizeof b, NULL, SHMRING_FOREVER), SHMRING_OK);
    shmring_consumer_interrupt(pair.c);
    CHECK_STATUS(shmring_recv(pair.c, b, sizeof b, NULL, SHMRING_FOREVER), SHMRING_EMPTY);
    close_pair(&pair);
    fflush(stdout);
    return check_failures == 0 ? 0 : 1;
}

struct refusal {
    long call;
    int error;
    const char *told;
};

static int without_a_call(void *arg)
{
    const struct refusal *r = arg;

    return refuse(r->call, r->error) ? is_told_and_goes_on(r->told) : 77;
}

static void shouldSayWhichCallWasRefusedAndLeaveNothingOpen(void)
{
    static struct refusal all[] = {
        {SYS_inotify_init1, EMFILE, "max_user_instances"},
        {SYS_inotify_init1, ENOSYS, "inotify_init1"},
        {SYS_inotify_add_watch, ENOSPC, "max_user_watches"},
        {SYS_timerfd_create, EMFILE, "limit of open files"},
        {SYS_epoll_create1, EMFILE, "limit of open files"},
        {SYS_epoll_ctl, ENOSPC, "epoll"},
    };
    size_t i;
    int result;

    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        result = in_child(without_a_call, &all[i]);
        if (result == 77) {
            SKIP("no seccomp filter here");
        }
        CHECK_EQ(result, 0);
    }
}

/* In a user namespace of its own, whose instances are used up without taking anybody else's. */
static int without_instances(void *arg)
{
    FILE *f;
    int written;

    (void)arg;
    if (unshare(CLONE_NEWUSER) != 0) {
        return 77;
    }
    f = fopen("/proc/sys/user/max_inotify_instances", "w");
    written = f != NULL && fputs("0", f) >= 0;
    if (f == NULL || (fclose(f) | !written) != 0 || inotify_init1(IN_CLOEXEC) >= 0) {
        return 77;
    }
    return is_told_and_goes_on("max_user_instances");
}

static void shouldSayThatTheInstancesAreUsedUp(void)
{
    int result = in_child(without_instances, NULL);

    if (result == 77) {
        SKIP("no user namespace here whose limits may be set");
    }
    CHECK_EQ(result, 0);
}

static void shouldSayWhatStandsInTheWayOfADescriptor(void)
{
    struct pair pair = open_small_pair();
    struct rlimit old, now;
    int fd = dup(0), got;

    CHECK_EQ(shmring_consumer_fd(NULL), -1);
    CHECK_EQ(shmring_producer_fd(NULL), -1);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (; fd >= 0 && fd < 200; fd = dup(0)) { /* no gaps below */
    }
    (void)close(fd);
    for (now = old, now.rlim_cur = (rlim_t)fd; now.rlim_cur <= (rlim_t)fd + 2; now.rlim_cur++) {
        CHECK_EQ(setrlimit(RLIMIT_NOFILE, &now), 0);
        got = shmring_consumer_fd(pair.c);
        CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
        CHECK_EQ(got, -1);
        DETAIL_HAS(rig_name);
        DETAIL_HAS("limit of open files");
        CHECK(fcntl(fd, F_GETFD) == -1); /* nothing was left open */
    }
    CHECK(shmring_consumer_fd(pair.c) >= 0);
    while (--fd > 2) {
        if (fcntl(fd, F_GETFD) >= 0 && fd > 100) {
            (void)close(fd);
        }
    }
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldSayWhichCallWasRefusedAndLeaveNothingOpen);
    RUN(shouldSayThatTheInstancesAreUsedUp);
    RUN(shouldSayWhatStandsInTheWayOfADescriptor);
    return check_done();
}
