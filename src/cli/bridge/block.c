/* SPDX-License-Identifier: MIT */
/* block.c - records as one message of a stream, and back. */
#include "bridge/block.h"

#include <stdlib.h>
#include <string.h>

#include "recording/recording.h"

#define MAGIC   UINT32_C(0x31425253)
#define VERSION 1u
#define AT_SIZE 88u
#define AT_CRC  92u

static size_t record_header(const struct block_head *head)
{
    return head->stamp != SHMRING_STAMP_NONE ? 16 : 8;
}

static size_t padded_to_8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* ---- making one ---- */

int block_start(struct block *b, size_t room)
{
    memset(b, 0, sizeof *b);
    b->bytes = malloc(room);
    b->room = room & ~(size_t)7;
    b->head.size = BLOCK_HEADER;
    return b->bytes != NULL;
}

void block_end(struct block *b)
{
    free(b->bytes);
    b->bytes = NULL;
}

void block_clear(struct block *b, uint64_t first, uint64_t lost)
{
    b->head.first = b->head.next = first;
    b->head.lost = lost;
    b->head.count = b->head.left_out = 0;
    b->head.size = BLOCK_HEADER;
}

unsigned char *block_place(const struct block *b, uint32_t *ret_room)
{
    const size_t at = b->head.size + record_header(&b->head);

    *ret_room = at < b->room ? (uint32_t)(b->room - at) : 0;
    return at < b->room ? b->bytes + at : b->bytes;
}

void block_take(struct block *b, const shmring_record *r, uint64_t next)
{
    unsigned char *at = b->bytes + b->head.size;
    const size_t header = record_header(&b->head), size = padded_to_8(header + r->len);

    put_number(at, r->len, 4);
    put_number(at + 4, r->type, 2);
    put_number(at + 6, r->flags & SHMRING_FLAG_GAP, 2);
    if (header == 16) {
        put_number(at + 8, r->stamp, 8);
    }
    memset(at + header + r->len, 0, size - header - r->len);
    b->head.size += (uint32_t)size;
    b->head.count++;
    b->head.next = next;
}

void block_leave_out(struct block *b, uint64_t next)
{
    b->head.left_out += b->head.left_out < UINT32_MAX;
    b->head.next = next;
}

size_t block_finish(struct block *b)
{
    const struct block_head *h = &b->head;
    unsigned char *to = b->bytes;

    put_number(to, MAGIC, 4);
    put_number(to + 4, VERSION, 2);
    put_number(to + 6, 0, 2);
    put_number(to + 8, h->incarnation[0], 8);
    put_number(to + 16, h->incarnation[1], 8);
    put_number(to + 24, h->first, 8);
    put_number(to + 32, h->next, 8);
    put_number(to + 40, h->count, 4);
    put_number(to + 44, h->left_out, 4);
    put_number(to + 48, h->lost, 8);
    put_number(to + 56, h->capacity, 8);
    put_number(to + 64, h->max_record, 4);
    put_number(to + 68, h->stamp, 4);
    put_number(to + 72, h->schema, 8);
    put_number(to + 80, h->description_hash, 8);
    put_number(to + AT_SIZE, h->size, 4);
    put_number(to + AT_CRC, 0, 4);
    put_number(to + AT_CRC, crc32c(to, h->size), 4);
    return h->size;
}

/* ---- reading one ---- */

const char *block_read_head(const unsigned char *bytes, size_t n, struct block_head *ret)
{
    if (n < BLOCK_HEADER || get_number(bytes, 4) != MAGIC) {
        return "it is not a block of records";
    }
    if (get_number(bytes + 4, 2) != VERSION) {
        return "it is a block of another version";
    }
    ret->incarnation[0] = get_number(bytes + 8, 8);
    ret->incarnation[1] = get_number(bytes + 16, 8);
    ret->first = get_number(bytes + 24, 8);
    ret->next = get_number(bytes + 32, 8);
    ret->count = (uint32_t)get_number(bytes + 40, 4);
    ret->left_out = (uint32_t)get_number(bytes + 44, 4);
    ret->lost = get_number(bytes + 48, 8);
    ret->capacity = get_number(bytes + 56, 8);
    ret->max_record = (uint32_t)get_number(bytes + 64, 4);
    ret->stamp = (uint32_t)get_number(bytes + 68, 4);
    ret->schema = get_number(bytes + 72, 8);
    ret->description_hash = get_number(bytes + 80, 8);
    ret->size = (uint32_t)get_number(bytes + AT_SIZE, 4);
    return ret->next - ret->first <= UINT64_MAX / 2 ? NULL : "its positions cannot be true";
}

/* The check is over what was sent: the place of the sum itself counts as 0. */
static int sum_is_right(const unsigned char *bytes, size_t n)
{
    unsigned char head[BLOCK_HEADER];
    const uint32_t sum = (uint32_t)get_number(bytes + AT_CRC, 4);

    memcpy(head, bytes, sizeof head);
    memset(head + AT_CRC, 0, 4);
    return crc32c_more(crc32c(head, sizeof head), bytes + BLOCK_HEADER, n - BLOCK_HEADER) == sum;
}

const char *block_check(const unsigned char *bytes, size_t n, struct block_head *ret)
{
    struct block_head head;
    const char *wrong = block_read_head(bytes, n, &head);
    size_t at = BLOCK_HEADER, header, len;
    uint32_t i;

    if (wrong != NULL) {
        return wrong;
    }
    if (head.size != n || !sum_is_right(bytes, n)) {
        return "it was damaged on its way";
    }
    header = record_header(&head);
    for (i = 0; i < head.count; i++) {
        if (n - at < header) {
            return "its records are cut off";
        }
        len = (size_t)get_number(bytes + at, 4);
        if (len > n - at - header || padded_to_8(header + len) > n - at) {
            return "its records are cut off";
        }
        at += padded_to_8(header + len);
    }
    if (at != n) {
        return "it holds more than its records";
    }
    *ret = head;
    return NULL;
}

void block_next(const unsigned char *bytes, const struct block_head *head, size_t *at,
                shmring_record *ret)
{
    const unsigned char *from = bytes + *at;
    const size_t header = record_header(head);

    memset(ret, 0, sizeof *ret);
    ret->len = (uint32_t)get_number(from, 4);
    ret->type = (uint16_t)get_number(from + 4, 2);
    ret->flags = (uint16_t)get_number(from + 6, 2);
    ret->stamp = header == 16 ? get_number(from + 8, 8) : 0;
    ret->data = from + header;
    *at += padded_to_8(header + ret->len);
}
