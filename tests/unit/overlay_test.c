/* SPDX-License-Identifier: MIT */
/* overlay_test.c - a file system whose mappings do not keep the locks of a descriptor that is
 * closed, in a mount namespace of our own: roles stay exclusive, and living rings stay. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

#include "../support/rig_linux.h"

static const char *refusal;

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    CHECK(folder != NULL);
    while (readdir(folder) != NULL) {
        n++;
    }
    (void)closedir(folder);
    return n;
}

static void on_overlay(void)
{
    if (refusal != NULL) {
        SKIP(refusal);
    }
}

static shmring_options persistent(void)
{
    shmring_options o = options_of(KIB64);

    o.lifetime = SHMRING_PERSISTENT;
    return o;
}

static int open_second_consumer(void *arg)
{
    shmring_consumer *c = NULL;

    (void)arg;
    return shmring_consumer_open(&c, rig_name, NULL) == SHMRING_E_BUSY ? 0 : 1;
}

static int open_second_producer(void *arg)
{
    shmring_producer *p = NULL;

    (void)arg;
    return shmring_producer_open(&p, rig_name, NULL) == SHMRING_E_BUSY ? 0 : 1;
}

static void shouldRefuseASecondHolderOfEachRole(void)
{
    struct pair pair;

    on_overlay();
    pair = open_small_pair();
    CHECK_EQ(in_child(open_second_consumer, NULL), 0);
    CHECK_EQ(in_child(open_second_producer, NULL), 0);
    CHECK_EQ(open_second_consumer(NULL), 0);
    CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK);
    close_pair(&pair);
}

static void shouldLeaveALivingRingAlone(void)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    uint32_t pruned = 0;

    on_overlay();
    CHECK_STATUS(shmring_producer_open(&p, new_name(), NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(p, "hello", 6, 0), SHMRING_OK);
    CHECK_STATUS(shmring_prune(&pruned), SHMRING_OK);
    CHECK_EQ(pruned, 0);
    CHECK_EQ(inspect().producer.alive, 1);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK); /* of the same ring */
    CHECK_STATUS(shmring_wait_data(c, 0), SHMRING_OK);
    shmring_producer_close(p);
    CHECK(is_there(rig_name));
    shmring_consumer_close(c);
    CHECK(!is_there(rig_name));
}

static int open_and_die(void *arg)
{
    shmring_producer *p = NULL;

    (void)arg;
    return shmring_producer_open(&p, rig_name, NULL) == SHMRING_OK ? 0 : 1;
}

static void shouldTellADeathAndGiveTheRoleToTheNext(void)
{
    shmring_consumer *c = NULL;

    on_overlay();
    CHECK_STATUS(shmring_consumer_open(&c, new_name(), NULL), SHMRING_OK);
    CHECK_EQ(in_child(open_and_die, NULL), 0);
    CHECK_STATUS(shmring_wait_data(c, SHMRING_FOREVER), SHMRING_PEER_DEAD);
    CHECK_EQ(in_child(open_and_die, NULL), 0);
    shmring_consumer_close(c);
    CHECK(!is_there(rig_name));
}

static void shouldGiveUpTheRoleThoughAChildLivesOn(void)
{
    shmring_options o = persistent();
    struct pair pair;
    pid_t child;
    int i;

    on_overlay();
    pair = open_pair(&o);
    child = fork();
    if (child == 0) {
        for (;;) {
            (void)pause();
        }
    }
    for (i = 0; i < 3; i++) {
        shmring_consumer_close(pair.c);
        CHECK_STATUS(shmring_consumer_open(&pair.c, rig_name, NULL), SHMRING_OK);
        shmring_producer_close(pair.p);
        CHECK_STATUS(shmring_producer_open(&pair.p, rig_name, NULL), SHMRING_OK);
    }
    shmring_consumer_close(pair.c);
    shmring_producer_close(pair.p);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
}

static int close_copies(void *arg)
{
    const struct pair *pair = arg;

    shmring_producer_close(pair->p);
    shmring_consumer_close(pair->c);
    return 0;
}

static void shouldKeepTheRolesWhenAChildClosesItsCopies(void)
{
    struct pair pair;

    on_overlay();
    if (!wipes_on_fork()) {
        SKIP("memory is not wiped in forked children here");
    }
    pair = open_small_pair();
    CHECK_EQ(in_child(close_copies, &pair), 0);
    CHECK_EQ(in_child(open_second_consumer, NULL), 0);
    CHECK_EQ(in_child(open_second_producer, NULL), 0);
    close_pair(&pair);
}

/* How many descriptors a producer keeps; none when it is closed. */
static int kept(void)
{
    const int before = count_descriptors();
    shmring_producer *p = NULL;
    int n;

    CHECK_STATUS(shmring_producer_open(&p, new_name(), NULL), SHMRING_OK);
    n = count_descriptors() - before;
    shmring_producer_close(p);
    CHECK_EQ(count_descriptors(), before);
    return n;
}

static void shouldKeepASecondDescriptorThereAlone(void)
{
    on_overlay();
    CHECK_EQ(kept(), 2);
    CHECK_EQ(mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777"), 0);
    CHECK_EQ(kept(), 1);
    CHECK_EQ(umount("/dev/shm"), 0);
}

/* The upper part lies on the tmpfs that it covers. */
static int mount_overlay(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777") == 0 &&
           mkdir("/dev/shm/lower", 0755) == 0 && mkdir("/dev/shm/upper", 0755) == 0 &&
           mkdir("/dev/shm/work", 0755) == 0 &&
           mount("overlay", "/dev/shm", "overlay", 0,
                 "lowerdir=/dev/shm/lower,upperdir=/dev/shm/upper,workdir=/dev/shm/work") == 0;
}

int main(void)
{
    static char why[128];
    int fd;

    if (!mount_overlay()) {
        (void)snprintf(why, sizeof why, "no overlayfs over /dev/shm: %s", strerror(errno));
        refusal = why;
    } else if ((fd = open("/dev/shm", O_TMPFILE | O_RDWR, 0600)) < 0) { /* before Linux 6.1 */
        (void)snprintf(why, sizeof why, "overlayfs has no files without names: %s",
                       strerror(errno));
        refusal = why;
    } else {
        (void)close(fd);
    }
    RUN(shouldRefuseASecondHolderOfEachRole);
    RUN(shouldLeaveALivingRingAlone);
    RUN(shouldTellADeathAndGiveTheRoleToTheNext);
    RUN(shouldGiveUpTheRoleThoughAChildLivesOn);
    RUN(shouldKeepTheRolesWhenAChildClosesItsCopies);
    RUN(shouldKeepASecondDescriptorThereAlone);
    return check_done();
}
