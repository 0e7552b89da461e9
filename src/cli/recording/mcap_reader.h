/* SPDX-License-Identifier: MIT */
/* mcap_reader.h - what the parts of the reader of MCAP files share. */
#ifndef SHMRING_SRC_CLI_RECORDING_MCAP_READER_H
#define SHMRING_SRC_CLI_RECORDING_MCAP_READER_H

#include "recording/mcap.h"

#define MCAP_LEAST_OWN 0x80u /* kinds from here on are others' own */

/* ---- mcap_window.c: what of the file is in memory, and chunks in it ---- */

/* Reads until the window has n bytes, or the file ends. Returns how many it has; -1: a failure. */
int64_t mcap_need(struct mcap_reader *r, uint64_t n);
void mcap_go_on(struct mcap_reader *r, size_t n);
/* n bytes of the window, which must be there. */
struct view mcap_window(const struct mcap_reader *r, size_t from, size_t n);

struct mcap_chunk_head {
    uint64_t size; /* of its records */
    uint32_t crc;
    int compression; /* enum mcap_compression; -1: another one */
    char name[24];
    struct view packed;
};

/* v: a chunk, or what of it is in the window. `length`: of the whole. 0: it cannot be one. */
int mcap_read_head(struct view v, uint64_t length, struct mcap_chunk_head *ret);
/* Makes the records of a chunk that is in the window r->chunk. 1; 0: it is damaged; -1. */
int mcap_unpack(struct mcap_reader *r, struct mcap_chunk_head *head);

/* ---- mcap_skip.c: damage ---- */

/* A record, perhaps, by its first nine bytes. */
int mcap_looks_like_record(const unsigned char *at, uint64_t *ret_length);
/* Whether the footer and the magic behind it are there. */
int mcap_is_end(const unsigned char *at, size_t n);
/* Passes over bytes, to where a whole chunk begins, or the end. was_cut: the file ends before a
 * record does. 1; 0 at the end of the file; -1. */
int mcap_skip(struct mcap_reader *r, int was_cut);
/* A record in the window, of `length` bytes behind its head, is damaged. A chunk whose two lengths
 * agree, and which another record follows, is passed over. From all others the way is looked for.
 * As mcap_skip(). */
int mcap_pass_damaged(struct mcap_reader *r, uint64_t length);

#endif
