/* SPDX-License-Identifier: MIT */
/* description.h - a parsed description: description/parse.c makes it, description.c reads it,
 * segment/described.c fetches its text from a ring. */
#ifndef SHMRING_SRC_DESCRIPTION_DESCRIPTION_H
#define SHMRING_SRC_DESCRIPTION_DESCRIPTION_H

#include <shmring/describe.h>

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

#endif
