/* SPDX-License-Identifier: MIT */
/* fuzz_description.c - libFuzzer target: a text that should be a description, and a record of one
 * of its types. Behind a byte 0 in the input the record begins, with the type's number first.
 *
 * What must hold, besides the sanitizers': a text is refused with its line and column, or has types
 * whose fields lie in them, and a canonical form that says the same; the walk over a record stays
 * in it, and each path that it shows leads where it was.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile double sink;

static void check_type(const shmring_description *d, const shmring_type *t)
{
    uint32_t i, end = 0;

    MUST(shmring_type_named(d, t->name) == t);
    MUST(t->number == SHMRING_TYPE_UNNUMBERED || shmring_type_numbered(d, t->number) == t);
    MUST(t->size <= t->struct_size && t->struct_size - t->size < t->align && t->align <= 8);
    MUST(t->depth <= SHMRING_DESCRIPTION_DEPTH_MAX);
    for (i = 0; i < t->field_count; i++) {
        const shmring_field *f = shmring_type_field(t, i);
        const uint64_t bytes =
            (uint64_t)f->size * (f->count - 1) + (f->nested != NULL ? f->nested->size : f->size);

        MUST(shmring_field_named(t, f->name) == f && f->index == i && f->count != 0);
        MUST(strlen(f->name) <= SHMRING_DESCRIPTION_NAME_MAX);
        MUST(strlen(f->unit) <= SHMRING_DESCRIPTION_UNIT_MAX);
        MUST(f->offset >= end && f->offset + bytes <= t->size);
        end = f->offset + (uint32_t)bytes;
    }
    MUST(end == t->size);
}

static void check_canonical(const shmring_description *d)
{
    const char *text = shmring_description_canonical(d);
    shmring_description *again = NULL;

    MUST(strlen(text) <= 2 * SHMRING_DESCRIPTION_MAX);
    if (strlen(text) <= SHMRING_DESCRIPTION_MAX) {
        MUST(shmring_description_parse(&again, text, strlen(text), NULL) == SHMRING_OK);
        MUST(strcmp(shmring_description_canonical(again), text) == 0);
        MUST(shmring_description_hash(again) == shmring_description_hash(d));
        MUST(shmring_description_compare(d, again, "a", "b") == SHMRING_OK);
        shmring_description_free(again);
    }
}

static void walk(const shmring_type *t, const uint8_t *data, size_t size)
{
    uint8_t *payload = malloc(size != 0 ? size : 1); /* so that its ends are guarded */
    shmring_members it;
    shmring_value v;
    shmring_place place;
    uint32_t n = 0;

    MUST(payload != NULL);
    memcpy(payload, data, size);
    if (shmring_members_begin(&it, t, payload, (uint32_t)size) == SHMRING_OK) {
        while (shmring_members_next(&it, &v)) {
            const uint64_t bytes =
                v.field->kind == SHMRING_KIND_STRING ? v.count : (uint64_t)v.count * v.field->size;

            MUST(v.offset + bytes <= size && (const uint8_t *)v.data == payload + v.offset);
            MUST(strlen(v.path) == v.path_len && v.path_len < SHMRING_PATH_SIZE);
            if (v.count != 0 && v.field->kind != SHMRING_KIND_STRING) {
                sink = shmring_number_of(v.field, v.data) +
                       (double)shmring_integer_of(v.field, v.data);
                sink = shmring_number_of(v.field, (const uint8_t *)v.data + bytes - v.field->size);
            }
            if (n++ < 200) {
                MUST(shmring_type_find(t, v.path, &place) == SHMRING_OK);
                MUST(place.field == v.field);
            }
        }
    }
    free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size != 0 ? memchr(data, 0, size) : NULL;
    const size_t len = zero != NULL ? (size_t)(zero - data) : size;
    shmring_description *d = NULL;
    uint32_t i;

    if (shmring_description_parse(&d, (const char *)data, len, "t") != SHMRING_OK) {
        MUST(d == NULL);
        MUST(strstr(shmring_error_detail(), "t, line ") != NULL || len > SHMRING_DESCRIPTION_MAX);
        return 0;
    }
    MUST(shmring_description_types(d) != 0);
    for (i = 0; i < shmring_description_types(d); i++) {
        check_type(d, shmring_description_type(d, i));
    }
    check_canonical(d);
    if (zero != NULL && size - len >= 3) {
        walk(shmring_type_numbered(d, (uint32_t)(zero[1] | zero[2] << 8)), zero + 3,
             size - len - 3);
    }
    shmring_description_free(d);
    return 0;
}
