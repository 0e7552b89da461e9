/* SPDX-License-Identifier: MIT */
/* flood.c - how many messages go through, by size and by batch. */
#include <stdlib.h>

#include "measure/throughput_run.h"
#include "measure/ping.h"

#define SECONDS_DEFAULT UINT64_C(4)
#define BATCH_DEFAULT   64u
#define MAX_RECORD_OF   4u /* a ring's records are at most a quarter of it */

struct files {
    FILE *csv, *samples;
};

/* Returns 1, or 0 after a sentence: options that do not go together. */
static int fits_together(const struct flood *f)
{
    char size[FIGURE_SIZE], capacity[FIGURE_SIZE];
    const int on_output = (f->as_json != 0) + (f->csv != NULL && strcmp(f->csv, "-") == 0) +
                          (f->samples_file != NULL && strcmp(f->samples_file, "-") == 0);

    if (f->drain && f->name == NULL) {
        (void)say_usage("flood --drain needs a NAME");
    } else if (f->drain && (f->size != 0 || f->total_ns != 0)) {
        (void)say_usage("--drain reads what comes: --size and --seconds are the sender's");
    } else if (f->name != NULL && (f->runs != 0 || f->samples_file != NULL)) {
        (void)say_usage("--runs and --samples are for a partner of its own, without NAME");
    } else if (f->samples_file != NULL && f->size == 0) {
        (void)say_usage("--samples are of one size of messages: give it with --size");
    } else if (on_output > 1) {
        (void)say_usage("two things cannot both go to standard output: give a FILE, or no --json");
    } else if (f->capacity != 0 && f->size > f->capacity / MAX_RECORD_OF) {
        (void)say_usage("a message of %s bytes is more than a quarter of a ring of %s",
                        figure_bytes(size, f->size), figure_bytes(capacity, f->capacity));
    } else {
        return 1;
    }
    return 0;
}

/* One side of a ring with a name. Returns an exit status. */
static int run_named(struct flood *f)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    struct flood_row *row = &f->run.row[0];
    uint32_t batch = f->batch != 0 ? (uint32_t)f->batch : f->drain ? BATCH_DEFAULT : 1;
    int ret;

    row->phase = (struct pair_phase){"flood", f->size != 0 ? (uint32_t)f->size : 64, batch,
                                     f->total_ns, f->place};
    opt.spin_ns = pair_apart(&f->place) ? 0 : 1;
    opt.capacity = f->capacity;
    f->run.began_ns = host_epoch_ns();
    ret = f->drain ? flood_out_of(f->name, &row->phase, &opt, &row->stream)
                   : flood_into(f->name, &row->phase, &opt, &row->stream);
    if (ret == EXIT_OK) {
        f->run.rows = 1;
        f->all[f->done++] = f->run;
    }
    return ret;
}

/* ---- the command ---- */

static int add_run(struct flood *f, void *context)
{
    const struct files *files = context;

    if (files->csv != NULL) {
        flood_print_csv(f, files->csv);
    }
    if (files->samples != NULL) {
        samples_write(files->samples, &f->samples, (uint32_t)f->done, f->run.began_ns);
    }
    return 1;
}

static int measure(struct flood *f, size_t size)
{
    struct files files = {NULL, NULL};
    int ok, ret = EXIT_FAILED;

    files.csv = ping_file_open(f->csv, &ok);
    if (ok) {
        files.samples = ping_file_open(f->samples_file, &ok);
    }
    if (ok && f->name != NULL) {
        ret = run_named(f);
        if (ret == EXIT_OK) {
            (void)add_run(f, &files);
        }
    } else if (ok) {
        ret = flood_runs(f, size, add_run, &files);
    }
    ok = ping_file_close(files.csv, f->csv) && ok;
    ok = ping_file_close(files.samples, f->samples_file) && ok;
    if (!ok || ret != EXIT_OK) {
        return ret != EXIT_OK ? ret : EXIT_FAILED;
    }
    if (f->as_json) {
        flood_print_json(f);
    } else if (files.csv != stdout && files.samples != stdout) { /* else that was asked for */
        flood_print_text(f);
    }
    return say_done();
}

/* Gives the options room for what they ask for. Returns an exit status. */
static int perform(const struct flood *wanted)
{
    const uint64_t samples = wanted->samples_file != NULL ? SAMPLES_MOST : 0;
    const size_t size = sizeof *wanted + (size_t)samples * sizeof(struct sample);
    struct flood *f = calloc(1, size);
    struct flood_run *all = calloc((size_t)wanted->runs, sizeof *all);
    int ret = EXIT_FAILED;

    if (f == NULL || all == NULL) {
        ret = say_failed("no memory for the figures");
    } else {
        *f = *wanted;
        f->all = all;
        f->samples.at = (struct sample *)(f + 1);
        f->samples.room = samples;
        host_describe(&f->machine); /* before a pin leaves one core */
        doctor_summarize(&f->doctor, &f->cpus);
        /* The sender of a named ring is the first of the pair, as the pinger is; with a partner of
         * our own we read. */
        if (pair_place_choose(&f->place, &f->cpus, f->drain)) {
            ret = measure(f, size);
        }
    }
    free(all);
    free(f);
    return ret;
}

static int run(const struct command *self, int argc, char **argv)
{
    static struct flood f;
    const struct option options[] = {
        {"size", OPTION_SIZE, &f.size, NULL, 1, PAIR_SIZE_MAX, "is too small: 1 at least",
         "is too large: 16M at most"},
        {"seconds", OPTION_TIME, &f.total_ns, NULL, PAIR_SECOND_NS / 10, 86400 * PAIR_SECOND_NS,
         "is too short: 0.1 at least", "is too long: 86400 at most"},
        {"batch", OPTION_COUNT, &f.batch, NULL, 1, FLOOD_BATCH_MAX, "must be more than 0",
         "is too large: 256 at most"},
        {"capacity", OPTION_SIZE, &f.capacity, NULL, 0, 0, NULL, NULL},
        {"runs", OPTION_COUNT, &f.runs, NULL, 1, FLOOD_RUNS_MOST, "must be more than 0",
         "is too large: 200 at most"},
        {"cpus", OPTION_CPUS, &f.cpus, NULL, 0, 0, NULL, NULL},
        {"csv", OPTION_TEXT, &f.csv, NULL, 0, 0, NULL, NULL},
        {"samples", OPTION_TEXT, &f.samples_file, NULL, 0, 0, NULL, NULL},
        {"drain", OPTION_FLAG, &f.drain, NULL, 0, 0, NULL, NULL},
        RING_ANY_OWNER_OPTION,
        {"json", OPTION_FLAG, &f.as_json, NULL, 0, 0, NULL, NULL},
    };
    int ret;

    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], "[NAME]", &f.name,
                   &ret)) {
        return ret;
    }
    if (!fits_together(&f)) {
        return EXIT_USAGE;
    }
    f.total_ns = f.total_ns != 0 ? f.total_ns : SECONDS_DEFAULT * PAIR_SECOND_NS;
    f.runs = f.runs != 0 ? f.runs : 1;
    f.name = f.name != NULL ? ring_name(f.name) : NULL;
    host_catch_stop(NULL);
    return perform(&f);
}

const struct command command_flood = {
    "flood",
    "[NAME] [--size B] [--seconds N] [--batch N] [--capacity SIZE]\n"
    "                           [--runs N] [--cpus A,B] [--csv FILE] [--samples FILE] [--json]\n"
    "       shmring flood --drain NAME [--batch N] [--capacity SIZE] [--cpus A,B]\n"
    "                           [--csv FILE] [--json]",
    "how many messages go through, by size and by batch",
    "Sends as many messages as go through a ring to a second process, which checks every byte of\n"
    "each: of several sizes, or of one. With NAME it sends into that ring, for a reader "
    "elsewhere:\n"
    "`shmring flood --drain NAME`, which checks too, or `shmring recv NAME`. Ctrl-C shows what\n"
    "there is so far.\n"
    "\n"
    "  --size B         bytes of a message; a table of sizes if not given, with NAME 64\n"
    "  --seconds N      how long to measure, all in all (default 4)\n"
    "  --batch N        publishes N messages at once, and releases up to N; if not given, 1, and "
    "in\n"
    "                   the table 1 and 64\n"
    "  --capacity SIZE  of a new ring: a power of two from 64K\n"
    "  --runs N         measures so many times, each in processes of its own, and tells medians "
    "and\n"
    "                   intervals, by how far apart the two cores were in each; --seconds for "
    "each\n"
    "  --cpus A,B       one side on processor A, the other on B; two cores if not given\n"
    "  --drain NAME     reads a ring until its sender closes\n"
    "  --csv FILE       writes a line for each run and size\n"
    "  --samples FILE   writes how many messages had come at each look at the clock\n"
    "  --json           as a JSON object\n" RING_ANY_OWNER_HELP,
    run};
