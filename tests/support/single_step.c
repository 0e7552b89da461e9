/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "single_step.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "process.h"

#define MARK       SIGWINCH /* ignored by those whom nobody traces */
#define CALL_TRAP  (SIGTRAP | 0x80)
#define NOT_TRACED 77

extern const char __executable_start[], etext[]; /* the linker's: this program's instructions */

void step_mark(void)
{
    (void)raise(MARK);
}

/* ---- one processor's part ---- */

#if defined __x86_64__ || defined __i386__ || defined __aarch64__
static uintptr_t pc_of(const struct user_regs_struct *regs)
{
#if defined __x86_64__
    return (uintptr_t)regs->rip;
#elif defined __i386__
    return (uintptr_t)regs->eip;
#else
    return (uintptr_t)regs->pc;
#endif
}

/* Whether these are the first bytes of an instruction that calls the system. */
static int is_call(unsigned long word)
{
#if defined __aarch64__
    return (word & 0xFFFFFFFFu) == 0xD4000001u; /* svc 0 */
#else
    word &= 0xFFFFu;
    return word == 0x050Fu || word == 0x340Fu || word == 0x80CDu; /* syscall, sysenter, int 0x80 */
#endif
}

#if defined __aarch64__
#define BREAKPOINT(word) (((word) & ~0xFFFFFFFFul) | 0xD4200000ul) /* brk 0 */
#else
#define BREAKPOINT(word) (((word) & ~0xFFul) | 0xCCul) /* int3 */
#endif

/* The processor stands at a breakpoint, or behind it: it goes back to its address. */
static int go_back(pid_t child, uintptr_t pc)
{
    struct user_regs_struct regs;
    struct iovec io = {&regs, sizeof regs};

    if (ptrace(PTRACE_GETREGSET, child, (void *)(uintptr_t)NT_PRSTATUS, &io) != 0) {
        return 0;
    }
#if defined __x86_64__
    if ((uintptr_t)regs.rip != pc + 1) {
        return 0;
    }
    regs.rip = pc;
#elif defined __i386__
    if ((uintptr_t)regs.eip != pc + 1) {
        return 0;
    }
    regs.eip = (long)pc;
#else
    if ((uintptr_t)regs.pc != pc) {
        return 0;
    }
#endif
    return ptrace(PTRACE_SETREGSET, child, (void *)(uintptr_t)NT_PRSTATUS, &io) == 0;
}

static int can_step(void)
{
    return 1;
}

static uintptr_t read_pc(pid_t child)
{
    struct user_regs_struct regs;
    struct iovec io = {&regs, sizeof regs};

    return ptrace(PTRACE_GETREGSET, child, (void *)(uintptr_t)NT_PRSTATUS, &io) == 0 ? pc_of(&regs)
                                                                                     : 0;
}
#else
static int is_call(unsigned long word)
{
    return word == 0;
}

#define BREAKPOINT(word) (word)

static int go_back(pid_t child, uintptr_t pc)
{
    (void)child;
    return pc == 0;
}

static int can_step(void)
{
    return 0;
}

static uintptr_t read_pc(pid_t child)
{
    return (uintptr_t)child;
}
#endif

static int is_at_call(pid_t child, uintptr_t pc)
{
    errno = 0;
    return is_call((unsigned long)ptrace(PTRACE_PEEKTEXT, child, (void *)pc, 0)) && errno == 0;
}

/* ---- the child ---- */

struct errand {
    int (*body)(void *arg);
    void *arg;
};

static int traced_body(void *arg)
{
    const struct errand *errand = arg;

    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
        return NOT_TRACED;
    }
    return errand->body(errand->arg);
}

/* The signal that stopped the child; 0 when it has ended, and *ret_status says how. */
static int wait_stop(pid_t child, int *ret_status)
{
    *ret_status = 0;
    while (waitpid(child, ret_status, 0) < 0 && errno == EINTR) {
    }
    return WIFSTOPPED(*ret_status) ? WSTOPSIG(*ret_status) : 0;
}

static int go(enum __ptrace_request how, pid_t child)
{
    int status;

    return ptrace(how, child, 0, 0) == 0 ? wait_stop(child, &status) : 0;
}

pid_t step_start(int (*body)(void *arg), void *arg)
{
    struct errand errand = {body, arg};
    pid_t child;
    int status;

    if (!can_step()) {
        return 0;
    }
    child = process_start(traced_body, &errand);
    if (wait_stop(child, &status) == MARK) {
        (void)ptrace(PTRACE_SETOPTIONS, child, 0,
                     (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
        return child;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_TRACED) {
        return 0;
    }
    printf("# the child did not come to its mark: %#x\n", (unsigned)status);
    exit(1);
}

/* How often the last places, as many as at->steps, were at the same address. */
static uint32_t visits_of(const struct step_path *path, const struct step_place *at)
{
    uint32_t back;

    for (back = 1; back <= at->steps; back++) {
        if (path->places[path->count - back].pc == at->pc) {
            return path->places[path->count - back].visits + 1;
        }
    }
    return 0;
}

int step_record(pid_t child, struct step_path *ret)
{
    struct step_place at = {0, 0, 0, 0, 1, 0};
    int signal = SIGTRAP;
    uint32_t before, called;

    ret->count = ret->ours = 0;
    while (signal == SIGTRAP && ret->count < STEP_PLACES_MAX) {
        before = at.ours;
        at.pc = read_pc(child);
        at.ours = at.pc >= (uintptr_t)__executable_start && at.pc < (uintptr_t)etext;
        at.enter = before && !at.ours;
        at.visits = visits_of(ret, &at);
        ret->places[ret->count++] = at;
        ret->ours += at.ours;
        called = (uint32_t)is_at_call(child, at.pc);
        signal = go(PTRACE_SINGLESTEP, child);
        at.steps = called ? 0 : at.steps + 1;
        at.calls += called;
    }
    (void)process_kill(child);
    return signal == MARK;
}

/* A breakpoint costs about as much as this many single steps. */
#define BREAK_COSTS 4

/* From before an instruction at pc to before the next one at pc; 0 when a call, a mark or the end
 * comes first, or when nothing can be written there. */
static int to_breakpoint(pid_t child, uintptr_t pc)
{
    unsigned long word;
    int signal;

    errno = 0;
    word = (unsigned long)ptrace(PTRACE_PEEKTEXT, child, (void *)pc, 0);
    if (errno != 0 || ptrace(PTRACE_POKETEXT, child, (void *)pc, (void *)BREAKPOINT(word)) != 0) {
        return 0;
    }
    signal = go(PTRACE_SYSCALL, child);
    if (signal == 0 || ptrace(PTRACE_POKETEXT, child, (void *)pc, (void *)word) != 0) {
        return 0;
    }
    return signal == SIGTRAP && go_back(child, pc);
}

/* The child stands behind the system calls of its way to the place. */
static int run_to(pid_t child, const struct step_place *place)
{
    uint32_t left = place->visits + 1;

    if (read_pc(child) == place->pc && --left == 0) {
        return 1;
    }
    while (to_breakpoint(child, place->pc)) {
        while (read_pc(child) == place->pc) { /* more than once with a string instruction */
            if (--left == 0) {
                return 1;
            }
            if (go(PTRACE_SINGLESTEP, child) != SIGTRAP) {
                return 0;
            }
        }
    }
    return 0;
}

int step_to(pid_t child, const struct step_place *place)
{
    uint32_t i;

    for (i = 0; i < 2 * place->calls; i++) {
        if (go(PTRACE_SYSCALL, child) != CALL_TRAP) {
            return 0;
        }
    }
    if ((uint64_t)BREAK_COSTS * (place->visits + 1) < place->steps) {
        return run_to(child, place);
    }
    for (i = 0; i < place->steps; i++) {
        if (go(PTRACE_SINGLESTEP, child) != SIGTRAP) {
            return 0;
        }
    }
    return read_pc(child) == place->pc;
}

void step_stop(pid_t child)
{
    siginfo_t info;

    (void)kill(child, SIGSTOP); /* waits until it runs again, and is before its next instruction */
    (void)ptrace(PTRACE_DETACH, child, 0, 0);
    (void)waitid(P_PID, (id_t)child, &info, WSTOPPED | WEXITED | WNOWAIT);
}
