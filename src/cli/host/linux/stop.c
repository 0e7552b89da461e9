/* SPDX-License-Identifier: MIT */
/* stop.c - host.h on Linux: requests to stop.
 *
 * The first request is noted. From then on a timer interrupts the process again and again. So a
 * call that began to block just after the request ends with EINTR all the same, and its caller
 * finds the stop. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"
#include "host/linux/linux.h"

#define TICK_US     20000
#define TICKS_GRACE 10 /* for a call that cannot be interrupted */

static volatile sig_atomic_t stop_requested, stop_signal, is_urgent, ticks;
static void (*on_stop)(void);

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
#define STOP_SIGNALS (sizeof stop_signals / sizeof stop_signals[0])

void host_stop_set(sigset_t *ret)
{
    size_t i;

    (void)sigemptyset(ret);
    for (i = 0; i < STOP_SIGNALS; i++) {
        (void)sigaddset(ret, stop_signals[i]);
    }
}

/* That it came is all that counts; a library's call that goes on for too long ends with us. */
static void tick_handler(int signal_number)
{
    (void)signal_number;
    if (is_urgent && ++ticks >= TICKS_GRACE) {
        _exit(128 + stop_signal);
    }
}

static void start_ticks(void)
{
    const struct itimerval every = {{0, TICK_US}, {0, TICK_US}};
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = tick_handler;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &every, NULL);
}

static void stop_handler(int signal_number)
{
    int kept = errno;

    stop_signal = signal_number;
    stop_requested = 1;
    if (on_stop != NULL) {
        on_stop();
    }
    start_ticks();
    errno = kept;
}

static void handle_stop(void (*handler)(int))
{
    struct sigaction action, before;
    sigset_t tick;
    size_t i;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = (int)SA_RESETHAND; /* a second one ends us at once */
    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&tick);
    (void)sigaddset(&tick, SIGALRM); /* we may have been started with it blocked */
    (void)sigprocmask(SIG_UNBLOCK, &tick, NULL);
    for (i = 0; i < STOP_SIGNALS; i++) {
        if (sigaction(stop_signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            (void)sigaction(stop_signals[i], &action, NULL); /* what nohup ignores stays ignored */
        }
    }
}

void host_catch_stop(void (*call)(void))
{
    sigset_t stops, kept;

    host_stop_set(&stops);
    (void)sigprocmask(SIG_BLOCK, &stops, &kept);
    on_stop = call;
    (void)sigprocmask(SIG_SETMASK, &kept, NULL);
    if (!stop_requested) {
        handle_stop(stop_handler);
    }
}

int host_stop_requested(void)
{
    return stop_requested;
}

void host_stop_is_urgent(int yes)
{
    is_urgent = yes;
}

/* A stop that comes between a look at the flag and a blocking call would be slept through for a
 * tick: ppoll lets the signals in only while it waits. */
int host_wait_fd(int fd, short events, uint64_t timeout_ns)
{
    struct pollfd p = {fd, events, 0};
    struct timespec t = {(time_t)(timeout_ns / UINT64_C(1000000000)),
                         (long)(timeout_ns % UINT64_C(1000000000))};
    sigset_t stops, kept;
    int n = 0;

    if (timeout_ns == 0) {
        return poll(&p, 1, 0) != 0;
    }
    host_stop_set(&stops);
    (void)sigprocmask(SIG_BLOCK, &stops, &kept);
    if (!stop_requested) {
        n = ppoll(&p, 1, timeout_ns == HOST_FOREVER ? NULL : &t, &kept);
    }
    (void)sigprocmask(SIG_SETMASK, &kept, NULL);
    return n > 0 || (n < 0 && errno != EINTR); /* a read will tell what is wrong */
}
