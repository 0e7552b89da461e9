/* SPDX-License-Identifier: MIT */
/* frame_writer.c - records to standard output, many in one write. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "stream/frame.h"
#include "host/host.h"

int frame_output_start(struct frame_output *o, uint32_t frame)
{
    o->frame = frame;
    o->filled = 0;
    o->buffer = malloc(FRAME_BUFFER_SIZE);
    if (o->buffer == NULL) {
        (void)say_failed("no memory for a buffer of %u bytes", FRAME_BUFFER_SIZE);
    }
    return o->buffer != NULL;
}

int frame_output_flush(struct frame_output *o)
{
    if (o->filled > 0 && !host_write_output(o->buffer, o->filled)) {
        return 0;
    }
    o->filled = 0;
    return 1;
}

int frame_output_bytes(struct frame_output *o, const void *data, size_t n)
{
    if (n > FRAME_BUFFER_SIZE - o->filled && !frame_output_flush(o)) {
        return 0;
    }
    if (n > FRAME_BUFFER_SIZE / 2) { /* large ones straight out of the ring */
        return frame_output_flush(o) && host_write_output(data, n);
    }
    if (n > 0) {
        memcpy(o->buffer + o->filled, data, n);
        o->filled += n;
    }
    return 1;
}

int frame_output_record(struct frame_output *o, const void *data, uint32_t len)
{
    unsigned char header[FRAME_HEADER];

    if (o->frame == FRAME_LENGTH) {
        frame_put_length(header, len);
        if (!frame_output_bytes(o, header, sizeof header)) {
            return 0;
        }
    }
    return frame_output_bytes(o, data, len) &&
           (o->frame != FRAME_LINE || frame_output_bytes(o, "\n", 1));
}

void frame_output_end(struct frame_output *o)
{
    free(o->buffer);
    o->buffer = NULL;
}

int frame_output_failed(void)
{
    if (host_stop_requested()) {
        return EXIT_OK; /* it was blocked, and is not waited for */
    }
    return host_error_is_gone() ? EXIT_FAILED /* its reader has what it wanted */
                                : say_failed("standard output: %s", host_error());
}
