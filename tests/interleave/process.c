/* SPDX-License-Identifier: MIT */
/* process.c - what an actor holds: heard through the linker's --wrap, and given back when it dies
 * in the kernel's order, memory first. */
#include "rings.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/types.h>
#include <unistd.h>

#define LISTENERS 32u

static struct process nobody;

static struct process *ours(void)
{
    return acting() != NULL ? &acting()->process : &nobody;
}

/* ---- descriptors ---- */

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_inotify_init1(int flags);
int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_init1(int flags);
int __real_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);

/* The kernel takes milliseconds to close an inotify descriptor, and there are thousands. One that
 * is not needed any more loses its watches and what it heard, and serves the next actor. */
static struct listener {
    int fd, used;
    int watches[RINGS_MAX + 1];
    uint32_t watch_count;
} listeners[LISTENERS];

static struct listener *listener_of(int fd)
{
    uint32_t i;

    for (i = 0; i < LISTENERS; i++) {
        if (listeners[i].used && listeners[i].fd == fd) {
            return &listeners[i];
        }
    }
    return NULL;
}

/* Gives it back, or 0 when it is none. */
static int listener_put(int fd)
{
    struct listener *l = listener_of(fd);
    char events[4096];
    uint32_t i;

    if (l == NULL) {
        return 0;
    }
    for (i = 0; i < l->watch_count; i++) {
        (void)inotify_rm_watch(fd, l->watches[i]);
    }
    while (read(fd, events, sizeof events) > 0) {
    }
    l->used = 0;
    return 1;
}

static int listener_take(int flags)
{
    uint32_t i;

    for (i = 0; i < LISTENERS; i++) {
        struct listener *l = &listeners[i];

        if (!l->used) {
            l->fd = l->fd != 0 ? l->fd : __real_inotify_init1(flags);
            l->used = l->fd > 0;
            l->watch_count = 0;
            return l->fd;
        }
    }
    return __real_inotify_init1(flags);
}

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    struct listener *l = listener_of(fd);
    int watch = __real_inotify_add_watch(fd, path, mask);

    if (l != NULL && watch >= 0 && l->watch_count <= RINGS_MAX) {
        l->watches[l->watch_count++] = watch;
    }
    return watch;
}

static int took(int fd)
{
    struct process *p = ours();

    if (fd >= 0 && p != &nobody) {
        if (p->fd_count == sizeof p->fds / sizeof p->fds[0]) {
            found("an actor has %" PRIu64 " descriptors: one is lost in each life", p->fd_count, 0,
                  0);
        }
        p->fds[p->fd_count++] = fd;
    }
    return fd;
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = (mode_t)va_arg(more, unsigned);
    va_end(more);
    return took(__real_open64(path, flags, mode));
}

int __wrap_close(int fd)
{
    struct process *p = ours();
    uint32_t i;

    for (i = 0; i < p->fd_count; i++) {
        if (p->fds[i] == fd) {
            p->fds[i] = p->fds[--p->fd_count];
            break;
        }
    }
    return listener_put(fd) ? 0 : __real_close(fd);
}

int __wrap_inotify_init1(int flags)
{
    return took(listener_take(flags));
}

int __wrap_timerfd_create(int clock, int flags)
{
    return took(__real_timerfd_create(clock, flags));
}

int __wrap_epoll_create1(int flags)
{
    return took(__real_epoll_create1(flags));
}

/* ---- memory ---- */

shmring_status __real_shmring_os_map(const struct shmring_name *name,
                                     struct shmring_os_segment *seg, uint64_t capacity,
                                     enum shmring_role role, int huge, struct shmring_os_map *ret);
shmring_status __wrap_shmring_os_map(const struct shmring_name *name,
                                     struct shmring_os_segment *seg, uint64_t capacity,
                                     enum shmring_role role, int huge, struct shmring_os_map *ret);
void __real_shmring_os_unmap(struct shmring_os_map *map);
void __wrap_shmring_os_unmap(struct shmring_os_map *map);
void *__real_shmring_os_handle_alloc(size_t size);
void *__wrap_shmring_os_handle_alloc(size_t size);
void __real_shmring_os_handle_free(void *handle, size_t size);
void __wrap_shmring_os_handle_free(void *handle, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void __real_free(void *at);
void __wrap_free(void *at);

shmring_status __wrap_shmring_os_map(const struct shmring_name *name,
                                     struct shmring_os_segment *seg, uint64_t capacity,
                                     enum shmring_role role, int huge, struct shmring_os_map *ret)
{
    struct process *p = ours();
    shmring_status status;

    stop_switching();
    status = __real_shmring_os_map(name, seg, capacity, role, huge, ret);
    go_on_switching();
    if (status == SHMRING_OK && p != &nobody) {
        p->maps[p->map_count++] = *ret;
    }
    return status;
}

void __wrap_shmring_os_unmap(struct shmring_os_map *map)
{
    struct process *p = ours();
    uint32_t i;

    for (i = 0; i < p->map_count; i++) {
        if (p->maps[i].base == map->base) {
            p->maps[i] = p->maps[--p->map_count];
            break;
        }
    }
    stop_switching();
    __real_shmring_os_unmap(map);
    go_on_switching();
}

void *__wrap_shmring_os_handle_alloc(size_t size)
{
    struct process *p = ours();
    void *at = __real_shmring_os_handle_alloc(size);

    if (at != NULL && p != &nobody) {
        p->handles[p->handle_count] = at;
        p->handle_sizes[p->handle_count++] = size;
    }
    return at;
}

void __wrap_shmring_os_handle_free(void *handle, size_t size)
{
    struct process *p = ours();
    uint32_t i;

    for (i = 0; i < p->handle_count; i++) {
        if (p->handles[i] == handle) {
            p->handles[i] = p->handles[--p->handle_count];
            p->handle_sizes[i] = p->handle_sizes[p->handle_count];
            break;
        }
    }
    __real_shmring_os_handle_free(handle, size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    struct process *p = ours();
    void *at = __real_calloc(n, size);

    if (at != NULL && p != &nobody) {
        p->heap[p->heap_count++] = at;
    }
    return at;
}

void __wrap_free(void *at)
{
    struct process *p = ours();
    uint32_t i;

    for (i = 0; i < p->heap_count; i++) {
        if (p->heap[i] == at) {
            p->heap[i] = p->heap[--p->heap_count];
            break;
        }
    }
    __real_free(at);
}

/* ---- the end ---- */

void process_end(struct process *p)
{
    uint32_t i;

    for (i = 0; i < p->map_count; i++) {
        __real_shmring_os_unmap(&p->maps[i]);
    }
    for (i = 0; i < p->handle_count; i++) {
        __real_shmring_os_handle_free(p->handles[i], p->handle_sizes[i]);
    }
    for (i = 0; i < p->heap_count; i++) {
        __real_free(p->heap[i]);
    }
    for (i = 0; i < p->fd_count; i++) {
        (void)(listener_put(p->fds[i]) || __real_close(p->fds[i]));
    }
    memset(p, 0, sizeof *p);
}
