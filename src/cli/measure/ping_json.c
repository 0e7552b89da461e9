/* SPDX-License-Identifier: MIT */
/* ping_json.c - the figures of `shmring ping` for programs: docs/measurement.schema.json. */
#include "measure/ping.h"

/* The medians of all runs. */
static void add_medians(struct json *j, const struct ping *p, const char *key, enum ping_what what)
{
    struct statistics_interval got;
    uint64_t count = 0;
    size_t i;

    for (i = 0; i < p->done; i++) {
        count += ping_histogram(&p->run[i], what)->count;
    }
    if (count == 0) {
        return;
    }
    json_open(j, key, '{');
    for (i = 0; i < PING_PARTS; i++) {
        (void)ping_percentile(p, PAIR_STATES, what, ping_parts[i], &got);
        json_number(j, ping_heads[i], (uint64_t)(got.middle + 0.5));
    }
    json_number(j, "count", count);
    json_close(j, '}');
}

static void add_intervals(struct json *j, const struct ping *p, enum pair_state state)
{
    struct statistics_interval got;
    char key[32];
    size_t what, part, n = ping_percentile(p, state, PING_ROUND_TRIP, 0.5, &got);

    if (n == 0) {
        return;
    }
    json_open(j, pair_state_text(state), '{');
    json_number(j, "runs", n);
    for (what = 0; what < PING_WHATS; what++) {
        if (ping_percentile(p, state, (enum ping_what)what, 0.5, &got) == 0) {
            continue;
        }
        (void)snprintf(key, sizeof key, "%s_ns", ping_keys[what]);
        json_open(j, key, '{');
        for (part = 0; part < PING_PARTS; part++) {
            (void)ping_percentile(p, state, (enum ping_what)what, ping_parts[part], &got);
            json_open(j, ping_heads[part], '{');
            json_real(j, "median", got.middle);
            json_real(j, "low", got.low);
            json_real(j, "high", got.high);
            json_bool(j, "interval_95", got.holds);
            json_close(j, '}');
        }
        json_close(j, '}');
    }
    json_close(j, '}');
}

static void add_histogram(struct json *j, const char *key, const struct histogram *h)
{
    uint32_t i;

    if (h->count == 0) {
        return;
    }
    json_open(j, key, '{');
    for (i = 0; i < PING_PARTS; i++) {
        json_number(j, ping_heads[i], ping_parts[i] > 1 ? h->max : histogram_at(h, ping_parts[i]));
    }
    json_number(j, "count", h->count);
    json_open(j, "buckets", '[');
    j->compact = 1;
    for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->buckets[i] != 0) {
            json_open(j, NULL, '[');
            json_number(j, NULL, histogram_top(i) < h->max ? histogram_top(i) : h->max);
            json_number(j, NULL, h->buckets[i]);
            json_close(j, ']');
        }
    }
    json_close(j, ']');
    j->compact = 0;
    json_close(j, '}');
}

static void add_run(struct json *j, const struct ping *p, const struct ping_run *run)
{
    char key[32];
    size_t what;

    json_open(j, NULL, '{');
    json_number(j, "began_ns", run->began_ns);
    json_number(j, "elapsed_ns", run->trips.elapsed_ns);
    json_text(j, "state", pair_state_text(ping_state(p, run)));
    json_number(j, "line_before_ns", histogram_at(&run->line, 0.5));
    if (run->line_after_ns != 0) {
        json_number(j, "line_after_ns", run->line_after_ns);
    } else {
        json_null(j, "line_after_ns");
    }
    for (what = 0; what < PING_WHATS; what++) {
        (void)snprintf(key, sizeof key, "%s_ns", ping_keys[what]);
        add_histogram(j, key, ping_histogram(run, (enum ping_what)what));
    }
    json_close(j, '}');
}

static void add_head(struct json *j, const struct ping *p)
{
    json_text(j, "command", "ping");
    json_text(j, "version", shmring_version());
    json_text(j, "cpu", p->machine.cpu);
    json_number(j, "cores", p->machine.cores);
    json_text(j, "system", p->machine.system);
    doctor_json(j, &p->doctor);
    pair_place_json(j, &p->plan.place);
    if (p->name != NULL) {
        json_text(j, "reflector", short_name(p->name));
    }
    json_number(j, "size", p->plan.size);
}

/* The state of all runs, "changed" where they differ. */
static enum pair_state state_of_all(const struct ping *p)
{
    enum pair_state state = ping_state(p, &p->run[0]);
    size_t i;

    for (i = 1; i < p->done; i++) {
        state = ping_state(p, &p->run[i]) == state ? state : PAIR_CHANGED;
    }
    return state;
}

void ping_print_json(const struct ping *p, FILE *to)
{
    uint64_t trips = 0, elapsed_ns = 0;
    struct statistics_interval floor;
    struct json j;
    size_t i;
    int state;

    for (i = 0; i < p->done; i++) {
        trips += p->run[i].trips.round_trip.count;
        elapsed_ns += p->run[i].trips.elapsed_ns;
    }
    (void)ping_percentile(p, PAIR_STATES, PING_LINE, 0.5, &floor);
    json_start(&j, to);
    json_open(&j, NULL, '{');
    add_head(&j, p);
    json_number(&j, "count", trips);
    if (p->plan.rate != 0) {
        json_number(&j, "rate", p->plan.rate);
    }
    json_number(&j, "elapsed_ns", elapsed_ns);
    json_text(&j, "state", pair_state_text(state_of_all(p)));
    add_medians(&j, p, "round_trip_ns", PING_ROUND_TRIP);
    add_medians(&j, p, "one_way_ns", PING_ONE_WAY);
    json_text(&j, "clock", "monotonic");
    json_number(&j, "clock_read_ns", p->run[0].clock_ns);
    json_number(&j, "line_floor_ns", (uint64_t)(floor.middle + 0.5));
    add_medians(&j, p, "line_ns", PING_LINE);
    add_medians(&j, p, "jitter_ns", PING_JITTER);
    json_open(&j, "states", '{');
    for (state = 0; state < PAIR_STATES; state++) {
        add_intervals(&j, p, (enum pair_state)state);
    }
    json_close(&j, '}');
    json_open(&j, "runs", '[');
    for (i = 0; i < p->done; i++) {
        add_run(&j, p, &p->run[i]);
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}
