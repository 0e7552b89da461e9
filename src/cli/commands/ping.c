/* SPDX-License-Identifier: MIT */
/* ping.c - how long a message takes there and back, and one way. */
#include <inttypes.h>
#include <stdlib.h>

#include "measure/hlog.h"
#include "measure/ping.h"

#define RATE_MAX UINT64_C(10000000)

/* The wishes beside the measurement. */
struct wishes {
    const char *svg;
    struct cpu_pair cpus;
    int reflect, matrix, as_json;
};

/* ---- the command ---- */

/* Returns 1, or 0 after a sentence: options that do not go together. */
static int fits_together(const struct ping *p, const struct wishes *w)
{
    const int files = p->files.hgrm != NULL || p->files.hlog != NULL || p->files.samples != NULL;
    const int on_output =
        ping_files_on_output(&p->files) + (w->svg != NULL && strcmp(w->svg, "-") == 0);

    if (w->reflect && p->name == NULL) {
        (void)say_usage("ping --reflect needs a NAME");
    } else if (w->reflect && (p->plan.count != 0 || p->plan.rate != 0 || files || p->runs != 0 ||
                              p->files.csv != NULL || w->as_json || w->matrix)) {
        (void)say_usage("--reflect measures nothing: only NAME, --size and --cpus go with it");
    } else if (w->matrix &&
               (p->name != NULL || p->plan.rate != 0 || files || p->runs != 0 || w->cpus.given)) {
        (void)say_usage("--matrix measures every pair of processors, with partners of its own: "
                        "NAME, --rate, --runs, --hgrm, --hlog, --samples and --cpus do not go with "
                        "it");
    } else if (on_output + (w->as_json != 0) > 1) {
        (void)say_usage("two things cannot both go to standard output: give a FILE, or no --json");
    } else if (w->svg != NULL && !w->matrix) {
        (void)say_usage("--svg is for the picture of a --matrix");
    } else if (p->files.hlog != NULL && !hlog_exists()) {
        (void)say_usage("--hlog needs zlib, and this program was built without it");
    } else {
        return 1;
    }
    return 0;
}

static int make_room(struct ping *p)
{
    const uint64_t samples = p->files.samples == NULL                             ? 0
                             : p->plan.count != 0 && p->plan.count < SAMPLES_MOST ? p->plan.count
                                                                                  : SAMPLES_MOST;

    p->job_size = sizeof *p->job + (size_t)samples * sizeof(struct sample);
    p->job = calloc(1, p->job_size);
    p->run = calloc((size_t)p->runs, sizeof *p->run);
    if (p->job == NULL || p->run == NULL) {
        (void)say_failed("no memory for the figures of %" PRIu64 " runs", p->runs);
        return 0;
    }
    p->job->plan = p->plan;
    p->job->samples.at = (struct sample *)(p->job + 1);
    p->job->samples.room = samples;
    return 1;
}

static int run_ping(struct ping *p, int as_json)
{
    struct ping_open files;
    int ok, ret = p->name != NULL ? trip_find_reflector(p->name) : EXIT_OK;

    if (ret != EXIT_OK) {
        return ret;
    }
    if (!ping_files_open(p, &files)) {
        return EXIT_FAILED;
    }
    ok = make_room(p) && ping_runs(p, ping_files_run, &files);
    ok = ping_files_close(p, &files, ok) && ok;
    if (ok && as_json) {
        ping_print_json(p, stdout);
    } else if (ok && !ping_files_on_output(&p->files)) { /* else that is what was asked for */
        ping_print_text(p);
    }
    free(p->run);
    free(p->job);
    return ok ? say_done() : EXIT_FAILED;
}

/* Does what was asked for, once the options are known to go together. Returns an exit status. */
static int perform(struct ping *p, const struct wishes *w)
{
    if (p->name != NULL) {
        p->name = ring_name(p->name);
        (void)snprintf(p->plan.name, sizeof p->plan.name, "%s", p->name);
    }
    p->runs = p->runs != 0 ? p->runs : 1;
    host_catch_stop(NULL);
    host_describe(&p->machine); /* before a pin leaves one core */
    if (w->matrix) {
        return ping_matrix(p->plan.size != 0 ? (uint32_t)p->plan.size : 8, p->plan.count, w->svg,
                           p->files.csv, w->as_json);
    }
    if (!w->reflect) {
        doctor_summarize(&p->doctor, &w->cpus);
    }
    if (!pair_place_choose(&p->plan.place, &w->cpus, w->reflect)) {
        return EXIT_FAILED;
    }
    if (w->reflect) {
        return trip_reflect(p->name, (uint32_t)p->plan.size, &p->plan.place);
    }
    p->plan.size = p->plan.size != 0 ? p->plan.size : 8;
    return run_ping(p, w->as_json);
}

static int run(const struct command *self, int argc, char **argv)
{
    static struct ping p;
    struct wishes w = {0};
    const struct option options[] = {
        {"size", OPTION_SIZE, &p.plan.size, NULL, 1, PAIR_SIZE_MAX, "is too small: 1 at least",
         "is too large: 16M at most"},
        {"count", OPTION_COUNT, &p.plan.count, NULL, 0, 0, NULL, NULL},
        {"rate", OPTION_COUNT, &p.plan.rate, NULL, 1, RATE_MAX, "must be more than 0",
         "is too large: 10000000 a second at most"},
        {"runs", OPTION_COUNT, &p.runs, NULL, 1, PING_RUNS_MOST, "must be more than 0",
         "is too large: 200 at most"},
        {"cpus", OPTION_CPUS, &w.cpus, NULL, 0, 0, NULL, NULL},
        {"hgrm", OPTION_TEXT, &p.files.hgrm, NULL, 0, 0, NULL, NULL},
        {"hlog", OPTION_TEXT, &p.files.hlog, NULL, 0, 0, NULL, NULL},
        {"csv", OPTION_TEXT, &p.files.csv, NULL, 0, 0, NULL, NULL},
        {"samples", OPTION_TEXT, &p.files.samples, NULL, 0, 0, NULL, NULL},
        {"reflect", OPTION_FLAG, &w.reflect, NULL, 0, 0, NULL, NULL},
        {"matrix", OPTION_FLAG, &w.matrix, NULL, 0, 0, NULL, NULL},
        {"svg", OPTION_TEXT, &w.svg, NULL, 0, 0, NULL, NULL},
        RING_ANY_OWNER_OPTION,
        {"json", OPTION_FLAG, &w.as_json, NULL, 0, 0, NULL, NULL},
    };
    int ret;

    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], "[NAME]", &p.name,
                   &ret)) {
        return ret;
    }
    return fits_together(&p, &w) ? perform(&p, &w) : EXIT_USAGE;
}

const struct command command_ping = {
    "ping",
    "[NAME] [--size B] [--count N] [--rate R] [--runs N] [--cpus A,B]\n"
    "                          [--hgrm FILE] [--hlog FILE] [--csv FILE] [--samples FILE] [--json]\n"
    "       shmring ping --reflect NAME [--size B] [--cpus A,B]\n"
    "       shmring ping --matrix [--size B] [--count N] [--svg FILE] [--csv FILE]\n"
    "                          [--json]",
    "how long a message takes there and back, and one way",
    "Measures how long a message takes through a ring to another process and back, and one way,\n"
    "beside the time that the machine itself needs for one cache line. Starts a second process, "
    "or\n"
    "with NAME talks to a reflector that was started elsewhere. Ctrl-C shows what there is so "
    "far.\n"
    "\n"
    "  --size B         bytes of a message (default 8); of a reflector, the largest it takes\n"
    "  --count N        so many round trips; those of 2 seconds if not given\n"
    "  --rate R         so many messages a second, whether or not the ones before have come back;\n"
    "                   each one's time counts from when it was due. Full speed if not given\n"
    "  --cpus A,B       the pinger on processor A, its reflector on B; two cores if not given\n"
    "  --runs N         measures so many times, each in processes of its own, and tells medians "
    "and\n"
    "                   intervals, by how far apart the two cores were in each\n"
    "  --hgrm FILE      writes the round trips in HdrHistogram's percentile format, nanoseconds\n"
    "  --hlog FILE      writes a histogram log of HdrHistogram, a histogram for each run\n"
    "  --csv FILE       writes a line for each run and quantity, or for each pair of a matrix\n"
    "  --samples FILE   writes the single round trips, up to 2,097,152 of each run\n"
    "  --json           as a JSON object, with the histograms of all runs\n"
    "  --reflect NAME   sends back what comes through NAME.ping through NAME.pong, for one pinger\n"
    "                   after the other, until Ctrl-C\n"
    "  --matrix         measures every pair of processors\n"
    "  --svg FILE       writes the matrix as a picture, too\n" RING_ANY_OWNER_HELP,
    run};
