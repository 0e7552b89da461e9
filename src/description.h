/* SPDX-License-Identifier: MIT */
/* description.h - a parsed description: description_parse.c makes it, description.c reads it,
 * describe.c fetches its text from a ring. */
#ifndef SHMRING_SRC_DESCRIPTION_H
#define SHMRING_SRC_DESCRIPTION_H

#include <shmring/describe.h>

#include "options.h"
#include "os.h"

struct shmring_description {
    uint64_t hash;
    uint32_t text_len, canonical_len, names_len;
    uint32_t type_count, field_count, constant_count, line_count;
    shmring_type *types;
    shmring_field *fields;
    shmring_constant *constants;
    uint32_t *lines; /* of the text, for each canonical line */
    char *text, *canonical, *names;
};

/* The bytes of one element of a kind that is no nested type; its alignment is the same. */
uint32_t shmring_kind_size(uint32_t kind);

/* The kind of a word, 0 for none. */
uint32_t shmring_kind_of(const char *word, size_t len);

/* Parses len bytes of text. who: as shmring_description_parse() takes it. failed: what a text that
 * is none is answered with. */
shmring_status shmring_description_make(shmring_description **ret, const char *text, size_t len,
                                        const char *where, shmring_status failed);

/* ---- in a ring ---- */

/* Judges options.description, if there is one. OK, E_INVALID, E_NO_MEMORY. */
shmring_status shmring_description_check(const struct shmring_name *name,
                                         const shmring_options *opt);

/* Enters the description of the options, if there is one, into the geometry of a new ring; its hash
 * is the schema where the options have none. OK, E_INVALID, E_NO_MEMORY. */
shmring_status shmring_description_enter(const struct shmring_name *name,
                                         const shmring_options *opt,
                                         struct shmring_geometry_page *g);

/* Writes the text where the geometry says, before the geometry is written. 1 on success. */
int shmring_description_write(const struct shmring_os_segment *seg, const shmring_options *opt,
                              const struct shmring_geometry_page *g);

/* Whether the description of the options, if there is one, is the ring's. OK, E_MISMATCH,
 * E_CORRUPT, E_NO_MEMORY, E_OS. */
shmring_status shmring_description_match(const struct shmring_name *name,
                                         const shmring_options *opt,
                                         const struct shmring_os_segment *seg,
                                         const struct shmring_geometry_page *g);

#endif
