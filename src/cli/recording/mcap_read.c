/* SPDX-License-Identifier: MIT */
/* mcap_read.c - reads MCAP files from their beginning to their end, and what is left of them:
 * behind a damaged place it goes on at the next chunk whose checksum agrees. */
#include <stdlib.h>
#include <string.h>

#include "recording/mcap_reader.h"

static int take_message(struct mcap_reader *r, struct view v, struct mcap_item *ret)
{
    const uint16_t id = (uint16_t)view_number(&v, 2);

    ret->sequence = (uint32_t)view_number(&v, 4);
    ret->log_ns = view_number(&v, 8);
    ret->publish_ns = view_number(&v, 8);
    ret->channel = mcap_channel(r, id);
    ret->data = v.at;
    ret->size = v.left;
    return !v.failed && ret->channel != NULL;
}

static int take_attachment(struct view v, struct mcap_item *ret)
{
    const unsigned char *start = v.at;
    const char *name, *type;
    size_t name_length, type_length;
    struct view data;
    uint32_t crc;

    ret->log_ns = view_number(&v, 8);
    ret->publish_ns = view_number(&v, 8);
    name = view_text(&v, &name_length);
    type = view_text(&v, &type_length);
    data = view_record(&v);
    ret->data = data.at;
    ret->size = data.left;
    if (v.failed) {
        return 0;
    }
    crc = crc32_add(0, start, (size_t)(v.at - start));
    mcap_text_copy(ret->name, sizeof ret->name, name, name_length);
    mcap_text_copy(ret->media_type, sizeof ret->media_type, type, type_length);
    start = v.at;
    return v.left == 4 && (view_number(&v, 4) == crc || memcmp(start, "\0\0\0", 4) == 0);
}

static int take_metadata(struct view v, struct mcap_item *ret)
{
    size_t length;
    const char *name = view_text(&v, &length);
    const struct view pairs = view_part(&v);

    if (v.failed || v.left != 0 || !mcap_pairs_are_whole(pairs)) {
        return 0;
    }
    mcap_text_copy(ret->name, sizeof ret->name, name, length);
    ret->data = pairs.at;
    ret->size = pairs.left;
    return 1;
}

/* The next message of the chunk. 1; 0: it has no more; -1. */
static int next_of_chunk(struct mcap_reader *r, struct mcap_item *ret)
{
    struct view record;
    unsigned kind;
    int known = 1;

    while (r->chunk.left > 0) {
        kind = (unsigned)view_number(&r->chunk, 1);
        record = view_record(&r->chunk);
        if (kind == MCAP_IS_SCHEMA) {
            known = mcap_know_schema(r, record);
        } else if (kind == MCAP_IS_CHANNEL) {
            known = mcap_know_channel(r, record);
        } else if (kind == MCAP_IS_MESSAGE && !r->chunk.failed) {
            known = take_message(r, record, ret);
            if (known) {
                return 1;
            }
        }
        if (r->chunk.failed || known == 0) { /* the rest contradicts what is known */
            r->damaged_places++;
            r->skipped_bytes += r->chunk.left;
            r->chunk.left = 0;
        }
        if (known < 0) {
            return -1;
        }
    }
    return 0;
}

static int open_chunk(struct mcap_reader *r, uint64_t length)
{
    struct mcap_chunk_head head;
    int whole = length >= MCAP_CHUNK &&
                mcap_read_head(mcap_window(r, MCAP_HEAD, (size_t)length), length, &head);

    if (whole) {
        whole = mcap_unpack(r, &head);
    }
    if (whole > 0) {
        r->chunks++;
        r->chunk_bytes += head.packed.left;
        r->unpacked_bytes += head.size;
        mcap_go_on(r, (size_t)(MCAP_HEAD + length));
    }
    return whole;
}

/* Our own files have messages only in chunks; elsewhere a message may have no checksum. */
static int take_header(struct mcap_reader *r, struct view v)
{
    static const char ours[] = MCAP_LIBRARY;
    size_t profile, length;
    const char *library;

    (void)view_text(&v, &profile);
    library = view_text(&v, &length);
    if (v.failed || v.left != 0) {
        return 0;
    }
    r->is_foreign = length < sizeof ours - 1 || memcmp(library, ours, sizeof ours - 1) != 0;
    mcap_text_copy(r->library, sizeof r->library, library, length);
    return 1;
}

/* A record that is in the window. MCAP_FOUND_..., MCAP_END to go on, MCAP_FAILED; *ret_good: 0
 * where it is damaged. */
static enum mcap_found take_record(struct mcap_reader *r, unsigned kind, uint64_t length,
                                   struct mcap_item *ret, int *ret_good)
{
    const struct view v = mcap_window(r, MCAP_HEAD, (size_t)length);
    enum mcap_found found = MCAP_END;

    *ret_good = 1;
    switch (kind) {
    case MCAP_IS_CHUNK:
        *ret_good = open_chunk(r, length);
        return *ret_good < 0 ? MCAP_FAILED : MCAP_END;
    case MCAP_IS_HEADER:
        *ret_good = take_header(r, v);
        break;
    case MCAP_IS_SCHEMA:
        *ret_good = mcap_know_schema(r, v);
        break;
    case MCAP_IS_CHANNEL:
        *ret_good = mcap_know_channel(r, v);
        break;
    case MCAP_IS_MESSAGE:
        *ret_good = r->is_foreign && take_message(r, v, ret);
        found = MCAP_FOUND_MESSAGE;
        break;
    case MCAP_IS_ATTACHMENT:
        *ret_good = take_attachment(v, ret);
        found = MCAP_FOUND_ATTACHMENT;
        break;
    default:
        *ret_good = take_metadata(v, ret);
        found = MCAP_FOUND_METADATA;
        break;
    }
    if (*ret_good > 0) {
        mcap_go_on(r, (size_t)(MCAP_HEAD + length));
    }
    return *ret_good < 0 ? MCAP_FAILED : *ret_good ? found : MCAP_END;
}

/* Whether a record that is passed over can be what it says: its length has no checksum, and chunks
 * must not go with it. */
static int is_sound(const struct mcap_reader *r, unsigned kind, uint64_t length)
{
    struct view v = mcap_window(r, MCAP_HEAD, (size_t)length);
    struct view entries;

    switch (kind) {
    case MCAP_IS_MESSAGE_INDEX:
        (void)view_number(&v, 2);
        entries = view_part(&v);
        return !v.failed && v.left == 0 && entries.left % 16 == 0;
    case MCAP_IS_DATA_END:
        return length == 4;
    default:
        return r->data_ended || kind >= MCAP_LEAST_OWN;
    }
}

static int is_wanted(const struct mcap_reader *r, unsigned kind)
{
    return !r->data_ended &&
           ((kind >= MCAP_IS_SCHEMA && kind <= MCAP_IS_CHUNK) || kind == MCAP_IS_HEADER ||
            kind == MCAP_IS_ATTACHMENT || kind == MCAP_IS_METADATA);
}

/* Whether what follows a record in the window can be one, so far as the file goes. */
static int is_followed(const struct mcap_reader *r, uint64_t length, int64_t n)
{
    uint64_t next;

    return (uint64_t)n < 2 * MCAP_HEAD + length ||
           mcap_looks_like_record(r->buffer + r->at + MCAP_HEAD + length, &next);
}

/* Takes or passes over the record in the window. As take_record(). */
static enum mcap_found read_record(struct mcap_reader *r, uint64_t length, int64_t n,
                                   struct mcap_item *ret, int *ret_good)
{
    const unsigned kind = r->buffer[r->at];

    *ret_good = kind == MCAP_IS_CHUNK || is_followed(r, length, n);
    if (*ret_good && is_wanted(r, kind)) {
        return take_record(r, kind, length, ret, ret_good);
    }
    *ret_good = *ret_good && is_sound(r, kind, length);
    if (*ret_good) {
        r->data_ended = r->data_ended || kind == MCAP_IS_DATA_END;
        r->unknown_records += kind >= MCAP_LEAST_OWN;
        mcap_go_on(r, (size_t)(MCAP_HEAD + length));
    }
    return MCAP_END;
}

/* Reads one record of the file. MCAP_FOUND_...; MCAP_END with *ret_more: whether more may come. */
static enum mcap_found next_record(struct mcap_reader *r, struct mcap_item *ret, int *ret_more)
{
    int64_t n = mcap_need(r, MCAP_HEAD + MCAP_FOOTER + MCAP_MAGIC_SIZE);
    enum mcap_found found = MCAP_END;
    uint64_t length = 0;
    int good = 1;

    *ret_more = 1;
    if (n > 0 && mcap_is_end(r->buffer + r->at, (size_t)n)) {
        r->has_end = 1;
        n = 0;
    }
    if (n >= (int64_t)MCAP_HEAD && mcap_looks_like_record(r->buffer + r->at, &length)) {
        n = mcap_need(r, 2 * MCAP_HEAD + length);
        if (n >= (int64_t)(MCAP_HEAD + length)) {
            found = read_record(r, length, n, ret, &good);
            good = good == 0 ? mcap_pass_damaged(r, length) : good;
        } else if (n > 0) {
            good = mcap_skip(r, 1);
        }
    } else if (n > 0) {
        good = mcap_skip(r, n < (int64_t)MCAP_HEAD || r->data_ended);
    }
    *ret_more = n > 0 && good > 0;
    return n < 0 || good < 0 ? MCAP_FAILED : found;
}

enum mcap_found mcap_next(struct mcap_reader *r, struct mcap_item *ret)
{
    enum mcap_found found;
    int more = 1, of_chunk;

    memset(ret, 0, sizeof *ret);
    while (more) {
        of_chunk = next_of_chunk(r, ret);
        if (of_chunk != 0) {
            return of_chunk > 0 ? MCAP_FOUND_MESSAGE : MCAP_FAILED;
        }
        found = next_record(r, ret, &more);
        if (found != MCAP_END) {
            return found;
        }
    }
    return MCAP_END;
}

int mcap_open(struct mcap_reader *r)
{
    const int64_t n = mcap_need(r, MCAP_MAGIC_SIZE);
    int found;

    if (n < 0) {
        return -1;
    }
    if (n >= (int64_t)MCAP_MAGIC_SIZE &&
        memcmp(r->buffer + r->at, MCAP_MAGIC, MCAP_MAGIC_SIZE) == 0) {
        mcap_go_on(r, MCAP_MAGIC_SIZE);
        r->has_start = 1;
        return 1;
    }
    found = mcap_skip(r, 0);
    return found > 0 && r->buffer[r->at] == MCAP_IS_CHUNK ? 1 : found < 0 ? -1 : 0;
}

void mcap_reader_free(struct mcap_reader *r)
{
    mcap_forget(r);
    free(r->buffer);
    bytes_free(&r->unpacked);
    r->buffer = NULL;
    r->at = r->end = r->room = 0;
    r->chunk.left = 0;
}
