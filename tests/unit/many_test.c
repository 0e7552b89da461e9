/* SPDX-License-Identifier: MIT */
/* many_test.c - one reader of as many rings as there may be, and of rings that are not alike: each
 * is served in turn, whatever the others do. */
#include <pthread.h>
#include <sys/resource.h>

#include "../support/rig.h"

#define MOST   SHMRING_WAIT_ANY_MAX
#define ROUNDS 3u

static shmring_producer *producers[MOST];
static shmring_consumer *consumers[MOST + 1];

/* Two descriptors for each ring. */
static int raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    if (limit.rlim_cur < 2 * MOST + 64 && limit.rlim_max >= 2 * MOST + 64) {
        limit.rlim_cur = 2 * MOST + 64;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur >= 2 * MOST + 64;
}

static void close_all(uint32_t n)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        shmring_producer_close(producers[i]);
        shmring_consumer_close(consumers[i]);
        producers[i] = NULL;
        consumers[i] = NULL;
    }
}

/* Opens n rings; NULL, or why it cannot. */
static const char *open_all(uint32_t n, const shmring_options *o)
{
    shmring_status status = SHMRING_OK;
    uint32_t i;

    for (i = 0; i < n && status == SHMRING_OK; i++) {
        status = shmring_consumer_open(&consumers[i], new_name(), o);
        if (status == SHMRING_OK) {
            CHECK_STATUS(shmring_producer_open(&producers[i], rig_name, NULL), SHMRING_OK);
        }
    }
    if (status == SHMRING_OK) {
        return NULL;
    }
    close_all(n);
    CHECK(status == SHMRING_E_NO_SPACE || status == SHMRING_E_NO_MEMORY);
    return "not enough shared memory for so many rings";
}

static void *send_later(void *arg)
{
    process_pause_us(20000);
    (void)shmring_try_send(arg, "x", 1, 0);
    return NULL;
}

static void shouldServeAsManyAsThereMayBeInTurn(void)
{
    shmring_options o = options_of(KIB64);
    uint32_t i, k, served[MOST] = {0};
    const char *why;
    pthread_t thread;
    char b[8];

    o.spin_ns = 1;
    if (!raise_limit()) {
        SKIP("the limit of open files is too low");
    }
    why = open_all(MOST, &o);
    if (why != NULL) {
        SKIP(why);
    }
    consumers[MOST] = consumers[0];
    i = 77;
    CHECK_STATUS(shmring_wait_any(consumers, MOST + 1, &i, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_wait_any(consumers, MOST, &i, MS), SHMRING_TIMEOUT);
    CHECK_EQ(i, 77);
    CHECK_EQ(pthread_create(&thread, NULL, send_later, producers[MOST - 1]), 0);
    CHECK_STATUS(shmring_wait_any(consumers, MOST, &i, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(i, MOST - 1);
    CHECK_STATUS(shmring_try_recv(consumers[i], b, sizeof b, NULL), SHMRING_OK);
    for (i = 0; i < MOST; i++) {
        for (k = 0; k <= ROUNDS; k++) { /* more than are taken: each has something all the time */
            CHECK_STATUS(shmring_try_send(producers[i], "x", 1, 0), SHMRING_OK);
        }
    }
    for (k = 0; k < ROUNDS * MOST; k++) {
        CHECK_STATUS(shmring_wait_any(consumers, MOST, &i, SHMRING_FOREVER), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(consumers[i], b, sizeof b, NULL), SHMRING_OK);
        served[i]++;
    }
    for (i = 0; i < MOST; i++) {
        CHECK_EQ(served[i], ROUNDS);
    }
    close_all(MOST);
}

/* 0 and 2 are the same ring of records; 1 is a ring of bytes; 3 has no producer any more. */
static void open_motley(void)
{
    shmring_options o = options_of(KIB64);

    o.spin_ns = 1;
    CHECK(open_all(4, &o) == NULL);
    shmring_producer_close(producers[1]);
    shmring_consumer_close(consumers[1]);
    o.framing = SHMRING_BYTES;
    CHECK_STATUS(shmring_consumer_open(&consumers[1], new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&producers[1], rig_name, NULL), SHMRING_OK);
    shmring_producer_close(producers[2]);
    shmring_consumer_close(consumers[2]);
    producers[2] = NULL;
    consumers[2] = consumers[0];
    shmring_producer_close(producers[3]);
    producers[3] = NULL;
}

static void *write_later(void *arg)
{
    process_pause_us(20000);
    (void)shmring_try_write(arg, "x", 1);
    return NULL;
}

static void shouldWaitForRingsThatAreNotAlike(void)
{
    uint32_t i = 77, k, served[4] = {0};
    shmring_status status;
    pthread_t thread;
    char b[8];

    open_motley();
    CHECK_STATUS(shmring_wait_any(consumers, 3, &i, MS), SHMRING_TIMEOUT); /* one of them twice */
    CHECK_EQ(i, 77);
    CHECK_EQ(pthread_create(&thread, NULL, write_later, producers[1]), 0);
    CHECK_STATUS(shmring_wait_any(consumers, 3, &i, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(i, 1);
    CHECK_EQ(shmring_try_read(consumers[1], b, 1), 1);
    for (k = 0; k < 100; k++) {
        CHECK_STATUS(shmring_try_send(producers[0], "x", 1, 0), SHMRING_OK);
        CHECK_EQ(shmring_try_write(producers[1], "x", 1), 1);
    }
    for (k = 0; k < 40; k++) { /* one that has ended is found again, and takes no one's turn */
        status = shmring_wait_any(consumers, 4, &i, SHMRING_FOREVER);
        CHECK_STATUS(status, i == 3 ? SHMRING_CLOSED : SHMRING_OK);
        if (i == 1) {
            CHECK_EQ(shmring_try_read(consumers[1], b, 1), 1);
        } else if (i != 3) {
            CHECK_STATUS(shmring_try_recv(consumers[i], b, sizeof b, NULL), SHMRING_OK);
        }
        served[i]++;
    }
    for (i = 0; i < 4; i++) {
        CHECK_EQ(served[i], 10);
    }
    consumers[2] = NULL;
    close_all(4);
}

int main(void)
{
    RUN(shouldServeAsManyAsThereMayBeInTurn);
    RUN(shouldWaitForRingsThatAreNotAlike);
    return check_done();
}
