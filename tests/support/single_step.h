/* SPDX-License-Identifier: MIT */
/* single_step.h - a child that is led through an operation one instruction at a time.
 *
 * The child says where the operation begins and ends with step_mark(). One child is stepped through
 * all of it, and its path is written down: each place as so many system calls, then so many
 * instructions. Others are led to one place of that path: from system call to system call, then to
 * a breakpoint at the place, both of which are quick, or by single steps where those are fewer.
 * There they are killed, or stopped as by SIGSTOP, and later let go on.
 */
#ifndef SHMRING_TESTS_SUPPORT_SINGLE_STEP_H
#define SHMRING_TESTS_SUPPORT_SINGLE_STEP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct step_place {
    uint32_t calls, steps;
    uint32_t visits; /* how often it went over pc in these steps, before it stands there */
    uintptr_t pc;
    uint32_t ours;  /* 1: an instruction of this program, so of the library or the test */
    uint32_t enter; /* 1: the first one of an excursion into the C library or the kernel's page */
};

#define STEP_PLACES_MAX 262144u

struct step_path {
    uint32_t count;
    uint32_t ours;
    struct step_place places[STEP_PLACES_MAX];
};

/* In the child: here it begins, or ends. Costs an untraced child nothing. */
void step_mark(void);

/* Starts body(arg) in a traced child, and leads it to its first mark. 0 when tracing is not
 * allowed or not known on this processor. */
pid_t step_start(int (*body)(void *arg), void *arg);

/* Steps to the second mark and writes the path down; kills the child. 1, or 0 when the child ended
 * before its mark, or its way is too long. A path is large: process_shared() has room for it. */
int step_record(pid_t child, struct step_path *ret);

/* Leads a child that is at its first mark to that place. 1; 0 when it came to another one, for the
 * way was not the same; it is stopped somewhere in the operation, or at its end, even so. */
int step_to(pid_t child, const struct step_place *place);

/* Lets the child be stopped where it is, as by SIGSTOP, and no longer traced. */
void step_stop(pid_t child);

#endif
