/* SPDX-License-Identifier: MIT */
/* view.c - which records are shown, and by which of the formats. */
#include "view/view.h"

#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define SECOND_NS UINT64_C(1000000000)

void view_start(struct view *v)
{
    memset(v, 0, sizeof *v);
    v->format = VIEW_NONE;
}

int view_is_wanted(const struct view *v)
{
    return (v->format != VIEW_NONE && v->format != VIEW_HEX) || v->fields != NULL ||
           v->where != NULL || v->every != 0 || v->rate != 0;
}

int view_open(struct view *v, shmring_description *about, struct frame_output *out, int *ret_exit)
{
    char why[EXPRESSION_WHY_SIZE];

    v->about = about;
    v->out = out;
    if (v->fields != NULL && (v->format == VIEW_NONE || v->format == VIEW_HEX)) {
        *ret_exit = say_usage("--fields needs --format table, json or csv");
        return 0;
    }
    if (v->where != NULL) {
        v->condition = expression_compile(v->where, about, why);
        if (v->condition == NULL) {
            *ret_exit = say_usage("--where: %s", why);
            return 0;
        }
    }
    return v->format >= VIEW_HEX || view_make_columns(v, ret_exit);
}

void view_close(struct view *v)
{
    expression_free(v->condition);
    view_free_columns(v);
    shmring_description_free(v->about);
    free(v->copy);
    v->condition = NULL;
    v->about = NULL;
    v->copy = NULL;
}

/* ---- one record ---- */

/* A copy with a NUL behind it. */
static int copy_record(struct view *v, const shmring_record *r)
{
    if (v->copy == NULL || r->len > v->room) {
        unsigned char *more = realloc(v->copy, (size_t)r->len + 1);

        if (more == NULL) {
            (void)say_failed("no memory for a record of %u bytes", (unsigned)r->len);
            v->no_memory = 1;
            return 0;
        }
        v->copy = more;
        v->room = r->len;
    }
    if (r->len > 0) {
        memcpy(v->copy, r->data, r->len);
    }
    v->copy[r->len] = '\0';
    return 1;
}

/* Of those that meet the condition: each Nth, and not too soon after the last. */
static int is_due(struct view *v)
{
    uint64_t now;

    if (v->every != 0 && v->met++ % v->every != 0) {
        return 0;
    }
    if (v->rate == 0) {
        return 1;
    }
    now = host_clock_ns();
    if (now < v->next_ns) {
        return 0;
    }
    v->next_ns = now - v->next_ns < SECOND_NS / v->rate ? v->next_ns + SECOND_NS / v->rate
                                                        : now + SECOND_NS / v->rate;
    return 1;
}

static int write_record(struct view *v, const shmring_type *type, const shmring_record *r)
{
    switch (v->format) {
    case VIEW_TABLE:
        view_table(v, type, r);
        break;
    case VIEW_JSON:
        view_json(v, type, r);
        break;
    case VIEW_CSV:
        view_csv(v, type, r);
        break;
    case VIEW_HEX:
        return view_hex(v->out, r);
    default:
        return frame_output_record(v->out, r->data, r->len);
    }
    return !v->failed;
}

int view_show(struct view *v, const shmring_record *r, int *ret_shown)
{
    const shmring_type *type = NULL;
    shmring_record own = *r;

    *ret_shown = 0;
    if (v->condition != NULL || v->format < VIEW_HEX) {
        if (!copy_record(v, r)) {
            return 0;
        }
        own.data = v->copy;
        type = v->about != NULL ? shmring_type_numbered(v->about, r->type) : NULL;
        if (type != NULL && shmring_type_check(type, own.data, own.len) != SHMRING_OK) {
            type = NULL; /* too short, or its string ends elsewhere */
        }
    }
    if ((v->condition != NULL && !expression_holds(v->condition, type, &own)) || !is_due(v)) {
        return 1;
    }
    *ret_shown = 1;
    return write_record(v, type, &own);
}

int view_failed(const struct view *v)
{
    return v->no_memory ? EXIT_FAILED : frame_output_failed();
}
