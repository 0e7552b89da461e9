/* SPDX-License-Identifier: MIT */
/* cancel_test.c - threads that are cancelled: no call of the library is a cancellation point, so
 * each one ends with all it does, and the request acts at the thread's next cancellation point. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>

#include "../support/rig_linux.h"

#define RINGS 130 /* more than one futex_waitv() takes, so that the wait polls a descriptor */

static shmring_producer *p, *q[RINGS];
static shmring_consumer *c, *d[RINGS];
static shmring_observer *o;
static shmring_status got;
static shmring_atomic_u64 came_back;
static const char *file_copy = "/dev/shm/unit.cancel.copy";

/* AddressSanitizer asks for these options. A cancelled thread leaves its frames without a return,
 * so their red zones stay in the shadow of the stack. The runtime would free its signal stack there
 * when the thread ends, and report its own frame. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "use_sigaltstack=0";
}

static int is_ready(int fd)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};

    return poll(&at, 1, 0) == 1;
}

static int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    while (readdir(folder) != NULL) {
        n++;
    }
    (void)closedir(folder);
    return n;
}

static void *run_pending(void *call)
{
    (void)pthread_cancel(pthread_self());
    (*(void (**)(void))call)();
    shmring_store_relaxed(&came_back, 1);
    pthread_testcancel();
    return NULL;
}

/* Runs it in a thread that was asked to end before the call. */
static void expect_whole(void (*call)(void), shmring_status want, const char *what)
{
    pthread_t thread;
    void *how = NULL;

    shmring_store_relaxed(&came_back, 0);
    CHECK_EQ(pthread_create(&thread, NULL, run_pending, &call), 0);
    CHECK_EQ(pthread_join(thread, &how), 0);
    if (shmring_load_relaxed(&came_back) == 0) {
        CHECK_FAIL_("%s was cancelled inside", what);
    }
    CHECK(how == PTHREAD_CANCELED); /* the request was kept */
    if (got != want) {
        CHECK_FAIL_("%s answered %d, should be %d", what, (int)got, (int)want);
    }
}

#define WHOLE(call, want) expect_whole(call, want, #call)

static void open_producer(void)
{
    got = shmring_producer_open(&p, rig_name, NULL);
}

static void open_consumer(void)
{
    got = shmring_consumer_open(&c, rig_name, NULL);
}

static void open_observer(void)
{
    got = shmring_observer_open(&o, rig_name, NULL);
}

static void take_descriptors(void)
{
    got = shmring_consumer_fd(c) >= 3 && shmring_producer_fd(p) >= 3 ? SHMRING_OK : SHMRING_E_OS;
}

static void receive_nothing(void)
{
    char b[8];

    got = shmring_try_recv(c, b, sizeof b, NULL);
}

static void receive_for_a_moment(void)
{
    char b[8];

    got = shmring_recv(c, b, sizeof b, NULL, MS);
}

static void receive_one(void)
{
    char b[8];

    got = shmring_recv(c, b, sizeof b, NULL, SHMRING_FOREVER);
}

static void send_one(void)
{
    got = shmring_try_send(p, "x", 1, 0);
}

static void wait_for_space(void)
{
    got = shmring_wait_space(p, 1, SHMRING_FOREVER);
}

static void wait_for_any(void)
{
    uint32_t i;

    got = shmring_wait_any(d, RINGS, &i, MS);
}

static void inspect_it(void)
{
    shmring_info info;

    got = shmring_inspect(rig_name, &info);
}

static void verify_it(void)
{
    shmring_verdict v;

    got = shmring_verify(rig_name, &v);
}

static void verify_copy(void)
{
    shmring_verdict v;

    got = shmring_verify_file(file_copy, &v);
}

static void repair_copy(void)
{
    shmring_repaired r;

    got = shmring_repair_file(file_copy, &r);
}

static int stop_at_once(const char *name, void *arg)
{
    (void)name;
    (void)arg;
    return 1;
}

static void list_some(void)
{
    got = shmring_list(stop_at_once, NULL);
}

static void prune_all(void)
{
    got = shmring_prune(NULL);
}

static void remove_it(void)
{
    got = shmring_remove(rig_name);
}

static void close_observer(void)
{
    shmring_observer_close(o);
    got = SHMRING_OK;
}

static void close_producer(void)
{
    shmring_producer_close(p);
    got = SHMRING_OK;
}

static void close_consumer(void)
{
    shmring_consumer_close(c);
    got = SHMRING_OK;
}

static void shouldOpenUseAndCloseInAThreadThatIsToEnd(void)
{
    int before = descriptors(), round;

    for (round = 0; round < 3; round++) {
        (void)new_name();
        WHOLE(open_producer, SHMRING_OK);
        WHOLE(open_consumer, SHMRING_OK);
        WHOLE(open_observer, SHMRING_OK);
        WHOLE(take_descriptors, SHMRING_OK);
        WHOLE(receive_nothing, SHMRING_EMPTY);
        WHOLE(receive_for_a_moment, SHMRING_TIMEOUT);
        WHOLE(send_one, SHMRING_OK);
        WHOLE(receive_one, SHMRING_OK);
        WHOLE(wait_for_space, SHMRING_OK);
        WHOLE(inspect_it, SHMRING_OK);
        WHOLE(verify_it, SHMRING_OK);
        WHOLE(list_some, SHMRING_OK);
        WHOLE(prune_all, SHMRING_OK);
        WHOLE(close_observer, SHMRING_OK);
        if (round == 2) {
            WHOLE(remove_it, SHMRING_OK);
        }
        WHOLE(close_producer, SHMRING_OK);
        WHOLE(close_consumer, SHMRING_OK);
        CHECK(!is_there(rig_name));
    }
    CHECK_EQ(descriptors(), before);
}

/* The write that a descriptor hears is where a sender was cancelled with its mark in the bell
 * cleared: the descriptor stayed silent for ever. */
static void shouldRingTheDescriptorFromAThreadThatIsToEnd(void)
{
    struct pair pair = open_small_pair();
    char b[8];
    int fd = shmring_consumer_fd(pair.c);

    CHECK(fd >= 3);
    p = pair.p;
    while (shmring_try_recv(pair.c, b, sizeof b, NULL) != SHMRING_EMPTY || is_ready(fd)) {
        process_pause_us(1000);
    }
    WHOLE(send_one, SHMRING_OK);
    CHECK(is_ready(fd));
    close_pair(&pair);
}

static void shouldWaitForManyRingsInAThreadThatIsToEnd(void)
{
    shmring_options opt = options_of(KIB64);
    int i, before = descriptors();

    for (i = 0; i < RINGS; i++) {
        CHECK_STATUS(shmring_producer_open(&q[i], new_name(), &opt), SHMRING_OK);
        CHECK_STATUS(shmring_consumer_open(&d[i], rig_name, NULL), SHMRING_OK);
    }
    WHOLE(wait_for_any, SHMRING_TIMEOUT);
    for (i = 0; i < RINGS; i++) {
        shmring_producer_close(q[i]);
        shmring_consumer_close(d[i]);
    }
    CHECK_EQ(descriptors(), before);
}

static void shouldCheckAndRepairACopyInAThreadThatIsToEnd(void)
{
    struct pair pair = open_small_pair();
    int before = descriptors();
    char command[400];

    CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK);
    (void)snprintf(command, sizeof command, "cp %s %s", path_of(rig_name), file_copy);
    CHECK_EQ(system(command), 0);
    WHOLE(verify_copy, SHMRING_OK);
    WHOLE(repair_copy, SHMRING_OK);
    CHECK_EQ(unlink(file_copy), 0);
    CHECK_EQ(descriptors(), before);
    close_pair(&pair);
}

/* ---- at any moment ---- */

static void *open_and_close(void *name)
{
    for (;;) {
        shmring_producer *mine;

        if (shmring_producer_open(&mine, name, NULL) == SHMRING_OK) {
            shmring_producer_close(mine);
        }
        pthread_testcancel();
    }
    return NULL;
}

static void shouldLeaveNothingOfAThreadThatEndsAtAnyMoment(void)
{
    const char *name = new_name();
    int before = descriptors(), i;

    for (i = 0; i < 100; i++) {
        pthread_t thread;
        void *how = NULL;

        CHECK_EQ(pthread_create(&thread, NULL, open_and_close, (void *)(uintptr_t)name), 0);
        process_pause_us(200 + (uint64_t)rand() % 1500);
        CHECK_EQ(pthread_cancel(thread), 0);
        CHECK_EQ(pthread_join(thread, &how), 0);
        CHECK(how == PTHREAD_CANCELED);
        CHECK_STATUS(shmring_producer_open(&p, name, NULL), SHMRING_OK);
        shmring_producer_close(p);
        CHECK_EQ(descriptors(), before);
    }
    CHECK(!is_there(name));
}

int main(void)
{
    RUN(shouldOpenUseAndCloseInAThreadThatIsToEnd);
    RUN(shouldRingTheDescriptorFromAThreadThatIsToEnd);
    RUN(shouldWaitForManyRingsInAThreadThatIsToEnd);
    RUN(shouldCheckAndRepairACopyInAThreadThatIsToEnd);
    RUN(shouldLeaveNothingOfAThreadThatEndsAtAnyMoment);
    return check_done();
}
