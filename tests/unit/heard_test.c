/* SPDX-License-Identifier: MIT */
/* heard_test.c - what must wake a waiter, and what must not be taken for something else, seen
 * alone: the library's slices last an hour here, and alarms, answers of the kernel and the clock
 * are the test's. What is not heard is then never heard; LONG_MS only ends a test that failed. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>

#include "../support/rig_linux.h"

#include "segment/segment.h"
#include "os/os.h"

#define LONG_MS     10000
#define LONG_NS     (LONG_MS * MS)
#define SECOND      UINT64_C(1000000000)
#define TICK_NS     (10 * MS) /* the clock's, at each look, when it is ours */
#define FUTEX_WAITV 449L

static int no_alarms, no_barrier, no_register;
static int futex_waitv_error; /* 0: the kernel's own answer */
static uint64_t own_clock_ns; /* 0: the system's */
static uint64_t slept_ns;     /* that wait_any asked for first */
static void (*after_first_look)(void);

void __real_shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns);
void __wrap_shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns);
int __real_shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role);
int __wrap_shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role);
int __real_shmring_os_barrier(void);
int __wrap_shmring_os_barrier(void);
int __real_shmring_os_barrier_register(void);
int __wrap_shmring_os_barrier_register(void);
uint64_t __real_shmring_os_clock_ns(void);
uint64_t __wrap_shmring_os_clock_ns(void);
int __real_shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected,
                                uint32_t n, uint64_t ns);
int __wrap_shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected,
                                uint32_t n, uint64_t ns);
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);

void __wrap_shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns)
{
    if (!no_alarms) {
        __real_shmring_os_ready_alarm(ready, ns);
    }
}

int __wrap_shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role)
{
    int held = __real_shmring_os_role_held(seg, role);
    void (*step)(void) = after_first_look;

    after_first_look = NULL;
    if (step != NULL) {
        step();
    }
    return held;
}

int __wrap_shmring_os_barrier(void)
{
    return no_barrier ? 0 : __real_shmring_os_barrier();
}

int __wrap_shmring_os_barrier_register(void)
{
    return no_register ? 0 : __real_shmring_os_barrier_register();
}

uint64_t __wrap_shmring_os_clock_ns(void)
{
    return own_clock_ns == 0 ? __real_shmring_os_clock_ns() : (own_clock_ns += TICK_NS);
}

int __wrap_shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected,
                                uint32_t n, uint64_t ns)
{
    slept_ns = slept_ns == 0 ? ns : slept_ns;
    return __real_shmring_os_sleep_any(bells, expected, n, ns < MS ? ns : MS);
}

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if (number == FUTEX_WAITV && futex_waitv_error != 0) {
        errno = futex_waitv_error;
        return -1;
    }
    return __real_syscall(number, a, b, c, d, e, f);
}

static int is_readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1;
}

static void expect_empty(shmring_consumer *c)
{
    char b[8];

    CHECK_STATUS(shmring_try_recv(c, b, sizeof b, NULL), SHMRING_EMPTY);
}

/* ---- ends ---- */

static int stay(void *arg)
{
    shmring_producer *p = NULL;

    if (shmring_producer_open(&p, arg, NULL) == SHMRING_OK) {
        process_pause_us(600 * 1000000); /* it is killed */
    }
    return 1;
}

static void shouldHearOfADeathWithoutAnAlarm(void)
{
    shmring_options o = options_of(KIB64);
    shmring_consumer *c = NULL;
    pid_t child;
    int fd;

    no_alarms = 1;
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    child = process_start(stay, rig_name);
    while (inspect().producer.alive == 0) {
        process_pause_us(1000);
    }
    fd = shmring_consumer_fd(c);
    CHECK(fd >= 0);
    while (is_readable(fd, 0)) {
        expect_empty(c);
    }
    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    CHECK(is_readable(fd, LONG_MS));
    no_alarms = 0;
    shmring_consumer_close(c);
}

static shmring_atomic_u64 told; /* the status, plus one */

static void *send_into_a_full_ring(void *arg)
{
    shmring_producer *p = arg;

    shmring_store_relaxed(&told, (uint64_t)shmring_send(p, "x", 1, 0, SHMRING_FOREVER) + 1);
    return NULL;
}

static void shouldWakeASleepingProducerWhenItsConsumerCloses(void)
{
    struct pair pair = open_small_pair();
    pthread_t thread;
    unsigned i;

    (void)fill(pair.p, 1000);
    (void)fill(pair.p, 0);
    CHECK_EQ(pthread_create(&thread, NULL, send_into_a_full_ring, pair.p), 0);
    while (inspect().counters.producer_sleeps == 0) {
        process_pause_us(1000);
    }
    shmring_consumer_close(pair.c);
    for (i = 0; i < LONG_MS && shmring_load_relaxed(&told) == 0; i++) {
        process_pause_us(1000);
    }
    CHECK_EQ(shmring_load_relaxed(&told), SHMRING_CLOSED + 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    shmring_producer_close(pair.p);
}

static shmring_producer *newcomer;

static void another_opens(void)
{
    CHECK_STATUS(shmring_producer_open(&newcomer, rig_name, NULL), SHMRING_OK);
}

static int open_and_die(void *arg)
{
    shmring_producer *p = NULL;

    return shmring_producer_open(&p, arg, NULL) == SHMRING_OK ? 0 : 1; /* and no close */
}

static void another_opens_and_dies(void)
{
    CHECK_EQ(in_child(open_and_die, rig_name), 0);
}

static void shouldNotTakeANewcomerForItsDeadPredecessor(void)
{
    shmring_options o = options_of(KIB64);
    shmring_consumer *c = NULL;

    o.spin_ns = 1;
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    CHECK_EQ(in_child(open_and_die, rig_name), 0);
    after_first_look = another_opens;
    CHECK_STATUS(shmring_wait_data(c, MS), SHMRING_TIMEOUT);
    CHECK(newcomer != NULL);
    shmring_producer_close(newcomer);
    shmring_consumer_close(c);
}

/* The end that is told is that of the one who came last, so that it is told once. */
static void shouldTellTheEndOfTheOneWhoDiedLast(void)
{
    shmring_options o = options_of(KIB64);
    shmring_consumer *c = NULL;
    shmring_status status;

    o.spin_ns = 1;
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    CHECK_EQ(in_child(open_and_die, rig_name), 0);
    after_first_look = another_opens_and_dies;
    status = shmring_wait_data(c, MS); /* no bell rings for a death: a slice may end first */
    CHECK_STATUS(status == SHMRING_TIMEOUT ? shmring_wait_data(c, MS) : status, SHMRING_PEER_DEAD);
    CHECK_EQ(shmring_load_relaxed(&c->page->role.ended_epoch),
             shmring_load_relaxed(&c->peer->role.epoch));
    shmring_consumer_close(c);
}

static void shouldTellNoEndOfOneWhoseSuccessorCameWhileItWasAskedFor(void)
{
    shmring_options o = options_of(KIB64);
    shmring_peer peer = {.struct_size = sizeof peer};
    shmring_consumer *c = NULL;

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    CHECK_EQ(in_child(open_and_die, rig_name), 0);
    after_first_look = another_opens_and_dies;
    CHECK_STATUS(shmring_consumer_peer(c, &peer), SHMRING_OK);
    CHECK_EQ(peer.state, SHMRING_PEER_LIVES);
    CHECK_STATUS(shmring_consumer_peer(c, &peer), SHMRING_OK);
    CHECK_EQ(peer.state, SHMRING_PEER_IS_DEAD);
    CHECK_EQ(peer.epoch, shmring_load_relaxed(&c->peer->role.epoch));
    shmring_consumer_close(c);
}

/* ---- waiting for any of many ---- */

static void shouldLeaveAnArmedDescriptorArmedBehindAWaitForAny(void)
{
    static const int errors[] = {0, ENOSYS};
    struct pair pair;
    uint32_t i, k;
    char b[8];
    int fd;

    no_alarms = 1;
    for (k = 0; k < 2; k++) {
        pair = open_small_pair();
        fd = shmring_consumer_fd(pair.c);
        while (is_readable(fd, 0)) {
            expect_empty(pair.c);
        }
        futex_waitv_error = errors[k];
        CHECK_STATUS(shmring_wait_any(&pair.c, 1, &i, MS), SHMRING_TIMEOUT);
        while (is_readable(fd, 0)) { /* of what the listener heard */
            expect_empty(pair.c);
        }
        CHECK_STATUS(shmring_wait_any(&pair.c, 1, &i, MS), SHMRING_TIMEOUT);
        futex_waitv_error = 0;
        CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK);
        CHECK(is_readable(fd, LONG_MS));
        CHECK_STATUS(shmring_try_recv(pair.c, b, sizeof b, NULL), SHMRING_OK);
        expect_empty(pair.c); /* arms it again */
        CHECK(!is_readable(fd, 0));
        CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK);
        CHECK(is_readable(fd, LONG_MS));
        close_pair(&pair);
    }
    no_alarms = 0;
}

/* One whose producer does not fence must be looked at after a short slice, wherever it stands. */
static void shouldSleepAsShortAsTheMostUrgentRingWants(void)
{
    shmring_consumer *both[2], *turned[2];
    struct pair urgent, calm;
    uint32_t i;

    no_barrier = 1;
    urgent = open_small_pair();
    no_barrier = 0;
    calm.c = NULL;
    CHECK_STATUS(shmring_consumer_open(&calm.c, new_name(), NULL), SHMRING_OK);
    both[0] = turned[1] = urgent.c;
    both[1] = turned[0] = calm.c;
    slept_ns = 0;
    CHECK_STATUS(shmring_wait_any(both, 2, &i, 5 * SECOND / 100), SHMRING_TIMEOUT);
    CHECK(slept_ns != 0 && slept_ns <= MS);
    slept_ns = 0;
    CHECK_STATUS(shmring_wait_any(turned, 2, &i, 5 * SECOND / 100), SHMRING_TIMEOUT);
    CHECK(slept_ns != 0 && slept_ns <= MS);
    shmring_consumer_close(calm.c);
    shmring_producer_close(urgent.p);
    shmring_consumer_close(urgent.c);
}

static void shouldTellASystemWithoutFutexWaitvFromASleep(void)
{
    static const int none[] = {ENOSYS, EPERM, EINVAL}, slept[] = {EAGAIN, ETIMEDOUT, EINTR};
    struct pair pair = open_small_pair();
    const struct shmring_os_bell bell = {&pair.c->bells->consumer_bell, &pair.c->attachment->seg,
                                         SHMRING_ROLE_CONSUMER, 0};
    const uint32_t expected = (uint32_t)shmring_load_relaxed(bell.word);
    size_t i;

    for (i = 0; i < 3; i++) {
        futex_waitv_error = none[i];
        CHECK_EQ(shmring_os_sleep_any(&bell, &expected, 1, MS), 0);
        futex_waitv_error = slept[i];
        CHECK_EQ(shmring_os_sleep_any(&bell, &expected, 1, MS), 1);
    }
    futex_waitv_error = 0;
    close_pair(&pair);
}

/* ---- bells, amounts, locks ---- */

static void shouldWakeNobodyWhereNobodyWaits(void)
{
    struct pair pair;
    char b[8];
    int i;

    no_register = 1; /* both fence, so that both look at the bell each time */
    pair = open_small_pair();
    for (i = 0; i < 100; i++) {
        CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, b, sizeof b, NULL), SHMRING_OK);
    }
    CHECK_EQ(inspect().counters.producer_wakes, 0);
    CHECK_EQ(inspect().counters.consumer_wakes, 0);
    no_register = 0;
    close_pair(&pair);
}

/* Much was refused, and an eighth of the ring is what a descriptor waits for, not all of it. */
static void shouldHearOfAnEighthWhereMoreBytesWereRefused(void)
{
    static unsigned char bytes[65536];
    struct pair pair = open_byte_pair();
    int fd;

    no_alarms = 1;
    fd = shmring_producer_fd(pair.p);
    CHECK_EQ(shmring_try_write(pair.p, bytes, sizeof bytes), sizeof bytes);
    CHECK_EQ(shmring_try_write(pair.p, bytes, sizeof bytes / 2), 0);
    CHECK(!is_readable(fd, 0));
    CHECK_EQ(shmring_try_read(pair.c, bytes, sizeof bytes / 8), sizeof bytes / 8);
    CHECK(is_readable(fd, LONG_MS));
    no_alarms = 0;
    close_pair(&pair);
}

static void shouldSayBusyAfterTwoSecondsOfAnotherInTheDoor(void)
{
    struct flock door = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 3, .l_len = 1};
    struct pair pair = open_small_pair();
    shmring_producer *p = NULL;
    int fd = open(path_of(rig_name), O_RDWR | O_CLOEXEC);

    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_OFD_SETLK, &door), 0);
    own_clock_ns = SECOND;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_BUSY);
    CHECK(own_clock_ns >= 3 * SECOND && own_clock_ns < 5 * SECOND);
    own_clock_ns = 0;
    DETAIL_HAS("2 seconds");
    (void)close(fd);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldHearOfADeathWithoutAnAlarm);
    RUN(shouldWakeASleepingProducerWhenItsConsumerCloses);
    RUN(shouldNotTakeANewcomerForItsDeadPredecessor);
    RUN(shouldTellTheEndOfTheOneWhoDiedLast);
    RUN(shouldTellNoEndOfOneWhoseSuccessorCameWhileItWasAskedFor);
    RUN(shouldLeaveAnArmedDescriptorArmedBehindAWaitForAny);
    RUN(shouldSleepAsShortAsTheMostUrgentRingWants);
    RUN(shouldTellASystemWithoutFutexWaitvFromASleep);
    RUN(shouldWakeNobodyWhereNobodyWaits);
    RUN(shouldHearOfAnEighthWhereMoreBytesWereRefused);
    RUN(shouldSayBusyAfterTwoSecondsOfAnotherInTheDoor);
    return check_done();
}
