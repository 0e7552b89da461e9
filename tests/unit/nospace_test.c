/* SPDX-License-Identifier: MIT */
/* nospace_test.c - a shared-memory file system that is too small, in a mount namespace of our own:
 * a sentence at creation instead of a SIGBUS later, and nothing left behind. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

#include "../support/rig_linux.h"

static const char *refusal;

/* A /dev/shm of `size` bytes, for this process only. */
static void mount_small(const char *size)
{
    char options[64];

    if (refusal != NULL) {
        SKIP(refusal);
    }
    (void)snprintf(options, sizeof options, "size=%s,mode=1777", size);
    CHECK_EQ(mount("tmpfs", "/dev/shm", "tmpfs", 0, options), 0);
}

static unsigned files(void)
{
    DIR *folder = opendir("/dev/shm");
    unsigned n = 0;

    CHECK(folder != NULL);
    while (readdir(folder) != NULL) {
        n++;
    }
    closedir(folder);
    return n - 2;
}

static shmring_status try_capacity(uint64_t capacity, uint32_t flags)
{
    shmring_options o = options_of(capacity);
    shmring_producer *p = NULL;
    shmring_status status;
    static unsigned char big[65536];

    o.flags = flags;
    status = shmring_producer_open(&p, new_name(), &o);
    if (status == SHMRING_OK) { /* every page is really there */
        while (shmring_try_send(p, big, 16000, 0) == SHMRING_OK) {
        }
    }
    shmring_producer_close(p);
    CHECK_EQ(files(), 0);
    return status;
}

static void shouldSayNoSpaceWhenTheRingDoesNotFit(void)
{
    uint64_t capacity;

    mount_small("1048576");
    for (capacity = 1 << 20; capacity <= SHMRING_CAPACITY_MAX; capacity *= 2) {
        char text[32];

        CHECK_STATUS(try_capacity(capacity, 0), SHMRING_E_NO_SPACE);
        DETAIL_HAS(rig_name);
        (void)snprintf(text, sizeof text, "%" PRIu64, capacity + 65536);
        DETAIL_HAS(text);
        DETAIL_HAS("1048576 free");
        CHECK_STATUS(try_capacity(capacity, SHMRING_HUGE_PAGES), SHMRING_E_NO_SPACE);
    }
    for (capacity = 1 << 16; capacity < 1 << 20; capacity *= 2) {
        CHECK_STATUS(try_capacity(capacity, 0), SHMRING_OK);
    }
    CHECK_EQ(umount("/dev/shm"), 0);
}

static void shouldUseARingThatFitsExactly(void)
{
    uint64_t capacity;
    char size[32];

    for (capacity = KIB64; capacity <= 256 * KIB64; capacity *= 2) {
        (void)snprintf(size, sizeof size, "%" PRIu64, capacity + 65536);
        mount_small(size);
        CHECK_STATUS(try_capacity(capacity, 0), SHMRING_OK);
        CHECK_STATUS(try_capacity(2 * capacity, 0), SHMRING_E_NO_SPACE);
        CHECK_EQ(umount("/dev/shm"), 0);
        (void)snprintf(size, sizeof size, "%" PRIu64, capacity + 65536 - 4096); /* a page less */
        mount_small(size);
        CHECK_STATUS(try_capacity(capacity, 0), SHMRING_E_NO_SPACE);
        CHECK_EQ(umount("/dev/shm"), 0);
    }
}

static void shouldLeaveTheFirstRingAloneWhenTheSecondDoesNotFit(void)
{
    shmring_options o = options_of(4 * KIB64);
    shmring_producer *p = NULL, *second = NULL;

    mount_small("524288");
    CHECK_STATUS(shmring_producer_open(&p, "first", &o), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&second, "second", &o), SHMRING_E_NO_SPACE);
    CHECK(second == NULL);
    CHECK_EQ(files(), 1);
    CHECK(fill(p, 8) > 16000);
    shmring_producer_close(p);
    CHECK_EQ(files(), 0);
    CHECK_EQ(umount("/dev/shm"), 0);
}

int main(void)
{
    static char why[128];

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        (void)snprintf(why, sizeof why, "no mount namespace: %s", strerror(errno));
        refusal = why;
    }
    RUN(shouldSayNoSpaceWhenTheRingDoesNotFit);
    RUN(shouldUseARingThatFitsExactly);
    RUN(shouldLeaveTheFirstRingAloneWhenTheSecondDoesNotFit);
    return check_done();
}
