/* SPDX-License-Identifier: MIT */
/* cut_test.c - a peer that cuts the ring's file short under processes that have it mapped: with
 * shmring_guard() the ring is corrupt to them, and nobody dies.
 *
 *   cut_test [ROUNDS]
 */
#define _GNU_SOURCE
#include "../support/rig_linux.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../support/pattern.h"
#include "../support/process.h"

#define SIZE (SHMRING_HEADER_SIZE + KIB64)

static uint64_t rounds = 60;
static sigjmp_buf back;

static void cut_to(const char *name, uint64_t size)
{
    CHECK_EQ(truncate(path_of(name), (off_t)size), 0);
}

/* ---- one process, both sides ---- */

static int meet_a_cut(const char *name, uint64_t size, uint32_t framing, int guarded)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_status status = SHMRING_OK;
    char bytes[64] = "";
    int i;

    o.framing = framing;
    if ((guarded && shmring_guard() != SHMRING_OK) ||
        shmring_producer_open(&p, name, &o) != SHMRING_OK ||
        shmring_consumer_open(&c, name, &o) != SHMRING_OK) {
        return 2;
    }
    for (i = 0; i < 500; i++) {
        (void)shmring_try_send(p, bytes, 40, 1);
        (void)shmring_try_write(p, bytes, 40);
        (void)shmring_try_recv(c, bytes, 64, NULL);
        (void)shmring_try_read(c, bytes, 40);
    }
    if (truncate(path_of(name), (off_t)size) != 0) {
        return 3;
    }
    for (i = 0; i < 5000 && status >= 0; i++) {
        (void)shmring_try_recv(c, bytes, 64, NULL);
        (void)shmring_try_read(c, bytes, 40);
        status = shmring_wait_data(c, 0);
    }
    /* An empty byte ring is known by its tail alone: nothing that is gone was touched. */
    if (!(framing == SHMRING_BYTES && size > SHMRING_PRODUCER_AT && status == SHMRING_EMPTY) &&
        (status != SHMRING_E_CORRUPT || strstr(shmring_error_detail(), "cut its file") == NULL)) {
        printf("# cut to %" PRIu64 ", framing %" PRIu32 ": the consumer says %s: %s\n", size,
               framing, shmring_status_text(status), shmring_error_detail());
        return 4;
    }
    for (i = 0, status = SHMRING_OK; i < 5000 && status >= 0; i++) {
        (void)shmring_try_send(p, bytes, 40, 1);
        (void)shmring_try_write(p, bytes, 40);
        status = shmring_wait_space(p, 40, 0);
    }
    if (status != SHMRING_E_CORRUPT || strstr(shmring_error_detail(), "cut its file") == NULL) {
        printf("# cut to %" PRIu64 ", framing %" PRIu32 ": the producer says %s: %s\n", size,
               framing, shmring_status_text(status), shmring_error_detail());
        return 5;
    }
    shmring_consumer_close(c);
    shmring_producer_close(p);
    return 0;
}

struct cut {
    const char *name;
    uint64_t size;
    uint32_t framing;
    int guarded;
};

static int meet_body(void *arg)
{
    const struct cut *cut = arg;

    return meet_a_cut(cut->name, cut->size, cut->framing, cut->guarded);
}

static void shouldTellBothSidesOfARingThatIsCutShort(void)
{
    const uint64_t sizes[] = {0,      4096,   0x4000, 0x5000,  0x8000,
                              0x9000, 0xC000, 0xD000, 0x10000, 0x11000};
    struct cut cut = {NULL, 0, 0, 1};
    size_t i;

    for (i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        cut.size = sizes[i / 2];
        cut.framing = i % 2;
        cut.name = new_name();
        CHECK_EQ(in_child(meet_body, &cut), 0);
    }
}

/* Within its last page: what is left of that reads as zeros. */
static void shouldNoticeACutThatFaultsNobody(void)
{
    struct pair pair = open_small_pair();
    static char bytes[1000];

    CHECK_STATUS(shmring_wait_data(pair.c, MS), SHMRING_TIMEOUT);
    (void)fill(pair.p, 1000);
    CHECK_STATUS(shmring_wait_space(pair.p, 16000, MS), SHMRING_TIMEOUT);
    while (shmring_try_recv(pair.c, bytes, sizeof bytes, NULL) == SHMRING_OK) {
    }
    cut_to(rig_name, SIZE - 8);
    CHECK_STATUS(shmring_wait_data(pair.c, SHMRING_FOREVER), SHMRING_E_CORRUPT);
    DETAIL_HAS("cut its file");
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    (void)unlink(path_of(rig_name));
}

static void shouldDieOfItWithoutTheGuard(void)
{
    struct cut cut = {new_name(), 0, 0, 0};
    int end;

    end = in_child(meet_body, &cut);
    CHECK_EQ(unlink(path_of(rig_name)), 0);
    if (end == 1) {
        SKIP("a sanitizer takes the signal");
    }
    CHECK_EQ(end, -SIGBUS);
}

/* ---- two processes, in the middle of their traffic ---- */

struct traffic {
    char ring[64];
    uint32_t framing;
    shmring_atomic_u64 moved, told;
};

static shmring_options traffic_options(const struct traffic *t)
{
    shmring_options o = options_of(KIB64);

    o.framing = t->framing;
    o.lifetime = SHMRING_PERSISTENT;
    return o;
}

static int has_ended(struct traffic *t, shmring_status status)
{
    if (status == SHMRING_E_CORRUPT) {
        (void)shmring_fetch_or(&t->told, 1);
    }
    return status == SHMRING_CLOSED || status == SHMRING_PEER_DEAD || status < 0 ||
           shmring_load_relaxed(&t->told) != 0; /* or it waits for another peer */
}

static int produce_until_cut(void *arg)
{
    struct traffic *t = arg;
    shmring_options o = traffic_options(t);
    shmring_producer *p = NULL;
    shmring_status status = SHMRING_OK;
    static unsigned char bytes[3000];
    uint64_t seq;

    if (shmring_guard() != SHMRING_OK || shmring_producer_open(&p, t->ring, &o) != SHMRING_OK) {
        return 2;
    }
    for (seq = 0; !has_ended(t, status); seq++) {
        if (t->framing == SHMRING_BYTES) {
            (void)shmring_try_write(p, bytes, seq % 3000);
            status = shmring_wait_space(p, 1, MS);
        } else {
            status = shmring_send(p, bytes, (uint32_t)(seq % 3000), 1, MS);
        }
    }
    shmring_producer_close(p);
    return 0;
}

static int consume_until_cut(void *arg)
{
    struct traffic *t = arg;
    shmring_options o = traffic_options(t);
    shmring_consumer *c = NULL;
    shmring_status status = SHMRING_OK;
    static unsigned char bytes[3000];

    if (shmring_guard() != SHMRING_OK || shmring_consumer_open(&c, t->ring, &o) != SHMRING_OK) {
        return 2;
    }
    while (!has_ended(t, status)) {
        (void)shmring_try_read(c, bytes, 1000);
        status = t->framing == SHMRING_BYTES ? shmring_wait_data(c, MS)
                                             : shmring_recv(c, bytes, 3000, NULL, MS);
        if (status == SHMRING_OK) {
            shmring_store_relaxed(&t->moved, shmring_load_relaxed(&t->moved) + 1);
        }
    }
    shmring_consumer_close(c);
    return 0;
}

static void shouldSurviveCutsUnderTraffic(void)
{
    struct traffic *t = process_shared(sizeof *t);
    uint64_t random = 3, told = 0, i, size;
    int p_end, c_end;
    pid_t p, c;

    for (i = 0; i < rounds; i++) {
        memset(t, 0, sizeof *t);
        (void)snprintf(t->ring, sizeof t->ring, "%s", new_name());
        t->framing = i % 4 == 0;
        p = process_start(produce_until_cut, t);
        c = process_start(consume_until_cut, t);
        while (shmring_load_relaxed(&t->moved) < 5 && !process_has_ended(p) &&
               !process_has_ended(c)) {
            process_pause_us(100);
        }
        process_pause_us(pattern_next(&random) % 1000);
        size = pattern_next(&random) % (SIZE - 4096); /* at least a page is gone */
        cut_to(t->ring, pattern_next(&random) % 4 == 0 ? size : size % SHMRING_HEADER_SIZE);
        process_end_both(p, c, &p_end, &c_end);
        (void)unlink(path_of(t->ring));
        CHECK_EQ(p_end, 0);
        CHECK_EQ(c_end, 0);
        told += shmring_load_relaxed(&t->told);
    }
    printf("# cut short %" PRIu64 " times, told of it %" PRIu64 " times\n", rounds, told);
    CHECK(told > rounds / 2);
    process_unshare(t, sizeof *t);
}

/* ---- what is not a ring's ---- */

static void jump_back(int number)
{
    siglongjmp(back, number);
}

static int touch_something_else(void *arg)
{
    char path[] = "/tmp/shmring-cut-XXXXXX";
    int fd = mkstemp(path);
    volatile char *at;

    if (fd < 0 || unlink(path) != 0 || ftruncate(fd, 4096) != 0) {
        return 2;
    }
    at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (arg != NULL) {
        (void)signal(SIGBUS, jump_back);
    } else {
        (void)signal(SIGBUS, SIG_DFL);
    }
    if (at == MAP_FAILED || shmring_guard() != SHMRING_OK || ftruncate(fd, 0) != 0) {
        return 3;
    }
    if (sigsetjmp(back, 1) == 0) {
        return at[0];
    }
    return 42;
}

static void shouldLeaveOtherFaultsToOthers(void)
{
    int some = 1;

    CHECK_EQ(in_child(touch_something_else, &some), 42);
    CHECK_EQ(in_child(touch_something_else, NULL), -SIGBUS);
}

static volatile sig_atomic_t chained;

static void count_it(int number)
{
    (void)number;
    chained++;
}

/* A SIGBUS as the kernel would send it for this thread, of another kind than a page that is gone.
 */
static int raise_like_a_fault(int code, void *at)
{
    siginfo_t info;

    memset(&info, 0, sizeof info);
    info.si_signo = SIGBUS;
    info.si_code = code;
    info.si_addr = at;
    return (int)syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGBUS, &info);
}

/* To lay a page of zeros there would not help, and the instruction would fault for ever. */
static int misalign_in_a_ring(void *arg)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    void *at;

    (void)signal(SIGBUS, count_it);
    if (shmring_guard() != SHMRING_OK || shmring_producer_open(&p, arg, &o) != SHMRING_OK ||
        shmring_reserve(p, 64, &at) != SHMRING_OK || raise_like_a_fault(BUS_ADRALN, at) != 0 ||
        raise_like_a_fault(BUS_MCEERR_AR, at) != 0) {
        return 2;
    }
    shmring_commit(p, 64, 1);
    if (chained != 2 || shmring_try_send(p, "x", 1, 1) != SHMRING_OK) {
        return 3;
    }
    shmring_producer_close(p);
    return 0;
}

static void shouldMendOnlyPagesThatAreGone(void)
{
    CHECK_EQ(in_child(misalign_in_a_ring, (void *)(uintptr_t)new_name()), 0);
}

static int be_sent_one_that_is_ignored(void *arg)
{
    (void)signal(SIGBUS, SIG_IGN);
    if (shmring_guard() != SHMRING_OK || raise(SIGBUS) != 0) {
        return 9;
    }
    return meet_body(arg);
}

static void shouldStayWhenAnIgnoredSignalIsSent(void)
{
    struct cut cut = {new_name(), 0, 0, 1};

    CHECK_EQ(in_child(be_sent_one_that_is_ignored, &cut), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        rounds = strtoull(argv[1], NULL, 10);
    }
    RUN(shouldTellBothSidesOfARingThatIsCutShort);
    RUN(shouldNoticeACutThatFaultsNobody);
    RUN(shouldDieOfItWithoutTheGuard);
    RUN(shouldSurviveCutsUnderTraffic);
    RUN(shouldLeaveOtherFaultsToOthers);
    RUN(shouldMendOnlyPagesThatAreGone);
    RUN(shouldStayWhenAnIgnoredSignalIsSent);
    return check_done();
}
