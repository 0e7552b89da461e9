/* SPDX-License-Identifier: MIT */
/* command.c - host.h on Linux: another program, and what it prints. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "host/host.h"
#include "host/linux/linux.h"

#define END_PATIENCE_NS UINT64_C(3000000000)

extern char **environ;

/* In a group of its own: what it starts is ended with it. */
static int spawn(struct host_child *ret, const char *const *words, int output)
{
    const char *const shell[] = {"/bin/sh", "-c", words[0], NULL};
    char *const *argv = (char *const *)(uintptr_t)(words[1] == NULL ? shell : words);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    int error;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, output, 1);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        errno = error;
        return host_failed();
    }
    *ret = (struct host_child){.id = pid, .running = 1};
    return 1;
}

/* Reads to the end, or to a stop. The text ends with a 0. NULL: no memory, or too much. */
static char *read_all(int fd, size_t most)
{
    size_t room = 65536, n = 0;
    char *text = malloc(room), *more;
    ssize_t got;

    while (text != NULL && !host_stop_requested()) {
        if (!host_wait_fd(fd, POLLIN, HOST_FOREVER)) {
            continue;
        }
        got = read(fd, text + n, room - n - 1);
        if (got == 0) {
            break;
        }
        n += got > 0 ? (size_t)got : 0;
        if (n + 1 == room) {
            more = room < most ? realloc(text, 2 * room) : NULL;
            if (more == NULL) {
                free(text);
                errno = ENOMEM;
                (void)host_failed();
                return NULL;
            }
            text = more;
            room *= 2;
        }
    }
    if (text != NULL) {
        text[n] = '\0';
    }
    return text;
}

/* Asks for its end, and insists after a while. */
static void end_group(struct host_child *child)
{
    const uint64_t begin = host_clock_ns();

    (void)kill((pid_t)-child->id, SIGTERM);
    while (host_child_runs(child) && host_clock_ns() - begin < END_PATIENCE_NS) {
        host_sleep_ns(2000000);
    }
    (void)kill((pid_t)-child->id, SIGKILL);
    (void)host_child_end(child, 0);
}

char *host_command_output(struct host_child *ret, const char *const *words, size_t most)
{
    char *text = NULL;
    int ends[2];

    *ret = (struct host_child){0};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)host_failed();
        return NULL;
    }
    if (spawn(ret, words, ends[1])) {
        (void)close(ends[1]);
        ends[1] = -1;
        text = read_all(ends[0], most);
        if (text == NULL || host_stop_requested()) {
            end_group(ret);
        } else {
            (void)host_child_wait(ret);
        }
    }
    (void)close(ends[0]);
    if (ends[1] >= 0) {
        (void)close(ends[1]);
    }
    return text;
}
