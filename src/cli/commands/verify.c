/* SPDX-License-Identifier: MIT */
/* verify.c - are all records of a ring as they must be? */
#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "recording/recording.h"
#include "text/ring_name.h"

static void print_verdict(const char *name, const shmring_verdict *v, int as_json)
{
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE];
    struct json j;

    if (as_json) {
        json_start(&j, stdout);
        json_open(&j, NULL, '{');
        json_text(&j, "name", short_name(name));
        json_bool(&j, "sound", v->problem[0] == '\0');
        json_text(&j, "problem", v->problem);
        json_number(&j, "records", v->records);
        json_number(&j, "bytes", v->bytes);
        json_number(&j, "gaps", v->gaps);
        json_number(&j, "position", v->position);
        json_bool(&j, "moving", v->moving != 0);
        json_close(&j, '}');
        json_end(&j);
        return;
    }
    print_line("ring '%s' is %s: %s records, %s bytes, %" PRIu64
               " gaps, looked up to position %" PRIu64 "%s%s%s",
               short_name(name), v->problem[0] == '\0' ? "sound" : "corrupt",
               figure_count(records, v->records), figure_count(bytes, v->bytes), v->gaps,
               v->position, v->moving ? "; it was in use" : "", v->problem[0] != '\0' ? ": " : "",
               v->problem);
}

/* ---- a recording ---- */

struct sums {
    uint64_t records, bytes, losses;
};

/* The rings of a file, as words. */
static void name_rings(struct recording_reader *r, char *to, size_t size)
{
    const uint32_t count = recording_rings(r);
    uint32_t i;
    size_t used = 0;

    for (i = 0; i < count && used < size; i++) {
        used += (size_t)snprintf(to + used, size - used, "%s'%s'", i > 0 ? ", " : "",
                                 short_name(recording_ring(r, i)->about.name));
    }
}

static void print_recording(struct recording_reader *r, const struct sums *s, int as_json)
{
    const int sound = r->damaged_places == 0 && r->missing_blocks == 0 && r->has_end;
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE], losses[FIGURE_SIZE], places[FIGURE_SIZE];
    char rings[512] = "";
    struct json j;

    name_rings(r, rings, sizeof rings);
    if (as_json) {
        json_start(&j, stdout);
        json_open(&j, NULL, '{');
        json_text(&j, "recording", r->path);
        if (recording_rings(r) > 0) {
            json_text(&j, "ring", short_name(recording_ring(r, 0)->about.name));
        }
        json_bool(&j, "sound", sound);
        json_number(&j, "records", s->records);
        json_number(&j, "bytes", s->bytes);
        json_number(&j, "losses", s->losses);
        json_number(&j, "damaged_places", r->damaged_places);
        json_number(&j, "skipped_bytes", r->skipped_bytes);
        json_number(&j, "missing_blocks", r->missing_blocks);
        json_bool(&j, "has_end", r->has_end);
        json_close(&j, '}');
        json_end(&j);
        return;
    }
    print_line("recording '%s' of ring%s %s is %s: %s, %s, %s where the recorder lost some; %s%s",
               r->path, recording_rings(r) == 1 ? "" : "s", rings,
               sound                    ? "sound"
               : r->damaged_places != 0 ? "damaged"
               : r->missing_blocks != 0 ? "incomplete"
                                        : "cut",
               figure_of(records, s->records, "record"), figure_of(bytes, s->bytes, "byte"),
               figure_of(losses, s->losses, "place"),
               figure_of(places, r->damaged_places, "damaged place"),
               r->has_end ? "" : "; it has no end: its recorder was killed, or the file is cut");
}

static int verify_recording(const char *path, int as_json)
{
    struct recording_reader r;
    struct recording_entry e;
    struct sums sums = {0};
    int found, ret;

    if (!recording_open(&r, path)) {
        return EXIT_FAILED;
    }
    while ((found = recording_next(&r, &e)) > 0) {
        sums.losses += (e.flags & RECORDING_IS_LOSS) != 0;
        if ((e.flags & RECORDING_IS_LOSS) == 0) {
            sums.records++;
            sums.bytes += e.len;
        }
    }
    if (found == 0) {
        print_recording(&r, &sums, as_json);
    }
    ret = say_done();
    if (found == 0 && ret == EXIT_OK &&
        (r.damaged_places != 0 || r.missing_blocks != 0 || !r.has_end)) {
        ret = say_failed("%s: `shmring replay` sends what is whole of it", path);
    }
    recording_close(&r);
    return found < 0 ? EXIT_FAILED : ret;
}

/* ---- the command ---- */

/* Global/x is a ring. */
static int is_path(const char *name)
{
    return strchr(name, '/') != NULL && strncmp(name, "Global/", 7) != 0 &&
           strncmp(name, "Local/", 6) != 0;
}

static int run(const struct command *self, int argc, char **argv)
{
    const char *name = NULL;
    int as_json = 0, is_file = 0, ret;
    const struct option options[] = {{"file", OPTION_FLAG, &is_file, NULL, 0, 0, NULL, NULL},
                                     {"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL}};
    shmring_verdict verdict = {0};
    shmring_status status;

    if (!args_read(self, argc, argv, options, 2, "NAME", &name, &ret)) {
        return ret;
    }
    if ((is_file || is_path(name)) && recording_look_at(name) == RECORDING_YES) {
        return verify_recording(name, as_json);
    }
    if (!is_file && is_path(name) && recording_look_at(name) == RECORDING_OTHER) {
        return say_usage("'%.200s' is a file: --file checks it as a copy of a ring", name);
    }
    name = is_file ? name : ring_name(name);
    status = is_file ? shmring_verify_file(name, &verdict) : shmring_verify(name, &verdict);
    if (!is_file && status == SHMRING_E_NOT_FOUND && recording_look_at(name) == RECORDING_YES) {
        return verify_recording(name, as_json);
    }
    if (status != SHMRING_OK && (status != SHMRING_E_CORRUPT || verdict.problem[0] == '\0')) {
        return say_status(status);
    }
    print_verdict(name, &verdict, as_json);
    ret = say_done();
    return status != SHMRING_OK ? say_status(status) : ret;
}

const struct command command_verify = {
    "verify", "NAME [--file] [--json]", "check every record of a ring, or of a recording",
    "Walks every committed record and checks all that must "
    "hold. Ends with status 1 if the ring is\n"
    "corrupt. Changes nothing. NAME may be the path of a recording, too.\n"
    "\n"
    "  --file           NAME is the path of a copy of a ring in a plain "
    "file\n"
    "  --json           as a JSON object\n",
    run};
