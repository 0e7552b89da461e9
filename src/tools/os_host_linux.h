/* SPDX-License-Identifier: MIT */
/* os_host_linux.h - what the two halves of the Linux host share. */
#ifndef SHMRING_TOOLS_OS_HOST_LINUX_H
#define SHMRING_TOOLS_OS_HOST_LINUX_H

#include <stdint.h>

/* Notes errno for host_error(); returns 0. */
int host_failed(void);

/* Waits for a descriptor; lets a stop end the wait. 1 when the descriptor has something to say. */
int host_wait_fd(int fd, short events, uint64_t timeout_ns);

#endif
