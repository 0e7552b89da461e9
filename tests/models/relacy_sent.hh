/* SPDX-License-Identifier: MIT */
/* relacy_sent.hh - what the two sides do: sending, sleeping, ending, and roles that change hands.
 */
#ifndef SHMRING_TESTS_RELACY_SENT_HH
#define SHMRING_TESTS_RELACY_SENT_HH

#include "relacy_model.hh"

/* ---- records, as they are sent ---- */

/* MESSAGES records of 8 bytes: more than one lap when there are more than four. POLLS: how often
 * each side tries; 0: until all is through. */
template <int MESSAGES, int POLLS> struct copied : ring_test<copied<MESSAGES, POLLS>, 2> {
    void before()
    {
        this->begin(SHMRING_RECORDS, 0);
        producers[0].fence = consumers[0].fence = 0;
    }

    void thread(unsigned me)
    {
        uint64_t value, done = 0;
        shmring_record r;

        for (int polls = 0; done < MESSAGES && (POLLS == 0 || polls < POLLS); polls++) {
            value = 100 + done;
            if (me == 0 ? shmring_try_send(&producers[0], &value, 8, (uint16_t)done) == SHMRING_OK
                        : shmring_try_recv(&consumers[0], &value, 8, &r) == SHMRING_OK) {
                RL_ASSERT(me == 0 || (value == 100 + done && r.type == done && r.len == 8));
                done++;
            } else if (POLLS == 0) {
                if (me == 0) {
                    shmring_producer_relax(&producers[0]); /* it is a retry, not a loss */
                }
                rl::yield(1, RL_INFO);
            }
        }
    }
};

struct in_place : ring_test<in_place, 2> {
    void before()
    {
        begin(SHMRING_RECORDS, 0);
        producers[0].fence = consumers[0].fence = 0;
    }

    void thread(unsigned me)
    {
        shmring_record r;
        void *at;

        for (uint64_t done = 0; done < 6;) {
            if (me == 0 && shmring_reserve(&producers[0], 16, &at) == SHMRING_OK) {
                put(at, 100 + done);
                shmring_commit(&producers[0], 8, 0); /* less than was reserved */
                done++;
            } else if (me == 1 && shmring_peek(&consumers[0], &r) == SHMRING_OK) {
                RL_ASSERT(get(r.data) == 100 + done);
                shmring_release(&consumers[0]);
                done++;
            } else {
                rl::yield(1, RL_INFO);
            }
        }
    }
};

/* Batches of two: nothing of one is seen before all of it. */
struct batches : ring_test<batches, 2> {
    void before()
    {
        begin(SHMRING_RECORDS, 0);
        producers[0].fence = consumers[0].fence = 0;
    }

    void thread(unsigned me)
    {
        shmring_record r[4];
        uint64_t value;

        for (uint64_t done = 0; done < 6;) {
            uint64_t before = done;

            if (me == 0) {
                value = 100 + done;
                if (shmring_stage(&producers[0], &value, 8, 0) == SHMRING_OK) {
                    done++;
                    value = 100 + done;
                    while (shmring_stage(&producers[0], &value, 8, 0) != SHMRING_OK) {
                        rl::yield(1, RL_INFO);
                    }
                    done++;
                    shmring_publish(&producers[0]);
                }
            } else {
                uint32_t n = shmring_peek_many(&consumers[0], r, 4);

                RL_ASSERT(n % 2 == 0);
                for (uint32_t i = 0; i < n; i++, done++) {
                    RL_ASSERT(get(r[i].data) == 100 + done);
                }
                shmring_release_many(&consumers[0], n);
            }
            if (done == before) {
                rl::yield(1, RL_INFO);
            }
        }
    }
};

struct bytes : ring_test<bytes, 2> {
    void before()
    {
        begin(SHMRING_BYTES, 0);
        producers[0].fence = consumers[0].fence = 0;
    }

    void thread(unsigned me)
    {
        uint64_t value;

        for (uint64_t done = 0; done < 12;) {
            value = 100 + done;
            if (me == 0 ? shmring_try_write(&producers[0], &value, 8) == 8
                        : shmring_try_read(&consumers[0], &value, 8) == 8) {
                RL_ASSERT(value == 100 + done);
                done++;
            } else {
                rl::yield(1, RL_INFO);
            }
        }
    }
};

/* ---- sleeping: a lost wake-up is a deadlock ---- */

template <int MEMBARRIER> struct asleep : ring_test<asleep<MEMBARRIER>, 2> {
    void before()
    {
        this->begin(SHMRING_RECORDS, MEMBARRIER);
        begin_at(10 * CAPACITY); /* far from where producer_want begins */
        producers[0].max_record = consumers[0].max_record = 40;
        shmring_set_gates_(&producers[0]);
    }

    /* One record fills the ring: a wake-up that is missed once is lost. */
    void thread(unsigned me)
    {
        uint64_t value[5] = {0};

        for (uint64_t done = 0; done < 4; done++) {
            if (me == 0) {
                value[4] = 100 + done;
                RL_ASSERT(shmring_send(&producers[0], value, 40, 0, SHMRING_FOREVER) == SHMRING_OK);
            } else {
                RL_ASSERT(shmring_recv(&consumers[0], value, 40, NULL, SHMRING_FOREVER) ==
                          SHMRING_OK);
                RL_ASSERT(value[4] == 100 + done);
            }
        }
    }
};

/* ---- an end in order: nothing that was sent before it is missed ---- */

/* Two producers, one after the other, send one record each. CLOSED names the one whose end it is.
 */
template <int ASLEEP> struct closing : ring_test<closing<ASLEEP>, 2> {
    void before()
    {
        this->begin(SHMRING_RECORDS, 0);
        producers[0].fence = consumers[0].fence = ASLEEP;
    }

    void thread(unsigned me)
    {
        uint64_t value, done = 0, ended = 0;

        for (value = 100; me == 0 && value < 102; value++) {
            if (value > 100) {
                shmring_role_enter(&producer_page.role, SHMRING_CAP_FENCES, 0);
            }
            RL_ASSERT(shmring_try_send(&producers[0], &value, 8, 0) == SHMRING_OK);
            shmring_role_leave(&producer_page.role);
            shmring_bell_ring(producers[0].attachment, &doorbell_page.consumer_bell,
                              SHMRING_ROLE_CONSUMER);
        }
        while (me == 1 && ended < 2) {
            shmring_status status =
                ASLEEP ? shmring_recv(&consumers[0], &value, 8, NULL, SHMRING_FOREVER)
                       : shmring_try_recv(&consumers[0], &value, 8, NULL);

            if (status == SHMRING_OK) {
                RL_ASSERT(value == 100 + done);
                done++;
            } else if (status == SHMRING_CLOSED) {
                ended = shmring_load_relaxed(&consumer_page.role.ended_epoch);
                RL_ASSERT(done >= ended);
            }
            if (status != SHMRING_OK) {
                rl::yield(1, RL_INFO);
            }
        }
    }
};

/* ---- a role changes hands ---- */

/* Two producers one after the other, in either order; the first to come dies, without a close,
 * after its third record: before `tail` is stored, or after. */
struct hand_over : ring_test<hand_over, 3> {
    rl::var<int> sent; /* guarded by the role */
    static int relaxed_recovery;

    void before()
    {
        begin(SHMRING_RECORDS, 0);
        consumers[0].fence = 0;
        sent(RL_INFO).store(0);
    }

    void thread(unsigned me)
    {
        uint64_t value, done = 0;

        if (me == 2) {
            while (done < 6) {
                if (shmring_try_recv(&consumers[0], &value, 8, NULL) == SHMRING_OK) {
                    RL_ASSERT(value == 100 + done);
                    done++;
                } else {
                    rl::yield(1, RL_INFO);
                }
            }
            return;
        }
        if (relaxed_recovery == 0) {
            kernel->role.lock(RL_INFO);
        }
        RL_ASSERT(shmring_recover_producer(&producers[me]) == SHMRING_OK);
        producers[me].limit = producers[me].tail; /* as an open does */
        producers[me].fence = 0;
        int first = relaxed_recovery ? 0 : sent(RL_INFO).load();

        for (int i = 0; i < 3;) {
            value = (uint64_t)(100 + first + i);
            if (shmring_try_send(&producers[me], &value, 8, 0) == SHMRING_OK) {
                i++;
            } else {
                rl::yield(1, RL_INFO);
            }
        }
        if (relaxed_recovery == 0) {
            if (rl::rand(2) != 0) { /* it died between the word and `tail` */
                shmring_store_relaxed(&producer_page.tail, producers[me].tail - 16);
                shmring_store_relaxed(&producer_page.records, producers[me].records - 1);
            }
            sent(RL_INFO).store(first + 3);
            kernel->role.unlock(RL_INFO);
        }
    }
};
int hand_over::relaxed_recovery;

#endif
