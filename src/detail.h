/* SPDX-License-Identifier: MIT */
/* detail.h - sets the sentence behind an error; status.c keeps it for the thread. */
#ifndef SHMRING_DETAIL_H
#define SHMRING_DETAIL_H

#include <shmring/status.h>

/* Formats the detail and returns status, so that an error is one statement: return
 * shmring_fail(...). One sentence without a full stop: the ring, the values, what to do. */
shmring_status shmring_fail(shmring_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(__printf__, 2, 3)))
#endif
    ;

#endif
