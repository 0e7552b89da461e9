/* SPDX-License-Identifier: MIT */
/* tree.c - host.h on Linux: what the kernel says of the machine, here or as somebody
 * copied it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/host.h"
#include "host/linux/linux.h"

#define FUTEX_WAITV_NUMBER 449    /* of every architecture; C libraries came to know it late */
#define ENTRIES_MAX        65536u /* of a folder */

/* The file's own path. A link of a copied tree must not lead to this machine. */
static int find(const char *root, const char *path, char ret[PATH_MAX])
{
    char whole[PATH_MAX], top[PATH_MAX];
    int n = snprintf(whole, sizeof whole, "%s/%s", root != NULL ? root : "", path);
    size_t length;

    if (n < 0 || (size_t)n >= sizeof whole) {
        errno = ENAMETOOLONG;
        return host_failed();
    }
    if (root == NULL) {
        memcpy(ret, whole, (size_t)n + 1);
        return 1;
    }
    if (realpath(root, top) == NULL || realpath(whole, ret) == NULL) {
        return host_failed();
    }
    length = strcmp(top, "/") != 0 ? strlen(top) : 0;
    if (strncmp(ret, top, length) != 0 || ret[length] != '/') {
        errno = EXDEV;
        return host_failed();
    }
    return 1;
}

int64_t host_tree_read(const char *root, const char *path, char *ret, size_t size)
{
    char real[PATH_MAX];
    struct stat about;
    int64_t got = 0;
    ssize_t n = -1;
    int fd = find(root, path, real) ? open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;

    if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) { /* no pipe, no device */
        do {
            n = read(fd, ret + got, size - (size_t)got);
            got += n > 0 ? n : 0;
        } while ((n > 0 && (size_t)got < size) || (n < 0 && errno == EINTR));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return n >= 0 ? got : -1;
}

/* The number of a name that is `stem` and digits. */
static int number_of(const char *name, const char *stem, unsigned *ret)
{
    const size_t length = strlen(stem);
    size_t n;

    if (strncmp(name, stem, length) != 0) {
        return 0;
    }
    n = strspn(name + length, "0123456789");
    if (n == 0 || n > 8 || name[length + n] != '\0') {
        return 0;
    }
    *ret = (unsigned)strtoul(name + length, NULL, 10);
    return 1;
}

size_t host_tree_numbers(const char *root, const char *path, const char *stem, unsigned *ret,
                         size_t room)
{
    char real[PATH_MAX];
    DIR *dir = find(root, path, real) ? opendir(real) : NULL;
    const struct dirent *entry;
    size_t n = 0;
    unsigned seen;

    for (seen = 0; dir != NULL && n < room && seen < ENTRIES_MAX; seen++) {
        entry = readdir(dir);
        if (entry == NULL) {
            break;
        }
        n += number_of(entry->d_name, stem, &ret[n]) != 0;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return n;
}

int host_shm_space(uint64_t *ret_size, uint64_t *ret_free)
{
    struct statvfs about;

    if (statvfs("/dev/shm", &about) != 0) {
        return host_failed();
    }
    *ret_size = (uint64_t)about.f_blocks * about.f_frsize;
    *ret_free = (uint64_t)about.f_bavail * about.f_frsize;
    return 1;
}

int host_has_membarrier(void)
{
    const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

    return commands >= 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0;
}

/* Without anything to wait for it fails at once, in its own way where it is there. */
int host_has_futex_waitv(void)
{
    return syscall(FUTEX_WAITV_NUMBER, NULL, 0, 0, NULL, 0) == -1 && errno == EINVAL;
}
