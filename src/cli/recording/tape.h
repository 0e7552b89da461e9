/* SPDX-License-Identifier: MIT */
/* tape.h - MCAP files as recordings of rings: ours, and those of others whose messages are taken as
 * the records of one ring. */
#ifndef SHMRING_SRC_CLI_RECORDING_TAPE_H
#define SHMRING_SRC_CLI_RECORDING_TAPE_H

#include "recording/mcap.h"
#include "recording/recording.h"

/* How a channel's messages are taken. */
struct tape_channel {
    uint32_t ring;
    uint16_t type;
    int is_loss, skip; /* bytes in front of the payload */
    uint64_t messages, bytes;
    const struct mcap_channel *of;
    struct tape_channel *next;
};

struct tape {
    const char *path;
    FILE *file;
    unsigned char start[MCAP_MAGIC_SIZE]; /* what was read to see that it is MCAP */
    size_t start_at, start_size;
    struct mcap_reader mcap;
    struct mcap_item item; /* a message that was read ahead */
    int has_item, has_gap;
    uint32_t gap_ring;
    uint64_t calendar_ns, monotonic_ns; /* of one moment; 0: not known */
    struct recorded_ring *rings;
    uint32_t ring_count;
    struct tape_channel *channels;
    unsigned char loss[RECORDING_LOSS];
};

/* file: behind the magic, or at its start where start_size is 0. Reads up to the first message. 1;
 * 0: it is no MCAP file; -1 after it has said what failed. */
int tape_open(struct tape *t, const char *path, FILE *file, const unsigned char *start,
              size_t start_size);
/* As recording_next(). */
int tape_next(struct tape *t, struct recording_entry *ret);
void tape_close(struct tape *t);

/* foreign.c: makes one ring of what another program wrote: types by channel, described where a
 * schema is of fixed layout. 1; 0: no memory, or the file cannot be read. */
int foreign_look(struct tape *t);

#endif
