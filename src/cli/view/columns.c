/* SPDX-License-Identifier: MIT */
/* columns.c - which fields are shown: those that were asked for, or those of all types. */
#include <stdlib.h>
#include <string.h>

#include "view/view.h"

#define COLUMNS_MAX 1024u

static uint32_t place_cells(const shmring_place *place)
{
    return view_is_text(place) ? 1 : place->count;
}

/* Enters where each type has the column's path. Returns how many have it. */
static uint32_t fill_column(const struct view *v, struct view_column *c)
{
    const shmring_type *t;
    uint32_t i, found = 0;

    for (i = 0; (t = shmring_description_type(v->about, i)) != NULL; i++) {
        shmring_place *place = &c->places[i];

        if (t->number == SHMRING_TYPE_UNNUMBERED ||
            shmring_type_find(t, c->path, place) != SHMRING_OK) {
            place->field = NULL;
            continue;
        }
        c->unit = found++ == 0 ? place->field->unit : c->unit;
        c->count = place_cells(place) > c->count ? place_cells(place) : c->count;
    }
    return found;
}

static int has_column(const struct view *v, const char *path)
{
    size_t i;

    for (i = 0; i < v->column_count; i++) {
        if (strcmp(v->columns[i].path, path) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Adds a column. Returns 1, also when it is there; 0 with *ret_exit. */
static int add_column(struct view *v, const char *path, size_t len, int *ret_exit)
{
    struct view_column *c = &v->columns[v->column_count];

    if (v->column_count == COLUMNS_MAX) {
        *ret_exit =
            say_failed("there are more than %u columns: choose some with --fields", COLUMNS_MAX);
        return 0;
    }
    c->path = malloc(len + 1);
    c->places = calloc(shmring_description_types(v->about), sizeof *c->places);
    if (c->path == NULL || c->places == NULL) {
        free(c->path);
        free(c->places);
        *ret_exit = say_failed("no memory for the columns");
        return 0;
    }
    memcpy(c->path, path, len);
    c->path[len] = '\0';
    c->unit = "";
    if (has_column(v, c->path)) {
        free(c->path);
        free(c->places);
        memset(c, 0, sizeof *c);
        return 1;
    }
    v->column_count++; /* view_free_columns() frees it from here on */
    if (fill_column(v, c) == 0) {
        *ret_exit = say_failed(
            "no type of the ring has a field '%.200s'; shmring describe has them", c->path);
        return 0;
    }
    return 1;
}

/* ---- all fields ---- */

/* As deep as types lie in each other: SHMRING_DESCRIPTION_DEPTH_MAX. */
static int add_type(struct view *v, const shmring_type *t, char path[SHMRING_PATH_SIZE], size_t len,
                    int *ret_exit)
{
    const shmring_field *f;
    uint32_t i, at;
    size_t n;

    for (i = 0; (f = shmring_type_field(t, i)) != NULL; i++) {
        n = len + (size_t)snprintf(path + len, SHMRING_PATH_SIZE - len, "%s%s", len != 0 ? "." : "",
                                   f->name);
        if (f->nested == NULL && !add_column(v, path, n, ret_exit)) {
            return 0;
        }
        for (at = 0; f->nested != NULL && at < f->count; at++) {
            const size_t more = f->is_array ? (size_t)snprintf(path + n, SHMRING_PATH_SIZE - n,
                                                               "[%u]", (unsigned)at)
                                            : 0;

            if (!add_type(v, f->nested, path, n + more, ret_exit)) {
                return 0;
            }
        }
    }
    return 1;
}

static int add_all(struct view *v, int *ret_exit)
{
    char path[SHMRING_PATH_SIZE] = "";
    const shmring_type *t;
    uint32_t i;

    for (i = 0; (t = shmring_description_type(v->about, i)) != NULL; i++) {
        if (t->number != SHMRING_TYPE_UNNUMBERED && !add_type(v, t, path, 0, ret_exit)) {
            return 0;
        }
    }
    return 1;
}

/* ---- chosen fields ---- */

static int is_whole_type(const struct view_column *c, uint32_t types)
{
    uint32_t i;

    for (i = 0; i < types; i++) {
        if (c->places[i].field != NULL && c->places[i].field->nested != NULL) {
            return 1;
        }
    }
    return 0;
}

static int add_chosen(struct view *v, int *ret_exit)
{
    const char *at = v->fields;
    size_t n, i;

    for (;; at += n + 1) {
        n = strcspn(at, ",");
        if (n == 0 || n >= SHMRING_PATH_SIZE) {
            *ret_exit = say_usage("--fields needs names with commas between, as in a,b[0],c.d");
            return 0;
        }
        if (!add_column(v, at, n, ret_exit)) {
            return 0;
        }
        if (at[n] == '\0') {
            break;
        }
    }
    for (i = 0; i < v->column_count && v->format != VIEW_JSON; i++) {
        if (is_whole_type(&v->columns[i], shmring_description_types(v->about))) {
            *ret_exit = say_failed("'%.200s' is of several fields: name one, or take --format json",
                                   v->columns[i].path);
            return 0;
        }
    }
    return 1;
}

int view_make_columns(struct view *v, int *ret_exit)
{
    if (v->about == NULL && v->fields != NULL) {
        *ret_exit = say_failed("the ring has no description, so its records have no fields");
        return 0;
    }
    if (v->about == NULL || (v->fields == NULL && v->format == VIEW_JSON)) {
        return 1;
    }
    v->columns = calloc(COLUMNS_MAX + 1, sizeof *v->columns);
    if (v->columns == NULL) {
        *ret_exit = say_failed("no memory for the columns");
        return 0;
    }
    return v->fields != NULL ? add_chosen(v, ret_exit) : add_all(v, ret_exit);
}

void view_free_columns(struct view *v)
{
    size_t i;

    for (i = 0; i < v->column_count; i++) {
        free(v->columns[i].path);
        free(v->columns[i].places);
    }
    free(v->columns);
    v->columns = NULL;
    v->column_count = 0;
}
