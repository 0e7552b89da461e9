/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "ring_object.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <shmring/shmring.h>

static const char *path_of(const char *name)
{
    static char path[320];

    (void)snprintf(path, sizeof path, "/dev/shm/shmring.%lu.%s", (unsigned long)geteuid(), name);
    return path;
}

int behind_exists(const char *name)
{
    struct stat st;

    return lstat(path_of(name), &st) == 0;
}

int behind_read(const char *name, uint64_t at, void *bytes, size_t n)
{
    int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
    ssize_t done = fd >= 0 ? pread(fd, bytes, n, (off_t)at) : -1;

    if (fd >= 0) {
        (void)close(fd);
    }
    return done == (ssize_t)n;
}

int behind_write(const char *name, uint64_t at, const void *bytes, size_t n)
{
    int fd = open(path_of(name), O_RDWR | O_CLOEXEC);
    ssize_t done = fd >= 0 ? pwrite(fd, bytes, n, (off_t)at) : -1;

    if (fd >= 0) {
        (void)close(fd);
    }
    return done == (ssize_t)n;
}

int behind_keep(const char *name)
{
    return behind_exists(name);
}

int behind_plant(const char *name, const void *bytes, size_t n)
{
    int fd = open(path_of(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    int done = fd >= 0 && fchmod(fd, 0640) == 0 && write(fd, bytes, n) == (ssize_t)n;

    if (fd >= 0) {
        (void)close(fd);
    }
    return done;
}

int behind_remove(const char *name)
{
    return shmring_remove(name) == SHMRING_OK;
}

const char *behind_cannot_remove(void)
{
    return NULL;
}

struct behind_held behind_held_now(void)
{
    struct behind_held ret = {0, 0};
    DIR *descriptors = opendir("/proc/self/fd");
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];

    while (descriptors != NULL && readdir(descriptors) != NULL) {
        ret.handles++;
    }
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        ret.views += strstr(line, "/dev/shm/") != NULL;
    }
    if (descriptors != NULL) {
        (void)closedir(descriptors);
    }
    if (maps != NULL) {
        (void)fclose(maps);
    }
    return ret;
}

uint64_t behind_user(void)
{
    return geteuid();
}
