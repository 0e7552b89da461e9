/* SPDX-License-Identifier: MIT */
/* process_linux.c - process.h by fork. */
#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

void process_pause_us(uint64_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

    (void)nanosleep(&t, NULL);
}

pid_t process_start(int (*body)(void *arg), void *arg)
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

int process_end(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return 255;
        }
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int process_has_ended(pid_t child)
{
    siginfo_t info;

    info.si_pid = 0;
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == child;
}

void process_end_both(pid_t a, pid_t b, int *ret_a, int *ret_b)
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

int process_kill(pid_t child)
{
    (void)kill(child, SIGKILL);
    return process_end(child);
}

void *process_shared(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

void process_unshare(void *shared, size_t size)
{
    (void)munmap(shared, size);
}

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

int process_refuse(enum process_call call, int error)
{
    static const uint32_t numbers[] = {SYS_membarrier, SYS_futex_waitv, SYS_inotify_init1};
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[call], 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
