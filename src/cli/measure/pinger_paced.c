/* SPDX-License-Identifier: MIT */
/* pinger_paced.c - the pinger on a schedule.
 *
 * Messages are sent when they are due, whether or not the ones before have come back, and their
 * time counts from then. A reflector that stops for a second is late for all of that second's
 * messages, not for one. */
#include "measure/pinger.h"

/* A sleep may take so much longer than asked for; the rest of the time is polled. */
#define EARLY_NS UINT64_C(200000)

struct schedule {
    uint64_t start_ns, rate, count;
    uint64_t sent;     /* of them, and one more in the end, whose answer completes the last */
    uint64_t taken;    /* answers */
    uint64_t heard_ns; /* when the last one came */
};

static uint64_t due_ns(const struct schedule *s, uint64_t i)
{
    return s->start_ns + i / s->rate * PAIR_SECOND_NS + i % s->rate * PAIR_SECOND_NS / s->rate;
}

static enum trip_end take_answer(struct trip_pinger *t, struct schedule *s,
                                 const shmring_record *record, uint64_t now,
                                 struct trip_result *ret)
{
    uint64_t arrival = 0, i = s->taken;
    enum trip_end end = trip_take(t, record, &arrival);

    if (end == TRIP_OK && i + 1 >= s->count) { /* the last one: nothing is measured behind it */
        end = trip_check_bytes(t);
    }
    if (end != TRIP_OK) {
        return end;
    }
    s->taken++;
    s->heard_ns = now;
    if (i < s->count) {
        trip_note(t, ret, due_ns(s, i), now - due_ns(s, i));
    }
    if (i > 0 && t->size >= TRIP_TIMED_SIZE) {
        histogram_add(&ret->one_way, arrival - due_ns(s, i - 1));
    }
    return TRIP_OK;
}

/* Nothing came and nothing is due: polls when something is near, else sleeps. */
static shmring_status idle(struct trip_pinger *t, struct schedule *s, uint64_t now)
{
    const uint64_t due = s->sent < s->count ? due_ns(s, s->sent) : now;
    uint64_t left = due > now ? due - now : 0;
    int waits = s->sent > s->taken;

    if (waits ? now - s->heard_ns >= PAIR_SLICE_NS : left > EARLY_NS) {
        s->heard_ns = now; /* this is also the look whether the reflector lives */
        left = left > EARLY_NS ? left - EARLY_NS : 1;
        return shmring_wait_data(t->rings.c, left < PAIR_SLICE_NS ? left : PAIR_SLICE_NS);
    }
    if (t->rings.apart) {
        shmring_consumer_relax(t->rings.c);
    } else {
        host_yield();
    }
    return SHMRING_OK;
}

enum trip_end trip_at_rate(struct trip_pinger *t, uint64_t rate, uint64_t count,
                           struct trip_result *ret)
{
    struct schedule s = {host_clock_ns(), rate, count, 0, 0, 0};
    shmring_record record;
    shmring_status status;
    enum trip_end end = TRIP_OK;
    uint64_t now;

    s.heard_ns = s.start_ns;
    while (end == TRIP_OK && s.taken <= count) {
        status = shmring_try_recv(t->rings.c, t->rings.message, t->rings.room, &record);
        now = host_clock_ns();
        if (status == SHMRING_OK) {
            end = take_answer(t, &s, &record, now, ret);
        } else if (status == SHMRING_EMPTY) {
            status = idle(t, &s, now);
        }
        if (s.sent <= count && (s.sent == count || now >= due_ns(&s, s.sent))) {
            status = trip_send(t);
            s.sent += status == SHMRING_OK;
            if (status == SHMRING_FULL) {
                shmring_producer_relax(t->rings.p); /* it stays due */
                status = SHMRING_OK;
            }
        }
        end = end == TRIP_OK ? trip_judge(t, status) : end;
    }
    return end;
}
