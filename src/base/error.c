/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <shmring/status.h>
#include <shmring/version.h>

#include "base/error.h"
#include "base/printable.h"

static _Thread_local char detail[SHMRING_DETAIL_SIZE];

const char *shmring_version(void)
{
    return SHMRING_VERSION_STRING;
}

const char *shmring_error_detail(void)
{
    return detail;
}

shmring_status shmring_fail(shmring_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    shmring_make_printable(detail); /* one line: a name may be untrusted bytes */
    return status;
}

void shmring_detail_keep(struct shmring_detail *ret)
{
    memcpy(ret->text, detail, sizeof ret->text);
}

shmring_status shmring_settle(const struct shmring_detail *kept, shmring_status status)
{
    if (status >= SHMRING_OK) {
        memcpy(detail, kept->text, sizeof detail);
    }
    return status;
}

const char *shmring_status_text(shmring_status status)
{
    switch (status) {
    case SHMRING_OK:
        return "ok";
    case SHMRING_EMPTY:
        return "ring is empty";
    case SHMRING_FULL:
        return "ring is full";
    case SHMRING_TIMEOUT:
        return "time is up";
    case SHMRING_CLOSED:
        return "other side closed the ring";
    case SHMRING_PEER_DEAD:
        return "other side died";
    case SHMRING_LAPPED:
        return "records were overwritten before they were read";
    case SHMRING_E_INVALID:
        return "invalid argument or call";
    case SHMRING_E_NAME:
        return "not a ring name";
    case SHMRING_E_NOT_FOUND:
        return "no such ring";
    case SHMRING_E_EXISTS:
        return "ring exists already";
    case SHMRING_E_BUSY:
        return "ring role is taken";
    case SHMRING_E_ACCESS:
        return "access refused";
    case SHMRING_E_PRIVILEGE:
        return "privilege is missing";
    case SHMRING_E_NO_SPACE:
        return "no space in shared memory";
    case SHMRING_E_NO_MEMORY:
        return "no memory or address space";
    case SHMRING_E_VERSION:
        return "another layout version";
    case SHMRING_E_MISMATCH:
        return "option differs from the existing ring";
    case SHMRING_E_CORRUPT:
        return "ring is corrupt";
    case SHMRING_E_TOO_BIG:
        return "record is too big";
    case SHMRING_E_UNSUPPORTED:
        return "not supported here";
    case SHMRING_E_OS:
        return "operating system error";
    }
    return "unknown status";
}
