/* SPDX-License-Identifier: MIT */
/* recording.h - recordings of rings: docs/recording.md is the format, cli/recording/writer.c and
 * cli/recording/reader.c its two sides. */
#ifndef SHMRING_SRC_CLI_RECORDING_RECORDING_H
#define SHMRING_SRC_CLI_RECORDING_RECORDING_H

#include "command.h"

#define RECORDING_MAGIC   "\x89SHMREC\n"
#define RECORDING_VERSION 1u
#define RECORDING_HEADER  40u /* of a block */
#define RECORDING_ABOUT   80u /* and the name behind it */
#define RECORDING_ENTRY   24u /* in front of a payload */
#define RECORDING_LOSS    16u
#define RECORDING_END     48u
#define RECORDING_LONGEST                                                                          \
    (UINT32_C(1) << 30) /* a payload; blocks are shorter than twice as much                        \
                         */

enum recording_block { RECORDING_KIND_ABOUT = 1, RECORDING_KIND_RECORDS, RECORDING_KIND_END };

/* Flags of an entry. */
enum {
    RECORDING_GAP = 1,        /* the sender was refused records before this one */
    RECORDING_IS_LOSS = 2,    /* not a record: what is missing here */
    RECORDING_COMMIT_TIME = 4 /* the time is the sender's, of its commit */
};

enum recording_reason {
    RECORDING_ROTATED = 1,
    RECORDING_CLOSED,
    RECORDING_DIED,
    RECORDING_STOPPED
};

/* CRC-32C (Castagnoli) of n bytes. */
uint32_t crc32c(const void *data, size_t n);
/* The same of what comes behind bytes that have the sum `sum`; of nothing it is 0. */
uint32_t crc32c_more(uint32_t sum, const void *data, size_t n);

/* Numbers are stored least significant byte first, on every machine. */
static inline void put_number(unsigned char *to, uint64_t value, unsigned bytes)
{
    unsigned i;

    for (i = 0; i < bytes; i++) {
        to[i] = (unsigned char)(value >> 8 * i & 0xFF);
    }
}

static inline uint64_t get_number(const unsigned char *from, unsigned bytes)
{
    uint64_t value = 0;

    while (bytes > 0) {
        bytes--;
        value = value << 8 | from[bytes];
    }
    return value;
}

static inline size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* ---- writing ---- */

enum recording_sync { SYNC_NEVER, SYNC_FILE, SYNC_BLOCK };

struct recording_limits {
    uint64_t size, ns, keep; /* a file's bytes, a file's time, files; 0 = none */
    uint32_t sync;           /* enum recording_sync */
};

struct recording_totals {
    uint64_t records, bytes, losses, lost_bytes;
    uint64_t lost_records; /* UINT64_MAX once it is not known */
};

/* output.h: the file that is being written. */
struct recording_output {
    const char *path; /* as given */
    char *name;       /* of this file */
    FILE *file;
    struct recording_limits limits;
    uint64_t number;     /* where files rotate */
    uint64_t started_ns; /* when this one did */
    uint64_t looked_ns;
    int is_plain; /* a file, and not a pipe or a terminal */
    int failed;   /* a write did, and it was said */
};

struct recording_writer {
    struct recording_output out;
    shmring_info info;
    uint32_t source;
    uint64_t id, sequence, written, about_at;
    uint64_t block_ns; /* the start of the block that fills */
    unsigned char *block;
    size_t used, room;
    struct recording_totals file_totals, totals;
};

/* Each returns 1; 0 after it has said what failed. */
int recording_create(struct recording_writer *w, const char *path,
                     const struct recording_limits *limits, const shmring_info *info,
                     uint32_t source);
int recording_add(struct recording_writer *w, const shmring_record *record, uint64_t now_ns);
/* records: UINT64_MAX when not known. */
int recording_lost(struct recording_writer *w, uint64_t bytes, uint64_t records, uint64_t position,
                   uint64_t now_ns);
/* Writes the block that fills, to the system. */
int recording_flush(struct recording_writer *w);
/* Now and then: a block that has waited, a file whose time is over. */
int recording_tick(struct recording_writer *w, uint64_t now_ns);
/* Ends the recording, also one that failed. */
int recording_end(struct recording_writer *w, enum recording_reason reason);

/* ---- reading ---- */

struct recording_about {
    char name[SHMRING_NAME_SIZE];
    uint64_t capacity, schema;
    uint32_t framing, overflow, stamp, max_record;
};

/* A ring of a recording. */
struct recorded_ring {
    struct recording_about about;
    shmring_description *description; /* NULL: none */
    int is_known;                     /* more than its name */
    void *user;                       /* the caller's; NULL at first */
};

struct recording_entry {
    const unsigned char *data; /* until the next call */
    uint32_t len;
    uint32_t ring; /* its number in the file; 0 of the form that has one */
    uint16_t type, flags;
    int is_described; /* by the ring's description */
    uint64_t time_ns, position;
    uint32_t sequence;                  /* the rest is of MCAP files */
    const struct mcap_channel *channel; /* NULL: of the form of version 0.1 */
};

struct tape;
struct mcap_channel;

struct recording_reader {
    const char *path;
    FILE *file;
    unsigned char *buffer;
    size_t at, end, room; /* what of the buffer is still to be read */
    const unsigned char *body;
    size_t body_at, body_size;
    uint64_t id, next_sequence;
    int has_id, has_about, in_damage, has_end;
    struct recording_about about;
    struct recorded_ring only;          /* of the form that has one ring */
    struct tape *tape;                  /* NULL: of that form */
    uint64_t calendar_ns, monotonic_ns; /* of one moment; 0: not known */
    uint64_t damaged_places, skipped_bytes, missing_blocks;
};

/* The rings that are known so far: of an MCAP file, more may come with the next record. */
uint32_t recording_rings(const struct recording_reader *r);
struct recorded_ring *recording_ring(struct recording_reader *r, uint32_t ring);

enum recording_look { RECORDING_NO_FILE, RECORDING_OTHER, RECORDING_YES };
/* The kind of file at a path, by how it starts. */
enum recording_look recording_look_at(const char *path);

/* Opens a file of either form and reads as far as its first records. 1; 0 after it has said what
 * failed: it is not there, no recording, or of a later version. */
int recording_open(struct recording_reader *r, const char *path);
/* The next record or loss. 1; 0 at the end; -1 after it has said what failed. */
int recording_next(struct recording_reader *r, struct recording_entry *ret);
void recording_close(struct recording_reader *r);

#endif
