/* SPDX-License-Identifier: MIT */
/* host.c - host.h on Linux: standard streams, time and the machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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

#include "host/host.h"
#include "host/linux/linux.h"

#define WRITE_WAIT_NS UINT64_C(1000000000)

static int last_error;

/* ---- start, time ---- */

void host_start(int *argc, char ***argv)
{
    int fd;

    (void)argc; /* in UTF-8 where anything is */
    (void)argv;
    do { /* a file of ours must not become standard output where that is closed */
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd < 2);
    if (fd > 2) {
        (void)close(fd);
    }
    (void)signal(SIGPIPE, SIG_IGN);
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

uint64_t host_epoch_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
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

int host_rings_outlive_processes(void)
{
    return 1;
}

/* ---- standard input, output, error ---- */

int host_output_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

int host_error_is_terminal(void)
{
    const char *terminal = getenv("TERM");

    return isatty(STDERR_FILENO) == 1 && terminal != NULL && strcmp(terminal, "dumb") != 0;
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
    } while (got < 0 && (errno == EINTR || errno == EAGAIN) && !host_stop_requested());
    if (got < 0) {
        (void)host_failed();
        return -1;
    }
    return got;
}

int host_write_fd(int fd, const void *buf, size_t n)
{
    const char *at = buf;
    ssize_t put;

    while (n > 0) {
        put = write(fd, at, n);
        if (put > 0) {
            at += put;
            n -= (size_t)put;
        } else if (put < 0 && errno == EAGAIN && !host_stop_requested()) {
            (void)host_wait_fd(fd, POLLOUT, WRITE_WAIT_NS);
        } else if (put < 0 && (errno != EINTR || host_stop_requested())) {
            return host_failed();
        }
    }
    return 1;
}

int host_write_output(const void *buf, size_t n)
{
    return host_write_fd(STDOUT_FILENO, buf, n);
}

int host_fd_is_gone(int fd)
{
    struct pollfd p = {fd, 0, 0};

    if (poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)) != 0) {
        errno = EPIPE;
        return host_failed() == 0;
    }
    return 0;
}

int host_output_is_gone(void)
{
    return host_fd_is_gone(STDOUT_FILENO);
}

int host_error_is_gone(void)
{
    return last_error == EPIPE;
}

int host_file_is_there(void)
{
    return last_error == EEXIST;
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
