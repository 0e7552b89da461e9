/* SPDX-License-Identifier: MIT */
/* frame.h - how records and a byte stream become each other; common to send, recv and tap. */
#ifndef SHMRING_SRC_CLI_STREAM_FRAME_H
#define SHMRING_SRC_CLI_STREAM_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum frame { FRAME_LINE = 0, FRAME_LENGTH = 1, FRAME_RAW = 2 };

#define FRAME_CHOICES                                                                              \
    {                                                                                              \
        "line", "length", "raw", NULL                                                              \
    }

/* A length frame starts with the payload's length, least significant byte first. */
#define FRAME_HEADER 4u

static inline void frame_put_length(unsigned char *to, uint32_t length)
{
    to[0] = (unsigned char)(length & 0xFF);
    to[1] = (unsigned char)(length >> 8 & 0xFF);
    to[2] = (unsigned char)(length >> 16 & 0xFF);
    to[3] = (unsigned char)(length >> 24);
}

static inline uint32_t frame_get_length(const unsigned char *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

/* ---- cli/stream/frame_writer.c: records to standard output, many in one write ---- */

#define FRAME_BUFFER_SIZE (1u << 18)

struct frame_output {
    uint32_t frame;
    unsigned char *buffer; /* FRAME_BUFFER_SIZE bytes of output to be written */
    size_t filled;
};

/* 1, or 0 with the sentence said. */
int frame_output_start(struct frame_output *o, uint32_t frame);
/* Each: 1, or 0: host_error() says why standard output would not take it. */
int frame_output_bytes(struct frame_output *o, const void *data, size_t n);
int frame_output_record(struct frame_output *o, const void *data, uint32_t len);
int frame_output_flush(struct frame_output *o);
void frame_output_end(struct frame_output *o);
/* That standard output would not take it: the exit status. Quiet where its reader has gone, or a
 * stop ended the write. */
int frame_output_failed(void);

#endif
