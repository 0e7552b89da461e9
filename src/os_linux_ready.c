/* SPDX-License-Identifier: MIT */
/* os_linux_ready.c - os.h's readiness over inotify on the ring's own file.
 *
 * Nothing lies beside the ring: who listens watches the file behind its own descriptor, which needs
 * no second name, no second set of permissions and nothing to clean up, and holds wherever the shm
 * file system is mounted. A signal is a read of one byte (for the consumer) or a write of a 0 over
 * a 0 (for the producer): two kinds of event, so that the sides do not hear each other. A process
 * that dies closes the file, which is heard too (docs/decisions/0006-readiness-by-inotify.md).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "detail.h"
#include "os.h"
#include "os_linux.h"

/* Alignment of inotify's answers, and room for some of them: nameless, so of equal size. */
union events {
    struct inotify_event event;
    char bytes[64 * sizeof(struct inotify_event)];
};

void shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter)
{
    int kept = errno;
    char byte = 0;
    ssize_t done;

    if (waiter == SHMRING_ROLE_CONSUMER) {
        done = pread((int)seg->probe, &byte, 1, 0);
    } else {
        done = pwrite((int)seg->probe, &byte, 1, (off_t)SHMRING_SIGNAL_AT);
    }
    (void)done; /* it fails when the file was cut short, and the waiter looks by itself */
    errno = kept;
}

/* ---- listeners ---- */

intptr_t shmring_os_listener_open(void)
{
    return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

int shmring_os_listener_add(intptr_t listener, const struct shmring_name *name,
                            const struct shmring_os_segment *seg, enum shmring_role waiter)
{
    uint32_t mask =
        (waiter == SHMRING_ROLE_CONSUMER ? IN_ACCESS : IN_MODIFY) | IN_CLOSE_WRITE | IN_MASK_ADD;
    char path[SHMRING_LINUX_PATH_SIZE];

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", (int)seg->probe);
    if (inotify_add_watch((int)listener, path, mask) >= 0) {
        return 1;
    }
    if (errno != ENOENT) {
        return 0;
    }
    /* Without /proc the name serves, while it still leads to our file. */
    shmring_linux_object_path(name, path);
    return inotify_add_watch((int)listener, path, mask) >= 0 && shmring_os_is_named(name, seg);
}

/* Returns SHMRING_OS_HEARD_CLOSE if that was among it. */
static uint32_t drain_listener(intptr_t listener)
{
    union events events;
    uint32_t heard = 0;
    ssize_t n, at;

    while ((n = read((int)listener, events.bytes, sizeof events)) > 0) {
        for (at = 0; at < n;) {
            struct inotify_event event;

            memcpy(&event, events.bytes + at, sizeof event);
            heard |=
                (event.mask & (IN_CLOSE_WRITE | IN_Q_OVERFLOW)) != 0 ? SHMRING_OS_HEARD_CLOSE : 0;
            at += (ssize_t)(sizeof event + event.len);
        }
        if (n < (ssize_t)(sizeof events / 2)) {
            break;
        }
    }
    return heard;
}

void shmring_os_listener_wait(intptr_t listener, uint64_t timeout_ns)
{
    struct pollfd p = {.fd = (int)listener, .events = POLLIN};
    struct timespec t = {(time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};

    if (ppoll(&p, 1, &t, NULL) > 0) {
        (void)drain_listener(listener);
    }
}

void shmring_os_listener_close(intptr_t listener)
{
    (void)close((int)listener);
}

/* ---- one ring's descriptor ---- */

int shmring_os_ready_is_descriptor(void)
{
    return 1;
}

void shmring_os_ready_init(struct shmring_os_ready *ready)
{
    ready->handle = ready->listener = ready->alarm = -1;
}

void shmring_os_ready_close(struct shmring_os_ready *ready)
{
    const intptr_t all[3] = {ready->handle, ready->listener, ready->alarm};
    size_t i;

    for (i = 0; i < 3; i++) {
        if (all[i] >= 0) {
            (void)close((int)all[i]);
        }
    }
    shmring_os_ready_init(ready);
}

static shmring_status not_ready(const struct shmring_name *name, struct shmring_os_ready *ready,
                                const char *what)
{
    int error = errno;

    shmring_os_ready_close(ready);
    return shmring_fail(SHMRING_E_OS, "ring '%s': no descriptor to wait on, for %s failed: %s%s",
                        name->full, what, strerror(error),
                        error == EMFILE || error == ENOSPC
                            ? "; raise the limit of open files, or the sysctls "
                              "fs.inotify.max_user_instances and fs.inotify.max_user_watches"
                            : "");
}

shmring_status shmring_os_ready_open(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg, enum shmring_role waiter,
                                     struct shmring_os_ready *ret)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct shmring_os_ready ready;

    shmring_os_ready_init(&ready);
    ready.listener = shmring_os_listener_open();
    if (ready.listener < 0) {
        return not_ready(name, &ready, "inotify_init1");
    }
    if (!shmring_os_listener_add(ready.listener, name, seg, waiter)) {
        return not_ready(name, &ready, "inotify_add_watch");
    }
    ready.alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (ready.alarm < 0) {
        return not_ready(name, &ready, "timerfd_create");
    }
    ready.handle = epoll_create1(EPOLL_CLOEXEC);
    if (ready.handle < 0 ||
        epoll_ctl((int)ready.handle, EPOLL_CTL_ADD, (int)ready.listener, &event) != 0 ||
        epoll_ctl((int)ready.handle, EPOLL_CTL_ADD, (int)ready.alarm, &event) != 0) {
        return not_ready(name, &ready, "epoll");
    }
    *ret = ready;
    return SHMRING_OK;
}

uint32_t shmring_os_ready_drain(const struct shmring_os_ready *ready)
{
    uint64_t times;
    uint32_t heard = drain_listener(ready->listener);

    if (read((int)ready->alarm, &times, sizeof times) == (ssize_t)sizeof times) {
        heard |= SHMRING_OS_HEARD_ALARM;
    }
    return heard;
}

void shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns)
{
    struct itimerspec t = {
        .it_value = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)},
    };

    (void)timerfd_settime((int)ready->alarm, 0, &t, NULL);
}
