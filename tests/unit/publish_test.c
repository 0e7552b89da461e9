/* SPDX-License-Identifier: MIT */
/* publish_test.c - the moment at which a ring gets its name, which linkat() gives it: this
 * program's own, in which others come in between. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "../support/rig_linux.h"

static char ring_path[320];
static unsigned links;
static void (*after_link)(void);

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    long result = syscall(SYS_linkat, from, old, to, new, flags);

    if (result == 0) {
        links++;
        if (after_link != NULL) {
            after_link();
        }
    }
    return (int)result;
}

static void use_new_name(void)
{
    (void)new_name();
    (void)snprintf(ring_path, sizeof ring_path, "%s", path_of(rig_name));
    links = 0;
    after_link = NULL;
}

static ino_t inode_of(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? st.st_ino : 0;
}

/* ---- no second open ---- */

/* Leaves room for one more descriptor than are open. */
static int open_with_one_descriptor(void *arg)
{
    struct rlimit limit = {0, 0};
    shmring_producer *p = NULL;
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)arg;
    (void)close(next);
    limit.rlim_cur = limit.rlim_max = (rlim_t)next + 1;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1;
    }
    return shmring_producer_open(&p, rig_name, NULL) == SHMRING_E_OS && p == NULL ? 0 : 2;
}

static void shouldLeaveNoNameWhenItCannotAskAboutLocks(void)
{
    use_new_name();
    CHECK_EQ(in_child(open_with_one_descriptor, NULL), 0);
    CHECK(!is_there(rig_name));
}

/* ---- without /proc, where only the name leads to a second open ---- */

static int hide_proc(void)
{
    return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/proc", "tmpfs", 0, NULL) == 0;
}

static void replace_with_anothers(void)
{
    int fd;

    (void)unlink(ring_path);
    fd = open(ring_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    (void)close(fd);
}

static int lose_the_name_to_another(void *arg)
{
    shmring_producer *p = NULL;

    (void)arg;
    if (!hide_proc()) {
        return 77;
    }
    after_link = replace_with_anothers;
    if (shmring_producer_open(&p, rig_name, NULL) >= SHMRING_OK || p != NULL || links == 0) {
        return 1;
    }
    return 0;
}

static void shouldLeaveTheNameOfWhoCameInBetween(void)
{
    int how;

    use_new_name();
    how = in_child(lose_the_name_to_another, NULL);
    if (how == 77) {
        SKIP("/proc can be hidden only by root");
    }
    CHECK_EQ(how, 0);
    CHECK(inode_of(ring_path) != 0); /* the other's */
    CHECK_EQ(unlink(ring_path), 0);
}

static pid_t visitor;

static int visit(void *name)
{
    shmring_consumer *c = NULL;
    shmring_options o = options_of(KIB64);

    after_link = NULL;
    if (shmring_consumer_open(&c, name, &o) != SHMRING_OK) {
        return 1;
    }
    shmring_consumer_close(c);
    return 0;
}

/* A visitor sees the name and comes in while the creator has not got its second open yet: it waits
 * at the lock, finds that the name is gone, and makes a ring of its own. */
static void let_somebody_in(void)
{
    struct rlimit limit = {0, 0};

    after_link = NULL;
    visitor = process_start(visit, rig_name);
    process_pause_us(20000); /* only to have it there the more often */
    limit.rlim_max = 1024;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int fail_after_the_name(void *arg)
{
    shmring_producer *p = NULL;

    (void)arg;
    if (!hide_proc()) {
        return 77;
    }
    after_link = let_somebody_in;
    if (shmring_producer_open(&p, rig_name, NULL) != SHMRING_E_OS || p != NULL || links == 0) {
        return 1;
    }
    return process_end(visitor) == 0 ? 0 : 2;
}

static void shouldTakeItsOwnNameBackWhileNobodyCanComeIn(void)
{
    int how;

    use_new_name();
    how = in_child(fail_after_the_name, NULL);
    if (how == 77) {
        SKIP("/proc can be hidden only by root");
    }
    CHECK_EQ(how, 0);
    CHECK(!is_there(rig_name));
}

static int open_without_proc(void *arg)
{
    shmring_producer *p;
    shmring_consumer *c;

    (void)arg;
    if (!hide_proc()) {
        return 77;
    }
    if (shmring_producer_open(&p, rig_name, NULL) != SHMRING_OK ||
        shmring_consumer_open(&c, rig_name, NULL) != SHMRING_OK) {
        return 1;
    }
    shmring_producer_close(p);
    shmring_consumer_close(c);
    return 0;
}

static void shouldOpenAndCloseWithoutProc(void)
{
    int how;

    use_new_name();
    how = in_child(open_without_proc, NULL);
    if (how == 77) {
        SKIP("/proc can be hidden only by root");
    }
    CHECK_EQ(how, 0);
    CHECK(!is_there(rig_name));
}

int main(void)
{
    RUN(shouldLeaveNoNameWhenItCannotAskAboutLocks);
    RUN(shouldLeaveTheNameOfWhoCameInBetween);
    RUN(shouldTakeItsOwnNameBackWhileNobodyCanComeIn);
    RUN(shouldOpenAndCloseWithoutProc);
    return check_done();
}
