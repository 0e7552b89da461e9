/* SPDX-License-Identifier: MIT */
/* command_demo.c - what this machine does: the phases in order, and their figures. */
#include <inttypes.h>

#include "demo.h"
#include "trip.h"

#define SECONDS_DEFAULT UINT64_C(4)
#define TRIP_SIZE       8u

/* One way of moving messages. */
struct way {
    struct pair_stream stream;
    struct histogram trip;
};

struct demo {
    struct host_machine machine;
    struct pair_place place;
    uint32_t size, trip_size;
    uint64_t total_ns;
    struct way ring, pipe, socket;
    int has_socket;
    struct histogram line;
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

    if (!demo_ring_stream(&stream, &d->ring.stream)) {
        return 0;
    }
    trip = phase_of(d, "ring, there and back", "trip", d->trip_size, 20);
    plan.warm_ns = trip.budget_ns / 10;
    plan.budget_ns = trip.budget_ns - plan.warm_ns;
    plan.count = UINT64_MAX;
    if (trip_with_partner("demo", &trip, &plan, &trips) != 1) {
        return 0;
    }
    d->ring.trip = trips.round_trip;
    return 1;
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
    int ok = pair_place_choose(&d->place, &cpus, 0) && run_ring(d) && run_line(d) &&
             run_link(d, HOST_PIPE, &d->pipe) &&
             (!d->has_socket || run_link(d, HOST_SOCKET, &d->socket));

    pair_tell(NULL);
    if (!ok && host_stop_requested()) {
        (void)say_failed("the demo was stopped");
    }
    return ok;
}

/* ---- figures ---- */

static void add_row(struct table *t, const char *name, const struct demo *d,
                    const struct pair_stream *s, const struct histogram *h)
{
    char rate[FIGURE_SIZE] = "-", speed[FIGURE_SIZE] = "-";
    char p50[FIGURE_SIZE], p99[FIGURE_SIZE], p999[FIGURE_SIZE];
    const char *cells[] = {name,
                           rate,
                           speed,
                           figure_ns(p50, histogram_at(h, 0.5)),
                           figure_ns(p99, histogram_at(h, 0.99)),
                           figure_ns(p999, histogram_at(h, 0.999))};

    if (s != NULL) {
        (void)figure_rate(rate, pair_stream_rate(s));
        (void)snprintf(speed, sizeof speed, "%.3f", pair_stream_rate(s) * (double)d->size / 1e9);
    }
    table_row(t, cells);
}

static void print_table(const struct demo *d)
{
    static const char *const heads[] = {"", "messages/s", "GB/s", "round trip p50", "p99", "p99.9"};
    uint64_t checked =
        d->ring.stream.messages + d->pipe.stream.messages + d->socket.stream.messages;
    char count[FIGURE_SIZE];
    struct table t;

    printf("%s, %u core%s, %s\n", d->machine.cpu, d->machine.cores,
           d->machine.cores == 1 ? "" : "s", d->machine.system);
    printf("shmring %s, two processes %s; %" PRIu32 " bytes a message, %" PRIu32
           " for the round trip\n\n",
           shmring_version(), pair_place_text(&d->place), d->size, d->trip_size);
    table_start(&t, "lrrrrr");
    table_row(&t, heads);
    add_row(&t, "shmring", d, &d->ring.stream, &d->ring.trip);
    add_row(&t, "pipe", d, &d->pipe.stream, &d->pipe.trip);
    if (d->has_socket) {
        add_row(&t, "Unix socket", d, &d->socket.stream, &d->socket.trip);
    }
    add_row(&t, "bare cache line", d, NULL, &d->line);
    table_print(&t, stdout);
    if (!d->has_socket) {
        printf("\nUnix sockets are not measured on this system.\n");
    }
    printf("\n%s messages one way, each checked: in order, none lost, none twice.\n",
           figure_count(count, checked));
}

static void add_way(struct json *j, const struct demo *d, const struct way *way)
{
    json_real(j, "messages_per_second", pair_stream_rate(&way->stream));
    json_real(j, "bytes_per_second", pair_stream_rate(&way->stream) * (double)d->size);
    json_number(j, "messages_checked", way->stream.messages);
    trip_json(j, "round_trip_ns", &way->trip);
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
    pair_place_json(&j, &d->place);
    json_number(&j, "size", d->size);
    json_number(&j, "round_trip_size", d->trip_size);
    add_way(&j, d, &d->ring);
    json_number(&j, "line_floor_ns", histogram_at(&d->line, 0.5));
    trip_json(&j, "line_ns", &d->line);
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
    "and back. Every message is numbered and checked.\n"
    "\n"
    "  --seconds N      how long to measure, all in all (default 4)\n"
    "  --size BYTES     of a message; 64 one way and 8 for the round trip if not given\n"
    "  --json           as a JSON object\n",
    run};
