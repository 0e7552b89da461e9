/* SPDX-License-Identifier: MIT */
/* mcap.h - files of the MCAP format, version 0: mcap_write.c and mcap_read.c are its two sides.
 * They know nothing of rings: docs/recording.md tells what is put into such a file, and how.
 *
 * Each chunk that is written has the schemas and the channels of its messages, so that it can be
 * read whatever is lost around it. */
#ifndef SHMRING_SRC_CLI_RECORDING_MCAP_H
#define SHMRING_SRC_CLI_RECORDING_MCAP_H

#include <stddef.h>
#include <stdint.h>

#define MCAP_MAGIC      "\x89MCAP0\r\n"
#define MCAP_MAGIC_SIZE 8u
#define MCAP_HEAD       9u  /* of a record: what it is, and how long */
#define MCAP_MESSAGE    22u /* in front of a message's bytes */
#define MCAP_CHUNK      40u /* in front of a chunk's records, without the compression's name */
#define MCAP_FOOTER     20u
#define MCAP_LONGEST    ((UINT32_C(1) << 31) - 4096) /* a chunk, and all that is in one */
#define MCAP_KNOWN_MOST (64u << 20) /* bytes of schemas and channels that a reader remembers */
#define MCAP_LIBRARY    "shmring"   /* how the name of what wrote our files begins */
#define MCAP_IDS        65536u

enum mcap_kind {
    MCAP_IS_HEADER = 1,
    MCAP_IS_FOOTER,
    MCAP_IS_SCHEMA,
    MCAP_IS_CHANNEL,
    MCAP_IS_MESSAGE,
    MCAP_IS_CHUNK,
    MCAP_IS_MESSAGE_INDEX,
    MCAP_IS_CHUNK_INDEX,
    MCAP_IS_ATTACHMENT,
    MCAP_IS_ATTACHMENT_INDEX,
    MCAP_IS_STATISTICS,
    MCAP_IS_METADATA,
    MCAP_IS_METADATA_INDEX,
    MCAP_IS_SUMMARY_OFFSET,
    MCAP_IS_DATA_END
};

/* ---- mcap_bytes.c: numbers, strings, checksums ---- */

/* Bytes that grow. After a failure all calls fail: it is asked once, at the end. */
struct bytes {
    unsigned char *at;
    size_t used, room;
    int failed;
};

struct mcap_text {
    const char *key, *value;
};

/* Room for n more; 0: no memory. */
int bytes_reserve(struct bytes *b, size_t n);
/* The same, and they count as used; NULL: no memory. */
unsigned char *bytes_add(struct bytes *b, size_t n);
void bytes_put(struct bytes *b, const void *from, size_t n);
void bytes_number(struct bytes *b, uint64_t value, unsigned size);
/* Its length in 32 bits, and the text. */
void bytes_text(struct bytes *b, const char *text);
void bytes_block(struct bytes *b, const void *from, size_t n);
void bytes_pairs(struct bytes *b, const struct mcap_text *pairs, size_t count);
void bytes_free(struct bytes *b);
/* Begins a record, or a part whose length stands in front of it in `size` bytes; returns where it
 * is, for the call that ends it. */
size_t bytes_open(struct bytes *b, enum mcap_kind kind);
void bytes_close(struct bytes *b, size_t at);
size_t bytes_open_part(struct bytes *b);
void bytes_close_part(struct bytes *b, size_t at);

/* The CRC-32 of IEEE 802.3: of n more bytes behind those whose checksum is crc (0: none). */
uint32_t crc32_add(uint32_t crc, const void *data, size_t n);
/* That of two pieces, one behind the other, of which the second has n bytes. */
uint32_t crc32_join(uint32_t first, uint32_t second, uint64_t n);

/* Where a reader is in bytes that it does not trust: after a read behind the end all reads give 0,
 * and it has failed. */
struct view {
    const unsigned char *at;
    size_t left;
    int failed;
};

uint64_t view_number(struct view *v, unsigned size);
const unsigned char *view_take(struct view *v, uint64_t n);
/* A text: where it is, and how long. NULL only after a failure. */
const char *view_text(struct view *v, size_t *ret_length);
/* A part whose length is in front of it, in 32 bits. */
struct view view_part(struct view *v);
/* The same by 64 bits. */
struct view view_record(struct view *v);

/* ---- writing ---- */

enum mcap_compression { MCAP_PLAIN, MCAP_LZ4, MCAP_ZSTD };

/* Messages that go into a file together. */
struct mcap_chunk {
    struct bytes data; /* MCAP_CHUNK_ROOM bytes are free in front */
    uint64_t messages;
    uint64_t first_ns, last_ns;
};

/* Empties it. */
void mcap_chunk_start(struct mcap_chunk *c);
void mcap_chunk_free(struct mcap_chunk *c);
/* The bytes of its records so far. */
size_t mcap_chunk_size(const struct mcap_chunk *c);
/* id 0 is no schema. */
void mcap_chunk_schema(struct mcap_chunk *c, uint16_t id, const char *name, const char *encoding,
                       const void *data, size_t n);
void mcap_chunk_channel(struct mcap_chunk *c, uint16_t id, uint16_t schema, const char *topic,
                        const char *encoding, const struct mcap_text *metadata, size_t count);

struct mcap_stamp {
    uint16_t channel;
    uint32_t sequence;
    uint64_t log_ns, publish_ns;
};

/* A message of `prefix_size` bytes and n bytes behind them. */
void mcap_chunk_message(struct mcap_chunk *c, const struct mcap_stamp *stamp, const void *prefix,
                        size_t prefix_size, const void *data, size_t n);

/* A channel, and the schema of the same number. */
struct mcap_tally {
    uint64_t messages; /* in the file */
    uint32_t in_chunk; /* that is being written */
    uint8_t has_schema, has_channel;
    size_t index_at; /* where the next entry of its index goes */
};

struct mcap_writer {
    /* Writes all of it; 0: it failed. */
    int (*write)(void *context, const void *data, size_t n);
    void *context;
    enum mcap_compression compression;
    int level; /* of the compression; 0: its own choice */
    uint64_t written;
    uint32_t crc;                                                  /* of all that was written */
    struct bytes schemas, channels, chunks, attachments, metadata; /* what the summary will have */
    struct bytes packed;        /* a chunk, compressed, and its index */
    struct mcap_tally *tallies; /* one for each channel */
    uint16_t *used;             /* the channels of the chunk that is written, `used_count` */
    uint32_t used_count;
    uint64_t messages, first_ns, last_ns;
    uint32_t chunk_count, schema_count, channel_count, attachment_count, metadata_count;
};

/* Each returns 1; 0 when a write failed or there is no memory: mcap_no_memory() tells which. */
/* version: of this program. */
int mcap_start(struct mcap_writer *w, const char *version);
int mcap_write_chunk(struct mcap_writer *w, struct mcap_chunk *c);
int mcap_write_attachment(struct mcap_writer *w, uint64_t time_ns, const char *name,
                          const char *media_type, const void *data, size_t n);
int mcap_write_metadata(struct mcap_writer *w, const char *name, const struct mcap_text *pairs,
                        size_t count);
/* The index and the end. */
int mcap_finish(struct mcap_writer *w);
/* The bytes that mcap_finish() would write, at most. */
uint64_t mcap_finish_size(const struct mcap_writer *w);
int mcap_no_memory(const struct mcap_writer *w);
void mcap_writer_free(struct mcap_writer *w);

/* ---- reading ---- */

struct mcap_schema {
    uint16_t id;
    char *name, *encoding;
    size_t size; /* of its text, which ends in a 0 that does not count */
    char *text;
};

struct mcap_channel {
    uint16_t id, schema_id;
    char *topic, *encoding;  /* texts that end in 0, whatever the file had in them */
    unsigned char *metadata; /* pairs of texts, checked */
    size_t metadata_size;
    const struct mcap_schema *schema; /* NULL: none */
    void *user;                       /* the caller's; NULL at first */
};

/* The value of a key, as a text of at most size - 1 bytes; 0: it has none. */
int mcap_channel_get(const struct mcap_channel *c, const char *key, char *ret, size_t size);

enum mcap_found {
    MCAP_FAILED = -1, /* `problem` says why */
    MCAP_END = 0,
    MCAP_FOUND_MESSAGE,
    MCAP_FOUND_ATTACHMENT,
    MCAP_FOUND_METADATA
};

/* The record that was found; the pointers are good until the next call. */
struct mcap_item {
    struct mcap_channel *channel;
    uint32_t sequence;
    uint64_t log_ns, publish_ns;
    const unsigned char *data; /* of a message or an attachment; of metadata its pairs */
    size_t size;
    char name[128], media_type[64]; /* of attachments and metadata, cut where they are longer */
};

struct mcap_reader {
    /* Reads 1 to n bytes; 0: the end; -1: it failed. */
    int64_t (*read)(void *context, void *to, size_t n);
    void *context;
    unsigned char *buffer;
    size_t at, end, room;  /* what of it is still to be read */
    uint64_t place;        /* of buffer[at] in the file */
    struct view chunk;     /* what of a chunk is still to be read */
    struct bytes unpacked; /* one that was compressed */
    struct mcap_schema **schemas;
    struct mcap_channel **channels;
    size_t schema_room, channel_room, known_size;
    int has_start;    /* the magic */
    char library[64]; /* what wrote it, as it says */
    int is_foreign;   /* that is not MCAP_LIBRARY */
    int has_end;      /* the footer, and the magic behind it */
    int data_ended;
    uint64_t damaged_places, skipped_bytes;
    uint64_t cut_bytes;       /* behind the last whole record of a file that was cut */
    uint64_t unknown_records; /* of kinds that are others' own */
    uint64_t chunks, chunk_bytes, unpacked_bytes;
    const char *problem;
    char words[160];
};

/* Finds the start: 1; 0: it is no MCAP file; -1: a failure. */
int mcap_open(struct mcap_reader *r);
enum mcap_found mcap_next(struct mcap_reader *r, struct mcap_item *ret);
/* NULL: not known so far. */
const struct mcap_schema *mcap_schema(const struct mcap_reader *r, uint16_t id);
struct mcap_channel *mcap_channel(const struct mcap_reader *r, uint16_t id);
void mcap_reader_free(struct mcap_reader *r);

/* mcap_know.c: takes a schema or a channel. 1; 0: it is not one, or it contradicts what is known;
 * -1: no memory, or too much of it. */
int mcap_know_schema(struct mcap_reader *r, struct view v);
int mcap_know_channel(struct mcap_reader *r, struct view v);
void mcap_forget(struct mcap_reader *r);
/* Whether a map of texts is one. */
int mcap_pairs_are_whole(struct view pairs);
int mcap_pairs_get(struct view pairs, const char *key, char *ret, size_t size);
/* At most size - 1 bytes of a text of the file, as one of C. */
void mcap_text_copy(char *ret, size_t size, const char *text, size_t length);

#endif
