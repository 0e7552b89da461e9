/* SPDX-License-Identifier: MIT */
/* json_line.c - a record as a JSON object in one line. */
#include <inttypes.h>
#include <string.h>

#include "view/view.h"

static void put_type(struct view *v, const shmring_type *top, const shmring_type *t,
                     uint32_t offset);

/* One element that is no text. */
static void put_element(struct view *v, const shmring_type *top, const shmring_field *f,
                        uint32_t offset)
{
    char text[VIEW_NUMBER_SIZE];

    if (f->nested != NULL) {
        put_type(v, top, f->nested, offset);
        return;
    }
    view_figure(text, f, v->copy + offset);
    view_put_text(v, strchr(text, 'n') != NULL ? "null" : text); /* nan, inf: JSON has none */
}

static void put_value(struct view *v, const shmring_type *top, const shmring_place *place,
                      int is_array)
{
    const char *text;
    uint32_t len, i;

    if (view_is_text(place)) {
        text = view_text_of(top, place, v->copy, &len);
        view_put_json_string(v, text, len);
        return;
    }
    view_put(v, "[", (size_t)is_array);
    for (i = 0; i < place->count && !v->failed; i++) {
        view_put(v, ",", i != 0);
        put_element(v, top, place->field, place->offset + i * place->field->size);
    }
    view_put(v, "]", (size_t)is_array);
}

/* As deep as types lie in each other: SHMRING_DESCRIPTION_DEPTH_MAX. */
static void put_type(struct view *v, const shmring_type *top, const shmring_type *t,
                     uint32_t offset)
{
    const shmring_field *f;
    uint32_t i;

    view_put(v, "{", 1);
    for (i = 0; (f = shmring_type_field(t, i)) != NULL && !v->failed; i++) {
        const shmring_place place = {f, offset + f->offset, f->count};

        view_put(v, ",", i != 0);
        view_put_json_string(v, f->name, strlen(f->name));
        view_put(v, ":", 1);
        put_value(v, top, &place, (int)f->is_array);
    }
    view_put(v, "}", 1);
}

static void put_chosen(struct view *v, const shmring_type *type)
{
    const char *comma = "";
    size_t i;

    view_put(v, "{", 1);
    for (i = 0; i < v->column_count && !v->failed; i++) {
        const shmring_place *place = &v->columns[i].places[type->index];

        if (place->field != NULL) {
            view_put_text(v, comma);
            view_put_json_string(v, v->columns[i].path, strlen(v->columns[i].path));
            view_put(v, ":", 1);
            put_value(v, type, place,
                      place->field->is_array && place->count == place->field->count &&
                          v->columns[i].path[strlen(v->columns[i].path) - 1] != ']');
            comma = ",";
        }
    }
    view_put(v, "}", 1);
}

void view_json(struct view *v, const shmring_type *type, const shmring_record *r)
{
    char text[96];

    (void)snprintf(text, sizeof text, "{\"position\":%" PRIu64 ",\"type\":", r->position);
    view_put_text(v, text);
    if (type != NULL) {
        view_put_json_string(v, type->name, strlen(type->name));
    } else {
        (void)snprintf(text, sizeof text, "%u", (unsigned)r->type);
        view_put_text(v, text);
    }
    (void)snprintf(text, sizeof text, ",\"flags\":%u,\"stamp_ns\":%" PRIu64 ",", (unsigned)r->flags,
                   r->stamp);
    view_put_text(v, text);
    if (type == NULL) {
        view_put_text(v, "\"hex\":\"");
        view_put_hex(v, v->copy, r->len);
        view_put_text(v, "\"}\n");
        return;
    }
    view_put_text(v, "\"fields\":");
    if (v->fields != NULL) {
        put_chosen(v, type);
    } else {
        put_type(v, type, type, 0);
    }
    view_put_text(v, "}\n");
}
