/* SPDX-License-Identifier: MIT */
/* error.h - sets the sentence behind an error; error.c keeps it for the thread. */
#ifndef SHMRING_SRC_BASE_ERROR_H
#define SHMRING_SRC_BASE_ERROR_H

#include <shmring/status.h>

#define SHMRING_DETAIL_SIZE 512

/* Formats the detail and returns status, so that an error is one statement: return
 * shmring_fail(...). One sentence without a full stop: the ring, the values, what to do. */
shmring_status shmring_fail(shmring_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(__printf__, 2, 3)))
#endif
    ;

/* A call that goes on after a step of it failed, and succeeds, has set no detail. It keeps the
 * detail at its start, and at its end hands its status to shmring_settle(). That puts the kept one
 * back unless the call failed. Returns the status. */
struct shmring_detail {
    char text[SHMRING_DETAIL_SIZE];
};
void shmring_detail_keep(struct shmring_detail *ret);
shmring_status shmring_settle(const struct shmring_detail *kept, shmring_status status);

#endif
