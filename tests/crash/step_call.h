/* SPDX-License-Identifier: MIT */
/* step_call.h - a stepped child (single_step.h) is led from system call to system call, and one of
 * them is made to fail. */
#ifndef SHMRING_TESTS_STEP_CALL_H
#define SHMRING_TESTS_STEP_CALL_H

#include <stdint.h>
#include <sys/types.h>

struct step_call {
    long number;
    uint64_t args[6];
    char text[16]; /* what args[1] points at, for calls whose second argument is a path */
};

/* From its mark, or from before a call, to before the next one. 1; 0 when the child came to its
 * other mark. */
int step_next_call(pid_t child, struct step_call *ret);

/* The child is before a call: it answers this error. made: the call is made nevertheless, as by a
 * close() that reports an error late. Then the child goes on, not traced any more. 1 on success. */
int step_fail_call(pid_t child, int error, int made);

#endif
