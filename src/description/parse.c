/* SPDX-License-Identifier: MIT */
/* parse.c - the text of a description, line by line, to types and fields.
 *
 *   text     = { line newline }
 *   line     = [ header | field | constant ] [ "#" comment ]
 *   header   = "type" [ number ] name
 *   field    = word [ "[" count "]" ] name     word: a primitive, string, or a type above
 *   constant = primitive name "=" value
 */
#include "description/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/printable.h"

/* The shortest line that says something: "bool a" and its end. */
#define LINE_LEAST 7u

/* ---- types ---- */

static void end_type(struct shmring_parser *p)
{
    shmring_type *t = p->type;

    if (t != NULL) {
        t->struct_size = (uint32_t)shmring_round_up(t->size, t->align);
        p->type = NULL;
    }
}

static shmring_status begin_type(struct shmring_parser *p, struct shmring_word name,
                                 uint32_t number)
{
    shmring_description *d = p->d;
    shmring_type *t = &d->types[d->type_count];
    char text[24];

    t->name = shmring_word_keep(d, name);
    t->number = number;
    t->align = 1;
    t->depth = 1;
    t->line = p->number;
    t->index = d->type_count++;
    t->all = d;
    t->first_field = d->field_count;
    t->first_constant = d->constant_count;
    p->type = t;
    p->c_end = p->cdr_end = 0;
    shmring_canon(d, "type ", 5);
    if (number != SHMRING_TYPE_UNNUMBERED) {
        shmring_canon(d, text, (size_t)snprintf(text, sizeof text, "%" PRIu32 " ", number));
    }
    shmring_canon(d, name.at, name.len);
    shmring_canon_end(p);
    return SHMRING_OK;
}

static shmring_status parse_header(struct shmring_parser *p)
{
    struct shmring_word w = shmring_word_next(p), name = w;
    uint64_t number = SHMRING_TYPE_UNNUMBERED;
    shmring_status status;
    uint32_t i;

    end_type(p);
    if (w.len != 0 && shmring_word_is_digit(w.at[0])) {
        if (!shmring_word_number(w, UINT16_MAX, &number)) {
            return shmring_word_wrong(p, w.at, "'%.*s' is no type number: 0 to 65535",
                                      shmring_word_shown(w), w.at);
        }
        name = shmring_word_next(p);
    }
    status = shmring_word_check_name(p, name, "type");
    if (status != SHMRING_OK) {
        return status;
    }
    shmring_word_skip_blanks(p);
    if (p->at != p->end) {
        return shmring_word_wrong(p, p->at, "nothing comes behind 'type %.*s' in its line",
                                  shmring_word_shown(name), name.at);
    }
    if (shmring_kind_of(name.at, name.len) != 0 || shmring_word_is(name, "type")) {
        return shmring_word_wrong(p, name.at, "'%.*s' has a meaning already: choose another name",
                                  shmring_word_shown(name), name.at);
    }
    for (i = 0; i < p->d->type_count; i++) {
        const shmring_type *other = &p->d->types[i];

        if (shmring_word_is(name, other->name)) {
            return shmring_word_wrong(p, name.at, "there is a type %s already, in line %" PRIu32,
                                      other->name, other->line);
        }
        if (number != SHMRING_TYPE_UNNUMBERED && other->number == number) {
            return shmring_word_wrong(p, w.at,
                                      "type number %" PRIu64 " is %s's already, in line %" PRIu32,
                                      number, other->name, other->line);
        }
    }
    return begin_type(p, name, (uint32_t)number);
}

/* ---- constants ---- */

/* Behind the name, at '='. */
static shmring_status add_constant(struct shmring_parser *p, const struct shmring_written *w,
                                   struct shmring_word name)
{
    shmring_description *d = p->d;
    shmring_constant *c = &d->constants[d->constant_count];
    struct shmring_word value;

    p->at++;
    value = shmring_word_next(p);
    shmring_word_skip_blanks(p);
    if (w->is_array || w->kind == SHMRING_KIND_STRING || w->nested != NULL) {
        return shmring_word_wrong(p, w->base.at, "a constant is one number or bool");
    }
    if (p->at != p->end || !shmring_word_is_value(value, w->kind)) {
        return shmring_word_wrong(p, value.at, "'%.*s' is no value of type %.*s",
                                  shmring_word_shown(value), value.at, shmring_word_shown(w->base),
                                  w->base.at);
    }
    c->name = shmring_word_keep(d, name);
    c->type_name = shmring_word_keep(d, w->base);
    c->value = shmring_word_keep(d, value);
    c->kind = w->kind;
    c->line = p->number;
    d->constant_count++;
    p->type->constant_count++;
    shmring_canon(d, w->base.at, w->base.len);
    shmring_canon(d, " ", 1);
    shmring_canon(d, name.at, name.len);
    shmring_canon(d, "=", 1);
    shmring_canon(d, value.at, value.len);
    shmring_canon_end(p);
    return SHMRING_OK;
}

static shmring_status check_unique(const struct shmring_parser *p, struct shmring_word name)
{
    const shmring_description *d = p->d;
    uint32_t i;

    for (i = p->type->first_field; i < d->field_count; i++) {
        if (shmring_word_is(name, d->fields[i].name)) {
            return shmring_word_wrong(p, name.at,
                                      "type %s has a field %s already, in line %" PRIu32,
                                      p->type->name, d->fields[i].name, d->fields[i].line);
        }
    }
    for (i = p->type->first_constant; i < d->constant_count; i++) {
        if (shmring_word_is(name, d->constants[i].name)) {
            return shmring_word_wrong(p, name.at,
                                      "type %s has a constant %s already, in line %" PRIu32,
                                      p->type->name, d->constants[i].name, d->constants[i].line);
        }
    }
    return SHMRING_OK;
}

static shmring_status parse_member(struct shmring_parser *p, struct shmring_word written)
{
    struct shmring_written w;
    struct shmring_word name;
    shmring_status status;

    if (p->type == NULL) {
        return shmring_word_wrong(
            p, written.at,
            "here should be the head of a type, as in 'type 1 Imu', and '%.*s' is none",
            shmring_word_shown(written), written.at);
    }
    status = shmring_field_read_type(p, written, &w);
    if (status != SHMRING_OK) {
        return status;
    }
    name = shmring_word_next(p);
    status = shmring_word_check_name(p, name, "field");
    if (status == SHMRING_OK) {
        status = check_unique(p, name);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    shmring_word_skip_blanks(p);
    return p->at < p->end && *p->at == '=' ? add_constant(p, &w, name)
                                           : shmring_field_add(p, &w, name);
}

/* ---- lines ---- */

/* Every byte of a line, its comment included, can be shown. */
static shmring_status check_characters(const struct shmring_parser *p)
{
    const char *at = p->line;

    while (at < p->line_end) {
        const unsigned n = *at == '\t' ? 1 : shmring_printable(at);

        if (n == 0) {
            return shmring_word_wrong(p, at,
                                      "byte 0x%02x is no character that a text can have here "
                                      "(UTF-8, without control characters)",
                                      (unsigned)(unsigned char)*at);
        }
        at += n;
    }
    return SHMRING_OK;
}

static shmring_status parse_line(struct shmring_parser *p)
{
    struct shmring_word first;
    shmring_status status = check_characters(p);

    if (status != SHMRING_OK) {
        return status;
    }
    p->at = p->line;
    p->end = memchr(p->line, '#', (size_t)(p->line_end - p->line));
    if (p->end == NULL) {
        p->end = p->line_end;
    }
    shmring_word_skip_blanks(p);
    if (p->at == p->end) {
        return SHMRING_OK;
    }
    first = shmring_word_next(p);
    return shmring_word_is(first, "type") ? parse_header(p) : parse_member(p, first);
}

static shmring_status parse_lines(struct shmring_parser *p)
{
    const char *end = p->d->text + p->d->text_len, *at = p->d->text;
    shmring_status status = SHMRING_OK;

    while (at < end && status == SHMRING_OK) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        p->number++;
        p->line = at;
        p->line_end = newline != NULL ? newline : end;
        at = newline != NULL ? newline + 1 : end;
        if (newline != NULL && newline > p->line && newline[-1] == '\r') {
            p->line_end = newline - 1;
        }
        status = parse_line(p);
    }
    end_type(p);
    if (status == SHMRING_OK && p->d->type_count == 0) {
        p->line = p->d->text;
        p->number = 1;
        return shmring_word_wrong(p, p->line,
                                  "there is no type in it: a type begins as 'type 1 Imu'");
    }
    return status;
}

/* ---- the whole ---- */

/* FNV-1a. */
static uint64_t hash_of(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    size_t i;

    for (i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    }
    return hash != 0 ? hash : 1;
}

/* A name, a type's name and a unit have a NUL each behind them, and a canonical line at most three
 * bytes more than the line that it comes from. */
static shmring_description *new_description(const char *text, size_t len)
{
    shmring_description *d = calloc(1, sizeof *d);
    const size_t room = len / LINE_LEAST + 1, names = len + 3 * room;

    if (d == NULL) {
        return NULL;
    }
    d->types = calloc(room, sizeof *d->types);
    d->fields = calloc(room, sizeof *d->fields);
    d->constants = calloc(room, sizeof *d->constants);
    d->lines = calloc(room, sizeof *d->lines);
    d->text = malloc(len + 1);
    d->names = malloc(names);
    d->canonical = malloc(names + 1);
    if (d->types == NULL || d->fields == NULL || d->constants == NULL || d->lines == NULL ||
        d->text == NULL || d->names == NULL || d->canonical == NULL) {
        shmring_description_free(d);
        return NULL;
    }
    memcpy(d->text, text, len);
    d->text[len] = '\0';
    d->text_len = (uint32_t)len;
    return d;
}

void shmring_description_free(shmring_description *d)
{
    if (d != NULL) {
        free(d->types);
        free(d->fields);
        free(d->constants);
        free(d->lines);
        free(d->text);
        free(d->names);
        free(d->canonical);
        free(d);
    }
}

shmring_status shmring_description_make(shmring_description **ret, const char *text, size_t len,
                                        const char *where, shmring_status failed)
{
    struct shmring_parser p;
    shmring_status status;

    if (len > SHMRING_DESCRIPTION_MAX) {
        return shmring_fail(failed,
                            "%.200s: a description has at most %u bytes, and this one %" PRIu64,
                            where, SHMRING_DESCRIPTION_MAX, (uint64_t)len);
    }
    memset(&p, 0, sizeof p);
    p.where = where;
    p.failed = failed;
    p.d = new_description(text, len);
    if (p.d == NULL) {
        return shmring_fail(SHMRING_E_NO_MEMORY, "%.200s: no memory to read it", where);
    }
    status = parse_lines(&p);
    if (status != SHMRING_OK) {
        shmring_description_free(p.d);
        return status;
    }
    p.d->canonical[p.d->canonical_len] = '\0';
    p.d->hash = hash_of(p.d->canonical, p.d->canonical_len);
    *ret = p.d;
    return SHMRING_OK;
}

shmring_status shmring_description_parse(shmring_description **ret, const char *text, size_t len,
                                         const char *where)
{
    if (ret == NULL || text == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the text of a description, or the place for what "
                                               "it becomes, is NULL");
    }
    return shmring_description_make(ret, text, len, where != NULL ? where : "description",
                                    SHMRING_E_INVALID);
}
