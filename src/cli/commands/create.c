/* SPDX-License-Identifier: MIT */
/* create.c - a ring that stays. */
#include <stdlib.h>

#include "command.h"
#include "host/host.h"
#include "text/ring_name.h"

#define LOOK_NS UINT64_C(100000000)

/* Where a ring lives only while a process has it open, this one has. */
static int keep_open(const char *name)
{
    say_notice("ring '%s' is there until this program ends; press Ctrl-C", short_name(name));
    while (!host_stop_requested()) {
        host_sleep_ns(LOOK_NS);
    }
    return EXIT_OK;
}

/* ---- --describe ---- */

/* Reads a whole file, of what a description can have. Returns 1, or 0 with the sentence said. */
static int read_file(const char *path, char *text, size_t room, size_t *ret_len)
{
    FILE *file = host_file_open(path);
    size_t len = 0;
    int failed;

    if (file == NULL) {
        (void)say_failed("%.200s: %s", path, host_error());
        return 0;
    }
    len = fread(text, 1, room, file);
    failed = ferror(file) != 0;
    (void)host_file_close(file);
    if (failed) {
        (void)say_failed("%.200s: it could not be read to its end", path);
        return 0;
    }
    *ret_len = len;
    return 1;
}

/* The text of a description's file, NUL-terminated and known to be one: to be given to free().
 * NULL: the sentence was said, with the file's line. */
static char *read_description(const char *path)
{
    const size_t room = SHMRING_DESCRIPTION_MAX + 1;
    char *text = malloc(room + 1);
    shmring_description *parsed;
    size_t len;

    if (text == NULL) {
        (void)say_failed("%.200s: no memory to read it", path);
        return NULL;
    }
    if (read_file(path, text, room, &len)) {
        text[len] = '\0';
        if (shmring_description_parse(&parsed, text, len, path) == SHMRING_OK) {
            shmring_description_free(parsed);
            return text;
        }
        (void)say_failed("%s", shmring_error_detail());
    }
    free(text);
    return NULL;
}

/* ---- the command ---- */

static int make(const char *name, const shmring_options *opt)
{
    shmring_status status;

    host_catch_stop(NULL);
    status = ring_create(name, opt);
    if (status != SHMRING_OK) {
        return say_status(status);
    }
    return host_rings_outlive_processes() ? EXIT_OK : keep_open(name);
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const framings[] = {"records", "bytes", NULL};
    static const char *const overflows[] = {"reject", "overwrite", NULL};
    static const char *const stamps[] = {"none", "monotonic", "tsc", NULL};
    shmring_options opt = SHMRING_OPTIONS_INIT;
    const char *name = NULL, *describe = NULL;
    char *text = NULL;
    uint64_t max_record = 0;
    int huge_pages = 0, no_prefault = 0, ret;
    const struct option options[] = {
        {"capacity", OPTION_SIZE, &opt.capacity, NULL, 0, 0, NULL, NULL},
        {"framing", OPTION_CHOICE, &opt.framing, framings, 0, 0, NULL, NULL},
        {"overflow", OPTION_CHOICE, &opt.overflow, overflows, 0, 0, NULL, NULL},
        {"max-record", OPTION_SIZE, &max_record, NULL, 0, UINT32_MAX, NULL, NULL},
        {"mode", OPTION_MODE, &opt.permissions, NULL, 0, 0, NULL, NULL},
        {"huge-pages", OPTION_FLAG, &huge_pages, NULL, 0, 0, NULL, NULL},
        {"no-prefault", OPTION_FLAG, &no_prefault, NULL, 0, 0, NULL, NULL},
        {"schema", OPTION_NUMBER, &opt.schema, NULL, 0, 0, NULL, NULL},
        {"stamp", OPTION_CHOICE, &opt.stamp, stamps, 0, 0, NULL, NULL},
        {"describe", OPTION_TEXT, &describe, NULL, 0, 0, NULL, NULL},
    };

    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], "NAME", &name,
                   &ret)) {
        return ret;
    }
    name = ring_name(name);
    opt.max_record = (uint32_t)max_record;
    opt.flags = (huge_pages ? SHMRING_HUGE_PAGES : 0) | (no_prefault ? SHMRING_NO_PREFAULT : 0);
    if (describe != NULL && (text = read_description(describe)) == NULL) {
        return EXIT_FAILED;
    }
    opt.description = text;
    ret = make(name, &opt);
    free(text);
    return ret;
}

const struct command command_create = {
    "create",
    "NAME [--capacity SIZE] [--framing records|bytes] [--overflow reject|overwrite]\n"
    "                            [--max-record SIZE] [--mode 0600] [--huge-pages]\n"
    "                            [--no-prefault] [--schema N] [--stamp none|monotonic|tsc]\n"
    "                            [--describe FILE]",
    "make a ring that stays until it is removed",
    "Makes a persistent ring. It is an error if the name is taken.\n"
    "\n"
    "  --capacity SIZE  a power of two from 64K; 1M if not given\n"
    "  --framing KIND   records (default), or bytes: a stream without boundaries\n"
    "  --overflow WHAT  when it is full: reject new records (default), or overwrite old ones\n"
    "  --max-record SIZE  the largest record; a quarter of the capacity if not given\n"
    "  --mode BITS      who may open it, in octal; 0600 if not given\n"
    "  --huge-pages     ask for huge pages; `shmring stat` tells how many came\n"
    "  --no-prefault    reserve the memory, and do not touch it yet\n"
    "  --schema N       the application's number for its format, checked by those who give one\n"
    "  --stamp CLOCK    each record carries the time of its commit, and the ring counts how long\n"
    "                   records lie in it (shmring stat)\n"
    "  --describe FILE  what the records are made of, for tap and recv (docs/describe.md); its\n"
    "                   hash is the schema if none is given; - is standard input\n",
    run};
