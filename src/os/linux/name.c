/* SPDX-License-Identifier: MIT */
/* name.c - os.h's names over files in /dev/shm. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/error.h"
#include "os/os.h"
#include "os/linux/linux.h"

#define SHM_FOLDER    SHMRING_LINUX_FOLDER
#define OBJECT_PREFIX "shmring."

void shmring_linux_object_path(const struct shmring_name *name, char path[SHMRING_LINUX_PATH_SIZE])
{
    const char *base = name->full + name->base_at;

    if (name->global) {
        (void)snprintf(path, SHMRING_LINUX_PATH_SIZE, SHM_FOLDER "/" OBJECT_PREFIX "%s", base);
    } else {
        (void)snprintf(path, SHMRING_LINUX_PATH_SIZE, SHM_FOLDER "/" OBJECT_PREFIX "%lu.%s",
                       (unsigned long)name->user, base);
    }
}

/* ---- naming ---- */

static shmring_status not_published(const struct shmring_name *name, const char *path,
                                    const struct shmring_os_segment *seg, int error)
{
    if (shmring_linux_is_no_space(error)) {
        return shmring_linux_no_space(name, seg->size, error);
    }
    return shmring_fail(error == EEXIST ? SHMRING_E_EXISTS : SHMRING_E_OS,
                        "ring '%s': cannot take the name %s: %s%s", name->full, path,
                        strerror(error), shmring_linux_limit_words(error));
}

/* Without /proc there is a second open only by the name. From the name on others could come in; the
 * admin lock keeps them out until we have it, so that the name that we take back is nobody's. */
static shmring_status publish_without_proc(const struct shmring_name *name, const char *path,
                                           struct shmring_os_segment *seg)
{
    shmring_status status = SHMRING_OK;
    struct shmring_os_segment by_object = *seg;
    int error;

    by_object.probe = seg->object; /* whose locks are not the probe's */
    status = shmring_os_lock_admin(name, &by_object);
    if (status != SHMRING_OK) {
        return status;
    }
    if (linkat((int)seg->object, "", AT_FDCWD, path, AT_EMPTY_PATH) != 0) {
        status = not_published(name, path, seg, errno);
    } else {
        seg->probe = shmring_linux_open_probe((int)seg->object, path, O_RDWR);
        error = errno;
        if (seg->probe < 0) {
            if (shmring_os_is_named(name, seg)) {
                (void)unlink(path);
            }
            status = shmring_fail(SHMRING_E_OS, "ring '%s': cannot open %s again: %s%s", name->full,
                                  path, strerror(error), shmring_linux_limit_words(error));
        }
    }
    if (status == SHMRING_OK) {
        shmring_linux_mark_probe(seg);
    }
    shmring_os_unlock_admin(&by_object);
    return status;
}

shmring_status shmring_os_publish(const struct shmring_name *name, struct shmring_os_segment *seg)
{
    char self[64], path[SHMRING_LINUX_PATH_SIZE];
    int error;

    shmring_linux_object_path(name, path);
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", (int)seg->object);
    seg->probe =
        shmring_linux_open_probe((int)seg->object, NULL, O_RDWR); /* before anybody can come in */
    if (seg->probe < 0) {
        return publish_without_proc(name, path, seg);
    }
    if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0 &&
        (errno != ENOENT || linkat((int)seg->object, "", AT_FDCWD, path, AT_EMPTY_PATH) != 0)) {
        error = errno;
        shmring_linux_close(seg->probe);
        seg->probe = -1;
        return not_published(name, path, seg, error);
    }
    shmring_linux_mark_probe(seg);
    return SHMRING_OK;
}

/* ---- asking and taking away ---- */

int shmring_os_is_named(const struct shmring_name *name, const struct shmring_os_segment *seg)
{
    char path[SHMRING_LINUX_PATH_SIZE];
    struct stat st;

    if (seg->more[SHMRING_LINUX_NAMELESS]) { /* whoever may come has a descriptor */
        return 1;
    }
    shmring_linux_object_path(name, path);
    return lstat(path, &st) == 0 && (uint64_t)st.st_dev == seg->id[0] &&
           (uint64_t)st.st_ino == seg->id[1];
}

/* /dev/shm lets only the owner take a file's name away. A process that has changed its effective
 * user since it made the file may still act as the owner, if that is its real or saved user. The
 * call setfsuid() does so for file access, and in this thread alone. */
static int unlink_as(const char *path, uint64_t owner)
{
    int result = unlink(path), error;
    uid_t before;

    if (result == 0 || (errno != EPERM && errno != EACCES) || owner == geteuid()) {
        return result;
    }
    error = errno;
    before = (uid_t)setfsuid((uid_t)owner);
    if ((uid_t)setfsuid((uid_t)owner) == (uid_t)owner) { /* it tells who we were, not whether */
        result = unlink(path);
        error = errno;
    }
    (void)setfsuid(before);
    errno = error;
    return result;
}

shmring_status shmring_os_unname(const struct shmring_name *name,
                                 const struct shmring_os_segment *seg)
{
    char path[SHMRING_LINUX_PATH_SIZE];
    int error;

    if (seg->more[SHMRING_LINUX_NAMELESS]) {
        return SHMRING_OK;
    }
    shmring_linux_object_path(name, path);
    if (!shmring_os_is_named(name, seg)) {
        return shmring_fail(SHMRING_E_NOT_FOUND, "ring '%s' is gone already", name->full);
    }
    if (unlink_as(path, seg->owner) == 0) {
        return SHMRING_OK;
    }
    error = errno;
    return shmring_fail(error == ENOENT                     ? SHMRING_E_NOT_FOUND
                        : error == EACCES || error == EPERM ? SHMRING_E_ACCESS
                                                            : SHMRING_E_OS,
                        "ring '%s' of user %" PRIu64 " keeps its name: user %lu cannot remove %s "
                        "(%s); its owner or root can (shmring rm)",
                        name->full, seg->owner, (unsigned long)geteuid(), path, strerror(error));
}

/* ---- the list ---- */

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

/* Whether a file with a Local name of this user is this user's, and not planted there. */
static int is_users(DIR *folder, const char *file)
{
    struct stat st;

    return fstatat(dirfd(folder), file, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == geteuid();
}

static shmring_status list(int (*each)(const char *name, int own, void *arg), void *arg)
{
    char full[SHMRING_NAME_SIZE];
    struct dirent *entry;
    int fd = shmring_linux_open(SHM_FOLDER, O_RDONLY | O_DIRECTORY, 0);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    int own, error = errno;

    if (folder == NULL) {
        if (fd >= 0) {
            shmring_linux_close(fd);
        }
        return shmring_fail(SHMRING_E_OS, "cannot list " SHM_FOLDER ": %s%s", strerror(error),
                            shmring_linux_limit_words(error));
    }
    while ((void)(errno = 0), (entry = readdir(folder)) != NULL) {
        name_of_file(entry->d_name, full, &own);
        own = own && (full[0] == 'G' || is_users(folder, entry->d_name));
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

shmring_status shmring_os_list(int (*each)(const char *name, int own, void *arg), void *arg)
{
    int before = shmring_linux_hold_cancel();
    shmring_status status = list(each, arg);

    shmring_linux_release_cancel(before);
    return status;
}
