/* SPDX-License-Identifier: MIT */
/* fork_test.c - handles in a forked child, and what a child keeps of its parent's locks: nothing.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "../support/rig_linux.h"

#define CHILD(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("# in the child, line %d: not so: %s\n", __LINE__, #condition);                 \
            fflush(stdout);                                                                        \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)
#define INVALID(call) CHILD((call) == SHMRING_E_INVALID)

static int producer_calls(void *arg)
{
    shmring_producer *p = arg;
    void *at = NULL;

    INVALID(shmring_try_send(p, "x", 1, 0));
    CHILD(strstr(shmring_error_detail(), "fork") != NULL);
    INVALID(shmring_try_send(p, "x", 0, 0));
    INVALID(shmring_send(p, "x", 1, 0, SHMRING_FOREVER));
    INVALID(shmring_send(p, "x", 1, 0, 0));
    INVALID(shmring_reserve(p, 0, &at));
    INVALID(shmring_reserve(p, 10, &at));
    INVALID(shmring_stage(p, "x", 1, 0));
    INVALID(shmring_wait_space(p, 1, SHMRING_FOREVER));
    shmring_commit(p, 0, 0);
    shmring_publish(p);
    shmring_abort(p);
    shmring_producer_relax(p);
    CHILD(shmring_try_write(p, "x", 1) == 0);
    CHILD(shmring_try_write(p, "x", 0) == 0);
    CHILD(shmring_write_span(p, &at) == 0);
    shmring_write_advance(p, 0);
    shmring_write_advance(p, 8);
    CHILD(at == NULL);
    shmring_producer_close(p);
    return 0;
}

static int consumer_calls(void *arg)
{
    shmring_consumer *c = arg;
    const void *from = NULL;
    shmring_record r;
    char b[64];

    INVALID(shmring_try_recv(c, b, sizeof b, &r));
    CHILD(strstr(shmring_error_detail(), "fork") != NULL);
    INVALID(shmring_recv(c, b, sizeof b, &r, SHMRING_FOREVER));
    INVALID(shmring_recv(c, b, sizeof b, &r, 0));
    INVALID(shmring_peek(c, &r));
    INVALID(shmring_wait_data(c, SHMRING_FOREVER));
    CHILD(shmring_peek_many(c, &r, 1) == 0);
    shmring_release(c);
    shmring_release_many(c, 1);
    shmring_consumer_relax(c);
    shmring_consumer_interrupt(c);
    CHILD(shmring_try_read(c, b, 1) == 0);
    CHILD(shmring_try_read(c, b, 0) == 0);
    CHILD(shmring_read_span(c, &from) == 0);
    shmring_read_advance(c, 0);
    shmring_read_advance(c, 8);
    CHILD(from == NULL);
    shmring_consumer_close(c);
    return 0;
}

static void shouldAnswerInvalidToEveryCallInTheChild(void)
{
    struct pair pair = open_small_pair();
    void *at = NULL;
    shmring_record r;
    char b[8];

    CHECK_STATUS(shmring_try_send(pair.p, "first", 6, 0), SHMRING_OK);
    CHECK_EQ(in_child(producer_calls, pair.p), 0);
    CHECK_EQ(in_child(consumer_calls, pair.c), 0);
    /* In every state that a fork can meet. */
    CHECK_STATUS(shmring_stage(pair.p, "second", 7, 0), SHMRING_OK);
    CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_OK);
    CHECK_EQ(in_child(producer_calls, pair.p), 0);
    CHECK_EQ(in_child(consumer_calls, pair.c), 0);
    CHECK_STATUS(shmring_reserve(pair.p, 8, &at), SHMRING_OK);
    CHECK_EQ(in_child(producer_calls, pair.p), 0);
    memcpy(at, "third", 6);
    shmring_commit(pair.p, 6, 0);
    /* The parent noticed nothing, and the child's close closed nothing. */
    CHECK(is_there(rig_name));
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
    CHECK(strcmp(b, "second") == 0);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT); /* not CLOSED, not PEER_DEAD */
    close_pair(&pair);
}

static void shouldAnswerInvalidInTheChildOfAByteRingToo(void)
{
    struct pair pair = open_byte_pair();

    CHECK_EQ(shmring_try_write(pair.p, "abcdef", 6), 6);
    CHECK_EQ(in_child(producer_calls, pair.p), 0);
    CHECK_EQ(in_child(consumer_calls, pair.c), 0);
    close_pair(&pair);
}

static int open_in_the_child(void *arg)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    char b[8];

    (void)arg;
    CHILD(shmring_producer_open(&p, rig_name, NULL) == SHMRING_E_BUSY); /* the parent's */
    CHILD(shmring_consumer_open(&c, rig_name, NULL) == SHMRING_OK);
    CHILD(shmring_try_recv(c, b, 8, NULL) == SHMRING_OK && strcmp(b, "hello") == 0);
    shmring_consumer_close(c);
    return 0;
}

static void shouldLetTheChildOpenTheRingItself(void)
{
    shmring_producer *p = NULL;

    CHECK_STATUS(shmring_producer_open(&p, new_name(), NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(p, "hello", 6, 0), SHMRING_OK);
    CHECK_EQ(in_child(open_in_the_child, NULL), 0);
    shmring_producer_close(p);
    CHECK(!is_there(rig_name));
}

static pid_t sleeper(void)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        for (;;) {
            (void)pause();
        }
    }
    return child;
}

static void end(pid_t child)
{
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
}

/* Opens the role, leaves a child that lives on, dies. The child's pid goes through the pipe. */
static int open_fork_and_die(void *arg)
{
    int *pipe_fds = arg;
    shmring_producer *p = NULL;
    pid_t child;

    CHILD(shmring_producer_open(&p, rig_name, NULL) == SHMRING_OK);
    child = sleeper();
    CHILD(write(pipe_fds[1], &child, sizeof child) == (ssize_t)sizeof child);
    return 0;
}

static void shouldNotKeepTheRoleInAChildWhenTheParentDies(void)
{
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    shmring_info info;
    int fds[2];
    pid_t child = 0;

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), NULL), SHMRING_OK);
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(in_child(open_fork_and_die, fds), 0);
    CHECK_EQ(read(fds[0], &child, sizeof child), (ssize_t)sizeof child);
    CHECK_STATUS(shmring_wait_data(c, SHMRING_FOREVER), SHMRING_PEER_DEAD);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
    CHECK_EQ(info.producer.alive, 0);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    shmring_producer_close(p);
    shmring_consumer_close(c);
    CHECK(!is_there(rig_name)); /* nor does the child keep the ring open */
    end(child);
    close(fds[0]);
    close(fds[1]);
}

static void shouldNotKeepAnythingInAChildWhenTheParentCloses(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    pid_t child;
    int i;

    o.lifetime = SHMRING_PERSISTENT;
    pair = open_pair(&o);
    child = sleeper();
    for (i = 0; i < 3; i++) { /* each close and open takes the lock that serialises them */
        shmring_consumer_close(pair.c);
        CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
        shmring_producer_close(pair.p);
        CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    }
    shmring_consumer_close(pair.c);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    end(child);
}

static int observer_calls(void *arg)
{
    shmring_observer *o = arg;
    uint64_t got;

    INVALID(shmring_observe(o, &got, sizeof got, NULL));
    INVALID(shmring_observer_seek(o, SHMRING_OLDEST));
    INVALID(shmring_observer_wait(o, SHMRING_FOREVER));
    shmring_observer_interrupt(o);
    if (shmring_observer_fd(o) != -1) {
        return 1;
    }
    shmring_observer_skip(o);
    shmring_observer_close(o);
    return 0;
}

static void shouldAnswerInvalidToAnObserverInTheChild(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = NULL;
    uint64_t sent = 1, got = 0;

    CHECK_STATUS(shmring_observer_open(&o, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(pair.p, &sent, sizeof sent, 0), SHMRING_OK);
    CHECK_EQ(in_child(observer_calls, o), 0);
    CHECK_STATUS(shmring_observe(o, &got, sizeof got, NULL), SHMRING_OK);
    CHECK_EQ(got, sent);
    shmring_observer_close(o);
    close_pair(&pair);
}

/* ---- descriptors ---- */

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    if (folder == NULL) {
        return -1;
    }
    while (readdir(folder) != NULL) {
        n++;
    }
    (void)closedir(folder);
    return n;
}

struct all {
    struct pair pair;
    shmring_observer *o;
    shmring_consumer *second;
    int before; /* descriptors */
};

static int close_all_copies(void *arg)
{
    const struct all *all = arg;

    shmring_observer_close(all->o);
    shmring_consumer_close(all->pair.c);
    shmring_consumer_close(all->second);
    shmring_producer_close(all->pair.p);
    CHILD(count_descriptors() == all->before);
    return 0;
}

static struct all open_all(void)
{
    struct all all = {.before = count_descriptors()};
    shmring_consumer *both[2];
    char name[80];
    uint32_t which;

    all.pair = open_small_pair();
    CHECK_STATUS(shmring_observer_open(&all.o, rig_name, NULL), SHMRING_OK);
    (void)snprintf(name, sizeof name, "second.%s", rig_name);
    CHECK_STATUS(shmring_consumer_open(&all.second, name, NULL), SHMRING_OK);
    CHECK(shmring_consumer_fd(all.pair.c) >= 0);
    CHECK(shmring_producer_fd(all.pair.p) >= 0);
    CHECK(shmring_observer_fd(all.o) >= 0);
    both[0] = all.pair.c;
    both[1] = all.second;
    CHECK_STATUS(shmring_wait_any(both, 2, &which, MS), SHMRING_TIMEOUT);
    return all;
}

static void shouldLeaveNoDescriptorInAChildThatClosesItsCopies(void)
{
    struct all all = open_all();
    struct pollfd at = {.fd = shmring_consumer_fd(all.pair.c), .events = POLLIN};
    char b[8];

    CHECK_EQ(in_child(close_all_copies, &all), 0);
    CHECK_EQ(in_child(close_all_copies, &all), 0);
    /* The parent's are whole. */
    CHECK_STATUS(shmring_try_recv(all.pair.c, b, sizeof b, NULL), SHMRING_EMPTY);
    CHECK_STATUS(shmring_try_send(all.pair.p, "hello", 6, 0), SHMRING_OK);
    CHECK_EQ(poll(&at, 1, 60000), 1);
    CHECK_STATUS(shmring_try_recv(all.pair.c, b, sizeof b, NULL), SHMRING_OK);
    CHECK_EQ(inspect().producer.alive, 1);
    CHECK_EQ(inspect().consumer.alive, 1);
    shmring_observer_close(all.o);
    shmring_consumer_close(all.second);
    close_pair(&all.pair);
    CHECK_EQ(count_descriptors(), all.before);
}

int main(void)
{
    if (!wipes_on_fork()) {
        printf("1..0 # SKIP memory is not wiped in forked children here\n");
        return 0;
    }
    RUN(shouldAnswerInvalidToEveryCallInTheChild);
    RUN(shouldAnswerInvalidInTheChildOfAByteRingToo);
    RUN(shouldAnswerInvalidToAnObserverInTheChild);
    RUN(shouldLetTheChildOpenTheRingItself);
    RUN(shouldNotKeepTheRoleInAChildWhenTheParentDies);
    RUN(shouldLeaveNoDescriptorInAChildThatClosesItsCopies);
    RUN(shouldNotKeepAnythingInAChildWhenTheParentCloses);
    return check_done();
}
