/* SPDX-License-Identifier: MIT */
/* lock.c - os.h's locks over OFD locks.
 *
 * The locks are four one-byte ranges of the object's file, on the open file description. A mapping
 * keeps its description alive, so the descriptor can be closed: a forked child then has neither the
 * descriptor nor, with MADV_DONTFORK, the mapping, and so not the lock. Some file systems map
 * another file than the one that is open (overlayfs): there the descriptor stays open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "os/os.h"
#include "os/linux/linux.h"

#define ADMIN_TIMEOUT_NS UINT64_C(2000000000)
#define ADMIN_PAUSE_NS   UINT64_C(200000)

/* Locks that try out what the file system does lie from here on; the protocol has none there. */
#define TRIAL_AT (UINT64_C(1) << 40)
#define TMPFS    UINT32_C(0x01021994)

enum lock_byte { LOCK_ALIVE = 0, LOCK_PRODUCER = 1, LOCK_CONSUMER = 2, LOCK_ADMIN = 3 };

/* 0 on success, or an errno. */
static int set_lock(intptr_t fd, enum lock_byte byte, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl((int)fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

/* Whether a lock of that type would conflict with another's: F_WRLCK with any, F_RDLCK with a write
 * lock, which only those can have who may write to the ring. */
static int would_conflict(intptr_t fd, enum lock_byte byte, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl((int)fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/* A process that may only read a ring can hold read locks on it. Roles and the admin lock are write
 * locks, so that a read lock there is nobody's of ours: it keeps them out and means nothing. */
static int is_blocked_by_reader(intptr_t fd, enum lock_byte byte)
{
    return !would_conflict(fd, byte, F_RDLCK) && would_conflict(fd, byte, F_WRLCK) &&
           !would_conflict(fd, byte, F_RDLCK);
}

static shmring_status blocked_by_reader(const struct shmring_name *name,
                                        const struct shmring_os_segment *seg, const char *what)
{
    return shmring_fail(SHMRING_E_ACCESS,
                        "ring '%s': its %s is free, but a process that is no peer keeps a read "
                        "lock on its file, which anybody can who may read it (mode %04o): end that "
                        "process (lsof), or make the ring with a mode like 0600",
                        name->full, what, seg->mode);
}

shmring_status shmring_os_lock_admin(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg)
{
    uint64_t deadline = shmring_os_clock_ns() + ADMIN_TIMEOUT_NS;
    int error;

    if (!shmring_linux_is_ours(seg)) {
        return shmring_fail(SHMRING_E_OS,
                            "ring '%s': this program has closed the library's descriptor "
                            "(closefrom?): close the ring and open it again",
                            name->full);
    }
    while ((error = set_lock(seg->probe, LOCK_ADMIN, F_WRLCK)) != 0) {
        if (error != EAGAIN && error != EACCES && error != EINTR) {
            return shmring_fail(SHMRING_E_OS, "ring '%s': locking failed: %s", name->full,
                                strerror(error));
        }
        if (is_blocked_by_reader(seg->probe, LOCK_ADMIN)) {
            return blocked_by_reader(name, seg, "lock for opening and closing");
        }
        if (shmring_os_clock_ns() > deadline) {
            return shmring_fail(SHMRING_E_BUSY,
                                "ring '%s': another process has been opening or closing it for 2 "
                                "seconds (stopped in a debugger?); try again",
                                name->full);
        }
        shmring_linux_pause(ADMIN_PAUSE_NS);
    }
    return SHMRING_OK;
}

void shmring_os_unlock_admin(const struct shmring_os_segment *seg)
{
    (void)set_lock(seg->probe, LOCK_ADMIN, F_UNLCK);
}

int shmring_os_can_rename(void)
{
    return 1;
}

int shmring_os_has_users(void)
{
    return 1;
}

int shmring_os_is_held(const struct shmring_os_segment *seg)
{
    return would_conflict(seg->probe, LOCK_ALIVE, F_WRLCK);
}

int shmring_os_hold(const struct shmring_os_segment *seg)
{
    return set_lock(seg->object, LOCK_ALIVE, F_RDLCK) == 0;
}

/* 1 when a lock stays that was taken through fd, after fd is closed, while fd's file is mapped. */
static int lock_outlives(int fd, intptr_t probe, int64_t byte)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    int locked = fcntl(fd, F_OFD_SETLK, &lock) == 0;
    void *page = locked ? mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

    shmring_linux_close(fd);
    if (page == MAP_FAILED) {
        return 0;
    }
    lock.l_type = F_WRLCK;
    locked = fcntl((int)probe, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    (void)munmap(page, 1);
    return locked;
}

int shmring_linux_mapping_keeps_locks(const struct shmring_name *name,
                                      const struct shmring_os_segment *seg)
{
    char path[SHMRING_LINUX_PATH_SIZE];
    struct statfs fs;
    uint64_t random[2];
    int fd;

    shmring_linux_object_path(name, path);
    fd = shmring_linux_open_probe((int)seg->object, path, O_RDONLY);
    if (fd < 0) { /* no descriptor left to try with: what is known of the usual file system */
        return fstatfs((int)seg->object, &fs) == 0 && (uint32_t)fs.f_type == TMPFS;
    }
    shmring_os_random(random); /* beside the locks that mean something, and those of other tries */
    return lock_outlives(fd, seg->probe, (int64_t)(TRIAL_AT + random[0] % TRIAL_AT));
}

void shmring_linux_drop_object(struct shmring_os_segment *seg)
{
    struct stat st;

    if (seg->object >= 0 && !seg->more[SHMRING_LINUX_KEPT]) {
        shmring_linux_close(seg->object);
    } else if (seg->object >= 0 && fstat((int)seg->object, &st) == 0 &&
               (uint64_t)st.st_dev == seg->id[0] && (uint64_t)st.st_ino == seg->id[1]) {
        shmring_linux_close(seg->object);
    }
    seg->object = -1;
    seg->more[SHMRING_LINUX_KEPT] = 0;
}

void shmring_os_unhold(struct shmring_os_segment *seg)
{
    if (seg->more[SHMRING_LINUX_KEPT] ||
        seg->more[SHMRING_LINUX_GIVEN]) { /* a forked child may have the descriptor, too */
        (void)set_lock(seg->object, LOCK_ALIVE, F_UNLCK);
        (void)set_lock(seg->object, LOCK_PRODUCER, F_UNLCK);
        (void)set_lock(seg->object, LOCK_CONSUMER, F_UNLCK);
    }
    shmring_linux_give_back(seg);
    shmring_linux_drop_object(seg);
}

int shmring_os_was_last(const struct shmring_os_segment *seg)
{
    /* Asked, not taken: the data may stay mapped through the probe for a while, and with it a lock
     * of the probe's. */
    return shmring_linux_is_ours(seg) && !would_conflict(seg->probe, LOCK_ALIVE, F_WRLCK);
}

shmring_status shmring_os_claim(const struct shmring_name *name, struct shmring_os_segment *seg,
                                enum shmring_role role)
{
    const enum lock_byte byte = role == SHMRING_ROLE_PRODUCER ? LOCK_PRODUCER : LOCK_CONSUMER;
    int error = set_lock(seg->object, byte, F_WRLCK);

    if (error == EAGAIN || error == EACCES) {
        return is_blocked_by_reader(seg->object, byte)
                   ? blocked_by_reader(name, seg,
                                       role == SHMRING_ROLE_PRODUCER ? "producer's role"
                                                                     : "consumer's role")
                   : SHMRING_E_BUSY;
    }
    if (error != 0) {
        return shmring_fail(SHMRING_E_OS, "ring '%s': locking failed: %s", name->full,
                            strerror(error));
    }
    return SHMRING_OK;
}

int shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role)
{
    if (!shmring_linux_is_ours(seg)) { /* nobody can be asked: who has not said CLOSED lives */
        return 1;
    }
    return would_conflict(seg->probe, role == SHMRING_ROLE_PRODUCER ? LOCK_PRODUCER : LOCK_CONSUMER,
                          F_RDLCK);
}
