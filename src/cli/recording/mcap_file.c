/* SPDX-License-Identifier: MIT */
/* mcap_file.c - what is around the chunks of an MCAP file that is written: its start, attachments,
 * metadata, and the index of all at its end. */
#include "recording/mcap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS 6u

/* Writes what `b` has, and empties it. */
static int put_out(struct mcap_writer *w, struct bytes *b)
{
    if (b->failed) {
        return 0;
    }
    w->crc = crc32_add(w->crc, b->at, b->used);
    if (!w->write(w->context, b->at, b->used)) {
        return 0;
    }
    w->written += b->used;
    b->used = 0;
    return 1;
}

int mcap_start(struct mcap_writer *w, const char *version)
{
    char library[64];
    size_t at;

    w->tallies = w->tallies != NULL ? w->tallies : malloc(MCAP_IDS * sizeof *w->tallies);
    w->used = w->used != NULL ? w->used : malloc(MCAP_IDS * sizeof *w->used);
    if (w->tallies == NULL || w->used == NULL) {
        w->packed.failed = 1;
        return 0;
    }
    memset(w->tallies, 0, MCAP_IDS * sizeof *w->tallies);
    w->schemas.used = w->channels.used = w->chunks.used = 0;
    w->attachments.used = w->metadata.used = w->packed.used = 0;
    w->written = w->messages = w->first_ns = w->last_ns = 0;
    w->crc = 0;
    w->chunk_count = w->schema_count = w->channel_count = 0;
    w->attachment_count = w->metadata_count = 0;
    bytes_put(&w->packed, MCAP_MAGIC, MCAP_MAGIC_SIZE);
    at = bytes_open(&w->packed, MCAP_IS_HEADER);
    (void)snprintf(library, sizeof library, MCAP_LIBRARY " %s", version);
    bytes_text(&w->packed, "");
    bytes_text(&w->packed, library);
    bytes_close(&w->packed, at);
    return put_out(w, &w->packed);
}

int mcap_write_attachment(struct mcap_writer *w, uint64_t time_ns, const char *name,
                          const char *media_type, const void *data, size_t n)
{
    struct bytes *out = &w->packed, *index = &w->attachments;
    const size_t at = bytes_open(out, MCAP_IS_ATTACHMENT);
    const uint64_t place = w->written;
    size_t entry;

    bytes_number(out, time_ns, 8);
    bytes_number(out, time_ns, 8);
    bytes_text(out, name);
    bytes_text(out, media_type);
    bytes_number(out, n, 8);
    bytes_put(out, data, n);
    bytes_number(out, out->failed ? 0 : crc32_add(0, out->at + at, out->used - at), 4);
    bytes_close(out, at);
    entry = bytes_open(index, MCAP_IS_ATTACHMENT_INDEX);
    bytes_number(index, place, 8);
    bytes_number(index, out->used, 8);
    bytes_number(index, time_ns, 8);
    bytes_number(index, time_ns, 8);
    bytes_number(index, n, 8);
    bytes_text(index, name);
    bytes_text(index, media_type);
    bytes_close(index, entry);
    w->attachment_count++;
    return put_out(w, out) && !index->failed;
}

int mcap_write_metadata(struct mcap_writer *w, const char *name, const struct mcap_text *pairs,
                        size_t count)
{
    struct bytes *out = &w->packed, *index = &w->metadata;
    const size_t at = bytes_open(out, MCAP_IS_METADATA);
    const uint64_t place = w->written;
    size_t entry;

    bytes_text(out, name);
    bytes_pairs(out, pairs, count);
    bytes_close(out, at);
    entry = bytes_open(index, MCAP_IS_METADATA_INDEX);
    bytes_number(index, place, 8);
    bytes_number(index, out->used, 8);
    bytes_text(index, name);
    bytes_close(index, entry);
    w->metadata_count++;
    return put_out(w, out) && !index->failed;
}

/* ---- the end ---- */

static void put_statistics(const struct mcap_writer *w, struct bytes *out)
{
    const size_t at = bytes_open(out, MCAP_IS_STATISTICS);
    size_t part;
    uint32_t i;

    bytes_number(out, w->messages, 8);
    bytes_number(out, w->schema_count, 2);
    bytes_number(out, w->channel_count, 4);
    bytes_number(out, w->attachment_count, 4);
    bytes_number(out, w->metadata_count, 4);
    bytes_number(out, w->chunk_count, 4);
    bytes_number(out, w->first_ns, 8);
    bytes_number(out, w->last_ns, 8);
    part = bytes_open_part(out);
    for (i = 0; i < MCAP_IDS; i++) {
        if (w->tallies[i].messages != 0) {
            bytes_number(out, i, 2);
            bytes_number(out, w->tallies[i].messages, 8);
        }
    }
    bytes_close_part(out, part);
    bytes_close(out, at);
}

/* Where each kind of record begins in the summary, for readers who want one kind only. */
static void put_offsets(struct bytes *out, const size_t *starts, uint64_t base)
{
    static const enum mcap_kind kinds[GROUPS] = {MCAP_IS_SCHEMA,           MCAP_IS_CHANNEL,
                                                 MCAP_IS_STATISTICS,       MCAP_IS_CHUNK_INDEX,
                                                 MCAP_IS_ATTACHMENT_INDEX, MCAP_IS_METADATA_INDEX};
    size_t at;
    unsigned i;

    for (i = 0; i < GROUPS; i++) {
        if (starts[i + 1] != starts[i]) {
            at = bytes_open(out, MCAP_IS_SUMMARY_OFFSET);
            bytes_number(out, (uint64_t)kinds[i], 1);
            bytes_number(out, base + starts[i], 8);
            bytes_number(out, starts[i + 1] - starts[i], 8);
            bytes_close(out, at);
        }
    }
}

int mcap_finish(struct mcap_writer *w)
{
    struct bytes *out = &w->packed;
    const struct bytes *groups[GROUPS] = {&w->schemas, &w->channels,    NULL,
                                          &w->chunks,  &w->attachments, &w->metadata};
    const uint64_t base = w->written;
    size_t starts[GROUPS + 1], at, summary;
    unsigned i;

    out->used = 0;
    at = bytes_open(out, MCAP_IS_DATA_END);
    bytes_number(out, w->crc, 4);
    bytes_close(out, at);
    summary = out->used;
    for (i = 0; i < GROUPS; i++) {
        starts[i] = out->used;
        if (groups[i] != NULL) {
            bytes_put(out, groups[i]->at, groups[i]->used);
        } else {
            put_statistics(w, out);
        }
    }
    starts[GROUPS] = out->used;
    put_offsets(out, starts, base);
    at = bytes_open(out, MCAP_IS_FOOTER);
    bytes_number(out, base + summary, 8);
    bytes_number(out, base + starts[GROUPS], 8);
    if (!out->failed) { /* the checksum is of the footer's beginning, too */
        bytes_number(out, 0, 4);
        bytes_close(out, at);
        out->used -= 4;
        bytes_number(out, crc32_add(0, out->at + summary, out->used - summary), 4);
    }
    bytes_put(out, MCAP_MAGIC, MCAP_MAGIC_SIZE);
    return !mcap_no_memory(w) && put_out(w, out);
}

uint64_t mcap_finish_size(const struct mcap_writer *w)
{
    return (uint64_t)w->schemas.used + w->channels.used + w->chunks.used + w->attachments.used +
           w->metadata.used + 10 * (uint64_t)w->channel_count + 512;
}

int mcap_no_memory(const struct mcap_writer *w)
{
    return w->packed.failed || w->schemas.failed || w->channels.failed || w->chunks.failed ||
           w->attachments.failed || w->metadata.failed;
}

void mcap_writer_free(struct mcap_writer *w)
{
    bytes_free(&w->schemas);
    bytes_free(&w->channels);
    bytes_free(&w->chunks);
    bytes_free(&w->attachments);
    bytes_free(&w->metadata);
    bytes_free(&w->packed);
    free(w->tallies);
    free(w->used);
    w->tallies = NULL;
    w->used = NULL;
}
