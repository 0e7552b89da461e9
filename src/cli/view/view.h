/* SPDX-License-Identifier: MIT */
/* view.h - records shown by their fields, as tap and recv --format do: which of them, and how. */
#ifndef SHMRING_SRC_CLI_VIEW_VIEW_H
#define SHMRING_SRC_CLI_VIEW_VIEW_H

#include "command.h"
#include "expression/expression.h"
#include "stream/frame.h"

enum view_format { VIEW_TABLE, VIEW_JSON, VIEW_CSV, VIEW_HEX, VIEW_NONE };

#define VIEW_FORMATS                                                                               \
    {                                                                                              \
        "table", "json", "csv", "hex", NULL                                                        \
    }
#define VIEW_OPTIONS(v, formats)                                                                   \
    {"format", OPTION_CHOICE, &(v).format, formats, 0, 0, NULL, NULL},                             \
        {"fields", OPTION_TEXT, &(v).fields, NULL, 0, 0, NULL, NULL},                              \
        {"where", OPTION_TEXT, &(v).where, NULL, 0, 0, NULL, NULL},                                \
        {"every", OPTION_COUNT, &(v).every, NULL, 0, 0, NULL, NULL},                               \
    {                                                                                              \
        "rate", OPTION_COUNT, &(v).rate, NULL, 0, UINT64_C(1000000000), NULL, NULL                 \
    }
#define VIEW_SYNOPSIS                                                                              \
    "[--format table|json|csv|hex] [--fields A,B]\n"                                               \
    "                         [--where EXPR] [--every N] [--rate HZ]"
#define VIEW_HELP                                                                                  \
    "  --format table|json|csv|hex  by the fields of the ring's description (docs/describe.md):\n" \
    "                   columns with units, a JSON object in each line, or one header and\n"       \
    "                   lines of CSV; hex is for people, and needs no description\n"               \
    "  --fields A,B     only these fields, such as accel[0],pose.x\n"                              \
    "  --where EXPR     only records that meet it, such as 'temperature > 80 and type == 1'\n"     \
    "  --every N        only each Nth of them\n"                                                   \
    "  --rate HZ        at most so many in a second\n"

/* A field, and where each type has it. */
struct view_column {
    char *path;
    const char *unit;
    uint32_t count;        /* cells in a line of CSV: the elements of the largest array */
    int width;             /* in a table */
    shmring_place *places; /* by the type's index; no field: it has none */
};

struct view {
    uint32_t format; /* enum view_format */
    const char *fields, *where;
    uint64_t every, rate;
    /* from here on its own */
    struct frame_output *out;
    shmring_description *about; /* NULL: there is none */
    struct expression *condition;
    struct view_column *columns;
    size_t column_count;
    uint64_t met, next_ns;
    unsigned char *copy; /* the record: another process may change it in the ring */
    uint32_t room;
    int failed;                /* output failed, or there is no memory */
    int no_memory;             /* ... and that was said */
    int begun;                 /* CSV has its header */
    const shmring_type *shown; /* a table: whose head was the last */
};

/* Before the options are read. */
void view_start(struct view *v);

/* Reads the conditions and fields. about: the ring's description, which is the view's from here on,
 * or NULL. Returns 1; 0 with *ret_exit: the sentence was said. */
int view_open(struct view *v, shmring_description *about, struct frame_output *out, int *ret_exit);
void view_close(struct view *v);

/* Whether any of its options was given. */
int view_is_wanted(const struct view *v);

/* Writes the record, in frames where no format was asked for, if it is one to be shown. Returns 1,
 * or 0 with view_failed(). */
int view_show(struct view *v, const shmring_record *r, int *ret_shown);
/* The exit status: the sentence is said where one is due. */
int view_failed(const struct view *v);

/* ---- its parts ---- */

/* columns.c: 1, or 0 with *ret_exit. */
int view_make_columns(struct view *v, int *ret_exit);
void view_free_columns(struct view *v);

/* value.c */
#define VIEW_NUMBER_SIZE 40
void view_put(struct view *v, const char *bytes, size_t n);
void view_put_text(struct view *v, const char *text);
/* A number as the shortest text that is read back as the same; "nan", "inf", "-inf". */
void view_figure(char to[VIEW_NUMBER_SIZE], const shmring_field *f, const void *at);
/* Whether a place is a text: a string or an array of char. *ret_text then ends nowhere. */
int view_is_text(const shmring_place *place);
const char *view_text_of(const shmring_type *type, const shmring_place *place,
                         const unsigned char *payload, uint32_t *ret_len);
void view_put_hex(struct view *v, const void *data, uint32_t len);
/* Text with what may not be shown replaced: in JSON by escapes, elsewhere by '?'. */
void view_put_json_string(struct view *v, const char *text, size_t len);
void view_put_plain(struct view *v, const char *text, size_t len, int quoted);

/* One record each, whose type is NULL where none is known. */
void view_json(struct view *v, const shmring_type *type, const shmring_record *r);
void view_csv(struct view *v, const shmring_type *type, const shmring_record *r);
void view_table(struct view *v, const shmring_type *type, const shmring_record *r);
/* For people, without types. 1, or 0: host_error(). */
int view_hex(struct frame_output *o, const shmring_record *r);

#endif
