/* SPDX-License-Identifier: MIT */
/* leftovers_test.c - a limit at every height, while a ring is made and opened: the open goes well,
 * or one sentence names the limit and there is no name, no file and no descriptor more than before.
 * In a file system of our own, whose bytes and files are limits, too. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "../support/rig_linux.h"

#define PAGES   UINT64_C(4096)
#define WENT_ON 50 /* of a child: the limit was high enough */

struct limit {
    const char *name;
    int (*set)(uint64_t height); /* in the child; 0: not to be had here */
    uint64_t from, to, step;
    shmring_status want[2];
    const char *words[2]; /* one of which the sentence has */
};

static const char *refusal;

struct job {
    const struct limit *limit;
    uint64_t height;
    uint32_t lifetime;
    int consumes;
};

/* ---- the limits ---- */

static int set(int what, uint64_t height)
{
    const struct rlimit r = {(rlim_t)height, (rlim_t)height};

    return setrlimit((__rlimit_resource_t)what, &r) == 0;
}

static int limit_files(uint64_t height)
{
    return set(RLIMIT_FSIZE, height);
}

static int limit_descriptors(uint64_t height)
{
    return set(RLIMIT_NOFILE, height);
}

/* Beyond what the process has already. */
static int limit_space(uint64_t height)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    const int got = f != NULL && fscanf(f, "%lu", &pages) == 1;

    if (f != NULL) {
        (void)fclose(f);
    }
    return got && set(RLIMIT_AS, (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) + height);
}

/* As a user without the privilege to lock what he likes; all that is mapped from now on is locked.
 */
static int limit_locked(uint64_t height)
{
    return mlockall(MCL_FUTURE) == 0 && set(RLIMIT_MEMLOCK, height) &&
           setresuid(1000, 1000, 1000) == 0;
}

static int limit_bytes(uint64_t height)
{
    char options[64];

    (void)snprintf(options, sizeof options, "size=%" PRIu64 ",mode=1777", height);
    return mount("tmpfs", "/dev/shm", "tmpfs", 0, options) == 0;
}

/* The folder is one of them. */
static int limit_inodes(uint64_t height)
{
    char options[64];

    (void)snprintf(options, sizeof options, "nr_inodes=%" PRIu64 ",mode=1777", height);
    return mount("tmpfs", "/dev/shm", "tmpfs", 0, options) == 0;
}

static int refuse_locks(uint64_t height)
{
#ifdef SYS_fcntl64 /* where a long has 32 bits */
    return refuse(SYS_fcntl64, (int)height);
#else
    return refuse(SYS_fcntl, (int)height);
#endif
}

static const struct limit limits[] = {
    {"file size",
     limit_files,
     0,
     200000,
     9000,
     {SHMRING_E_NO_SPACE, SHMRING_E_NO_SPACE},
     {"ulimit -f", "ulimit -f"}},
    {"descriptors",
     limit_descriptors,
     3,
     8,
     1,
     {SHMRING_E_OS, SHMRING_E_OS},
     {"ulimit -n", "ulimit -n"}},
    {"address space",
     limit_space,
     0,
     400000,
     PAGES,
     {SHMRING_E_NO_MEMORY, SHMRING_E_NO_MEMORY},
     {"ulimit -v", "no memory for a handle"}},
    {"locked memory",
     limit_locked,
     0,
     500000,
     4 * PAGES,
     {SHMRING_E_NO_MEMORY, SHMRING_E_NO_MEMORY},
     {"ulimit -l", "no memory for a handle"}},
    {"bytes of the file system",
     limit_bytes,
     PAGES,
     160000,
     PAGES,
     {SHMRING_E_NO_SPACE, SHMRING_E_NO_SPACE},
     {"free: ask for a smaller", "free: ask for a smaller"}},
    {"files of the file system",
     limit_inodes,
     1,
     3,
     1,
     {SHMRING_E_NO_SPACE, SHMRING_E_NO_SPACE},
     {"nr_inodes", "nr_inodes"}},
    {"locks",
     refuse_locks,
     ENOLCK,
     ENOLCK,
     1,
     {SHMRING_E_OS, SHMRING_E_OS},
     {"No locks available", "locking failed"}},
};

/* ---- one try ---- */

static int count(const char *path)
{
    DIR *folder = opendir(path);
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

/* The numbers that are open, without opening one. */
static int count_open(void)
{
    int fd, n = 0;

    for (fd = 0; fd < 64; fd++) {
        n += syscall(SYS_lseek, fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
    }
    return n;
}

static int is_named(const struct limit *l, shmring_status status)
{
    return (status == l->want[0] && strstr(shmring_error_detail(), l->words[0]) != NULL) ||
           (status == l->want[1] && strstr(shmring_error_detail(), l->words[1]) != NULL);
}

static int try_once(void *arg)
{
    const struct job *job = arg;
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_status status;
    int before;

    o.lifetime = job->lifetime;
    if (!job->limit->set(job->height)) {
        return 60;
    }
    before = count_open();
    status = job->consumes ? shmring_consumer_open(&c, rig_name, &o)
                           : shmring_producer_open(&p, rig_name, &o);
    if (status == SHMRING_OK) {
        shmring_producer_close(p);
        shmring_consumer_close(c);
        (void)shmring_remove(rig_name);
        return WENT_ON;
    }
    if (p != NULL || c != NULL || count_open() != before) {
        return 61;
    }
    if (!is_named(job->limit, status)) {
        printf("# %d: %s\n", (int)status, shmring_error_detail());
        fflush(stdout);
        return 62;
    }
    return access(path_of(rig_name), F_OK) == 0 ? 63 : 0;
}

static int stays_clean(const struct job *job, int *ret_went_on)
{
    const int before = count("/dev/shm");
    const int how = in_child(try_once, (void *)(uintptr_t)job);

    *ret_went_on = how == WENT_ON;
    if ((how != 0 && how != WENT_ON) || count("/dev/shm") != before) {
        printf("# %s at %" PRIu64 ", %s of a ring with lifetime %u: %d, %d files more\n",
               job->limit->name, job->height, job->consumes ? "consumer" : "producer",
               job->lifetime, how, count("/dev/shm") - before);
        return 0;
    }
    return 1;
}

/* Every height, for both sides and lifetimes; both answers are met, but that of what is always
 * refused. */
static void sweep(const struct limit *limit)
{
    static struct job job;
    unsigned refused = 0, good = 0, wrong = 0;
    int went_on;

    for (job.consumes = 0; job.consumes <= 1; job.consumes++) {
        for (job.lifetime = SHMRING_UNTIL_LAST_CLOSE; job.lifetime <= SHMRING_PERSISTENT;
             job.lifetime++) {
            for (job.height = limit->from; job.height <= limit->to; job.height += limit->step) {
                job.limit = limit;
                (void)new_name();
                wrong += !stays_clean(&job, &went_on);
                good += (unsigned)went_on;
                refused += (unsigned)!went_on;
            }
        }
    }
    printf("# %s: %u refused, %u went well\n", limit->name, refused, good);
    CHECK_EQ(wrong, 0);
    CHECK(refused > 0);
    CHECK(good > 0 || limit->set == refuse_locks);
}

static void sweep_named(const char *name)
{
    size_t i;

    if (refusal != NULL) {
        SKIP(refusal);
    }
    for (i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (strcmp(limits[i].name, name) == 0) {
            sweep(&limits[i]);
        }
    }
}

static void shouldLeaveNothingWithFilesOfAnySize(void)
{
    sweep_named("file size");
}

static void shouldLeaveNothingWithAnyNumberOfDescriptors(void)
{
    sweep_named("descriptors");
}

static void shouldLeaveNothingWithAnyAddressSpace(void)
{
    sweep_named("address space");
}

static void shouldLeaveNothingWithAnyAmountOfLockedMemory(void)
{
    SKIP_IF_SANITIZED("a sanitizer has mlockall() do nothing");
    sweep_named("locked memory");
}

static void shouldLeaveNothingInAFileSystemOfAnySize(void)
{
    sweep_named("bytes of the file system");
}

static void shouldLeaveNothingInAFileSystemWithAnyNumberOfFiles(void)
{
    sweep_named("files of the file system");
}

static void shouldLeaveNothingWhereLocksAreRefused(void)
{
    sweep_named("locks");
}

int main(void)
{
    static char why[128];

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777") != 0) {
        (void)snprintf(why, sizeof why, "no mount namespace: %s", strerror(errno));
        refusal = why;
    }
    RUN(shouldLeaveNothingWithFilesOfAnySize);
    RUN(shouldLeaveNothingWithAnyNumberOfDescriptors);
    RUN(shouldLeaveNothingWithAnyAddressSpace);
    RUN(shouldLeaveNothingWithAnyAmountOfLockedMemory);
    RUN(shouldLeaveNothingInAFileSystemOfAnySize);
    RUN(shouldLeaveNothingInAFileSystemWithAnyNumberOfFiles);
    RUN(shouldLeaveNothingWhereLocksAreRefused);
    return check_done();
}
