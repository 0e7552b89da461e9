/* SPDX-License-Identifier: MIT */
/* containers_test.c - two sides in containers of their own: other mounts, other pids, another host
 * name and network; the shm file system is all that they share, at a mount of each one's own. One
 * of them has no /proc either. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "../support/rig_linux.h"

#define LONG_MS      60000 /* a test that waits this long has failed */
#define RECORDS      200u
#define NO_CONTAINER 77

static struct shared {
    char shm[64]; /* where the shm file system is for all */
    char ring[64];
    int poll; /* the consumer waits on its descriptor; else in calls */
    int proc; /* the consumer has /proc */
    int read; /* records, by the consumer */
} * shared;

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), done;

    if (fd < 0) {
        return 0;
    }
    done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(fd);
    return done;
}

/* A user who may mount, and is the same one, also for those who are not root. */
static int may_mount(void)
{
    char map[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (unshare(CLONE_NEWNS) == 0) {
        return 1;
    }
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return 0;
    }
    (void)snprintf(map, sizeof map, "%lu %lu 1", (unsigned long)uid, (unsigned long)uid);
    if (!write_file("/proc/self/uid_map", map)) {
        return 0;
    }
    (void)snprintf(map, sizeof map, "%lu %lu 1", (unsigned long)gid, (unsigned long)gid);
    return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/gid_map", map);
}

/* Runs body in a container; what it returned, or NO_CONTAINER. */
static int in_container(int (*body)(void), int proc)
{
    pid_t inner;

    if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(shared->shm, "/dev/shm", NULL, MS_BIND, NULL) != 0 ||
        (!proc && mount("none", "/proc", "tmpfs", 0, NULL) != 0)) {
        return NO_CONTAINER;
    }
    inner = fork();
    if (inner == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(body());
    }
    return process_end(inner);
}

/* Sends, a record each time that all were read, and waits for its end. */
static int send_until_killed(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    uint32_t i;

    if (getpid() != 1 || shmring_producer_open(&p, shared->ring, &o) != SHMRING_OK) {
        return 1;
    }
    for (i = 0; i < RECORDS; i++) {
        while (__atomic_load_n(&shared->read, __ATOMIC_ACQUIRE) < (int)i) {
            process_pause_us(100);
        }
        if (shmring_send(p, &i, sizeof i, 0, SHMRING_FOREVER) != SHMRING_OK) {
            return 1;
        }
    }
    for (;;) {
        process_pause_us(10000);
    }
}

static shmring_status next(shmring_consumer *c, uint32_t *value)
{
    struct pollfd ready = {.fd = shared->poll ? shmring_consumer_fd(c) : -1, .events = POLLIN};
    shmring_status status;

    if (!shared->poll) {
        return shmring_recv(c, value, sizeof *value, NULL, SHMRING_FOREVER);
    }
    while ((status = shmring_try_recv(c, value, sizeof *value, NULL)) == SHMRING_EMPTY) {
        if (poll(&ready, 1, LONG_MS) != 1) {
            return SHMRING_TIMEOUT;
        }
    }
    return status;
}

static int receive_all(void)
{
    shmring_options o = options_of(KIB64);
    shmring_consumer *c = NULL;
    uint32_t i, value = 0;
    shmring_status status;

    o.spin_ns = 1;
    if (getpid() != 1 || shmring_consumer_open(&c, shared->ring, &o) != SHMRING_OK ||
        (shared->poll && shmring_consumer_fd(c) < 0)) {
        fprintf(stderr, "# the consumer: %s\n", shmring_error_detail());
        return 1;
    }
    for (i = 0; i < RECORDS; i++) {
        status = next(c, &value);
        if (status != SHMRING_OK || value != i) {
            fprintf(stderr, "# record %u: %s\n", i, shmring_status_text(status));
            return 1;
        }
        __atomic_store_n(&shared->read, (int)i + 1, __ATOMIC_RELEASE);
    }
    status = next(c, &value);
    shmring_consumer_close(c);
    return status == SHMRING_PEER_DEAD ? 0 : 1;
}

static int sender_body(void *arg)
{
    (void)arg;
    return in_container(send_until_killed, 1);
}

static int receiver_body(void *arg)
{
    (void)arg;
    return in_container(receive_all, shared->proc);
}

/* The machine that both containers are on; the sender is killed when everything was read. */
static int host_body(void *arg)
{
    pid_t sender, receiver;
    int result;

    (void)arg;
    if (!may_mount() || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", shared->shm, "tmpfs", 0, "size=16m,mode=1777") != 0) {
        return NO_CONTAINER;
    }
    sender = process_start(sender_body, NULL);
    receiver = process_start(receiver_body, NULL);
    while (__atomic_load_n(&shared->read, __ATOMIC_ACQUIRE) < (int)RECORDS &&
           !process_has_ended(sender) && !process_has_ended(receiver)) {
        process_pause_us(500);
    }
    if (process_has_ended(sender)) {
        result = process_end(sender);
        (void)process_kill(receiver);
        return result;
    }
    (void)process_kill(sender); /* and with it the one in the container */
    return process_end(receiver);
}

static void run(int poll_it, int proc)
{
    char folder[] = "/tmp/shmring.containers.XXXXXX";
    int result;

    if (shared == NULL) {
        shared = process_shared(sizeof *shared);
    }
    CHECK(mkdtemp(folder) != NULL);
    (void)snprintf(shared->shm, sizeof shared->shm, "%s", folder);
    (void)snprintf(shared->ring, sizeof shared->ring, "between");
    shared->poll = poll_it;
    shared->proc = proc;
    shared->read = 0;
    result = in_child(host_body, NULL);
    CHECK_EQ(rmdir(folder), 0);
    if (result == NO_CONTAINER) {
        SKIP("no namespaces here of which to make a container");
    }
    CHECK_EQ(result, 0);
    CHECK_EQ(shared->read, RECORDS);
}

static void shouldSleepAndWakeAcrossContainers(void)
{
    run(0, 1);
}

static void shouldBeReadableAcrossContainers(void)
{
    run(1, 1);
}

static void shouldBeReadableInAContainerWithoutProc(void)
{
    run(1, 0);
}

int main(void)
{
    RUN(shouldSleepAndWakeAcrossContainers);
    RUN(shouldBeReadableAcrossContainers);
    RUN(shouldBeReadableInAContainerWithoutProc);
    return check_done();
}
