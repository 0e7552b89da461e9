/* SPDX-License-Identifier: MIT */
/* block_test.c - blocks of the bridge: there and back, and what others may send in their place. */
#include "bridge/block.h"

#include <stdlib.h>
#include <string.h>

#include "../support/check.h"

#define ROOM 4096u

static void start(struct block *b, uint32_t stamp)
{
    CHECK(block_start(b, ROOM));
    b->head.incarnation[0] = UINT64_C(0x0123456789ABCDEF);
    b->head.incarnation[1] = UINT64_C(0xFEDCBA9876543210);
    b->head.capacity = 1u << 20;
    b->head.max_record = 1u << 18;
    b->head.stamp = stamp;
    b->head.schema = 42;
    block_clear(b, 4096, 80);
}

/* Records of 0, 1, 2 ... bytes; returns the bytes of the block. */
static size_t fill(struct block *b, uint32_t count)
{
    uint32_t i, room;

    for (i = 0; i < count; i++) {
        shmring_record r = {0};

        memset(block_place(b, &room), (int)i, i);
        CHECK(room >= i);
        r.len = i;
        r.type = (uint16_t)(i + 7);
        r.flags = i == 3 ? SHMRING_FLAG_GAP : 0;
        r.stamp = i + 1000;
        block_take(b, &r, b->head.next + i + 8);
    }
    block_leave_out(b, b->head.next + 100);
    return block_finish(b);
}

static void there_and_back(uint32_t stamp)
{
    struct block b;
    struct block_head h;
    shmring_record r;
    size_t n, at = BLOCK_HEADER;
    uint32_t i, k;

    start(&b, stamp);
    n = fill(&b, 40);
    CHECK(n % 8 == 0 && block_check(b.bytes, n, &h) == NULL);
    CHECK(h.count == 40 && h.left_out == 1 && h.first == 4096 && h.lost == 80 && h.schema == 42);
    CHECK(h.incarnation[1] == b.head.incarnation[1] && h.capacity == 1u << 20 &&
          h.next == b.head.next);
    for (i = 0; i < h.count; i++) {
        block_next(b.bytes, &h, &at, &r);
        CHECK(r.len == i && r.type == i + 7 && (r.flags == SHMRING_FLAG_GAP) == (i == 3));
        CHECK(r.stamp == (stamp != 0 ? i + 1000 : 0));
        for (k = 0; k < r.len; k++) {
            CHECK(((const unsigned char *)r.data)[k] == i);
        }
    }
    CHECK(at == n);
    block_end(&b);
}

static void shouldGiveBackWhatWasPutIn(void)
{
    there_and_back(SHMRING_STAMP_NONE);
    there_and_back(SHMRING_STAMP_TSC);
}

static void shouldSayHowMuchFits(void)
{
    struct block b;
    shmring_record r = {0};
    uint32_t room, n = 0;

    start(&b, SHMRING_STAMP_NONE);
    (void)block_place(&b, &room);
    CHECK(room == ROOM - BLOCK_HEADER - 8);
    for (r.len = 100; block_place(&b, &room) != NULL && room >= r.len; n++) {
        block_take(&b, &r, 0);
    }
    CHECK(n == (ROOM - BLOCK_HEADER) / 112 && b.head.size <= ROOM);
    block_end(&b);
}

static void shouldNoticeEachChangedBit(void)
{
    struct block b;
    struct block_head h;
    size_t n, bit;

    start(&b, SHMRING_STAMP_MONOTONIC);
    n = fill(&b, 10);
    for (bit = 0; bit < n * 8; bit++) {
        if (bit / 8 == 6 || bit / 8 == 7) {
            continue; /* two bytes that are 0 so far: seen by the sum below */
        }
        b.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        CHECK(block_check(b.bytes, n, &h) != NULL);
        b.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    b.bytes[6] = 1;
    CHECK(block_check(b.bytes, n, &h) != NULL);
    block_end(&b);
}

static void shouldRefuseEachCut(void)
{
    struct block b;
    struct block_head h;
    size_t n, k;
    unsigned char *exact;

    start(&b, SHMRING_STAMP_NONE);
    n = fill(&b, 20);
    for (k = 0; k < n; k++) { /* in memory of that size: nothing behind it is read */
        exact = malloc(k + (k == 0));
        memcpy(exact, b.bytes, k);
        CHECK(block_check(exact, k, &h) != NULL);
        free(exact);
    }
    CHECK(block_check(b.bytes, n + 8, &h) != NULL);
    block_end(&b);
}

/* A writer that means ill: the sum is right, the rest is not. */
static void shouldReadNothingOutsideABlockWhoseSumIsRight(void)
{
    struct block b;
    struct block_head h;
    shmring_record r;
    size_t n, at;
    uint32_t i, round, refused = 0;
    uint64_t random = 88172645463325252u;
    unsigned char *exact;

    for (round = 0; round < 20000; round++) {
        start(&b, round % 3);
        n = fill(&b, 1 + round % 20);
        for (i = 0; i < 3; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            b.bytes[BLOCK_HEADER + random % (n - BLOCK_HEADER)] = (unsigned char)(random >> 56);
        }
        b.head.count += (uint32_t)(random >> 8) % 2;
        n = block_finish(&b);
        exact = malloc(n);
        memcpy(exact, b.bytes, n);
        if (block_check(exact, n, &h) == NULL) {
            for (i = 0, at = BLOCK_HEADER; i < h.count; i++) {
                block_next(exact, &h, &at, &r);
                CHECK((const unsigned char *)r.data + r.len <= exact + n);
            }
        } else {
            refused++;
        }
        free(exact);
        block_end(&b);
    }
    CHECK(refused > 1000);
}

static void shouldSayWhatIsNoBlock(void)
{
    struct block b;
    struct block_head h;
    size_t n;

    start(&b, SHMRING_STAMP_NONE);
    n = fill(&b, 1);
    CHECK(strcmp(block_check((const unsigned char *)"hello", 5, &h),
                 "it is not a block of records") == 0);
    b.bytes[4] = 9;
    CHECK(strcmp(block_check(b.bytes, n, &h), "it is a block of another version") == 0);
    block_end(&b);
}

int main(void)
{
    RUN(shouldGiveBackWhatWasPutIn);
    RUN(shouldSayHowMuchFits);
    RUN(shouldNoticeEachChangedBit);
    RUN(shouldRefuseEachCut);
    RUN(shouldReadNothingOutsideABlockWhoseSumIsRight);
    RUN(shouldSayWhatIsNoBlock);
    return check_done();
}
