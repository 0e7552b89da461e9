/* SPDX-License-Identifier: MIT */
/* linux.h - what the two halves of the Linux host share. */
#ifndef SHMRING_SRC_CLI_HOST_LINUX_LINUX_H
#define SHMRING_SRC_CLI_HOST_LINUX_LINUX_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/* Notes errno for host_error(); returns 0. */
int host_failed(void);

/* The signals that ask for a stop. */
void host_stop_set(sigset_t *ret);

/* Writes all of it; a stop ends it. 1 on success. */
int host_write_fd(int fd, const void *buf, size_t n);
/* Whether who read the pipe, socket or terminal behind it has gone. */
int host_fd_is_gone(int fd);

/* Waits for a descriptor; lets a stop end the wait. 1 when the descriptor has something to say. */
int host_wait_fd(int fd, short events, uint64_t timeout_ns);

#endif
