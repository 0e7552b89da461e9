/* SPDX-License-Identifier: MIT */
/* ready_test.c - descriptors: readable exactly while there is something to do. Level and edge,
 * poll, epoll and io_uring; both sides, both framings; closes, deaths, interrupts. */
#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../support/rig_linux.h"

#define LONG_MS 60000 /* a test that waits this long has failed */

static int is_ready(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1 && p.revents == POLLIN;
}

static int epoll_of(int fd, uint32_t events)
{
    struct epoll_event event = {.events = events};
    int ep = epoll_create1(EPOLL_CLOEXEC);

    CHECK(ep >= 0);
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
    return ep;
}

static int epoll_says(int ep, int timeout_ms)
{
    struct epoll_event event;

    return epoll_wait(ep, &event, 1, timeout_ms);
}

static void shouldBeReadableOnlyWhileThereAreRecords(void)
{
    struct pair pair = open_small_pair();
    int fd = shmring_consumer_fd(pair.c), i;
    char b[8];

    CHECK(fd >= 0);
    CHECK_EQ(shmring_consumer_fd(pair.c), fd);
    for (i = 0; i < 20; i++) {
        CHECK(!is_ready(fd, 0));
        CHECK_STATUS(shmring_try_send(pair.p, "a", 1, 0), SHMRING_OK);
        CHECK_STATUS(shmring_try_send(pair.p, "b", 1, 0), SHMRING_OK);
        CHECK(is_ready(fd, 0));
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
        CHECK(is_ready(fd, 0)); /* level: there is another one */
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_EMPTY);
    }
    CHECK(!is_ready(fd, 20));
    close_pair(&pair);
    CHECK(fcntl(fd, F_GETFD) == -1); /* closed with its handle */
}

static void shouldBeReadableAtOnceWhenRecordsWereThereBefore(void)
{
    struct pair pair = open_small_pair();

    CHECK_STATUS(shmring_try_send(pair.p, "a", 1, 0), SHMRING_OK);
    CHECK(is_ready(shmring_consumer_fd(pair.c), 0));
    close_pair(&pair);
}

static void shouldTellEachEdgeOnce(void)
{
    struct pair pair = open_small_pair();
    int ep = epoll_of(shmring_consumer_fd(pair.c), EPOLLIN | EPOLLET), i;
    char b[8];

    for (i = 0; i < 20; i++) {
        CHECK_EQ(epoll_says(ep, 0), 0);
        CHECK_STATUS(shmring_try_send(pair.p, "a", 1, 0), SHMRING_OK);
        CHECK_EQ(epoll_says(ep, LONG_MS), 1);
        CHECK_EQ(epoll_says(ep, 0), 0);
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_EMPTY);
    }
    shmring_producer_close(pair.p);
    CHECK_EQ(epoll_says(ep, LONG_MS), 1);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_CLOSED);
    (void)close(ep);
    shmring_consumer_close(pair.c);
}

static void shouldStayReadableAfterACloseUntilTheNextProducerComes(void)
{
    struct pair pair = open_small_pair();
    int fd = shmring_consumer_fd(pair.c);
    char b[8];

    CHECK_STATUS(shmring_try_send(pair.p, "a", 1, 0), SHMRING_OK);
    shmring_producer_close(pair.p);
    CHECK(is_ready(fd, 0));
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
    CHECK(is_ready(fd, 0));
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_CLOSED);
    CHECK(is_ready(fd, 0));
    CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_EMPTY);
    CHECK(!is_ready(fd, 0));
    CHECK_STATUS(shmring_try_send(pair.p, "b", 1, 0), SHMRING_OK);
    CHECK(is_ready(fd, 0));
    close_pair(&pair);
}

struct life {
    char ring[64];
    int full;
};

static int live_until_killed(void *arg)
{
    struct life *life = arg;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    if (life->full) {
        if (shmring_consumer_open(&c, life->ring, NULL) != SHMRING_OK) {
            return 1;
        }
    } else if (shmring_producer_open(&p, life->ring, NULL) != SHMRING_OK ||
               shmring_try_send(p, "a", 1, 0) != SHMRING_OK) {
        return 1;
    }
    (void)raise(SIGSTOP); /* tells the parent; then it is killed */
    return 0;
}

static pid_t start_stopped(struct life *life)
{
    int status;
    pid_t child;

    (void)snprintf(life->ring, sizeof life->ring, "%s", rig_name);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        _exit(live_until_killed(life));
    }
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    return child;
}

static void shouldTellOfADeathButNotOfAPause(void)
{
    shmring_options o = options_of(KIB64);
    struct life life = {.full = 0};
    shmring_consumer *c = NULL;
    shmring_status status;
    char b[8];
    pid_t child;
    int fd;

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), &o), SHMRING_OK);
    fd = shmring_consumer_fd(c);
    child = start_stopped(&life);
    CHECK(is_ready(fd, LONG_MS));
    CHECK_STATUS(shmring_try_recv(c, b, 8, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(c, b, 8, NULL), SHMRING_EMPTY);
    CHECK(!is_ready(fd, 150)); /* it is stopped, and that is no death */
    CHECK_EQ(kill(child, SIGKILL), 0);
    do { /* its end is heard a moment before its lock goes */
        CHECK(is_ready(fd, LONG_MS));
        status = shmring_try_recv(c, b, 8, NULL);
    } while (status == SHMRING_EMPTY);
    CHECK_STATUS(status, SHMRING_PEER_DEAD);
    CHECK(is_ready(fd, 0));
    CHECK_STATUS(shmring_wait_data(c, 0), SHMRING_PEER_DEAD);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    shmring_consumer_close(c);
}

static void shouldBeReadableForAProducerUntilARecordIsRefused(void)
{
    struct pair pair = open_small_pair();
    static char b[65536];
    int fd = shmring_producer_fd(pair.p), i;
    uint32_t len = 1000;

    for (i = 0; i < 5; i++) {
        CHECK(is_ready(fd, 0));
        while (shmring_try_send(pair.p, b, len, 0) == SHMRING_OK) {
        }
        CHECK(!is_ready(fd, 0));
        CHECK_STATUS(shmring_wait_space(pair.p, len, 0), SHMRING_FULL);
        CHECK(!is_ready(fd, 0));
        CHECK_STATUS(shmring_try_recv(pair.c, b, sizeof b, NULL), SHMRING_OK);
        CHECK(is_ready(fd, 0));
        CHECK_STATUS(shmring_wait_space(pair.p, len, 0), SHMRING_OK);
        CHECK_STATUS(shmring_try_send(pair.p, b, len, 0), SHMRING_OK);
        CHECK_STATUS(shmring_try_send(pair.p, b, len, 0), SHMRING_FULL);
        while (shmring_try_recv(pair.c, b, sizeof b, NULL) == SHMRING_OK) {
        }
    }
    close_pair(&pair);
}

static void shouldWaitForAsMuchSpaceAsWasRefused(void)
{
    struct pair pair = open_small_pair();
    static char b[65536];
    int fd = shmring_producer_fd(pair.p), n = 0;

    while (shmring_try_send(pair.p, b, 100, 0) == SHMRING_OK) {
    }
    CHECK_STATUS(shmring_try_send(pair.p, b, 10000, 0), SHMRING_FULL);
    while (!is_ready(fd, 0)) {
        CHECK_STATUS(shmring_try_recv(pair.c, b, sizeof b, NULL), SHMRING_OK);
        CHECK(++n < 200);
    }
    CHECK(n > 80); /* of 112 bytes in the ring */
    CHECK_STATUS(shmring_try_send(pair.p, b, 10000, 0), SHMRING_OK);
    close_pair(&pair);
}

static void shouldTellAProducerOnceThatItsConsumerDied(void)
{
    shmring_options o = options_of(KIB64);
    struct life life = {.full = 1};
    shmring_producer *p = NULL;
    shmring_status status;
    pid_t child;
    int fd;

    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    fd = shmring_producer_fd(p);
    child = start_stopped(&life);
    (void)fill(p, 8);
    CHECK_EQ(kill(child, SIGKILL), 0);
    do {
        CHECK(is_ready(fd, LONG_MS));
        status = shmring_wait_space(p, 8, 0);
    } while (status == SHMRING_FULL);
    CHECK_STATUS(status, SHMRING_PEER_DEAD);
    CHECK_STATUS(shmring_wait_space(p, 8, 0), SHMRING_FULL);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    shmring_producer_close(p);
}

static void shouldServeByteFramingOnBothSides(void)
{
    struct pair pair = open_byte_pair();
    int in = shmring_consumer_fd(pair.c), out = shmring_producer_fd(pair.p);
    static char b[65536 + 1000];
    const void *from;
    void *to;

    CHECK(!is_ready(in, 0));
    CHECK(is_ready(out, 0));
    CHECK_EQ(shmring_try_write(pair.p, b, sizeof b), 65536);
    CHECK(is_ready(in, 0));
    CHECK(!is_ready(out, 0));
    CHECK_EQ(shmring_try_read(pair.c, b, 999), 999);
    CHECK(!is_ready(out, 0)); /* of the 1000 that were refused */
    CHECK_EQ(shmring_try_read(pair.c, b, 1), 1);
    CHECK(is_ready(out, 0));
    CHECK_EQ(shmring_write_span(pair.p, &to), 1000);
    shmring_write_advance(pair.p, 1000);
    CHECK_EQ(shmring_write_span(pair.p, &to), 0);
    CHECK(!is_ready(out, 0));
    CHECK_EQ(shmring_try_read(pair.c, b, sizeof b), 65536);
    CHECK(is_ready(out, 0));
    CHECK_EQ(shmring_read_span(pair.c, &from), 0);
    CHECK(!is_ready(in, 0));
    close_pair(&pair);
}

static void interrupt_it(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    shmring_consumer_interrupt(info->si_value.sival_ptr);
}

static void shouldBeReadableOnceForAnInterruptFromASignalHandler(void)
{
    struct pair pair = open_small_pair();
    struct sigaction act = {.sa_sigaction = interrupt_it, .sa_flags = SA_SIGINFO};
    union sigval value = {.sival_ptr = pair.c};
    int fd = shmring_consumer_fd(pair.c), tries = 0;
    char b[8];

    CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
    CHECK(!is_ready(fd, 0));
    CHECK_EQ(sigqueue(getpid(), SIGUSR1, value), 0);
    CHECK(is_ready(fd, LONG_MS));
    do { /* one interrupt may be heard twice: before and after the call that takes it in */
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_EMPTY);
        CHECK(++tries <= 2);
    } while (is_ready(fd, 0));
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    close_pair(&pair);
}

static void shouldNotDisturbCallsThatBlock(void)
{
    struct pair pair = open_small_pair();
    int fd = shmring_consumer_fd(pair.c);
    char b[8];

    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_try_send(pair.p, "a", 1, 0), SHMRING_OK);
    CHECK(is_ready(fd, 0));
    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, SHMRING_FOREVER), SHMRING_OK);
    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, MS), SHMRING_TIMEOUT);
    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, 0), SHMRING_EMPTY);
    CHECK(!is_ready(fd, 0));
    close_pair(&pair);
}

static void shouldLeaveAnInterruptToTheCallThatBlocks(void)
{
    struct pair pair = open_small_pair();
    char b[8];
    int i;

    CHECK(shmring_consumer_fd(pair.c) >= 0);
    for (i = 0; i < 3; i++) { /* it looks once before it waits: that must not take the interrupt */
        shmring_consumer_interrupt(pair.c);
        CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, SHMRING_FOREVER), SHMRING_EMPTY);
        shmring_consumer_interrupt(pair.c);
        CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_EMPTY);
    }
    CHECK_STATUS(shmring_recv(pair.c, b, 8, NULL, MS), SHMRING_TIMEOUT);
    close_pair(&pair);
}

static void shouldWorkWithIoUringPoll(void)
{
    struct pair pair = open_small_pair();
    struct io_uring_params params = {0};
    int ring = (int)syscall(SYS_io_uring_setup, 4, &params), fd = shmring_consumer_fd(pair.c), i;
    unsigned char *sq, *cq;
    struct io_uring_sqe *sqe;
    const struct io_uring_cqe *cqe;
    size_t sq_size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
    size_t cq_size = params.cq_off.cqes + params.cq_entries * sizeof *cqe;
    char b[8];

    if (ring < 0) {
        close_pair(&pair);
        SKIP("this kernel, or a filter, gives no io_uring");
    }
    sq = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    cq = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
    sqe = mmap(NULL, params.sq_entries * sizeof *sqe, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
               IORING_OFF_SQES);
    CHECK(sq != MAP_FAILED && cq != MAP_FAILED && sqe != MAP_FAILED);
    for (i = 0; i < 10; i++) {
        unsigned *tail = (unsigned *)(void *)(sq + params.sq_off.tail);
        unsigned *head = (unsigned *)(void *)(cq + params.cq_off.head);
        unsigned mask = *(unsigned *)(void *)(sq + params.sq_off.ring_mask);

        memset(&sqe[*tail & mask], 0, sizeof *sqe);
        sqe[*tail & mask].opcode = IORING_OP_POLL_ADD;
        sqe[*tail & mask].fd = fd;
        sqe[*tail & mask].poll32_events = POLLIN;
        ((unsigned *)(void *)(sq + params.sq_off.array))[*tail & mask] = *tail & mask;
        __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
        CHECK_EQ(syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0), 1);
        CHECK_EQ(*head, __atomic_load_n((unsigned *)(void *)(cq + params.cq_off.tail),
                                        __ATOMIC_ACQUIRE)); /* not yet */
        CHECK_STATUS(shmring_try_send(pair.p, "a", 1, 0), SHMRING_OK);
        CHECK_EQ(syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0), 0);
        cqe = (const struct io_uring_cqe *)(void *)(cq + params.cq_off.cqes) +
              (*head & *(unsigned *)(void *)(cq + params.cq_off.ring_mask));
        CHECK_EQ(cqe->res & POLLIN, POLLIN);
        __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_EMPTY);
    }
    (void)close(ring);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldBeReadableOnlyWhileThereAreRecords);
    RUN(shouldBeReadableAtOnceWhenRecordsWereThereBefore);
    RUN(shouldTellEachEdgeOnce);
    RUN(shouldStayReadableAfterACloseUntilTheNextProducerComes);
    RUN(shouldTellOfADeathButNotOfAPause);
    RUN(shouldBeReadableForAProducerUntilARecordIsRefused);
    RUN(shouldWaitForAsMuchSpaceAsWasRefused);
    RUN(shouldTellAProducerOnceThatItsConsumerDied);
    RUN(shouldServeByteFramingOnBothSides);
    RUN(shouldBeReadableOnceForAnInterruptFromASignalHandler);
    RUN(shouldNotDisturbCallsThatBlock);
    RUN(shouldLeaveAnInterruptToTheCallThatBlocks);
    RUN(shouldWorkWithIoUringPoll);
    return check_done();
}
