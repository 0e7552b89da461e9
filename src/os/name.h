/* SPDX-License-Identifier: MIT */
/* name.h - ring names, the same on every platform. */
#ifndef SHMRING_SRC_BASE_NAME_H
#define SHMRING_SRC_BASE_NAME_H

#include <shmring/detail/layout.h>
#include <shmring/status.h>

struct shmring_name {
    char full[SHMRING_NAME_SIZE]; /* "Local\temps": how errors and the geometry write it */
    uint32_t base_at;             /* where "temps" starts in it; 0: no name, but a file's path */
    int global;
    int descriptor; /* 1 + the caller's descriptor that leads to the ring; 0: its name does */
    uint64_t user;  /* who asked for it: a Local name is this user's, whoever we are later */
};

/* Takes a name apart. OK, or E_NAME with the detail set. */
shmring_status shmring_name_parse(struct shmring_name *ret, const char *name);

/* Instead of a name, until the ring has said how it is called. */
void shmring_name_of_descriptor(struct shmring_name *ret, int fd);

/* Whether `base`, of length n, is a valid name without its prefix. */
int shmring_name_is_valid(const char *base, size_t n, int global);

#endif
