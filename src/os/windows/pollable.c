/* SPDX-License-Identifier: MIT */
/* pollable.c - os.h's readiness: a handle for WaitForMultipleObjects.
 *
 * It is a named manual-reset event, which stays set until it is drained. Nothing tells of the other
 * side's death but its role's object. So a timer of the thread pool asks for that ten times a
 * second, for as long as somebody has the handle.
 */
#include "os/windows/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define WATCH_MS 100u

/* Behind shmring_os_ready.listener. */
struct watch {
    HANDLE event;
    HANDLE timer; /* asks whether the other side lives */
    HANDLE alarm;
    struct shmring_os_segment seg; /* for its name alone */
    enum shmring_role other;
    int held;
    shmring_atomic_u64 heard;
};

static const char *ready_part(enum shmring_role waiter)
{
    return waiter == SHMRING_ROLE_CONSUMER ? "!data.ready" : "!space.ready";
}

void shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter)
{
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    DWORD kept = GetLastError();
    HANDLE event;

    shmring_windows_name(&seg->name, ready_part(waiter), wide);
    event = OpenEventW(EVENT_MODIFY_STATE, FALSE, wide); /* gone with the one who listened */
    if (event != NULL) {
        (void)SetEvent(event);
        (void)CloseHandle(event);
    }
    SetLastError(kept);
}

static void CALLBACK ask(void *arg, BOOLEAN fired)
{
    struct watch *w = arg;
    int held = shmring_os_role_held(&w->seg, w->other);

    (void)fired;
    if (w->held && !held) {
        (void)shmring_fetch_or(&w->heard, SHMRING_OS_HEARD_CLOSE);
        (void)SetEvent(w->event);
    }
    w->held = held;
}

static void CALLBACK ring(void *arg, BOOLEAN fired)
{
    struct watch *w = arg;

    (void)fired;
    (void)shmring_fetch_or(&w->heard, SHMRING_OS_HEARD_ALARM);
    (void)SetEvent(w->event);
}

int shmring_os_ready_is_descriptor(void)
{
    return 0;
}

void shmring_os_ready_init(struct shmring_os_ready *ready)
{
    ready->handle = -1;
    ready->listener = 0;
    ready->alarm = 0;
}

shmring_status shmring_os_ready_open(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg, enum shmring_role waiter,
                                     struct shmring_os_ready *ret)
{
    struct watch *w = calloc(1, sizeof *w);
    shmring_status status;
    intptr_t event;
    DWORD error;

    if (w == NULL) {
        return shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory for a handle", name->full);
    }
    status = shmring_windows_event(name, seg, ready_part(waiter), TRUE, &event);
    if (status != SHMRING_OK) {
        free(w);
        return status;
    }
    w->event = (HANDLE)event;
    shmring_os_segment_init(&w->seg);
    w->seg.name = seg->name;
    w->other = waiter == SHMRING_ROLE_CONSUMER ? SHMRING_ROLE_PRODUCER : SHMRING_ROLE_CONSUMER;
    if (!CreateTimerQueueTimer(&w->timer, NULL, ask, w, 0, WATCH_MS, WT_EXECUTEDEFAULT)) {
        error = GetLastError();
        (void)CloseHandle(w->event);
        free(w);
        return shmring_fail(SHMRING_E_OS, "ring '%s': no timer to watch the other side with: %s",
                            name->full, shmring_windows_words(error));
    }
    ret->handle = (intptr_t)w->event;
    ret->listener = (intptr_t)w;
    return SHMRING_OK;
}

static void stop(HANDLE *timer)
{
    if (*timer != NULL) { /* and waits for a call that is running */
        (void)DeleteTimerQueueTimer(NULL, *timer, INVALID_HANDLE_VALUE);
        *timer = NULL;
    }
}

void shmring_os_ready_close(struct shmring_os_ready *ready)
{
    struct watch *w = (struct watch *)ready->listener;

    if (w != NULL) {
        stop(&w->timer);
        stop(&w->alarm);
        (void)CloseHandle(w->event);
        free(w);
    }
    shmring_os_ready_init(ready);
}

uint32_t shmring_os_ready_drain(const struct shmring_os_ready *ready)
{
    struct watch *w = (struct watch *)ready->listener;

    (void)ResetEvent(w->event);
    return (uint32_t)shmring_fetch_and(&w->heard, 0);
}

void shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns)
{
    struct watch *w = (struct watch *)ready->listener;
    uint64_t ms = ns / 1000000u + (ns % 1000000u != 0);

    stop(&w->alarm);
    if (ns != 0 &&
        !CreateTimerQueueTimer(&w->alarm, NULL, ring, w, ms < 0x7FFFFFFFu ? (DWORD)ms : 0x7FFFFFFFu,
                               0, WT_EXECUTEONLYONCE)) {
        ring(w, FALSE); /* too early is allowed; never is not */
    }
}

/* ---- one listener for many: WaitForMultipleObjects takes 64, and more are asked in turn ---- */

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
    Sleep((DWORD)(timeout_ns / 1000000u < 1000 ? timeout_ns / 1000000u : 1000));
}

void shmring_os_listener_close(intptr_t listener)
{
    (void)listener;
}

/* ---- a timer alone ---- */

shmring_status shmring_os_timer_open(const struct shmring_name *name, intptr_t *ret)
{
    HANDLE timer = CreateWaitableTimerW(NULL, TRUE, NULL);

    if (timer == NULL) {
        return shmring_windows_refuse(name, "making a timer", GetLastError());
    }
    *ret = (intptr_t)timer;
    return SHMRING_OK;
}

void shmring_os_timer_set(intptr_t timer, uint64_t ns)
{
    const uint64_t ticks = ns / 100 + (ns % 100 != 0); /* of 100 ns */
    LARGE_INTEGER due;

    due.QuadPart = -(LONGLONG)(ticks < INT64_MAX ? ticks : INT64_MAX); /* from now on */
    (void)SetWaitableTimer((HANDLE)timer, &due, 0, NULL, NULL,
                           FALSE); /* not signalled until then */
}

void shmring_os_timer_close(intptr_t timer)
{
    (void)CloseHandle((HANDLE)timer);
}
