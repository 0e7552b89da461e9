/* SPDX-License-Identifier: MIT */
/* ring_object.h - the object behind a ring, for tests that play a hostile or broken peer: a file on
 * Linux, a section on Windows. ring_object_linux.c and ring_object_windows.c fulfil it; the build
 * chooses. */
#ifndef SHMRING_TESTS_SUPPORT_RING_OBJECT_H
#define SHMRING_TESTS_SUPPORT_RING_OBJECT_H

#include <stddef.h>
#include <stdint.h>

/* Whether there is anything under the ring's name. */
int behind_exists(const char *name);

/* 1 when all n bytes were there. */
int behind_read(const char *name, uint64_t at, void *bytes, size_t n);
int behind_write(const char *name, uint64_t at, const void *bytes, size_t n);

/* Keeps a PERSISTENT ring though nobody has it open, as it stays on Linux anyway; 1 on success. And
 * takes it away. */
int behind_keep(const char *name);
int behind_remove(const char *name);

/* Makes an object of those bytes under the name, as a stranger could; behind_remove() takes it
 * away. */
int behind_plant(const char *name, const void *bytes, size_t n);

/* NULL, or why a ring's name cannot be removed from under its users here. */
const char *behind_cannot_remove(void);

/* What this process holds of the system's: open descriptors or handles, and views of shared memory.
 */
struct behind_held {
    unsigned handles, views;
};
struct behind_held behind_held_now(void);

/* This user's number as shmring_inspect() gives it. */
uint64_t behind_user(void);

#endif
