/* SPDX-License-Identifier: MIT */
/* mcap_write.c - writes MCAP files: chunks with their indexes, and at the end the index of all.
 *
 * A chunk and its index are one write, so a writer that is killed leaves whole chunks, or a last
 * one that is cut: readers ignore it. */
#include "recording/mcap.h"

#include <stdlib.h>
#include <string.h>

#include "recording/compress.h"

#define CHUNK_ROOM  (MCAP_HEAD + MCAP_CHUNK)
#define INDEX_ENTRY 16u
#define INDEX_FRONT (MCAP_HEAD + 6u)

/* ---- a chunk that fills ---- */

void mcap_chunk_start(struct mcap_chunk *c)
{
    c->data.used = 0;
    c->data.failed = 0;
    c->messages = c->first_ns = c->last_ns = 0;
    (void)bytes_add(&c->data, CHUNK_ROOM);
}

void mcap_chunk_free(struct mcap_chunk *c)
{
    bytes_free(&c->data);
}

size_t mcap_chunk_size(const struct mcap_chunk *c)
{
    return c->data.used < CHUNK_ROOM ? 0 : c->data.used - CHUNK_ROOM;
}

void mcap_chunk_schema(struct mcap_chunk *c, uint16_t id, const char *name, const char *encoding,
                       const void *data, size_t n)
{
    const size_t at = bytes_open(&c->data, MCAP_IS_SCHEMA);

    bytes_number(&c->data, id, 2);
    bytes_text(&c->data, name);
    bytes_text(&c->data, encoding);
    bytes_block(&c->data, data, n);
    bytes_close(&c->data, at);
}

void mcap_chunk_channel(struct mcap_chunk *c, uint16_t id, uint16_t schema, const char *topic,
                        const char *encoding, const struct mcap_text *metadata, size_t count)
{
    const size_t at = bytes_open(&c->data, MCAP_IS_CHANNEL);

    bytes_number(&c->data, id, 2);
    bytes_number(&c->data, schema, 2);
    bytes_text(&c->data, topic);
    bytes_text(&c->data, encoding);
    bytes_pairs(&c->data, metadata, count);
    bytes_close(&c->data, at);
}

static unsigned char *store(unsigned char *to, uint64_t value, unsigned size)
{
    unsigned i;

    for (i = 0; i < size; i++) {
        to[i] = (unsigned char)(value >> 8 * i & 0xFF);
    }
    return to + size;
}

void mcap_chunk_message(struct mcap_chunk *c, const struct mcap_stamp *stamp, const void *prefix,
                        size_t prefix_size, const void *data, size_t n)
{
    unsigned char *to = bytes_add(&c->data, MCAP_HEAD + MCAP_MESSAGE + prefix_size + n);

    if (to == NULL) {
        return;
    }
    to = store(to, MCAP_IS_MESSAGE, 1);
    to = store(to, MCAP_MESSAGE + prefix_size + n, 8);
    to = store(to, stamp->channel, 2);
    to = store(to, stamp->sequence, 4);
    to = store(to, stamp->log_ns, 8);
    to = store(to, stamp->publish_ns, 8);
    if (prefix_size > 0) {
        memcpy(to, prefix, prefix_size);
    }
    if (n > 0) {
        memcpy(to + prefix_size, data, n);
    }
    c->first_ns = c->messages == 0 || stamp->log_ns < c->first_ns ? stamp->log_ns : c->first_ns;
    c->last_ns = stamp->log_ns > c->last_ns ? stamp->log_ns : c->last_ns;
    c->messages++;
}

/* ---- a chunk goes into a file ---- */

/* The next record of a chunk of ours. */
static struct view next_record(struct view *chunk, unsigned *ret_kind)
{
    struct view record = {NULL, 0, 0};

    *ret_kind = (unsigned)view_number(chunk, 1);
    record.left = (size_t)view_number(chunk, 8);
    record.at = view_take(chunk, record.left);
    return record;
}

/* A schema or a channel goes into the summary, once. */
static void summarize(struct mcap_writer *w, unsigned kind, struct view record)
{
    const unsigned char *whole = record.at - MCAP_HEAD;
    const size_t size = record.left + MCAP_HEAD;
    struct mcap_tally *t = &w->tallies[view_number(&record, 2)];

    if (kind == MCAP_IS_SCHEMA && !t->has_schema) {
        t->has_schema = 1;
        w->schema_count++;
        bytes_put(&w->schemas, whole, size);
    } else if (kind == MCAP_IS_CHANNEL && !t->has_channel) {
        t->has_channel = 1;
        w->channel_count++;
        bytes_put(&w->channels, whole, size);
    }
}

/* Counts what a chunk has of each channel. */
static void count_messages(struct mcap_writer *w, struct view chunk)
{
    struct view record;
    unsigned kind = 0, channel;

    w->used_count = 0;
    while (chunk.left > 0) {
        record = next_record(&chunk, &kind);
        if (kind != MCAP_IS_MESSAGE) {
            summarize(w, kind, record);
            continue;
        }
        channel = (unsigned)view_number(&record, 2);
        if (w->tallies[channel].in_chunk++ == 0) {
            w->used[w->used_count++] = (uint16_t)channel;
        }
    }
}

/* Puts the indexes of a chunk behind the bytes of `to`, and an entry for the chunk into the
 * summary's. The places of the indexes are counted from the file's byte that to->at[0] becomes. */
static void put_index(struct mcap_writer *w, struct view chunk, struct bytes *to, uint64_t base)
{
    const unsigned char *start = chunk.at;
    struct view record;
    struct mcap_tally *t;
    unsigned char *entry;
    unsigned kind = 0;
    size_t at;
    uint32_t i;

    for (i = 0; i < w->used_count; i++) {
        t = &w->tallies[w->used[i]];
        bytes_number(&w->chunks, w->used[i], 2);
        bytes_number(&w->chunks, base + to->used, 8);
        bytes_number(to, MCAP_IS_MESSAGE_INDEX, 1);
        bytes_number(to, 6 + (uint64_t)t->in_chunk * INDEX_ENTRY, 8);
        bytes_number(to, w->used[i], 2);
        bytes_number(to, (uint64_t)t->in_chunk * INDEX_ENTRY, 4);
        t->index_at = to->used;
        (void)bytes_add(to, (size_t)t->in_chunk * INDEX_ENTRY);
        t->messages += t->in_chunk;
        t->in_chunk = 0;
    }
    while (chunk.left > 0 && !to->failed) {
        at = (size_t)(chunk.at - start);
        record = next_record(&chunk, &kind);
        if (kind == MCAP_IS_MESSAGE) {
            t = &w->tallies[view_number(&record, 2)];
            (void)view_number(&record, 4);
            entry = to->at + t->index_at;
            t->index_at += INDEX_ENTRY;
            (void)store(store(entry, view_number(&record, 8), 8), at, 8);
        }
    }
}

static void put_chunk_front(const struct mcap_chunk *c, unsigned char *to, const char *how,
                            uint32_t crc, size_t packed)
{
    const size_t length = strlen(how);

    to = store(to, MCAP_IS_CHUNK, 1);
    to = store(to, MCAP_CHUNK + length + packed, 8);
    to = store(to, c->first_ns, 8);
    to = store(to, c->last_ns, 8);
    to = store(to, mcap_chunk_size(c), 8);
    to = store(to, crc, 4);
    to = store(to, length, 4);
    memcpy(to, how, length);
    (void)store(to + length, packed, 8);
}

/* The chunk as it goes into the file: in its own bytes, or compressed in w->packed. NULL: no
 * memory. */
static struct bytes *pack(struct mcap_writer *w, struct mcap_chunk *c, uint32_t crc)
{
    const char *how = compress_name(w->compression);
    const size_t front = CHUNK_ROOM + strlen(how);

    if (w->compression == MCAP_PLAIN) {
        put_chunk_front(c, c->data.at, how, crc, mcap_chunk_size(c));
        return &c->data;
    }
    w->packed.used = 0;
    if (bytes_add(&w->packed, front) == NULL ||
        !compress_pack(w->compression, w->level, c->data.at + CHUNK_ROOM, mcap_chunk_size(c),
                       &w->packed)) {
        w->packed.failed = 1;
        return NULL;
    }
    put_chunk_front(c, w->packed.at, how, crc, w->packed.used - front);
    return &w->packed;
}

static void count_chunk(struct mcap_writer *w, const struct mcap_chunk *c)
{
    w->first_ns = w->messages == 0 || c->first_ns < w->first_ns ? c->first_ns : w->first_ns;
    w->last_ns = c->last_ns > w->last_ns ? c->last_ns : w->last_ns;
    w->messages += c->messages;
    w->chunk_count++;
}

/* All that was written goes into the checksum; that of a plain chunk's records is known. */
static void add_crc(struct mcap_writer *w, const struct bytes *out, size_t chunk_size, uint32_t crc,
                    size_t known)
{
    w->crc = crc32_add(w->crc, out->at, chunk_size - known);
    if (known > 0) {
        w->crc = crc32_join(w->crc, crc, known);
    }
    w->crc = crc32_add(w->crc, out->at + chunk_size, out->used - chunk_size);
}

int mcap_write_chunk(struct mcap_writer *w, struct mcap_chunk *c)
{
    const size_t size = mcap_chunk_size(c), entry = bytes_open(&w->chunks, MCAP_IS_CHUNK_INDEX);
    const char *how = compress_name(w->compression);
    struct view records = {NULL, 0, 0};
    struct bytes *out;
    size_t places, chunk_size;
    uint32_t crc;

    if (c->data.failed) {
        return 0;
    }
    crc = crc32_add(0, c->data.at + CHUNK_ROOM, size);
    out = pack(w, c, crc);
    if (out == NULL) {
        return 0;
    }
    chunk_size = out->used;
    bytes_number(&w->chunks, c->first_ns, 8);
    bytes_number(&w->chunks, c->last_ns, 8);
    bytes_number(&w->chunks, w->written, 8);
    bytes_number(&w->chunks, chunk_size, 8);
    places = bytes_open_part(&w->chunks);
    records.at = c->data.at + CHUNK_ROOM;
    records.left = size;
    count_messages(w, records);
    if (!bytes_reserve(out,
                       (size_t)w->used_count * INDEX_FRONT + (size_t)c->messages * INDEX_ENTRY)) {
        return 0;
    }
    records.at = c->data.at + CHUNK_ROOM; /* it may have moved */
    put_index(w, records, out, w->written);
    bytes_close_part(&w->chunks, places);
    bytes_number(&w->chunks, out->used - chunk_size, 8);
    bytes_text(&w->chunks, how);
    bytes_number(&w->chunks, chunk_size - CHUNK_ROOM - strlen(how), 8);
    bytes_number(&w->chunks, size, 8);
    bytes_close(&w->chunks, entry);
    if (mcap_no_memory(w) || out->failed) {
        return 0;
    }
    count_chunk(w, c);
    add_crc(w, out, chunk_size, crc, out == &c->data ? size : 0);
    if (!w->write(w->context, out->at, out->used)) {
        return 0;
    }
    w->written += out->used;
    w->packed.used = 0; /* others put their records there, too */
    return 1;
}
