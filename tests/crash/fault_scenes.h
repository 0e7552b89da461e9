/* SPDX-License-Identifier: MIT */
/* fault_scenes.h - the operations whose system calls fail in fault_test.c. */
#ifndef SHMRING_TESTS_FAULT_SCENES_H
#define SHMRING_TESTS_FAULT_SCENES_H

#include "step_life.h"

struct scene {
    const char *name;
    void (*before)(struct run *run); /* in the test's process */
    void (*begin)(struct run *run);  /* in the child, before its mark; or NULL */
    shmring_status (*operation)(struct run *run);
    void (*undo)(struct run *run); /* of an operation that went well; or NULL */
    void (*end)(struct run *run);  /* of begin() */
    void (*after)(struct run *run);
    int nameless; /* the operation is not about one ring */
};

extern const struct scene scenes[]; /* the first one opens a ring */
extern const uint32_t scene_count;

#endif
