/* SPDX-License-Identifier: MIT */
/* writer.c - writes recordings: blocks with a checksum each, in files that rotate.
 *
 * A block is one write, so a recorder that is killed leaves whole blocks, or a last one that is
 * cut: the reader ignores it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/host.h"
#include "recording/output.h"

#define BLOCK_BYTES (256u << 10) /* written when it has so much */
#define ABOUT_EVERY (16u << 20)  /* the description again, for a file whose start is damaged */
#define WAIT_NS     UINT64_C(100000000)
#define END_BLOCK   (RECORDING_HEADER + RECORDING_END)
#define LAST_BLOCKS (END_BLOCK + RECORDING_HEADER + RECORDING_ABOUT + SHMRING_NAME_SIZE + 8)

/* ---- blocks ---- */

/* Room for n more bytes of the block that fills. */
static unsigned char *room_for(struct recording_writer *w, size_t n)
{
    unsigned char *more;
    size_t room = w->used + n > 2 * BLOCK_BYTES ? w->used + n : 2 * BLOCK_BYTES;

    if (w->used + n > w->room) {
        more = realloc(w->block, room);
        if (more == NULL) {
            (void)say_failed("no memory for a block of %" PRIu64 " bytes", (uint64_t)room);
            return NULL;
        }
        w->block = more;
        w->room = room;
    }
    return w->block + w->used;
}

static int write_block(struct recording_writer *w, unsigned char *block, size_t size,
                       enum recording_block kind)
{
    memcpy(block, RECORDING_MAGIC, 8);
    put_number(block + 8, w->id, 8);
    put_number(block + 16, RECORDING_VERSION, 2);
    put_number(block + 18, (uint64_t)kind, 2);
    put_number(block + 20, size - RECORDING_HEADER, 4);
    put_number(block + 24, w->sequence, 8);
    put_number(block + 32, crc32c(block + RECORDING_HEADER, size - RECORDING_HEADER), 4);
    put_number(block + 36, crc32c(block, 36), 4);
    if (!output_write(&w->out, block, size) || !output_confirm(&w->out)) {
        return 0;
    }
    w->sequence++;
    w->written += size;
    return 1;
}

static int write_about(struct recording_writer *w)
{
    unsigned char block[RECORDING_HEADER + RECORDING_ABOUT + SHMRING_NAME_SIZE + 8] = {0};
    unsigned char *body = block + RECORDING_HEADER;
    size_t length = strlen(w->info.name);

    put_number(body, w->info.capacity, 8);
    put_number(body + 8, w->info.schema, 8);
    put_number(body + 16, w->info.framing, 4);
    put_number(body + 20, w->info.overflow, 4);
    put_number(body + 24, w->info.stamp, 4);
    put_number(body + 28, w->info.max_record, 4);
    put_number(body + 32, w->info.incarnation[0], 8);
    put_number(body + 40, w->info.incarnation[1], 8);
    put_number(body + 48, w->out.number, 8);
    put_number(body + 56, (uint64_t)time(NULL), 8);
    put_number(body + 64, host_clock_ns(), 8);
    put_number(body + 72, w->source, 4);
    put_number(body + 76, length, 4);
    memcpy(body + RECORDING_ABOUT, w->info.name, length);
    w->about_at = w->written;
    return write_block(w, block, RECORDING_HEADER + RECORDING_ABOUT + padded(length),
                       RECORDING_KIND_ABOUT);
}

static int write_end(struct recording_writer *w, enum recording_reason reason)
{
    unsigned char block[END_BLOCK] = {0};
    unsigned char *body = block + RECORDING_HEADER;
    const struct recording_totals *t = &w->file_totals;

    put_number(body, t->records, 8);
    put_number(body + 8, t->bytes, 8);
    put_number(body + 16, t->losses, 8);
    put_number(body + 24, t->lost_bytes, 8);
    put_number(body + 32, t->lost_records, 8);
    put_number(body + 40, (uint64_t)reason, 4);
    return write_block(w, block, sizeof block, RECORDING_KIND_END);
}

int recording_flush(struct recording_writer *w)
{
    size_t size = w->used;

    if (size <= RECORDING_HEADER) {
        return 1;
    }
    w->used = RECORDING_HEADER;
    return write_block(w, w->block, size, RECORDING_KIND_RECORDS) &&
           (w->written - w->about_at < ABOUT_EVERY || write_about(w));
}

/* ---- files ---- */

static int start_file(struct recording_writer *w)
{
    w->sequence = w->written = 0;
    memset(&w->file_totals, 0, sizeof w->file_totals);
    return write_about(w);
}

static int end_file(struct recording_writer *w, enum recording_reason reason)
{
    const int ok = !w->out.failed && recording_flush(w) && write_end(w, reason);

    return output_finish(&w->out) && ok;
}

static int rotate(struct recording_writer *w)
{
    return end_file(w, RECORDING_ROTATED) && output_next(&w->out) && start_file(w);
}

int recording_create(struct recording_writer *w, const char *path,
                     const struct recording_limits *limits, const shmring_info *info,
                     uint32_t source)
{
    memset(w, 0, sizeof *w);
    w->info = *info;
    w->source = source;
    w->used = RECORDING_HEADER;
    /* A number of this recording's own: a recording may have another one in its payloads. */
    w->id = (uint64_t)time(NULL) * UINT64_C(0x9E3779B97F4A7C15) ^ host_clock_ns() << 20 ^
            host_pid() << 1 ^ info->incarnation[0];
    return output_start(&w->out, path, limits) && start_file(w);
}

int recording_end(struct recording_writer *w, enum recording_reason reason)
{
    const int ok = w->out.file != NULL && end_file(w, reason);

    free(w->block);
    output_free(&w->out);
    w->block = NULL;
    return ok;
}

/* ---- entries ---- */

static int make_room(struct recording_writer *w, size_t size, uint64_t now_ns)
{
    if (w->out.limits.size != 0 && w->file_totals.records != 0 &&
        w->written + w->used + size + LAST_BLOCKS > w->out.limits.size && !rotate(w)) {
        return 0;
    }
    if (w->used + size > BLOCK_BYTES && !recording_flush(w)) {
        return 0;
    }
    if (w->used == RECORDING_HEADER) {
        w->block_ns = now_ns;
    }
    return room_for(w, size) != NULL;
}

static void put_entry(struct recording_writer *w, const struct recording_entry *e)
{
    unsigned char *to = w->block + w->used;

    put_number(to, e->len, 4);
    put_number(to + 4, e->type, 2);
    put_number(to + 6, e->flags, 2);
    put_number(to + 8, e->time_ns, 8);
    put_number(to + 16, e->position, 8);
    if (e->len > 0) {
        memcpy(to + RECORDING_ENTRY, e->data, e->len);
    }
    memset(to + RECORDING_ENTRY + e->len, 0, padded(e->len) - e->len);
    w->used += RECORDING_ENTRY + padded(e->len);
}

int recording_add(struct recording_writer *w, const shmring_record *record, uint64_t now_ns)
{
    struct recording_entry e = {.data = record->data,
                                .len = record->len,
                                .type = record->type,
                                .time_ns = now_ns,
                                .position = record->position};

    if ((record->flags & SHMRING_FLAG_GAP) != 0) {
        e.flags |= RECORDING_GAP;
    }
    if (w->info.stamp != SHMRING_STAMP_NONE) {
        e.time_ns = record->stamp;
        e.flags |= RECORDING_COMMIT_TIME;
    }
    if (record->len > RECORDING_LONGEST) {
        (void)say_failed("a record of %" PRIu32 " bytes is too long for a recording: at most %u",
                         record->len, RECORDING_LONGEST);
        return 0;
    }
    if (!make_room(w, RECORDING_ENTRY + padded(record->len), now_ns)) {
        return 0;
    }
    put_entry(w, &e);
    w->file_totals.records++;
    w->file_totals.bytes += record->len;
    w->totals.records++;
    w->totals.bytes += record->len;
    return 1;
}

static void count_loss(struct recording_totals *t, uint64_t bytes, uint64_t records)
{
    t->losses++;
    t->lost_bytes += bytes;
    t->lost_records = records == UINT64_MAX || t->lost_records == UINT64_MAX
                          ? UINT64_MAX
                          : t->lost_records + records;
}

int recording_lost(struct recording_writer *w, uint64_t bytes, uint64_t records, uint64_t position,
                   uint64_t now_ns)
{
    unsigned char loss[RECORDING_LOSS];
    struct recording_entry e = {.data = loss,
                                .len = sizeof loss,
                                .flags = RECORDING_IS_LOSS,
                                .time_ns = now_ns,
                                .position = position};

    put_number(loss, bytes, 8);
    put_number(loss + 8, records, 8);
    if (!make_room(w, RECORDING_ENTRY + sizeof loss, now_ns)) {
        return 0;
    }
    put_entry(w, &e);
    count_loss(&w->file_totals, bytes, records);
    count_loss(&w->totals, bytes, records);
    return 1;
}

int recording_tick(struct recording_writer *w, uint64_t now_ns)
{
    if (!output_is_wanted(&w->out, now_ns)) {
        return 0;
    }
    if (w->used > RECORDING_HEADER && now_ns - w->block_ns >= WAIT_NS && !recording_flush(w)) {
        return 0;
    }
    if (w->out.limits.ns != 0 && now_ns - w->out.started_ns >= w->out.limits.ns &&
        (w->file_totals.records != 0 || w->file_totals.losses != 0)) {
        return rotate(w);
    }
    return 1;
}
