/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "squats.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

const char *squat_path(uint32_t uid, const char *name)
{
    static char path[320];

    (void)snprintf(path, sizeof path, "/dev/shm/shmring.%lu.%s", (unsigned long)uid, name);
    return path;
}

static int put_file(const char *path, mode_t mode, off_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    MUST(fd >= 0 && ftruncate(fd, size) == 0);
    close(fd);
    return 1;
}

static int put_empty(const char *path, const char *name, uint32_t victim)
{
    (void)name;
    (void)victim;
    return put_file(path, 0666, 0);
}

static int put_zeros(const char *path, const char *name, uint32_t victim)
{
    (void)name;
    (void)victim;
    return put_file(path, 0666, 131072);
}

static int put_unreadable(const char *path, const char *name, uint32_t victim)
{
    (void)name;
    (void)victim;
    return put_file(path, 0, 131072);
}

/* A whole ring, of the very name that the victim gives: only its owner is another. */
static int put_ring(const char *path, const char *name, uint32_t victim)
{
    shmring_options o = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;

    (void)victim;
    o.capacity = 65536;
    o.lifetime = SHMRING_PERSISTENT;
    o.permissions = 0666;
    MUST(shmring_producer_open(&p, name, &o) == SHMRING_OK);
    MUST(shmring_try_send(p, "trap", 4, 1) == SHMRING_OK);
    shmring_producer_close(p);
    MUST(rename(squat_path(SQUATTER, name), path) == 0);
    return 1;
}

static int put_link_to_ring(const char *path, const char *name, uint32_t victim)
{
    char other[80], target[330];

    (void)snprintf(other, sizeof other, "%s.own", name);
    (void)snprintf(target, sizeof target, "%s", squat_path(victim, other));
    return symlink(target, path) == 0;
}

static int put_dangling_link(const char *path, const char *name, uint32_t victim)
{
    (void)name;
    (void)victim;
    return symlink("/dev/shm/shmring.nowhere", path) == 0;
}

static int put_fifo(const char *path, const char *name, uint32_t victim)
{
    (void)name;
    (void)victim;
    return mkfifo(path, 0666) == 0;
}

static int put_folder(const char *path, const char *name, uint32_t victim)
{
    (void)name;
    (void)victim;
    return mkdir(path, 0777) == 0;
}

static int put_socket(const char *path, const char *name, uint32_t victim)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)name;
    (void)victim;
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%.100s", path);
    MUST(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    close(fd);
    return 1;
}

/* A second name for a ring of the victim's; with fs.protected_hardlinks the system forbids it. */
static int put_hard_link(const char *path, const char *name, uint32_t victim)
{
    char other[80], target[330];

    (void)snprintf(other, sizeof other, "%s.own", name);
    (void)snprintf(target, sizeof target, "%s", squat_path(victim, other));
    return link(target, path) == 0;
}

const struct squat squats[] = {
    {"an empty file", put_empty, "belongs to user 54321", 1},
    {"a file of zeros", put_zeros, "belongs to user 54321", 1},
    {"a whole ring", put_ring, "belongs to user 54321", 1},
    {"a file that nobody may open", put_unreadable, NULL, 1},
    {"a link to a ring of the victim's", put_link_to_ring, "symbolic link", 0},
    {"a link to nothing", put_dangling_link, "symbolic link", 0},
    {"a pipe", put_fifo, "not a plain file", 0},
    {"a folder", put_folder, "not a plain file", 0},
    {"a socket", put_socket, "not a plain file", 0},
    {"a second name of a ring of the victim's", put_hard_link, "2 names", 1},
};
const size_t squat_count = sizeof squats / sizeof squats[0];
