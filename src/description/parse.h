/* SPDX-License-Identifier: MIT */
/* parse.h - what the parts of the parser share: description/words.c (characters, words
 * and sentences), description/field.c (a field and its place) and description/parse.c (lines). */
#ifndef SHMRING_SRC_DESCRIPTION_PARSE_H
#define SHMRING_SRC_DESCRIPTION_PARSE_H

#include "description/description.h"

struct shmring_parser {
    shmring_description *d;
    const char *where;
    shmring_status failed; /* what a wrong text is answered with */
    const char *line;      /* its first byte */
    const char *at;        /* the next one to look at */
    const char *end;       /* of what the line says: its comment or its newline */
    const char *line_end;
    uint32_t number; /* of the line, from 1 */
    shmring_type *type;
    uint64_t c_end, cdr_end; /* behind the type's last field: in C, and where CDR is then */
};

/* Bytes of the text. */
struct shmring_word {
    const char *at;
    size_t len;
};

/* The type of a field, as a line gives it. */
struct shmring_written {
    struct shmring_word all, base;
    uint32_t kind, count, is_array, bound;
    const shmring_type *nested;
};

/* ---- words ---- */

/* Says what is wrong at that byte of the line, and returns what the parser answers then. */
shmring_status shmring_word_wrong(const struct shmring_parser *p, const char *at,
                                  const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(__printf__, 3, 4)))
#endif
    ;

int shmring_word_is_digit(char c);
void shmring_word_skip_blanks(struct shmring_parser *p);

/* The line's next word: up to a blank or '='; empty at the line's end. */
struct shmring_word shmring_word_next(struct shmring_parser *p);
int shmring_word_is(struct shmring_word w, const char *text);

/* How many bytes of a word a sentence shows. */
int shmring_word_shown(struct shmring_word w);

/* Whether a word can be the name of something: `what` says of what. OK, or as said. */
shmring_status shmring_word_check_name(const struct shmring_parser *p, struct shmring_word w,
                                       const char *what);

/* A decimal number without a leading zero. 1 on success. */
int shmring_word_number(struct shmring_word w, uint64_t most, uint64_t *ret);

/* Whether a word is a value of that kind. */
int shmring_word_is_value(struct shmring_word w, uint32_t kind);

/* ---- what is kept ---- */

/* A NUL-terminated copy, which lives as long as the description. */
const char *shmring_word_keep(shmring_description *d, struct shmring_word w);

/* Adds to the canonical line, and ends it. */
void shmring_canon(shmring_description *d, const char *text, size_t len);
void shmring_canon_end(const struct shmring_parser *p);

/* ---- fields ---- */

/* n, or the next multiple of align. */
uint64_t shmring_round_up(uint64_t n, uint64_t align);

/* A field's or a constant's type. */
shmring_status shmring_field_read_type(const struct shmring_parser *p, struct shmring_word word,
                                       struct shmring_written *ret);

/* Adds a field to the parser's type; what is left of its line is looked at. */
shmring_status shmring_field_add(struct shmring_parser *p, const struct shmring_written *w,
                                 struct shmring_word name);

#endif
