/* SPDX-License-Identifier: MIT */
/* process.h - child processes for the tests that need two. */
#ifndef SHMRING_TESTS_PROCESS_H
#define SHMRING_TESTS_PROCESS_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline void process_pause_us(uint64_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

    (void)nanosleep(&t, NULL);
}

/* Runs body(arg) in a child; its result is the child's exit status. The child does not outlive its
 * parent. Fork comes before open: a handle is of no use after fork. */
static inline pid_t process_start(int (*body)(void *arg), void *arg)
{
    pid_t parent = getpid(), child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(99);
        }
        int result = body(arg);

        fflush(NULL);
        _exit(result);
    }
    if (child < 0) {
        perror("fork");
        exit(1);
    }
    return child;
}

/* Waits for the child's end. Its exit status, or minus the signal that ended it. */
static inline int process_end(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return 255;
        }
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Whether the child has ended; leaves it to be waited for. */
static inline int process_has_ended(pid_t child)
{
    siginfo_t info;

    info.si_pid = 0;
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child;
}

/* Waits for two children that work together: when one fails, the other is ended too. */
static inline void process_end_both(pid_t a, pid_t b, int *ret_a, int *ret_b)
{
    while (!process_has_ended(a) && !process_has_ended(b)) {
        process_pause_us(1000);
    }
    if (process_has_ended(a)) {
        *ret_a = process_end(a);
        if (*ret_a != 0) {
            (void)kill(b, SIGKILL);
        }
        *ret_b = process_end(b);
    } else {
        *ret_b = process_end(b);
        if (*ret_b != 0) {
            (void)kill(a, SIGKILL);
        }
        *ret_a = process_end(a);
    }
}

static inline int process_kill(pid_t child)
{
    (void)kill(child, SIGKILL);
    return process_end(child);
}

/* Zeroed memory that children started later share. */
static inline void *process_shared(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

#endif
