/* SPDX-License-Identifier: MIT */
/* demo.c - what this machine does: the phases in order, and their figures. */
#include <inttypes.h>

#include "measure/demo.h"
#include "doctor/doctor.h"
#include "measure/roundtrip.h"

#define SECONDS_DEFAULT UINT64_C(4)
#define TRIP_SIZE       8u

/* One way of moving messages. */
struct way {
    struct pair_stream stream;
    struct histogram trip;
};

struct demo {
    struct host_machine machine;
    struct doctor_summary doctor;
    struct pair_place place;
    uint32_t size, trip_size;
    uint64_t total_ns;
    struct way ring, pipe, socket;
    int has_socket;
    struct histogram line;
    uint64_t line_before_ns, line_after_ns; /* 0: a stop came first */
};

/* ---- phases ---- */

static struct pair_phase phase_of(const struct demo *d, const char *what, const char *name,
                                  uint32_t size, unsigned percent)
{
    struct pair_phase phase = {name, size, 1, d->total_ns / 100 * percent, d->place};

    pair_tell(what);
    return phase;
}

static int run_ring(struct demo *d)
{
    static struct trip_result trips;
    struct pair_phase stream = phase_of(d, "ring, one way", "stream", d->size, 30);
    struct trip_plan plan = {0};
    struct pair_phase trip;
    int ok;

    if (!demo_ring_stream(&stream, &d->ring.stream)) {
        return 0;
    }
    trip = phase_of(d, "ring, there and back", "trip", d->trip_size, 20);
    plan.warm_ns = trip.budget_ns / 10;
    plan.budget_ns = trip.budget_ns - plan.warm_ns;
    plan.count = UINT64_MAX;
    ok = trip_with_partner("demo", &trip, &plan, &trips) == 1;
    d->ring.trip = trips.round_trip; /* after a stop what there is */
    return ok;
}

static int run_line(struct demo *d)
{
    struct pair_phase line = phase_of(d, "one cache line", "line", 8, 14);

    return pair_line(&line, &d->line);
}

static int run_link(struct demo *d, enum host_link_kind kind, struct way *way)
{
    const char *what = kind == HOST_PIPE ? "pipe" : "Unix socket";
    struct pair_phase stream = phase_of(d, what, "link-stream", d->size, 10);
    struct pair_phase trip;

    if (!demo_link_stream(&stream, kind, &way->stream)) {
        return 0;
    }
    trip = phase_of(d, what, "link-trip", d->trip_size, 8);
    return demo_link_trip(&trip, kind, &way->trip);
}

static int run_phases(struct demo *d)
{
    const struct cpu_pair cpus = {0, {0, 0}};
    int ok = pair_place_choose(&d->place, &cpus, 0);

    if (ok) {
        d->line_before_ns = pair_look(&d->place);
        ok = d->line_before_ns != 0 && run_ring(d) && run_line(d) &&
             run_link(d, HOST_PIPE, &d->pipe) &&
             (!d->has_socket || run_link(d, HOST_SOCKET, &d->socket));
    }
    if (ok && !host_stop_requested()) {
        d->line_after_ns = pair_look(&d->place);
        ok = d->line_after_ns != 0;
    }
    pair_tell(NULL);
    if (!ok && host_stop_requested() && d->ring.stream.measured == 0) {
        (void)say_failed("the demo was stopped before anything came through");
        return 0;
    }
    return ok || host_stop_requested(); /* after a stop what there is */
}

/* ---- figures ---- */

struct row {
    const char *name;
    const struct pair_stream *stream; /* NULL: none */
    const struct histogram *trip;
};

/* Each column in one unit; "-" for what a stop left out. */
static void print_rows(const struct demo *d, const struct row *rows, size_t n)
{
    static const char *const heads[] = {"", "messages/s", "GB/s", "round trip p50", "p99", "p99.9"};
    static const double parts[] = {0.5, 0.99, 0.999};
    char rate[4][FIGURE_SIZE], speed[4][FIGURE_SIZE], trip[3][4][FIGURE_SIZE];
    uint64_t ns[3][4];
    double rates[4];
    struct table t;
    size_t i, column, streams = 0, trips = 0;

    for (i = 0; i < n; i++) {
        if (rows[i].stream != NULL && rows[i].stream->measured != 0) {
            rates[streams++] = pair_stream_rate(rows[i].stream);
        }
        for (column = 0; rows[i].trip->count != 0 && column < 3; column++) {
            ns[column][trips] = histogram_at(rows[i].trip, parts[column]);
        }
        trips += rows[i].trip->count != 0;
    }
    figures_rate(rate, rates, streams);
    for (column = 0; column < 3; column++) {
        figures_ns(trip[column], ns[column], trips);
    }
    table_start(&t, "lrrrrr");
    table_row(&t, heads);
    for (i = streams = trips = 0; i < n; i++) {
        const char *cells[] = {rows[i].name, "-", "-", "-", "-", "-"};

        if (rows[i].stream != NULL && rows[i].stream->measured != 0) {
            (void)snprintf(speed[streams], FIGURE_SIZE, "%.3f",
                           rates[streams] * (double)d->size / 1e9);
            cells[1] = rate[streams];
            cells[2] = speed[streams++];
        }
        for (column = 0; rows[i].trip->count != 0 && column < 3; column++) {
            cells[3 + column] = trip[column][trips];
        }
        trips += rows[i].trip->count != 0;
        table_row(&t, cells);
    }
    table_print(&t, stdout);
}

static void print_table(const struct demo *d)
{
    uint64_t checked =
        d->ring.stream.messages + d->pipe.stream.messages + d->socket.stream.messages;
    char count[FIGURE_SIZE];
    struct row rows[4] = {{"shmring", &d->ring.stream, &d->ring.trip},
                          {"pipe", &d->pipe.stream, &d->pipe.trip}};
    size_t n = 2;

    if (d->has_socket) {
        rows[n++] = (struct row){"Unix socket", &d->socket.stream, &d->socket.trip};
    }
    rows[n++] = (struct row){"bare cache line", NULL, &d->line};

    printf("%s, %u core%s, %s\n", d->machine.cpu, d->machine.cores,
           d->machine.cores == 1 ? "" : "s", d->machine.system);
    printf("shmring %s, two processes %s; %" PRIu32 " bytes a message, %" PRIu32
           " for the round trip\n",
           shmring_version(), pair_place_text(&d->place), d->size, d->trip_size);
    doctor_print(&d->doctor);
    pair_state_print(pair_state_of(&d->place, d->line_before_ns, d->line_after_ns),
                     d->line_before_ns, d->line_after_ns);
    putchar('\n');
    print_rows(d, rows, n);
    if (!d->has_socket) {
        printf("\nUnix sockets are not measured on this system.\n");
    }
    printf("\n%s messages one way, each checked: in order, none lost, none twice.\n",
           figure_count(count, checked));
}

static void add_way(struct json *j, const struct demo *d, const struct way *way)
{
    if (way->stream.measured != 0) {
        json_real(j, "messages_per_second", pair_stream_rate(&way->stream));
        json_real(j, "bytes_per_second", pair_stream_rate(&way->stream) * (double)d->size);
    } else { /* a stop came first */
        json_null(j, "messages_per_second");
        json_null(j, "bytes_per_second");
    }
    json_number(j, "messages_checked", way->stream.messages);
    if (way->trip.count != 0) {
        trip_json(j, "round_trip_ns", &way->trip);
    } else {
        json_null(j, "round_trip_ns");
    }
}

static void print_json(const struct demo *d)
{
    struct json j;

    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "version", shmring_version());
    json_text(&j, "cpu", d->machine.cpu);
    json_number(&j, "cores", d->machine.cores);
    json_text(&j, "system", d->machine.system);
    doctor_json(&j, &d->doctor);
    pair_place_json(&j, &d->place);
    json_text(&j, "state",
              pair_state_text(pair_state_of(&d->place, d->line_before_ns, d->line_after_ns)));
    json_number(&j, "size", d->size);
    json_number(&j, "round_trip_size", d->trip_size);
    add_way(&j, d, &d->ring);
    if (d->line.count != 0) {
        json_number(&j, "line_floor_ns", histogram_at(&d->line, 0.5));
        trip_json(&j, "line_ns", &d->line);
    } else {
        json_null(&j, "line_floor_ns");
        json_null(&j, "line_ns");
    }
    json_open(&j, "pipe", '{');
    add_way(&j, d, &d->pipe);
    json_close(&j, '}');
    if (d->has_socket) {
        json_open(&j, "socket", '{');
        add_way(&j, d, &d->socket);
        json_close(&j, '}');
    }
    json_close(&j, '}');
    json_end(&j);
}

static int run(const struct command *self, int argc, char **argv)
{
    static struct demo d;
    uint64_t size = 0;
    int as_json = 0, ret;
    const struct option options[] = {
        {"seconds", OPTION_TIME, &d.total_ns, NULL, PAIR_SECOND_NS / 10, 3600 * PAIR_SECOND_NS,
         "is too short: 0.1 at least", "is too long: 3600 at most"},
        {"size", OPTION_SIZE, &size, NULL, 1, PAIR_SIZE_MAX, "is too small: 1 at least",
         "is too large: 16M at most"},
        {"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL},
    };

    d.total_ns = SECONDS_DEFAULT * PAIR_SECOND_NS;
    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], NULL, NULL,
                   &ret)) {
        return ret;
    }
    d.size = size != 0 ? (uint32_t)size : 64;
    d.trip_size = size != 0 ? (uint32_t)size : TRIP_SIZE;
    host_catch_stop(NULL);
    host_describe(&d.machine);
    doctor_summarize(&d.doctor, NULL);
    d.has_socket = host_link_exists(HOST_SOCKET);
    if (!run_phases(&d)) {
        return EXIT_FAILED;
    }
    if (as_json) {
        print_json(&d);
    } else {
        print_table(&d);
    }
    return say_done();
}

const struct command command_demo = {
    "demo", "[--seconds N] [--size BYTES] [--json]",
    "two processes: throughput and latency of this machine",
    "Starts a second process and measures how fast messages go from one to the other: through a\n"
    "ring, a pipe and a Unix socket, and what the machine itself needs to move one cache line "
    "there\n"
    "and back. Every message carries its number, which is checked. Ctrl-C shows what there is so\n"
    "far.\n"
    "\n"
    "  --seconds N      how long to measure, all in all (default 4)\n"
    "  --size BYTES     of a message; 64 one way and 8 for the round trip if not given\n"
    "  --json           as a JSON object\n",
    run};
