/* SPDX-License-Identifier: MIT */
/* drain_test.c - the producer waits until everything was released, and is interrupted. */
#include <pthread.h>

#include "../support/rig.h"

/* What a child has to do, in memory that it shares. */
struct job {
    char name[RIG_NAME_SIZE];
    uint32_t framing;
    uint64_t left; /* records or bytes to read */
};

static int read_all(void *arg)
{
    const struct job *job = arg;
    static unsigned char buf[KIB64];
    shmring_consumer *c = NULL;
    shmring_status status;
    uint64_t left = job->left;

    if (shmring_consumer_open(&c, job->name, NULL) != SHMRING_OK) {
        return 1;
    }
    while (left > 0) {
        process_pause_us(300);
        if (job->framing == SHMRING_BYTES) {
            left -= shmring_try_read(c, buf, left < 1000 ? left : 1000);
        } else {
            status = shmring_recv(c, buf, sizeof buf, NULL, SHMRING_FOREVER);
            if (status != SHMRING_OK) {
                return 2;
            }
            left--;
        }
    }
    while (shmring_wait_data(c, SHMRING_FOREVER) == SHMRING_EMPTY) { /* until the producer closes */
    }
    shmring_consumer_close(c);
    return 0;
}

static void drain_ring(uint32_t framing, uint32_t overflow, uint32_t spin_ns)
{
    struct job *job = process_shared(sizeof *job);
    shmring_options options = options_of(KIB64);
    static unsigned char some[20000];
    shmring_producer *p = NULL;
    pid_t child;
    uint64_t i;

    options.framing = framing;
    options.overflow = overflow;
    options.spin_ns = spin_ns;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &options), SHMRING_OK);
    CHECK_STATUS(shmring_drain(p, 0), SHMRING_OK); /* nothing was sent */
    (void)snprintf(job->name, sizeof job->name, "%s", rig_name);
    job->framing = framing;
    job->left = framing == SHMRING_BYTES ? sizeof some : 40;
    if (framing == SHMRING_BYTES) {
        CHECK_EQ(shmring_try_write(p, some, sizeof some), sizeof some);
    } else {
        for (i = 0; i < 40; i++) {
            CHECK_STATUS(shmring_stage(p, some, 500, 0), SHMRING_OK); /* drain publishes */
        }
    }
    CHECK_STATUS(shmring_drain(p, 0), SHMRING_FULL);
    CHECK_STATUS(shmring_drain(p, MS), SHMRING_TIMEOUT); /* nobody has come yet */
    CHECK_EQ(inspect().used, framing == SHMRING_BYTES ? 20000 : 40 * 512);
    child = process_start(read_all, job);
    CHECK_STATUS(shmring_drain(p, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(inspect().cursor, inspect().tail);
    CHECK_EQ(inspect().evict, from_start(0)); /* observers can still read all of it */
    shmring_producer_close(p);
    CHECK_EQ(process_end(child), 0);
    process_unshare(job, sizeof *job);
}

static void shouldWaitUntilTheConsumerHasReleasedEverything(void)
{
    drain_ring(SHMRING_RECORDS, SHMRING_REJECT, 0);
    drain_ring(SHMRING_RECORDS, SHMRING_REJECT, 1);
    drain_ring(SHMRING_BYTES, SHMRING_REJECT, 1);
    drain_ring(SHMRING_RECORDS, SHMRING_OVERWRITE, 1);
}

static int open_and_stay(void *arg)
{
    shmring_consumer *c = NULL;

    if (shmring_consumer_open(&c, arg, NULL) != SHMRING_OK) {
        return 1;
    }
    for (;;) {
        process_pause_us(1000);
    }
}

static void shouldTellOnceThatTheConsumerEndedWithRecordsUnread(void)
{
    struct pair pair = open_small_pair();
    pid_t child;

    CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_drain(pair.p, SHMRING_FOREVER), SHMRING_CLOSED);
    CHECK_STATUS(shmring_drain(pair.p, MS), SHMRING_TIMEOUT);
    child = process_start(open_and_stay, rig_name);
    while (inspect().consumer.epoch != 2) {
        CHECK(!process_has_ended(child));
        process_pause_us(1000);
    }
    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    CHECK_STATUS(shmring_drain(pair.p, SHMRING_FOREVER), SHMRING_PEER_DEAD);
    CHECK_STATUS(shmring_drain(pair.p, MS), SHMRING_TIMEOUT);
    shmring_producer_close(pair.p);
}

static void shouldRefuseToDrainInTheMiddleOfAReservation(void)
{
    struct pair pair = open_small_pair();
    void *room;

    CHECK_STATUS(shmring_reserve(pair.p, 100, &room), SHMRING_OK);
    CHECK_STATUS(shmring_drain(pair.p, SHMRING_FOREVER), SHMRING_E_INVALID);
    DETAIL_HAS("reservation");
    shmring_abort(pair.p);
    CHECK_STATUS(shmring_drain(pair.p, SHMRING_FOREVER), SHMRING_OK);
    CHECK_STATUS(shmring_drain(NULL, SHMRING_FOREVER), SHMRING_E_INVALID);
    poke64(rig_name, CURSOR_AT, from_start(KIB64));
    poke64(rig_name, HEAD_AT, from_start(KIB64));
    CHECK_STATUS(shmring_drain(pair.p, SHMRING_FOREVER), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_drain(pair.p, SHMRING_FOREVER), SHMRING_E_CORRUPT);
    close_pair(&pair);
}

static void *interrupt_when_asleep(void *arg)
{
    shmring_info info;

    do { /* a wait that polls is interrupted as well; here it is one that sleeps */
        process_pause_us(1000);
    } while (shmring_inspect(rig_name, &info) == SHMRING_OK && info.producer.waiting == 0);
    shmring_producer_interrupt(arg);
    return NULL;
}

static void shouldEndOneWaitOfTheProducer(void)
{
    struct pair pair = open_small_pair();
    static unsigned char large[16000];
    pthread_t thread;
    int how;

    while (shmring_try_send(pair.p, large, sizeof large, 0) == SHMRING_OK) {
    }
    shmring_producer_interrupt(pair.p); /* before the wait */
    CHECK_STATUS(shmring_wait_space(pair.p, sizeof large, SHMRING_FOREVER), SHMRING_FULL);
    CHECK_STATUS(shmring_wait_space(pair.p, sizeof large, MS), SHMRING_TIMEOUT);
    for (how = 0; how < 3; how++) {
        CHECK_EQ(pthread_create(&thread, NULL, interrupt_when_asleep, pair.p), 0);
        CHECK_STATUS(how == 0   ? shmring_wait_space(pair.p, sizeof large, SHMRING_FOREVER)
                     : how == 1 ? shmring_drain(pair.p, SHMRING_FOREVER)
                                : shmring_send(pair.p, large, sizeof large, 0, SHMRING_FOREVER),
                     SHMRING_FULL);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(inspect().producer.waiting, 0);
    }
    CHECK_EQ(inspect().counters.rejected, 1); /* a wait for space takes the first one back */
    while (shmring_try_recv(pair.c, large, sizeof large, NULL) == SHMRING_OK) {
    }
    shmring_producer_interrupt(pair.p);
    CHECK_STATUS(shmring_drain(pair.p, SHMRING_FOREVER), SHMRING_OK); /* what is so comes first */
    shmring_producer_interrupt(NULL);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldWaitUntilTheConsumerHasReleasedEverything);
    RUN(shouldTellOnceThatTheConsumerEndedWithRecordsUnread);
    RUN(shouldRefuseToDrainInTheMiddleOfAReservation);
    RUN(shouldEndOneWaitOfTheProducer);
    return check_done();
}
