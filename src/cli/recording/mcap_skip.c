/* SPDX-License-Identifier: MIT */
/* mcap_skip.c - finds the way out of a damaged place of an MCAP file: to the next chunk whose
 * checksum agrees, or to the end. */
#include <string.h>

#include "recording/compress.h"
#include "recording/mcap_reader.h"

#define ENOUGH (UINT64_C(256) << 20) /* bytes whose checksums are tried, at first */

int mcap_looks_like_record(const unsigned char *at, uint64_t *ret_length)
{
    struct view v = {at, MCAP_HEAD, 0};
    const uint64_t kind = view_number(&v, 1);

    *ret_length = view_number(&v, 8);
    return kind != 0 && *ret_length <= MCAP_LONGEST &&
           (kind <= MCAP_IS_DATA_END || kind >= MCAP_LEAST_OWN);
}

int mcap_is_end(const unsigned char *at, size_t n)
{
    static const unsigned char head[MCAP_HEAD] = {MCAP_IS_FOOTER, MCAP_FOOTER};

    return n >= MCAP_HEAD + MCAP_FOOTER + MCAP_MAGIC_SIZE && memcmp(at, head, MCAP_HEAD) == 0 &&
           memcmp(at + MCAP_HEAD + MCAP_FOOTER, MCAP_MAGIC, MCAP_MAGIC_SIZE) == 0;
}

/* Whether a whole chunk is at the window's start. *budget: the bytes that may be looked at for it,
 * lest a file of false beginnings takes for ever. 1, 0, -1. */
static int is_whole_chunk(struct mcap_reader *r, uint64_t *budget)
{
    struct mcap_chunk_head head;
    uint64_t length;
    int64_t n = mcap_need(r, MCAP_HEAD + MCAP_CHUNK + sizeof head.name);
    int whole;

    if (n < (int64_t)(MCAP_HEAD + MCAP_CHUNK)) {
        return n < 0 ? -1 : 0;
    }
    if (!mcap_looks_like_record(r->buffer + r->at, &length) || length < MCAP_CHUNK ||
        !mcap_read_head(mcap_window(r, MCAP_HEAD, (size_t)n - MCAP_HEAD), length, &head) ||
        head.crc == 0 || head.compression < 0 ||
        !compress_can((enum mcap_compression)head.compression) || length + head.size > *budget) {
        return 0;
    }
    *budget -= length + head.size;
    n = mcap_need(r, MCAP_HEAD + length);
    if (n < (int64_t)(MCAP_HEAD + length)) {
        return n < 0 ? -1 : 0;
    }
    if (!mcap_read_head(mcap_window(r, MCAP_HEAD, (size_t)length), length, &head)) {
        return 0;
    }
    whole = mcap_unpack(r, &head);
    r->chunk.left = 0; /* it is read again when it is its turn */
    return whole;
}

int mcap_skip(struct mcap_reader *r, int was_cut)
{
    uint64_t budget = ENOUGH, passed = 0;
    const unsigned char *found;
    int64_t n;
    int whole = 0;

    while (!whole) {
        n = mcap_need(r, MCAP_HEAD + MCAP_FOOTER + MCAP_MAGIC_SIZE);
        if (n <= 1) {
            mcap_go_on(r, n > 0 ? (size_t)n : 0);
            passed += n > 0 ? (uint64_t)n : 0;
            break;
        }
        mcap_go_on(r, 1);
        found = r->buffer + r->at;
        while (found < r->buffer + r->end && *found != MCAP_IS_CHUNK && *found != MCAP_IS_FOOTER) {
            found++;
        }
        n = found - (r->buffer + r->at);
        mcap_go_on(r, (size_t)n);
        passed += (uint64_t)n + 1;
        budget += 4 * (uint64_t)n + 4;
        n = mcap_need(r, MCAP_HEAD + MCAP_FOOTER + MCAP_MAGIC_SIZE);
        if (n > 0 && mcap_is_end(r->buffer + r->at, (size_t)n)) {
            whole = 1;
        } else if (n > 0 && r->buffer[r->at] == MCAP_IS_CHUNK) {
            whole = is_whole_chunk(r, &budget);
        }
        if (n < 0 || whole < 0) {
            return -1;
        }
    }
    if (whole || !was_cut) {
        r->damaged_places++;
        r->skipped_bytes += passed;
    } else {
        r->cut_bytes += passed;
    }
    return whole;
}

int mcap_pass_damaged(struct mcap_reader *r, uint64_t length)
{
    const int64_t n = mcap_need(r, 2 * MCAP_HEAD + length);
    struct mcap_chunk_head head;
    uint64_t next;

    if (n >= (int64_t)(2 * MCAP_HEAD + length) && r->buffer[r->at] == MCAP_IS_CHUNK &&
        mcap_read_head(mcap_window(r, MCAP_HEAD, (size_t)length), length, &head) &&
        mcap_looks_like_record(r->buffer + r->at + MCAP_HEAD + length, &next)) {
        r->damaged_places++;
        r->skipped_bytes += MCAP_HEAD + length;
        mcap_go_on(r, (size_t)(MCAP_HEAD + length));
        return 1;
    }
    return n < 0 ? -1 : mcap_skip(r, 0);
}
