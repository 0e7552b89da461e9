/* SPDX-License-Identifier: MIT */
/* command_verify.c - are all records of a ring as they must be? */
#include <inttypes.h>

#include "cli.h"

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
    printf("ring '%s' is %s: %s records, %s bytes, %" PRIu64 " gaps, looked up to position %" PRIu64
           "%s%s%s\n",
           short_name(name), v->problem[0] == '\0' ? "sound" : "corrupt",
           figure_count(records, v->records), figure_count(bytes, v->bytes), v->gaps, v->position,
           v->moving ? "; it was in use" : "", v->problem[0] != '\0' ? ": " : "", v->problem);
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
    status = is_file ? shmring_verify_file(name, &verdict) : shmring_verify(name, &verdict);
    if (status != SHMRING_OK && (status != SHMRING_E_CORRUPT || verdict.problem[0] == '\0')) {
        return say_status(status);
    }
    print_verdict(name, &verdict, as_json);
    ret = say_done();
    return status != SHMRING_OK ? say_status(status) : ret;
}

const struct command command_verify = {
    "verify", "NAME [--file] [--json]", "check every record of a ring",
    "Walks every committed record and checks all that must "
    "hold. Ends with status 1 if the ring is\n"
    "corrupt. Changes nothing.\n"
    "\n"
    "  --file           NAME is the path of a copy of a ring in a plain "
    "file\n"
    "  --json           as a JSON object\n",
    run};
