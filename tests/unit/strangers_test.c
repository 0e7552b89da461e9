/* SPDX-License-Identifier: MIT */
/* strangers_test.c - what other users of the machine can do to a ring's file: locks of those who
 * may only read, files planted under a user's name, users without a number. */
#include <sched.h>

#include "../support/rig_linux.h"

#define ALICE 1000u
#define BOB   1001u

#define LOCK_PRODUCER 1
#define LOCK_CONSUMER 2
#define LOCK_ADMIN    3

static void need_root(void)
{
    if (geteuid() != 0) {
        SKIP("only root can become another user");
    }
}

/* ---- locks of a reader ---- */

static int open_as_reader(void)
{
    int fd = open(path_of(rig_name), O_RDONLY | O_CLOEXEC);

    CHECK(fd >= 0);
    return fd;
}

static void read_lock(int fd, off_t at, off_t n, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = n};

    CHECK_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
}

static void shouldTakeNoReadersLockForAProducerOrAConsumer(void)
{
    struct pair pair = open_small_pair();
    shmring_producer *p = NULL;
    char b[8];
    int fd = open_as_reader();

    shmring_producer_close(pair.p);
    read_lock(fd, LOCK_PRODUCER, 1, F_RDLCK);
    CHECK_EQ(inspect().producer.alive, 0);
    CHECK_STATUS(shmring_recv(pair.c, b, sizeof b, NULL, SHMRING_FOREVER), SHMRING_CLOSED);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("producer's role is free");
    DETAIL_HAS("read lock");
    read_lock(fd, LOCK_PRODUCER, 1, F_UNLCK);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    shmring_consumer_close(pair.c);
    read_lock(fd, LOCK_CONSUMER, 1, F_RDLCK);
    CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("consumer's role is free");
    CHECK_EQ(close(fd), 0);
    shmring_producer_close(p);
    CHECK(!is_there(rig_name));
}

static void shouldTellAtOnceThatAReaderKeepsEverybodyOut(void)
{
    struct pair pair = open_small_pair();
    shmring_producer *p = NULL;
    shmring_repaired r;
    char b[8];
    int fd = open_as_reader();

    read_lock(fd, 0, 0, F_UNLCK);
    read_lock(fd, LOCK_ADMIN, 1, F_RDLCK);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("read lock");
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK); /* sides go on */
    CHECK_STATUS(shmring_recv(pair.c, b, sizeof b, NULL, SHMRING_FOREVER), SHMRING_OK);
    CHECK_EQ(close(fd), 0);
    close_pair(&pair);
}

/* ---- planted ---- */

static int seen;

static int look_for(const char *name, void *arg)
{
    seen += strstr(name, arg) != NULL;
    return 0;
}

/* A sound ring's copy, of another user. */
static void plant(void)
{
    struct pair pair = open_small_pair();
    char command[800];

    (void)snprintf(command, sizeof command, "cp %s /dev/shm/copy.%s", path_of(rig_name), rig_name);
    CHECK_EQ(system(command), 0);
    close_pair(&pair);
    (void)snprintf(command, sizeof command, "/dev/shm/copy.%s", rig_name);
    CHECK_EQ(chown(command, ALICE, ALICE), 0);
    CHECK_EQ(rename(command, path_of(rig_name)), 0);
}

static void shouldTakeNothingPlantedForAUsersOwn(void)
{
    shmring_options o = options_of(0);
    shmring_producer *p = NULL;
    shmring_observer *watch = NULL;
    shmring_repaired r;
    shmring_verdict v;
    shmring_info info;
    uint32_t n;

    need_root();
    plant();
    o.flags = SHMRING_ANY_OWNER;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_E_ACCESS);
    DETAIL_HAS("planted");
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_observer_open(&watch, rig_name, &o), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_repair(rig_name, &r), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_list(look_for, rig_name), SHMRING_OK);
    CHECK_EQ(seen, 0);
    CHECK_STATUS(shmring_prune(&n), SHMRING_OK);
    CHECK(is_there(rig_name));
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    CHECK(!is_there(rig_name));
}

/* ---- users without a number ---- */

static shmring_atomic_u64 *step;

static void await_step(uint64_t n)
{
    const pid_t parent = getppid();

    while (shmring_load_acquire(step) != n) {
        if (getppid() != parent) {
            _exit(98);
        }
        process_pause_us(200);
    }
}

/* Into a user namespace that has a number for nobody: this user is shown as 65534, as all are. */
static void become_nameless(unsigned user)
{
    if (setgid(user) != 0 || setuid(user) != 0 || unshare(CLONE_NEWUSER) != 0) {
        shmring_store_release(step, 9);
        _exit(77);
    }
}

static int make_one(void *arg)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    (void)arg;
    become_nameless(ALICE);
    o.permissions = 0666;
    if (shmring_producer_open(&p, rig_name, &o) != SHMRING_OK ||
        shmring_consumer_open(&c, rig_name, NULL) != SHMRING_OK) { /* it is its own */
        shmring_store_release(step, 9);
        return 1;
    }
    shmring_consumer_close(c);
    shmring_store_release(step, 1);
    await_step(2);
    shmring_producer_close(p);
    return 0;
}

static int open_it(void *arg)
{
    shmring_options o = options_of(0);
    shmring_consumer *c = NULL;

    (void)arg;
    become_nameless(BOB);
    if (shmring_consumer_open(&c, rig_name, NULL) != SHMRING_E_ACCESS ||
        strstr(shmring_error_detail(), "another user namespace") == NULL) {
        return 1;
    }
    o.flags = SHMRING_ANY_OWNER;
    return shmring_consumer_open(&c, rig_name, &o) == SHMRING_OK ? 0 : 2;
}

static void shouldTellUsersApartThatHaveTheSameOverflowNumber(void)
{
    pid_t maker;
    int how = 0, made;

    need_root();
    step = step == NULL ? process_shared(sizeof *step) : step;
    (void)new_name();
    maker = process_start(make_one, NULL);
    while (shmring_load_acquire(step) == 0) {
        process_pause_us(200);
    }
    if (shmring_load_acquire(step) == 1) {
        how = in_child(open_it, NULL);
        shmring_store_release(step, 2);
    }
    made = process_end(maker);
    if (how == 77 || made == 77) {
        SKIP("no user namespaces here");
    }
    CHECK_EQ(made, 0);
    CHECK_EQ(how, 0);
}

int main(void)
{
    RUN(shouldTakeNoReadersLockForAProducerOrAConsumer);
    RUN(shouldTellAtOnceThatAReaderKeepsEverybodyOut);
    RUN(shouldTakeNothingPlantedForAUsersOwn);
    RUN(shouldTellUsersApartThatHaveTheSameOverflowNumber);
    return check_done();
}
