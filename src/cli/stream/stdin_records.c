/* SPDX-License-Identifier: MIT */
/* stdin_records.c - standard input into records: a record for each line, each length
 * frame, or each read.
 *
 * Lines and frames are staged and published together, a batch for each 64 or for what one read has
 * brought: nothing is held back while the input is slow. Raw input is read straight into the ring.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "stream/sender.h"

#define BUFFER_SIZE   (1u << 18)
#define BATCH         64u
#define RAW_CHUNK_MAX (1u << 18)

/* Unread input: bytes from `start` to `end` of a buffer that grows with the longest record. */
struct input {
    unsigned char *bytes;
    size_t start, end, room;
    int at_end;
};

/* Adds what can be read now; waits for it, and publishes before. Returns 1, also at the end of
 * input (at_end), or 0 to end with *ret_exit. */
static int input_more(struct sender *s, struct input *in, int *ret_exit)
{
    int64_t got;

    if (in->start > 0) {
        memmove(in->bytes, in->bytes + in->start, in->end - in->start);
        in->end -= in->start;
        in->start = 0;
    }
    if (in->room - in->end < BUFFER_SIZE / 2) {
        size_t room = in->room != 0 ? in->room * 2 : BUFFER_SIZE;
        unsigned char *more = realloc(in->bytes, room);

        if (more == NULL) {
            *ret_exit = say_failed("no memory for a record of more than %zu bytes", in->end);
            return 0;
        }
        in->bytes = more;
        in->room = room;
    }
    if (!host_wait_input(0)) {
        shmring_publish(s->ring);
        (void)host_wait_input(HOST_FOREVER);
    }
    if (host_stop_requested()) {
        *ret_exit = EXIT_OK;
        return 0;
    }
    got = host_read_input(in->bytes + in->end, in->room - in->end);
    if (got < 0) {
        *ret_exit =
            host_stop_requested() ? EXIT_OK : say_failed("standard input: %s", host_error());
        return 0;
    }
    in->at_end = got == 0;
    in->end += (size_t)got;
    return 1;
}

/* Adds one record to the batch. Returns 1, or 0 to end with *ret_exit. */
static int stage(struct sender *s, const void *data, uint32_t len, int *ret_exit)
{
    shmring_status status = shmring_stage(s->ring, data, len, 0);

    while (status == SHMRING_FULL) {
        if (!send_wait_space(s, len, ret_exit)) {
            return 0;
        }
        status = shmring_stage(s->ring, data, len, 0);
    }
    if (status != SHMRING_OK) {
        s->broken = 1;
        *ret_exit = say_status(status);
        return 0;
    }
    return 1;
}

/* ---- lines ---- */

static int line_too_long(const struct sender *s, uint64_t number, size_t len, int whole)
{
    return say_failed("line %" PRIu64 " has %s%zu bytes and a record of ring '%s' at most %" PRIu32
                      ": the lines before it were sent",
                      number, whole ? "" : "at least ", len, short_name(s->name),
                      s->info.max_record);
}

/* Sends the whole lines that the input holds. *seen: how far the unfinished one was searched. */
static int send_whole_lines(struct sender *s, struct input *in, size_t *seen, uint64_t *number,
                            int *ret_exit)
{
    uint32_t staged = 0;

    for (;;) {
        unsigned char *line = in->bytes + in->start;
        unsigned char *end = memchr(line + *seen, '\n', in->end - in->start - *seen);
        size_t len = end != NULL ? (size_t)(end - line) : in->end - in->start;

        if (len > s->info.max_record) {
            *ret_exit = line_too_long(s, *number + 1, len, end != NULL);
            return 0;
        }
        if (end == NULL) {
            *seen = len;
            break;
        }
        if (!stage(s, line, (uint32_t)len, ret_exit)) {
            return 0;
        }
        *seen = 0;
        ++*number;
        progress_add(&s->progress, 1, len);
        in->start += len + 1;
        if (++staged % BATCH == 0) {
            shmring_publish(s->ring);
        }
    }
    progress_show(&s->progress);
    return 1;
}

int send_lines(struct sender *s)
{
    struct input in = {0};
    uint64_t number = 0;
    size_t seen = 0;
    int ret = EXIT_OK, going = 1;

    while (going && !in.at_end) {
        going = input_more(s, &in, &ret) && send_whole_lines(s, &in, &seen, &number, &ret);
    }
    if (going && in.end > in.start) { /* the last line, without its newline */
        if (stage(s, in.bytes + in.start, (uint32_t)(in.end - in.start), &ret)) {
            progress_add(&s->progress, 1, in.end - in.start);
        }
    }
    shmring_publish(s->ring);
    free(in.bytes);
    return ret;
}

/* ---- length frames ---- */

static int send_whole_frames(struct sender *s, struct input *in, uint64_t *number, int *ret_exit)
{
    uint32_t staged = 0, len;

    while (in->end - in->start >= FRAME_HEADER) {
        len = frame_get_length(in->bytes + in->start);
        if (len > s->info.max_record) {
            *ret_exit = say_failed("frame %" PRIu64 " has %" PRIu32
                                   " bytes and a record of ring '%s' at most %" PRIu32
                                   ": the frames before it were sent",
                                   *number + 1, len, short_name(s->name), s->info.max_record);
            return 0;
        }
        if (in->end - in->start - FRAME_HEADER < len) {
            break;
        }
        if (!stage(s, in->bytes + in->start + FRAME_HEADER, len, ret_exit)) {
            return 0;
        }
        ++*number;
        progress_add(&s->progress, 1, len);
        in->start += FRAME_HEADER + len;
        if (++staged % BATCH == 0) {
            shmring_publish(s->ring);
        }
    }
    progress_show(&s->progress);
    return 1;
}

int send_lengths(struct sender *s)
{
    struct input in = {0};
    uint64_t number = 0;
    int ret = EXIT_OK, going = 1;

    while (going && !in.at_end) {
        going = input_more(s, &in, &ret) && send_whole_frames(s, &in, &number, &ret);
    }
    shmring_publish(s->ring);
    if (going && in.end != in.start) {
        ret = say_failed("frame %" PRIu64 " is cut off: the input ends %zu bytes after its start",
                         number + 1, in.end - in.start);
    }
    free(in.bytes);
    return ret;
}

/* ---- raw ---- */

/* One read into the ring. Returns how many bytes came; 0 at the end, or to end with *ret_exit. */
static size_t read_into(void *to, uint64_t room, int *ret_exit)
{
    int64_t got;

    if (!host_wait_input(0)) {
        (void)host_wait_input(HOST_FOREVER);
    }
    if (host_stop_requested()) {
        return 0;
    }
    got = host_read_input(to, (size_t)room);
    if (got < 0 && !host_stop_requested()) {
        *ret_exit = say_failed("standard input: %s", host_error());
    }
    return got < 0 ? 0 : (size_t)got;
}

/* An eighth of the ring: big enough for the system, small enough for both sides to work at once. */
static uint32_t chunk_of(const struct sender *s)
{
    uint64_t chunk = s->info.capacity / 8 < RAW_CHUNK_MAX ? s->info.capacity / 8 : RAW_CHUNK_MAX;

    if (s->info.framing == SHMRING_RECORDS && chunk > s->info.max_record) {
        chunk = s->info.max_record;
    }
    return (uint32_t)chunk;
}

int send_raw_records(struct sender *s)
{
    const uint32_t chunk = chunk_of(s);
    shmring_status status;
    int ret = EXIT_OK;
    size_t got;
    void *to = NULL;

    for (;;) {
        status = shmring_reserve(s->ring, chunk, &to);
        if (status == SHMRING_FULL) {
            if (!send_wait_space(s, chunk, &ret)) {
                return ret;
            }
            continue;
        }
        if (status != SHMRING_OK) {
            s->broken = 1;
            return say_status(status);
        }
        got = read_into(to, chunk, &ret);
        if (got == 0) {
            shmring_abort(s->ring);
            return ret;
        }
        shmring_commit(s->ring, (uint32_t)got, 0);
        progress_add(&s->progress, 1, got);
        progress_show(&s->progress);
    }
}

int send_raw_bytes(struct sender *s)
{
    const uint32_t chunk = chunk_of(s);
    int ret = EXIT_OK;
    uint64_t room;
    size_t got;
    void *to = NULL;

    for (;;) {
        room = shmring_write_span(s->ring, &to);
        if (room < chunk) {
            if (!send_wait_space(s, chunk, &ret)) {
                return ret;
            }
            continue;
        }
        got = read_into(to, chunk, &ret);
        if (got == 0) {
            return ret;
        }
        shmring_write_advance(s->ring, got);
        progress_add(&s->progress, 1, got);
        progress_show(&s->progress);
    }
}
