/* SPDX-License-Identifier: MIT */
/* pace_test.c - how long a wait polls and sleeps, whose turn it is, and what comes between two of
 * its steps: the system's calls are wrapped, so that time is the test's, and the other side's part
 * falls where it hurts, every time. */
#define _GNU_SOURCE
#include <poll.h>

#include "../support/rig.h"

#include "os/os.h"

#define SECOND     UINT64_C(1000000000)
#define TICK_NS    UINT64_C(20000) /* the clock's, at each look, when it is ours */
#define A_DEATH_NS (100 * MS)      /* by then it is told */
#define LONG_MS    60000           /* a test that waits this long has failed */
#define MANY       129u            /* more than one futex_waitv takes */
#define SLICES     112u            /* of 90 ms, in ten seconds */
#define FEW_SLICES 8u              /* more, of 1 ms and twice as long each time */

/* ---- the system, wrapped ---- */

static void (*instead_of_yield)(void);
static void (*before_sleep)(void);
static void (*before_drain)(void);
static uint64_t own_clock_ns; /* 0: the system's */
static int sleeps_are_ours, no_barrier;
static uint64_t alarm_ns; /* as set last */
static int held_answers;  /* the next that say the lock is held still */
static uint64_t sleeps, longest_ns, first_ns;

uint64_t __real_shmring_os_clock_ns(void);
uint64_t __wrap_shmring_os_clock_ns(void);
void __real_shmring_os_yield(void);
void __wrap_shmring_os_yield(void);
void __real_shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected, uint64_t ns);
void __wrap_shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected, uint64_t ns);
int __real_shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected,
                                uint32_t n, uint64_t ns);
int __wrap_shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected,
                                uint32_t n, uint64_t ns);
int __real_shmring_os_barrier(void);
int __wrap_shmring_os_barrier(void);
int __real_shmring_os_barrier_register(void);
int __wrap_shmring_os_barrier_register(void);
int __real_shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role);
int __wrap_shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role);
uint32_t __real_shmring_os_ready_drain(const struct shmring_os_ready *ready);
uint32_t __wrap_shmring_os_ready_drain(const struct shmring_os_ready *ready);
void __real_shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns);
void __wrap_shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns);
void __real_shmring_os_listener_wait(intptr_t listener, uint64_t ns);
void __wrap_shmring_os_listener_wait(intptr_t listener, uint64_t ns);

static int run_once(void (**step)(void))
{
    void (*now)(void) = *step;

    *step = NULL;
    if (now != NULL) {
        now();
    }
    return now != NULL;
}

uint64_t __wrap_shmring_os_clock_ns(void)
{
    return own_clock_ns == 0 ? __real_shmring_os_clock_ns() : (own_clock_ns += TICK_NS);
}

void __wrap_shmring_os_yield(void)
{
    if (!run_once(&instead_of_yield)) {
        __real_shmring_os_yield();
    }
}

static void count_sleep(uint64_t ns)
{
    first_ns = sleeps == 0 ? ns : first_ns;
    longest_ns = ns > longest_ns ? ns : longest_ns;
    sleeps++;
    own_clock_ns += ns;
}

void __wrap_shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected, uint64_t ns)
{
    if (sleeps_are_ours) {
        count_sleep(ns);
        return;
    }
    if (run_once(&before_sleep)) { /* it must not sleep: its slice would hide that it did */
        CHECK((uint32_t)shmring_load_relaxed(at->word) != expected);
    }
    __real_shmring_os_sleep(at, expected, ns);
}

int __wrap_shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected,
                                uint32_t n, uint64_t ns)
{
    uint32_t i, changed = 0;

    if (sleeps_are_ours) {
        count_sleep(ns);
        return 1;
    }
    if (run_once(&before_sleep)) {
        for (i = 0; i < n; i++) {
            changed += (uint32_t)shmring_load_relaxed(bells[i].word) != expected[i];
        }
        CHECK(changed != 0);
    }
    return __real_shmring_os_sleep_any(bells, expected, n, ns);
}

int __wrap_shmring_os_barrier(void)
{
    return no_barrier ? 0 : __real_shmring_os_barrier();
}

int __wrap_shmring_os_barrier_register(void)
{
    return no_barrier ? 1 : __real_shmring_os_barrier_register();
}

int __wrap_shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role)
{
    if (held_answers > 0) {
        held_answers--;
        return 1;
    }
    return __real_shmring_os_role_held(seg, role);
}

uint32_t __wrap_shmring_os_ready_drain(const struct shmring_os_ready *ready)
{
    (void)run_once(&before_drain);
    return __real_shmring_os_ready_drain(ready);
}

void __wrap_shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns)
{
    alarm_ns = ns;
    __real_shmring_os_ready_alarm(ready, ns);
}

void __wrap_shmring_os_listener_wait(intptr_t listener, uint64_t ns)
{
    if (sleeps_are_ours) {
        count_sleep(ns);
        return;
    }
    __real_shmring_os_listener_wait(listener, ns);
}

/* ---- what the others do ---- */

static struct pair pair;

static void open_with(uint32_t spin_ns)
{
    shmring_options o = options_of(KIB64);

    o.spin_ns = spin_ns;
    CHECK_STATUS(shmring_producer_open(&pair.p, new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, &o), SHMRING_OK);
}

static void send(void)
{
    CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK);
}

static void receive(void)
{
    static char b[65536];

    CHECK_STATUS(shmring_try_recv(pair.c, b, sizeof b, NULL), SHMRING_OK);
}

static void interrupt(void)
{
    shmring_consumer_interrupt(pair.c);
}

static int send_and_die(void *arg)
{
    shmring_producer *p = NULL;

    return shmring_producer_open(&p, arg, NULL) == SHMRING_OK &&
                   shmring_try_send(p, "last", 5, 0) == SHMRING_OK
               ? 0
               : 1; /* and no close */
}

static void another_sends_and_dies(void)
{
    CHECK_EQ(in_child(send_and_die, rig_name), 0);
    held_answers = 1; /* the kernel tells of the close before it drops the lock */
}

/* ---- the tests ---- */

static void shouldGiveTheProcessorAwayWhileItPolls(void)
{
    uint32_t i;

    open_with(UINT32_MAX); /* and nobody sends, but who gets the processor */
    instead_of_yield = send;
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_OK);
    receive();
    instead_of_yield = send;
    CHECK_STATUS(shmring_wait_any(&pair.c, 1, &i, SHMRING_FOREVER), SHMRING_OK);
    receive();
    (void)fill(pair.p, 16000);
    instead_of_yield = receive;
    CHECK_STATUS(shmring_wait_space(pair.p, 16000, SHMRING_FOREVER), SHMRING_OK);
    close_pair(&pair);
}

static void shouldTellWhoPollsForLongOfADeathInTime(void)
{
    static const uint32_t spins[] = {UINT32_MAX - 1, UINT32_MAX, 0, 1};
    uint64_t before;
    uint32_t i, k;

    for (k = 0; k < 8; k++) {
        shmring_options o = options_of(KIB64);

        o.spin_ns = spins[k / 2];
        CHECK_STATUS(shmring_consumer_open(&pair.c, new_name(), &o), SHMRING_OK);
        CHECK_EQ(in_child(send_and_die, rig_name), 0);
        receive();
        before = own_clock_ns = SECOND;
        CHECK_STATUS(k % 2 == 0 ? shmring_wait_data(pair.c, SHMRING_FOREVER)
                                : shmring_wait_any(&pair.c, 1, &i, SHMRING_FOREVER),
                     SHMRING_PEER_DEAD);
        CHECK(own_clock_ns - before <= A_DEATH_NS);
        own_clock_ns = 0;
        shmring_consumer_close(pair.c);
    }
}

static void count_sleeps_of(shmring_status (*wait)(void), uint64_t most, uint64_t first)
{
    sleeps = longest_ns = 0;
    own_clock_ns = SECOND;
    sleeps_are_ours = 1;
    CHECK_STATUS(wait(), SHMRING_TIMEOUT);
    sleeps_are_ours = 0;
    own_clock_ns = 0;
    CHECK(sleeps >= SLICES - 1 && sleeps <= most);
    CHECK(longest_ns <= A_DEATH_NS);
    CHECK_EQ(first_ns, first);
}

static shmring_status wait_for_data(void)
{
    return shmring_wait_data(pair.c, 10 * SECOND);
}

static shmring_status wait_for_any(void)
{
    uint32_t i;

    return shmring_wait_any(&pair.c, 1, &i, 10 * SECOND);
}

static shmring_status wait_for_space(void)
{
    return shmring_wait_space(pair.p, 16000, 10 * SECOND);
}

static void shouldSleepElevenTimesASecondForASilentPeer(void)
{
    open_with(0);
    count_sleeps_of(wait_for_data, SLICES, 90 * MS);
    count_sleeps_of(wait_for_any, SLICES, 90 * MS);
    (void)fill(pair.p, 16000);
    count_sleeps_of(wait_for_space, SLICES, 90 * MS);
    close_pair(&pair);
}

static void shouldSleepEverLongerForASilentPeerThatDoesNotFence(void)
{
    no_barrier = 1; /* registered, but nobody may call it: the wish for fences is not heard yet */
    open_with(1);
    count_sleeps_of(wait_for_data, SLICES + FEW_SLICES, MS);
    count_sleeps_of(wait_for_any, SLICES + FEW_SLICES, MS);
    send();
    receive(); /* now it is, by the producer, and was all the time by this consumer */
    count_sleeps_of(wait_for_data, SLICES, 90 * MS);
    (void)fill(pair.p, 16000);
    count_sleeps_of(wait_for_space, SLICES, 90 * MS);
    no_barrier = 0;
    close_pair(&pair);
}

static shmring_consumer *many[MANY];

static shmring_status wait_for_many(void)
{
    uint32_t i;

    return shmring_wait_any(many, MANY, &i, 10 * SECOND);
}

static void shouldSleepElevenTimesASecondForManyWhoseBellsWereSetBefore(void)
{
    shmring_options o = options_of(KIB64);
    uint32_t i;

    o.spin_ns = 1;
    for (i = 0; i < MANY; i++) {
        CHECK_STATUS(shmring_consumer_open(&many[i], new_name(), &o), SHMRING_OK);
        (void)shmring_fetch_or(&many[i]->bells->consumer_bell, SHMRING_BELL_POLLED);
    }
    count_sleeps_of(wait_for_many, SLICES, 90 * MS);
    for (i = 0; i < MANY; i++) {
        shmring_consumer_close(many[i]);
    }
}

static void shouldNotSleepOverWhatCameJustBefore(void)
{
    uint32_t i;

    open_with(1);
    before_sleep = interrupt;
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_EMPTY);
    before_sleep = interrupt;
    CHECK_STATUS(shmring_wait_any(&pair.c, 1, &i, SHMRING_FOREVER), SHMRING_EMPTY);
    before_sleep = send;
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_OK);
    receive();
    before_sleep = send;
    CHECK_STATUS(shmring_wait_any(&pair.c, 1, &i, SHMRING_FOREVER), SHMRING_OK);
    receive();
    (void)fill(pair.p, 16000);
    before_sleep = receive;
    CHECK_STATUS(shmring_wait_space(pair.p, 16000, SHMRING_FOREVER), SHMRING_OK);
    CHECK(before_sleep == NULL);
    close_pair(&pair);
}

static void shouldNotForgetAnEndThatWasHeardTogetherWithARecord(void)
{
    shmring_options o = options_of(KIB64);
    shmring_status status;
    struct pollfd ready = {.events = POLLIN};
    char b[8];

    CHECK_STATUS(shmring_consumer_open(&pair.c, new_name(), &o), SHMRING_OK);
    ready.fd = shmring_consumer_fd(pair.c);
    CHECK(ready.fd >= 0);
    before_drain = another_sends_and_dies;
    CHECK_STATUS(shmring_try_recv(pair.c, b, sizeof b, NULL), SHMRING_EMPTY);
    CHECK(alarm_ns != 0); /* here: whoever looks at the ring's file later wakes it by chance */
    CHECK_EQ(poll(&ready, 1, 0), 1);
    CHECK_STATUS(shmring_try_recv(pair.c, b, sizeof b, NULL), SHMRING_OK);
    do {
        status = shmring_try_recv(pair.c, b, sizeof b, NULL);
    } while (status == SHMRING_EMPTY && poll(&ready, 1, LONG_MS) == 1);
    CHECK_STATUS(status, SHMRING_PEER_DEAD);
    CHECK_EQ(held_answers, 0);
    shmring_consumer_close(pair.c);
}

int main(void)
{
    RUN(shouldGiveTheProcessorAwayWhileItPolls);
    RUN(shouldTellWhoPollsForLongOfADeathInTime);
    RUN(shouldSleepElevenTimesASecondForASilentPeer);
    RUN(shouldSleepEverLongerForASilentPeerThatDoesNotFence);
    RUN(shouldSleepElevenTimesASecondForManyWhoseBellsWereSetBefore);
    RUN(shouldNotSleepOverWhatCameJustBefore);
    RUN(shouldNotForgetAnEndThatWasHeardTogetherWithARecord);
    return check_done();
}
