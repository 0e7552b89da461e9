/* SPDX-License-Identifier: MIT */
/* pollable.c - os.h's readiness over inotify on the ring's own file.
 *
 * Nothing lies beside the ring: a listener watches the file behind its own descriptor. That needs
 * no second name, no second set of permissions and nothing to clean up, and it holds wherever the
 * shm file system is mounted. A signal is a read of one byte (for the consumer) or a reservation of
 * a byte that is there (for the producer). These are two kinds of event, so that the sides do not
 * hear each other. A process that dies closes the file, which is heard too
 * (docs/decisions/0006-readiness-by-inotify.md).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>

#include "base/error.h"
#include "os/os.h"
#include "os/linux/linux.h"

/* How long a wait pauses whose listener the program has closed. */
#define LOST_PAUSE_NS UINT64_C(1000000)

/* Alignment of inotify's answers, and room for some of them: nameless, so of equal size. */
union events {
    struct inotify_event event;
    char bytes[64 * sizeof(struct inotify_event)];
};

void shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter)
{
    int kept = errno;
    char byte;

    if (!shmring_linux_is_ours(seg)) { /* the waiter looks by itself now and then */
        errno = kept;
        return;
    }
    if (waiter == SHMRING_ROLE_CONSUMER) {
        (void)shmring_linux_pread(seg->probe, &byte, 1, 0);
    } else { /* no write: a limit of file sizes does not keep it back, and it ends no process */
        shmring_linux_touch(seg->probe);
    }
    errno = kept;
}

/* ---- listeners ---- */

intptr_t shmring_os_listener_open(void)
{
    unsigned taken = shmring_linux_take_low();
    int fd = shmring_linux_mark(shmring_linux_above_low(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)));

    shmring_linux_give_low(taken);
    return fd;
}

int shmring_os_listener_add(intptr_t listener, const struct shmring_name *name,
                            const struct shmring_os_segment *seg, enum shmring_role waiter)
{
    uint32_t mask = (waiter == SHMRING_ROLE_CONSUMER ? IN_ACCESS : IN_MODIFY) | IN_CLOSE_WRITE |
                    IN_ATTRIB | IN_MASK_ADD;
    char path[SHMRING_LINUX_PATH_SIZE];

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", (int)seg->probe);
    if (inotify_add_watch((int)listener, path, mask) >= 0) {
        return 1;
    }
    if (errno != ENOENT || seg->more[SHMRING_LINUX_NAMELESS]) {
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
    int64_t n, at;

    while (shmring_linux_is_marked(listener) &&
           (n = shmring_linux_read(listener, events.bytes, sizeof events)) > 0) {
        for (at = 0; at < n;) {
            struct inotify_event event;

            memcpy(&event, events.bytes + at, sizeof event);
            heard |=
                (event.mask & (IN_CLOSE_WRITE | IN_Q_OVERFLOW)) != 0 ? SHMRING_OS_HEARD_CLOSE : 0;
            at += (int64_t)(sizeof event + event.len);
        }
        if (n < (int64_t)(sizeof events / 2)) {
            break;
        }
    }
    return heard;
}

void shmring_os_listener_wait(intptr_t listener, uint64_t timeout_ns)
{
    if (!shmring_linux_is_marked(listener)) {
        shmring_linux_pause(timeout_ns < LOST_PAUSE_NS ? timeout_ns : LOST_PAUSE_NS);
    } else if (shmring_linux_poll(listener, timeout_ns)) {
        (void)drain_listener(listener);
    }
}

void shmring_os_listener_close(intptr_t listener)
{
    if (shmring_linux_is_marked(listener)) {
        shmring_linux_close(listener);
    }
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
        if (all[i] >= 0 && shmring_linux_is_marked(all[i])) {
            shmring_linux_close(all[i]);
        }
    }
    shmring_os_ready_init(ready);
}

/* The advice for an errno. */
static const char *ready_words(int error)
{
    switch (error) {
    case EMFILE:
    case ENOSPC:
        return "; raise the limit of open files, or the sysctls fs.inotify.max_user_instances and "
               "fs.inotify.max_user_watches";
    case EACCES:
    case ENOENT: /* who opens a ring may read it, and it is there */
        return "; if this process has changed its user or its root directory since it opened the "
               "ring, let it ask for the descriptor before it does";
    default:
        return "";
    }
}

static shmring_status not_ready(const struct shmring_name *name, struct shmring_os_ready *ready,
                                const char *what)
{
    int error = errno;

    shmring_os_ready_close(ready);
    return shmring_fail(SHMRING_E_OS, "ring '%s': no descriptor to wait on, for %s failed: %s%s",
                        name->full, what, strerror(error), ready_words(error));
}

static intptr_t new_timer(void)
{
    unsigned taken = shmring_linux_take_low();
    int fd = shmring_linux_mark(
        shmring_linux_above_low(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)));

    shmring_linux_give_low(taken);
    return fd;
}

shmring_status shmring_os_ready_open(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg, enum shmring_role waiter,
                                     struct shmring_os_ready *ret)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct shmring_os_ready ready;
    unsigned taken;

    shmring_os_ready_init(&ready);
    ready.listener = shmring_os_listener_open();
    if (ready.listener < 0) {
        return not_ready(name, &ready, "inotify_init1");
    }
    if (!shmring_os_listener_add(ready.listener, name, seg, waiter)) {
        return not_ready(name, &ready, "inotify_add_watch");
    }
    ready.alarm = new_timer();
    if (ready.alarm < 0) {
        return not_ready(name, &ready, "timerfd_create");
    }
    taken = shmring_linux_take_low();
    ready.handle = shmring_linux_mark(shmring_linux_above_low(epoll_create1(EPOLL_CLOEXEC)));
    shmring_linux_give_low(taken);
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

    if (shmring_linux_is_marked(ready->alarm) &&
        shmring_linux_read(ready->alarm, &times, sizeof times) == (int64_t)sizeof times) {
        heard |= SHMRING_OS_HEARD_ALARM;
    }
    return heard;
}

void shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns)
{
    struct itimerspec t = {
        .it_value = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)},
    };

    if (shmring_linux_is_marked(ready->alarm)) {
        (void)timerfd_settime((int)ready->alarm, 0, &t, NULL);
    }
}

/* ---- a timer alone ---- */

shmring_status shmring_os_timer_open(const struct shmring_name *name, intptr_t *ret)
{
    intptr_t timer = new_timer();
    int error = errno;

    if (timer < 0) {
        return shmring_fail(
            SHMRING_E_OS, "ring '%s': no descriptor to wait on, for timerfd_create failed: %s%s",
            name->full, strerror(error), error == EMFILE ? "; raise the limit of open files" : "");
    }
    *ret = timer;
    return SHMRING_OK;
}

void shmring_os_timer_set(intptr_t timer, uint64_t ns)
{
    struct itimerspec t = {
        .it_value = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)},
    };
    int kept = errno;

    if (shmring_linux_is_marked(timer)) {
        (void)timerfd_settime((int)timer, 0, &t, NULL); /* what was not read of it is forgotten */
    }
    errno = kept;
}

void shmring_os_timer_close(intptr_t timer)
{
    if (shmring_linux_is_marked(timer)) {
        shmring_linux_close(timer);
    }
}
