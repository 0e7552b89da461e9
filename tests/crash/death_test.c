/* SPDX-License-Identifier: MIT */
/* death_test.c - what one side is told, and may do, when the other dies, closes or is stopped. */
#define _GNU_SOURCE
#include <shmring/shmring.h>

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "../support/check.h"
#include "../support/process.h"

#define LONG_NS UINT64_C(60000000000) /* a test that waits this long has failed */

/* What a child is to do, and how far it is. */
struct play {
    char ring[64];
    shmring_options opt;
    uint32_t send; /* records, each its number */
    int stage;     /* then one staged and one reserved record, never published */
    int fill;      /* then until the ring is full */
    int close;     /* then an orderly end; else it stays until it is killed */
    volatile int ready;
    volatile pid_t inner; /* the process of another pid namespace, by our numbers */
};

static struct play *play;

static void prepare(uint32_t send)
{
    static int number;
    const shmring_options init = SHMRING_OPTIONS_INIT;

    if (play == NULL) {
        play = process_shared(sizeof *play);
    }
    memset((void *)play, 0, sizeof *play);
    (void)snprintf(play->ring, sizeof play->ring, "death.%ld.%d", (long)getpid(), ++number);
    play->opt = init;
    play->opt.capacity = 65536;
    play->send = send;
}

static void stay(void)
{
    for (;;) {
        process_pause_us(1000000);
    }
}

static int producer_body(void *arg)
{
    struct play *s = arg;
    shmring_producer *p = NULL;
    uint32_t i;
    void *at;

    if (shmring_producer_open(&p, s->ring, &s->opt) != SHMRING_OK) {
        return 1;
    }
    for (i = 0; i < s->send; i++) {
        if (shmring_send(p, &i, sizeof i, 7, LONG_NS) != SHMRING_OK) {
            return 2;
        }
    }
    if (s->stage && (shmring_stage(p, "staged", 6, 8) != SHMRING_OK ||
                     shmring_stage(p, "staged", 6, 8) != SHMRING_OK)) {
        return 3;
    }
    if (s->stage == 2) {
        shmring_abort(p);
        if (shmring_reserve(p, 100, &at) != SHMRING_OK) {
            return 4;
        }
        memset(at, 0xFF, 100);
    }
    while (s->fill && shmring_try_send(p, "0123456789abcde", 16, 7) == SHMRING_OK) {
    }
    s->ready = 1;
    if (!s->close) {
        stay();
    }
    process_pause_us(20000); /* so that the other one sleeps by then */
    shmring_producer_close(p);
    return 0;
}

static int consumer_body(void *arg)
{
    struct play *s = arg;
    shmring_consumer *c = NULL;

    if (shmring_consumer_open(&c, s->ring, &s->opt) != SHMRING_OK) {
        return 1;
    }
    s->ready = 1;
    if (!s->close) {
        stay();
    }
    process_pause_us(20000);
    shmring_consumer_close(c);
    return 0;
}

static pid_t start_ready(int (*body)(void *))
{
    pid_t child = process_start(body, play);

    while (!play->ready && !process_has_ended(child)) {
        process_pause_us(200);
    }
    return child;
}

static void read_numbers(shmring_consumer *c, uint32_t n)
{
    uint32_t i, got;
    shmring_record r;

    for (i = 0; i < n; i++) {
        CHECK_STATUS(shmring_recv(c, &got, sizeof got, &r, LONG_NS), SHMRING_OK);
        CHECK_EQ(got, i);
        CHECK_EQ(r.type, 7);
    }
}

static void shouldTellASleepingReceiverThatItsSenderWasKilled(void)
{
    shmring_consumer *c = NULL;
    shmring_record r;
    char buf[8];
    pid_t child;

    prepare(3);
    CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_OK);
    child = start_ready(producer_body);
    read_numbers(c, 3);
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, 50000000), SHMRING_TIMEOUT);
    (void)process_kill(child);
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, LONG_NS), SHMRING_PEER_DEAD);
    shmring_consumer_close(c);
}

static void shouldDeliverWhatADeadSenderCommittedAndNoMore(void)
{
    shmring_consumer *c = NULL;
    shmring_record r;
    char buf[128];

    for (int how = 1; how <= 2; how++) {
        prepare(1000);
        play->stage = how;
        CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_OK);
        (void)process_kill(start_ready(producer_body));
        read_numbers(c, 1000);
        CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, LONG_NS), SHMRING_PEER_DEAD);
        play->ready = 0;
        play->stage = 0;
        (void)process_kill(start_ready(producer_body)); /* the next producer goes on */
        read_numbers(c, 1000);
        CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, LONG_NS), SHMRING_PEER_DEAD);
        shmring_consumer_close(c);
    }
}

static void shouldTellASleepingReceiverOfAnOrderlyClose(void)
{
    shmring_consumer *c = NULL;
    shmring_record r;
    char buf[8];
    pid_t child;

    prepare(3);
    play->close = 1;
    CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_OK);
    child = start_ready(producer_body);
    read_numbers(c, 3);
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, LONG_NS), SHMRING_CLOSED);
    CHECK_EQ(process_end(child), 0);
    CHECK_STATUS(shmring_try_recv(c, buf, sizeof buf, &r), SHMRING_CLOSED);
    shmring_consumer_close(c);
}

static void tell_sender(int closes, shmring_status want)
{
    shmring_producer *p = NULL;
    pid_t child;

    prepare(0);
    play->close = closes;
    CHECK_STATUS(shmring_producer_open(&p, play->ring, &play->opt), SHMRING_OK);
    while (shmring_try_send(p, "0123456789abcde", 16, 7) == SHMRING_OK) {
    }
    child = start_ready(consumer_body);
    if (!closes) {
        (void)process_kill(child);
    }
    CHECK_STATUS(shmring_send(p, "0123456789abcde", 16, 7, LONG_NS), want);
    if (closes) {
        CHECK_EQ(process_end(child), 0);
    }
    shmring_producer_close(p);
}

static void shouldTellASleepingSenderThatItsReceiverWasKilled(void)
{
    tell_sender(0, SHMRING_PEER_DEAD);
}

static void shouldTellASleepingSenderOfAnOrderlyClose(void)
{
    tell_sender(1, SHMRING_CLOSED);
}

static void shouldTakeAZombieForDead(void)
{
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    shmring_info info;
    shmring_record r;
    char buf[8];
    pid_t child;

    prepare(1);
    CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_OK);
    child = start_ready(producer_body);
    read_numbers(c, 1);
    CHECK_EQ(kill(child, SIGKILL), 0);
    while (!process_has_ended(child)) { /* it stays a zombie: nobody waits for it yet */
        process_pause_us(200);
    }
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, LONG_NS), SHMRING_PEER_DEAD);
    CHECK_STATUS(shmring_inspect(play->ring, &info), SHMRING_OK);
    CHECK_EQ(info.producer.pid, child);
    CHECK_EQ(info.producer.alive, 0);
    CHECK_STATUS(shmring_producer_open(&p, play->ring, &play->opt), SHMRING_OK);
    (void)process_end(child);
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

static void stop(pid_t child)
{
    siginfo_t info;

    CHECK_EQ(kill(child, SIGSTOP), 0);
    CHECK_EQ(waitid(P_PID, (id_t)child, &info, WSTOPPED), 0);
}

static void shouldNotTakeTheRoleOfAStoppedSender(void)
{
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    shmring_record r;
    char buf[32];
    pid_t child;

    prepare(5);
    CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_OK);
    child = start_ready(producer_body);
    stop(child);
    read_numbers(c, 5);
    CHECK_STATUS(shmring_try_recv(c, buf, sizeof buf, &r), SHMRING_EMPTY);
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, 250000000), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_producer_open(&p, play->ring, &play->opt), SHMRING_E_BUSY);
    (void)snprintf(buf, sizeof buf, "%ld", (long)child);
    CHECK(strstr(shmring_error_detail(), buf) != NULL);
    (void)process_kill(child);
    CHECK_STATUS(shmring_producer_open(&p, play->ring, &play->opt), SHMRING_OK);
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

static void shouldNotTakeTheRoleOfAStoppedReceiver(void)
{
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    uint32_t sent = 0;
    pid_t child;

    prepare(0);
    CHECK_STATUS(shmring_producer_open(&p, play->ring, &play->opt), SHMRING_OK);
    child = start_ready(consumer_body);
    stop(child);
    while (shmring_try_send(p, "0123456789abcde", 16, 7) == SHMRING_OK) {
        sent++;
    }
    CHECK(sent > 2000);
    CHECK_STATUS(shmring_try_send(p, "0123456789abcde", 16, 7), SHMRING_FULL);
    CHECK_STATUS(shmring_send(p, "0123456789abcde", 16, 7, 250000000), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_E_BUSY);
    (void)process_kill(child);
    CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_OK);
    shmring_consumer_close(c);
    shmring_producer_close(p);
}

static void shouldMakeANewRingWhenTheOldOnesLastUserWasKilled(void)
{
    shmring_consumer *c = NULL;
    shmring_info old, now;
    shmring_record r;
    char buf[8];
    pid_t child;

    prepare(5);
    child = start_ready(producer_body);
    CHECK_STATUS(shmring_inspect(play->ring, &old), SHMRING_OK);
    (void)process_kill(child);
    CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_OK);
    CHECK_STATUS(shmring_inspect(play->ring, &now), SHMRING_OK);
    CHECK(old.incarnation[0] != now.incarnation[0] || old.incarnation[1] != now.incarnation[1]);
    CHECK_STATUS(shmring_try_recv(c, buf, sizeof buf, &r), SHMRING_EMPTY);
    shmring_consumer_close(c);
    CHECK_STATUS(shmring_inspect(play->ring, &now), SHMRING_E_NOT_FOUND);
}

static void shouldReadAPersistentRingAfterItsLastUserWasKilled(void)
{
    shmring_consumer *c = NULL;
    shmring_record r;
    char buf[8];

    prepare(500);
    play->opt.lifetime = SHMRING_PERSISTENT;
    (void)process_kill(start_ready(producer_body));
    CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_OK);
    read_numbers(c, 500);
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, LONG_NS), SHMRING_PEER_DEAD);
    shmring_consumer_close(c);
    CHECK_STATUS(shmring_remove(play->ring), SHMRING_OK);
}

/* A child of a new pid namespace, where pids say nothing to us nor ours to it. */
static int namespace_body(void *arg)
{
    pid_t inner;
    int ended;

    if (unshare(CLONE_NEWPID) != 0) {
        return 77;
    }
    inner = fork();
    if (inner == 0) {
        _exit(producer_body(arg));
    }
    ((struct play *)arg)->inner = inner;
    ended = process_end(inner);
    return ended == -SIGKILL ? 0 : 1;
}

static void shouldSeeLifeAndDeathAcrossPidNamespaces(void)
{
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    shmring_record r;
    char buf[8];
    pid_t outer;

    prepare(4);
    CHECK_STATUS(shmring_consumer_open(&c, play->ring, &play->opt), SHMRING_OK);
    outer = start_ready(namespace_body);
    while (play->ready && play->inner == 0) {
        process_pause_us(200);
    }
    if (!play->ready) {
        shmring_consumer_close(c);
        SKIP(process_end(outer) == 77 ? "no pid namespaces here" : "the child failed");
    }
    read_numbers(c, 4);
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, 250000000), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_producer_open(&p, play->ring, &play->opt), SHMRING_E_BUSY);
    CHECK_EQ(kill(play->inner, SIGKILL), 0);
    CHECK_EQ(process_end(outer), 0);
    CHECK_STATUS(shmring_recv(c, buf, sizeof buf, &r, LONG_NS), SHMRING_PEER_DEAD);
    shmring_consumer_close(c);
}

int main(void)
{
    RUN(shouldTellASleepingReceiverThatItsSenderWasKilled);
    RUN(shouldDeliverWhatADeadSenderCommittedAndNoMore);
    RUN(shouldTellASleepingReceiverOfAnOrderlyClose);
    RUN(shouldTellASleepingSenderThatItsReceiverWasKilled);
    RUN(shouldTellASleepingSenderOfAnOrderlyClose);
    RUN(shouldTakeAZombieForDead);
    RUN(shouldNotTakeTheRoleOfAStoppedSender);
    RUN(shouldNotTakeTheRoleOfAStoppedReceiver);
    RUN(shouldMakeANewRingWhenTheOldOnesLastUserWasKilled);
    RUN(shouldReadAPersistentRingAfterItsLastUserWasKilled);
    RUN(shouldSeeLifeAndDeathAcrossPidNamespaces);
    return check_done();
}
