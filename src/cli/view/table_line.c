/* SPDX-License-Identifier: MIT */
/* table_line.c - records as columns, with a head whenever the type changes. */
#include <inttypes.h>
#include <string.h>

#include "view/view.h"

#define CELL        128
#define SHOWN_BYTES 32u

static void put_cell(struct view *v, const char *cell, int *width)
{
    const int n = text_width(cell);
    char blanks[CELL + 8];

    *width = *width > n ? *width : n;
    memset(blanks, ' ', sizeof blanks);
    view_put(v, blanks, 2 + (size_t)(*width - n));
    view_put_text(v, cell);
}

static void head_cell(char to[CELL], const struct view_column *c)
{
    (void)snprintf(to, CELL, c->unit[0] != '\0' ? "%.80s [%s]" : "%.80s", c->path, c->unit);
}

static void put_head(struct view *v, const shmring_type *type)
{
    char cell[CELL];
    size_t i;

    (void)snprintf(cell, sizeof cell, "%12s  %-8.63s  %14s", "position", "type", "stamp [ns]");
    view_put_text(v, cell);
    for (i = 0; i < v->column_count; i++) {
        if (v->columns[i].places[type->index].field != NULL) {
            head_cell(cell, &v->columns[i]);
            put_cell(v, cell, &v->columns[i].width);
        }
    }
    view_put(v, "\n", 1);
}

/* A text as much as there is room for; numbers of an array up to the room, then two dots. */
static void fill_cell(struct view *v, char to[CELL], const shmring_type *type,
                      const shmring_place *place)
{
    char number[VIEW_NUMBER_SIZE];
    const char *text;
    uint32_t i, len;
    size_t used = 0;

    if (view_is_text(place)) {
        text = view_text_of(type, place, v->copy, &len);
        (void)snprintf(to, CELL, "%.*s", len < CELL / 2 ? (int)len : CELL / 2, text);
        text_make_printable(to, text_needs_ascii());
        return;
    }
    for (i = 0; i < place->count; i++) {
        if (used + VIEW_NUMBER_SIZE + 4 > CELL) {
            (void)snprintf(to + used, CELL - used, " ..");
            return;
        }
        view_figure(number, place->field, v->copy + place->offset + i * place->field->size);
        used += (size_t)snprintf(to + used, CELL - used, "%s%s", i != 0 ? " " : "", number);
    }
}

static void put_fields(struct view *v, const shmring_type *type)
{
    char cell[CELL] = "";
    size_t i;

    for (i = 0; i < v->column_count; i++) {
        if (v->columns[i].places[type->index].field != NULL) {
            fill_cell(v, cell, type, &v->columns[i].places[type->index]);
            put_cell(v, cell, &v->columns[i].width);
        }
    }
}

void view_table(struct view *v, const shmring_type *type, const shmring_record *r)
{
    char text[CELL], number[16];

    if (type != NULL && type != v->shown) {
        put_head(v, type);
        v->shown = type;
    }
    (void)snprintf(number, sizeof number, "%u", (unsigned)r->type);
    (void)snprintf(text, sizeof text, "%12" PRIu64 "  %-8s  %14" PRIu64, r->position,
                   type != NULL ? type->name : number, r->stamp);
    view_put_text(v, text);
    if (type != NULL) {
        put_fields(v, type);
    } else {
        (void)snprintf(text, sizeof text, "  %" PRIu32 " bytes  ", r->len);
        view_put_text(v, text);
        view_put_hex(v, v->copy, r->len < SHOWN_BYTES ? r->len : SHOWN_BYTES);
        view_put_text(v, r->len > SHOWN_BYTES ? " .." : "");
    }
    view_put_text(v, (r->flags & SHMRING_FLAG_GAP) != 0 ? "  behind a gap\n" : "\n");
}
