/* SPDX-License-Identifier: MIT */
/* observer_wait.c - how an observer waits, and learns of an end. It takes no lock and writes
 * nothing into the ring, so it has no bell and nobody can wake it. It looks by itself, at once at
 * first and ever more seldom while nothing comes.
 */
#include <shmring/shmring.h>

#include "base/error.h"
#include "endpoint/observer.h"
#include "segment/role.h"
#include "ring/racy_copy.h"
#include "wait/waiting.h"

/* A call that finds nothing asks the kernel at most so often. */
#define ASK_NS UINT64_C(10000000)

/* It sleeps for an eighth of the time in which nothing came, within these. */
#define IDLE_SHARE   8u
#define SLICE_MIN_NS UINT64_C(50000)
#define SLICE_MAX_NS UINT64_C(20000000)

#define POLLS_PER_CLOCK 16u

/* ---- what there is to tell ---- */

/* Whether shmring_observe() would answer anything but EMPTY, without the kernel: edge C for the
 * word or the tail, G for evict and repairs. */
static int is_something(const shmring_observer *o)
{
    const uint64_t repairs = shmring_load_acquire(&o->page->repairs);
    uint64_t evict;

    if (o->cut != 0) {
        return 1;
    }
    if ((repairs & 1) != 0) {
        return 0;
    }
    if (repairs != o->repairs || shmring_is_evicted(o->page, o->position, &evict)) {
        return 1;
    }
    return o->framing == SHMRING_RECORDS
               ? shmring_load_acquire(shmring_word_at_const(o->data + (o->position & o->mask))) != 0
               : shmring_load_acquire(&o->page->tail) != o->position;
}

/* Asks the kernel for the file and for the producer: edge E, in shmring_role_ask(). Each producer's
 * end is told once, after everything was read. */
static shmring_status ask(shmring_observer *o)
{
    uint64_t epoch;
    enum shmring_peer_state state;

    if (shmring_observer_check_file(o) != SHMRING_OK) {
        return SHMRING_E_CORRUPT;
    }
    state = shmring_role_ask(&o->attachment, &o->page->role, SHMRING_ROLE_PRODUCER, o->told_epoch,
                             &epoch);
    if (state == SHMRING_PEER_LIVES) {
        return SHMRING_EMPTY;
    }
    if (is_something(o)) { /* what it did before it went comes first */
        return SHMRING_OK;
    }
    if (state == SHMRING_PEER_ABSENT || (shmring_load_acquire(&o->page->repairs) & 1) != 0) {
        return shmring_os_has_name(&o->attachment.seg)
                   ? SHMRING_EMPTY
                   : shmring_fail(SHMRING_E_NOT_FOUND,
                                  "ring '%s' was removed and no producer can come to it any more: "
                                  "close the observer and open the name again",
                                  o->attachment.name.full);
    }
    o->told_epoch = epoch;
    return state == SHMRING_PEER_CLOSED ? SHMRING_CLOSED : SHMRING_PEER_DEAD;
}

/* ---- how long to sleep ---- */

static uint64_t next_slice(shmring_observer *o, uint64_t now)
{
    uint64_t slice;

    o->idle_ns = o->idle_ns != 0 ? o->idle_ns : now;
    slice = (now - o->idle_ns) / IDLE_SHARE;
    slice = slice > SLICE_MIN_NS ? slice : SLICE_MIN_NS;
    return slice < SLICE_MAX_NS ? slice : SLICE_MAX_NS;
}

static intptr_t timer_of(const shmring_observer *o)
{
    return (intptr_t)shmring_load_acquire(&o->timer) - 1;
}

static void set_timer(shmring_observer *o, uint64_t now, uint64_t ns)
{
    shmring_os_timer_set(timer_of(o), ns);
    o->timer_ns = now + ns;
}

/* The timer has fired, or it will: so a descriptor that is not readable becomes so within a slice,
 * whatever comes. Only a call that finds nothing takes the readiness back. */
static void rearm(shmring_observer *o, uint64_t now)
{
    if (now >= o->timer_ns) {
        set_timer(o, now, next_slice(o, now));
    }
    if (shmring_load_relaxed(&o->interrupted) != 0) { /* until the next call that finds nothing */
        shmring_store_relaxed(&o->interrupted, 0);
        set_timer(o, now, 1);
    }
}

shmring_status shmring_observer_nothing(shmring_observer *o)
{
    const uint64_t now = shmring_os_clock_ns();

    if (timer_of(o) >= 0) {
        rearm(o, now);
    }
    if (o->asked_ns != 0 && now - o->asked_ns < ASK_NS) {
        return SHMRING_EMPTY;
    }
    o->asked_ns = now;
    return ask(o);
}

/* ---- waiting ---- */

static int is_interrupted(const shmring_observer *o)
{
    return shmring_load_relaxed(&o->interrupted) != 0;
}

static void poll_until(shmring_observer *o, uint64_t end_ns)
{
    uint64_t now, yield_ns = 0;
    uint32_t i;

    for (;;) {
        for (i = 0; i < POLLS_PER_CLOCK; i++) {
            shmring_relax_(&o->relax, o->seen, o->position, o->capacity);
            if (is_something(o)) {
                return;
            }
        }
        now = shmring_os_clock_ns();
        if (now >= end_ns || is_interrupted(o)) {
            return;
        }
        shmring_wait_give_turn(now, &yield_ns);
    }
}

/* Sleeps on the word of the interrupt, which is this process's own. */
static void sleep_a_slice(shmring_observer *o, uint64_t now, uint64_t deadline_ns)
{
    const struct shmring_os_bell bell = {&o->interrupted, &o->attachment.seg, SHMRING_ROLE_OBSERVER,
                                         shmring_load_relaxed(&o->page->role.pid)};
    const uint64_t slice = next_slice(o, now);

    shmring_os_sleep(&bell, 0, slice < deadline_ns - now ? slice : deadline_ns - now);
}

static shmring_status wait_until(shmring_observer *o, uint64_t timeout_ns)
{
    uint64_t now = shmring_os_clock_ns();
    const uint64_t deadline = shmring_wait_later(now, timeout_ns);
    const uint64_t poll_end = shmring_wait_poll_end(now, o->spin_ns);
    shmring_status status;

    o->idle_ns = o->idle_ns != 0 ? o->idle_ns : now;
    for (;;) {
        if (now < poll_end) {
            poll_until(o, shmring_wait_poll_slice(now, poll_end, deadline));
        } else {
            sleep_a_slice(o, now, deadline);
        }
        status = is_something(o) ? SHMRING_OK : ask(o);
        if (status != SHMRING_EMPTY) {
            return status;
        }
        if (is_interrupted(o)) {
            shmring_store_relaxed(&o->interrupted, 0);
            return SHMRING_EMPTY;
        }
        now = shmring_os_clock_ns();
        if (now >= deadline) {
            return SHMRING_TIMEOUT;
        }
    }
}

shmring_status shmring_observer_wait(shmring_observer *o, uint64_t timeout_ns)
{
    shmring_status status = shmring_observer_check(o);

    if (status == SHMRING_OK) {
        status = shmring_observer_check_producer(o);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    if (!is_something(o)) {
        status = timeout_ns == 0 ? ask(o) : wait_until(o, timeout_ns);
    }
    if (status == SHMRING_OK) {
        o->idle_ns = 0;
    }
    return o->cut == 0 ? status : shmring_observer_check(o);
}

void shmring_observer_interrupt(shmring_observer *o)
{
    if (o != NULL && o->data != NULL) {
        const struct shmring_os_bell bell = {&o->interrupted, &o->attachment.seg,
                                             SHMRING_ROLE_OBSERVER, 0};

        shmring_store_relaxed(&o->interrupted, 1);
        shmring_os_wake(&bell);
        if (timer_of(o) >= 0) {
            shmring_os_timer_set(timer_of(o), 1);
        }
    }
}

/* ---- event loops ---- */

/* The timer, armed; -1 with a detail. descriptor: which kind is asked for. */
static intptr_t observer_ready(shmring_observer *o, int descriptor)
{
    const uint64_t now = shmring_os_clock_ns();
    intptr_t timer;

    if (shmring_observer_check(o) != SHMRING_OK) {
        return -1;
    }
    if (descriptor != shmring_os_ready_is_descriptor()) {
        (void)shmring_fail(SHMRING_E_UNSUPPORTED,
                           descriptor ? "ring '%s': this system has handles and no descriptors: "
                                        "call shmring_observer_handle()"
                                      : "ring '%s': this system has descriptors and no handles: "
                                        "call shmring_observer_fd()",
                           o->attachment.name.full);
        return -1;
    }
    if (timer_of(o) < 0) {
        if (shmring_os_timer_open(&o->attachment.name, &timer) != SHMRING_OK) {
            return -1;
        }
        ((struct shmring_observer_kept *)shmring_os_handle_kept(o, sizeof *o))->timer =
            (uint64_t)timer + 1;
        shmring_store_release(&o->timer, (uint64_t)timer + 1);
        set_timer(o, now, 1); /* the first call looks */
    }
    return timer_of(o);
}

int shmring_observer_fd(shmring_observer *o)
{
    return (int)observer_ready(o, 1);
}

void *shmring_observer_handle(shmring_observer *o)
{
    const intptr_t timer = observer_ready(o, 0);

    return timer == -1 ? NULL : (void *)timer;
}
