/* SPDX-License-Identifier: MIT */
/* rig.h - what the unit tests share: names that no other run has, options in one line, and the file
 * behind a ring, for tests that play a hostile or broken peer. Linux only. */
#ifndef SHMRING_TESTS_RIG_H
#define SHMRING_TESTS_RIG_H

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <shmring/shmring.h>

#include "check.h"

#define TAIL_AT    (SHMRING_PRODUCER_AT + 0x080)
#define HEAD_AT    (SHMRING_CONSUMER_AT + 0x280)
#define CURSOR_AT  (SHMRING_CONSUMER_AT + 0x300)
#define KIB64      UINT64_C(65536)
#define MS         UINT64_C(1000000)
#define COMMITTED  SHMRING_WORD_COMMITTED
#define RIG_INLINE static inline __attribute__((unused))
#define DETAIL_HAS(text)                                                                           \
    do {                                                                                           \
        if (strstr(shmring_error_detail(), (text)) == NULL) {                                      \
            CHECK_FAIL_("the detail does not say \"%s\": %s", (text), shmring_error_detail());     \
        }                                                                                          \
    } while (0)

static char rig_name[64]; /* this test's ring */

/* A fresh name for the test that begins: the process and a number. */
RIG_INLINE const char *new_name(void)
{
    static unsigned n;

    (void)snprintf(rig_name, sizeof rig_name, "unit.%ld.%u", (long)getpid(), ++n);
    return rig_name;
}

RIG_INLINE const char *path_of(const char *name)
{
    static char path[320];

    (void)snprintf(path, sizeof path, "/dev/shm/shmring.%lu.%s", (unsigned long)geteuid(), name);
    return path;
}

RIG_INLINE int is_there(const char *name)
{
    struct stat st;

    return lstat(path_of(name), &st) == 0;
}

RIG_INLINE shmring_options options_of(uint64_t capacity)
{
    shmring_options o = SHMRING_OPTIONS_INIT;

    o.capacity = capacity;
    return o;
}

RIG_INLINE uint64_t word_of(uint32_t len, uint16_t type)
{
    return (uint64_t)len | (uint64_t)type << SHMRING_WORD_TYPE_AT | COMMITTED;
}

/* ---- the file behind a ring ---- */

RIG_INLINE void poke(const char *name, uint64_t at, const void *bytes, size_t n)
{
    int fd = open(path_of(name), O_RDWR | O_CLOEXEC);
    ssize_t done = fd >= 0 ? pwrite(fd, bytes, n, (off_t)at) : -1;

    if (fd >= 0) {
        close(fd);
    }
    CHECK_EQ(done, (ssize_t)n);
}

RIG_INLINE void poke64(const char *name, uint64_t at, uint64_t value)
{
    poke(name, at, &value, sizeof value);
}

RIG_INLINE void poke32(const char *name, uint64_t at, uint32_t value)
{
    poke(name, at, &value, sizeof value);
}

RIG_INLINE void look(const char *name, uint64_t at, void *bytes, size_t n)
{
    int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
    ssize_t done = fd >= 0 ? pread(fd, bytes, n, (off_t)at) : -1;

    if (fd >= 0) {
        close(fd);
    }
    CHECK_EQ(done, (ssize_t)n);
}

RIG_INLINE uint64_t look64(const char *name, uint64_t at)
{
    uint64_t value = 0;

    look(name, at, &value, sizeof value);
    return value;
}

/* ---- a pair ---- */

struct pair {
    shmring_producer *p;
    shmring_consumer *c;
};

RIG_INLINE struct pair open_pair(const shmring_options *o)
{
    struct pair pair = {NULL, NULL};

    CHECK_STATUS(shmring_producer_open(&pair.p, new_name(), o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
    return pair;
}

RIG_INLINE struct pair open_small_pair(void)
{
    shmring_options o = options_of(KIB64);

    return open_pair(&o);
}

RIG_INLINE struct pair open_byte_pair(void)
{
    shmring_options o = options_of(KIB64);

    o.framing = SHMRING_BYTES;
    return open_pair(&o);
}

RIG_INLINE void close_pair(struct pair *pair)
{
    shmring_producer_close(pair->p);
    shmring_consumer_close(pair->c);
    CHECK(!is_there(rig_name));
}

/* Sends records of len bytes until there is no room; returns how many went in. The refusal that
 * ends it is taken back. */
RIG_INLINE unsigned fill(shmring_producer *p, uint32_t len)
{
    static const unsigned char zeros[65536];
    unsigned n = 0;

    while (shmring_try_send(p, zeros, len, 0) == SHMRING_OK) {
        CHECK(++n < 100000); /* or the ring never says FULL */
    }
    shmring_producer_relax(p);
    return n;
}

/* Runs a function in a child; its exit status, or 128 and the signal that ended it. */
RIG_INLINE int in_child(int (*work)(void *arg), void *arg)
{
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        _exit(work(arg));
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Has that system call fail from now on, in this process. 0 when there are no filters here. */
RIG_INLINE int refuse(long call, int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {sizeof code / sizeof code[0], code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#endif
