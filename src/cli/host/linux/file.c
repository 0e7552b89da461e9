/* SPDX-License-Identifier: MIT */
/* file.c - host.h on Linux: files. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"
#include "host/linux/linux.h"

/* Plain files are never written over; a pipe or a device takes what is written. */
static int open_output(const char *path)
{
    struct stat about;
    int fd;

    if (strcmp(path, "-") == 0) {
        return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    while (fd < 0 && (errno == EEXIST || errno == EINTR) && !host_stop_requested()) {
        if (stat(path, &about) != 0 || S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)) {
            errno = EEXIST;
            break;
        }
        fd = open(path, O_WRONLY | O_CLOEXEC); /* of a pipe: blocks until it has a reader */
        if (fd >= 0) {
            break;
        }
        if (errno != EINTR) {
            break;
        }
    }
    return fd;
}

FILE *host_file_create(const char *path)
{
    int fd = open_output(path);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;

    if (file == NULL) {
        (void)host_failed();
        if (fd >= 0) {
            (void)close(fd);
        }
        return NULL;
    }
    (void)setvbuf(file, NULL, _IONBF, 0); /* the caller writes whole blocks */
    return file;
}

FILE *host_file_open(const char *path)
{
    int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
    FILE *file = fd >= 0 ? fdopen(fd, "rb") : NULL;

    while (fd < 0 && file == NULL) {
        file = fopen(path, "rbe");
        if (file == NULL && (errno != EINTR || host_stop_requested())) {
            (void)host_failed();
            break;
        }
    }
    return file;
}

int host_file_is_plain(FILE *file)
{
    struct stat about;

    return fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode);
}

int host_file_is_gone(FILE *file)
{
    return host_fd_is_gone(fileno(file));
}

int host_file_write(FILE *file, const void *buf, size_t n)
{
    return host_write_fd(fileno(file), buf, n);
}

int host_file_sync(FILE *file)
{
    return fsync(fileno(file)) == 0 || errno == EINVAL ? 1 : host_failed(); /* EINVAL: a pipe */
}

int host_file_close(FILE *file)
{
    return fclose(file) == 0 ? 1 : host_failed();
}

int host_file_remove(const char *path)
{
    return unlink(path) == 0 ? 1 : host_failed();
}

/* The number of a name that is `length` bytes of the stem, a dot, digits and the ending; 0 for
 * others. */
static uint64_t number_of(const char *name, const char *stem, size_t length, const char *ending)
{
    const char *digits = name + length + 1;
    const size_t n = strlen(name), more = length + strlen(ending);
    size_t i = 0;

    if (n < more + 7 || n > more + 20 || strncmp(name, stem, length) != 0 || name[length] != '.') {
        return 0;
    }
    while (isdigit((unsigned char)digits[i])) {
        i++;
    }
    return i >= 6 && strcmp(digits + i, ending) == 0 ? strtoull(digits, NULL, 10) : 0;
}

static uint64_t find_number(const char *path, const char *ending, int last)
{
    const char *slash = strrchr(path, '/'), *stem = slash != NULL ? slash + 1 : path;
    char *folder = slash != NULL ? strndup(path, (size_t)(stem - path)) : strdup(".");
    DIR *dir = folder != NULL ? opendir(folder) : NULL;
    const struct dirent *entry;
    uint64_t number, found = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        number = number_of(entry->d_name, stem, strlen(stem) - strlen(ending), ending);
        if (number != 0 && (found == 0 || (last ? number > found : number < found))) {
            found = number;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    free(folder);
    return found;
}

uint64_t host_file_first_number(const char *path, const char *ending)
{
    return find_number(path, ending, 0);
}

uint64_t host_file_last_number(const char *path, const char *ending)
{
    return find_number(path, ending, 1);
}
