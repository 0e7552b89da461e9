/* SPDX-License-Identifier: MIT */
/* values.c - the values in one record, by its type. */
#include "description/description.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- one element ---- */

int64_t shmring_integer_of(const shmring_field *field, const void *at)
{
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64 = 0;

    switch (field->kind) {
    case SHMRING_KIND_INT8:
        memcpy(&i8, at, sizeof i8);
        return i8;
    case SHMRING_KIND_BOOL:
    case SHMRING_KIND_BYTE:
    case SHMRING_KIND_CHAR:
    case SHMRING_KIND_UINT8:
        memcpy(&u8, at, sizeof u8);
        return field->kind == SHMRING_KIND_BOOL ? u8 != 0 : u8;
    case SHMRING_KIND_INT16:
        memcpy(&i16, at, sizeof i16);
        return i16;
    case SHMRING_KIND_UINT16:
        memcpy(&u16, at, sizeof u16);
        return u16;
    case SHMRING_KIND_INT32:
        memcpy(&i32, at, sizeof i32);
        return i32;
    case SHMRING_KIND_UINT32:
        memcpy(&u32, at, sizeof u32);
        return u32;
    case SHMRING_KIND_INT64:
    case SHMRING_KIND_UINT64:
        memcpy(&i64, at, sizeof i64);
        return i64;
    default:
        return 0;
    }
}

double shmring_number_of(const shmring_field *field, const void *at)
{
    double f64;
    float f32;

    switch (field->kind) {
    case SHMRING_KIND_FLOAT32:
        memcpy(&f32, at, sizeof f32);
        return (double)f32;
    case SHMRING_KIND_FLOAT64:
        memcpy(&f64, at, sizeof f64);
        return f64;
    case SHMRING_KIND_UINT64:
        return (double)(uint64_t)shmring_integer_of(field, at);
    default:
        return (double)shmring_integer_of(field, at);
    }
}

/* ---- one record ---- */

/* The length word of the string at the end, and where it stands. */
static uint32_t string_size(const shmring_type *type, const void *payload, uint32_t *ret_at)
{
    const shmring_field *f = shmring_type_field(type, type->field_count - 1);
    uint32_t size;

    memcpy(&size, (const unsigned char *)payload + f->offset, sizeof size);
    *ret_at = f->offset + (uint32_t)sizeof size;
    return size;
}

shmring_status shmring_type_check(const shmring_type *type, const void *payload, uint32_t len)
{
    const shmring_field *f;
    uint32_t at, size;

    if (type == NULL) {
        return shmring_fail(SHMRING_E_NOT_FOUND,
                            "the description has no type for this record's number");
    }
    if (len < type->size) {
        return shmring_fail(SHMRING_E_MISMATCH,
                            "a record of type %s has at least %" PRIu32
                            " bytes, and this one has %" PRIu32,
                            type->name, type->size, len);
    }
    if (!type->has_string) {
        return SHMRING_OK;
    }
    f = shmring_type_field(type, type->field_count - 1);
    size = string_size(type, payload, &at);
    if (size > len - at || (f->bound != SHMRING_UNBOUNDED && size > f->bound + 1)) {
        return shmring_fail(SHMRING_E_MISMATCH,
                            "string %s of a record of type %s says that it has %" PRIu32
                            " bytes, and the record has %" PRIu32 " for it",
                            f->name, type->name, size,
                            f->bound < len - at ? f->bound + 1 : len - at);
    }
    return SHMRING_OK;
}

const char *shmring_string_of(const shmring_type *type, const void *payload, uint32_t *ret_len)
{
    uint32_t at, size = string_size(type, payload, &at);
    const char *text = (const char *)payload + at;

    *ret_len = size != 0 && text[size - 1] == '\0' ? size - 1 : size;
    return text;
}

/* ---- all of them ---- */

shmring_status shmring_members_begin(shmring_members *it, const shmring_type *type,
                                     const void *payload, uint32_t len)
{
    shmring_status status = shmring_type_check(type, payload, len);

    if (status == SHMRING_OK) {
        it->payload = payload;
        it->level = 0;
        it->at[0].type = type;
        it->at[0].base = it->at[0].field = it->at[0].element = it->at[0].path_len = 0;
    }
    return status;
}

/* Writes a field's name behind the path of its level, and its index if there is one to write. */
static uint32_t write_path(shmring_members *it, const shmring_field *f, int indexed)
{
    const uint32_t from = it->at[it->level].path_len;
    const size_t room = sizeof it->path - from;
    int n = indexed ? snprintf(it->path + from, room, "%s%s[%" PRIu32 "]", from != 0 ? "." : "",
                               f->name, it->at[it->level].element)
                    : snprintf(it->path + from, room, "%s%s", from != 0 ? "." : "", f->name);

    return from + (uint32_t)n; /* it fits: SHMRING_PATH_SIZE */
}

/* Into the element of a nested field that is next. */
static void descend(shmring_members *it, const shmring_field *f)
{
    const uint32_t element = it->at[it->level].element;
    const uint32_t base = it->at[it->level].base + f->offset + element * f->size;
    const uint32_t path_len = write_path(it, f, (int)f->is_array);

    if (++it->at[it->level].element == f->count) {
        it->at[it->level].element = 0;
        it->at[it->level].field++;
    }
    it->level++;
    it->at[it->level].type = f->nested;
    it->at[it->level].base = base;
    it->at[it->level].field = it->at[it->level].element = 0;
    it->at[it->level].path_len = path_len;
}

int shmring_members_next(shmring_members *it, shmring_value *ret)
{
    const shmring_field *f;

    for (;;) {
        f = shmring_type_field(it->at[it->level].type, it->at[it->level].field);
        if (f == NULL && it->level == 0) {
            return 0;
        }
        if (f == NULL) {
            it->level--;
        } else if (f->nested != NULL) {
            descend(it, f);
        } else {
            break;
        }
    }
    it->at[it->level].field++;
    ret->field = f;
    ret->path_len = write_path(it, f, 0);
    ret->path = it->path;
    ret->depth = it->level + 1;
    ret->offset = it->at[it->level].base + f->offset;
    ret->count = f->count;
    ret->data = it->payload + ret->offset;
    if (f->kind == SHMRING_KIND_STRING) {
        ret->data = shmring_string_of(it->at[0].type, it->payload, &ret->count);
        ret->offset += (uint32_t)sizeof(uint32_t);
    }
    return 1;
}
