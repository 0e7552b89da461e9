/* SPDX-License-Identifier: MIT */
/* process.h - child processes for the tests that need two; process_linux.c and process_windows.c
 * fulfil it, and the build chooses one. */
#ifndef SHMRING_TESTS_SUPPORT_PROCESS_H
#define SHMRING_TESTS_SUPPORT_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* What process_end() says of a child that process_kill() ended. */
#define PROCESS_KILLED (-9)

/* At least that long. */
void process_pause_us(uint64_t us);

/* Runs body(arg) in a child; its result is the child's exit status. The child does not outlive its
 * parent. Where there is no fork, arg must lie in memory of process_shared(), and nothing else that
 * the parent has changed is there. Start comes before open: a handle is of no use in a child. */
pid_t process_start(int (*body)(void *arg), void *arg);

/* Waits for the child's end. Its exit status, or minus the signal that ended it. */
int process_end(pid_t child);

/* Whether the child has ended; leaves it to be waited for. */
int process_has_ended(pid_t child);

/* Waits for two children that work together: when one fails, the other is ended too. */
void process_end_both(pid_t a, pid_t b, int *ret_a, int *ret_b);

/* Ends the child at once, wherever it is. PROCESS_KILLED, or how it had ended before. */
int process_kill(pid_t child);

/* Zeroed memory that children started later share, at the same address. */
void *process_shared(size_t size);
void process_unshare(void *shared, size_t size);

enum process_call { PROCESS_MEMBARRIER, PROCESS_FUTEX_WAITV, PROCESS_INOTIFY };

/* From now on that system call answers this error in this process, as in a sandbox or an old
 * kernel. 0 where that cannot be had. */
int process_refuse(enum process_call call, int error);

#endif
