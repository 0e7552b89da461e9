/* SPDX-License-Identifier: MIT */
/* any_test.c - one reader of many rings: which one is found, in what order, and how a wait ends. */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "../support/rig.h"

#define MANY 300u /* more than one futex_waitv takes */

static struct {
    char name[64];
    shmring_producer *p;
} rings[MANY];
static shmring_consumer *readers[MANY];

static void open_rings(uint32_t n, uint32_t spin_ns)
{
    shmring_options o = options_of(KIB64);
    uint32_t i;

    o.spin_ns = spin_ns;
    for (i = 0; i < n; i++) {
        (void)snprintf(rings[i].name, sizeof rings[i].name, "%s", new_name());
        CHECK_STATUS(shmring_consumer_open(&readers[i], rings[i].name, &o), SHMRING_OK);
        CHECK_STATUS(shmring_producer_open(&rings[i].p, rings[i].name, NULL), SHMRING_OK);
    }
}

static void close_rings(uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        shmring_producer_close(rings[i].p);
        shmring_consumer_close(readers[i]);
        rings[i].p = NULL;
    }
}

static void receive(uint32_t i)
{
    char b[16];

    CHECK_STATUS(shmring_try_recv(readers[i], b, sizeof b, NULL), SHMRING_OK);
}

static void shouldRefuseWhatIsNoSetOfConsumers(void)
{
    shmring_consumer *const none = NULL;
    uint32_t i = 77;

    open_rings(1, 0);
    CHECK_STATUS(shmring_wait_any(NULL, 1, &i, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_wait_any(&none, 1, &i, 0), SHMRING_E_INVALID);
    DETAIL_HAS("index 0");
    CHECK_STATUS(shmring_wait_any(readers, 0, &i, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_wait_any(readers, SHMRING_WAIT_ANY_MAX + 1, &i, 0), SHMRING_E_INVALID);
    DETAIL_HAS("1025");
    CHECK_STATUS(shmring_wait_any(readers, 1, NULL, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_wait_any(readers, 1, &i, 0), SHMRING_EMPTY);
    CHECK_STATUS(shmring_wait_any(readers, 1, &i, MS), SHMRING_TIMEOUT);
    CHECK_EQ(i, 77);
    close_rings(1);
}

static void shouldServeAllInTurn(void)
{
    uint32_t i, k, served[8] = {0};

    open_rings(8, 0);
    for (i = 0; i < 8; i++) {
        for (k = 0; k < 10; k++) {
            CHECK_STATUS(shmring_try_send(rings[i].p, "x", 1, 0), SHMRING_OK);
        }
    }
    for (k = 0; k < 40; k++) { /* every ring has something all the time */
        CHECK_STATUS(shmring_wait_any(readers, 8, &i, SHMRING_FOREVER), SHMRING_OK);
        receive(i);
        served[i]++;
    }
    for (i = 0; i < 8; i++) {
        CHECK_EQ(served[i], 5);
    }
    close_rings(8);
}

struct later {
    uint32_t ring;
    int how; /* 0 send, 1 close, 2 interrupt */
};

static void *do_later(void *arg)
{
    const struct timespec pause = {0, 20000000};
    const struct later *later = arg;

    (void)nanosleep(&pause, NULL);
    if (later->how == 0) {
        (void)shmring_try_send(rings[later->ring].p, "late", 5, 0);
    } else if (later->how == 1) {
        shmring_producer_close(rings[later->ring].p);
        rings[later->ring].p = NULL;
    } else {
        shmring_consumer_interrupt(readers[later->ring]);
    }
    return NULL;
}

static void wake_each(uint32_t n, uint32_t spin_ns)
{
    static const shmring_status ends[] = {SHMRING_OK, SHMRING_CLOSED, SHMRING_EMPTY};
    static const int order[] = {0, 2, 0, 1};
    struct later later;
    pthread_t thread;
    uint32_t i, k;

    open_rings(n, spin_ns);
    for (k = 0; k < 4; k++) {
        later.ring = k % 2 == 0 ? n - 1 : n / 2;
        later.how = order[k];
        i = n;
        CHECK_EQ(pthread_create(&thread, NULL, do_later, &later), 0);
        CHECK_STATUS(shmring_wait_any(readers, n, &i, SHMRING_FOREVER), ends[later.how]);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(i, later.ring);
        if (later.how == 0) {
            receive(i);
        }
    }
    CHECK_STATUS(shmring_wait_any(readers, n, &i, MS), SHMRING_CLOSED); /* until it is left out */
    CHECK_EQ(i, n / 2);
    CHECK_EQ((uint32_t)look64(rings[0].name, SHMRING_DOORBELL_AT + 0x480), 0); /* no bell */
    close_rings(n);
}

static void shouldWakeWhenOneOfAFewHasSomethingOrEnds(void)
{
    wake_each(2, 1);
    wake_each(2, 0);
    wake_each(128, 1);
}

static void shouldWakeWhenOneOfManyHasSomethingOrEnds(void)
{
    wake_each(MANY, 1);
}

static int open_and_die(void *arg)
{
    shmring_producer *p = NULL;

    return shmring_producer_open(&p, arg, NULL) == SHMRING_OK ? 0 : 1; /* and no close */
}

static void shouldNoticeTheDeathOfOneProducer(void)
{
    static const uint32_t numbers[] = {3, 200};
    uint32_t i, k;

    for (k = 0; k < 2; k++) {
        open_rings(numbers[k], 1);
        shmring_producer_close(rings[1].p);
        (void)snprintf(rig_name, RIG_NAME_SIZE, "%.63s", rings[1].name);
        CHECK_EQ(in_child(open_and_die, rig_name), 0);
        CHECK_STATUS(shmring_wait_any(readers, numbers[k], &i, SHMRING_FOREVER), SHMRING_PEER_DEAD);
        CHECK_EQ(i, 1);
        rings[1].p = NULL;
        close_rings(numbers[k]);
    }
}

static void shouldFindRingsThatJoinTheSetLater(void)
{
    struct later later = {.how = 0};
    pthread_t thread;
    uint32_t i;

    open_rings(MANY, 1);
    CHECK_STATUS(shmring_wait_any(readers, 150, &i, MS), SHMRING_TIMEOUT);
    later.ring = MANY - 1;
    CHECK_EQ(pthread_create(&thread, NULL, do_later, &later), 0);
    CHECK_STATUS(shmring_wait_any(readers, MANY, &i, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(i, later.ring);
    close_rings(MANY);
}

/* ---- without the system calls that it would like ---- */

struct refusals {
    int waitv, inotify;
};

static int wake_without(void *arg)
{
    const struct refusals *r = arg;

    if ((r->waitv != 0 && !process_refuse(PROCESS_FUTEX_WAITV, r->waitv)) ||
        (r->inotify != 0 && !process_refuse(PROCESS_INOTIFY, r->inotify))) {
        return 77;
    }
    if (freopen("/dev/null", "w", stdout) == NULL) {
        return 1; /* its lines are the child's, whose numbers would come again */
    }
    check_failures = 0;
    RUN(shouldWakeWhenOneOfAFewHasSomethingOrEnds);
    RUN(shouldNoticeTheDeathOfOneProducer);
    RUN(shouldFindRingsThatJoinTheSetLater);
    fflush(stdout);
    return check_failures == 0 ? 0 : 1;
}

static void shouldWorkWhenTheSystemRefuses(void)
{
    static const struct refusals all[] = {{ENOSYS, 0}, {EPERM, 0}, {ENOSYS, EMFILE}};
    size_t i;
    int result;

    for (i = 0; i < 3; i++) {
        result = in_child(wake_without, (void *)(uintptr_t)&all[i]);
        if (result == 77) {
            SKIP("no seccomp filter here");
        }
        CHECK_EQ(result, 0);
    }
}

int main(void)
{
    RUN(shouldRefuseWhatIsNoSetOfConsumers);
    RUN(shouldServeAllInTurn);
    RUN(shouldWakeWhenOneOfAFewHasSomethingOrEnds);
    RUN(shouldWakeWhenOneOfManyHasSomethingOrEnds);
    RUN(shouldNoticeTheDeathOfOneProducer);
    RUN(shouldFindRingsThatJoinTheSetLater);
    RUN(shouldWorkWhenTheSystemRefuses);
    return check_done();
}
