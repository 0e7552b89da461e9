/* SPDX-License-Identifier: MIT */
/* log.c - what was sent, and what it must look like when it is read. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rings.h"

uint64_t entry_size(const struct ring *r, uint32_t len)
{
    return shmring_record_size(r->header, len);
}

struct entry *entry_of(struct ring *r, uint64_t seq)
{
    return &r->log[seq % LOG];
}

/* Also of records that a call under way may have published, and behind the last of all. */
uint64_t seq_at(struct ring *r, uint64_t position)
{
    const uint64_t end = r->next > r->possible ? r->next : r->possible;
    uint64_t low = end > LOG - 2 ? end - (LOG - 2) : 0, high = end, middle;

    if (position == r->next_position) {
        return r->next;
    }
    while (low < high) {
        middle = low + (high - low) / 2;
        if (entry_of(r, middle)->position - position < UINT64_MAX / 2) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if (low < end) {
        return entry_of(r, low)->position == position ? low : UINT64_MAX;
    }
    return end != 0 && position ==
                           entry_of(r, end - 1)->position + entry_size(r, entry_of(r, end - 1)->len)
               ? end
               : UINT64_MAX;
}

/* ---- payloads ---- */

/* A payload looks like a row of committed records, so that who reads one as records goes on for a
 * while; and it differs from those of the laps before. */
static uint64_t pattern(uint64_t seq)
{
    uint64_t z = (seq + 1) * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return SHMRING_WORD_COMMITTED | (z >> 48) << SHMRING_WORD_TYPE_AT | (z >> 20 & 0x3F8);
}

void payload_make(unsigned char *to, uint64_t seq, uint32_t len)
{
    const uint64_t word = pattern(seq);
    uint32_t i;

    for (i = 0; i + 8 <= len; i += 8) {
        memcpy(to + i, &word, 8);
    }
    memcpy(to + i, &word, len - i);
}

void payload_check(const struct ring *r, const unsigned char *at, uint64_t seq, uint32_t len)
{
    const uint64_t word = pattern(seq);
    uint32_t i;

    for (i = 0; i < len; i += 8) {
        if (memcmp(at + i, &word, len - i < 8 ? len - i : 8) != 0) {
            found("record %" PRIu64 " of ring %" PRIu64 " is torn at byte %" PRIu64, seq,
                  (uint64_t)(r - rings), i);
        }
    }
}

void record_check(struct ring *r, uint64_t seq, const shmring_record *record,
                  const unsigned char *payload)
{
    const struct entry *e = entry_of(r, seq);
    const unsigned gap = (record->flags & SHMRING_FLAG_GAP) != 0 ? GAP_YES : GAP_NO;

    if (seq >= r->possible) {
        found("record %" PRIu64 " was read, and only %" PRIu64 " can be there", seq, r->possible,
              0);
    }
    if (record->position != e->position) {
        found("record %" PRIu64 " is said to be at %" PRIu64 " and is at %" PRIu64, seq,
              record->position, e->position);
    }
    if (record->len != e->len || record->type != e->type) {
        found("record %" PRIu64 " was read with length %" PRIu64 " and has %" PRIu64
              ", or its type differs",
              seq, record->len, e->len);
    }
    if (e->gap != GAP_EITHER && gap != e->gap) {
        found("record %" PRIu64 " was read with GAP %" PRIu64 ", which should be %" PRIu64, seq,
              gap, e->gap);
    }
    if (r->f.stamp == SHMRING_STAMP_MONOTONIC &&
        (record->stamp < e->from_ns || record->stamp > e->to_ns)) {
        found("record %" PRIu64 " has the time %" PRIu64 " and was sent from %" PRIu64 " on", seq,
              record->stamp, e->from_ns);
    }
    if (payload != NULL) {
        payload_check(r, payload, seq, record->len);
    }
}

/* ---- lengths ---- */

uint32_t length_of_next(struct ring *r)
{
    const uint32_t most = r->f.max_record;
    uint32_t len;

    switch (r->size_kind) {
    case 0:
        len = chance(17);
        break;
    case 1:
        len = chance(65);
        break;
    case 2:
        len = chance(2001);
        break;
    case 3:
        len = chance(most + 1);
        break;
    case 4:
        len = r->fixed_len;
        break;
    case 5:
        len = most - chance(17);
        break;
    default:
        len = one_in(2) ? chance(65) : one_in(5) ? chance(16001) : chance(2001);
        break;
    }
    return len < most ? len : most;
}

/* ---- accepting and refusing ---- */

/* A GAP tells of all that was refused and not yet reported. */
static uint8_t gap_of_next(const struct ring *r)
{
    return r->gap_unsure ? GAP_EITHER : r->rejected != r->reported ? GAP_YES : GAP_NO;
}

void entry_write(struct ring *r, uint32_t len, uint16_t type)
{
    struct entry *e = entry_of(r, r->next);

    e->position = r->next_position;
    e->len = len;
    e->type = type;
    e->gap = gap_of_next(r);
    e->from_ns = now_ns;
    e->to_ns = UINT64_MAX;
}

void entry_accept(struct ring *r)
{
    struct entry *e = entry_of(r, r->next);

    e->to_ns = now_ns;
    r->next++;
    r->next_position += entry_size(r, e->len);
    r->reported = r->rejected;
    r->last_full = FULL_NONE;
    r->gap_unsure = 0;
}

void batch_drop(struct ring *r)
{
    if (r->next != r->committed) {
        r->next_position = r->committed_position;
        r->next = r->possible = r->committed;
        r->reported = r->batch_reported;
        r->gap_unsure = r->batch_gap_unsure;
    }
}

void batch_begin(struct ring *r)
{
    r->batch_reported = r->reported;
    r->batch_gap_unsure = r->gap_unsure;
}

void refusal_count(struct ring *r, int last_full)
{
    r->rejected++;
    r->last_full = last_full;
}

void refusal_retract(struct ring *r)
{
    if (r->last_full != FULL_NONE) {
        r->last_full = FULL_NONE;
        r->rejected--;
    }
}

/* ---- what a call under way may have published ---- */

void flight_begin(struct ring *r, uint32_t more)
{
    r->possible = r->next + more;
}

void flight_end(struct ring *r)
{
    r->committed = r->possible = r->next;
    r->committed_position = r->next_position;
}

/* The word of a record that a dead producer left is whole or 0: the layout's promise. Below tail it
 * was there, and may be overwritten again. */
static int is_there(struct ring *r, uint64_t seq)
{
    const struct entry *e = entry_of(r, seq);
    const uint64_t tail = plain_load_relaxed_(&producer_page(r)->tail);
    const uint64_t word = ring_word(r, SHMRING_HEADER_SIZE + (e->position & (r->f.capacity - 1)));

    if (tail - e->position - 1 < UINT64_MAX / 2) {
        return 1;
    }
    if (word == 0) {
        return 0;
    }
    if ((word & ~SHMRING_WORD_GAP) !=
        (SHMRING_WORD_COMMITTED | (uint64_t)e->type << SHMRING_WORD_TYPE_AT | e->len)) {
        found("a producer died and left the word %#" PRIx64 " where record %" PRIu64 " of %" PRIu64
              " bytes was to be",
              word, seq, e->len);
    }
    return 1;
}

void flight_resolve(struct ring *r)
{
    const uint64_t staged_end = r->next;
    uint64_t there = r->committed;

    while (there < r->possible && is_there(r, there)) {
        entry_of(r, there)->to_ns =
            now_ns < entry_of(r, there)->to_ns ? now_ns : entry_of(r, there)->to_ns;
        there++;
    }
    if (there != r->committed && there < staged_end) {
        found("a producer died and left %" PRIu64 " records of a batch of %" PRIu64,
              there - r->committed, staged_end - r->committed, 0);
    }
    trace("%" PRIu64 " records of the dead producer's call are there", there - r->committed, 0, 0,
          0);
    r->next = r->committed;
    r->next_position = r->committed_position;
    while (r->next < there) {
        r->next_position =
            entry_of(r, r->next)->position + entry_size(r, entry_of(r, r->next)->len);
        r->next++;
    }
    if (r->released > there) {
        found("%" PRIu64 " records were read and the dead producer left %" PRIu64, r->released,
              there, 0);
    }
    flight_end(r);
}
