/* SPDX-License-Identifier: MIT */
/* os_linux.h - what the os_linux*.c files share. */
#ifndef SHMRING_OS_LINUX_H
#define SHMRING_OS_LINUX_H

#include <stdint.h>

#include "name.h"

#define SHMRING_LINUX_PATH_SIZE 320

/* The file behind a name. */
void shmring_linux_object_path(const struct shmring_name *name, char path[SHMRING_LINUX_PATH_SIZE]);

/* Fills the file with pages through a mapping that asks for huge ones, as far as they go; returns
 * how many bytes came on huge pages. What is left is reserved by the caller. */
uint64_t shmring_linux_take_huge_pages(int fd, uint64_t size);

/* Mappings that the guard knows. */
void shmring_linux_guard_add(const void *base, uint64_t bytes);
void shmring_linux_guard_remove(const void *base);

#endif
