/* SPDX-License-Identifier: MIT */
/* os_fuzz_wait.c - the rest of os.h for the fuzz targets: sleeps that end at once and move the
 * clock, and a process that is always the same. */
#include "os_fuzz.h"

#include <string.h>

#include "base/error.h"
#include "os/os.h"

static uint64_t clock_ns = 1;

static void pass(uint64_t ns)
{
    clock_ns += ns;
    if (fuzz_enemy != NULL) {
        fuzz_enemy();
    }
}

void shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected, uint64_t timeout_ns)
{
    (void)at;
    (void)expected;
    pass(timeout_ns);
}

void shmring_os_wake(const struct shmring_os_bell *at)
{
    (void)at;
}

void shmring_os_yield(void)
{
    pass(1000);
}

int shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected, uint32_t n,
                         uint64_t timeout_ns)
{
    (void)bells;
    (void)expected;
    (void)n;
    pass(timeout_ns);
    return 1;
}

int shmring_os_barrier_register(void)
{
    return 1;
}

int shmring_os_barrier(void)
{
    return 1;
}

/* ---- readiness: a descriptor that is never made ---- */

void shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter)
{
    (void)seg;
    (void)waiter;
}

int shmring_os_ready_is_descriptor(void)
{
    return 1;
}

void shmring_os_ready_init(struct shmring_os_ready *ready)
{
    ready->handle = ready->listener = ready->alarm = -1;
}

shmring_status shmring_os_ready_open(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg, enum shmring_role waiter,
                                     struct shmring_os_ready *ret)
{
    (void)seg;
    (void)waiter;
    ret->handle = 5; /* what a handle with a descriptor does is code that must be run too */
    return name != NULL ? SHMRING_OK : SHMRING_E_OS;
}

void shmring_os_ready_close(struct shmring_os_ready *ready)
{
    shmring_os_ready_init(ready);
}

uint32_t shmring_os_ready_drain(const struct shmring_os_ready *ready)
{
    (void)ready;
    return SHMRING_OS_HEARD_CLOSE | SHMRING_OS_HEARD_ALARM;
}

void shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns)
{
    (void)ready;
    (void)ns;
}

intptr_t shmring_os_listener_open(void)
{
    return -1;
}

int shmring_os_listener_add(intptr_t listener, const struct shmring_name *name,
                            const struct shmring_os_segment *seg, enum shmring_role waiter)
{
    (void)listener;
    (void)name;
    (void)seg;
    (void)waiter;
    return 0;
}

void shmring_os_listener_wait(intptr_t listener, uint64_t timeout_ns)
{
    (void)listener;
    pass(timeout_ns);
}

void shmring_os_listener_close(intptr_t listener)
{
    (void)listener;
}

shmring_status shmring_os_timer_open(const struct shmring_name *name, intptr_t *ret)
{
    *ret = 6;
    return name != NULL ? SHMRING_OK : SHMRING_E_OS;
}

void shmring_os_timer_set(intptr_t timer, uint64_t ns)
{
    (void)timer;
    (void)ns;
}

void shmring_os_timer_close(intptr_t timer)
{
    (void)timer;
}

/* ---- this process, and time ---- */

uint64_t shmring_os_clock_ns(void)
{
    clock_ns += 1000;
    return clock_ns;
}

uint64_t shmring_os_realtime_ns(void)
{
    return clock_ns;
}

uint64_t shmring_os_user(void)
{
    return 1000;
}

uint64_t shmring_os_pid(void)
{
    return 4711;
}

int shmring_os_is_process(uint64_t pid, uint64_t start_time)
{
    return pid == shmring_os_pid() && start_time == shmring_os_start_time();
}

uint64_t shmring_os_start_time(void)
{
    return 4712;
}

void shmring_os_program(char name[16])
{
    memcpy(name, "fuzz\0\0\0\0\0\0\0\0\0\0\0", 16);
}

void shmring_os_random(uint64_t value[2])
{
    value[0] = 1;
    value[1] = 2;
}

/* The fuzzed calls go by names. */
shmring_status shmring_os_create_nameless(const struct shmring_name *name, uint64_t size,
                                          uint32_t permissions, struct shmring_os_segment *ret)
{
    (void)size;
    (void)permissions;
    (void)ret;
    return shmring_fail(SHMRING_E_UNSUPPORTED, "ring '%s': names only", name->full);
}

shmring_status shmring_os_seal(const struct shmring_name *name, struct shmring_os_segment *seg,
                               int *ret_fd)
{
    (void)seg;
    (void)ret_fd;
    return shmring_fail(SHMRING_E_UNSUPPORTED, "ring '%s': names only", name->full);
}

shmring_status shmring_os_adopt(const struct shmring_name *name, int fd, int as_given,
                                struct shmring_os_segment *ret)
{
    (void)fd;
    (void)as_given;
    (void)ret;
    return shmring_fail(SHMRING_E_UNSUPPORTED, "ring '%s': names only", name->full);
}
