/* SPDX-License-Identifier: MIT */
/* command_flood.c - how many messages go through, by size and by batch. */
#include <inttypes.h>

#include "flood.h"

#define SECONDS_DEFAULT UINT64_C(4)
#define BATCH_DEFAULT   64u
#define CAPACITY_MIN    (UINT64_C(1) << 20)
#define MAX_RECORD_OF   4u /* a ring's records are at most a quarter of it */
#define ROWS            14

struct row {
    struct pair_phase phase;
    struct pair_stream stream;
};

struct flood {
    const char *name; /* of a ring; NULL: a ring and a partner of our own */
    uint64_t size, batch, total_ns, capacity;
    struct cpu_pair cpus;
    int drain, as_json;
    struct pair_place place;
    struct host_machine machine;
    size_t rows;
    struct row row[ROWS];
};

/* ---- one row, with a partner of our own ---- */

/* The capacity of a row's ring: what was asked for, or what holds some of its messages. */
static uint64_t capacity_for(const struct flood *f, uint32_t size)
{
    uint64_t capacity = f->capacity;

    if (capacity == 0) {
        for (capacity = CAPACITY_MIN; capacity < (uint64_t)size * 2 * MAX_RECORD_OF;) {
            capacity *= 2;
        }
    }
    return capacity;
}

/* Returns an exit status; EXIT_OK also when a stop was asked for, with what came until then. */
static int run_row(const struct flood *f, struct row *row)
{
    shmring_options opt = pair_ring_options(&row->phase);
    struct pair_partner partner = {0};
    shmring_consumer *c = NULL;
    char name[64], what[64], size[FIGURE_SIZE];
    enum flood_end end;
    shmring_status status;
    int ret = EXIT_FAILED;

    (void)snprintf(what, sizeof what, "%s bytes, %" PRIu32 " at a time",
                   figure_bytes(size, row->phase.size), row->phase.batch);
    pair_tell(what);
    (void)snprintf(name, sizeof name, "flood.%" PRIu64, host_pid());
    opt.capacity = capacity_for(f, row->phase.size);
    status = shmring_consumer_open(&c, name, &opt);
    if (status != SHMRING_OK) {
        return say_status(status);
    }
    if (pair_partner_start(&partner, &row->phase, name)) {
        end = flood_drain(c, &row->phase, 0, name, &partner.child, &row->stream);
        if (pair_partner_end(&partner, end == FLOOD_DONE) ||
            (end != FLOOD_FAILED && host_stop_requested())) {
            ret = EXIT_OK;
        }
    }
    shmring_consumer_close(c);
    return ret;
}

int flood_partner(const struct pair_phase *phase, const char *ring)
{
    shmring_options opt = pair_ring_options(phase);
    struct pair_stream stream = {0};
    shmring_producer *p = NULL;
    shmring_status status;
    int ret;

    opt.open_mode = SHMRING_OPEN_ONLY;
    opt.capacity = 0;
    status = shmring_producer_open(&p, ring, &opt);
    ret = status != SHMRING_OK                          ? say_status(status)
          : flood_send(p, phase, &stream) == FLOOD_DONE ? EXIT_OK
                                                        : EXIT_FAILED;
    shmring_producer_close(p);
    return ret;
}

/* ---- the rows ---- */

static void add_row(struct flood *f, uint32_t size, uint32_t batch)
{
    if (f->capacity == 0 || size <= f->capacity / MAX_RECORD_OF) {
        f->row[f->rows++].phase = (struct pair_phase){"flood", size, batch, 0, f->place};
    }
}

static void plan_rows(struct flood *f)
{
    static const uint32_t sizes[ROWS / 2] = {8, 64, 256, 1024, 4096, 16384, 65536};
    size_t i;

    if (f->size != 0) {
        add_row(f, (uint32_t)f->size, f->batch != 0 ? (uint32_t)f->batch : 1);
    } else {
        for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            if (f->batch == 0) {
                add_row(f, sizes[i], 1);
            }
            add_row(f, sizes[i], f->batch != 0 ? (uint32_t)f->batch : BATCH_DEFAULT);
        }
    }
    for (i = 0; i < f->rows; i++) {
        f->row[i].phase.budget_ns = f->total_ns / f->rows;
    }
}

/* Returns an exit status. Rows that a stop left empty are dropped. */
static int run_rows(struct flood *f)
{
    int ret = EXIT_OK;
    size_t i;

    for (i = 0; ret == EXIT_OK && i < f->rows && !host_stop_requested(); i++) {
        ret = run_row(f, &f->row[i]);
    }
    pair_tell(NULL);
    if (ret == EXIT_OK && host_stop_requested()) {
        while (i > 0 && f->row[i - 1].stream.measured == 0) {
            i--;
        }
        f->rows = i;
        ret = i > 0 ? EXIT_OK : say_failed("flood was stopped before anything came through");
    }
    return ret;
}

/* ---- figures ---- */

static double bytes_rate(const struct row *row)
{
    return pair_stream_rate(&row->stream) * row->phase.size;
}

static void print_text(const struct flood *f)
{
    static const char *const heads[] = {"size", "batch", "messages/s", "GB/s"};
    char size[FIGURE_SIZE], batch[FIGURE_SIZE], rate[FIGURE_SIZE], speed[FIGURE_SIZE];
    const char *cells[] = {size, batch, rate, speed};
    uint64_t checked = 0;
    struct table t;
    size_t i;

    printf("%s, %u core%s, %s\n", f->machine.cpu, f->machine.cores,
           f->machine.cores == 1 ? "" : "s", f->machine.system);
    printf("shmring %s, two processes %s\n\n", shmring_version(), pair_place_text(&f->place));
    table_start(&t, "rrrr");
    table_row(&t, heads);
    for (i = 0; i < f->rows; i++) {
        (void)figure_bytes(size, f->row[i].phase.size);
        (void)snprintf(batch, sizeof batch, "%" PRIu32, f->row[i].phase.batch);
        (void)figure_rate(rate, pair_stream_rate(&f->row[i].stream));
        (void)snprintf(speed, sizeof speed, "%.3f", bytes_rate(&f->row[i]) / 1e9);
        table_row(&t, cells);
        checked += f->row[i].stream.messages;
    }
    table_print(&t, stdout);
    printf("\n%s messages, ", figure_count(batch, checked));
    if (f->name == NULL || f->drain) {
        printf("every byte of each checked: in order, none lost, none twice.\n");
    } else {
        printf("all read from ring '%s'.\n", short_name(f->name));
    }
}

static void add_figures(struct json *j, const struct flood *f, const struct row *row)
{
    json_number(j, "size", row->phase.size);
    json_number(j, "batch", row->phase.batch);
    if (f->name == NULL) {
        json_number(j, "capacity", capacity_for(f, row->phase.size));
    }
    json_real(j, "messages_per_second", pair_stream_rate(&row->stream));
    json_real(j, "bytes_per_second", bytes_rate(row));
    json_number(j, f->name == NULL || f->drain ? "messages_checked" : "messages_sent",
                row->stream.messages);
}

static void print_json(const struct flood *f)
{
    struct json j;
    size_t i;

    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "version", shmring_version());
    json_text(&j, "cpu", f->machine.cpu);
    json_number(&j, "cores", f->machine.cores);
    json_text(&j, "system", f->machine.system);
    pair_place_json(&j, &f->place);
    if (f->name != NULL) {
        json_text(&j, "ring", short_name(f->name));
    }
    if (f->name != NULL || f->size != 0) {
        add_figures(&j, f, &f->row[0]);
    } else {
        json_open(&j, "rows", '[');
        for (i = 0; i < f->rows; i++) {
            json_open(&j, NULL, '{');
            add_figures(&j, f, &f->row[i]);
            json_close(&j, '}');
        }
        json_close(&j, ']');
    }
    json_close(&j, '}');
    json_end(&j);
}

/* ---- the command ---- */

/* Returns 1, or 0 after a sentence: options that do not go together. */
static int fits_together(const struct flood *f)
{
    char size[FIGURE_SIZE], capacity[FIGURE_SIZE];

    if (f->drain && f->name == NULL) {
        (void)say_usage("flood --drain needs a NAME");
    } else if (f->drain && (f->size != 0 || f->total_ns != 0)) {
        (void)say_usage("--drain reads what comes: --size and --seconds are the sender's");
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
    struct row *row = &f->row[0];
    uint32_t batch = f->batch != 0 ? (uint32_t)f->batch : f->drain ? BATCH_DEFAULT : 1;

    f->rows = 1;
    row->phase = (struct pair_phase){"flood", f->size != 0 ? (uint32_t)f->size : 64, batch,
                                     f->total_ns, f->place};
    opt.spin_ns = pair_apart(&f->place) ? 0 : 1;
    opt.capacity = f->capacity;
    return f->drain ? flood_out_of(f->name, &row->phase, &opt, &row->stream)
                    : flood_into(f->name, &row->phase, &opt, &row->stream);
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
        {"cpus", OPTION_CPUS, &f.cpus, NULL, 0, 0, NULL, NULL},
        {"drain", OPTION_FLAG, &f.drain, NULL, 0, 0, NULL, NULL},
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
    host_catch_stop(NULL);
    host_describe(&f.machine); /* before a pin leaves one core */
    /* The sender of a named ring is the first of the pair, as the pinger is; with a partner of our
     * own we read. */
    if (!pair_place_choose(&f.place, &f.cpus, f.drain)) {
        return EXIT_FAILED;
    }
    if (f.name != NULL) {
        ret = run_named(&f);
    } else {
        plan_rows(&f);
        ret = run_rows(&f);
    }
    if (ret != EXIT_OK) {
        return ret;
    }
    if (f.as_json) {
        print_json(&f);
    } else {
        print_text(&f);
    }
    return say_done();
}

const struct command command_flood = {
    "flood",
    "[NAME] [--size B] [--seconds N] [--batch N] [--capacity SIZE]\n"
    "                           [--cpus A,B] [--json]\n"
    "       shmring flood --drain NAME [--batch N] [--capacity SIZE] [--cpus A,B] [--json]",
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
    "  --cpus A,B       one side on processor A, the other on B; two cores if not given\n"
    "  --drain NAME     reads a ring until its sender closes\n"
    "  --json           as a JSON object\n",
    run};
