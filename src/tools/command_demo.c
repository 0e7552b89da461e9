/* SPDX-License-Identifier: MIT */
/* command_demo.c - what this machine does: the phases in order, and their figures. */
#include <inttypes.h>
#include <string.h>

#include "demo.h"

#define SECONDS_DEFAULT UINT64_C(4)
#define SECOND_NS       UINT64_C(1000000000)
#define TRIP_SIZE       8u
#define POLLS_TWO_CORES 4000u
#define POLLS_ONE_CORE  8u

/* One way of moving messages. */
struct way {
    struct demo_stream stream;
    struct histogram trip;
};

struct demo {
    struct host_machine machine;
    int pinned;
    unsigned cpus[2];
    uint32_t size, trip_size;
    uint64_t total_ns;
    int shown; /* somebody watches */
    struct way ring, pipe, socket;
    struct histogram line;
};

/* ---- phases ---- */

static struct demo_phase phase_of(const struct demo *d, const char *what, const char *name,
                                  uint32_t size, unsigned percent)
{
    struct demo_phase phase = {name,
                               size,
                               d->total_ns / 100 * percent,
                               d->pinned ? POLLS_TWO_CORES : POLLS_ONE_CORE,
                               d->pinned,
                               {d->cpus[0], d->cpus[1]}};

    if (d->shown) {
        fprintf(stderr, "\rmeasuring: %s\033[K", what);
        (void)fflush(stderr);
    }
    return phase;
}

static int run_ring(struct demo *d)
{
    struct demo_phase stream = phase_of(d, "ring, one way", "stream", d->size, 30);
    struct demo_phase trip;

    if (!demo_ring_stream(&stream, &d->ring.stream)) {
        return 0;
    }
    trip = phase_of(d, "ring, there and back", "trip", d->trip_size, 20);
    return demo_ring_trip(&trip, &d->ring.trip);
}

static int run_line(struct demo *d)
{
    struct demo_phase line = phase_of(d, "one cache line", "line", 8, 14);

    return demo_line(&line, &d->line);
}

static int run_link(struct demo *d, enum host_link_kind kind, struct way *way)
{
    const char *what = kind == HOST_PIPE ? "pipe" : "Unix socket";
    struct demo_phase stream = phase_of(d, what, "link-stream", d->size, 10);
    struct demo_phase trip;

    if (!demo_link_stream(&stream, kind, &way->stream)) {
        return 0;
    }
    trip = phase_of(d, what, "link-trip", d->trip_size, 8);
    return demo_link_trip(&trip, kind, &way->trip);
}

static int run_phases(struct demo *d)
{
    int ok;

    d->pinned = host_pick_cpus(&d->cpus[0], &d->cpus[1]) && host_pin(d->cpus[0]);
    ok = run_ring(d) && run_line(d) && run_link(d, HOST_PIPE, &d->pipe) &&
         run_link(d, HOST_SOCKET, &d->socket);
    if (d->shown) {
        fputs("\r\033[K", stderr);
    }
    return ok;
}

/* ---- figures ---- */

static double per_second(const struct demo_stream *s)
{
    return s->measured_ns != 0 ? (double)s->measured * 1e9 / (double)s->measured_ns : 0;
}

static void add_row(struct table *t, const char *name, const struct demo *d,
                    const struct demo_stream *s, const struct histogram *h)
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
        (void)figure_rate(rate, per_second(s));
        (void)snprintf(speed, sizeof speed, "%.3f", per_second(s) * (double)d->size / 1e9);
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
    printf("shmring %s, two processes ", shmring_version());
    if (d->pinned) {
        printf("on cores %u and %u", d->cpus[0], d->cpus[1]);
    } else {
        printf("that share one core");
    }
    printf("; %" PRIu32 " bytes a message, %" PRIu32 " for the round trip\n\n", d->size,
           d->trip_size);
    table_start(&t, "lrrrrr");
    table_row(&t, heads);
    add_row(&t, "shmring", d, &d->ring.stream, &d->ring.trip);
    add_row(&t, "pipe", d, &d->pipe.stream, &d->pipe.trip);
    add_row(&t, "Unix socket", d, &d->socket.stream, &d->socket.trip);
    add_row(&t, "bare cache line", d, NULL, &d->line);
    table_print(&t, stdout);
    printf("\n%s messages one way, each checked: in order, none lost, none twice.\n",
           figure_count(count, checked));
}

static void add_trip(struct json *j, const char *key, const struct histogram *h)
{
    json_open(j, key, '{');
    json_number(j, "p50", histogram_at(h, 0.5));
    json_number(j, "p90", histogram_at(h, 0.9));
    json_number(j, "p99", histogram_at(h, 0.99));
    json_number(j, "p99.9", histogram_at(h, 0.999));
    json_number(j, "max", h->max);
    json_number(j, "count", h->count);
    json_close(j, '}');
}

static void add_way(struct json *j, const struct demo *d, const struct way *way)
{
    json_real(j, "messages_per_second", per_second(&way->stream));
    json_real(j, "bytes_per_second", per_second(&way->stream) * (double)d->size);
    json_number(j, "messages_checked", way->stream.messages);
    add_trip(j, "round_trip_ns", &way->trip);
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
    json_bool(&j, "pinned", d->pinned);
    json_number(&j, "size", d->size);
    json_number(&j, "round_trip_size", d->trip_size);
    add_way(&j, d, &d->ring);
    json_number(&j, "line_floor_ns", histogram_at(&d->line, 0.5));
    add_trip(&j, "line_ns", &d->line);
    json_open(&j, "pipe", '{');
    add_way(&j, d, &d->pipe);
    json_close(&j, '}');
    json_open(&j, "socket", '{');
    add_way(&j, d, &d->socket);
    json_close(&j, '}');
    json_close(&j, '}');
    json_end(&j);
}

static int run(const struct command *self, int argc, char **argv)
{
    static struct demo d;
    uint64_t size = 0;
    int as_json = 0, ret;
    const struct option options[] = {
        {"seconds", OPTION_TIME, &d.total_ns, NULL, SECOND_NS / 10, 3600 * SECOND_NS,
         "is too short: 0.1 at least", "is too long: 3600 at most"},
        {"size", OPTION_SIZE, &size, NULL, 1, DEMO_SIZE_MAX, "is too small: 1 at least",
         "is too large: 16M at most"},
        {"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL},
    };

    d.total_ns = SECONDS_DEFAULT * SECOND_NS;
    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], NULL, NULL,
                   &ret)) {
        return ret;
    }
    d.size = size != 0 ? (uint32_t)size : 64;
    d.trip_size = size != 0 ? (uint32_t)size : TRIP_SIZE;
    d.shown = host_error_is_terminal();
    host_catch_stop(NULL);
    host_describe(&d.machine);
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
