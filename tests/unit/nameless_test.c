/* SPDX-License-Identifier: MIT */
/* nameless_test.c - rings that are opened by a descriptor. */
#include "../support/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LONG_NS (UINT64_C(60000) * MS)

static int new_ring(void)
{
    shmring_options o = options_of(KIB64);
    int fd = -1;

    CHECK_STATUS(shmring_create_fd(&fd, new_name(), &o), SHMRING_OK);
    return fd;
}

static shmring_options without_open(void)
{
    shmring_options o = SHMRING_OPTIONS_INIT;

    o.flags = SHMRING_NO_OPEN;
    return o;
}

/* Another open file description of the ring, as a parent makes one for each child. */
static int another(int fd)
{
    char path[64];
    int got;

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    got = open(path, O_RDWR | O_CLOEXEC);
    CHECK(got >= 0);
    return got;
}

static void send_one(shmring_producer *p, int value)
{
    CHECK_STATUS(shmring_send(p, &value, sizeof value, 7, LONG_NS), SHMRING_OK);
}

static void expect_one(shmring_consumer *c, int value)
{
    shmring_record r;
    int got = 0;

    CHECK_STATUS(shmring_recv(c, &got, sizeof got, &r, LONG_NS), SHMRING_OK);
    CHECK_EQ(got, value);
    CHECK_EQ(r.type, 7);
}

static void shouldPassRecordsAndHaveNoName(void)
{
    int fd = new_ring();
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_ring_info info = SHMRING_RING_INFO_INIT;
    shmring_peer peer = SHMRING_PEER_INIT;

    CHECK_STATUS(shmring_producer_open_fd(&p, fd, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open_fd(&c, fd, NULL), SHMRING_OK);
    CHECK_EQ(close(fd), 0);
    CHECK(!is_there(rig_name));
    CHECK_STATUS(shmring_producer_info(p, &info), SHMRING_OK);
    CHECK(strstr(info.name, rig_name) != NULL);
    CHECK_STATUS(shmring_producer_peer(p, &peer), SHMRING_OK);
    CHECK_EQ(peer.state, SHMRING_PEER_LIVES);
    CHECK_EQ(peer.removed, 0);
    send_one(p, 41);
    expect_one(c, 41);
    shmring_producer_close(p);
    CHECK_STATUS(shmring_wait_data(c, LONG_NS), SHMRING_CLOSED);
    shmring_consumer_close(c);
}

static void shouldGiveEachRoleOnceAndAgainAfterAClose(void)
{
    int fd = new_ring();
    shmring_producer *p = NULL, *other = NULL;

    CHECK_STATUS(shmring_producer_open_fd(&p, fd, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open_fd(&other, fd, NULL), SHMRING_E_BUSY);
    DETAIL_HAS("has a producer already");
    shmring_producer_close(p);
    CHECK_STATUS(shmring_producer_open_fd(&other, fd, NULL), SHMRING_OK);
    shmring_producer_close(other);
    CHECK_EQ(close(fd), 0);
}

static void shouldRefuseEachSizeButItsOwn(void)
{
    int fd = new_ring();

    CHECK(ftruncate(fd, 0) != 0 && errno == EPERM);
    CHECK(ftruncate(fd, 1 << 24) != 0 && errno == EPERM);
    CHECK_EQ(close(fd), 0);
}

static void shouldRefuseWhatIsNoSealedRing(void)
{
    int plain = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int fd = new_ring(), looking;
    char path[64];
    shmring_consumer *c = NULL;
    shmring_options o = SHMRING_OPTIONS_INIT;

    CHECK(plain >= 0);
    CHECK_STATUS(shmring_consumer_open_fd(&c, plain, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("not sealed");
    CHECK(ftruncate(plain, 1 << 20) == 0 && fcntl(plain, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    CHECK_STATUS(shmring_consumer_open_fd(&c, plain, NULL), SHMRING_E_CORRUPT);
    CHECK_STATUS(shmring_consumer_open_fd(&c, -1, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_consumer_open_fd(&c, 1 << 20, NULL), SHMRING_E_INVALID);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    looking = open(path, O_RDONLY | O_CLOEXEC);
    CHECK_STATUS(shmring_consumer_open_fd(&c, looking, NULL), SHMRING_E_ACCESS);
    o.open_mode = SHMRING_CREATE_ONLY;
    CHECK_STATUS(shmring_consumer_open_fd(&c, fd, &o), SHMRING_E_EXISTS);
    o = without_open();
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_E_INVALID);
    DETAIL_HAS("SHMRING_NO_OPEN");
    CHECK(c == NULL);
    CHECK(close(fd) == 0 && close(plain) == 0 && close(looking) == 0);
}

/* A header that asks for the name to be taken away would take another ring's. */
static void shouldTakeNoNameAwayThatAHeaderClaims(void)
{
    int fd = new_ring();
    const uint32_t lifetime = SHMRING_UNTIL_LAST_CLOSE;
    shmring_producer *named = NULL;
    shmring_consumer *c = NULL;

    CHECK_STATUS(shmring_producer_open(&named, rig_name, NULL), SHMRING_OK);
    CHECK_EQ(pwrite(fd, &lifetime, sizeof lifetime,
                    (off_t)offsetof(struct shmring_geometry_page, lifetime)),
             sizeof lifetime);
    CHECK_STATUS(shmring_consumer_open_fd(&c, fd, NULL), SHMRING_E_CORRUPT);
    CHECK(is_there(rig_name));
    shmring_producer_close(named);
    CHECK_EQ(close(fd), 0);
}

static void shouldRefuseTwoHandlesOnOneDescription(void)
{
    int fd = new_ring(), copy = dup(fd);
    shmring_options o = without_open();
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;

    CHECK_STATUS(shmring_producer_open_fd(&p, fd, &o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open_fd(&c, copy, &o), SHMRING_E_BUSY);
    DETAIL_HAS("another handle");
    CHECK_STATUS(shmring_consumer_open_fd(&c, copy, NULL), SHMRING_OK); /* of its own making */
    send_one(p, 5);
    expect_one(c, 5);
    shmring_producer_close(p);
    CHECK_STATUS(shmring_producer_open_fd(&p, copy, &o), SHMRING_OK); /* free again */
    shmring_producer_close(p);
    shmring_consumer_close(c);
    CHECK(close(fd) == 0 && close(copy) == 0);
}

/* A role that was refused leaves no lock on the caller's description. */
static void shouldLeaveNothingBehindARefusal(void)
{
    int fd = new_ring(), mine = another(fd);
    shmring_options o = without_open(), big = without_open();
    shmring_consumer *c = NULL;

    big.capacity = 4 * KIB64;
    CHECK_STATUS(shmring_consumer_open_fd(&c, mine, &big), SHMRING_E_MISMATCH);
    CHECK_STATUS(shmring_consumer_open_fd(&c, mine, &o), SHMRING_OK);
    shmring_consumer_close(c);
    CHECK_STATUS(shmring_consumer_open_fd(&c, fd, NULL), SHMRING_OK);
    shmring_consumer_close(c);
    CHECK(close(fd) == 0 && close(mine) == 0);
}

/* ---- in a child ---- */

/* From now on a call of open(), openat() or creat() ends the process. */
static void forbid_open(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 1, 0),
#ifdef __NR_open
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_open, 0, 1),
#else
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 0, 1),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static int send_without_open(void *arg)
{
    shmring_options o = without_open();
    shmring_producer *p;
    int fd = *(int *)arg, value = 6, status;

    forbid_open();
    if (shmring_producer_open_fd(&p, fd, &o) != SHMRING_OK) {
        printf("# %s\n", shmring_error_detail());
        return 1;
    }
    status = shmring_send(p, &value, sizeof value, 7, LONG_NS) != SHMRING_OK;
    if (shmring_drain(p, LONG_NS) != SHMRING_OK) {
        return 2;
    }
    shmring_producer_close(p);
    return status;
}

static void shouldServeAChildThatMayNotOpenFiles(void)
{
    int fd = new_ring(), *shared = process_shared(sizeof *shared);
    shmring_consumer *c = NULL;
    pid_t child;

    SKIP_IF_SANITIZED("its runtime opens files");
    CHECK_STATUS(shmring_consumer_open_fd(&c, fd, NULL), SHMRING_OK);
    *shared = fd;
    child = process_start(send_without_open, shared);
    CHECK_EQ(close(fd), 0);
    expect_one(c, 6);
    CHECK_EQ(process_end(child), 0);
    CHECK_STATUS(shmring_wait_data(c, LONG_NS), SHMRING_CLOSED);
    shmring_consumer_close(c);
}

static int send_and_stay(void *arg)
{
    const int *how = arg;
    shmring_options o = without_open();
    shmring_producer *p;
    int value = 8;

    if (shmring_producer_open_fd(&p, how[0], how[1] ? &o : NULL) != SHMRING_OK ||
        shmring_send(p, &value, sizeof value, 7, LONG_NS) != SHMRING_OK) {
        return 1;
    }
    for (;;) {
        process_pause_us(1000000);
    }
}

/* The end is told, and a descriptor becomes readable by it. */
static void tell_of_a_death(int as_given)
{
    int fd = new_ring(), *how = process_shared(2 * sizeof *how);
    shmring_consumer *c = NULL;
    struct pollfd ready = {.fd = -1, .events = POLLIN};
    shmring_status status;
    pid_t child;

    CHECK_STATUS(shmring_consumer_open_fd(&c, fd, NULL), SHMRING_OK);
    how[0] = fd;
    how[1] = as_given;
    child = process_start(send_and_stay, how);
    CHECK_EQ(close(fd), 0); /* a copy here would keep the child's role */
    ready.fd = shmring_consumer_fd(c);
    CHECK(ready.fd >= 0);
    CHECK_EQ(poll(&ready, 1, 60000), 1);
    expect_one(c, 8);
    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    do {
        shmring_record r;

        CHECK_EQ(poll(&ready, 1, 60000), 1);
        status = shmring_peek(c, &r);
    } while (status == SHMRING_EMPTY);
    CHECK_STATUS(status, SHMRING_PEER_DEAD);
    shmring_consumer_close(c);
}

static void shouldTellOfADeath(void)
{
    tell_of_a_death(0);
}

static void shouldTellOfADeathWithoutOpen(void)
{
    tell_of_a_death(1);
}

__attribute__((noreturn)) static int stay(void *arg)
{
    (void)arg;
    for (;;) {
        process_pause_us(1000000);
    }
}

static void shouldLetAForkedChildHoldNothing(void)
{
    int fd = new_ring();
    shmring_producer *p = NULL, *next = NULL;
    pid_t child;

    CHECK_STATUS(shmring_producer_open_fd(&p, fd, NULL), SHMRING_OK);
    child = process_start(stay, NULL);
    shmring_producer_close(p);
    CHECK_STATUS(shmring_producer_open_fd(&next, fd, NULL), SHMRING_OK);
    shmring_producer_close(next);
    CHECK_EQ(process_kill(child), PROCESS_KILLED);
    CHECK_EQ(close(fd), 0);
}

int main(void)
{
    RUN(shouldPassRecordsAndHaveNoName);
    RUN(shouldGiveEachRoleOnceAndAgainAfterAClose);
    RUN(shouldRefuseEachSizeButItsOwn);
    RUN(shouldRefuseWhatIsNoSealedRing);
    RUN(shouldTakeNoNameAwayThatAHeaderClaims);
    RUN(shouldRefuseTwoHandlesOnOneDescription);
    RUN(shouldLeaveNothingBehindARefusal);
    RUN(shouldServeAChildThatMayNotOpenFiles);
    RUN(shouldTellOfADeath);
    RUN(shouldTellOfADeathWithoutOpen);
    RUN(shouldLetAForkedChildHoldNothing);
    return check_done();
}
