/* SPDX-License-Identifier: MIT */
/* futex.c - os.h's sleeping, waking, clocks and identity over futex and membarrier. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os/os.h"
#include "os/linux/linux.h"

/* The kernel's old timespec, whatever the C library's time_t is; slices are far below 2^31 s. */
struct futex_time {
    long seconds;
    long nanoseconds;
};

static uint64_t read_clock(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The half of the bell that the futex compares: the low one, in either byte order. */
static uint32_t *futex_word(const shmring_atomic_u64 *bell)
{
    const uint16_t one = 1;
    uintptr_t at = (uintptr_t)bell;

    return (uint32_t *)(at + (*(const uint8_t *)&one == 1 ? 0 : 4));
}

void shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected, uint64_t timeout_ns)
{
    struct futex_time t = {(long)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};

    /* FUTEX_WAIT, not FUTEX_WAIT_PRIVATE: the sleeper and the waker are different processes. */
    (void)syscall(SYS_futex, futex_word(at->word), FUTEX_WAIT, expected, &t, NULL, 0);
}

void shmring_os_wake(const struct shmring_os_bell *at)
{
    int kept = errno;

    (void)syscall(SYS_futex, futex_word(at->word), FUTEX_WAKE, 1, NULL, NULL, 0);
    errno = kept;
}

void shmring_os_yield(void)
{
    (void)sched_yield();
}

/* futex_waitv(2), Linux 5.16: the numbers and the struct are those of every architecture; a C
 * library's headers may be older than the kernel. */
#define FUTEX_WAITV_CALL 449L
#define FUTEX_32_SHARED  2u

struct futex_waiter {
    uint64_t value;
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
};

int shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected, uint32_t n,
                         uint64_t timeout_ns)
{
    struct futex_waiter waiters[SHMRING_OS_SLEEP_ANY_MAX];
    uint64_t end = read_clock(CLOCK_MONOTONIC) + timeout_ns;
    int64_t end_time[2] = {(int64_t)(end / 1000000000u), (int64_t)(end % 1000000000u)};
    uint32_t i;

    for (i = 0; i < n; i++) {
        waiters[i].value = expected[i];
        waiters[i].address = (uint64_t)(uintptr_t)futex_word(bells[i].word);
        waiters[i].flags = FUTEX_32_SHARED;
        waiters[i].reserved = 0;
    }
    return syscall(FUTEX_WAITV_CALL, waiters, n, 0, end_time, CLOCK_MONOTONIC) >= 0 ||
           (errno != ENOSYS && errno != EPERM && errno != EINVAL);
}

int shmring_os_barrier_register(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
}

int shmring_os_barrier(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0;
}

uint64_t shmring_os_clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t shmring_os_realtime_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t shmring_os_pid(void)
{
    return (uint64_t)getpid();
}

uint64_t shmring_os_user(void)
{
    return (uint64_t)geteuid();
}

static uint64_t start_time_of(const char *path)
{
    char text[1024];
    const char *p;
    unsigned long long start = 0;
    int field;

    (void)shmring_linux_read_file(path, text, sizeof text);
    p = strrchr(text, ')'); /* the program's name may hold anything; field 3 follows it */
    for (field = 2; p != NULL && field < 22; field++) {
        p = strchr(p + 1, ' ');
    }
    if (p != NULL) {
        start = strtoull(p, NULL, 10);
    }
    return start;
}

uint64_t shmring_os_start_time(void)
{
    return start_time_of("/proc/self/stat");
}

int shmring_os_is_process(uint64_t pid, uint64_t start_time)
{
    char path[64];

    if (start_time == 0 || shmring_os_start_time() == 0) {
        return 1; /* that one, or this one, has no /proc, or may not open a file */
    }
    (void)snprintf(path, sizeof path, "/proc/%" PRIu64 "/stat", pid);
    return start_time_of(path) == start_time;
}

void shmring_os_program(char name[16])
{
    const char *p = program_invocation_short_name;
    size_t n = p != NULL ? strlen(p) : 0;

    memset(name, 0, 16);
    if (n > 0) {
        memcpy(name, p, n < 16 ? n : 16);
    }
}

void shmring_os_random(uint64_t value[2])
{
    if (!shmring_linux_random(value, 16)) {
        value[0] = shmring_os_realtime_ns();
        value[1] = shmring_os_clock_ns() ^ shmring_os_pid() << 32;
    }
}
