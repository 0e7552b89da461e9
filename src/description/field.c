/* SPDX-License-Identifier: MIT */
/* field.c - a field of a description: its type, and its place.
 *
 * A field's place is the C struct's. It must also be the one that CDR gives it, so that a payload
 * can be handed to any reader of ROS 2 messages as it is. Where the two differ the text is refused.
 * CDR aligns each value by itself. So it begins a nested type where its first value may stand, and
 * knows no bytes behind its last one.
 */
#include "description/parse.h"

#include <inttypes.h>
#include <string.h>

uint64_t shmring_round_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) / align * align;
}

/* ---- fields ---- */

static shmring_status unknown_type(const struct shmring_parser *p, struct shmring_word base)
{
    if (memchr(base.at, '/', base.len) != NULL) {
        return shmring_word_wrong(
            p, base.at,
            "'%.*s' is another package's type: write it into this text, above, as "
            "'type NAME' and its fields",
            shmring_word_shown(base), base.at);
    }
    if (shmring_word_is(base, p->type->name)) {
        return shmring_word_wrong(p, base.at, "type %s cannot be a part of itself", p->type->name);
    }
    return shmring_word_wrong(
        p, base.at,
        "'%.*s' is no type: bool, byte, char, int8 to int64, uint8 to uint64, float32, "
        "float64, string, or one that stands above",
        shmring_word_shown(base), base.at);
}

static shmring_status find_base(const struct shmring_parser *p, struct shmring_written *w)
{
    const shmring_description *d = p->d;
    uint32_t i;

    w->kind = shmring_kind_of(w->base.at, w->base.len);
    for (i = 0; i + 1 < d->type_count && w->kind == 0; i++) { /* the last is this one */
        if (shmring_word_is(w->base, d->types[i].name)) {
            w->kind = SHMRING_KIND_NESTED;
            w->nested = &d->types[i];
        }
    }
    if (w->kind == 0) {
        return unknown_type(p, w->base);
    }
    if (w->nested != NULL && w->nested->has_string) {
        return shmring_word_wrong(p, w->base.at,
                                  "type %s ends in a string, and cannot be part of another",
                                  w->nested->name);
    }
    if (w->nested != NULL && w->nested->field_count == 0) {
        return shmring_word_wrong(
            p, w->base.at, "type %s has no fields, and cannot be part of another", w->nested->name);
    }
    return SHMRING_OK;
}

/* "[3]", or "<=64" of a string, behind the base. */
static shmring_status read_suffix(const struct shmring_parser *p, struct shmring_word rest,
                                  struct shmring_written *w)
{
    struct shmring_word inside = {rest.at + 1, rest.len - 1};
    uint64_t n = 0;

    if (rest.len == 0) {
        return SHMRING_OK;
    }
    if (rest.at[0] == '<' && w->kind == SHMRING_KIND_STRING) {
        inside.at++;
        inside.len--;
        if (rest.len < 3 || rest.at[1] != '=' ||
            !shmring_word_number(inside, SHMRING_RECORD_LIMIT, &n) || n == 0) {
            return shmring_word_wrong(p, rest.at, "a bounded string is written as string<=64");
        }
        w->bound = (uint32_t)n;
        return SHMRING_OK;
    }
    if (rest.at[0] != '[' || rest.at[rest.len - 1] != ']') {
        return shmring_word_wrong(p, rest.at,
                                  "'%.*s' makes no sense behind the type; an array is written as "
                                  "float64[3]",
                                  shmring_word_shown(rest), rest.at);
    }
    if (w->kind == SHMRING_KIND_STRING) {
        return shmring_word_wrong(
            p, rest.at,
            "there are no arrays of strings: their fields would have no fixed "
            "place");
    }
    inside.len--;
    if (inside.len == 0 || inside.at[0] == '<') {
        return shmring_word_wrong(p, rest.at,
                                  "a sequence has no fixed place: give a fixed count, as in "
                                  "float64[3]");
    }
    if (!shmring_word_number(inside, SHMRING_RECORD_LIMIT, &n) || n == 0) {
        return shmring_word_wrong(p, inside.at, "'%.*s' is no count: 1 to %" PRIu32,
                                  shmring_word_shown(inside), inside.at, SHMRING_RECORD_LIMIT);
    }
    w->count = (uint32_t)n;
    w->is_array = 1;
    return SHMRING_OK;
}

shmring_status shmring_field_read_type(const struct shmring_parser *p, struct shmring_word word,
                                       struct shmring_written *w)
{
    struct shmring_word rest = word;
    shmring_status status;

    while (rest.len != 0 && rest.at[0] != '[' && rest.at[0] != '<') {
        rest.at++;
        rest.len--;
    }
    memset(w, 0, sizeof *w);
    w->all = word;
    w->base.at = word.at;
    w->base.len = word.len - rest.len;
    w->count = 1;
    w->bound = SHMRING_UNBOUNDED;
    status = find_base(p, w);
    return status != SHMRING_OK ? status : read_suffix(p, rest, w);
}

/* The alignment that CDR gives the first value of a field. */
static uint32_t first_align(const shmring_description *d, uint32_t kind, const shmring_type *nested)
{
    while (kind == SHMRING_KIND_NESTED) {
        const shmring_field *first = &d->fields[nested->first_field];

        kind = first->kind;
        nested = first->nested;
    }
    return shmring_kind_size(kind);
}

/* Where the field lies in C, which must be where CDR reads it. */
static shmring_status place_field(struct shmring_parser *p, const struct shmring_written *w,
                                  struct shmring_word name, shmring_field *f)
{
    const uint32_t size = w->nested != NULL ? w->nested->struct_size : shmring_kind_size(w->kind);
    const uint32_t least = w->nested != NULL ? w->nested->size : size;
    const uint32_t align = w->nested != NULL ? w->nested->align : size;
    const uint32_t first = first_align(p->d, w->kind, w->nested);
    const uint64_t offset = shmring_round_up(p->c_end, align),
                   in_cdr = shmring_round_up(p->cdr_end, first);

    if (in_cdr != offset) {
        return shmring_word_wrong(p, name.at,
                                  "field %.*s would lie at byte %" PRIu64 " in C and at %" PRIu64
                                  " for readers of CDR: put fields before it that fill the gap",
                                  shmring_word_shown(name), name.at, offset, in_cdr);
    }
    if (w->count > 1 && shmring_round_up(least, first) != size) {
        return shmring_word_wrong(
            p, w->base.at,
            "elements of type %.*s lie %" PRIu32 " bytes apart in C and %" PRIu64
            " for readers of CDR: fill the type up with fields",
            shmring_word_shown(w->base), w->base.at, size, shmring_round_up(least, first));
    }
    p->c_end = offset + (uint64_t)size * w->count;
    p->cdr_end = p->c_end - size + least;
    if (p->c_end > SHMRING_RECORD_LIMIT) {
        return shmring_word_wrong(p, w->base.at,
                                  "a record has at most %" PRIu32
                                  " bytes, and this field ends at %" PRIu64,
                                  SHMRING_RECORD_LIMIT, p->c_end);
    }
    f->offset = (uint32_t)offset;
    f->size = size;
    p->type->size = (uint32_t)p->cdr_end;
    p->type->align = align > p->type->align ? align : p->type->align;
    return SHMRING_OK;
}

/* The text in the comment's first brackets, if it can be a unit. */
static struct shmring_word find_unit(const struct shmring_parser *p)
{
    struct shmring_word unit = {p->end, 0}, none = {p->end, 0};

    while (unit.at < p->line_end && *unit.at != '[') {
        unit.at++;
    }
    if (unit.at++ >= p->line_end) {
        return none;
    }
    while (unit.at + unit.len < p->line_end && unit.at[unit.len] != ']') {
        if (strchr(" \t,", unit.at[unit.len]) != NULL) {
            return none;
        }
        unit.len++;
    }
    return unit.at + unit.len < p->line_end && unit.len <= SHMRING_DESCRIPTION_UNIT_MAX ? unit
                                                                                        : none;
}

static void keep_field(struct shmring_parser *p, const struct shmring_written *w,
                       struct shmring_word name, shmring_field *f)
{
    const struct shmring_word unit = find_unit(p);
    shmring_description *d = p->d;
    shmring_type *t = p->type;

    f->name = shmring_word_keep(d, name);
    f->type_name = shmring_word_keep(d, w->base);
    f->unit = shmring_word_keep(d, unit);
    f->nested = w->nested;
    f->kind = w->kind;
    f->count = w->count;
    f->is_array = w->is_array;
    f->bound = w->bound;
    f->line = p->number;
    f->index = t->field_count++;
    t->has_string = w->kind == SHMRING_KIND_STRING;
    if (w->nested != NULL && w->nested->depth + 1 > t->depth) {
        t->depth = w->nested->depth + 1;
    }
    d->field_count++;
    shmring_canon(d, w->all.at, w->all.len);
    shmring_canon(d, " ", 1);
    shmring_canon(d, name.at, name.len);
    if (unit.len != 0) {
        shmring_canon(d, " # [", 4);
        shmring_canon(d, unit.at, unit.len);
        shmring_canon(d, "]", 1);
    }
    shmring_canon_end(p);
}

shmring_status shmring_field_add(struct shmring_parser *p, const struct shmring_written *w,
                                 struct shmring_word name)
{
    shmring_field *f = &p->d->fields[p->d->field_count];
    shmring_status status;

    if (p->type->has_string) {
        return shmring_word_wrong(p, w->all.at,
                                  "field %s, in line %" PRIu32
                                  ", is a string, and must be the last of type %s",
                                  f[-1].name, f[-1].line, p->type->name);
    }
    if (w->nested != NULL && w->nested->depth >= SHMRING_DESCRIPTION_DEPTH_MAX) {
        return shmring_word_wrong(p, w->all.at,
                                  "types lie in each other at most %u deep, and %s has that depth",
                                  SHMRING_DESCRIPTION_DEPTH_MAX, w->nested->name);
    }
    shmring_word_skip_blanks(p);
    if (p->at != p->end) {
        return shmring_word_wrong(p, p->at,
                                  "nothing comes behind a field's name; default values are not "
                                  "possible here");
    }
    status = place_field(p, w, name, f);
    if (status == SHMRING_OK) {
        keep_field(p, w, name, f);
    }
    return status;
}
