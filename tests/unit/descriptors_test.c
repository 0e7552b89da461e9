/* SPDX-License-Identifier: MIT */
/* descriptors_test.c - the library's descriptors beside the program's: 0 to 2 that are closed, and
 * a program that closes what it does not know. */
#include <poll.h>
#include <pthread.h>

#include "../support/rig_linux.h"

static int low_are_closed(int mask)
{
    int fd;

    for (fd = 0; fd <= 2; fd++) {
        if ((mask >> fd & 1) != 0 && fcntl(fd, F_GETFD) >= 0) {
            return 0;
        }
    }
    return 1;
}

static shmring_atomic_u64 done;

/* The log of a daemon, in another thread and at every moment. */
static void *write_a_log(void *arg)
{
    (void)arg;
    while (shmring_load_relaxed(&done) == 0) {
        (void)!write(1, "the log of a daemon\n", 20);
        (void)!write(2, "the log of a daemon\n", 20);
    }
    return NULL;
}

static int look_on(const char *name, void *arg)
{
    (void)name;
    (void)arg;
    return 0;
}

static int live_without(int mask)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p;
    shmring_consumer *c;
    shmring_observer *watch;
    shmring_verdict v;
    uint32_t n;
    char b[8];
    int fd, ok = 1, round;

    for (fd = 0; fd <= 2; fd++) {
        if ((mask >> fd & 1) != 0) {
            (void)close(fd);
        }
    }
    for (round = 0; round < 50 && ok; round++) {
        ok = shmring_producer_open(&p, rig_name, &o) == SHMRING_OK &&
             shmring_consumer_open(&c, rig_name, NULL) == SHMRING_OK &&
             shmring_observer_open(&watch, rig_name, NULL) == SHMRING_OK &&
             shmring_consumer_fd(c) > 2 && shmring_producer_fd(p) > 2 &&
             shmring_list(look_on, NULL) == SHMRING_OK && shmring_prune(&n) == SHMRING_OK;
        ok = ok && shmring_try_send(p, "x", 1, 0) == SHMRING_OK &&
             shmring_recv(c, b, sizeof b, NULL, SHMRING_FOREVER) == SHMRING_OK &&
             shmring_verify(rig_name, &v) == SHMRING_OK && low_are_closed(mask);
        if (ok) {
            shmring_observer_close(watch);
            shmring_producer_close(p);
            shmring_consumer_close(c);
        }
    }
    return ok && low_are_closed(mask) ? 0 : 1;
}

static int live_with_a_log(void *arg)
{
    int mask = *(int *)arg, how;
    pthread_t thread;

    (void)close(1);
    (void)close(2);
    if (pthread_create(&thread, NULL, write_a_log, NULL) != 0) {
        return 2;
    }
    how = live_without(mask);
    shmring_store_relaxed(&done, 1);
    (void)pthread_join(thread, NULL);
    return how;
}

static void shouldTakeNoDescriptorBelowThree(void)
{
    int *mask = process_shared(sizeof *mask);

    for (*mask = 1; *mask <= 7; (*mask)++) {
        if ((*mask & 6) == 6) { /* or the log goes into this program's output */
            (void)new_name();
            CHECK_EQ(in_child(live_with_a_log, mask), 0);
        }
    }
    process_unshare(mask, sizeof *mask);
}

static int live_without_each(void *arg)
{
    return live_without(*(int *)arg);
}

static void shouldTakeNoSingleDescriptorBelowThree(void)
{
    int *mask = process_shared(sizeof *mask);

    for (*mask = 1; *mask <= 4; *mask *= 2) {
        (void)new_name();
        CHECK_EQ(in_child(live_without_each, mask), 0);
    }
    process_unshare(mask, sizeof *mask);
}

/* ---- closefrom() ---- */

#define MINE 40 /* numbers that the program takes afterwards */

static char path[64];

static int is_untouched(int fd)
{
    char b[64];
    int i;

    if (fcntl(fd, F_GETFD) < 0 || pread(fd, b, sizeof b, (off_t)SHMRING_SIGNAL_AT) != 64) {
        return 0;
    }
    for (i = 0; i < 64; i++) {
        if (b[i] != 'D') {
            return 0;
        }
    }
    return 1;
}

static int close_all_and_go_on(void *arg)
{
    static char d[131072];
    struct pair pair = {NULL, NULL};
    shmring_options o = options_of(KIB64);
    char b[4096] = "";
    int fd, i, first;

    (void)arg;
    if (shmring_producer_open(&pair.p, rig_name, &o) != SHMRING_OK ||
        shmring_consumer_open(&pair.c, rig_name, NULL) != SHMRING_OK ||
        shmring_consumer_fd(pair.c) < 0 || shmring_producer_fd(pair.p) < 0) {
        return 1;
    }
    for (fd = 3; fd < MINE; fd++) {
        (void)close(fd);
    }
    (void)memset(d, 'D', sizeof d);
    first = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (first != 3 || write(first, d, sizeof d) != (ssize_t)sizeof d) {
        return 2;
    }
    for (i = 4; i < MINE; i++) {
        if (dup(first) != i) {
            return 3;
        }
    }
    while (shmring_try_send(pair.p, b, sizeof b, 0) == SHMRING_OK) {
        continue;
    }
    while (shmring_try_recv(pair.c, b, sizeof b, NULL) == SHMRING_OK) {
        continue;
    }
    if (shmring_recv(pair.c, b, sizeof b, NULL, MS) != SHMRING_TIMEOUT) {
        return 4;
    }
    shmring_producer_close(pair.p);
    if (shmring_recv(pair.c, b, sizeof b, NULL, SHMRING_FOREVER) != SHMRING_CLOSED) {
        return 5;
    }
    shmring_consumer_close(pair.c);
    for (i = 3; i < MINE; i++) {
        if (!is_untouched(i)) {
            return 6;
        }
    }
    return 0;
}

static void shouldLeaveTheProgramsFilesAloneAfterClosefrom(void)
{
    shmring_producer *p;

    (void)snprintf(path, sizeof path, "/dev/shm/unit.closefrom.%ld", (long)getpid());
    (void)new_name();
    CHECK_EQ(in_child(close_all_and_go_on, NULL), 0);
    CHECK_EQ(unlink(path), 0);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK); /* reaps what stayed */
    shmring_producer_close(p);
    CHECK(!is_there(rig_name));
}

static int count_open(void)
{
    int fd, n = 0;

    for (fd = 3; fd < MINE; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

/* Observers take the numbers that were the producer's and the consumer's, of the same ring. */
static int open_again_on_the_same_numbers(void *arg)
{
    struct pair pair = {NULL, NULL};
    shmring_options o = options_of(KIB64);
    shmring_observer *old = NULL, *watch[3] = {NULL, NULL, NULL};
    char b[8];
    int fd, i;

    (void)arg;
    if (shmring_producer_open(&pair.p, rig_name, &o) != SHMRING_OK ||
        shmring_consumer_open(&pair.c, rig_name, NULL) != SHMRING_OK ||
        shmring_observer_open(&old, rig_name, NULL) != SHMRING_OK) {
        return 1;
    }
    for (fd = 3; fd < MINE; fd++) {
        (void)close(fd);
    }
    for (i = 0; i < 3; i++) {
        if (shmring_observer_open(&watch[i], rig_name, NULL) != SHMRING_OK) {
            return 2;
        }
    }
    if (shmring_try_send(pair.p, "hello", 6, 0) != SHMRING_OK) {
        return 3;
    }
    shmring_observer_close(old);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    if (count_open() != 3) {
        return 10;
    }
    for (i = 0; i < 3; i++) {
        if (shmring_observe(watch[i], b, sizeof b, NULL) != SHMRING_OK) {
            return 20 + i;
        }
        shmring_observer_close(watch[i]);
    }
    return count_open() == 0 ? 0 : 30;
}

static void shouldLeaveLaterOpensOfTheRingAloneAfterClosefrom(void)
{
    shmring_producer *p;

    (void)new_name();
    CHECK_EQ(in_child(open_again_on_the_same_numbers, NULL), 0);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK); /* reaps what stayed */
    shmring_producer_close(p);
    CHECK(!is_there(rig_name));
}

int main(void)
{
    RUN(shouldTakeNoDescriptorBelowThree);
    RUN(shouldTakeNoSingleDescriptorBelowThree);
    RUN(shouldLeaveTheProgramsFilesAloneAfterClosefrom);
    RUN(shouldLeaveLaterOpensOfTheRingAloneAfterClosefrom);
    return check_done();
}
