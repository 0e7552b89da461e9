/* SPDX-License-Identifier: MIT */
/* os_linux.h - what the os_linux*.c files share. */
#ifndef SHMRING_OS_LINUX_H
#define SHMRING_OS_LINUX_H

#include <stdint.h>

/* Fills the file with pages through a mapping that asks for huge ones, as far as they go; returns
 * how many bytes came on huge pages. What is left is reserved by the caller. */
uint64_t shmring_linux_take_huge_pages(int fd, uint64_t size);

#endif
