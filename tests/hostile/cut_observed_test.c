/* SPDX-License-Identifier: MIT */
/* cut_observed_test.c - a ring's file is cut short under an observer: no answer shows zeros that
 * nobody sent, and the end is told for good. cut_test.c has the two sides.
 */
#define _GNU_SOURCE
#include "../support/rig_linux.h"

#include "../support/process.h"

#define SIZE (SHMRING_HEADER_SIZE + KIB64)

struct watched_cut {
    const char *name;
    uint64_t size;
    uint32_t framing, stamp, len;
    uint64_t start; /* where zeros in place of positions are a lap ahead */
    int where;      /* SHMRING_OLDEST; SHMRING_NEWEST: nothing is there to read */
};

/* Watches a ring that is cut: each answer is of what was sent, until the end is told for good. */
static int watch_a_cut(void *arg)
{
    const struct watched_cut *cut = arg;
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_observer *observer = NULL;
    shmring_status status = SHMRING_OK;
    static char sent[16000], got[16000];
    uint64_t end = now_ns() + 60000 * MS;
    shmring_record r = {0};
    uint32_t i;

    o.framing = cut->framing;
    o.stamp = cut->stamp;
    o.start_position = cut->start;
    memset(sent, 'x', sizeof sent);
    if (shmring_guard() != SHMRING_OK || shmring_producer_open(&p, cut->name, &o) != SHMRING_OK) {
        return 2;
    }
    for (i = 0; i < 3; i++) {
        (void)shmring_try_send(p, sent, cut->len, 1);
        (void)shmring_try_write(p, sent, cut->len);
    }
    if (shmring_observer_open(&observer, cut->name, NULL) != SHMRING_OK ||
        shmring_observer_seek(observer, cut->where) != SHMRING_OK ||
        truncate(path_of(cut->name), (off_t)cut->size) != 0) {
        return 3;
    }
    while (status >= 0 && now_ns() < end) {
        status = shmring_observe(observer, got, cut->len, &r);
        if (status == SHMRING_LAPPED) {
            printf("# cut to %" PRIu64 ", framing %" PRIu32 ": lapped\n", cut->size, cut->framing);
            return 6;
        }
        for (i = 0; status == SHMRING_OK && i < r.len; i++) {
            if (got[i] != 'x') {
                printf("# cut to %" PRIu64 ", framing %" PRIu32 ": byte %" PRIu32 " is %d\n",
                       cut->size, cut->framing, i, got[i]);
                return 4;
            }
        }
    }
    for (i = 0; i < 3; i++) {
        if (status != SHMRING_E_CORRUPT || strstr(shmring_error_detail(), "cut its file") == NULL) {
            printf("# cut to %" PRIu64 ", framing %" PRIu32 ": the observer says %s: %s\n",
                   cut->size, cut->framing, shmring_status_text(status), shmring_error_detail());
            return 5;
        }
        status = i == 0 ? shmring_observer_seek(observer, SHMRING_OLDEST)
                        : shmring_observer_wait(observer, SHMRING_FOREVER);
    }
    shmring_observer_close(observer);
    shmring_producer_close(p);
    return 0;
}

static void shouldTellAnObserverOfARingThatIsCutShort(void)
{
    const uint64_t sizes[] = {0, 0x4000, 0x8000, 0xC000, 0x10000, 0x11000, 0x14000, 0x1F000};
    struct watched_cut cut = {NULL, 0, 0, 0, 16000, 0, SHMRING_OLDEST};
    size_t i;

    for (i = 0; i < 8 * sizeof sizes / sizeof sizes[0]; i++) {
        cut.size = sizes[i / 8];
        cut.framing = i % 2;
        cut.stamp = i % 2 == 0 && i % 8 > 3 ? SHMRING_STAMP_MONOTONIC : SHMRING_STAMP_NONE;
        cut.start = i % 8 > 3 ? UINT64_C(0xFFFFFFFFFFFFF000) : 0;
        cut.where = i % 4 > 1 ? SHMRING_NEWEST : SHMRING_OLDEST;
        cut.name = new_name();
        CHECK_EQ(in_child(watch_a_cut, &cut), 0);
    }
}

/* In the middle of three records of 40 bytes, and of their words: nobody faults. */
static void shouldNotShowAnObserverTheZerosBehindACut(void)
{
    struct watched_cut cut = {NULL, 0, 0, 0, 40, 0, SHMRING_OLDEST};
    uint64_t size;

    for (size = 1; size < 150; size += 7) {
        cut.size = SHMRING_HEADER_SIZE + size;
        cut.framing = (uint32_t)(size / 7 % 2);
        cut.stamp = size / 14 % 2 == 1 && cut.framing == SHMRING_RECORDS ? SHMRING_STAMP_MONOTONIC
                                                                         : SHMRING_STAMP_NONE;
        cut.name = new_name();
        CHECK_EQ(in_child(watch_a_cut, &cut), 0);
    }
}

/* Within its last page: nobody faults, and who finds nothing asks. */
static void shouldTellAnObserverOfACutThatFaultsNobody(void)
{
    struct pair pair = open_small_pair();
    uint64_t end = now_ns() + 60000 * MS;
    shmring_observer *o = NULL;
    shmring_status status;
    char byte;

    CHECK_STATUS(shmring_observer_open(&o, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_observe(o, &byte, 1, NULL), SHMRING_EMPTY);
    CHECK_EQ(truncate(path_of(rig_name), (off_t)SIZE - 8), 0);
    do {
        status = shmring_observe(o, &byte, 1, NULL);
    } while (status == SHMRING_EMPTY && now_ns() < end);
    CHECK_STATUS(status, SHMRING_E_CORRUPT);
    DETAIL_HAS("cut its file");
    shmring_observer_close(o);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    (void)unlink(path_of(rig_name));
}

int main(void)
{
    RUN(shouldTellAnObserverOfARingThatIsCutShort);
    RUN(shouldNotShowAnObserverTheZerosBehindACut);
    RUN(shouldTellAnObserverOfACutThatFaultsNobody);
    return check_done();
}
