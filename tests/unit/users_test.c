/* SPDX-License-Identifier: MIT */
/* users_test.c - rings and users: a process that changes its user, rings of others. Only root can
 * become another user, so that as a plain user these tests are skipped. */
#include "../support/rig_linux.h"

#define ALICE 1000u
#define BOB   1001u

static char ring_path[320];

static void need_root(void)
{
    if (geteuid() != 0) {
        SKIP("only root can become another user");
    }
}

static int path_exists(void)
{
    struct stat st;

    return lstat(ring_path, &st) == 0;
}

static const char *new_path(void)
{
    const char *name = new_name();

    (void)snprintf(ring_path, sizeof ring_path, "%s", path_of(name));
    return name;
}

/* ---- a process that changes its user ---- */

static void shouldTakeTheNameAwayAfterAChangeOfTheEffectiveUser(void)
{
    shmring_producer *p;

    need_root();
    CHECK_STATUS(shmring_producer_open(&p, new_path(), NULL), SHMRING_OK);
    CHECK_EQ(seteuid(ALICE), 0);
    shmring_producer_close(p);
    CHECK_EQ(geteuid(), ALICE);
    CHECK_EQ(seteuid(0), 0);
    CHECK(!path_exists());
    CHECK_EQ(shmring_error_detail()[0], '\0');
}

static void shouldTakeANameAwayThatAnotherEffectiveUserMade(void)
{
    shmring_producer *p;

    need_root();
    CHECK_EQ(seteuid(ALICE), 0);
    CHECK_STATUS(shmring_producer_open(&p, new_path(), NULL), SHMRING_OK);
    CHECK_EQ(seteuid(0), 0);
    CHECK_EQ(seteuid(BOB), 0); /* neither who made it nor root */
    shmring_producer_close(p);
    CHECK_EQ(seteuid(0), 0);
    CHECK(path_exists()); /* the process cannot be ALICE again from here */
    CHECK(strstr(shmring_error_detail(), "user 1000") != NULL);
    CHECK_EQ(unlink(ring_path), 0);
    CHECK_EQ(seteuid(ALICE), 0);
    CHECK_STATUS(shmring_producer_open(&p, new_path(), NULL), SHMRING_OK);
    CHECK_EQ(seteuid(0), 0);
    shmring_producer_close(p);
    CHECK(!path_exists());
}

/* The name is the one that was opened, also when the peer's end makes us look at it. */
static void shouldStillSeeItsNameAfterAChangeOfTheEffectiveUser(void)
{
    shmring_consumer *c;
    char b[8];

    need_root();
    CHECK_STATUS(shmring_consumer_open(&c, new_path(), NULL), SHMRING_OK);
    CHECK_EQ(seteuid(ALICE), 0);
    CHECK_STATUS(shmring_recv(c, b, sizeof b, NULL, MS), SHMRING_TIMEOUT);
    shmring_consumer_close(c);
    CHECK_EQ(seteuid(0), 0);
    CHECK(!path_exists());
}

static int open_then_give_up_root(void *name)
{
    shmring_producer *p;

    if (shmring_producer_open(&p, name, NULL) != SHMRING_OK || setgid(ALICE) != 0 ||
        setuid(ALICE) != 0) {
        return 1;
    }
    shmring_producer_close(p);
    return strstr(shmring_error_detail(), "keeps its name") != NULL &&
                   strstr(shmring_error_detail(), "user 0") != NULL
               ? 0
               : 2;
}

static void shouldSayThatTheNameStaysAfterTheUserWasGivenUp(void)
{
    shmring_producer *p;

    need_root();
    (void)new_path();
    CHECK_EQ(in_child(open_then_give_up_root, rig_name), 0);
    CHECK(path_exists());
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK); /* reaps it */
    shmring_producer_close(p);
    CHECK(!path_exists());
}

/* ---- rings of others ---- */

/* What a child does as another user, by a number: its result is the child's exit status. */
struct visit {
    char name[80];
    unsigned user;
    shmring_atomic_u64 step; /* the two go on by turns */
};
static struct visit *visit;

static void become(unsigned user)
{
    if (setgid(user) != 0 || setuid(user) != 0) {
        _exit(99);
    }
}

static shmring_options for_everybody(void)
{
    shmring_options o = options_of(KIB64);

    o.permissions = 0666;
    o.flags = SHMRING_ANY_OWNER;
    return o;
}

static void new_global(void)
{
    need_root();
    if (visit == NULL) {
        visit = process_shared(sizeof *visit);
    }
    (void)snprintf(visit->name, sizeof visit->name, "Global\\%s", new_name());
    (void)snprintf(ring_path, sizeof ring_path, "/dev/shm/shmring.%s", rig_name);
    shmring_store_release(&visit->step, 0);
}

static void await_step(uint64_t n)
{
    const pid_t parent = getppid(); /* its death tells a child of another user nothing */

    while (shmring_load_acquire(&visit->step) != n) {
        if (getppid() != parent) {
            _exit(98);
        }
        process_pause_us(200);
    }
}

static int make_and_die(void *arg)
{
    const shmring_options o = for_everybody();
    shmring_producer *p;

    (void)arg;
    become(ALICE);
    _exit(shmring_producer_open(&p, visit->name, &o) == SHMRING_OK ? 0 : 1);
}

static int says(const char *text)
{
    return strstr(shmring_error_detail(), text) != NULL;
}

static int expect_dead_ring_of_alice(void *arg)
{
    shmring_options o = for_everybody();
    shmring_consumer *c;
    uint32_t n = 77;
    int mode;

    (void)arg;
    become(BOB);
    for (mode = SHMRING_OPEN_OR_CREATE; mode <= SHMRING_OPEN_ONLY; mode++) {
        o.open_mode = (uint32_t)mode;
        if (shmring_consumer_open(&c, visit->name, &o) != SHMRING_E_ACCESS || !says("is dead") ||
            !says("user 1000") || !says(visit->name)) {
            return 1 + mode;
        }
    }
    o.flags = 0;
    if (shmring_consumer_open(&c, visit->name, &o) != SHMRING_E_ACCESS || !says("user 1000")) {
        return 5;
    }
    if (shmring_prune(&n) != SHMRING_E_ACCESS || n != 77 || !says(visit->name) ||
        !says("user 1000")) {
        return 6;
    }
    return 0;
}

static int prune_as_alice(void *arg)
{
    uint32_t n = 0;

    (void)arg;
    become(ALICE);
    return shmring_prune(&n) == SHMRING_OK && n >= 1 ? 0 : 1;
}

static void shouldTellAtOnceWhoseADeadRingIs(void)
{
    new_global();
    CHECK_EQ(in_child(make_and_die, NULL), 0);
    CHECK(path_exists());
    CHECK_EQ(in_child(expect_dead_ring_of_alice, NULL), 0);
    CHECK(path_exists());
    CHECK_EQ(in_child(prune_as_alice, NULL), 0);
    CHECK(!path_exists());
}

static uint64_t inspect_owner(const char *name)
{
    shmring_info info;

    CHECK_STATUS(shmring_inspect(name, &info), SHMRING_OK);
    return info.owner;
}

static void shouldLetRootPruneAndReapOthersDeadRings(void)
{
    shmring_options o = for_everybody();
    shmring_producer *p;
    uint32_t n = 0;

    new_global();
    CHECK_EQ(in_child(make_and_die, NULL), 0);
    CHECK_STATUS(shmring_prune(&n), SHMRING_OK);
    CHECK(n >= 1);
    CHECK(!path_exists());
    CHECK_EQ(in_child(make_and_die, NULL), 0);
    CHECK_STATUS(shmring_producer_open(&p, visit->name, &o), SHMRING_OK);
    CHECK_EQ(inspect_owner(visit->name), 0);
    shmring_producer_close(p);
    CHECK(!path_exists());
}

static int make_and_close_first(void *arg)
{
    const shmring_options o = for_everybody();
    shmring_producer *p;

    (void)arg;
    become(ALICE);
    if (shmring_producer_open(&p, visit->name, &o) != SHMRING_OK) {
        return 1;
    }
    shmring_store_release(&visit->step, 1);
    await_step(2);
    (void)shmring_remove("no name"); /* whatever the parent's last error was */
    shmring_producer_close(p);
    return says("'no name'") ? 0 : 2;
}

static int close_last(void *arg)
{
    const shmring_options o = for_everybody();
    shmring_consumer *c;

    (void)arg;
    become(BOB);
    if (shmring_consumer_open(&c, visit->name, &o) != SHMRING_OK) {
        return 1;
    }
    shmring_store_release(&visit->step, 2);
    await_step(3);
    shmring_consumer_close(c);
    return says("keeps its name") && says("user 1000") ? 0 : 2;
}

static void shouldSayThatTheLastCloserMayNotTakeTheNameAway(void)
{
    pid_t alice, bob;

    new_global();
    alice = process_start(make_and_close_first, NULL);
    await_step(1);
    bob = process_start(close_last, NULL);
    CHECK_EQ(process_end(alice), 0);
    shmring_store_release(&visit->step, 3);
    CHECK_EQ(process_end(bob), 0);
    CHECK(path_exists());
    CHECK_EQ(in_child(expect_dead_ring_of_alice, NULL), 0);
    CHECK_EQ(unlink(ring_path), 0);
}

/* ---- an owner that is named ---- */

static int make_a_global_ring(void *arg)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;

    o.lifetime = SHMRING_PERSISTENT;
    if (seteuid(*(const uid_t *)arg) != 0 ||
        shmring_producer_open(&p, ring_path, &o) != SHMRING_OK) {
        return 1;
    }
    shmring_producer_close(p);
    return 0;
}

static shmring_status open_of(uint64_t owner, uint32_t flags)
{
    shmring_options o = options_of(KIB64);
    shmring_consumer *c = NULL;
    shmring_observer *seer = NULL;
    shmring_status status;

    o.owner = owner;
    o.flags = flags;
    status = shmring_consumer_open(&c, ring_path, &o);
    CHECK((c != NULL) == (status == SHMRING_OK));
    CHECK_STATUS(shmring_observer_open(&seer, ring_path, &o), status);
    shmring_observer_close(seer);
    shmring_consumer_close(c);
    return status;
}

static void shouldTakeTheRingOfTheOwnerThatItNamesAndNobodyElses(void)
{
    uid_t alice = ALICE;
    char number[32];
    shmring_consumer *c = NULL;
    shmring_options o = options_of(KIB64);

    need_root();
    (void)snprintf(ring_path, sizeof ring_path, "Global\\unit%ld.owner", (long)getpid());
    CHECK_STATUS(open_of(ALICE + 1, 0), SHMRING_E_NOT_FOUND); /* and makes none of its own */
    CHECK_STATUS(open_of(ALICE + 1, SHMRING_NO_PREFAULT), SHMRING_E_NOT_FOUND);
    CHECK_EQ(process_end(process_start(make_a_global_ring, &alice)), 0);
    CHECK_STATUS(open_of(0, 0), SHMRING_E_ACCESS);
    CHECK_STATUS(open_of(0, SHMRING_ANY_OWNER), SHMRING_OK);
    CHECK_STATUS(open_of(ALICE + 1, 0), SHMRING_OK);
    CHECK_STATUS(open_of(BOB + 1, 0), SHMRING_E_ACCESS);
    (void)snprintf(number, sizeof number, "user %u", ALICE);
    DETAIL_HAS(number);
    (void)snprintf(number, sizeof number, "user %u", BOB);
    DETAIL_HAS(number);
    CHECK_STATUS(open_of(ALICE + 1, SHMRING_ANY_OWNER), SHMRING_E_INVALID);
    DETAIL_HAS("owner");
    CHECK_STATUS(open_of((UINT64_C(1) << 32) + 1, 0), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_remove(ring_path), SHMRING_OK);
    o.owner = 1; /* its own: root */
    CHECK_STATUS(shmring_consumer_open(&c, ring_path, &o), SHMRING_OK);
    shmring_consumer_close(c);
}

int main(void)
{
    RUN(shouldTakeTheNameAwayAfterAChangeOfTheEffectiveUser);
    RUN(shouldTakeANameAwayThatAnotherEffectiveUserMade);
    RUN(shouldStillSeeItsNameAfterAChangeOfTheEffectiveUser);
    RUN(shouldSayThatTheNameStaysAfterTheUserWasGivenUp);
    RUN(shouldTellAtOnceWhoseADeadRingIs);
    RUN(shouldLetRootPruneAndReapOthersDeadRings);
    RUN(shouldSayThatTheLastCloserMayNotTakeTheNameAway);
    RUN(shouldTakeTheRingOfTheOwnerThatItNamesAndNobodyElses);
    return check_done();
}
