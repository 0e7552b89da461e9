/* SPDX-License-Identifier: MIT */
/* process.c - host.h on Linux: the second process, and what it is given. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/host.h"
#include "host/linux/linux.h"

#define ARGS_MAX    16
#define POLL_END_NS UINT64_C(2000000)

extern char **environ;

static void close_fd(intptr_t *fd)
{
    if (*fd >= 0) {
        (void)close((int)*fd);
        *fd = -1;
    }
}

/* ---- links ---- */

int host_link_exists(enum host_link_kind kind)
{
    (void)kind;
    return 1;
}

int host_link_make(struct host_link *ret, enum host_link_kind kind)
{
    int there[2] = {-1, -1}, back[2] = {-1, -1};

    if (kind == HOST_SOCKET) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, there) != 0) {
            return host_failed();
        }
        *ret = (struct host_link){there[0], there[0], there[1], there[1]};
        return 1;
    }
    if (pipe2(there, O_CLOEXEC) != 0) {
        return host_failed();
    }
    if (pipe2(back, O_CLOEXEC) != 0) {
        (void)host_failed();
        (void)close(there[0]);
        (void)close(there[1]);
        return 0;
    }
    *ret = (struct host_link){back[0], there[1], there[0], back[1]};
    return 1;
}

void host_link_text(const struct host_link *link, char text[HOST_TEXT_SIZE])
{
    (void)snprintf(text, HOST_TEXT_SIZE, "%d,%d", (int)link->child_in, (int)link->child_out);
}

int host_link_adopt(struct host_link *ret, const char *text)
{
    int in, out;

    if (sscanf(text, "%d,%d", &in, &out) != 2) {
        errno = EINVAL;
        return host_failed();
    }
    *ret = (struct host_link){in, out, -1, -1};
    return 1;
}

void host_link_finish(struct host_link *link)
{
    if (link->in == link->out) {
        (void)shutdown((int)link->out, SHUT_WR);
    } else {
        close_fd(&link->out);
    }
}

static void close_child_ends(struct host_link *link)
{
    if (link->child_out == link->child_in) {
        link->child_out = -1;
    }
    close_fd(&link->child_in);
    close_fd(&link->child_out);
}

void host_link_close(struct host_link *link)
{
    close_child_ends(link);
    if (link->out == link->in) {
        link->out = -1;
    }
    close_fd(&link->in);
    close_fd(&link->out);
}

int host_link_write(struct host_link *link, const void *buf, size_t n)
{
    const char *at = buf;
    ssize_t put;

    while (n > 0) {
        put = write((int)link->out, at, n);
        if (put > 0) {
            at += put;
            n -= (size_t)put;
        } else if (put < 0 && (errno != EINTR || host_stop_requested())) {
            return host_failed();
        }
    }
    return 1;
}

int64_t host_link_read(struct host_link *link, void *buf, size_t n)
{
    ssize_t got;

    do {
        got = read((int)link->in, buf, n);
    } while (got < 0 && errno == EINTR && !host_stop_requested());
    if (got < 0) {
        (void)host_failed();
        return -1;
    }
    return got;
}

/* ---- shared memory ---- */

static int map_shared(struct host_shared *ret, int fd, size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED) {
        return host_failed();
    }
    *ret = (struct host_shared){at, size, fd};
    return 1;
}

int host_shared_make(struct host_shared *ret, size_t size)
{
    int fd = memfd_create("shmring-demo", MFD_CLOEXEC);

    if (fd < 0) {
        return host_failed();
    }
    if (ftruncate(fd, (off_t)size) != 0 || !map_shared(ret, fd, size)) {
        (void)host_failed();
        (void)close(fd);
        return 0;
    }
    return 1;
}

void host_shared_text(const struct host_shared *shared, char text[HOST_TEXT_SIZE])
{
    (void)snprintf(text, HOST_TEXT_SIZE, "%d", (int)shared->object);
}

int host_shared_adopt(struct host_shared *ret, const char *text)
{
    struct stat about;
    int fd = atoi(text);

    if (fstat(fd, &about) != 0) {
        return host_failed();
    }
    return map_shared(ret, fd, (size_t)about.st_size);
}

void host_shared_close(struct host_shared *shared)
{
    if (shared->at != NULL) {
        (void)munmap(shared->at, shared->size);
        shared->at = NULL;
        close_fd(&shared->object);
    }
}

/* ---- the child ---- */

/* A dup2 onto itself clears close-on-exec in the child, and only there. */
static void pass(posix_spawn_file_actions_t *actions, intptr_t fd)
{
    if (fd >= 0) {
        (void)posix_spawn_file_actions_adddup2(actions, (int)fd, (int)fd);
    }
}

#define PARENT "SHMRING_PARENT=" /* in a child's environment: our pid */

/* Our environment with `parent` in it, to be freed; NULL without memory. */
static char **environment_of_child(char *parent)
{
    size_t n = 0, to = 0, i;
    char **ret;

    while (environ[n] != NULL) {
        n++;
    }
    ret = calloc(n + 2, sizeof *ret);
    for (i = 0; ret != NULL && i < n; i++) {
        if (strncmp(environ[i], PARENT, sizeof PARENT - 1) != 0) {
            ret[to++] = environ[i];
        }
    }
    if (ret != NULL) {
        ret[to] = parent;
    }
    return ret;
}

int host_spawn_self(struct host_child *ret, const char *const *args, struct host_link *link,
                    const struct host_shared *shared)
{
    char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t) "shmring"};
    char parent[sizeof PARENT + 20], **environment;
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int n;

    for (n = 0; n < ARGS_MAX && args[n] != NULL; n++) {
        argv[n + 1] = (char *)(uintptr_t)args[n];
    }
    (void)posix_spawn_file_actions_init(&actions);
    if (link != NULL) {
        pass(&actions, link->child_in);
        pass(&actions, link->child_out);
    }
    if (shared != NULL) {
        pass(&actions, shared->object);
    }
    (void)snprintf(parent, sizeof parent, PARENT "%ld", (long)getpid());
    environment = environment_of_child(parent);
    n = environment == NULL
            ? ENOMEM
            : posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environment);
    free(environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (link != NULL) {
        close_child_ends(link);
    }
    if (n != 0) {
        errno = n;
        return host_failed();
    }
    memset(ret, 0, sizeof *ret);
    ret->id = pid;
    ret->running = 1;
    return 1;
}

void host_become_child(void)
{
    const char *parent = getenv("SHMRING_PARENT");

    (void)signal(SIGINT, SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (parent != NULL && strtol(parent, NULL, 10) != (long)getppid()) {
        _exit(1); /* it ended before we asked to be told */
    }
    (void)prctl(PR_SET_NAME, "shmring"); /* started through a link, it would be called "exe" */
}

static int child_runs(struct host_child *child, int how)
{
    int status;
    pid_t pid;

    if (!child->running) {
        return 0;
    }
    pid = waitpid((pid_t)child->id, &status, how);
    if (pid == 0 || (pid < 0 && errno == EINTR)) {
        return 1;
    }
    child->running = 0;
    child->status = -1;
    if (pid > 0 && WIFEXITED(status)) {
        child->status = WEXITSTATUS(status);
        (void)snprintf(child->how, sizeof child->how, "ended with status %d", child->status);
    } else if (pid > 0 && WIFSIGNALED(status)) {
        (void)snprintf(child->how, sizeof child->how, "was killed by signal %d", WTERMSIG(status));
    } else {
        (void)snprintf(child->how, sizeof child->how, "is gone");
    }
    return 0;
}

int host_child_runs(struct host_child *child)
{
    return child_runs(child, WNOHANG);
}

int host_child_wait(struct host_child *child)
{
    int told = 0;

    while (child_runs(child, 0)) {
        if (host_stop_requested() && !told) { /* it leaves Ctrl-C to us */
            (void)kill((pid_t)child->id, SIGTERM);
            told = 1;
        }
    }
    return child->status == 0;
}

int host_child_end(struct host_child *child, uint64_t timeout_ns)
{
    uint64_t start = host_clock_ns();

    while (host_child_runs(child)) {
        if (host_clock_ns() - start >= timeout_ns || host_stop_requested()) {
            (void)kill((pid_t)child->id, SIGKILL);
        }
        host_sleep_ns(POLL_END_NS);
    }
    return child->status == 0;
}
