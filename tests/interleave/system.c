/* SPDX-License-Identifier: MIT */
/* system.c - os.h's calls as a place where others act: time is played, a sleep lets the others act,
 * and a sleeper for whom there is something to do must have been woken. */
#include <inttypes.h>
#include <poll.h>

#include "rings.h"

#define CLOCK_STEP_NS 200u

uint64_t lost_wakes_looked_for;

uint64_t __real_shmring_os_clock_ns(void);
uint64_t __wrap_shmring_os_clock_ns(void);
void __wrap_shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected,
                             uint64_t timeout_ns);
void __wrap_shmring_os_wake(const struct shmring_os_bell *at);
void __wrap_shmring_os_yield(void);
int __wrap_shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected,
                                uint32_t n, uint64_t timeout_ns);
void __real_shmring_os_listener_wait(intptr_t listener, uint64_t timeout_ns);
void __wrap_shmring_os_listener_wait(intptr_t listener, uint64_t timeout_ns);
int __wrap_shmring_os_barrier(void);
int __wrap_shmring_os_barrier_register(void);
void __wrap_shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns);
uint32_t __real_shmring_os_ready_drain(const struct shmring_os_ready *ready);
uint32_t __wrap_shmring_os_ready_drain(const struct shmring_os_ready *ready);
void __real_shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter);
void __wrap_shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter);
int __real_shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role);
int __wrap_shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role);
uint64_t __wrap_shmring_os_start_time(void);
uint32_t __wrap_shmring_pause_unit(void);
uint32_t __wrap_shmring_ticks_a_microsecond(void);

/* ---- time ---- */

uint64_t __wrap_shmring_os_clock_ns(void)
{
    if (acting() == NULL) {
        return __real_shmring_os_clock_ns();
    }
    return now_ns += CLOCK_STEP_NS;
}

uint64_t __wrap_shmring_os_start_time(void)
{
    return 1;
}

uint32_t __wrap_shmring_pause_unit(void)
{
    return 1;
}

/* Whether a producer claims is chance here, not time: ends.c. */
uint32_t __wrap_shmring_ticks_a_microsecond(void)
{
    return 0;
}

void __wrap_shmring_os_yield(void)
{
    system_point();
}

/* ---- sleeping and waking ---- */

/* Whether a sleeper has something to do for certain: what calls that returned have done. A side
 * that died in the middle of a call may have woken nobody. */
static int has_reason(const struct ring *r, enum shmring_role role)
{
    shmring_status due;

    if (role == SHMRING_ROLE_CONSUMER) {
        return (bytes_unread(r) != 0 && r->committed_position != r->silent_end) ||
               (end_is_due(r, SHMRING_ROLE_PRODUCER, &due) && due == SHMRING_CLOSED);
    }
    return r->sleep_need != 0 && r->cursor != r->silent_cursor && bytes_free(r) >= r->sleep_need;
}

static uint64_t *wakes_of(struct ring *r, enum shmring_role role)
{
    return role == SHMRING_ROLE_CONSUMER ? &r->c_wakes : &r->p_wakes;
}

static struct ring *ring_of(const struct shmring_os_bell *at)
{
    uint32_t i;

    for (i = 0; i < ring_count; i++) {
        if (rings[i].object[0] == at->seg->id[0] && rings[i].object[1] == at->seg->id[1]) {
            return &rings[i];
        }
    }
    return NULL;
}

/* Deaths of who is to wake: one that cleared the bell and died has woken nobody, and the sleeper
 * looks when its slice is over. */
static uint64_t deaths_of_waker(const struct ring *r, enum shmring_role waiter)
{
    return waiter == SHMRING_ROLE_CONSUMER ? r->p_life.deaths : r->c_life.deaths;
}

static int is_changed(const struct shmring_os_bell *at, uint32_t expected)
{
    return (uint32_t)plain_load_relaxed_(at->word) != expected;
}

/* Sleeps on n bells: others act for a while, or nobody does, and the time is over. As with the
 * kernel's, a changed word counts only on the way in; later nothing but a wake ends the sleep. */
static void sleep_on(const struct shmring_os_bell *bells, const uint32_t *expected, uint32_t n,
                     uint64_t timeout_ns)
{
    uint64_t wakes[RINGS_MAX], deaths_before[RINGS_MAX];
    uint32_t i, turns = chance(6);

    for (i = 0; i < n; i++) {
        if (is_changed(&bells[i], expected[i])) {
            return;
        }
        wakes[i] = *wakes_of(ring_of(&bells[i]), bells[i].waiter);
        deaths_before[i] = deaths_of_waker(ring_of(&bells[i]), bells[i].waiter);
    }
    for (;; turns--) {
        for (i = 0; i < n; i++) {
            struct ring *r = ring_of(&bells[i]);

            if (*wakes_of(r, bells[i].waiter) != wakes[i]) {
                return;
            }
            lost_wakes_looked_for++;
            if (deaths_of_waker(r, bells[i].waiter) == deaths_before[i] &&
                has_reason(r, bells[i].waiter)) {
                found("a side sleeps (role %" PRIu64
                      ") though there is something for it, and nobody woke it",
                      bells[i].waiter, 0, 0);
            }
        }
        if (turns == 0) {
            now_ns += timeout_ns;
            return;
        }
        sleep_point();
    }
}

void __wrap_shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected,
                             uint64_t timeout_ns)
{
    if (at->waiter == SHMRING_ROLE_OBSERVER) { /* nobody wakes one: it looks again */
        sleep_point();
        now_ns += timeout_ns;
        return;
    }
    sleep_on(at, &expected, 1, timeout_ns);
}

int __wrap_shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected,
                                uint32_t n, uint64_t timeout_ns)
{
    if (rings[0].f.barrier == 0) { /* an old system, in this too */
        return 0;
    }
    sleep_on(bells, expected, n, timeout_ns);
    return 1;
}

void __wrap_shmring_os_wake(const struct shmring_os_bell *at)
{
    struct ring *r = ring_of(at);

    system_point();
    if (r != NULL) {
        ++*wakes_of(r, at->waiter);
    }
}

void __wrap_shmring_os_listener_wait(intptr_t listener, uint64_t timeout_ns)
{
    uint32_t i, turns = chance(6);

    for (; turns != 0 && !fd_is_ready((int)listener); turns--) {
        sleep_point();
    }
    if (fd_is_ready((int)listener)) {
        __real_shmring_os_listener_wait(listener, 0);
        return;
    }
    for (i = 0; i < ring_count; i++) {
        if (rings[i].awaited && has_reason(&rings[i], SHMRING_ROLE_CONSUMER)) {
            found("the reader of all sleeps though ring %" PRIu64 " has something", i, 0, 0);
        }
    }
    now_ns += timeout_ns;
}

/* ---- barriers: one thread needs none, but which of them there are decides who fences ---- */

int __wrap_shmring_os_barrier(void)
{
    system_point();
    return ring_count == 0 || rings[0].f.barrier == 1;
}

int __wrap_shmring_os_barrier_register(void)
{
    return ring_count == 0 || rings[0].f.barrier != 0;
}

/* ---- descriptors ---- */

/* The alarm is a spare look after a second or so: nothing here may need it. */
void __wrap_shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns)
{
    (void)ready;
    (void)ns;
}

uint32_t __wrap_shmring_os_ready_drain(const struct shmring_os_ready *ready)
{
    uint32_t heard;

    system_point();
    heard = __real_shmring_os_ready_drain(ready);
    system_point();
    return heard;
}

void __wrap_shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter)
{
    system_point();
    __real_shmring_os_signal(seg, waiter);
    system_point();
}

int __wrap_shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role)
{
    int held;

    system_point();
    held = __real_shmring_os_role_held(seg, role);
    system_point();
    return held;
}

int fd_is_ready(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}
