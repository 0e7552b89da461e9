/* SPDX-License-Identifier: MIT */
/* windows.h - what the parts of the Windows host share. */
#ifndef SHMRING_SRC_CLI_HOST_WINDOWS_WINDOWS_H
#define SHMRING_SRC_CLI_HOST_WINDOWS_WINDOWS_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <stdint.h>

/* Notes GetLastError() for host_error(); returns 0. */
int host_failed(void);
/* The same for an error that was read already. */
int host_failed_with(DWORD error);

DWORD host_last_error(void);

/* Set from the first request to stop on. Made by host_start(). */
HANDLE host_stop_event(void);

/* Ends our children, from the thread on which a stop arrives: whatever waits for them goes on. */
void host_stop_children(void);

/* The time for a wait of the system's, rounded up. */
DWORD host_milliseconds(uint64_t ns);

/* UTF-16 to UTF-8, allocated; NULL when there is no memory. */
char *host_utf8(const wchar_t *text);

#endif
