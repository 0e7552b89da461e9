/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "step_call.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#define CALL_TRAP (SIGTRAP | 0x80)

/* Runs on to the next stop; 1 when that is before or behind a call. */
static int to_call(pid_t child)
{
    int status = 0;

    if (ptrace(PTRACE_SYSCALL, child, 0, 0) != 0) {
        return 0;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSTOPPED(status) && WSTOPSIG(status) == CALL_TRAP;
}

int step_next_call(pid_t child, struct step_call *ret)
{
    struct __ptrace_syscall_info info;
    struct iovec here = {ret->text, sizeof ret->text - 1}, there;

    do { /* behind the last one first */
        if (!to_call(child) ||
            ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof info, &info) <= 0) {
            return 0;
        }
    } while (info.op != PTRACE_SYSCALL_INFO_ENTRY);
    ret->number = (long)info.entry.nr;
    memcpy(ret->args, info.entry.args, sizeof ret->args);
    memset(ret->text, 0, sizeof ret->text);
    there.iov_base = (void *)(uintptr_t)ret->args[1];
    there.iov_len = sizeof ret->text - 1;
    (void)process_vm_readv(child, &here, 1, &there, 1, 0);
    return 1;
}

/* ---- one processor's part ---- */

#if defined __x86_64__ || defined __i386__ || defined __aarch64__
static int change(pid_t child, int enter, int error)
{
    struct user_regs_struct regs;
    struct iovec io = {&regs, sizeof regs};

    if (ptrace(PTRACE_GETREGSET, child, (void *)(uintptr_t)NT_PRSTATUS, &io) != 0) {
        return 0;
    }
#if defined __x86_64__
    *(enter ? &regs.orig_rax : &regs.rax) = (unsigned long long)(enter ? -1LL : -(long long)error);
#elif defined __i386__
    *(enter ? &regs.orig_eax : &regs.eax) = enter ? -1 : -error;
#else
    if (enter) {
        int none = -1;
        struct iovec call = {&none, sizeof none};

        return ptrace(PTRACE_SETREGSET, child, (void *)(uintptr_t)NT_ARM_SYSTEM_CALL, &call) == 0;
    }
    regs.regs[0] = (unsigned long long)-(long long)error;
#endif
    return ptrace(PTRACE_SETREGSET, child, (void *)(uintptr_t)NT_PRSTATUS, &io) == 0;
}
#else
static int change(pid_t child, int enter, int error)
{
    (void)child;
    return enter + error < 0;
}
#endif

int step_fail_call(pid_t child, int error, int made)
{
    return (made || change(child, 1, error)) && to_call(child) && change(child, 0, error) &&
           ptrace(PTRACE_DETACH, child, 0, 0) == 0;
}
