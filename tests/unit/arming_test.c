/* SPDX-License-Identifier: MIT */
/* arming_test.c - what the other side does between two steps of arming or signalling a descriptor.
 * The system's calls are wrapped, so that it falls there every time. */
#include <poll.h>

#include "../support/rig.h"

#include "os/os.h"

static struct pair pair;
static void (*before_drain)(void);
static void (*behind_signal)(void);

uint32_t __real_shmring_os_ready_drain(const struct shmring_os_ready *ready);
uint32_t __wrap_shmring_os_ready_drain(const struct shmring_os_ready *ready);
void __real_shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter);
void __wrap_shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter);

static void run_once(void (**step)(void))
{
    void (*now)(void) = *step;

    *step = NULL;
    if (now != NULL) {
        now();
    }
}

uint32_t __wrap_shmring_os_ready_drain(const struct shmring_os_ready *ready)
{
    run_once(&before_drain);
    return __real_shmring_os_ready_drain(ready);
}

void __wrap_shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter)
{
    __real_shmring_os_signal(seg, waiter);
    run_once(&behind_signal);
}

/* A waker that is stopped has signalled already when it clears the bit. */
static void expect_the_bit(void)
{
    CHECK_EQ(shmring_load_relaxed(&pair.c->bells->consumer_bell), SHMRING_BELL_POLLED);
}

static void shouldSignalADescriptorBeforeItsBitIsCleared(void)
{
    pair = open_small_pair();
    CHECK(shmring_consumer_fd(pair.c) >= 0);
    CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, NULL), SHMRING_EMPTY);
    behind_signal = expect_the_bit;
    CHECK_STATUS(shmring_try_send(pair.p, NULL, 0, 0), SHMRING_OK);
    CHECK(behind_signal == NULL);
    CHECK_EQ(shmring_load_relaxed(&pair.c->bells->consumer_bell), 0);
    close_pair(&pair);
}

/* The consumer hears the first signal, receives, and arms again, before the bit is cleared. */
static void receive_and_arm(void)
{
    CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, NULL), SHMRING_EMPTY);
}

static void shouldSignalAgainAWaiterThatArmedBeforeItsBitWasCleared(void)
{
    struct pollfd ready = {.events = POLLIN};
    int i;

    pair = open_small_pair();
    ready.fd = shmring_consumer_fd(pair.c);
    CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, NULL), SHMRING_EMPTY);
    behind_signal = receive_and_arm;
    CHECK_STATUS(shmring_try_send(pair.p, NULL, 0, 0), SHMRING_OK);
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(shmring_try_send(pair.p, NULL, 0, 0), SHMRING_OK);
        CHECK_EQ(poll(&ready, 1, 0), 1);
        CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, NULL, 0, NULL), SHMRING_EMPTY);
    }
    close_pair(&pair);
}

static shmring_consumer *releasing;

static void release_eight(void)
{
    int i;

    for (i = 0; i < 8; i++) {
        shmring_record r;

        CHECK_STATUS(shmring_peek(releasing, &r), SHMRING_OK);
        shmring_release(releasing);
    }
}

/* The look that arms a producer's descriptor finds the space for the record that was refused. */
static void shouldKeepWithinTheRingWhenABatchArmsADescriptor(void)
{
    static const unsigned char zeros[1000];
    unsigned n = 40, i;

    pair = open_small_pair();
    CHECK(shmring_producer_fd(pair.p) >= 0);
    for (i = 0; i < n; i++) {
        CHECK_STATUS(shmring_try_send(pair.p, zeros, 1000, 0), SHMRING_OK);
    }
    releasing = pair.c;
    before_drain = release_eight;
    while (shmring_stage(pair.p, zeros, 1000, 0) == SHMRING_OK) {
        CHECK(++n < 200); /* or it never says FULL */
    }
    CHECK(before_drain == NULL);
    CHECK_EQ(n, 8 + 65528 / 1008);
    shmring_publish(pair.p);
    CHECK_STATUS(shmring_try_send(pair.p, zeros, 1000, 0), SHMRING_FULL);
    for (i = 8; i < n; i++) {
        shmring_record r;

        CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_OK);
        shmring_release(pair.c);
    }
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldSignalADescriptorBeforeItsBitIsCleared);
    RUN(shouldSignalAgainAWaiterThatArmedBeforeItsBitWasCleared);
    RUN(shouldKeepWithinTheRingWhenABatchArmsADescriptor);
    return check_done();
}
