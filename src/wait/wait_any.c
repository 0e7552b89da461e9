/* SPDX-License-Identifier: MIT */
/* wait_any.c - one reader of many rings.
 *
 * Edge F as in wait.c, for all rings at once: every bell, one full barrier, one membarrier, a look
 * at every ring, then one sleep. It sleeps on the first of these that can be had: futex_waitv over
 * the bells, which takes 128; one listener that hears the signals of all rings (as in pollable.c);
 * short slices. Bells stay set until the call ends.
 */
#include <shmring/shmring.h>

#include <inttypes.h>

#include "base/error.h"
#include "wait/waiting.h"

#define RESTLESS_SLICE_NS UINT64_C(1000000)
#define LISTENER_NONE     (-1)
#define LISTENER_REFUSED  (-2)

struct any {
    shmring_consumer *const *consumers;
    uint32_t n;
    uint32_t start; /* the search begins here, and goes round */
    uint32_t index; /* what was found */
    uint64_t bit;   /* ASLEEP, or POLLED for a listener */
    uint64_t slice_ns;
    int restless; /* nothing to sleep on: short slices */
};

/* ---- looking ---- */

static shmring_status look_at(struct any *any, uint32_t i, int ask)
{
    shmring_consumer *c = any->consumers[i];
    struct shmring_wait w;
    shmring_status status;

    shmring_wait_for_data(&w, c);
    status = w.look(&w);
    if (status == SHMRING_EMPTY && ask) {
        status = shmring_wait_ask_peer(&w);
    }
    any->index = i;
    return status;
}

/* EMPTY: none of them has anything. */
static shmring_status look_at_all(struct any *any, int ask)
{
    shmring_status status = SHMRING_EMPTY;
    uint32_t k, i = any->start;

    for (k = 0; k < any->n && status == SHMRING_EMPTY; k++) {
        status = look_at(any, i, ask);
        i = i + 1 < any->n ? i + 1 : 0;
    }
    return status;
}

/* Whether one was interrupted, and which. */
static int is_interrupted(struct any *any)
{
    uint32_t i;

    for (i = 0; i < any->n; i++) {
        if (shmring_load_relaxed(&any->consumers[i]->interrupted) != 0) {
            any->index = i;
            return 1;
        }
    }
    return 0;
}

/* ---- sleeping ---- */

/* Has one listener hear all rings; it belongs to the first consumer. 0 when it cannot. */
static int listen_to_all(const struct any *any)
{
    struct shmring_attachment *first = any->consumers[0]->attachment;
    uint64_t random[2];
    uint32_t i;

    if (first->listener == LISTENER_NONE) {
        first->listener = shmring_os_listener_open();
        first->listener = first->listener < 0 ? LISTENER_REFUSED : first->listener;
        shmring_os_random(random); /* told from every other, also from those closed since */
        first->listener_number = random[0] | 1;
    }
    if (first->listener < 0) {
        return 0;
    }
    for (i = 0; i < any->n; i++) {
        struct shmring_attachment *a = any->consumers[i]->attachment;

        if (a->heard_by != first->listener_number) {
            if (!shmring_os_listener_add(first->listener, &a->name, &a->seg,
                                         SHMRING_ROLE_CONSUMER)) {
                return 0;
            }
            a->heard_by = first->listener_number;
        }
    }
    return 1;
}

static void clear_bells(const struct any *any)
{
    uint32_t i;

    for (i = 0; i < any->n; i++) {
        const shmring_consumer *c = any->consumers[i];

        if (any->bit == SHMRING_BELL_ASLEEP || c->polled == 0) {
            (void)shmring_fetch_and(&c->bells->consumer_bell, ~any->bit);
        }
    }
}

/* Chooses what to sleep on. */
static void prepare(struct any *any)
{
    if (any->n <= SHMRING_OS_SLEEP_ANY_MAX && any->bit == 0) {
        any->bit = SHMRING_BELL_ASLEEP;
    } else {
        any->bit = SHMRING_BELL_POLLED;
        any->restless = !listen_to_all(any);
    }
}

/* Sets the bells that are not set. Steps 1 and 2 of edge F. */
static void set_bells(struct any *any, uint32_t expected[SHMRING_OS_SLEEP_ANY_MAX])
{
    uint64_t slice_ns = SHMRING_SLICE_NS;
    uint32_t i, set = 0;
    int ran = 0;

    for (i = 0; i < any->n; i++) {
        shmring_atomic_u64 *bell = &any->consumers[i]->bells->consumer_bell;
        uint64_t seen = shmring_load_relaxed(bell);

        if ((seen & any->bit) == 0) {
            seen = shmring_fetch_or(bell, any->bit) | any->bit;
            set++;
        }
        if (any->bit == SHMRING_BELL_ASLEEP) {
            expected[i] = (uint32_t)seen;
        }
    }
    if (set == 0 && any->slice_ns >= SHMRING_SLICE_NS) {
        return;
    }
    shmring_full_barrier();
    for (i = 0; i < any->n; i++) {
        struct shmring_wait w;
        uint64_t one_ns;

        shmring_wait_for_data(&w, any->consumers[i]);
        one_ns = shmring_wait_barrier(&w, &ran);
        slice_ns = one_ns < slice_ns ? one_ns : slice_ns;
    }
    any->slice_ns = shmring_wait_next_slice(any->slice_ns, slice_ns);
}

static struct shmring_os_bell bell_of(const shmring_consumer *c)
{
    const struct shmring_os_bell bell = {&c->bells->consumer_bell, &c->attachment->seg,
                                         SHMRING_ROLE_CONSUMER, 0};

    return bell;
}

static shmring_status sleep_a_slice(struct any *any, uint64_t deadline_ns)
{
    struct shmring_os_bell bells[SHMRING_OS_SLEEP_ANY_MAX];
    uint32_t expected[SHMRING_OS_SLEEP_ANY_MAX], i;
    shmring_status status;
    uint64_t now, ns;

    set_bells(any, expected);
    status = look_at_all(any, 0);
    now = shmring_os_clock_ns();
    if (status != SHMRING_EMPTY || now >= deadline_ns || is_interrupted(any)) {
        return status;
    }
    ns = any->slice_ns < deadline_ns - now ? any->slice_ns : deadline_ns - now;
    for (i = 0; i < any->n; i++) {
        shmring_wait_count(&any->consumers[i]->page->sleeps);
    }
    if (any->restless) {
        ns = ns < RESTLESS_SLICE_NS ? ns : RESTLESS_SLICE_NS;
        bells[0] = bell_of(any->consumers[0]);
        shmring_os_sleep(&bells[0], (uint32_t)shmring_load_relaxed(bells[0].word), ns);
    } else if (any->bit == SHMRING_BELL_POLLED) {
        shmring_os_listener_wait(any->consumers[0]->attachment->listener, ns);
    } else {
        for (i = 0; i < any->n; i++) {
            bells[i] = bell_of(any->consumers[i]);
        }
        if (!shmring_os_sleep_any(bells, expected, any->n, ns)) {
            clear_bells(any);
            prepare(any); /* no such call here: something else */
        }
    }
    return look_at_all(any, 0);
}

/* ---- the call ---- */

static shmring_status check_all(const struct any *any, const uint32_t *ret_index)
{
    uint32_t i;

    if (any->consumers == NULL || ret_index == NULL || any->n == 0 ||
        any->n > SHMRING_WAIT_ANY_MAX) {
        return shmring_fail(SHMRING_E_INVALID,
                            "waiting for any of %" PRIu32
                            " rings: give 1 to %u of them, and a place for the index",
                            any->n, SHMRING_WAIT_ANY_MAX);
    }
    for (i = 0; i < any->n; i++) {
        if (any->consumers[i] == NULL || any->consumers[i]->attachment == NULL) {
            return shmring_fail(SHMRING_E_INVALID,
                                "waiting for any of %" PRIu32
                                " rings: the consumer at index %" PRIu32
                                " is NULL, or was opened before fork()",
                                any->n, i);
        }
    }
    return SHMRING_OK;
}

static shmring_status poll_until(struct any *any, uint64_t end_ns)
{
    uint64_t now, yield_ns = 0;
    shmring_status status;

    for (;;) {
        shmring_consumer_relax(any->consumers[0]);
        status = look_at_all(any, 0);
        now = shmring_os_clock_ns();
        if (status != SHMRING_EMPTY || now >= end_ns || is_interrupted(any)) {
            return status;
        }
        shmring_wait_give_turn(now, &yield_ns);
    }
}

static shmring_status wait_until(struct any *any, uint64_t timeout_ns)
{
    uint64_t now = shmring_os_clock_ns(), deadline_ns = shmring_wait_later(now, timeout_ns);
    uint64_t poll_end = shmring_wait_poll_end(now, any->consumers[0]->spin_ns);
    shmring_status status;
    uint32_t i;

    for (i = 0; i < any->n; i++) {
        shmring_wait_count(&any->consumers[i]->page->stalls);
    }
    for (;;) {
        if (now < poll_end) {
            status = poll_until(any, shmring_wait_poll_slice(now, poll_end, deadline_ns));
        } else {
            if (any->bit == 0) {
                prepare(any);
            }
            status = sleep_a_slice(any, deadline_ns);
        }
        if (status == SHMRING_EMPTY) {
            status = look_at_all(any, 1);
        }
        if (status != SHMRING_EMPTY) {
            return status;
        }
        if (is_interrupted(any)) {
            shmring_store_relaxed(&any->consumers[any->index]->interrupted, 0);
            return SHMRING_EMPTY;
        }
        now = shmring_os_clock_ns();
        if (now >= deadline_ns) {
            return SHMRING_TIMEOUT;
        }
    }
}

shmring_status shmring_wait_any(shmring_consumer *const *consumers, uint32_t n, uint32_t *ret_index,
                                uint64_t timeout_ns)
{
    struct any any = {.consumers = consumers, .n = n};
    shmring_status status = check_all(&any, ret_index);

    if (status != SHMRING_OK) {
        return status;
    }
    any.start = consumers[0]->any_next < n ? consumers[0]->any_next : 0;
    status = look_at_all(&any, 0);
    if (status == SHMRING_EMPTY && timeout_ns != 0) {
        status = wait_until(&any, timeout_ns);
        if (any.bit != 0) {
            clear_bells(&any);
        }
    }
    if (status == SHMRING_TIMEOUT || (status == SHMRING_EMPTY && timeout_ns == 0)) {
        return status;
    }
    consumers[0]->any_next = any.index + 1;
    *ret_index = any.index;
    return status;
}
