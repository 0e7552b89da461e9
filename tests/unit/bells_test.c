/* SPDX-License-Identifier: MIT */
/* bells_test.c - what a waiter says, and leaves behind when it dies, and signals in a wait. Times
 * are checked from below only. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "../support/rig_linux.h"

static char none[1]; /* a buffer of no bytes */

static void shouldPayOneWakeUpForAConsumerThatDiedAsleep(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    pid_t child;
    int i;

    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        _exit(shmring_consumer_open(&c, rig_name, NULL) == SHMRING_OK &&
              shmring_wait_data(c, SHMRING_FOREVER) == SHMRING_OK);
    }
    while (!inspect().consumer.waiting) {
        (void)usleep(1000);
    }
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK_EQ(inspect().consumer.waiting, 1); /* its bell is still there */
    for (i = 0; i < 1000; i++) {
        CHECK_STATUS(shmring_try_send(p, NULL, 0, 0), SHMRING_OK);
    }
    CHECK_EQ(inspect().counters.producer_wakes, 1);
    CHECK_EQ(look64(rig_name, SHMRING_DOORBELL_AT + 0x480), 0);
    shmring_producer_close(p);
}

/* Arms a descriptor of each kind and dies: the consumer's of an empty ring, the producer's of a
 * full one. */
static int arm_and_die(void *arg)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    if (shmring_producer_open(&p, arg, NULL) == SHMRING_OK) {
        if (shmring_producer_fd(p) < 0) {
            return 1;
        }
        while (shmring_try_send(p, NULL, 0, 0) == SHMRING_OK) {
        }
        return 0;
    }
    return shmring_consumer_open(&c, arg, NULL) == SHMRING_OK && shmring_consumer_fd(c) >= 0 ? 0
                                                                                             : 1;
}

static void shouldPayOneSignalForADescriptorWhoseOwnerDied(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    int i;

    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    CHECK_EQ(in_child(arm_and_die, rig_name), 0);
    CHECK_EQ(look64(rig_name, SHMRING_DOORBELL_AT + 0x480), SHMRING_BELL_POLLED);
    for (i = 0; i < 1000; i++) {
        CHECK_STATUS(shmring_try_send(p, NULL, 0, 0), SHMRING_OK);
    }
    CHECK_EQ(inspect().counters.producer_wakes, 1);
    CHECK_EQ(look64(rig_name, SHMRING_DOORBELL_AT + 0x480), 0);
    shmring_producer_close(p);
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    CHECK_EQ(in_child(arm_and_die, rig_name), 0);
    CHECK_EQ(look64(rig_name, SHMRING_DOORBELL_AT + 0x500), SHMRING_BELL_POLLED);
    for (i = 0; shmring_try_recv(c, none, 0, NULL) == SHMRING_OK; i++) {
    }
    CHECK(i > 1000);
    CHECK_EQ(inspect().counters.consumer_wakes, 1);
    CHECK_EQ(look64(rig_name, SHMRING_DOORBELL_AT + 0x500), 0);
    shmring_consumer_close(c);
}

static int wait_without_membarrier_and_die(void *arg)
{
    shmring_consumer *c = NULL;

    if (!refuse(SYS_membarrier, EPERM)) {
        return 77;
    }
    return shmring_consumer_open(&c, arg, NULL) == SHMRING_OK &&
                   shmring_wait_data(c, MS) == SHMRING_TIMEOUT
               ? 0
               : 1;
}

static void shouldStopFencingWhenWhoAskedForItIsGone(void)
{
    shmring_options o = options_of(4 * KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    int i, result;

    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    for (i = 0; i < 2; i++) {
        result = in_child(wait_without_membarrier_and_die, rig_name);
        if (result == 77 || !inspect().producer.membarrier) {
            shmring_producer_close(p);
            SKIP("no seccomp filter, or no membarrier, here");
        }
        CHECK_EQ(result, 0);
        CHECK_EQ(inspect().consumer.membarrier, 0);
        CHECK_STATUS(shmring_try_send(p, NULL, 0, 0), SHMRING_OK);
        CHECK_EQ(inspect().producer.fences, 1);
        if (i == 1) { /* a successor that has no such wish */
            CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
        }
        (void)fill(p, 0); /* more than there are between two reviews */
        CHECK_EQ(inspect().producer.fences, 0);
        CHECK_EQ(look64(rig_name, SHMRING_DOORBELL_AT + 0x480), 0); /* nothing to go slow for */
        if (i == 0) {
            CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
            while (shmring_try_recv(c, none, 0, NULL) == SHMRING_OK) {
            }
            shmring_consumer_close(c);
        }
    }
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

static void shouldSayHowFarTheConsumerMustComeToBeOfUse(void)
{
    struct pair pair = open_small_pair();
    uint64_t timeout = 2 * MS;

    (void)fill(pair.p, 1000);
    while (shmring_try_send(pair.p, NULL, 0, 0) == SHMRING_OK) {
    }
    do { /* where the time was over before it came to sleep, it said nothing */
        CHECK_STATUS(shmring_wait_space(pair.p, 4000, timeout), SHMRING_TIMEOUT);
        timeout *= 2;
    } while (look64(rig_name, SHMRING_DOORBELL_AT + 0x508) == 0 && timeout < 10000 * MS);
    CHECK_EQ(look64(rig_name, SHMRING_DOORBELL_AT + 0x508),
             pair.p->tail + 8 + 4000 + 8 - pair.p->capacity);
    close_pair(&pair);
}

static int ticks;

static void tick(int signal_number)
{
    (void)signal_number;
    ticks++;
}

static void shouldHoldADeadlineUnderAThousandSignalsASecond(void)
{
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct sigaction act = {.sa_handler = tick}; /* and no SA_RESTART */
    shmring_consumer *const *set;
    struct pair pair = open_small_pair();
    uint64_t start;
    uint32_t i;

    set = &pair.c;
    CHECK_EQ(sigaction(SIGALRM, &act, NULL), 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
    start = now_ns();
    CHECK_STATUS(shmring_wait_data(pair.c, 100 * MS), SHMRING_TIMEOUT);
    CHECK(now_ns() - start >= 100 * MS);
    start = now_ns();
    CHECK_STATUS(shmring_wait_any(set, 1, &i, 100 * MS), SHMRING_TIMEOUT);
    CHECK(now_ns() - start >= 100 * MS);
    (void)fill(pair.p, 0);
    start = now_ns();
    CHECK_STATUS(shmring_send(pair.p, NULL, 0, 0, 100 * MS), SHMRING_TIMEOUT);
    CHECK(now_ns() - start >= 100 * MS);
    CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
    CHECK(ticks > 10);
    close_pair(&pair);
}

static void interrupt_from_handler(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    shmring_consumer_interrupt(info->si_value.sival_ptr);
}

static void *signal_after_a_while(void *arg)
{
    const struct timespec pause = {0, 20000000};
    union sigval value = {.sival_ptr = arg};

    (void)nanosleep(&pause, NULL);
    (void)sigqueue(getpid(), SIGUSR1, value);
    return NULL;
}

static void shouldEndAWaitForAnInterruptFromASignalHandler(void)
{
    struct sigaction act = {.sa_sigaction = interrupt_from_handler, .sa_flags = SA_SIGINFO};
    struct pair pair = open_small_pair();
    pthread_t thread;

    CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, signal_after_a_while, pair.c), 0);
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_EMPTY);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldPayOneWakeUpForAConsumerThatDiedAsleep);
    RUN(shouldPayOneSignalForADescriptorWhoseOwnerDied);
    RUN(shouldStopFencingWhenWhoAskedForItIsGone);
    RUN(shouldSayHowFarTheConsumerMustComeToBeOfUse);
    RUN(shouldHoldADeadlineUnderAThousandSignalsASecond);
    RUN(shouldEndAWaitForAnInterruptFromASignalHandler);
    return check_done();
}
