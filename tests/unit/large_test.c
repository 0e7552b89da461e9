/* SPDX-License-Identifier: MIT */
/* large_test.c - rings of every size: both sides open at once, and an open faults in what it says.
 * The rings are sparse (posix_fallocate does nothing here), so that only what is faulted in or
 * written takes memory; where even that does not fit, a test is skipped. */
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "../support/rig_linux.h"

#define MIB        (UINT64_C(1) << 20)
#define GIB        (UINT64_C(1) << 30)
#define A_MINUTE   UINT64_C(60000000000)
#define FAILED     UINT64_C(16)
#define FEW_FAULTS 64u /* the test's own */

int __wrap_posix_fallocate(int fd, off_t at, off_t n);
int __wrap_posix_fallocate64(int fd, off_t at, off_t n);

int __wrap_posix_fallocate(int fd, off_t at, off_t n)
{
    (void)fd;
    (void)at;
    (void)n;
    return 0;
}

int __wrap_posix_fallocate64(int fd, off_t at, off_t n)
{
    return __wrap_posix_fallocate(fd, at, n);
}

static unsigned char big[MIB];

static void need(uint64_t memory)
{
    struct statvfs fs;

    CHECK_EQ(statvfs("/dev/shm", &fs), 0);
    if ((uint64_t)fs.f_bavail * fs.f_frsize < memory) {
        SKIP("/dev/shm is too small");
    }
    if (sizeof(void *) < 8) {
        SKIP("this process has too little address space");
    }
}

static uint64_t faults(void)
{
    struct rusage usage;

    CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
    return (uint64_t)usage.ru_minflt;
}

/* ---- both sides at once ---- */

struct sides {
    shmring_options options;
    shmring_atomic_u64 ready; /* a bit for each that stands at the start, and that has opened */
};

/* Waits until the other has come as far, or has failed. */
static void meet(struct sides *s, uint64_t bit, uint64_t both)
{
    uint64_t seen = shmring_fetch_or(&s->ready, bit) | bit;

    while ((seen & both) != both && (seen & FAILED) == 0) {
        (void)sched_yield();
        seen = shmring_load_acquire(&s->ready);
    }
}

static int send_one(void *arg)
{
    struct sides *s = arg;
    shmring_producer *p = NULL;
    int ok;

    meet(s, 1, 3);
    if (shmring_producer_open(&p, rig_name, &s->options) != SHMRING_OK) {
        printf("# the producer: %s\n", shmring_error_detail());
        (void)fflush(stdout);
        (void)shmring_fetch_or(&s->ready, FAILED);
        return 1;
    }
    meet(s, 4, 12); /* or the ring ends with the first */
    ok = shmring_send(p, big, 10000, 5, A_MINUTE) == SHMRING_OK &&
         shmring_try_send(p, big + 10000, 30000, 6) == SHMRING_OK;
    shmring_producer_close(p);
    return ok ? 0 : 2;
}

static int receive_one(void *arg)
{
    static unsigned char got[30000];
    struct sides *s = arg;
    shmring_consumer *c = NULL;
    int ok;

    meet(s, 2, 3);
    if (shmring_consumer_open(&c, rig_name, &s->options) != SHMRING_OK) {
        printf("# the consumer: %s\n", shmring_error_detail());
        (void)fflush(stdout);
        (void)shmring_fetch_or(&s->ready, FAILED);
        return 1;
    }
    meet(s, 8, 12);
    ok = shmring_recv(c, got, sizeof got, NULL, A_MINUTE) == SHMRING_OK &&
         memcmp(got, big, 10000) == 0 &&
         shmring_recv(c, got, sizeof got, NULL, A_MINUTE) == SHMRING_OK &&
         memcmp(got, big + 10000, 30000) == 0;
    shmring_consumer_close(c);
    return ok ? 0 : 2;
}

/* The second record lies across the end of the ring. */
static void open_both(uint64_t capacity, uint32_t flags, int made_before)
{
    struct sides *s = process_shared(sizeof *s);
    shmring_producer *p = NULL;
    int sender, receiver;
    size_t i;

    for (i = 0; i < sizeof big; i++) {
        big[i] = (unsigned char)(i * 7 + i / 256);
    }
    s->options = options_of(capacity);
    s->options.max_record = 32768;
    s->options.start_position = capacity - 20000;
    s->options.flags = flags;
    new_name();
    if (made_before) {
        s->options.lifetime = SHMRING_PERSISTENT;
        s->options.flags = SHMRING_NO_PREFAULT;
        CHECK_STATUS(shmring_producer_open(&p, rig_name, &s->options), SHMRING_OK);
        shmring_producer_close(p);
        s->options.flags = flags;
    }
    process_end_both(process_start(send_one, s), process_start(receive_one, s), &sender, &receiver);
    process_unshare(s, sizeof *s);
    if (made_before) {
        CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    }
    CHECK_EQ(sender, 0);
    CHECK_EQ(receiver, 0);
    CHECK(!is_there(rig_name));
}

static void shouldOpenASmallRingFromBothSidesAtOnce(void)
{
    open_both(KIB64, 0, 1);
    open_both(KIB64, 0, 0);
    open_both(KIB64, SHMRING_PREFAULT, 0);
    open_both(KIB64, SHMRING_NO_PREFAULT, 0);
}

static void shouldOpenARingOfOneGibFromBothSidesAtOnce(void)
{
    need(GIB + 64 * MIB);
    open_both(GIB, 0, 1);
    open_both(GIB, SHMRING_NO_PREFAULT, 0);
    open_both(GIB, SHMRING_PREFAULT, 1);
}

static void shouldOpenARingOfFourGibFromBothSidesAtOnce(void)
{
    need(600 * MIB);
    open_both(4 * GIB, 0, 1);
    open_both(4 * GIB, 0, 0);
    open_both(4 * GIB, SHMRING_NO_PREFAULT, 1);
}

/* The largest there is, of which nobody has the memory. */
static void shouldOpenARingOfOneTibWithoutItsPages(void)
{
    need(600 * MIB);
    open_both(UINT64_C(1) << 40, SHMRING_NO_PREFAULT, 1);
    open_both(UINT64_C(1) << 40, 0, 0);
}

/* ---- what is faulted in ---- */

#define SHADOW_FAULTS "a sanitizer faults in its shadow memory, too"

/* Opens a ring of 1 GiB at that position and sends n records of 1 MiB; the faults of that. */
static uint64_t faults_of(uint32_t flags, uint64_t start, uint32_t framing, uint64_t n)
{
    shmring_options o = options_of(GIB);
    shmring_producer *p = NULL;
    uint64_t before, i;

    o.flags = flags;
    o.start_position = start;
    o.framing = framing;
    o.max_record = framing == SHMRING_RECORDS ? (uint32_t)MIB : 0;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    memset(big, 1, sizeof big);
    before = faults();
    for (i = 0; i < n; i++) {
        if (framing == SHMRING_RECORDS) {
            CHECK_STATUS(shmring_try_send(p, big, (uint32_t)MIB - 8, 0), SHMRING_OK);
        } else {
            CHECK_EQ(shmring_try_write(p, big, MIB), MIB);
        }
    }
    before = faults() - before;
    shmring_producer_close(p);
    return before;
}

static void shouldFaultInWhatIsUsedNextAndNoMoreOfALargeRing(void)
{
    SKIP_IF_SANITIZED(SHADOW_FAULTS);
    need(600 * MIB);
    CHECK(faults_of(0, 0, SHMRING_RECORDS, 250) < FEW_FAULTS);
    CHECK(faults_of(0, 512 * MIB - 24, SHMRING_RECORDS, 250) < FEW_FAULTS);
    CHECK(faults_of(0, GIB - 100 * MIB - 8, SHMRING_RECORDS, 250) < FEW_FAULTS);
    CHECK(faults_of(0, GIB - 100 * MIB - 8, SHMRING_BYTES, 250) < FEW_FAULTS);
    CHECK(faults_of(0, 0, SHMRING_RECORDS, 280) > FEW_FAULTS / 16);
}

static void shouldFaultInNothingOrAllWhenItIsToldTo(void)
{
    SKIP_IF_SANITIZED(SHADOW_FAULTS);
    need(GIB + 64 * MIB);
    CHECK(faults_of(SHMRING_NO_PREFAULT, 0, SHMRING_RECORDS, 16) > FEW_FAULTS / 16);
    CHECK(faults_of(SHMRING_PREFAULT, 3 * MIB, SHMRING_RECORDS, 1023) < FEW_FAULTS);
    CHECK(faults_of(SHMRING_PREFAULT, 3 * MIB, SHMRING_BYTES, 1024) < FEW_FAULTS);
}

/* 67 million old records are not read by who opens: what it reads it would fault in, in pieces of
 * 64 KiB at the most. */
static void shouldOpenAFullOverwriteRingWithoutReadingItAll(void)
{
    shmring_options o = options_of(GIB);
    shmring_producer *p = NULL;
    uint64_t before, i;

    need(GIB + 64 * MIB);
    o.overflow = SHMRING_OVERWRITE;
    o.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    for (i = 0; i < GIB / 16 + 1000; i++) {
        CHECK_STATUS(shmring_try_send(p, &i, 8, 1), SHMRING_OK);
    }
    shmring_producer_close(p);
    o.flags = SHMRING_NO_PREFAULT;
    before = faults();
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_OK);
    CHECK(faults() - before < GIB / 65536 / 8);
    CHECK(GIB - (inspect().tail - inspect().evict) < GIB / 8);
    for (i = 0; i < 100000; i++) {
        CHECK_STATUS(shmring_try_send(p, &i, 8, 1), SHMRING_OK);
    }
    CHECK(GIB - (inspect().tail - inspect().evict) < GIB / 8);
    shmring_producer_close(p);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

/* Threads that fault in are no reason to fail: where there are none, the open does it alone. */
static int open_without_threads(void *arg)
{
    shmring_options o = options_of(GIB);
    shmring_producer *p = NULL;

    (void)arg;
    o.flags = SHMRING_PREFAULT;
    if (!refuse(SYS_clone, EAGAIN) || !refuse(SYS_clone3, EAGAIN)) {
        return 77;
    }
    if (shmring_producer_open(&p, rig_name, &o) != SHMRING_OK) {
        return 1;
    }
    memset(big, 1, sizeof big);
    if (shmring_try_send(p, big, MIB, 0) != SHMRING_OK) {
        return 2;
    }
    shmring_producer_close(p);
    return 0;
}

static void shouldFaultInAloneWhereItMayStartNoThread(void)
{
    int status;

    need(GIB + 64 * MIB);
    new_name();
    status = process_end(process_start(open_without_threads, NULL));
    if (status == 77) {
        SKIP("no seccomp filters here");
    }
    CHECK_EQ(status, 0);
    CHECK(!is_there(rig_name));
}

static void shouldRefuseToFaultInAllAndNothing(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;

    o.flags = SHMRING_PREFAULT | SHMRING_NO_PREFAULT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_E_INVALID);
    DETAIL_HAS("SHMRING_NO_PREFAULT");
    DETAIL_HAS(rig_name);
}

int main(void)
{
    RUN(shouldOpenASmallRingFromBothSidesAtOnce);
    RUN(shouldOpenARingOfOneGibFromBothSidesAtOnce);
    RUN(shouldOpenARingOfFourGibFromBothSidesAtOnce);
    RUN(shouldOpenARingOfOneTibWithoutItsPages);
    RUN(shouldFaultInWhatIsUsedNextAndNoMoreOfALargeRing);
    RUN(shouldFaultInNothingOrAllWhenItIsToldTo);
    RUN(shouldOpenAFullOverwriteRingWithoutReadingItAll);
    RUN(shouldFaultInAloneWhereItMayStartNoThread);
    RUN(shouldRefuseToFaultInAllAndNothing);
    return check_done();
}
