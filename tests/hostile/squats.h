/* SPDX-License-Identifier: MIT */
/* squats.h - what another user may put under the name of a ring. Runs in a child, as that user. */
#ifndef SHMRING_TESTS_SQUATS_H
#define SHMRING_TESTS_SQUATS_H

#include <shmring/shmring.h>

#include "../support/must.h"

#define SQUATTER 54321u

struct squat {
    const char *what;
    /* At that path, for that name of that user. 1; 0 when the system itself forbids it. */
    int (*put)(const char *path, const char *name, uint32_t victim);
    const char *reason; /* that the refusal must give */
    int is_file;        /* so that inspect and verify may look at it */
};

extern const struct squat squats[];
extern const size_t squat_count;

/* Where the object of that user's ring lies; until the next call. */
const char *squat_path(uint32_t uid, const char *name);

#endif
