/* SPDX-License-Identifier: MIT */
/* info.c - what is in a recording: its rings, channels, times and losses. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host/host.h"
#include "recording/mcap.h"
#include "recording/recording.h"

#define KEYS 65536u

struct row {
    char topic[192], schema[192];
    uint32_t ring;
    uint64_t messages, bytes, first_ns, last_ns;
};

struct sums {
    uint64_t records, bytes, losses, lost_bytes, gaps, first_ns, last_ns;
};

struct about {
    struct row *rows;
    size_t count, room;
    uint32_t *row_of; /* by channel, or by type in the form of version 0.1; 0: none so far */
    struct sums sums;
};

static uint32_t key_of(const struct recording_entry *e)
{
    return e->channel != NULL ? e->channel->id : e->type;
}

/* The row of an entry; NULL: no memory. */
static struct row *row_of(struct about *a, struct recording_reader *r,
                          const struct recording_entry *e)
{
    uint32_t *row = &a->row_of[key_of(e)];
    struct row *more;

    if (*row == 0) {
        if (a->count == a->room) {
            a->room = a->room * 2 + 16;
            more = realloc(a->rows, a->room * sizeof *more);
            if (more == NULL) {
                return NULL;
            }
            a->rows = more;
        }
        *row = (uint32_t)++a->count;
        more = &a->rows[*row - 1];
        memset(more, 0, sizeof *more);
        more->ring = e->ring;
        more->first_ns = e->time_ns;
        if (e->channel != NULL) {
            (void)snprintf(more->topic, sizeof more->topic, "%s", e->channel->topic);
            (void)snprintf(more->schema, sizeof more->schema, "%s",
                           e->channel->schema != NULL ? e->channel->schema->name : "");
        } else {
            (void)snprintf(more->topic, sizeof more->topic, "/%s/%u",
                           short_name(recording_ring(r, e->ring)->about.name), (unsigned)e->type);
        }
    }
    return &a->rows[*row - 1];
}

static int take(struct about *a, struct recording_reader *r, const struct recording_entry *e)
{
    struct sums *s = &a->sums;
    struct row *row;

    if ((e->flags & RECORDING_IS_LOSS) != 0) {
        s->losses++;
        s->lost_bytes += get_number(e->data, 8);
        return 1;
    }
    row = row_of(a, r, e);
    if (row == NULL) {
        return 0;
    }
    s->first_ns = s->records == 0 || e->time_ns < s->first_ns ? e->time_ns : s->first_ns;
    s->last_ns = e->time_ns > s->last_ns ? e->time_ns : s->last_ns;
    s->gaps += (e->flags & RECORDING_GAP) != 0;
    s->records++;
    s->bytes += e->len;
    row->messages++;
    row->bytes += e->len;
    row->first_ns = e->time_ns < row->first_ns ? e->time_ns : row->first_ns;
    row->last_ns = e->time_ns > row->last_ns ? e->time_ns : row->last_ns;
    return 1;
}

static const char *form_of(const struct recording_reader *r)
{
    return r->tape != NULL ? "mcap" : "shmring 0.1";
}

/* ---- printing ---- */

static void print_ring(struct json *j, const struct recorded_ring *ring)
{
    json_open(j, NULL, '{');
    json_text(j, "ring", short_name(ring->about.name));
    json_text(j, "framing", ring->about.framing == SHMRING_BYTES ? "bytes" : "records");
    json_number(j, "capacity", ring->about.capacity);
    json_bool(j, "described", ring->description != NULL);
    json_close(j, '}');
}

static void print_json(struct about *a, struct recording_reader *r)
{
    struct json j;
    size_t i;

    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "recording", r->path);
    json_text(&j, "form", form_of(r));
    json_number(&j, "records", a->sums.records);
    json_number(&j, "bytes", a->sums.bytes);
    json_number(&j, "first_ns", a->sums.first_ns);
    json_number(&j, "last_ns", a->sums.last_ns);
    json_number(&j, "losses", a->sums.losses);
    json_number(&j, "lost_bytes", a->sums.lost_bytes);
    json_number(&j, "gaps", a->sums.gaps);
    json_number(&j, "damaged_places", r->damaged_places);
    json_bool(&j, "has_end", r->has_end);
    json_open(&j, "rings", '[');
    for (i = 0; i < recording_rings(r); i++) {
        print_ring(&j, recording_ring(r, (uint32_t)i));
    }
    json_close(&j, ']');
    json_open(&j, "channels", '[');
    for (i = 0; i < a->count; i++) {
        json_open(&j, NULL, '{');
        json_text(&j, "topic", a->rows[i].topic);
        json_text(&j, "schema", a->rows[i].schema);
        json_number(&j, "records", a->rows[i].messages);
        json_number(&j, "bytes", a->rows[i].bytes);
        json_number(&j, "first_ns", a->rows[i].first_ns);
        json_number(&j, "last_ns", a->rows[i].last_ns);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

static void print_rows(const struct about *a)
{
    const char *const head[] = {"TOPIC", "SCHEMA", "RECORDS", "BYTES", "FIRST", "LAST"};
    char cells[4][FIGURE_SIZE];
    struct table t;
    size_t i;

    table_start(&t, "llrrrr");
    table_row(&t, head);
    for (i = 0; i < a->count; i++) {
        const struct row *row = &a->rows[i];
        const char *const line[] = {
            row->topic,
            row->schema[0] != '\0' ? row->schema : "-",
            figure_count(cells[0], row->messages),
            figure_count(cells[1], row->bytes),
            figure_ns(cells[2], row->first_ns - a->sums.first_ns),
            figure_ns(cells[3], row->last_ns - a->sums.first_ns),
        };

        table_row(&t, line);
    }
    table_print(&t, stdout);
}

static void print_text(struct about *a, struct recording_reader *r)
{
    const struct sums *s = &a->sums;
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE], time[FIGURE_SIZE], places[FIGURE_SIZE];

    print_line("%s: form %s; %s, %s in %s", r->path, form_of(r),
               figure_of(records, s->records, "record"), figure_of(bytes, s->bytes, "byte"),
               figure_ns(time, s->last_ns - s->first_ns));
    if (s->losses != 0) {
        print_line("the recorder was overtaken in %s, and lost %s",
                   figure_of(places, s->losses, "place"), figure_of(bytes, s->lost_bytes, "byte"));
    }
    if (s->gaps != 0) {
        print_line("a full ring had refused records of its sender in %s",
                   figure_of(places, s->gaps, "place"));
    }
    if (r->damaged_places != 0) {
        print_line("%s passed over in %s", figure_of(bytes, r->skipped_bytes, "byte"),
                   figure_of(places, r->damaged_places, "damaged place"));
    }
    if (!r->has_end) {
        print_line("it has no end: its recorder was killed, or the file is cut");
    }
    print_rows(a);
}

/* ---- the command ---- */

static int look(const char *path, int as_json)
{
    struct recording_reader r;
    struct recording_entry e;
    struct about a = {0};
    int found = 0, ret;

    if (!recording_open(&r, path)) {
        return EXIT_FAILED;
    }
    a.row_of = calloc(KEYS, sizeof *a.row_of);
    while (a.row_of != NULL && !host_stop_requested() && (found = recording_next(&r, &e)) > 0 &&
           take(&a, &r, &e)) {
    }
    if (found > 0 || a.row_of == NULL) {
        found = host_stop_requested() ? -1 : say_failed("no memory for the channels of %s", path);
    } else if (found == 0 && as_json) {
        print_json(&a, &r);
    } else if (found == 0) {
        print_text(&a, &r);
    }
    ret = say_done();
    recording_close(&r);
    free(a.rows);
    free(a.row_of);
    return found != 0 ? EXIT_FAILED : ret;
}

static int run(const struct command *self, int argc, char **argv)
{
    const char *path = NULL;
    int as_json = 0, ret;
    const struct option options[] = {{"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL}};

    if (!args_read(self, argc, argv, options, 1, "FILE", &path, &ret)) {
        return ret;
    }
    host_catch_stop(NULL);
    return look(path, as_json);
}

const struct command command_info = {
    "info", "FILE [--json]", "what is in a recording",
    "Reads a recording of either form and lists its rings and channels: records, bytes, and the "
    "first and the last time, counted from the first record. Says what is lost or damaged.\n"
    "\n"
    "  --json           as a JSON object; times in ns of the clock that the file has\n",
    run};
