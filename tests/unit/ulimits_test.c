/* SPDX-License-Identifier: MIT */
/* ulimits_test.c - limits of a process: none ends it, the sentence names it, and what failed leaves
 * nothing. And signals, on kernels where one undoes what was reserved. */
#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "../support/rig_linux.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int as_old_kernels;

/* Before Linux 6.18: a signal during the call undoes it. Here one comes each 256 KiB. */
int posix_fallocate64(int fd, off64_t at, off64_t n);
int posix_fallocate64(int fd, off64_t at, off64_t n)
{
    if (as_old_kernels && n > 262144) {
        return EINTR;
    }
    return syscall(SYS_fallocate, fd, 0, at, n) == 0 ? 0 : errno;
}

/* A signal comes in each call that takes longer than 1 MiB does; so often that a loop which begins
 * again would be in it for ever, and then no more, for the test goes on. */
#define FOR_EVER 10000u
static int populate_signals;
static uint32_t interrupted, populated;

int madvise(void *at, size_t n, int advice);
int madvise(void *at, size_t n, int advice)
{
    if ((advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) && populate_signals) {
        if (n > 1048576 && interrupted < FOR_EVER) {
            interrupted++;
            errno = EINTR;
            return -1;
        }
        populated++;
    }
    return (int)syscall(SYS_madvise, at, n, advice);
}

static void limit(int what, rlim_t value)
{
    const struct rlimit r = {value, value};

    if (setrlimit((__rlimit_resource_t)what, &r) != 0) {
        _exit(97);
    }
}

static int is_refused(shmring_status want, const char *word)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_options o = options_of(UINT64_C(32) << 20);

    return shmring_producer_open(&p, rig_name, &o) == want &&
           strstr(shmring_error_detail(), word) != NULL &&
           shmring_consumer_open(&c, rig_name, &o) == want && p == NULL && c == NULL;
}

static int with_small_files(void *arg)
{
    (void)arg;
    limit(RLIMIT_FSIZE, 262144);
    return is_refused(SHMRING_E_NO_SPACE, "ulimit -f") ? 0 : 1;
}

static int with_no_files(void *arg)
{
    (void)arg;
    limit(RLIMIT_FSIZE, 0);
    return is_refused(SHMRING_E_NO_SPACE, "ulimit -f") ? 0 : 1;
}

static int with_small_space(void *arg)
{
    (void)arg;
    limit(RLIMIT_AS, (rlim_t)50 << 20);
    return is_refused(SHMRING_E_NO_MEMORY, "ulimit -v") ? 0 : 1;
}

static int with_few_descriptors(void *arg)
{
    (void)arg;
    limit(RLIMIT_NOFILE, 3);
    return is_refused(SHMRING_E_OS, "ulimit -n") ? 0 : 1;
}

static void shouldNameTheLimitAndLeaveNothing(void)
{
    int (*const with[])(void *) = {with_small_files, with_no_files, with_few_descriptors};
    size_t i;

    for (i = 0; i < sizeof with / sizeof with[0]; i++) {
        (void)new_name();
        CHECK_EQ(in_child(with[i], NULL), 0);
        CHECK(!is_there(rig_name));
    }
}

static void shouldNameTheLimitOfTheAddressSpaceAndLeaveNothing(void)
{
    SKIP_IF_SANITIZED("a sanitizer's shadow memory is larger than the limit");
    (void)new_name();
    CHECK_EQ(in_child(with_small_space, NULL), 0);
    CHECK(!is_there(rig_name));
}

static int remove_with_no_files(void *arg)
{
    (void)arg;
    limit(RLIMIT_FSIZE, 0);
    return shmring_remove(rig_name) == SHMRING_OK ? 0 : 1;
}

static void shouldRemoveWithTheSmallestLimit(void)
{
    struct pair pair = open_small_pair();

    CHECK_EQ(in_child(remove_with_no_files, NULL), 0);
    CHECK(!is_there(rig_name));
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
}

/* Of a ring that is there: nothing of it grows. */
static int open_with_files_of(rlim_t size)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    char b[8];

    limit(RLIMIT_FSIZE, size);
    if (shmring_producer_open(&p, rig_name, NULL) != SHMRING_OK ||
        shmring_consumer_open(&c, rig_name, NULL) != SHMRING_OK ||
        shmring_try_send(p, "hello", 6, 0) != SHMRING_OK ||
        shmring_recv(c, b, sizeof b, NULL, SHMRING_FOREVER) != SHMRING_OK) {
        printf("# with files of %lu bytes: %s\n", (unsigned long)size, shmring_error_detail());
        fflush(stdout);
        return 1;
    }
    shmring_producer_close(p);
    shmring_consumer_close(c);
    return 0;
}

static int open_with_no_files(void *arg)
{
    (void)arg;
    return open_with_files_of(0);
}

static int open_with_files_that_end_in_the_header(void *arg)
{
    (void)arg;
    return open_with_files_of(SHMRING_CONSUMER_AT + offsetof(struct shmring_consumer_page, role) +
                              offsetof(struct shmring_role_block, pid) + 4);
}

static int repair_with_no_files(void *arg)
{
    shmring_repaired r;

    (void)arg;
    limit(RLIMIT_FSIZE, 0);
    return shmring_repair(rig_name, &r) == SHMRING_OK && r.records == 1 ? 0 : 1;
}

static void shouldOpenAndRepairARingThatIsThereWithTheSmallestLimit(void)
{
    shmring_options o = options_of(KIB64);
    const uint64_t tail = 24;
    shmring_producer *p;

    o.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    shmring_producer_close(p);
    CHECK_EQ(in_child(open_with_no_files, NULL), 0);
    CHECK_EQ(in_child(open_with_files_that_end_in_the_header, NULL), 0);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(p, "hello", 6, 0), SHMRING_OK);
    shmring_producer_close(p);
    poke64(rig_name, TAIL_AT, tail); /* no record ends there */
    CHECK_EQ(in_child(repair_with_no_files, NULL), 0);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

/* A consumer with the limit rings the descriptor of a producer without. */
static int receive_with_no_files(void *arg)
{
    shmring_consumer *c;
    char b[4096];

    (void)arg;
    if (shmring_consumer_open(&c, rig_name, NULL) != SHMRING_OK) {
        return 1;
    }
    limit(RLIMIT_FSIZE, 0);
    while (shmring_recv(c, b, sizeof b, NULL, 100 * MS) == SHMRING_OK) {
        continue;
    }
    shmring_consumer_close(c);
    return 0;
}

static void shouldRingAProducersDescriptorWithTheSmallestLimit(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p;
    struct pollfd at = {.events = POLLIN};
    pid_t child;

    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    at.fd = shmring_producer_fd(p);
    CHECK(at.fd >= 0);
    while (shmring_try_send(p, path_of(rig_name), 8, 0) == SHMRING_OK) {
        continue;
    }
    child = process_start(receive_with_no_files, NULL);
    CHECK_EQ(poll(&at, 1, 60000), 1);
    CHECK_EQ(process_end(child), 0);
    shmring_producer_close(p);
}

static void shouldReserveThoughSignalsUndoWhatIsLarge(void)
{
    shmring_options o = options_of(UINT64_C(32) << 20);
    shmring_producer *p;

    as_old_kernels = 1;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    as_old_kernels = 0;
    shmring_producer_close(p);
}

static void check_prefault(uint32_t flags)
{
    shmring_options o = options_of(UINT64_C(16) << 20);
    shmring_producer *p;

    o.flags = flags;
    interrupted = populated = 0;
    populate_signals = 1;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    populate_signals = 0;
    shmring_producer_close(p);
    CHECK(interrupted > 0);
    CHECK(interrupted < FOR_EVER);
    CHECK(populated >= 16);
}

static void shouldFaultInThoughSignalsEndWhatIsLarge(void)
{
    check_prefault(SHMRING_PREFAULT);
}

static void shouldTakeHugePagesThoughSignalsEndWhatIsLarge(void)
{
    check_prefault(SHMRING_HUGE_PAGES);
}

int main(void)
{
    RUN(shouldNameTheLimitAndLeaveNothing);
    RUN(shouldNameTheLimitOfTheAddressSpaceAndLeaveNothing);
    RUN(shouldRemoveWithTheSmallestLimit);
    RUN(shouldOpenAndRepairARingThatIsThereWithTheSmallestLimit);
    RUN(shouldRingAProducersDescriptorWithTheSmallestLimit);
    RUN(shouldReserveThoughSignalsUndoWhatIsLarge);
    RUN(shouldFaultInThoughSignalsEndWhatIsLarge);
    RUN(shouldTakeHugePagesThoughSignalsEndWhatIsLarge);
    return check_done();
}
