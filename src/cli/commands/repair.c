/* SPDX-License-Identifier: MIT */
/* repair.c - makes a corrupt ring usable again. */
#include <string.h>

#include "command.h"
#include "recording/recording.h"
#include "text/ring_name.h"

static void print_repaired(const char *name, const shmring_repaired *r, int as_json)
{
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE], lost[FIGURE_SIZE];
    struct json j;

    if (as_json) {
        json_start(&j, stdout);
        json_open(&j, NULL, '{');
        json_text(&j, "name", short_name(name));
        json_bool(&j, "changed", r->changed != 0);
        json_text(&j, "problem", r->problem);
        json_number(&j, "records", r->records);
        json_number(&j, "bytes", r->bytes);
        json_number(&j, "lost_bytes", r->lost_bytes);
        json_bool(&j, "again", r->again != 0);
        json_close(&j, '}');
        json_end(&j);
        return;
    }
    if (!r->changed) {
        print_line("ring '%s' was sound and is as it was: %s records, %s bytes", short_name(name),
                   figure_count(records, r->records), figure_count(bytes, r->bytes));
        return;
    }
    print_line(
        "ring '%s' is sound now: %s records, %s bytes; %s bytes behind them are lost%s; what was "
        "wrong: %s",
        short_name(name), figure_count(records, r->records), figure_count(bytes, r->bytes),
        figure_count(lost, r->lost_bytes),
        r->again ? ", and records that were read may come again" : "", r->problem);
}

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
    shmring_repaired repaired = {0};
    shmring_status status;

    if (!args_read(self, argc, argv, options, 2, "NAME", &name, &ret)) {
        return ret;
    }
    if ((is_file || is_path(name)) && recording_look_at(name) == RECORDING_YES) {
        return say_failed(
            "'%.200s' is a recording, which stays as it is: `shmring replay` sends what "
            "is whole of it",
            name);
    }
    name = is_file ? name : ring_name(name);
    status = is_file ? shmring_repair_file(name, &repaired) : shmring_repair(name, &repaired);
    if (status != SHMRING_OK) {
        return say_status(status);
    }
    print_repaired(name, &repaired, as_json);
    return say_done();
}

const struct command command_repair = {
    "repair", "NAME [--file] [--json]", "make a corrupt ring usable again",
    "Keeps every record from the oldest unread one to the first that cannot be true, and drops "
    "what\n"
    "is behind that one. A sound ring is not changed; one that is open is refused. To search what "
    "is\n"
    "dropped, copy the ring's file first.\n"
    "\n"
    "  --file           NAME is the path of a copy of a ring in a plain file\n"
    "  --json           as a JSON object\n",
    run};
