/* SPDX-License-Identifier: MIT */
/* csv.c - records as lines of CSV with one header: columns for the fields of all types, and the
 * bytes of a record without a known type in the last. */
#include <inttypes.h>

#include "view/view.h"

static void put_header(struct view *v)
{
    char text[32];
    uint32_t at;
    size_t i;

    view_put_text(v, "position,type,flags,stamp_ns");
    for (i = 0; i < v->column_count; i++) {
        for (at = 0; at < v->columns[i].count && !v->failed; at++) {
            view_put(v, ",", 1);
            view_put_text(v, v->columns[i].path);
            if (v->columns[i].count > 1) {
                (void)snprintf(text, sizeof text, "[%" PRIu32 "]", at);
                view_put_text(v, text);
            }
        }
    }
    view_put_text(v, ",payload\n");
}

static void put_cells(struct view *v, const struct view_column *c, const shmring_type *type)
{
    const shmring_place none = {NULL, 0, 0};
    const shmring_place *place = type != NULL ? &c->places[type->index] : &none;
    char text[VIEW_NUMBER_SIZE];
    const char *string;
    uint32_t i, len;

    for (i = 0; i < c->count && !v->failed; i++) {
        view_put(v, ",", 1);
        if (place->field == NULL || i >= place->count) {
            continue;
        }
        if (view_is_text(place)) {
            string = view_text_of(type, place, v->copy, &len);
            view_put(v, "\"", 1);
            view_put_plain(v, string, len, 1);
            view_put(v, "\"", 1);
            place = &none;
            continue;
        }
        view_figure(text, place->field, v->copy + place->offset + i * place->field->size);
        view_put_text(v, text);
    }
}

void view_csv(struct view *v, const shmring_type *type, const shmring_record *r)
{
    char text[64];
    size_t i;

    if (!v->begun) {
        put_header(v);
        v->begun = 1;
    }
    (void)snprintf(text, sizeof text, "%" PRIu64 ",", r->position);
    view_put_text(v, text);
    if (type != NULL) {
        view_put_text(v, type->name);
    } else {
        (void)snprintf(text, sizeof text, "%u", (unsigned)r->type);
        view_put_text(v, text);
    }
    (void)snprintf(text, sizeof text, ",%u,%" PRIu64, (unsigned)r->flags, r->stamp);
    view_put_text(v, text);
    for (i = 0; i < v->column_count; i++) {
        put_cells(v, &v->columns[i], type);
    }
    view_put(v, ",", 1);
    if (type == NULL) {
        view_put_hex(v, v->copy, r->len);
    }
    view_put(v, "\n", 1);
}
