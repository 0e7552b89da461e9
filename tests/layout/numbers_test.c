/* SPDX-License-Identifier: MIT */
/* numbers_test.c - layout v1 as plain numbers. A number that changes here is a new layout version,
 * not a new number: rings of both versions meet in one memory. The same on every machine. */
#include <shmring/shmring.h>

#include "../support/check.h"

#define AT(type, field, offset, size)                                                              \
    do {                                                                                           \
        CHECK_EQ(offsetof(struct type, field), offset);                                            \
        CHECK_EQ(sizeof(((struct type *)0)->field), size);                                         \
    } while (0)

static void shouldKeepTheGroupsWhereTheyAre(void)
{
    CHECK_EQ(SHMRING_GEOMETRY_AT, 0);
    CHECK_EQ(SHMRING_PRODUCER_AT, 16384);
    CHECK_EQ(SHMRING_CONSUMER_AT, 32768);
    CHECK_EQ(SHMRING_DOORBELL_AT, 49152);
    CHECK_EQ(SHMRING_HEADER_SIZE, 65536);
    CHECK_EQ(SHMRING_PAGE_GROUP, 16384);
    CHECK_EQ(SHMRING_LAYOUT_VERSION, 1);
    CHECK_EQ(SHMRING_MAGIC, INT64_C(3550892908025301075)); /* "SHMRING1" */
    CHECK_EQ(SHMRING_CAPACITY_MIN, 65536);
    CHECK_EQ(SHMRING_CAPACITY_MAX, INT64_C(1099511627776));
    CHECK_EQ(SHMRING_CAPACITY_DEFAULT, 1048576);
    CHECK_EQ(SHMRING_RECORD_LIMIT, INT64_C(4294967264));
    CHECK_EQ(SHMRING_NAME_SIZE, 256);
    CHECK_EQ(SHMRING_HISTOGRAM_BUCKETS, 1408);
    CHECK_EQ(SHMRING_DESCRIPTION_AT, 1024);
    CHECK_EQ(SHMRING_DESCRIPTION_MAX, 15360);
    CHECK_EQ(SHMRING_COMPAT_DESCRIPTION, 1);
    CHECK_EQ(sizeof(struct shmring_geometry_page), 472);
    CHECK_EQ(sizeof(struct shmring_producer_page), 16384);
    CHECK_EQ(sizeof(struct shmring_consumer_page), 16384);
    CHECK_EQ(sizeof(struct shmring_doorbell_page), 16384);
    CHECK_EQ(sizeof(struct shmring_role_block), 64);
    CHECK_EQ(sizeof(shmring_atomic_u64), 8);
    CHECK_EQ(_Alignof(shmring_atomic_u64), 8);
}

static void shouldKeepTheGeometry(void)
{
    AT(shmring_geometry_page, magic, 0, 8);
    AT(shmring_geometry_page, version, 8, 4);
    AT(shmring_geometry_page, header_size, 12, 4);
    AT(shmring_geometry_page, capacity, 16, 8);
    AT(shmring_geometry_page, framing, 24, 4);
    AT(shmring_geometry_page, overflow, 28, 4);
    AT(shmring_geometry_page, lifetime, 32, 4);
    AT(shmring_geometry_page, stamp, 36, 4);
    AT(shmring_geometry_page, max_record, 40, 4);
    AT(shmring_geometry_page, record_header, 44, 4);
    AT(shmring_geometry_page, schema, 48, 8);
    AT(shmring_geometry_page, features, 56, 8);
    AT(shmring_geometry_page, features_compat, 64, 8);
    AT(shmring_geometry_page, incarnation, 72, 16);
    AT(shmring_geometry_page, created_ns, 88, 8);
    AT(shmring_geometry_page, creator_pid, 96, 4);
    AT(shmring_geometry_page, permissions, 100, 4);
    AT(shmring_geometry_page, start_position, 104, 8);
    AT(shmring_geometry_page, stamp_hz, 112, 8);
    AT(shmring_geometry_page, stamp_base_tick, 120, 8);
    AT(shmring_geometry_page, stamp_base_ns, 128, 8);
    AT(shmring_geometry_page, huge_bytes, 136, 8);
    AT(shmring_geometry_page, description_at, 144, 4);
    AT(shmring_geometry_page, description_size, 148, 4);
    AT(shmring_geometry_page, description_hash, 152, 8);
    AT(shmring_geometry_page, yields, 160, 4);
    AT(shmring_geometry_page, reserved, 168, 48);
    AT(shmring_geometry_page, name, 216, 256);
}

static void shouldKeepTheRoleBlock(void)
{
    AT(shmring_role_block, pid, 0, 8);
    AT(shmring_role_block, start_time, 8, 8);
    AT(shmring_role_block, epoch, 16, 8);
    AT(shmring_role_block, state, 24, 8);
    AT(shmring_role_block, capability, 32, 8);
    AT(shmring_role_block, ended_epoch, 40, 8);
    AT(shmring_role_block, program, 48, 16);
    CHECK_EQ(SHMRING_ROLE_NONE, 0);
    CHECK_EQ(SHMRING_ROLE_ATTACHED, 1);
    CHECK_EQ(SHMRING_ROLE_CLOSED, 2);
    CHECK_EQ(SHMRING_CAP_MEMBARRIER, 1);
    CHECK_EQ(SHMRING_CAP_FENCES, 2);
}

static void shouldKeepTheProducersPage(void)
{
    AT(shmring_producer_page, tail, 128, 8);
    AT(shmring_producer_page, records, 136, 8);
    AT(shmring_producer_page, evict, 256, 8);
    AT(shmring_producer_page, role, 384, 64);
    AT(shmring_producer_page, rejected, 512, 8);
    AT(shmring_producer_page, stalls, 520, 8);
    AT(shmring_producer_page, sleeps, 528, 8);
    AT(shmring_producer_page, wakes, 536, 8);
    AT(shmring_producer_page, high_water, 544, 8);
    AT(shmring_producer_page, recovered, 552, 8);
    AT(shmring_producer_page, notes, 640, 128);
    AT(shmring_note_slot, at, 0, 8);
    AT(shmring_note_slot, number, 8, 8);
    AT(shmring_note_slot, words, 16, 48);
}

static void shouldKeepTheConsumersPage(void)
{
    AT(shmring_consumer_page, head, 640, 8);
    AT(shmring_consumer_page, cursor, 768, 8);
    AT(shmring_consumer_page, records, 776, 8);
    AT(shmring_consumer_page, role, 896, 64);
    AT(shmring_consumer_page, stalls, 1024, 8);
    AT(shmring_consumer_page, sleeps, 1032, 8);
    AT(shmring_consumer_page, wakes, 1040, 8);
    AT(shmring_consumer_page, gaps, 1048, 8);
    AT(shmring_consumer_page, lapped, 1056, 8);
    AT(shmring_consumer_page, lapped_bytes, 1064, 8);
    AT(shmring_consumer_page, histogram, 4096, 11264);
}

static void shouldKeepTheDoorbells(void)
{
    AT(shmring_doorbell_page, consumer_bell, 1152, 8);
    AT(shmring_doorbell_page, producer_bell, 1280, 8);
    AT(shmring_doorbell_page, producer_want, 1288, 8);
    AT(shmring_doorbell_page, lifecycle, 1408, 8);
    CHECK_EQ(SHMRING_BELL_ASLEEP, 1);
    CHECK_EQ(SHMRING_BELL_POLLED, 2);
    CHECK_EQ(SHMRING_BELL_FENCE, INT64_C(4294967296));
    CHECK_EQ(SHMRING_LIFE_REMOVED, 1);
}

static void shouldKeepTheRecordWord(void)
{
    CHECK_EQ(SHMRING_WORD_LENGTH, INT64_C(0xFFFFFFFF));
    CHECK_EQ(SHMRING_WORD_TYPE_AT, 32);
    CHECK_EQ(SHMRING_WORD_FLAGS_AT, 48);
    CHECK_EQ(SHMRING_WORD_GAP, INT64_C(1) << 48);
    CHECK_EQ(SHMRING_WORD_COMMITTED, INT64_MIN);
    CHECK_EQ(SHMRING_WORD_RESERVED, INT64_C(0x7FFE000000000000));
    /* Every bit has one meaning. */
    CHECK_EQ(SHMRING_WORD_LENGTH | UINT64_C(0xFFFF) << 32 | SHMRING_WORD_GAP |
                 SHMRING_WORD_RESERVED | SHMRING_WORD_COMMITTED,
             -1);
    CHECK_EQ(SHMRING_WORD_SIZE, 8);
    CHECK_EQ(SHMRING_STAMP_SIZE, 8);
    CHECK_EQ(SHMRING_FLAG_GAP, 1);
    CHECK_EQ(shmring_record_size(8, 0), 8);
    CHECK_EQ(shmring_record_size(8, 1), 16);
    CHECK_EQ(shmring_record_size(8, 8), 16);
    CHECK_EQ(shmring_record_size(8, 9), 24);
    CHECK_EQ(shmring_record_size(16, 0), 16);
    CHECK_EQ(shmring_record_size(8, UINT32_MAX), INT64_C(4294967304)); /* no 32-bit wrap */
}

static void shouldKeepHotWordsOfDifferentSidesApart(void)
{
    const unsigned at[] = {0x080, 0x100, 0x180, 0x280, 0x300, 0x380, 0x480, 0x500};
    size_t i;

    for (i = 1; i < sizeof at / sizeof at[0]; i++) { /* modulo 4096, and 128 bytes apart */
        CHECK(at[i] / 128 != at[i - 1] / 128);
    }
    CHECK_EQ(offsetof(struct shmring_producer_page, tail), at[0]);
    CHECK_EQ(offsetof(struct shmring_producer_page, evict), at[1]);
    CHECK_EQ(offsetof(struct shmring_producer_page, role), at[2]);
    CHECK_EQ(offsetof(struct shmring_consumer_page, head), at[3]);
    CHECK_EQ(offsetof(struct shmring_consumer_page, cursor), at[4]);
    CHECK_EQ(offsetof(struct shmring_consumer_page, role), at[5]);
    CHECK_EQ(offsetof(struct shmring_doorbell_page, consumer_bell), at[6]);
    CHECK_EQ(offsetof(struct shmring_doorbell_page, producer_bell), at[7]);
}

static void shouldKeepTheNumbersOfThePublicConstants(void)
{
    CHECK_EQ(SHMRING_OPEN_OR_CREATE, 0);
    CHECK_EQ(SHMRING_CREATE_ONLY, 1);
    CHECK_EQ(SHMRING_OPEN_ONLY, 2);
    CHECK_EQ(SHMRING_RECORDS, 0);
    CHECK_EQ(SHMRING_BYTES, 1);
    CHECK_EQ(SHMRING_REJECT, 0);
    CHECK_EQ(SHMRING_OVERWRITE, 1);
    CHECK_EQ(SHMRING_UNTIL_LAST_CLOSE, 0);
    CHECK_EQ(SHMRING_PERSISTENT, 1);
    CHECK_EQ(SHMRING_STAMP_NONE, 0);
    CHECK_EQ(SHMRING_STAMP_MONOTONIC, 1);
    CHECK_EQ(SHMRING_STAMP_TSC, 2);
    CHECK_EQ(SHMRING_LAPPED, 6);
    CHECK_EQ(SHMRING_E_INVALID, -1);
    CHECK_EQ(SHMRING_E_OS, -15);
    CHECK_EQ(offsetof(shmring_options, capacity), 8);
    CHECK_EQ(offsetof(shmring_options, framing), 16);
    CHECK_EQ(offsetof(shmring_options, schema), 40);
    CHECK_EQ(offsetof(shmring_options, spin_ns), 52);
    CHECK_EQ(offsetof(shmring_options, start_position), 56);
}

int main(void)
{
    RUN(shouldKeepTheGroupsWhereTheyAre);
    RUN(shouldKeepTheGeometry);
    RUN(shouldKeepTheRoleBlock);
    RUN(shouldKeepTheProducersPage);
    RUN(shouldKeepTheConsumersPage);
    RUN(shouldKeepTheDoorbells);
    RUN(shouldKeepTheRecordWord);
    RUN(shouldKeepHotWordsOfDifferentSidesApart);
    RUN(shouldKeepTheNumbersOfThePublicConstants);
    return check_done();
}
