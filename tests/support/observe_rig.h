/* SPDX-License-Identifier: MIT */
/* observe_rig.h - what the tests of observers share: records that are numbers, and an observer of
 * the test's ring. */
#ifndef SHMRING_TESTS_SUPPORT_OBSERVE_RIG_H
#define SHMRING_TESTS_SUPPORT_OBSERVE_RIG_H

#include "rig.h"

#define EVICT_AT (SHMRING_PRODUCER_AT + 0x100)
#define CAPS_AT  (SHMRING_PRODUCER_AT + 0x180 + 0x20)

RIG_INLINE void send_number(shmring_producer *p, uint64_t value)
{
    CHECK_STATUS(shmring_try_send(p, &value, sizeof value, (uint16_t)value), SHMRING_OK);
}

RIG_INLINE shmring_observer *open_observer(int where)
{
    shmring_observer *o = NULL;

    CHECK_STATUS(shmring_observer_open(&o, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_observer_seek(o, where), SHMRING_OK);
    return o;
}

RIG_INLINE void expect_number(shmring_observer *o, uint64_t value)
{
    uint64_t got = 0;
    shmring_record r;

    CHECK_STATUS(shmring_observe(o, &got, sizeof got, &r), SHMRING_OK);
    CHECK_EQ(got, value);
    CHECK_EQ(r.type, (uint16_t)value);
    CHECK(r.data == &got);
}

#endif
