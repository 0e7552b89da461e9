/* SPDX-License-Identifier: MIT */
/* observe_fd_test.c - an observer in an event loop, and removed names, on Linux. */
#include "../support/observe_rig.h"
#include "../support/rig_linux.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>

#define LONG_NS (60000 * MS)
#define LONG_MS 60000
#define MANY    2000u

static int is_readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1;
}

/* Looks whenever the descriptor says so; SHMRING_TIMEOUT when it says nothing any more. */
static shmring_status look_when_told(shmring_observer *o, int fd, uint64_t *got)
{
    const uint64_t end = now_ns() + LONG_NS;
    shmring_status status = SHMRING_EMPTY;

    while (status == SHMRING_EMPTY) {
        if (!is_readable(fd, LONG_MS) || now_ns() > end) {
            return SHMRING_TIMEOUT;
        }
        status = shmring_observe(o, got, sizeof *got, NULL);
    }
    return status;
}

static unsigned descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    while (d != NULL && readdir(d) != NULL) {
        n++;
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    return n;
}

static void *send_many(void *arg)
{
    uint64_t i;

    for (i = 0; i < MANY; i++) {
        if (i % 100 == 0) {
            process_pause_us(1000);
        }
        (void)shmring_try_send(arg, &i, sizeof i, (uint16_t)i);
    }
    shmring_producer_close(arg);
    return NULL;
}

static void shouldSeeEveryRecordAndTheEndInAnEventLoop(void)
{
    shmring_options options = options_of(1u << 20);
    struct pair pair = open_pair(&options);
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    int fd = shmring_observer_fd(o);
    pthread_t thread;
    uint64_t i, got = 0;

    CHECK(fd >= 0);
    CHECK_EQ(shmring_observer_fd(o), fd);
    CHECK(shmring_observer_handle(o) == NULL);
    CHECK_EQ(pthread_create(&thread, NULL, send_many, pair.p), 0);
    for (i = 0; i < MANY; i++) { /* one for each wake-up: it stays readable */
        CHECK_STATUS(look_when_told(o, fd, &got), SHMRING_OK);
        CHECK_EQ(got, i);
    }
    CHECK_STATUS(look_when_told(o, fd, &got), SHMRING_CLOSED);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    send_number(pair.p, MANY);
    CHECK_STATUS(look_when_told(o, fd, &got), SHMRING_OK);
    CHECK_EQ(got, MANY);
    shmring_producer_close(pair.p);
    CHECK_STATUS(look_when_told(o, fd, &got), SHMRING_CLOSED);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(look_when_told(o, fd, &got), SHMRING_E_NOT_FOUND); /* the name has gone */
    shmring_observer_close(o);
}

static int produce_and_stay(void *arg)
{
    shmring_producer *p;

    if (shmring_producer_open(&p, arg, NULL) != SHMRING_OK) {
        return 1;
    }
    for (;;) {
        process_pause_us(1000);
    }
}

static void shouldHearOfADeathInAnEventLoop(void)
{
    shmring_consumer *c = NULL;
    shmring_observer *o;
    shmring_info info = {0};
    uint64_t got;
    pid_t child;
    int fd;

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), NULL), SHMRING_OK);
    o = open_observer(SHMRING_OLDEST);
    fd = shmring_observer_fd(o);
    child = process_start(produce_and_stay, rig_name);
    while (info.producer.state != SHMRING_ROLE_ATTACHED && !process_has_ended(child)) {
        process_pause_us(1000);
        (void)shmring_inspect(rig_name, &info);
    }
    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    CHECK_STATUS(look_when_told(o, fd, &got), SHMRING_PEER_DEAD);
    shmring_observer_close(o);
    shmring_consumer_close(c);
}

/* Readable at once, not only when it is time to look again, and once more for the next call. */
static void shouldBeReadableAfterAnInterrupt(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);
    int fd = shmring_observer_fd(o);
    uint64_t got;
    unsigned i;

    for (i = 0; i < 100; i++) {
        CHECK_STATUS(shmring_observe(o, &got, sizeof got, NULL), SHMRING_EMPTY);
        shmring_observer_interrupt(o);
        CHECK(is_readable(fd, LONG_MS));
    }
    shmring_observer_interrupt(o);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_EMPTY); /* or the wait has it */
    shmring_observer_close(o);
    close_pair(&pair);
}

static void shouldKeepNoDescriptor(void)
{
    struct pair pair = open_small_pair();
    unsigned before = descriptors();
    shmring_observer *o = open_observer(SHMRING_OLDEST);

    CHECK_EQ(descriptors(), before + 1);
    CHECK(shmring_observer_fd(o) >= 0);
    CHECK_EQ(descriptors(), before + 2);
    shmring_observer_close(o);
    CHECK_EQ(descriptors(), before);
    close_pair(&pair);
}

/* ---- removed names ---- */

static void shouldSayThatTheNameIsGoneWhenNobodySends(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = open_observer(SHMRING_OLDEST);

    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    CHECK_STATUS(shmring_observer_wait(o, MS), SHMRING_TIMEOUT); /* the producer is there */
    send_number(pair.p, 1);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_OK);
    expect_number(o, 1);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_CLOSED);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_E_NOT_FOUND);
    DETAIL_HAS("removed");
    CHECK_STATUS(shmring_observer_wait(o, SHMRING_FOREVER), SHMRING_E_NOT_FOUND);
    CHECK_STATUS(shmring_observer_seek(o, SHMRING_OLDEST), SHMRING_OK);
    expect_number(o, 1); /* what is there can be seen again */
    CHECK_STATUS(shmring_observer_wait(o, 0), SHMRING_E_NOT_FOUND);
    shmring_observer_close(o);
    shmring_consumer_close(pair.c);
}

static void shouldSayThatTheNameWasTakenAwayByHand(void)
{
    shmring_consumer *c = NULL;
    shmring_observer *o;

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), NULL), SHMRING_OK);
    o = open_observer(SHMRING_NEWEST);
    CHECK_EQ(unlink(path_of(rig_name)), 0);
    CHECK_STATUS(shmring_observer_wait(o, LONG_NS), SHMRING_E_NOT_FOUND); /* and none ever came */
    shmring_observer_close(o);
    shmring_consumer_close(c);
}

int main(void)
{
    RUN(shouldSeeEveryRecordAndTheEndInAnEventLoop);
    RUN(shouldHearOfADeathInAnEventLoop);
    RUN(shouldBeReadableAfterAnInterrupt);
    RUN(shouldKeepNoDescriptor);
    RUN(shouldSayThatTheNameIsGoneWhenNobodySends);
    RUN(shouldSayThatTheNameWasTakenAwayByHand);
    return check_done();
}
