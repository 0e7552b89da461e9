/* SPDX-License-Identifier: MIT */
/* os_linux_lock.c - os.h's locks over OFD locks.
 *
 * The locks are four one-byte ranges of the object's file, on the open file description. A mapping
 * keeps its description alive, so the descriptor can be closed: a forked child then has neither the
 * descriptor nor, with MADV_DONTFORK, the mapping, and so not the lock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "detail.h"
#include "os.h"

#define ADMIN_TIMEOUT_NS UINT64_C(2000000000)

enum lock_byte { LOCK_ALIVE = 0, LOCK_PRODUCER = 1, LOCK_CONSUMER = 2, LOCK_ADMIN = 3 };

/* 0 on success, or an errno. */
static int set_lock(intptr_t fd, enum lock_byte byte, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl((int)fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

static int would_conflict(intptr_t fd, enum lock_byte byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl((int)fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

shmring_status shmring_os_lock_admin(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg)
{
    const struct timespec pause = {0, 200000};
    uint64_t deadline = shmring_os_clock_ns() + ADMIN_TIMEOUT_NS;
    int error;

    while ((error = set_lock(seg->probe, LOCK_ADMIN, F_WRLCK)) != 0) {
        if (error != EAGAIN && error != EACCES && error != EINTR) {
            return shmring_fail(SHMRING_E_OS, "ring '%s': locking failed: %s", name->full,
                                strerror(error));
        }
        if (shmring_os_clock_ns() > deadline) {
            return shmring_fail(SHMRING_E_BUSY,
                                "ring '%s': another process has been opening or closing it for 2 "
                                "seconds (stopped in a debugger?); try again",
                                name->full);
        }
        (void)nanosleep(&pause, NULL);
    }
    return SHMRING_OK;
}

void shmring_os_unlock_admin(const struct shmring_os_segment *seg)
{
    (void)set_lock(seg->probe, LOCK_ADMIN, F_UNLCK);
}

int shmring_os_is_held(const struct shmring_os_segment *seg)
{
    return would_conflict(seg->probe, LOCK_ALIVE);
}

int shmring_os_hold(const struct shmring_os_segment *seg)
{
    return set_lock(seg->object, LOCK_ALIVE, F_RDLCK) == 0;
}

void shmring_os_unhold(struct shmring_os_segment *seg)
{
    if (seg->object >= 0) {
        close((int)seg->object);
    }
    seg->object = -1;
}

int shmring_os_was_last(const struct shmring_os_segment *seg)
{
    return set_lock(seg->probe, LOCK_ALIVE, F_WRLCK) == 0;
}

shmring_status shmring_os_claim(const struct shmring_name *name, struct shmring_os_segment *seg,
                                enum shmring_role role)
{
    int error = set_lock(seg->object, role == SHMRING_ROLE_PRODUCER ? LOCK_PRODUCER : LOCK_CONSUMER,
                         F_WRLCK);

    if (error == EAGAIN || error == EACCES) {
        return SHMRING_E_BUSY;
    }
    if (error != 0) {
        return shmring_fail(SHMRING_E_OS, "ring '%s': locking failed: %s", name->full,
                            strerror(error));
    }
    return SHMRING_OK;
}

int shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role)
{
    return would_conflict(seg->probe,
                          role == SHMRING_ROLE_PRODUCER ? LOCK_PRODUCER : LOCK_CONSUMER);
}
