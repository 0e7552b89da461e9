/* SPDX-License-Identifier: MIT */
/* os_host_linux.c - host.h on Linux: standard streams, signals, time and the machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "os_host_linux.h"

static volatile sig_atomic_t stop_requested;
static void (*on_stop)(void);
static sigset_t stop_signals;
static int last_error;

/* ---- start, time, stopping ---- */

void host_start(int *argc, char ***argv)
{
    (void)argc; /* in UTF-8 where anything is */
    (void)argv;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&stop_signals);
    (void)sigaddset(&stop_signals, SIGINT);
    (void)sigaddset(&stop_signals, SIGTERM);
    (void)sigaddset(&stop_signals, SIGHUP);
}

int host_failed(void)
{
    last_error = errno;
    return 0;
}

const char *host_error(void)
{
    return strerror(last_error);
}

uint64_t host_clock_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

void host_sleep_ns(uint64_t ns)
{
    struct timespec t = {(time_t)(ns / UINT64_C(1000000000)), (long)(ns % UINT64_C(1000000000))};

    (void)nanosleep(&t, NULL); /* a signal ends it early, and may */
}

void host_yield(void)
{
    (void)sched_yield();
}

uint64_t host_pid(void)
{
    return (uint64_t)getpid();
}

static void stop_handler(int signal_number)
{
    int kept = errno;

    (void)signal_number;
    stop_requested = 1;
    if (on_stop != NULL) {
        on_stop();
    }
    errno = kept;
}

static void handle_stop(void (*handler)(int))
{
    struct sigaction action;
    int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction before;
    size_t i;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = (int)SA_RESETHAND; /* a second one ends us at once */
    (void)sigemptyset(&action.sa_mask);
    for (i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            (void)sigaction(signals[i], &action, NULL); /* what nohup ignores stays ignored */
        }
    }
}

void host_catch_stop(void (*call)(void))
{
    sigset_t kept;

    (void)sigprocmask(SIG_BLOCK, &stop_signals, &kept);
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

int host_rings_outlive_processes(void)
{
    return 1;
}

int host_keep_ring(const char *name)
{
    (void)name; /* it stays by itself */
    return 1;
}

/* ---- standard input, output, error ---- */

int host_output_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

int host_error_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

int host_output_is_utf8(void)
{
    const char *terminal = getenv("TERM");

    if (host_output_is_terminal() && terminal != NULL && strcmp(terminal, "dumb") == 0) {
        return 0;
    }
    (void)setlocale(LC_CTYPE, ""); /* the C locale until now; numbers keep their point */
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* A stop that comes between a look at the flag and a blocking call would be slept through: ppoll
 * lets the signals in only while it waits. */
int host_wait_fd(int fd, short events, uint64_t timeout_ns)
{
    struct pollfd p = {fd, events, 0};
    struct timespec t = {(time_t)(timeout_ns / UINT64_C(1000000000)),
                         (long)(timeout_ns % UINT64_C(1000000000))};
    sigset_t kept;
    int n = 0;

    if (timeout_ns == 0) {
        return poll(&p, 1, 0) != 0;
    }
    (void)sigprocmask(SIG_BLOCK, &stop_signals, &kept);
    if (!stop_requested) {
        n = ppoll(&p, 1, timeout_ns == HOST_FOREVER ? NULL : &t, &kept);
    }
    (void)sigprocmask(SIG_SETMASK, &kept, NULL);
    return n > 0 || (n < 0 && errno != EINTR); /* a read will tell what is wrong */
}

int host_wait_input(uint64_t timeout_ns)
{
    return host_wait_fd(STDIN_FILENO, POLLIN, timeout_ns);
}

int64_t host_read_input(void *buf, size_t n)
{
    ssize_t got;

    do {
        got = read(STDIN_FILENO, buf, n);
        if (got < 0 && errno == EAGAIN) { /* somebody gave us a non-blocking input */
            (void)host_wait_fd(STDIN_FILENO, POLLIN, HOST_FOREVER);
            errno = EAGAIN;
        }
    } while (got < 0 && (errno == EINTR || errno == EAGAIN) && !stop_requested);
    if (got < 0) {
        (void)host_failed();
        return -1;
    }
    return got;
}

int host_write_output(const void *buf, size_t n)
{
    const char *at = buf;
    ssize_t put;

    while (n > 0) {
        put = write(STDOUT_FILENO, at, n);
        if (put > 0) {
            at += put;
            n -= (size_t)put;
        } else if (put < 0 && errno == EAGAIN) {
            struct pollfd p = {STDOUT_FILENO, POLLOUT, 0};

            (void)poll(&p, 1, 1000);
        } else if (put < 0 && errno != EINTR) {
            return host_failed();
        }
    }
    return 1;
}

int host_output_is_gone(void)
{
    struct pollfd p = {STDOUT_FILENO, 0, 0};

    if (poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)) != 0) {
        errno = EPIPE;
        return host_failed() == 0;
    }
    return 0;
}

/* ---- the machine ---- */

/* The value of the first "key : value" line of /proc/cpuinfo with that key. */
static int cpuinfo_value(const char *key, char *ret, size_t size)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[512];
    char *value;
    int found = 0;

    while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
        value = strchr(line, ':');
        if (value != NULL && strncmp(line, key, strlen(key)) == 0) {
            value += 1 + strspn(value + 1, " \t");
            value[strcspn(value, "\n")] = '\0';
            (void)snprintf(ret, size, "%s", value);
            found = value[0] != '\0';
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return found;
}

void host_describe(struct host_machine *ret)
{
    struct utsname names;
    cpu_set_t set;

    memset(ret, 0, sizeof *ret);
    (void)uname(&names);
    if (!cpuinfo_value("model name", ret->cpu, sizeof ret->cpu) &&
        !cpuinfo_value("Model", ret->cpu, sizeof ret->cpu)) {
        (void)snprintf(ret->cpu, sizeof ret->cpu, "%s processor", names.machine);
    }
    ret->cores = sched_getaffinity(0, sizeof set, &set) == 0
                     ? (unsigned)CPU_COUNT(&set)
                     : (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    (void)snprintf(ret->system, sizeof ret->system, "%.40s %.54s", names.sysname, names.release);
}

/* A number of a processor's place in the machine; -1 when the system does not tell. */
static long topology(unsigned cpu, const char *what)
{
    char path[128];
    long value = -1;
    FILE *f;

    (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/topology/%s", cpu, what);
    f = fopen(path, "re");
    if (f != NULL) {
        if (fscanf(f, "%ld", &value) != 1) {
            value = -1;
        }
        (void)fclose(f);
    }
    return value;
}

int host_pick_cpus(unsigned *ret_first, unsigned *ret_second)
{
    cpu_set_t set;
    unsigned cpu, first = 0, best = 0;
    int seen = 0, score, best_score = 0;

    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return host_failed();
    }
    for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &set)) {
            continue;
        }
        if (!seen) {
            first = cpu;
            seen = 1;
            continue;
        }
        /* Best: another core of the same package. Then another package, then the same core. */
        score = 1;
        if (topology(cpu, "physical_package_id") != topology(first, "physical_package_id")) {
            score = 2;
        } else if (topology(cpu, "core_id") != topology(first, "core_id")) {
            score = 3;
        }
        if (score > best_score) {
            best_score = score;
            best = cpu;
        }
    }
    if (best_score == 0) {
        errno = ENODEV;
        return host_failed();
    }
    *ret_first = first;
    *ret_second = best;
    return 1;
}

size_t host_list_cpus(unsigned *ret, size_t room)
{
    cpu_set_t set;
    unsigned cpu;
    size_t n = 0;

    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return (size_t)host_failed();
    }
    for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &set)) {
            if (n < room) {
                ret[n] = cpu;
            }
            n++;
        }
    }
    return n;
}

int host_pin(unsigned cpu)
{
    cpu_set_t set;

    if (cpu >= CPU_SETSIZE) {
        errno = EINVAL;
        return host_failed();
    }
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0 ? 1 : host_failed();
}
