/* SPDX-License-Identifier: MIT */
/* status.h - what every call answers, and the sentence behind an error. */
#ifndef SHMRING_STATUS_H
#define SHMRING_STATUS_H

#include <shmring/detail/compiler.h>

SHMRING_BEGIN_DECLS

typedef enum shmring_status {
    SHMRING_OK = 0,

    /* Flow: positive, not errors. */
    SHMRING_EMPTY = 1,     /* no record to read now */
    SHMRING_FULL = 2,      /* no room for this record now */
    SHMRING_TIMEOUT = 3,   /* the deadline passed first */
    SHMRING_CLOSED = 4,    /* the other side closed in order, and everything was read */
    SHMRING_PEER_DEAD = 5, /* the other side's process died; everything committed was read */
    SHMRING_LAPPED = 6,    /* overwrite/observer: records were lost before this one */

    /* Errors: negative; shmring_error_detail() has the sentence. */
    SHMRING_E_INVALID = -1,      /* an argument or the moment of the call is wrong */
    SHMRING_E_NAME = -2,         /* not a ring name */
    SHMRING_E_NOT_FOUND = -3,    /* no ring of that name */
    SHMRING_E_EXISTS = -4,       /* SHMRING_CREATE_ONLY, and the ring is there */
    SHMRING_E_BUSY = -5,         /* the role is taken by a living process */
    SHMRING_E_ACCESS = -6,       /* the object is somebody else's, or not a ring */
    SHMRING_E_PRIVILEGE = -7,    /* the system wants a privilege the caller lacks */
    SHMRING_E_NO_SPACE = -8,     /* the shared-memory file system is full */
    SHMRING_E_NO_MEMORY = -9,    /* no memory or no address space */
    SHMRING_E_VERSION = -10,     /* another layout version */
    SHMRING_E_MISMATCH = -11,    /* an option differs from the existing ring's */
    SHMRING_E_CORRUPT = -12,     /* the shared bytes cannot be true; stays so for the handle */
    SHMRING_E_TOO_BIG = -13,     /* larger than max_record, or than the caller's buffer */
    SHMRING_E_UNSUPPORTED = -14, /* not on this system, or not in this kind of ring */
    SHMRING_E_OS = -15           /* another error of the operating system */
} shmring_status;

/* A few words for a status, as "ring role is taken".
 * status: any value; an unknown one gives "unknown status".
 * Returns a constant string.
 * Any thread, signal handlers too, and after fork; wait-free. Touches no shared memory, so a death
 * leaves nothing. Since 0.1. */
SHMRING_API const char *shmring_status_text(shmring_status status);

/* This thread's last error as one sentence that names the ring, the values and what to do; one
 * line, without control characters.
 * Returns a string that is valid until this thread's next failing call, "" if none has failed.
 * SHMRING_OK and positive statuses (EMPTY, FULL ...) leave it untouched, whatever happened inside.
 * Any thread, each with its own, and after fork; wait-free; not in signal handlers, which may have
 * interrupted its making. Touches no shared memory, so a death leaves nothing. Since 0.1. */
SHMRING_API const char *shmring_error_detail(void);

SHMRING_END_DECLS

#endif
