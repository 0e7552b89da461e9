/* SPDX-License-Identifier: MIT */
/* command_ping.c - how long a message takes there and back, and one way. */
#include <errno.h>
#include <inttypes.h>

#include "ping.h"

#define BUDGET_NS      (2 * PAIR_SECOND_NS)
#define WARM_NS        UINT64_C(50000000)
#define LINE_BUDGET_NS UINT64_C(200000000)
#define RATE_MAX       UINT64_C(10000000)
#define CLOCK_READS    1000u

struct ping {
    const char *name; /* of a reflector; NULL: a partner of our own */
    uint64_t size, count, rate;
    struct cpu_pair cpus;
    const char *hgrm, *svg;
    int reflect, matrix, as_json;
    struct pair_place place;
    struct host_machine machine;
    struct histogram line;
    struct trip_result trips;
    uint64_t clock_ns; /* what it takes to read the clock */
};

/* ---- files ---- */

FILE *ping_file_open(const char *path, int *ok)
{
    FILE *file = path != NULL ? fopen(path, "w") : NULL;

    *ok = path == NULL || file != NULL;
    if (!*ok) {
        (void)say_failed("%s: %s", path, strerror(errno));
    }
    return file;
}

int ping_file_close(FILE *file, const char *path)
{
    int ok = file == NULL || !ferror(file);

    errno = 0;
    if (file != NULL && (fclose(file) != 0 || !ok)) {
        (void)say_failed("%s: %s", path,
                         errno != 0 ? strerror(errno) : "not everything could be written");
        return 0;
    }
    return 1;
}

/* ---- measuring ---- */

static uint64_t clock_cost(void)
{
    uint64_t start = host_clock_ns(), now = start;
    unsigned i;

    for (i = 0; i < CLOCK_READS; i++) {
        now = host_clock_ns();
    }
    return (now - start) / CLOCK_READS;
}

/* Returns 1 when there are figures, or 0 after a sentence. */
static int measure(struct ping *p)
{
    struct pair_phase phase = {"line", (uint32_t)p->size, 1, LINE_BUDGET_NS, p->place};
    struct trip_plan plan = {p->count, UINT64_MAX, WARM_NS, p->rate};
    int ret;

    if (p->count == 0) {
        plan.budget_ns = BUDGET_NS;
        plan.count = p->rate == 0 ? UINT64_MAX : 1 + (p->rate * BUDGET_NS - 1) / PAIR_SECOND_NS;
    }
    pair_tell("one cache line");
    ret = pair_line(&phase, &p->line) ? 1 : host_stop_requested() ? -1 : 0;
    if (ret == 1) {
        pair_tell("round trips");
        phase.name = "trip";
        ret = p->name != NULL ? trip_with_reflector(p->name, &phase, &plan, &p->trips)
                              : trip_with_partner("ping", &phase, &plan, &p->trips);
    }
    pair_tell(NULL);
    if (ret < 0 && p->trips.round_trip.count == 0) {
        (void)say_failed("ping was stopped before anything came back");
        return 0;
    }
    return ret != 0; /* after a stop, what there is */
}

/* ---- figures ---- */

static void add_row(struct table *t, const char *name, const struct histogram *h)
{
    char p50[FIGURE_SIZE], p90[FIGURE_SIZE], p99[FIGURE_SIZE], p999[FIGURE_SIZE];
    char p9999[FIGURE_SIZE], max[FIGURE_SIZE];
    const char *cells[] = {name,
                           figure_ns(p50, histogram_at(h, 0.5)),
                           figure_ns(p90, histogram_at(h, 0.9)),
                           figure_ns(p99, histogram_at(h, 0.99)),
                           figure_ns(p999, histogram_at(h, 0.999)),
                           figure_ns(p9999, histogram_at(h, 0.9999)),
                           figure_ns(max, h->max)};

    table_row(t, cells);
}

static void print_text(const struct ping *p)
{
    static const char *const heads[] = {"", "p50", "p90", "p99", "p99.9", "p99.99", "max"};
    char count[FIGURE_SIZE], rate[FIGURE_SIZE];
    struct table t;

    printf("%s, %u core%s, %s\n", p->machine.cpu, p->machine.cores,
           p->machine.cores == 1 ? "" : "s", p->machine.system);
    printf("shmring %s, two processes %s; %" PRIu64 " byte%s a message\n", shmring_version(),
           pair_place_text(&p->place), p->size, p->size == 1 ? "" : "s");
    printf("%s round trips in %.2f s, ", figure_count(count, p->trips.round_trip.count),
           (double)p->trips.elapsed_ns / 1e9);
    if (p->rate != 0) {
        printf("%s a second, each counted from when it was due\n\n", figure_count(rate, p->rate));
    } else {
        printf("at full speed\n\n");
    }
    table_start(&t, "lrrrrrr");
    table_row(&t, heads);
    add_row(&t, "round trip", &p->trips.round_trip);
    if (p->trips.one_way.count != 0) {
        add_row(&t, "one way", &p->trips.one_way);
    }
    add_row(&t, "bare cache line", &p->line);
    table_print(&t, stdout);
    printf("\nTimes are of the machine's monotonic clock, which takes %" PRIu64 " ns to read.\n",
           p->clock_ns);
    printf("The bare cache line, there and back, is what these two cores need for it.\n\n");
    histogram_bars(&p->trips.round_trip, stdout, host_output_is_utf8());
}

static void print_json(const struct ping *p)
{
    struct json j;

    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "version", shmring_version());
    json_text(&j, "cpu", p->machine.cpu);
    json_number(&j, "cores", p->machine.cores);
    json_text(&j, "system", p->machine.system);
    pair_place_json(&j, &p->place);
    if (p->name != NULL) {
        json_text(&j, "reflector", short_name(p->name));
    }
    json_number(&j, "size", p->size);
    json_number(&j, "count", p->trips.round_trip.count);
    if (p->rate != 0) {
        json_number(&j, "rate", p->rate);
    }
    json_number(&j, "elapsed_ns", p->trips.elapsed_ns);
    trip_json(&j, "round_trip_ns", &p->trips.round_trip);
    if (p->trips.one_way.count != 0) {
        trip_json(&j, "one_way_ns", &p->trips.one_way);
    }
    json_text(&j, "clock", "monotonic");
    json_number(&j, "clock_read_ns", p->clock_ns);
    json_number(&j, "line_floor_ns", histogram_at(&p->line, 0.5));
    trip_json(&j, "line_ns", &p->line);
    json_close(&j, '}');
    json_end(&j);
}

/* ---- the command ---- */

/* Returns 1, or 0 after a sentence: options that do not go together. */
static int fits_together(const struct ping *p)
{
    if (p->reflect && p->name == NULL) {
        (void)say_usage("ping --reflect needs a NAME");
    } else if (p->reflect &&
               (p->count != 0 || p->rate != 0 || p->hgrm != NULL || p->as_json || p->matrix)) {
        (void)say_usage("--reflect measures nothing: only NAME, --size and --cpus go with it");
    } else if (p->matrix && (p->name != NULL || p->rate != 0 || p->hgrm != NULL || p->cpus.given)) {
        (void)say_usage("--matrix measures every pair of processors, with partners of its own: "
                        "NAME, --rate, --hgrm and --cpus do not go with it");
    } else if (p->svg != NULL && !p->matrix) {
        (void)say_usage("--svg is for the picture of a --matrix");
    } else {
        return 1;
    }
    return 0;
}

static int run_ping(struct ping *p)
{
    FILE *hgrm;
    int ok, ret = p->name != NULL ? trip_find_reflector(p->name) : EXIT_OK;

    if (ret != EXIT_OK) {
        return ret;
    }
    p->clock_ns = clock_cost();
    hgrm = ping_file_open(p->hgrm, &ok);
    ok = ok && measure(p);
    if (hgrm != NULL) {
        if (ok) {
            histogram_percentiles(&p->trips.round_trip, hgrm);
        }
        ok = ping_file_close(hgrm, p->hgrm) && ok;
    }
    if (!ok) {
        return EXIT_FAILED;
    }
    if (p->as_json) {
        print_json(p);
    } else {
        print_text(p);
    }
    return say_done();
}

static int run(const struct command *self, int argc, char **argv)
{
    static struct ping p;
    const struct option options[] = {
        {"size", OPTION_SIZE, &p.size, NULL, 1, PAIR_SIZE_MAX, "is too small: 1 at least",
         "is too large: 16M at most"},
        {"count", OPTION_COUNT, &p.count, NULL, 0, 0, NULL, NULL},
        {"rate", OPTION_COUNT, &p.rate, NULL, 1, RATE_MAX, "must be more than 0",
         "is too large: 10000000 a second at most"},
        {"cpus", OPTION_CPUS, &p.cpus, NULL, 0, 0, NULL, NULL},
        {"hgrm", OPTION_TEXT, &p.hgrm, NULL, 0, 0, NULL, NULL},
        {"reflect", OPTION_FLAG, &p.reflect, NULL, 0, 0, NULL, NULL},
        {"matrix", OPTION_FLAG, &p.matrix, NULL, 0, 0, NULL, NULL},
        {"svg", OPTION_TEXT, &p.svg, NULL, 0, 0, NULL, NULL},
        {"json", OPTION_FLAG, &p.as_json, NULL, 0, 0, NULL, NULL},
    };
    int ret;

    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], "[NAME]", &p.name,
                   &ret)) {
        return ret;
    }
    if (!fits_together(&p)) {
        return EXIT_USAGE;
    }
    host_catch_stop(NULL);
    host_describe(&p.machine); /* before a pin leaves one core */
    if (p.matrix) {
        return ping_matrix(p.size != 0 ? (uint32_t)p.size : 8, p.count, p.svg, p.as_json);
    }
    if (!pair_place_choose(&p.place, &p.cpus, p.reflect)) {
        return EXIT_FAILED;
    }
    if (p.reflect) {
        return trip_reflect(p.name, (uint32_t)p.size, &p.place);
    }
    p.size = p.size != 0 ? p.size : 8;
    return run_ping(&p);
}

const struct command command_ping = {
    "ping",
    "[NAME] [--size B] [--count N] [--rate R] [--cpus A,B] [--hgrm FILE]\n"
    "                          [--json]\n"
    "       shmring ping --reflect NAME [--size B] [--cpus A,B]\n"
    "       shmring ping --matrix [--size B] [--count N] [--svg FILE] [--json]",
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
    "  --hgrm FILE      writes the round trips in HdrHistogram's percentile format, nanoseconds\n"
    "  --json           as a JSON object\n"
    "  --reflect NAME   sends back what comes through NAME.ping through NAME.pong, for one pinger\n"
    "                   after the other, until Ctrl-C\n"
    "  --matrix         measures every pair of processors\n"
    "  --svg FILE       writes the matrix as a picture, too\n",
    run};
