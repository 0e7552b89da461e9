/* SPDX-License-Identifier: MIT */
/* output.c - the files of a recording: created, never replaced, rotated, confirmed by the disk. */
#include "recording/output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define LOOK_NS     UINT64_C(100000000)
#define SUFFIX_SIZE 32
#define ENDING      ".mcap"

int output_is_mcap(const char *path)
{
    const size_t n = strlen(path), ending = sizeof ENDING - 1;

    return n > ending && strcmp(path + n - ending, ENDING) == 0;
}

static int cannot_write(struct recording_output *o)
{
    if (!o->failed && host_stop_requested()) {
        (void)say_failed("stopped while %s took nothing; what it has can be replayed", o->name);
    } else if (!o->failed && !host_error_is_gone()) { /* else its reader has what it wanted */
        (void)say_failed("cannot write %s: %s; what it has can be replayed", o->name, host_error());
    }
    o->failed = 1; /* the end of the file cannot be written either */
    return 0;
}

int output_write(struct recording_output *o, const void *data, size_t n)
{
    return host_file_write(o->file, data, n) ? 1 : cannot_write(o);
}

int output_confirm(struct recording_output *o)
{
    return o->limits.sync != SYNC_BLOCK || host_file_sync(o->file) ? 1 : cannot_write(o);
}

int output_rotates(const struct recording_output *o)
{
    return o->limits.size != 0 || o->limits.ns != 0;
}

/* ---- names ---- */

/* The part of a path behind the number. */
static const char *ending_of(const struct recording_output *o)
{
    return output_is_mcap(o->path) ? ENDING : "";
}

static void put_name(const struct recording_output *o, char *to, size_t size, uint64_t number)
{
    const char *ending = ending_of(o);

    if (output_rotates(o)) {
        (void)snprintf(to, size, "%.*s.%06" PRIu64 "%s", (int)(strlen(o->path) - strlen(ending)),
                       o->path, number, ending);
    } else {
        (void)snprintf(to, size, "%s", o->path);
    }
}

/* Removes what is older than the newest `keep` files, of earlier runs too. */
static int remove_old(struct recording_output *o)
{
    const size_t size = strlen(o->path) + SUFFIX_SIZE;
    char *name = malloc(size);
    uint64_t number;
    int ok = name != NULL;

    while (ok && (number = host_file_first_number(o->path, ending_of(o))) != 0 &&
           number + o->limits.keep <= o->number) {
        put_name(o, name, size, number);
        ok = host_file_remove(name);
        if (!ok) {
            (void)say_failed("cannot remove %s: %s", name, host_error());
        }
    }
    free(name);
    return ok;
}

/* ---- files ---- */

static int cannot_create(struct recording_output *o)
{
    o->failed = 1;
    if (host_stop_requested()) { /* nobody had come to read the pipe */
        (void)say_failed("stopped before %s could be opened", o->name);
    } else if (host_file_is_there()) {
        (void)say_failed(
            "%s is there already, and a recording never replaces a file: remove it, or "
            "choose another name",
            o->name);
    } else {
        (void)say_failed("cannot create %s: %s", o->name, host_error());
    }
    return 0;
}

static int open_file(struct recording_output *o)
{
    const size_t size = strlen(o->path) + SUFFIX_SIZE;

    o->name = o->name != NULL ? o->name : malloc(size);
    if (o->name == NULL) {
        (void)say_failed("no memory for the name of a file");
        return 0;
    }
    put_name(o, o->name, size, o->number);
    o->file = host_file_create(o->name);
    if (o->file == NULL) {
        return cannot_create(o);
    }
    o->is_plain = host_file_is_plain(o->file);
    if (output_rotates(o) && !o->is_plain) {
        o->failed = 1;
        (void)say_failed("%s is no plain file: what goes there cannot rotate", o->name);
        return 0;
    }
    o->started_ns = host_clock_ns();
    return 1;
}

int output_start(struct recording_output *o, const char *path,
                 const struct recording_limits *limits)
{
    o->path = path;
    o->limits = *limits;
    if (output_rotates(o)) {
        o->number = host_file_last_number(path, ending_of(o)) + 1;
    }
    return open_file(o) && (o->limits.keep == 0 || remove_old(o));
}

int output_next(struct recording_output *o)
{
    o->number++;
    return open_file(o) && (o->limits.keep == 0 || remove_old(o));
}

int output_finish(struct recording_output *o)
{
    int ok = !o->failed;

    if (ok && o->limits.sync != SYNC_NEVER && !host_file_sync(o->file)) {
        ok = cannot_write(o);
    }
    if (o->file != NULL && !host_file_close(o->file) && ok) {
        ok = cannot_write(o);
    }
    o->file = NULL;
    return ok;
}

int output_is_wanted(struct recording_output *o, uint64_t now_ns)
{
    if (now_ns - o->looked_ns >= LOOK_NS) { /* nobody wakes us when the reader of a pipe goes */
        o->looked_ns = now_ns;
        if (!o->is_plain && host_file_is_gone(o->file)) {
            o->failed = 1;
        }
    }
    return !o->failed;
}

void output_free(struct recording_output *o)
{
    free(o->name);
    o->name = NULL;
}
