/* SPDX-License-Identifier: MIT */
/* words.c - characters, words and values of a description, and what is kept of them. */
#include "description/parse.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- sentences ---- */

static uint32_t column_of(const struct shmring_parser *p, const char *at)
{
    uint32_t column = 1;
    const char *c;

    for (c = p->line; c < at; c++) {
        column += ((unsigned char)*c & 0xC0u) != 0x80u; /* a character, not each of its bytes */
    }
    return column;
}

shmring_status shmring_word_wrong(const struct shmring_parser *p, const char *at,
                                  const char *format, ...)
{
    char why[320];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return shmring_fail(p->failed, "%.200s, line %" PRIu32 ", column %" PRIu32 ": %s", p->where,
                        p->number, column_of(p, at), why);
}

/* ---- characters and words ---- */

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int shmring_word_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_name_char(char c)
{
    return is_letter(c) || shmring_word_is_digit(c) || c == '_';
}

void shmring_word_skip_blanks(struct shmring_parser *p)
{
    while (p->at < p->end && is_blank(*p->at)) {
        p->at++;
    }
}

/* Up to the next blank, or to '=', but not that of "<=". */
struct shmring_word shmring_word_next(struct shmring_parser *p)
{
    struct shmring_word w;

    shmring_word_skip_blanks(p);
    w.at = p->at;
    while (p->at < p->end && !is_blank(*p->at) &&
           (*p->at != '=' || (p->at > w.at && p->at[-1] == '<'))) {
        p->at++;
    }
    w.len = (size_t)(p->at - w.at);
    return w;
}

int shmring_word_is(struct shmring_word w, const char *text)
{
    return strlen(text) == w.len && memcmp(w.at, text, w.len) == 0;
}

/* How much of a word a sentence shows. */
int shmring_word_shown(struct shmring_word w)
{
    return w.len < 80 ? (int)w.len : 80;
}

shmring_status shmring_word_check_name(const struct shmring_parser *p, struct shmring_word w,
                                       const char *what)
{
    size_t i;

    if (w.len == 0) {
        return shmring_word_wrong(p, w.at, "here should be the name of the %s", what);
    }
    if (!is_letter(w.at[0])) {
        return shmring_word_wrong(p, w.at, "a name begins with a letter, and '%.*s' does not",
                                  shmring_word_shown(w), w.at);
    }
    for (i = 0; i < w.len; i++) {
        if (!is_name_char(w.at[i])) {
            return shmring_word_wrong(p, w.at + i, "a name has letters, digits and _, and no '%c'",
                                      w.at[i]);
        }
    }
    if (w.len > SHMRING_DESCRIPTION_NAME_MAX) {
        return shmring_word_wrong(p, w.at, "this name has %u letters, and a name has at most %u",
                                  (unsigned)w.len, SHMRING_DESCRIPTION_NAME_MAX);
    }
    return SHMRING_OK;
}

/* A decimal number without a leading zero. 1 on success. */
int shmring_word_number(struct shmring_word w, uint64_t most, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i;

    if (w.len == 0 || w.len > 19 || (w.len > 1 && w.at[0] == '0')) {
        return 0;
    }
    for (i = 0; i < w.len; i++) {
        if (!shmring_word_is_digit(w.at[i])) {
            return 0;
        }
        v = v * 10 + (uint64_t)(w.at[i] - '0');
    }
    *ret = v;
    return v <= most;
}

static const char *digits_end(const char *at, const char *end)
{
    while (at < end && shmring_word_is_digit(*at)) {
        at++;
    }
    return at;
}

static int is_decimal(struct shmring_word v)
{
    const char *at = v.at, *end = v.at + v.len, *from;

    at += at < end && (*at == '-' || *at == '+');
    from = at;
    at = digits_end(at, end);
    if (at < end && *at == '.') {
        from++;
        at = digits_end(at + 1, end);
    }
    if (at <= from) {
        return 0;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '-' || *at == '+');
        from = at;
        at = digits_end(at, end);
        return at > from && at == end;
    }
    return at == end;
}

static int is_integer(struct shmring_word v, uint32_t kind)
{
    const int is_signed = kind == SHMRING_KIND_INT8 || kind == SHMRING_KIND_INT16 ||
                          kind == SHMRING_KIND_INT32 || kind == SHMRING_KIND_INT64;
    const int minus = v.len != 0 && v.at[0] == '-';
    const uint32_t bits = 8 * shmring_kind_size(kind) - (uint32_t)is_signed;
    const uint64_t top = UINT64_MAX >> (64 - bits);
    uint64_t n = 0;

    if (minus) {
        v.at++;
        v.len--;
    }
    if (v.len == 20 && !minus && bits == 64 && digits_end(v.at, v.at + v.len) == v.at + v.len) {
        return memcmp(v.at, "18446744073709551615", 20) <= 0;
    }
    return shmring_word_number(v, minus ? top + 1 : top, &n) && (!minus || is_signed);
}

int shmring_word_is_value(struct shmring_word v, uint32_t kind)
{
    switch (kind) {
    case SHMRING_KIND_BOOL:
        return shmring_word_is(v, "true") || shmring_word_is(v, "false") ||
               shmring_word_is(v, "1") || shmring_word_is(v, "0");
    case SHMRING_KIND_FLOAT32:
    case SHMRING_KIND_FLOAT64:
        return is_decimal(v);
    case SHMRING_KIND_STRING:
    case SHMRING_KIND_NESTED:
        return 0;
    default:
        return is_integer(v, kind);
    }
}

/* ---- what is kept ---- */

const char *shmring_word_keep(shmring_description *d, struct shmring_word w)
{
    char *at = d->names + d->names_len;

    memcpy(at, w.at, w.len);
    at[w.len] = '\0';
    d->names_len += (uint32_t)w.len + 1;
    return at;
}

void shmring_canon(shmring_description *d, const char *text, size_t len)
{
    memcpy(d->canonical + d->canonical_len, text, len);
    d->canonical_len += (uint32_t)len;
}

void shmring_canon_end(const struct shmring_parser *p)
{
    shmring_description *d = p->d;

    shmring_canon(d, "\n", 1);
    d->lines[d->line_count++] = p->number;
}
