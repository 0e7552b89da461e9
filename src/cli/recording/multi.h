/* SPDX-License-Identifier: MIT */
/* multi.h - writes records of many rings into MCAP files: docs/recording.md says what is where. */
#ifndef SHMRING_SRC_CLI_RECORDING_MULTI_H
#define SHMRING_SRC_CLI_RECORDING_MULTI_H

#include "recording/mcap.h"
#include "recording/recording.h"

#define MULTI_NOT_ENDED 0u

/* A kind of message: a ring's records of one type. */
struct multi_channel {
    uint32_t ring; /* which */
    uint16_t type; /* of records */
    uint8_t is_loss;
    const shmring_type *described; /* NULL: the bytes have no description */
    char *topic, *schema;          /* the schema's name, or NULL */
    struct bytes text;             /* of the schema */
    uint64_t chunk;                /* the last that has it */
};

struct multi_ring {
    shmring_info info;
    uint32_t source; /* 1 the consumer, 2 an observer */
    shmring_description *description;
    char package[SHMRING_NAME_SIZE];
    uint16_t *ids; /* of channels: by type, those of described records, then those of others */
    uint16_t loss_id;
    uint64_t sequence; /* of the last record, from 1 */
    uint32_t reason;   /* enum recording_reason, once it has ended */
    uint64_t refused;
    struct recording_totals file_totals, totals;
};

struct multi {
    struct recording_output out;
    struct mcap_writer file;
    struct mcap_chunk chunk;
    uint64_t chunk_number, chunk_ns;
    size_t chunk_most;
    struct multi_ring *rings;
    uint32_t ring_count;
    struct multi_channel *channels; /* by id */
    uint32_t channel_count, channel_room;
    uint64_t file_records;
    uint64_t calendar_ns, monotonic_ns;
};

/* Each returns 1; 0 after it has said what failed. */
/* calendar_ns, monotonic_ns: the two clocks at one moment; 0: now. */
int multi_create(struct multi *m, const char *path, const struct recording_limits *limits,
                 enum mcap_compression compression, uint64_t calendar_ns, uint64_t monotonic_ns);
/* One more ring; its number is m->ring_count before. description: NULL, or freed at the end. */
int multi_ring(struct multi *m, const shmring_info *info, uint32_t source,
               shmring_description *description);
int multi_add(struct multi *m, uint32_t ring, const shmring_record *record, uint64_t now_ns);
/* records: UINT64_MAX when not known. */
int multi_lost(struct multi *m, uint32_t ring, uint64_t bytes, uint64_t records, uint64_t position,
               uint64_t now_ns);
/* Writes the chunk that fills, to the system. */
int multi_flush(struct multi *m);
/* Now and then: a chunk that has waited, a file whose time is over. */
int multi_tick(struct multi *m, uint64_t now_ns);
/* Ends the recording, also one that failed. */
int multi_end(struct multi *m);

/* multi_about.c: what a file says of its rings, its channels and its host. */
#define MULTI_PAIRS 16u
size_t multi_about_ring(const struct multi_ring *ring, struct mcap_text *pairs, char (*text)[160]);
int multi_write_start(struct multi *m);
int multi_write_ring(struct multi *m, const struct multi_ring *ring);
int multi_write_ends(struct multi *m, int is_last);

#endif
