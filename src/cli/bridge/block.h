/* SPDX-License-Identifier: MIT */
/* block.h - records as one message of a stream: a header, then each record with a header of its
 * own. All numbers are little-endian; payloads are the bytes that lay in the ring.
 *
 *   header, 96 bytes                             record, a multiple of 8 bytes
 *     0  u32     magic, "SRB1"                     0  u32  length of the payload
 *     4  u16     version, 1                        4  u16  type
 *     6  u16     0                                 6  u16  flags: 1 GAP
 *     8  u64[2]  incarnation of the source ring    8  u64  stamp in ns, where `stamp` is not 0
 *    24  u64     first: position in that ring         payload, then zeros up to 8
 *    32  u64     next: position behind the last
 *    40  u32     count of records in the block
 *    44  u32     records of first..next that were left out on purpose
 *    48  u64     bytes of the ring that were lost in front of first
 *    56  u64     capacity of the source ring
 *    64  u32     max_record of the source ring
 *    68  u32     stamp of the source ring
 *    72  u64     schema of the source ring
 *    80  u64     hash of the source ring's description, 0: it has none
 *    88  u32     bytes of the whole block
 *    92  u32     CRC-32C of the block, with 0 in this place
 */
#ifndef SHMRING_SRC_CLI_BRIDGE_BLOCK_H
#define SHMRING_SRC_CLI_BRIDGE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include <shmring/shmring.h>

#define BLOCK_HEADER 96u

struct block_head {
    uint64_t incarnation[2];
    uint64_t first, next; /* positions in the source ring */
    uint32_t count, left_out;
    uint64_t lost; /* bytes in front of first */
    uint64_t capacity;
    uint32_t max_record, stamp;
    uint64_t schema, description_hash;
    uint32_t size; /* of the whole block */
};

/* ---- making one ---- */

struct block {
    struct block_head head;
    unsigned char *bytes;
    size_t room;
};

/* 1, or 0 where there is no memory. */
int block_start(struct block *b, size_t room);
void block_end(struct block *b);
/* Empties it; what the head says of the source ring stays. */
void block_clear(struct block *b, uint64_t first, uint64_t lost);
/* Where the next payload goes, and how many bytes of it fit. */
unsigned char *block_place(const struct block *b, uint32_t *ret_room);
/* Takes the record whose payload is there. next: the position behind it. */
void block_take(struct block *b, const shmring_record *r, uint64_t next);
/* Passes over a record. */
void block_leave_out(struct block *b, uint64_t next);
/* Writes the header. Returns the bytes of the block. */
size_t block_finish(struct block *b);

/* ---- reading one, which anybody may have written ---- */

/* Reads a header alone. NULL, or what is wrong. */
const char *block_read_head(const unsigned char *bytes, size_t n, struct block_head *ret);
/* Checks the whole: NULL, or what is wrong. After NULL all records can be read. */
const char *block_check(const unsigned char *bytes, size_t n, struct block_head *ret);
/* The record at *at, which begins as BLOCK_HEADER, of a block that was checked. */
void block_next(const unsigned char *bytes, const struct block_head *head, size_t *at,
                shmring_record *ret);

#endif
