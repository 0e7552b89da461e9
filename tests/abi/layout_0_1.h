/* SPDX-License-Identifier: MIT */
/* layout_0_1.h - the structs of version 0.1.0, as a program has them that was compiled then. A
 * fixture: never changed. */
#ifndef SHMRING_TESTS_LAYOUT_0_1_H
#define SHMRING_TESTS_LAYOUT_0_1_H

#include <stdint.h>

#define OLD_ABI 1u /* it had no number, and hands in none; this stands for it */

struct old_options {
    uint32_t struct_size, open_mode;
    uint64_t capacity;
    uint32_t framing, overflow, lifetime, permissions, stamp, flags;
    uint64_t schema;
    uint32_t max_record, spin_ns;
    uint64_t start_position;
};

struct old_record {
    const void *data;
    uint32_t len;
    uint16_t type, flags;
    uint64_t stamp, position;
};

struct old_role_info {
    uint64_t pid, start_time, epoch;
    uint32_t state, alive, waiting, fences;
    char program[17], reserved[7];
};

struct old_info {
    char name[256];
    uint64_t capacity;
    uint32_t framing, overflow, lifetime, stamp, max_record, permissions;
    uint64_t owner, schema, created_ns, creator_pid, incarnation[2], huge_bytes;
    uint64_t tail, head, cursor, evict, used;
    uint32_t alive, removed;
    struct old_role_info producer, consumer;
    struct {
        uint64_t sent, received, rejected, gaps, high_water, recovered;
        uint64_t producer_stalls, producer_sleeps, producer_wakes;
        uint64_t consumer_stalls, consumer_sleeps, consumer_wakes;
        uint64_t lapped, lapped_bytes;
    } counters;
};

struct old_verdict {
    uint64_t records, bytes, gaps, position;
    uint32_t moving;
    char problem[200];
};

struct old_relax_state {
    uint64_t mark;
    uint32_t delay, unit;
};

struct old_producer {
    _Alignas(64) unsigned char *data;
    uint64_t mask, tail, limit;
    void *page, *bells;
    uint64_t word_bits, records;
    uint32_t record_header, max_record, stamp, fence;
    const void *peer;
    uint64_t capacity, head, byte_limit, kept_limit, batch_at, batch_word;
    uint32_t batch_count, reserved_len;
    uint64_t reserved, rejected, gap_before;
    uint32_t refused, framing;
    struct old_relax_state relax;
    int32_t status;
    uint32_t spin_ns;
    void *attachment;
};

struct old_consumer {
    _Alignas(64) const unsigned char *data;
    uint64_t mask, cursor, head;
    void *page, *bells;
    uint64_t records, head_step;
    uint32_t record_header, max_record, stamp, fence;
    const void *peer;
    uint64_t capacity;
    const unsigned char *bytes;
    uint64_t tail, peeked;
    uint32_t peeked_count, framing;
    uint64_t ignored_epoch, gaps, gap_at;
    struct old_relax_state relax;
    uint64_t interrupted;
    int32_t status;
    uint32_t spin_ns;
    void *attachment;
    uint32_t sizes[256];
};

#endif
