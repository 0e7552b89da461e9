/* SPDX-License-Identifier: MIT */
/* faults.h - which error each system call may answer, by its manual page, where it can really come
 * from a tmpfs, an inotify or a futex; and what the library then has to say. */
#ifndef SHMRING_TESTS_FAULTS_H
#define SHMRING_TESTS_FAULTS_H

#include <shmring/status.h>

#include "step_call.h"

#define ANY 0

struct fault {
    long call;
    const char *path; /* NULL: any; else what the call's path begins with */
    int error;
    int may_pass;        /* 1: the library may find a way round; 2: it must */
    shmring_status want; /* else; ANY: which one depends on the step */
    int made;            /* the call is made all the same */
};

extern const struct fault faults[];
extern const uint32_t fault_count;

/* The n-th fault, from 0, that this call can have. NULL when there are no more. */
const struct fault *fault_of(const struct step_call *call, uint32_t n);

#endif
