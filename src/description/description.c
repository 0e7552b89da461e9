/* SPDX-License-Identifier: MIT */
/* description.c - what a parsed description says: its types and fields, where a path leads, and
 * whether another one says the same. */
#include "description/description.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"

static const struct {
    const char *name;
    uint32_t kind, size;
} kinds[] = {
    {"bool", SHMRING_KIND_BOOL, 1},       {"byte", SHMRING_KIND_BYTE, 1},
    {"char", SHMRING_KIND_CHAR, 1},       {"int8", SHMRING_KIND_INT8, 1},
    {"uint8", SHMRING_KIND_UINT8, 1},     {"int16", SHMRING_KIND_INT16, 2},
    {"uint16", SHMRING_KIND_UINT16, 2},   {"int32", SHMRING_KIND_INT32, 4},
    {"uint32", SHMRING_KIND_UINT32, 4},   {"int64", SHMRING_KIND_INT64, 8},
    {"uint64", SHMRING_KIND_UINT64, 8},   {"float32", SHMRING_KIND_FLOAT32, 4},
    {"float64", SHMRING_KIND_FLOAT64, 8}, {"string", SHMRING_KIND_STRING, 4},
};

uint32_t shmring_kind_of(const char *word, size_t len)
{
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, word, len) == 0) {
            return kinds[i].kind;
        }
    }
    return 0;
}

uint32_t shmring_kind_size(uint32_t kind)
{
    return kind >= 1 && kind <= sizeof kinds / sizeof kinds[0] ? kinds[kind - 1].size : 0;
}

/* ---- the text ---- */

const char *shmring_description_text(const shmring_description *d)
{
    return d->text;
}

const char *shmring_description_canonical(const shmring_description *d)
{
    return d->canonical;
}

uint64_t shmring_description_hash(const shmring_description *d)
{
    return d->hash;
}

/* A line of the canonical form, and the line of the text that it comes from. */
static int line_length(const char *at)
{
    const char *newline = strchr(at, '\n');

    return (int)(newline != NULL ? newline - at : (ptrdiff_t)strlen(at));
}

static uint32_t line_number(const shmring_description *d, uint32_t index)
{
    return index < d->line_count ? d->lines[index] : 0;
}

shmring_status shmring_description_compare(const shmring_description *a,
                                           const shmring_description *b, const char *theirs,
                                           const char *ours)
{
    const char *left = a->canonical, *right = b->canonical;
    uint32_t i = 0;
    int n;

    if (strcmp(left, right) == 0) {
        return SHMRING_OK;
    }
    for (n = line_length(left); n == line_length(right) && memcmp(left, right, (size_t)n) == 0;
         n = line_length(left), i++) {
        left += n + 1; /* both go on, or they were the same */
        right += n + 1;
    }
    if (*left == '\0' || *right == '\0') {
        const int more = *left != '\0';
        const char *at = more ? left : right;

        return shmring_fail(SHMRING_E_MISMATCH,
                            "%.100s goes on in line %" PRIu32
                            " with '%.*s', where %.100s has ended",
                            more ? theirs : ours, line_number(more ? a : b, i), line_length(at), at,
                            more ? ours : theirs);
    }
    return shmring_fail(SHMRING_E_MISMATCH,
                        "%.100s has in line %" PRIu32 " '%.*s', and %.100s in line %" PRIu32
                        " '%.*s'",
                        theirs, line_number(a, i), line_length(left), left, ours, line_number(b, i),
                        line_length(right), right);
}

/* ---- types and fields ---- */

uint32_t shmring_description_types(const shmring_description *d)
{
    return d->type_count;
}

const shmring_type *shmring_description_type(const shmring_description *d, uint32_t index)
{
    return index < d->type_count ? &d->types[index] : NULL;
}

const shmring_type *shmring_type_numbered(const shmring_description *d, uint32_t number)
{
    uint32_t i;

    for (i = 0; i < d->type_count && number != SHMRING_TYPE_UNNUMBERED; i++) {
        if (d->types[i].number == number) {
            return &d->types[i];
        }
    }
    return NULL;
}

const shmring_type *shmring_type_named(const shmring_description *d, const char *name)
{
    uint32_t i;

    for (i = 0; i < d->type_count && name != NULL; i++) {
        if (strcmp(d->types[i].name, name) == 0) {
            return &d->types[i];
        }
    }
    return NULL;
}

const shmring_field *shmring_type_field(const shmring_type *type, uint32_t index)
{
    return index < type->field_count ? &type->all->fields[type->first_field + index] : NULL;
}

const shmring_constant *shmring_type_constant(const shmring_type *type, uint32_t index)
{
    return index < type->constant_count ? &type->all->constants[type->first_constant + index]
                                        : NULL;
}

static const shmring_field *find_field(const shmring_type *type, const char *name, size_t len)
{
    uint32_t i;

    for (i = 0; i < type->field_count; i++) {
        const shmring_field *f = &type->all->fields[type->first_field + i];

        if (strncmp(f->name, name, len) == 0 && f->name[len] == '\0') {
            return f;
        }
    }
    return NULL;
}

const shmring_field *shmring_field_named(const shmring_type *type, const char *name)
{
    return name != NULL ? find_field(type, name, strlen(name)) : NULL;
}

/* ---- paths ---- */

/* "[3]" at *at. 1 on success, with *at behind it; the offset grows by as many elements. */
static int follow_index(const char **at, shmring_place *place)
{
    const char *digit = *at + 1;
    uint64_t n = 0;

    if (*digit == ']') {
        return 0;
    }
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        n = n * 10 + (uint64_t)(*digit - '0');
        if (n >= place->count) {
            return 0;
        }
    }
    if (*digit != ']') {
        return 0;
    }
    place->offset += (uint32_t)n * place->field->size;
    place->count = 1;
    *at = digit + 1;
    return 1;
}

static shmring_status no_field(const shmring_type *type, const char *path, const char *why,
                               const char *at, size_t len)
{
    return shmring_fail(SHMRING_E_NOT_FOUND, "type %s has no field '%.100s': %s '%.*s'", type->name,
                        path, why, len < 80 ? (int)len : 80, at);
}

shmring_status shmring_type_find(const shmring_type *type, const char *path, shmring_place *ret)
{
    const shmring_type *inside = type;
    shmring_place place = {NULL, 0, 1};
    const char *at = path;

    while (inside != NULL) {
        const size_t len = strcspn(at, ".[");
        const shmring_field *f = find_field(inside, at, len);

        if (f == NULL) {
            return no_field(type, path, "there is no", at, len);
        }
        place.field = f;
        place.offset += f->offset;
        place.count = f->count;
        at += len;
        if (*at == '[' && (!f->is_array || !follow_index(&at, &place))) {
            return no_field(type, path, f->is_array ? "no element" : "no array for", at,
                            strcspn(at, "."));
        }
        if (*at == '\0') {
            *ret = place;
            return SHMRING_OK;
        }
        if (*at++ != '.' || place.count != 1 || f->nested == NULL) {
            break;
        }
        inside = f->nested;
    }
    return no_field(type, path, "nothing can be named by", at, strlen(at));
}
