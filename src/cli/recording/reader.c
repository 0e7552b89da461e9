/* SPDX-License-Identifier: MIT */
/* reader.c - reads recordings, and what is left of them: behind a damaged place it
 * goes on at the next block whose checksums agree. Nothing in a file is believed before its
 * checksum. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "recording/tape.h"

#define READ_BYTES (256u << 10)

/* ---- the file, as a window ---- */

/* Reads until the window has n bytes, or the file ends. Returns how many it has; -1 after a failure
 * that was said. */
static int64_t need(struct recording_reader *r, size_t n)
{
    unsigned char *more;
    size_t got = 1;

    while (r->end - r->at < n && got > 0) {
        if (r->at > 0) {
            memmove(r->buffer, r->buffer + r->at, r->end - r->at);
            r->end -= r->at;
            r->at = 0;
        }
        if (r->room - r->end < READ_BYTES) { /* by what is there, not by what a block claims */
            more = realloc(r->buffer, r->room * 2 + READ_BYTES);
            if (more == NULL) {
                (void)say_failed("no memory for a block of %s", r->path);
                return -1;
            }
            r->buffer = more;
            r->room = r->room * 2 + READ_BYTES;
        }
        got = fread(r->buffer + r->end, 1, READ_BYTES, r->file);
        r->end += got;
    }
    if (ferror(r->file)) {
        if (!host_stop_requested()) {
            (void)say_failed("cannot read %s", r->path);
        }
        return -1;
    }
    return (int64_t)(r->end - r->at);
}

/* ---- blocks ---- */

static int header_is_good(const struct recording_reader *r, const unsigned char *block)
{
    return memcmp(block, RECORDING_MAGIC, 8) == 0 &&
           get_number(block + 36, 4) == crc32c(block, 36) &&
           get_number(block + 20, 4) < 2 * (uint64_t)RECORDING_LONGEST &&
           (!r->has_id || get_number(block + 8, 8) == r->id);
}

/* Passes over bytes that are no block, to where one may begin. */
static int skip(struct recording_reader *r)
{
    const unsigned char *found;
    size_t from = r->at;
    int64_t n;

    if (!r->in_damage) {
        r->in_damage = 1;
        r->damaged_places++;
    }
    r->at++;
    for (;;) {
        r->skipped_bytes += r->at - from;
        n = need(r, 8);
        if (n < 8) {
            r->skipped_bytes += n > 0 ? (uint64_t)n : 0;
            r->at = r->end;
            return n >= 0;
        }
        from = r->at;
        found = memchr(r->buffer + r->at, (unsigned char)RECORDING_MAGIC[0], r->end - r->at);
        r->at = found != NULL ? (size_t)(found - r->buffer) : r->end;
        if (found != NULL && r->end - r->at >= 8) {
            if (memcmp(found, RECORDING_MAGIC, 8) == 0) {
                r->skipped_bytes += r->at - from;
                return 1;
            }
            r->at++;
        }
    }
}

/* Finds the next whole block. 1 with *ret_kind and the body; 0 at the end; -1. */
static int next_block(struct recording_reader *r, unsigned *ret_kind)
{
    const unsigned char *block;
    size_t size;
    int64_t n;

    for (;;) {
        n = need(r, RECORDING_HEADER);
        if (n <= 0) {
            return (int)n;
        }
        if (n >= (int64_t)RECORDING_HEADER && header_is_good(r, r->buffer + r->at)) {
            if (get_number(r->buffer + r->at + 16, 2) != RECORDING_VERSION) {
                (void)say_failed("%s has format version %" PRIu64 "; this program reads %u",
                                 r->path, get_number(r->buffer + r->at + 16, 2), RECORDING_VERSION);
                return -1;
            }
            r->id = get_number(r->buffer + r->at + 8, 8);
            r->has_id = 1;
            size = (size_t)get_number(r->buffer + r->at + 20, 4);
            n = need(r, RECORDING_HEADER + size);
            block = r->buffer + r->at;
            if (n < 0) {
                return -1;
            }
            if ((uint64_t)n >= RECORDING_HEADER + size &&
                get_number(block + 32, 4) == crc32c(block + RECORDING_HEADER, size)) {
                break;
            }
        }
        if (!skip(r)) {
            return -1;
        }
    }
    r->in_damage = 0;
    r->body = block + RECORDING_HEADER;
    r->body_at = 0;
    r->body_size = size;
    *ret_kind = (unsigned)get_number(block + 18, 2);
    if (get_number(block + 24, 8) > r->next_sequence) {
        r->missing_blocks += get_number(block + 24, 8) - r->next_sequence;
    }
    r->next_sequence = get_number(block + 24, 8) + 1;
    r->at += RECORDING_HEADER + size;
    return 1;
}

static void take_about(struct recording_reader *r)
{
    const size_t length = r->body_size >= RECORDING_ABOUT ? (size_t)get_number(r->body + 76, 4) : 0;

    if (r->has_about || r->body_size < RECORDING_ABOUT || length > r->body_size - RECORDING_ABOUT ||
        length >= sizeof r->about.name) {
        return;
    }
    r->has_about = 1;
    r->about.capacity = get_number(r->body, 8);
    r->calendar_ns = get_number(r->body + 56, 8) * UINT64_C(1000000000);
    r->monotonic_ns = get_number(r->body + 64, 8);
    r->about.schema = get_number(r->body + 8, 8);
    r->about.framing = (uint32_t)get_number(r->body + 16, 4);
    r->about.overflow = (uint32_t)get_number(r->body + 20, 4);
    r->about.stamp = (uint32_t)get_number(r->body + 24, 4);
    r->about.max_record = (uint32_t)get_number(r->body + 28, 4);
    memcpy(r->about.name, r->body + RECORDING_ABOUT, length);
    r->about.name[length] = '\0';
}

/* Goes to the next block of records. 1, 0 at the end, -1. */
static int next_records(struct recording_reader *r)
{
    unsigned kind = 0;
    int found;

    for (;;) {
        found = next_block(r, &kind);
        if (found <= 0 || kind == RECORDING_KIND_RECORDS) {
            return found;
        }
        if (kind == RECORDING_KIND_ABOUT) {
            take_about(r);
        }
        r->has_end = kind == RECORDING_KIND_END;
        r->body_size = 0; /* other kinds are a later version's, and pass */
    }
}

enum recording_look recording_look_at(const char *path)
{
    FILE *file = host_file_open(path);
    char start[8];
    size_t n = 0;

    if (file == NULL) {
        return RECORDING_NO_FILE;
    }
    if (host_file_is_plain(file)) {
        n = fread(start, 1, sizeof start, file);
    }
    (void)host_file_close(file);
    return n == sizeof start && (memcmp(start, RECORDING_MAGIC, sizeof start) == 0 ||
                                 memcmp(start, MCAP_MAGIC, sizeof start) == 0)
               ? RECORDING_YES
               : RECORDING_OTHER;
}

uint32_t recording_rings(const struct recording_reader *r)
{
    return r->tape != NULL ? r->tape->ring_count : 1;
}

struct recorded_ring *recording_ring(struct recording_reader *r, uint32_t ring)
{
    return r->tape != NULL ? &r->tape->rings[ring] : &r->only;
}

/* An MCAP file, whose first bytes were read. 1; 0: it is none; -1. */
static int open_tape(struct recording_reader *r, const unsigned char *start, size_t n)
{
    int found;

    r->tape = calloc(1, sizeof *r->tape);
    if (r->tape == NULL) {
        (void)say_failed("no memory to read %s", r->path);
        return -1;
    }
    found = tape_open(r->tape, r->path, r->file, start, n);
    if (found <= 0) {
        free(r->tape);
        r->tape = NULL;
        return found;
    }
    r->calendar_ns = r->tape->calendar_ns;
    r->monotonic_ns = r->tape->monotonic_ns;
    return found;
}

/* The form of version 0.1. As open_tape(). */
static int open_blocks(struct recording_reader *r, const unsigned char *start, size_t n)
{
    r->buffer = malloc(READ_BYTES);
    if (r->buffer == NULL) {
        (void)say_failed("no memory to read %s", r->path);
        return -1;
    }
    r->room = READ_BYTES;
    memcpy(r->buffer, start, n);
    r->end = n;
    if (next_records(r) < 0) {
        return -1;
    }
    r->only.about = r->about;
    r->only.is_known = r->has_about;
    return r->has_id;
}

int recording_open(struct recording_reader *r, const char *path)
{
    unsigned char start[MCAP_MAGIC_SIZE];
    size_t n;
    int found;

    memset(r, 0, sizeof *r);
    r->path = path;
    r->file = host_file_open(path);
    if (r->file == NULL) {
        if (!host_stop_requested()) {
            (void)say_failed("cannot open %s: %s", path, host_error());
        }
        return 0;
    }
    n = fread(start, 1, sizeof start, r->file);
    if (n == sizeof start && memcmp(start, MCAP_MAGIC, sizeof start) == 0) {
        found = open_tape(r, start, n);
    } else {
        found = open_blocks(r, start, n);
        if (found == 0 && host_file_is_plain(r->file)) { /* its start may be damaged */
            rewind(r->file);
            found = open_tape(r, start, 0);
        }
    }
    if (found == 0) {
        (void)say_failed("%s is not a recording, or nothing of it is left", path);
    }
    if (found <= 0) {
        recording_close(r);
        return 0;
    }
    return 1;
}

static int next_of_tape(struct recording_reader *r, struct recording_entry *ret)
{
    const int found = tape_next(r->tape, ret);
    const struct mcap_reader *m = &r->tape->mcap;

    r->has_end = m->has_end;
    r->damaged_places = m->damaged_places;
    r->skipped_bytes = m->skipped_bytes;
    return found;
}

int recording_next(struct recording_reader *r, struct recording_entry *ret)
{
    const unsigned char *e;
    size_t len;
    int found;

    if (r->tape != NULL) {
        return next_of_tape(r, ret);
    }
    memset(ret, 0, sizeof *ret);
    while (r->body_size - r->body_at < RECORDING_ENTRY ||
           (len = (size_t)get_number(r->body + r->body_at, 4)) >
               r->body_size - r->body_at - RECORDING_ENTRY) {
        r->body_size = r->body_at = 0;
        found = next_records(r);
        if (found <= 0) {
            return found;
        }
    }
    e = r->body + r->body_at;
    ret->data = e + RECORDING_ENTRY;
    ret->len = (uint32_t)len;
    ret->type = (uint16_t)get_number(e + 4, 2);
    ret->flags = (uint16_t)get_number(e + 6, 2);
    ret->time_ns = get_number(e + 8, 8);
    ret->position = get_number(e + 16, 8);
    r->body_at += RECORDING_ENTRY + padded(len);
    if (r->body_at > r->body_size) {
        r->body_at = r->body_size;
    }
    return 1;
}

void recording_close(struct recording_reader *r)
{
    if (r->tape != NULL) {
        tape_close(r->tape);
        free(r->tape);
        r->tape = NULL;
    }
    if (r->file != NULL) {
        (void)host_file_close(r->file);
    }
    free(r->buffer);
    r->file = NULL;
    r->buffer = NULL;
}
