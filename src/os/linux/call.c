/* SPDX-License-Identifier: MIT */
/* call.c - the system calls at which a thread can be cancelled.
 *
 * POSIX lets a pending pthread_cancel() act inside open(), close(), read(), nanosleep() and others.
 * A thread that ended there would leave the locks, descriptors and marks of a half-done call to a
 * process that lives on. So cancellation is held off around each of these calls, and they are made
 * nowhere else in the library. A request stays pending until the caller's next cancellation point.
 * To hold it off is one exchange in the thread's own memory, and safe in signal handlers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "os/linux/linux.h"

int shmring_linux_hold_cancel(void)
{
    int before = PTHREAD_CANCEL_ENABLE;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void shmring_linux_release_cancel(int before)
{
    int ignored;

    (void)pthread_setcancelstate(before, &ignored);
}

/* ---- descriptors 0 to 2 ----
 *
 * A daemon may have closed them, and the system gives the lowest number that is free: what is then
 * printed would go into the ring. So they are taken while a descriptor is made. The files in their
 * place can be neither read nor written (O_PATH), as if they were closed. */

unsigned shmring_linux_take_low(void)
{
    int before = shmring_linux_hold_cancel();
    unsigned taken = 0;
    int fd, got;

    for (fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            got = open("/", O_PATH | O_CLOEXEC);
            taken |= got >= 0 && got <= 2 ? 1u << got : 0;
            if (got > 2) { /* another thread has opened it meanwhile */
                (void)close(got);
            }
        }
    }
    shmring_linux_release_cancel(before);
    return taken;
}

void shmring_linux_give_low(unsigned taken)
{
    int before = shmring_linux_hold_cancel();
    int kept = errno;
    int fd;

    for (fd = 0; fd <= 2; fd++) {
        if ((taken >> fd & 1) != 0 && (fcntl(fd, F_GETFL) & O_PATH) != 0) {
            (void)close(fd);
        }
    }
    errno = kept;
    shmring_linux_release_cancel(before);
}

int shmring_linux_above_low(int fd)
{
    int high = fd;

    if (fd >= 0 && fd <= 2) {
        high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        shmring_linux_close(fd);
    }
    return high;
}

/* A descriptor that is no file has no inode of its own to know it by. The signal number for
 * O_ASYNC, which nothing of ours uses, stays with it until it is closed. */
#define MARK 61

int shmring_linux_mark(int fd)
{
    if (fd >= 0 && fcntl(fd, F_SETSIG, MARK) != 0) {
        shmring_linux_close(fd);
        return -1;
    }
    return fd;
}

int shmring_linux_is_marked(intptr_t fd)
{
    const int mark = fcntl((int)fd, F_GETSIG);

    return mark == MARK || (mark < 0 && errno != EBADF);
}

int shmring_linux_open(const char *path, int flags, unsigned mode)
{
    int before = shmring_linux_hold_cancel();
    unsigned taken = shmring_linux_take_low();
    int fd = shmring_linux_above_low(open(path, flags | O_CLOEXEC, (mode_t)mode));

    shmring_linux_give_low(taken);
    shmring_linux_release_cancel(before);
    return fd;
}

void shmring_linux_close(intptr_t fd)
{
    int before = shmring_linux_hold_cancel();
    int kept = errno;

    (void)close((int)fd);
    errno = kept;
    shmring_linux_release_cancel(before);
}

int64_t shmring_linux_read(intptr_t fd, void *buf, size_t n)
{
    int before = shmring_linux_hold_cancel();
    ssize_t done = read((int)fd, buf, n);

    shmring_linux_release_cancel(before);
    return done;
}

int64_t shmring_linux_pread(intptr_t fd, void *buf, size_t n, uint64_t at)
{
    int before = shmring_linux_hold_cancel();
    ssize_t done = pread((int)fd, buf, n, (off_t)at);

    shmring_linux_release_cancel(before);
    return done;
}

/* ---- writing, with a limit of file sizes ----
 *
 * Beyond RLIMIT_FSIZE the kernel answers EFBIG and sends this thread SIGXFSZ, which ends the
 * process by default. The answer is enough: the signal is held off and taken back. */

struct held {
    int cancel;
    int was_pending;
    sigset_t mask;
};

static void hold_signal(struct held *ret)
{
    sigset_t limit, pending;

    ret->cancel = shmring_linux_hold_cancel();
    (void)sigemptyset(&limit);
    (void)sigaddset(&limit, SIGXFSZ);
    (void)sigemptyset(&pending);
    (void)sigpending(&pending);
    ret->was_pending = sigismember(&pending, SIGXFSZ) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &limit, &ret->mask);
}

static void release_signal(const struct held *held, int error)
{
    const struct timespec at_once = {0, 0};
    sigset_t limit;
    int kept = errno;

    if (error == EFBIG && !held->was_pending) {
        (void)sigemptyset(&limit);
        (void)sigaddset(&limit, SIGXFSZ);
        (void)sigtimedwait(&limit, NULL, &at_once);
    }
    (void)pthread_sigmask(SIG_SETMASK, &held->mask, NULL);
    errno = kept;
    shmring_linux_release_cancel(held->cancel);
}

int64_t shmring_linux_pwrite(intptr_t fd, const void *buf, size_t n, uint64_t at)
{
    struct held held;
    ssize_t done;

    hold_signal(&held);
    done = pwrite((int)fd, buf, n, (off_t)at);
    release_signal(&held, done < 0 ? errno : 0);
    return done;
}

int shmring_linux_resize(intptr_t fd, uint64_t size)
{
    struct held held;
    int error;

    hold_signal(&held);
    do {
        error = ftruncate((int)fd, (off_t)size) == 0 ? 0 : errno;
    } while (error == EINTR);
    release_signal(&held, error);
    return error;
}

int shmring_linux_reserve(intptr_t fd, uint64_t at, uint64_t n)
{
    struct held held;
    int error;

    hold_signal(&held);
    error = posix_fallocate((int)fd, (off_t)at, (off_t)n);
    release_signal(&held, error);
    return error;
}

void shmring_linux_touch(intptr_t fd)
{
    int before = shmring_linux_hold_cancel();

    while (fallocate((int)fd, FALLOC_FL_KEEP_SIZE, 0, 1) != 0 && errno == EINTR) {
        continue; /* after the signal's handler, which is some progress */
    }
    shmring_linux_release_cancel(before);
}

void shmring_linux_pause(uint64_t ns)
{
    const struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    int before = shmring_linux_hold_cancel();

    (void)nanosleep(&t, NULL);
    shmring_linux_release_cancel(before);
}

int shmring_linux_poll(intptr_t fd, uint64_t timeout_ns)
{
    const struct timespec t = {(time_t)(timeout_ns / 1000000000u),
                               (long)(timeout_ns % 1000000000u)};
    struct pollfd p = {.fd = (int)fd, .events = POLLIN};
    int before = shmring_linux_hold_cancel();
    int ready = ppoll(&p, 1, &t, NULL);

    shmring_linux_release_cancel(before);
    return ready > 0;
}

int shmring_linux_random(void *buf, size_t n)
{
    int before = shmring_linux_hold_cancel();
    ssize_t done = getrandom(buf, n, GRND_NONBLOCK);

    shmring_linux_release_cancel(before);
    return done == (ssize_t)n;
}

size_t shmring_linux_read_file(const char *path, char *text, size_t size)
{
    int fd = shmring_linux_open(path, O_RDONLY, 0);
    size_t n = 0;
    int64_t done = 0;

    if (fd >= 0) {
        do {
            done = shmring_linux_read(fd, text + n, size - 1 - n);
            n += done > 0 ? (size_t)done : 0;
        } while ((done > 0 && n < size - 1) || (done < 0 && errno == EINTR));
        shmring_linux_close(fd);
    }
    text[n] = '\0';
    return n;
}
