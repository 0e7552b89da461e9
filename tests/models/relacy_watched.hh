/* SPDX-License-Identifier: MIT */
/* relacy_watched.hh - edge G: readers that the producer does not wait for. The real observer.c and
 * consumer_overwrite.c; an observer that is open already.
 */
#ifndef SHMRING_TESTS_RELACY_WATCHED_HH
#define SHMRING_TESTS_RELACY_WATCHED_HH

#include "relacy_model.hh"

#include "segment/view.h"
#include "segment/options.h"
#include "segment/segment.h"
#include "ring/clock.h"

/* What stamps would need: no ring here has any. */
void shmring_take_stamps(shmring_consumer *, shmring_record *, uint32_t)
{
}
shmring_status shmr_receive_stamped(shmring_consumer *, void *, uint32_t, shmring_record *)
{
    return SHMRING_E_INVALID;
}
void shmring_tick_scale_make(struct shmring_tick_scale *, const struct shmring_geometry_page *)
{
}
uint64_t shmring_stamp_ns(const struct shmring_tick_scale *, uint32_t, uint64_t stamp)
{
    return stamp;
}

#include "ring/consumer_overwrite.c"
#include "endpoint/observer.c"

/* What opening and asking the system need is not here. */
shmring_status shmring_observer_check(const shmring_observer *)
{
    return SHMRING_OK;
}
shmring_status shmring_observer_check_file(shmring_observer *)
{
    return SHMRING_OK;
}
shmring_status shmring_observer_nothing(shmring_observer *)
{
    return SHMRING_EMPTY;
}

/* ---- what is sent ---- */

/* Record k: 16 bytes, twice the same; the next lap puts other records' payload where its word was.
 */
static void send_record(uint64_t k)
{
    const uint64_t value[2] = {100 + k, 100 + k};

    if (k % 4 == 2) {
        (void)shmr_count_full(&producers[0]); /* this one carries a GAP, and is no plain one */
    }
    if (k % 4 != 0) { /* the odd ones go the fast way where two records fit */
        RL_ASSERT(shmring_try_send(&producers[0], value, 16, (uint16_t)k) == SHMRING_OK);
    } else {
        RL_ASSERT(shmring_stage(&producers[0], value, 16, (uint16_t)k) == SHMRING_OK);
        shmring_publish(&producers[0]);
    }
}

/* A whole record, at its place: 24 bytes each. */
static void check_record(const shmring_record *r, const uint64_t value[2])
{
    RL_ASSERT(r->len == 16 && r->position == 24 * (uint64_t)r->type);
    RL_ASSERT(value[0] == 100u + r->type && value[1] == value[0]);
}

#define SENT 7 /* records: more than two laps */

template <typename test> struct watched : ring_test<test, 2> {
    struct shmring_observer observer;

    void begin_watched(uint32_t framing, uint32_t overflow)
    {
        this->begin(framing, 0);
        producers[0].fence = consumers[0].fence = 0;
        producers[0].overflow = overflow;
        consumers[0].data = NULL;
        consumers[0].shared = data;
        memset((void *)&observer, 0, sizeof observer);
        observer.data = data;
        observer.page = &producer_page;
        observer.mask = CAPACITY - 1;
        observer.capacity = CAPACITY;
        observer.max_record = framing == SHMRING_RECORDS ? 16 : 0;
        observer.record_header = framing == SHMRING_RECORDS ? 8 : 0;
        observer.framing = framing;
        shmring_store_relaxed(&producer_page.role.state, SHMRING_ROLE_NONE);
        shmring_store_relaxed(&producer_page.role.capability, 0); /* it is still to come */
    }
};

/* ---- the consumer of an overwrite ring ---- */

struct overwritten : watched<overwritten> {
    void before()
    {
        begin_watched(SHMRING_RECORDS, SHMRING_OVERWRITE);
        producers[0].step = 48; /* two records are given up at once */
    }

    void thread(unsigned me)
    {
        uint64_t value[2], got = 0;
        shmring_record r;

        if (me == 0) {
            shmring_role_enter(&producer_page.role, SHMRING_CAP_EVICTS, 0);
            for (uint64_t k = 0; k < SENT; k++) {
                send_record(k);
            }
            return;
        }
        while (got < SENT) {
            shmring_status status = shmring_try_recv(&consumers[0], value, 16, &r);

            if (status == SHMRING_OK) {
                check_record(&r, value);
                RL_ASSERT(r.type == got);
                got++;
            } else if (status == SHMRING_LAPPED) {
                RL_ASSERT(consumers[0].lost != 0 && consumers[0].lost % 24 == 0);
                got += consumers[0].lost / 24;
            } else {
                RL_ASSERT(status == SHMRING_EMPTY);
                rl::yield(1, RL_INFO);
            }
        }
    }
};

/* ---- observers ---- */

/* FROM: where it begins, in the middle of things; SHMRING_NEWEST: again whenever there is nothing.
 * The producer closes behind its last record. A reject ring has a consumer in the producer's own
 * thread.
 */
template <int OVERFLOW, int FROM> struct observed : watched<observed<OVERFLOW, FROM>> {
    void before()
    {
        this->begin_watched(SHMRING_RECORDS, OVERFLOW);
        consumers[0].data = data;
        if (FROM == SHMRING_NEWEST) {
            producers[0].step = CAPACITY; /* some records go the fast way */
        }
    }

    void produce()
    {
        uint64_t value[2];

        shmring_role_enter(&producer_page.role, SHMRING_CAP_EVICTS, 0);
        for (uint64_t k = 0; k < SENT; k++) {
            send_record(k);
            if (OVERFLOW == SHMRING_REJECT && k % 2 == 1) { /* so that some sends are fast ones */
                RL_ASSERT(shmring_try_recv(&consumers[0], value, 16, NULL) == SHMRING_OK);
                RL_ASSERT(shmring_try_recv(&consumers[0], value, 16, NULL) == SHMRING_OK);
            }
        }
        shmring_role_leave(&producer_page.role);
    }

    void thread(unsigned me)
    {
        struct shmring_observer *o = &this->observer;
        shmring_status status = SHMRING_EMPTY;
        uint64_t value[2], next = 0, count;
        shmring_record r;

        if (me == 0) {
            produce();
            return;
        }
        RL_ASSERT(shmring_observer_seek(o, FROM) == SHMRING_OK);
        next = o->position / 24;
        while (status != SHMRING_CLOSED) {
            status = shmring_observe(o, value, 16, &r);
            count = shmring_observer_lost_records(o);
            if (status == SHMRING_OK) {
                check_record(&r, value);
                RL_ASSERT(r.type == next);
                next++;
            } else if (status == SHMRING_LAPPED) {
                RL_ASSERT(count == SHMRING_UNKNOWN || count * 24 == shmring_observer_lost(o));
                next += shmring_observer_lost(o) / 24;
            } else if (status == SHMRING_EMPTY) {
                rl::yield(1, RL_INFO);
                if (FROM == SHMRING_NEWEST) {
                    (void)shmring_observer_seek(o, FROM);
                    next = o->position / 24;
                }
            } else {
                RL_ASSERT(status == SHMRING_CLOSED && next == SENT);
            }
        }
    }
};

/* Byte k of the stream's words of 8 bytes is 100 + k. */
struct observed_bytes : watched<observed_bytes> {
    void before()
    {
        begin_watched(SHMRING_BYTES, SHMRING_REJECT);
        consumers[0].shared = NULL;
    }

    void produce()
    {
        uint64_t value;

        shmring_role_enter(&producer_page.role, SHMRING_CAP_EVICTS, 0);
        for (uint64_t k = 0; k < 12; k++) {
            value = 100 + k;
            RL_ASSERT(shmring_try_write(&producers[0], &value, 8) == 8);
            if (k > 2) {
                RL_ASSERT(shmring_try_read(&consumers[0], &value, 8) == 8);
            }
        }
        shmring_role_leave(&producer_page.role);
    }

    void thread(unsigned me)
    {
        shmring_status status = SHMRING_EMPTY;
        uint64_t value[2];
        shmring_record r;

        if (me == 0) {
            produce();
            return;
        }
        while (status != SHMRING_CLOSED) {
            status = shmring_observe(&observer, value, 16, &r);
            if (status == SHMRING_OK) {
                for (uint32_t i = 0; i < r.len / 8; i++) {
                    RL_ASSERT(value[i] == 100 + r.position / 8 + i);
                }
            } else if (status == SHMRING_EMPTY) {
                rl::yield(1, RL_INFO);
            } else {
                RL_ASSERT(status == SHMRING_LAPPED ||
                          (status == SHMRING_CLOSED && observer.position == 12 * 8));
            }
        }
    }
};

#endif
