/* SPDX-License-Identifier: MIT */
/* pollable.c - descriptors for event loops: readable exactly when a call would not answer EMPTY
 * (for the producer: FULL).
 *
 * The call that finds nothing arms the descriptor. It drains the signals, sets POLLED in the bell,
 * and then looks again, with the barriers of any wait (edge F, wait.c). A waker that sees POLLED
 * clears it and signals. Where the last look finds a record or the other side's end, we signal
 * ourselves. The descriptor is then ready for as long as nobody drains it, and only the next call
 * that finds nothing does.
 */
#include <shmring/shmring.h>

#include "base/error.h"
#include "wait/waiting.h"

/* After the other side closed the ring's file. Its lock goes a moment later than its end is heard,
 * and a process may be held up in between. So we ask again, ever more seldom. */
#define ASK_AGAIN_NS     UINT64_C(1000000)
#define ASK_AGAIN_MAX_NS UINT64_C(1000000000)

/* The next alarm, in ns; 0 for none. */
static uint64_t next_alarm(const struct shmring_wait *w, uint32_t heard)
{
    uint64_t ns = w->a->alarm_ns;

    if (w->slice_ns == SHMRING_UNFENCED_SLICE_NS) { /* a wake-up may be missed: look now and then */
        return ns == 0 ? ASK_AGAIN_NS : ns < SHMRING_SLICE_NS ? ns * 2 : ns;
    }
    if ((heard & SHMRING_OS_HEARD_CLOSE) != 0) {
        return ASK_AGAIN_NS;
    }
    if ((heard & SHMRING_OS_HEARD_ALARM) != 0) {
        return ns != 0 && ns < ASK_AGAIN_MAX_NS ? ns * 2 : 0;
    }
    return ns;
}

static shmring_status arm(struct shmring_wait *w)
{
    uint32_t heard = shmring_os_ready_drain(&w->a->ready);
    uint64_t alarm_ns;
    shmring_status status;
    int ran = 0;

    shmring_full_barrier(); /* our position before the look at the bit: shmring_bell_ring() */
    /* A producer may want another amount than the last time, so it begins anew. */
    if (w->p != NULL || (shmring_load_relaxed(w->bell) & SHMRING_BELL_POLLED) == 0) {
        shmring_wait_set_bell(w, SHMRING_BELL_POLLED);
        shmring_full_barrier();
        w->slice_ns = shmring_wait_barrier(w, &ran);
    }
    status = w->look(w);
    if (status == w->nothing) {
        status = shmring_wait_ask_peer(w);
    }
    /* A record that came before an end does not make us forget the end. */
    alarm_ns = status == w->nothing || status == SHMRING_OK ? next_alarm(w, heard) : 0;
    if (alarm_ns != w->a->alarm_ns || (heard & SHMRING_OS_HEARD_ALARM) != 0) {
        shmring_os_ready_alarm(&w->a->ready, alarm_ns);
        w->a->alarm_ns = alarm_ns;
    }
    if (status != w->nothing) {
        shmring_os_signal(&w->a->seg, w->a->role);
    }
    return status;
}

/* ---- the consumer's ---- */

shmring_status shmr_consumer_arm(shmring_consumer *c, uint64_t need, int quiet)
{
    const struct shmring_attachment *before;
    struct shmring_wait w;
    shmring_status status;

    if (c->status != SHMRING_OK) { /* the guard's: see shmring_consumer_is_cut() */
        return shmring_consumer_refuse_(c, SHMRING_E_CORRUPT, 0);
    }
    do {
        before = c->attachment;
        shmring_wait_for_data(&w, c);
        w.need = need;
        w.quiet = quiet;
        status = arm(&w);
    } while (c->attachment != before); /* it has moved to another ring meanwhile */
    if (status == SHMRING_EMPTY && shmr_take_interrupt(c)) {
        shmring_os_signal(&c->attachment->seg, SHMRING_ROLE_CONSUMER);
    }
    return status == SHMRING_OK ? SHMRING_EMPTY : status; /* it came just now: we are ready */
}

/* Whether what was asked for, a descriptor or a handle, is what this system has. */
static int is_of_this_system(const struct shmring_attachment *a, int descriptor)
{
    if (descriptor == shmring_os_ready_is_descriptor()) {
        return 1;
    }
    (void)shmring_fail(SHMRING_E_UNSUPPORTED,
                       descriptor ? "ring '%s': this system has handles and no descriptors: call "
                                    "shmring_consumer_handle() or shmring_producer_handle()"
                                  : "ring '%s': this system has descriptors and no handles: call "
                                    "shmring_consumer_fd() or shmring_producer_fd()",
                       a->name.full);
    return 0;
}

static void *handle_of(intptr_t ready)
{
    return ready == -1 ? NULL : (void *)ready;
}

/* An end that was heard just before we listened, and whose lock goes just after we ask, would be
 * missed: one alarm, a second later, looks for that. */
static int open_ready(struct shmring_attachment *a)
{
    if (shmring_os_ready_open(&a->name, &a->seg, a->role, &a->ready) != SHMRING_OK) {
        return 0;
    }
    a->alarm_ns = ASK_AGAIN_MAX_NS;
    shmring_os_ready_alarm(&a->ready, a->alarm_ns);
    return 1;
}

/* The consumer's handle for event loops, armed; -1 with a detail. descriptor: which kind is asked
 * for. */
static intptr_t consumer_ready(shmring_consumer *c, int descriptor)
{
    struct shmring_detail kept;
    struct shmring_attachment *a = c != NULL ? c->attachment : NULL;

    if (a == NULL) {
        (void)shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
        return -1;
    }
    if (!is_of_this_system(a, descriptor)) {
        return -1;
    }
    if (a->ready.handle < 0) {
        if (!open_ready(a)) {
            return -1;
        }
        shmring_detail_keep(&kept);
        c->polled = 1;
        (void)shmr_consumer_arm(c, 1, 1); /* what it finds, the next call answers */
        (void)shmring_settle(&kept, SHMRING_OK);
    }
    return a->ready.handle;
}

int shmring_consumer_fd(shmring_consumer *c)
{
    return (int)consumer_ready(c, 1);
}

void *shmring_consumer_handle(shmring_consumer *c)
{
    return handle_of(consumer_ready(c, 0));
}

/* ---- the producer's ---- */

shmring_status shmr_producer_arm(shmring_producer *p, uint64_t need, int quiet)
{
    struct shmring_wait w;
    shmring_status status;

    if (p->status != SHMRING_OK) {
        return shmring_producer_refuse_(p, SHMRING_E_CORRUPT, 0);
    }
    shmring_wait_for_space(&w, p, need);
    w.quiet = quiet;
    status = arm(&w);
    if (status == SHMRING_FULL && shmring_wait_is_interrupted(&w)) {
        shmring_store_relaxed(&p->interrupted, 0);
        shmring_os_signal(&p->attachment->seg, SHMRING_ROLE_PRODUCER);
    }
    return status;
}

static intptr_t producer_ready(shmring_producer *p, int descriptor)
{
    struct shmring_attachment *a = p != NULL ? p->attachment : NULL;

    if (a == NULL) {
        (void)shmring_producer_refuse_(p, SHMRING_E_INVALID, 0);
        return -1;
    }
    if (!is_of_this_system(a, descriptor)) {
        return -1;
    }
    if (a->ready.handle < 0) {
        if (!open_ready(a)) {
            return -1;
        }
        p->polled = 1; /* nothing was refused yet: there is space until something is */
        shmring_os_signal(&a->seg, SHMRING_ROLE_PRODUCER);
    }
    return a->ready.handle;
}

int shmring_producer_fd(shmring_producer *p)
{
    return (int)producer_ready(p, 1);
}

void *shmring_producer_handle(shmring_producer *p)
{
    return handle_of(producer_ready(p, 0));
}
