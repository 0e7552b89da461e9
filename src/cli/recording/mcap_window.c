/* SPDX-License-Identifier: MIT */
/* mcap_window.c - the part of an MCAP file that is in memory, and its chunks. No length of a file
 * is believed: memory is taken for what is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/compress.h"
#include "recording/mcap_reader.h"

#define READ_BYTES (256u << 10)

int64_t mcap_need(struct mcap_reader *r, uint64_t n)
{
    unsigned char *more;
    int64_t got = 1;

    while (r->end - r->at < n && got > 0) {
        if (r->at > 0) {
            memmove(r->buffer, r->buffer + r->at, r->end - r->at);
            r->end -= r->at;
            r->at = 0;
        }
        if (r->room - r->end < READ_BYTES) { /* by what is there, not by what a record claims */
            more = realloc(r->buffer, r->room + r->room / 2 + READ_BYTES);
            if (more == NULL) {
                r->problem = "there is no memory for what it has";
                return -1;
            }
            r->buffer = more;
            r->room = r->room + r->room / 2 + READ_BYTES;
        }
        got = r->read(r->context, r->buffer + r->end, r->room - r->end);
        r->end += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        r->problem = "it cannot be read";
        return -1;
    }
    return (int64_t)(r->end - r->at);
}

void mcap_go_on(struct mcap_reader *r, size_t n)
{
    r->at += n;
    r->place += n;
}

struct view mcap_window(const struct mcap_reader *r, size_t from, size_t n)
{
    struct view v = {r->buffer + r->at + from, n, 0};

    return v;
}

/* ---- chunks ---- */

int mcap_read_head(struct view v, uint64_t length, struct mcap_chunk_head *ret)
{
    const char *name;
    size_t name_length;
    uint64_t size;
    int how;

    (void)view_take(&v, 16); /* times: they have no checksum, and nothing hangs on them */
    ret->size = view_number(&v, 8);
    ret->crc = (uint32_t)view_number(&v, 4);
    name = view_text(&v, &name_length);
    size = view_number(&v, 8);
    if (v.failed || size != length - MCAP_CHUNK - name_length || ret->size > MCAP_LONGEST) {
        return 0;
    }
    mcap_text_copy(ret->name, sizeof ret->name, name, name_length);
    ret->compression = -1;
    for (how = MCAP_PLAIN; how <= MCAP_ZSTD; how++) {
        if (strcmp(ret->name, compress_name((enum mcap_compression)how)) == 0) {
            ret->compression = how;
        }
    }
    ret->packed = v;
    return ret->compression != MCAP_PLAIN || ret->size == size;
}

int mcap_unpack(struct mcap_reader *r, struct mcap_chunk_head *head)
{
    if (head->compression < 0 || !compress_can((enum mcap_compression)head->compression)) {
        (void)snprintf(r->words, sizeof r->words, "it is compressed by '%s', which this program %s",
                       head->name, head->compression < 0 ? "does not know" : "was built without");
        r->problem = r->words;
        return -1;
    }
    r->chunk = head->packed;
    if (head->compression != MCAP_PLAIN) {
        if (!compress_unpack((enum mcap_compression)head->compression, head->packed.at,
                             head->packed.left, head->size, &r->unpacked)) {
            r->chunk.left = 0;
            if (r->unpacked.failed) {
                r->problem = "there is no memory for a chunk of it";
            }
            return r->unpacked.failed ? -1 : 0;
        }
        r->chunk.at = r->unpacked.at;
        r->chunk.left = r->unpacked.used;
    }
    if (head->crc != 0 && head->crc != crc32_add(0, r->chunk.at, r->chunk.left)) {
        r->chunk.left = 0;
        return 0;
    }
    return 1;
}
