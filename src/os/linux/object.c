/* SPDX-License-Identifier: MIT */
/* object.c - objects: os.h over a tmpfs at /dev/shm. Their names are in os/linux/name.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/error.h"
#include "os/os.h"
#include "os/linux/linux.h"

#define SHM_FOLDER      SHMRING_LINUX_FOLDER
#define MARK_LEAST      (UINT64_C(1) << 30) /* fits an intptr_t of 32 bits, also doubled */
#define FALLOCATE_CHUNK (UINT64_C(64) << 20)
#define FALLOCATE_LEAST (UINT64_C(64) << 10)

void shmring_os_segment_init(struct shmring_os_segment *seg)
{
    memset(seg, 0, sizeof *seg);
    seg->object = -1;
    seg->probe = -1;
}

void shmring_linux_remember(struct shmring_os_segment *seg, const struct stat *st)
{
    seg->id[0] = (uint64_t)st->st_dev;
    seg->id[1] = (uint64_t)st->st_ino;
    seg->size = (uint64_t)st->st_size;
    seg->owner = (uint64_t)st->st_uid;
    seg->mode = (uint32_t)(st->st_mode & 07777);
}

/* /proc may be missing in a container, and then the name serves, if it still leads to the same
 * object. */
int shmring_linux_open_probe(int fd, const char *path, int flags)
{
    char self[64];
    struct stat ours, theirs;
    int probe;

    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    probe = shmring_linux_open(self, flags, 0);
    if (probe >= 0 || path == NULL) {
        return probe;
    }
    probe = shmring_linux_open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0);
    if (probe >= 0 && (fstat(fd, &ours) != 0 || fstat(probe, &theirs) != 0 ||
                       ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)) {
        shmring_linux_close(probe);
        probe = -1;
    }
    return probe;
}

/* ---- creation ---- */

/* Before Linux 6.18 a signal undoes all that one call has reserved: then smaller pieces, of which
 * one is done between two signals. */
int shmring_linux_reserve_pages(int fd, uint64_t size)
{
    uint64_t at = 0, piece = FALLOCATE_CHUNK;
    int error;

    while (at < size) {
        uint64_t n = size - at < piece ? size - at : piece;

        error = shmring_linux_reserve(fd, at, n);
        if (error == 0) {
            at += n;
            piece = piece < FALLOCATE_CHUNK ? piece * 2 : piece;
        } else if (error != EINTR) {
            return error;
        } else if (piece > FALLOCATE_LEAST) {
            piece /= 2;
        }
    }
    return 0;
}

const char *shmring_linux_limit_words(int error)
{
    switch (error) {
    case EFBIG:
        return "; raise this process's limit of file sizes (ulimit -f)";
    case EMFILE:
        return "; raise this process's limit of open files (ulimit -n)";
    case ENFILE:
        return "; raise the system's limit of open files (sysctl fs.file-max)";
    case EAGAIN:
        return "; raise this process's limit of locked memory (ulimit -l), or do without "
               "mlockall(MCL_FUTURE)";
    case ENOMEM:
        return "; look at this process's limit of address space (ulimit -v) and its cgroup's "
               "memory.max, or ask for a smaller capacity";
    default:
        return "";
    }
}

shmring_status shmring_linux_no_space(const struct shmring_name *name, uint64_t size, int error)
{
    struct statvfs fs;
    uint64_t free_bytes = 0;
    int no_files = 0;

    if (statvfs(SHM_FOLDER, &fs) == 0) {
        free_bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
        no_files = error == ENOSPC && fs.f_files != 0 && fs.f_ffree == 0;
    }
    if (error == EFBIG) {
        return shmring_fail(SHMRING_E_NO_SPACE, "ring '%s' needs a file of %" PRIu64 " bytes%s",
                            name->full, size, shmring_linux_limit_words(error));
    }
    if (no_files) {
        return shmring_fail(SHMRING_E_NO_SPACE,
                            "ring '%s': " SHM_FOLDER " has no file left (inodes): remove rings "
                            "(shmring prune), or mount it with a larger nr_inodes",
                            name->full);
    }
    if (shmring_linux_is_no_space(error) || error == ENOMEM) {
        return shmring_fail(SHMRING_E_NO_SPACE,
                            "ring '%s' needs %" PRIu64 " bytes and " SHM_FOLDER " has %" PRIu64
                            " free%s: ask for a smaller capacity, or remove rings (shmring prune)",
                            name->full, size, free_bytes,
                            error == EDQUOT ? ", but this user's quota is used up" : "");
    }
    return shmring_fail(SHMRING_E_OS,
                        "ring '%s': reserving %" PRIu64 " bytes in " SHM_FOLDER " failed: %s",
                        name->full, size, strerror(error));
}

shmring_status shmring_os_create(const struct shmring_name *name, uint64_t size,
                                 uint32_t permissions, const char *security, int huge,
                                 struct shmring_os_segment *ret, uint64_t *ret_huge)
{
    struct shmring_os_segment seg;
    struct stat st;
    uint64_t huge_bytes = 0;
    int fd, error;

    if (security != NULL) {
        return shmring_fail(SHMRING_E_UNSUPPORTED,
                            "ring '%s': options.security is for Windows; say who may open a ring "
                            "by options.permissions",
                            name->full);
    }
    shmring_os_segment_init(&seg);
    fd = shmring_linux_open(SHM_FOLDER, O_TMPFILE | O_RDWR, 0600);
    if (fd < 0) {
        error = errno;
        if (shmring_linux_is_no_space(error)) {
            return shmring_linux_no_space(name, size, error);
        }
        return shmring_fail(error == EACCES ? SHMRING_E_ACCESS : SHMRING_E_OS,
                            "ring '%s': cannot make a file in " SHM_FOLDER ": %s%s", name->full,
                            strerror(error), shmring_linux_limit_words(error));
    }
    seg.object = fd;
    error = shmring_linux_resize(fd, size);
    if (error == 0 && huge) {
        huge_bytes = shmring_linux_take_huge_pages(fd, size);
    }
    if (error == 0) {
        error = shmring_linux_reserve_pages(fd, size);
    }
    if (error != 0) {
        shmring_os_segment_drop(&seg);
        return shmring_linux_no_space(name, size, error);
    }
    if (fchmod(fd, (mode_t)permissions) != 0 || fstat(fd, &st) != 0) {
        error = errno;
        shmring_os_segment_drop(&seg);
        return shmring_fail(SHMRING_E_OS, "ring '%s': cannot set mode %04o: %s", name->full,
                            permissions, strerror(error));
    }
    shmring_linux_remember(&seg, &st);
    *ret = seg;
    *ret_huge = huge_bytes;
    return SHMRING_OK;
}

/* ---- opening ---- */

static shmring_status open_failed(const struct shmring_name *name, const char *path, int error)
{
    switch (error) {
    case ENOENT:
        return shmring_fail(
            SHMRING_E_NOT_FOUND,
            "no ring '%s' is open on this machine; start the process that makes it, "
            "or see 'shmring ls'",
            name->full);
    case ELOOP:
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s is a symbolic link, not a ring; remove it", name->full,
                            path);
    case EISDIR:
    case ENXIO:
    case ENODEV:
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s is not a plain file, so not a ring; remove it",
                            name->full, path);
    case EACCES:
    case EPERM:
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s may not be opened by user %lu; its owner can make it "
                            "with wider permissions",
                            name->full, path, (unsigned long)geteuid());
    default:
        return shmring_fail(SHMRING_E_OS, "ring '%s': opening %s failed: %s%s", name->full, path,
                            strerror(error), shmring_linux_limit_words(error));
    }
}

/* The number that the kernel shows for a user that this user namespace has no number for. */
static uint64_t overflow_user(void)
{
    char text[32];

    return shmring_linux_read_file("/proc/sys/kernel/overflowuid", text, sizeof text) > 0
               ? strtoull(text, NULL, 10)
               : 65534;
}

/* Whether the file is this process's user's. Of a number that stands for many users only the kernel
 * can tell which it is: it lets nobody but the owner have O_NOATIME. */
static int is_own(int fd, const struct stat *st)
{
    int flags;

    if (st->st_uid != geteuid() || st->st_uid != overflow_user()) {
        return st->st_uid == geteuid();
    }
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NOATIME) != 0) {
        return 0;
    }
    (void)fcntl(fd, F_SETFL, flags);
    return 1;
}

/* A second hard link, which others can make where the system lets them, is no reason to refuse: the
 * header says which name is the ring's. */
static shmring_status check_file(const struct shmring_name *name, const char *path, int fd,
                                 const struct stat *st, int any_owner)
{
    if (!S_ISREG(st->st_mode)) {
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s is not a plain file, so not a ring; remove it",
                            name->full, path);
    }
    if (!name->global && st->st_uid != name->user && any_owner != SHMRING_OS_PLANTED) {
        return shmring_fail(
            SHMRING_E_ACCESS,
            "ring '%s': %s belongs to user %lu and was planted under a name of user "
            "%" PRIu64 "; remove it (shmring rm)",
            name->full, path, (unsigned long)st->st_uid, name->user);
    }
    if (!any_owner && !is_own(fd, st)) {
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s belongs to user %lu%s and this process is user %lu; if "
                            "that is meant, open it with SHMRING_ANY_OWNER",
                            name->full, path, (unsigned long)st->st_uid,
                            st->st_uid == geteuid() ? " of another user namespace" : "",
                            (unsigned long)geteuid());
    }
    return SHMRING_OK;
}

shmring_status shmring_os_open(const struct shmring_name *name, int write, int any_owner,
                               struct shmring_os_segment *ret)
{
    struct shmring_os_segment seg;
    char path[SHMRING_LINUX_PATH_SIZE];
    struct stat st;
    shmring_status status;
    int flags = write ? O_RDWR : O_RDONLY;
    int fd;

    shmring_os_segment_init(&seg);
    shmring_linux_object_path(name, path);
    fd = shmring_linux_open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0) {
        return open_failed(name, path, errno);
    }
    seg.object = fd;
    if (fstat(fd, &st) != 0) {
        int error = errno;

        shmring_os_segment_drop(&seg);
        return open_failed(name, path, error);
    }
    status = check_file(name, path, fd, &st, any_owner);
    if (status == SHMRING_OK) {
        seg.probe = shmring_linux_open_probe(fd, path, flags);
        if (seg.probe < 0) {
            status = open_failed(name, path, errno);
        }
    }
    if (status != SHMRING_OK) {
        shmring_os_segment_drop(&seg);
        return status;
    }
    shmring_linux_mark_probe(&seg);
    shmring_linux_remember(&seg, &st);
    *ret = seg;
    return SHMRING_OK;
}

void shmring_linux_mark_probe(struct shmring_os_segment *seg)
{
    uint64_t random[2];
    off_t mark;

    shmring_os_random(random);
    mark = (off_t)(MARK_LEAST + random[0] % MARK_LEAST);
    seg->more[SHMRING_LINUX_MARK] =
        lseek((int)seg->probe, mark, SEEK_SET) == mark ? (intptr_t)mark : 0;
}

int shmring_linux_is_ours(const struct shmring_os_segment *seg)
{
    const intptr_t mark = seg->more[SHMRING_LINUX_MARK];
    struct stat st;

    if (fstat((int)seg->probe, &st) != 0) {
        return errno != EBADF;
    }
    return (uint64_t)st.st_dev == seg->id[0] && (uint64_t)st.st_ino == seg->id[1] &&
           (mark == 0 || lseek((int)seg->probe, 0, SEEK_CUR) == (off_t)mark);
}

void shmring_os_segment_drop(struct shmring_os_segment *seg)
{
    shmring_linux_drop_object(seg);
    if (seg->probe >= 0 && shmring_linux_is_ours(seg)) {
        shmring_linux_close(seg->probe);
    }
    shmring_os_segment_init(seg);
}

void shmring_os_segment_leave(struct shmring_os_segment *seg)
{
    shmring_os_segment_drop(seg); /* its name keeps it */
}
