/* SPDX-License-Identifier: MIT */
/* claim_test.c - lines that the producer claims ahead: when it does, which, and that no record
 * notices. */
#include "../support/rig.h"
#include "ring/claim.h"

#define MANY 40000u

/* Whether the counter has ticked between any two readings. */
#if defined(__x86_64__) || defined(__i386__)
#define ALWAYS_TICKS 1
#else
#define ALWAYS_TICKS 0
#endif

static shmring_producer *p;
static shmring_consumer *c;
static uint64_t first; /* position of the ring */

static void open_claimer(uint64_t capacity)
{
    shmring_options o = options_of(capacity);

    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    first = p->tail;
}

static void close_claimer(void)
{
    shmring_producer_close(p);
    shmring_consumer_close(c);
}

/* Sends and receives n records of that length, some in the ring all the time. */
static void pass(uint32_t n, uint32_t len)
{
    unsigned char sent[4096], got[4096];
    shmring_record record;
    uint32_t i, in = 0;

    for (i = 0; i < n; i++) {
        memset(sent, (int)(i % 251) + 1, len);
        while (shmring_try_send(p, sent, len, (uint16_t)i) != SHMRING_OK) {
            shmring_producer_retry(p);
            memset(sent, (int)(in % 251) + 1, len);
            CHECK_STATUS(shmring_try_recv(c, got, sizeof got, &record), SHMRING_OK);
            CHECK(record.len == len && record.type == (uint16_t)in && memcmp(got, sent, len) == 0);
            in++;
            memset(sent, (int)(i % 251) + 1, len);
        }
    }
    for (; in < n; in++) {
        memset(sent, (int)(in % 251) + 1, len);
        CHECK_STATUS(shmring_try_recv(c, got, sizeof got, &record), SHMRING_OK);
        CHECK(record.len == len && record.type == (uint16_t)in && memcmp(got, sent, len) == 0);
    }
    CHECK_STATUS(shmring_try_recv(c, got, sizeof got, &record), SHMRING_EMPTY);
}

/* Whether the lines between tail and the end of the claim are 0, some of which were not. The claim
 * may be behind tail: too little was free since. */
static int claimed_lines_are_zero(void)
{
    const uint64_t ahead = p->claimed - p->tail;
    uint64_t at = 64 - (p->tail + 8) % 64 + 8;

    for (; ahead <= p->capacity && at < ahead; at++) {
        if (p->data[(p->tail + at) & p->mask] != 0) {
            return 0;
        }
    }
    return 1;
}

static void shouldClaimNoByteOfARecord(void)
{
    static const uint32_t lengths[] = {0, 1, 8, 56, 64, 100, 256, 1000, 4096};
    uint32_t i;

    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        open_claimer(i % 2 == 0 ? KIB64 : 4 * KIB64);
        p->claims = SHMRING_CLAIMS_ALWAYS;
        pass(MANY, lengths[i]);
        CHECK(p->claimed != first && claimed_lines_are_zero());
        CHECK_STATUS(shmring_verify(rig_name, &(shmring_verdict){0}), SHMRING_OK);
        close_claimer();
    }
}

static void shouldClaimOnlyWhereTheConsumerIsFar(void)
{
    open_claimer(KIB64);
    p->far_ticks = 0; /* no load is looked at: what is set here stays */
    p->far_loads = 0;
    pass(MANY, 64);
    CHECK(p->claiming == 0 && p->claimed == first);
    p->far_loads = SHMRING_FAR_FROM;
    pass(MANY, 64);
    CHECK(p->claiming == 1 && p->claimed != first);
    close_claimer();
}

static void shouldClaimNothingForLongRecords(void)
{
    open_claimer(4 * KIB64);
    p->far_ticks = 0;
    p->far_loads = SHMRING_FAR_FROM;
    pass(MANY / 4, 1000);
    CHECK(p->claiming == 0 && p->claimed == first);
    pass(MANY, 100);
    CHECK(p->claiming == 1);
    close_claimer();
}

/* A slow load now and then is an interrupt. */
static void shouldTakeSlowLoadsInARowForFar(void)
{
    shmring_atomic_u64 word;
    uint32_t i;

    open_claimer(KIB64);
    shmring_store_relaxed(&word, 7);
    p->far_ticks = 1; /* every load is slow */
    for (i = 1; i < 20; i++) {
        CHECK_EQ(shmr_claim_timed_load(p, &word), 7);
        CHECK(!ALWAYS_TICKS || p->far_loads == (i < SHMRING_FAR_MOST ? i : SHMRING_FAR_MOST));
    }
    p->far_ticks = UINT32_MAX; /* and none is */
    for (i = 1; i < 20; i++) {
        CHECK_EQ(shmr_claim_timed_load(p, &word), 7);
    }
    CHECK_EQ(p->far_loads, 0);
    close_claimer();
}

int main(void)
{
    RUN(shouldClaimNoByteOfARecord);
    RUN(shouldClaimOnlyWhereTheConsumerIsFar);
    RUN(shouldClaimNothingForLongRecords);
    RUN(shouldTakeSlowLoadsInARowForFar);
    return check_done();
}
