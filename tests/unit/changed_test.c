/* SPDX-License-Identifier: MIT */
/* changed_test.c - a process that changes its user or its root directory after it has opened a
 * ring, as daemons do: records flow, descriptors that it has still wake it, and what it can no
 * longer do, one sentence says. Only root can change either. */
#include <poll.h>

#include "../support/rig_linux.h"

#define ALICE 1000u

#define CHILD(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("# in the child, line %d: not so: %s; %s\n", __LINE__, #condition,              \
                   shmring_error_detail());                                                        \
            fflush(stdout);                                                                        \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

struct change {
    int (*make)(void);
    const char *close_says;
};

static int change_user(void)
{
    return setgid(ALICE) == 0 && setuid(ALICE) == 0;
}

static int change_root(void)
{
    return chdir("/proc/self/fdinfo") == 0 && chroot(".") == 0; /* nothing of ours is there */
}

static int change_user_and_root(void)
{
    return change_root() && change_user();
}

static const struct change changes[] = {
    {change_user, "user 0"},
    {change_root, "another root directory"},
    {change_user_and_root, "another root directory"},
};

static int says(const char *text)
{
    return strstr(shmring_error_detail(), text) != NULL;
}

/* One process has both sides, and the descriptor of the consumer from before. */
static int live_on(void *arg)
{
    const struct change *change = arg;
    struct pollfd at = {.events = POLLIN};
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_peer peer = SHMRING_PEER_INIT;
    uint32_t which;
    char b[8];

    CHILD(shmring_producer_open(&p, rig_name, &o) == SHMRING_OK);
    CHILD(shmring_consumer_open(&c, rig_name, NULL) == SHMRING_OK);
    at.fd = shmring_consumer_fd(c);
    CHILD(at.fd >= 0);
    CHILD(change->make());
    CHILD(shmring_producer_fd(p) == -1);
    CHILD(says("changed its user or its root directory") && says(rig_name));
    CHILD(shmring_try_recv(c, b, sizeof b, NULL) == SHMRING_EMPTY);
    CHILD(shmring_try_send(p, "hello", 6, 0) == SHMRING_OK);
    CHILD(poll(&at, 1, 60000) == 1);
    CHILD(shmring_recv(c, b, sizeof b, NULL, SHMRING_FOREVER) == SHMRING_OK);
    CHILD(shmring_recv(c, b, sizeof b, NULL, MS) == SHMRING_TIMEOUT);
    CHILD(shmring_wait_any(&c, 1, &which, MS) == SHMRING_TIMEOUT);
    CHILD(shmring_producer_peer(p, &peer) == SHMRING_OK);
    CHILD(peer.state == SHMRING_PEER_LIVES);
    shmring_producer_close(p);
    CHILD(shmring_recv(c, b, sizeof b, NULL, SHMRING_FOREVER) == SHMRING_CLOSED);
    shmring_consumer_close(c);
    CHILD(says("keeps its name") && says(change->close_says) && says(rig_name));
    return 0;
}

static void check_change(const struct change *change)
{
    shmring_producer *p;

    if (geteuid() != 0) {
        SKIP("only root can change its user or its root directory");
    }
    (void)new_name();
    CHECK_EQ(in_child(live_on, (void *)(uintptr_t)change), 0);
    CHECK(is_there(rig_name));
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK); /* reaps it */
    shmring_producer_close(p);
    CHECK(!is_there(rig_name));
}

static void shouldLiveOnAsAnotherUser(void)
{
    check_change(&changes[0]);
}

static void shouldLiveOnInAnotherRootDirectory(void)
{
    check_change(&changes[1]);
}

static void shouldLiveOnWithBoth(void)
{
    check_change(&changes[2]);
}

static void shouldSayThatARenamedRingKeepsAName(void)
{
    char moved[340];
    struct pair pair = open_small_pair();

    (void)snprintf(moved, sizeof moved, "%s.moved", path_of(rig_name));
    CHECK_EQ(rename(path_of(rig_name), moved), 0);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    DETAIL_HAS("renamed");
    CHECK_EQ(unlink(moved), 0);
}

int main(void)
{
    RUN(shouldLiveOnAsAnotherUser);
    RUN(shouldLiveOnInAnotherRootDirectory);
    RUN(shouldLiveOnWithBoth);
    RUN(shouldSayThatARenamedRingKeepsAName);
    return check_done();
}
