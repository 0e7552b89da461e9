/* SPDX-License-Identifier: MIT */
/* frame.h - how records and a byte stream become each other; common to send and recv. */
#ifndef SHMRING_TOOLS_FRAME_H
#define SHMRING_TOOLS_FRAME_H

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

#endif
