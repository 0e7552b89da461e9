/* SPDX-License-Identifier: MIT */
/* os_linux.c - objects and names: os.h over a tmpfs at /dev/shm. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

#include "detail.h"
#include "os.h"
#include "os_linux.h"

#define SHM_FOLDER      "/dev/shm"
#define OBJECT_PREFIX   "shmring."
#define FALLOCATE_CHUNK (UINT64_C(64) << 20)

void shmring_os_segment_init(struct shmring_os_segment *seg)
{
    memset(seg, 0, sizeof *seg);
    seg->object = -1;
    seg->probe = -1;
}

void shmring_linux_object_path(const struct shmring_name *name, char path[SHMRING_LINUX_PATH_SIZE])
{
    const char *base = name->full + name->base_at;

    if (name->global) {
        (void)snprintf(path, SHMRING_LINUX_PATH_SIZE, SHM_FOLDER "/" OBJECT_PREFIX "%s", base);
    } else {
        (void)snprintf(path, SHMRING_LINUX_PATH_SIZE, SHM_FOLDER "/" OBJECT_PREFIX "%lu.%s",
                       (unsigned long)geteuid(), base);
    }
}

static void remember(struct shmring_os_segment *seg, const struct stat *st)
{
    seg->id[0] = (uint64_t)st->st_dev;
    seg->id[1] = (uint64_t)st->st_ino;
    seg->size = (uint64_t)st->st_size;
    seg->owner = (uint64_t)st->st_uid;
    seg->mode = (uint32_t)(st->st_mode & 07777);
}

/* The second description of an object that we have open. /proc may be missing in a container, and
 * then the name serves, if it still leads to the same object. */
static int open_probe(int fd, const char *path, int flags)
{
    char self[64];
    struct stat ours, theirs;
    int probe;

    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    probe = open(self, flags | O_CLOEXEC);
    if (probe >= 0 || path == NULL) {
        return probe;
    }
    probe = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (probe >= 0 && (fstat(fd, &ours) != 0 || fstat(probe, &theirs) != 0 ||
                       ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)) {
        close(probe);
        probe = -1;
    }
    return probe;
}

/* ---- creation ---- */

static int reserve_pages(int fd, uint64_t size)
{
    uint64_t at = 0;
    int error;

    while (at < size) {
        uint64_t n = size - at < FALLOCATE_CHUNK ? size - at : FALLOCATE_CHUNK;

        error = posix_fallocate(fd, (off_t)at, (off_t)n);
        if (error == 0) {
            at += n;
        } else if (error != EINTR) {
            return error;
        }
    }
    return 0;
}

static int set_size(int fd, uint64_t size)
{
    while (ftruncate(fd, (off_t)size) != 0) {
        if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static int is_out_of_space(int error)
{
    return error == ENOSPC || error == EDQUOT;
}

static shmring_status no_space(const struct shmring_name *name, uint64_t size, int error)
{
    struct statvfs fs;
    uint64_t free_bytes = 0;

    if (statvfs(SHM_FOLDER, &fs) == 0) {
        free_bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
    }
    if (is_out_of_space(error) || error == EFBIG || error == ENOMEM) {
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
    fd = open(SHM_FOLDER, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        error = errno;
        if (is_out_of_space(error)) {
            return no_space(name, size, error);
        }
        return shmring_fail(error == EACCES ? SHMRING_E_ACCESS : SHMRING_E_OS,
                            "ring '%s': cannot make a file in " SHM_FOLDER ": %s", name->full,
                            strerror(error));
    }
    seg.object = fd;
    error = set_size(fd, size);
    if (error == 0 && huge) {
        huge_bytes = shmring_linux_take_huge_pages(fd, size);
    }
    if (error == 0) {
        error = reserve_pages(fd, size);
    }
    if (error != 0) {
        shmring_os_segment_drop(&seg);
        return no_space(name, size, error);
    }
    if (fchmod(fd, (mode_t)permissions) != 0 || fstat(fd, &st) != 0) {
        error = errno;
        shmring_os_segment_drop(&seg);
        return shmring_fail(SHMRING_E_OS, "ring '%s': cannot set mode %04o: %s", name->full,
                            permissions, strerror(error));
    }
    remember(&seg, &st);
    *ret = seg;
    *ret_huge = huge_bytes;
    return SHMRING_OK;
}

shmring_status shmring_os_publish(const struct shmring_name *name, struct shmring_os_segment *seg)
{
    char self[64], path[SHMRING_LINUX_PATH_SIZE];
    int fd = (int)seg->object;

    shmring_linux_object_path(name, path);
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0 &&
        (errno != ENOENT || linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) != 0)) {
        int error = errno;

        if (is_out_of_space(error)) {
            return no_space(name, seg->size, error);
        }
        return shmring_fail(error == EEXIST ? SHMRING_E_EXISTS : SHMRING_E_OS,
                            "ring '%s': cannot take the name %s: %s", name->full, path,
                            strerror(error));
    }
    seg->probe = open_probe(fd, path, O_RDWR);
    if (seg->probe < 0) {
        int error = errno;

        (void)unlink(path);
        return shmring_fail(SHMRING_E_OS, "ring '%s': cannot open %s again: %s", name->full, path,
                            strerror(error));
    }
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
        return shmring_fail(SHMRING_E_OS, "ring '%s': opening %s failed: %s", name->full, path,
                            strerror(error));
    }
}

static shmring_status check_file(const struct shmring_name *name, const char *path,
                                 const struct stat *st, int any_owner)
{
    if (!S_ISREG(st->st_mode)) {
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s is not a plain file, so not a ring; remove it",
                            name->full, path);
    }
    if (st->st_uid != geteuid() && !any_owner) {
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s belongs to user %lu and this process is user %lu; if "
                            "that is meant, open it with SHMRING_ANY_OWNER",
                            name->full, path, (unsigned long)st->st_uid, (unsigned long)geteuid());
    }
    if (st->st_nlink > 1) {
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s has %lu names and a ring has one; remove it", name->full,
                            path, (unsigned long)st->st_nlink);
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
    fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return open_failed(name, path, errno);
    }
    seg.object = fd;
    if (fstat(fd, &st) != 0) {
        int error = errno;

        shmring_os_segment_drop(&seg);
        return open_failed(name, path, error);
    }
    status = check_file(name, path, &st, any_owner);
    if (status == SHMRING_OK) {
        seg.probe = open_probe(fd, path, flags);
        if (seg.probe < 0) {
            status = open_failed(name, path, errno);
        }
    }
    if (status != SHMRING_OK) {
        shmring_os_segment_drop(&seg);
        return status;
    }
    remember(&seg, &st);
    *ret = seg;
    return SHMRING_OK;
}

int shmring_os_read(const struct shmring_os_segment *seg, uint64_t at, void *buf, size_t n)
{
    return pread((int)seg->probe, buf, n, (off_t)at) == (ssize_t)n;
}

int shmring_os_write(const struct shmring_os_segment *seg, uint64_t at, const void *buf, size_t n)
{
    int fd = (int)(seg->probe >= 0 ? seg->probe : seg->object);

    return pwrite(fd, buf, n, (off_t)at) == (ssize_t)n;
}

int shmring_os_is_named(const struct shmring_name *name, const struct shmring_os_segment *seg)
{
    char path[SHMRING_LINUX_PATH_SIZE];
    struct stat st;

    shmring_linux_object_path(name, path);
    return lstat(path, &st) == 0 && (uint64_t)st.st_dev == seg->id[0] &&
           (uint64_t)st.st_ino == seg->id[1];
}

shmring_status shmring_os_unname(const struct shmring_name *name,
                                 const struct shmring_os_segment *seg)
{
    char path[SHMRING_LINUX_PATH_SIZE];

    shmring_linux_object_path(name, path);
    if (!shmring_os_is_named(name, seg)) {
        return shmring_fail(SHMRING_E_NOT_FOUND, "ring '%s' is gone already", name->full);
    }
    return unlink(path) == 0 ? SHMRING_OK : open_failed(name, path, errno);
}

void shmring_os_segment_drop(struct shmring_os_segment *seg)
{
    if (seg->object >= 0) {
        close((int)seg->object);
    }
    if (seg->probe >= 0) {
        close((int)seg->probe);
    }
    shmring_os_segment_init(seg);
}

/* The name behind a file of the folder: "" when it is no ring of ours to see. */
static void name_of_file(const char *file, char full[SHMRING_NAME_SIZE], int *ret_own)
{
    const char *base = file + strlen(OBJECT_PREFIX);
    char *rest;
    unsigned long uid;

    full[0] = '\0';
    *ret_own = 0;
    if (strncmp(file, OBJECT_PREFIX, strlen(OBJECT_PREFIX)) != 0) {
        return;
    }
    if (shmring_name_is_valid(base, strlen(base), 1)) {
        (void)snprintf(full, SHMRING_NAME_SIZE, "Global\\%.200s", base);
        *ret_own = 1;
        return;
    }
    uid = strtoul(base, &rest, 10);
    if (rest == base || *rest != '.' || !shmring_name_is_valid(rest + 1, strlen(rest + 1), 0)) {
        return;
    }
    *ret_own = uid == geteuid();
    (void)snprintf(full, SHMRING_NAME_SIZE, "Local\\%.200s", rest + 1);
}

shmring_status shmring_os_list(int (*each)(const char *name, int own, void *arg), void *arg)
{
    char full[SHMRING_NAME_SIZE];
    struct dirent *entry;
    DIR *folder = opendir(SHM_FOLDER);
    int own, error;

    if (folder == NULL) {
        return shmring_fail(SHMRING_E_OS, "cannot list " SHM_FOLDER ": %s", strerror(errno));
    }
    while ((void)(errno = 0), (entry = readdir(folder)) != NULL) {
        name_of_file(entry->d_name, full, &own);
        if (full[0] != '\0' && each(full, own, arg) != 0) {
            break;
        }
    }
    error = entry == NULL ? errno : 0;
    closedir(folder);
    return error == 0 ? SHMRING_OK
                      : shmring_fail(SHMRING_E_OS, "cannot list all of " SHM_FOLDER ": %s",
                                     strerror(error));
}
