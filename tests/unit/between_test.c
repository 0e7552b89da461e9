/* SPDX-License-Identifier: MIT */
/* between_test.c - what others do between two steps of an open: the system's calls are wrapped, and
 * the other process's part runs inside them, so that it falls there every time. */
#define _GNU_SOURCE
#include "../support/rig_linux.h"

#include "os/os.h"

static void (*before_lock)(void); /* runs once, when an open has the object but not yet its lock */
static void (*instead_of_map)(void);  /* runs once; then the mapping fails */
static void (*before_prefault)(void); /* runs once, when the open has its role and is mapped */
static void (*before_unmap)(void); /* runs once, when a close has all but the data to give back */

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

shmring_status __real_shmring_os_prefault(const struct shmring_name *name,
                                          const struct shmring_os_map *map, enum shmring_role role,
                                          uint64_t at, uint64_t n);
shmring_status __wrap_shmring_os_prefault(const struct shmring_name *name,
                                          const struct shmring_os_map *map, enum shmring_role role,
                                          uint64_t at, uint64_t n);
void __real_shmring_os_unmap(struct shmring_os_map *map);
void __wrap_shmring_os_unmap(struct shmring_os_map *map);

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

shmring_status __wrap_shmring_os_prefault(const struct shmring_name *name,
                                          const struct shmring_os_map *map, enum shmring_role role,
                                          uint64_t at, uint64_t n)
{
    (void)run_once(&before_prefault);
    return __real_shmring_os_prefault(name, map, role, at, n);
}

void __wrap_shmring_os_unmap(struct shmring_os_map *map)
{
    (void)run_once(&before_unmap);
    __real_shmring_os_unmap(map);
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

/* While one side faults in, which takes time by the capacity, the other opens and both work. */
static void shouldLetTheOtherSideInWhileItFaultsIn(void)
{
    shmring_producer *p = NULL;
    uint64_t value = 4;

    options = options_of(KIB64);
    new_name();
    before_prefault = attach_as_consumer; /* of a ring that is being made */
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &options), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(p, &value, 8, 0), SHMRING_OK);
    shmring_producer_close(p);
    shmring_consumer_close(other_consumer);
    options.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &options), SHMRING_OK);
    shmring_producer_close(p);
    before_prefault = attach_as_consumer; /* of one that is there */
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &options), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(p, &value, 8, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(other_consumer, &value, 8, NULL), SHMRING_OK);
    CHECK_EQ(value, 4);
    shmring_consumer_close(other_consumer);
    shmring_producer_close(p);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

static void become_the_producer(void)
{
    CHECK_STATUS(shmring_producer_open(&other_producer, rig_name, &options), SHMRING_OK);
}

/* And the next holder of a role need not wait until the last one's data is unmapped. */
static void shouldLetTheNextHolderInWhileItUnmaps(void)
{
    struct pair pair;

    options = options_of(KIB64);
    pair = open_pair(&options);
    before_unmap = become_the_producer;
    shmring_producer_close(pair.p);
    CHECK(before_unmap == NULL);
    shmring_producer_close(other_producer);
    shmring_consumer_close(pair.c);
    CHECK(!is_there(rig_name));
    pair = open_pair(&options);
    shmring_producer_close(pair.p);
    before_unmap = become_the_producer; /* the last one: the name is gone, and free to take */
    shmring_consumer_close(pair.c);
    CHECK(is_there(rig_name));
    shmring_producer_close(other_producer);
    CHECK(!is_there(rig_name));
}

static void cut_the_file(void)
{
    CHECK_EQ(truncate(path_of(rig_name), (off_t)SHMRING_HEADER_SIZE), 0);
}

static void shouldRefuseARingThatIsCutBeforeItIsFaultedIn(void)
{
    struct pair pair;
    shmring_producer *p = NULL;

    options = options_of(KIB64);
    pair = open_pair(&options);
    shmring_producer_close(pair.p);
    before_prefault = cut_the_file;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_CORRUPT);
    CHECK(p == NULL);
    DETAIL_HAS(rig_name);
    CHECK_EQ(truncate(path_of(rig_name), (off_t)(SHMRING_HEADER_SIZE + KIB64)), 0);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL),
                 SHMRING_OK); /* the role was given back */
    shmring_producer_close(p);
    shmring_consumer_close(pair.c);
    CHECK(!is_there(rig_name));
}

int main(void)
{
    RUN(shouldLetTheOtherSideInWhileItFaultsIn);
    RUN(shouldLetTheNextHolderInWhileItUnmaps);
    RUN(shouldRefuseARingThatIsCutBeforeItIsFaultedIn);
    RUN(shouldOpenTheRingThatHasTheNameNowNotTheOneThatHadIt);
    RUN(shouldLeaveTheNameToWhoeverCameBeforeItsMakerFailed);
    RUN(shouldTakeTheNameAlongWhenItsMakerFailsAlone);
    return check_done();
}
