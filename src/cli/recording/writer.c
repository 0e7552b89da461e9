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
#include "recording/recording.h"

#define BLOCK_BYTES (256u << 10) /* written when it has so much */
#define ABOUT_EVERY (16u << 20)  /* the description again, for a file whose start is damaged */
#define WAIT_NS     UINT64_C(100000000)
#define END_BLOCK   (RECORDING_HEADER + RECORDING_END)
#define LAST_BLOCKS (END_BLOCK + RECORDING_HEADER + RECORDING_ABOUT + SHMRING_NAME_SIZE + 8)
#define SUFFIX_SIZE 24

/* ---- blocks ---- */

static int cannot_write(struct recording_writer *w)
{
    if (!w->failed && host_stop_requested()) {
        (void)say_failed("stopped while %s took nothing; what it has can be replayed", w->name);
    } else if (!w->failed && !host_error_is_gone()) { /* else its reader has what it wanted */
        (void)say_failed("cannot write %s: %s; what it has can be replayed", w->name, host_error());
    }
    w->failed = 1; /* the end of the file cannot be written either */
    return 0;
}

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
    if (!host_file_write(w->file, block, size) ||
        (w->limits.sync == SYNC_BLOCK && !host_file_sync(w->file))) {
        return cannot_write(w);
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
    put_number(body + 48, w->number, 8);
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

static int rotates(const struct recording_writer *w)
{
    return w->limits.size != 0 || w->limits.ns != 0;
}

static int cannot_create(struct recording_writer *w)
{
    w->failed = 1;
    if (host_stop_requested()) { /* nobody had come to read the pipe */
        (void)say_failed("stopped before %s could be opened", w->name);
    } else if (host_file_is_there()) {
        (void)say_failed(
            "%s is there already, and a recording never replaces a file: remove it, or "
            "choose another name",
            w->name);
    } else {
        (void)say_failed("cannot create %s: %s", w->name, host_error());
    }
    return 0;
}

static int start_file(struct recording_writer *w)
{
    const size_t size = strlen(w->path) + SUFFIX_SIZE;

    w->name = w->name != NULL ? w->name : malloc(size);
    if (w->name == NULL) {
        (void)say_failed("no memory for the name of a file");
        return 0;
    }
    (void)snprintf(w->name, size, rotates(w) ? "%s.%06" PRIu64 : "%s", w->path, w->number);
    w->file = host_file_create(w->name);
    if (w->file == NULL) {
        return cannot_create(w);
    }
    if (rotates(w) && !host_file_is_plain(w->file)) {
        w->failed = 1;
        (void)say_failed("%s is no plain file: what goes there cannot rotate", w->name);
        return 0;
    }
    w->is_plain = host_file_is_plain(w->file);
    w->sequence = w->written = 0;
    w->started_ns = host_clock_ns();
    memset(&w->file_totals, 0, sizeof w->file_totals);
    return write_about(w);
}

static int end_file(struct recording_writer *w, enum recording_reason reason)
{
    int ok = !w->failed && recording_flush(w) && write_end(w, reason);

    if (ok && w->limits.sync != SYNC_NEVER && !host_file_sync(w->file)) {
        ok = cannot_write(w);
    }
    if (!host_file_close(w->file) && ok) {
        ok = cannot_write(w);
    }
    w->file = NULL;
    return ok;
}

/* Removes what is older than the newest `keep` files, of earlier runs too. */
static int remove_old(struct recording_writer *w)
{
    char *name = malloc(strlen(w->path) + SUFFIX_SIZE);
    uint64_t number;
    int ok = name != NULL;

    while (ok && (number = host_file_first_number(w->path)) != 0 &&
           number + w->limits.keep <= w->number) {
        (void)snprintf(name, strlen(w->path) + SUFFIX_SIZE, "%s.%06" PRIu64, w->path, number);
        ok = host_file_remove(name);
        if (!ok) {
            (void)say_failed("cannot remove %s: %s", name, host_error());
        }
    }
    free(name);
    return ok;
}

static int rotate(struct recording_writer *w)
{
    if (!end_file(w, RECORDING_ROTATED)) {
        return 0;
    }
    w->number++;
    return start_file(w) && (w->limits.keep == 0 || remove_old(w));
}

int recording_create(struct recording_writer *w, const char *path,
                     const struct recording_limits *limits, const shmring_info *info,
                     uint32_t source)
{
    memset(w, 0, sizeof *w);
    w->path = path;
    w->limits = *limits;
    w->info = *info;
    w->source = source;
    w->used = RECORDING_HEADER;
    /* A number of this recording's own: a recording may have another one in its payloads. */
    w->id = (uint64_t)time(NULL) * UINT64_C(0x9E3779B97F4A7C15) ^ host_clock_ns() << 20 ^
            host_pid() << 1 ^ info->incarnation[0];
    if (rotates(w)) {
        w->number = host_file_last_number(path) + 1;
    }
    return start_file(w) && (w->limits.keep == 0 || remove_old(w));
}

int recording_end(struct recording_writer *w, enum recording_reason reason)
{
    int ok = w->file != NULL && end_file(w, reason);

    free(w->block);
    free(w->name);
    w->block = NULL;
    w->name = NULL;
    return ok;
}

/* ---- entries ---- */

static int make_room(struct recording_writer *w, size_t size, uint64_t now_ns)
{
    if (w->limits.size != 0 && w->file_totals.records != 0 &&
        w->written + w->used + size + LAST_BLOCKS > w->limits.size && !rotate(w)) {
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
    if (now_ns - w->looked_ns >= WAIT_NS) { /* nobody wakes us when who reads a pipe goes */
        w->looked_ns = now_ns;
        if (!w->is_plain && host_file_is_gone(w->file)) {
            w->failed = 1;
            return 0;
        }
    }
    if (w->used > RECORDING_HEADER && now_ns - w->block_ns >= WAIT_NS && !recording_flush(w)) {
        return 0;
    }
    if (w->limits.ns != 0 && now_ns - w->started_ns >= w->limits.ns &&
        (w->file_totals.records != 0 || w->file_totals.losses != 0)) {
        return rotate(w);
    }
    return 1;
}
