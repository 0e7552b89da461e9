/* SPDX-License-Identifier: MIT */
/* between_test.c - what others do between two steps of an open: the system's calls are wrapped, and
 * the other process's part runs inside them, so that it falls there every time. */
#define _GNU_SOURCE
#include "rig.h"

#include "os.h"

static void (*before_lock)(void); /* runs once, when an open has the object but not yet its lock */
static void (*instead_of_map)(void); /* runs once; then the mapping fails */

shmring_status __real_shmring_os_lock_admin(const struct shmring_name *name,
                                            const struct shmring_os_segment *seg);
shmring_status __wrap_shmring_os_lock_admin(const struct shmring_name *name,
                                            const struct shmring_os_segment *seg);
shmring_status __real_shmring_os_map(const struct shmring_name *name,
                                     struct shmring_os_segment *seg, uint64_t capacity,
                                     enum shmring_role role, int huge, struct shmring_os_map *ret);
shmring_status __wrap_shmring_os_map(const struct shmring_name *name,
                                     struct shmring_os_segment *seg, uint64_t capacity,
                                     enum shmring_role role, int huge, struct shmring_os_map *ret);

static int run_once(void (**step)(void))
{
    void (*now)(void) = *step;

    *step = NULL;
    if (now != NULL) {
        now();
    }
    return now != NULL;
}

shmring_status __wrap_shmring_os_lock_admin(const struct shmring_name *name,
                                            const struct shmring_os_segment *seg)
{
    (void)run_once(&before_lock);
    return __real_shmring_os_lock_admin(name, seg);
}

shmring_status __wrap_shmring_os_map(const struct shmring_name *name,
                                     struct shmring_os_segment *seg, uint64_t capacity,
                                     enum shmring_role role, int huge, struct shmring_os_map *ret)
{
    if (run_once(&instead_of_map)) {
        return SHMRING_E_NO_MEMORY;
    }
    return __real_shmring_os_map(name, seg, capacity, role, huge, ret);
}

static shmring_options options;
static shmring_producer *other_producer;
static shmring_consumer *other_consumer;

static void replace_the_ring(void)
{
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&other_producer, rig_name, &options), SHMRING_OK);
}

static void attach_as_consumer(void)
{
    CHECK_STATUS(shmring_consumer_open(&other_consumer, rig_name, &options), SHMRING_OK);
}

static void nothing(void)
{
}

static void shouldOpenTheRingThatHasTheNameNowNotTheOneThatHadIt(void)
{
    shmring_producer *old = NULL;
    shmring_consumer *c = NULL;
    uint64_t value = 0;

    options = options_of(KIB64);
    CHECK_STATUS(shmring_producer_open(&old, new_name(), &options), SHMRING_OK);
    before_lock = replace_the_ring;
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &options), SHMRING_OK);
    value = 1;
    CHECK_STATUS(shmring_try_send(old, &value, 8, 0), SHMRING_OK);
    value = 2;
    CHECK_STATUS(shmring_try_send(other_producer, &value, 8, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(c, &value, 8, NULL), SHMRING_OK);
    CHECK_EQ(value, 2);
    shmring_consumer_close(c);
    shmring_producer_close(other_producer);
    shmring_producer_close(old);
    CHECK(!is_there(rig_name));
}

static void shouldLeaveTheNameToWhoeverCameBeforeItsMakerFailed(void)
{
    shmring_producer *p = NULL;
    uint64_t value = 3;

    options = options_of(KIB64);
    new_name();
    instead_of_map = attach_as_consumer;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &options), SHMRING_E_NO_MEMORY);
    CHECK(is_there(rig_name));
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &options), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(p, &value, 8, 0), SHMRING_OK);
    value = 0;
    CHECK_STATUS(shmring_try_recv(other_consumer, &value, 8, NULL), SHMRING_OK);
    CHECK_EQ(value, 3);
    shmring_consumer_close(other_consumer);
    shmring_producer_close(p);
    CHECK(!is_there(rig_name));
}

static void shouldTakeTheNameAlongWhenItsMakerFailsAlone(void)
{
    shmring_producer *p = NULL;

    options = options_of(KIB64);
    new_name();
    instead_of_map = nothing;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &options), SHMRING_E_NO_MEMORY);
    CHECK(!is_there(rig_name));
}

int main(void)
{
    RUN(shouldOpenTheRingThatHasTheNameNowNotTheOneThatHadIt);
    RUN(shouldLeaveTheNameToWhoeverCameBeforeItsMakerFailed);
    RUN(shouldTakeTheNameAlongWhenItsMakerFailsAlone);
    return check_done();
}
