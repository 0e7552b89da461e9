/* SPDX-License-Identifier: MIT */
/* rig_linux.h - rig.h, and what tests of Linux's own ways need besides. */
#ifndef SHMRING_TESTS_SUPPORT_RIG_LINUX_H
#define SHMRING_TESTS_SUPPORT_RIG_LINUX_H

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "rig.h"

RIG_INLINE const char *path_of(const char *name)
{
    static char path[320];

    (void)snprintf(path, sizeof path, "/dev/shm/shmring.%lu.%s", (unsigned long)geteuid(), name);
    return path;
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

/* Whether a forked child finds zeros where it is told to: qemu-user says yes and does nothing. */
RIG_INLINE int wipes_on_fork(void)
{
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    unsigned char *page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    int status = 1;
    pid_t child;

    if (page == MAP_FAILED || madvise(page, 65536, MADV_WIPEONFORK) != 0) {
        return 0;
    }
    page[0] = 1;
    child = fork();
    if (child == 0) {
        _exit(page[0]);
    }
    (void)waitpid(child, &status, 0);
    (void)munmap(page, 65536);
    return status == 0;
}

#endif
