/* SPDX-License-Identifier: MIT */
/* ping_text.c - the figures of `ping` as text. */
#include <inttypes.h>

#include "measure/ping.h"

const double ping_parts[PING_PARTS] = {0.5, 0.9, 0.99, 0.999, 0.9999, 2};
const char *const ping_heads[PING_PARTS] = {"p50", "p90", "p99", "p99.9", "p99.99", "max"};
const char *const ping_names[PING_WHATS] = {"round trip", "one way", "bare cache line",
                                            "empty loop"};
const char *const ping_keys[PING_WHATS] = {"round_trip", "one_way", "line", "jitter"};

/* A row for each quantity that there is, a column for each percentile, and each column in one unit:
 * medians of the runs of a state, or of all. */
static void print_table(const struct ping *p, enum pair_state state)
{
    const char *heads[PING_PARTS + 1] = {""}, *cells[PING_PARTS + 1];
    struct statistics_interval medians;
    char text[PING_PARTS][PING_WHATS][FIGURE_SIZE];
    uint64_t ns[PING_WHATS];
    size_t part, what, n = 0;
    struct table t;

    for (part = 0; part < PING_PARTS; part++) {
        heads[part + 1] = ping_heads[part];
        for (what = n = 0; what < PING_WHATS; what++) {
            if (ping_percentile(p, state, (enum ping_what)what, ping_parts[part], &medians) != 0) {
                ns[n++] = (uint64_t)(medians.middle + 0.5);
            }
        }
        figures_ns(text[part], ns, n);
    }
    table_start(&t, "lrrrrrr");
    table_row(&t, heads);
    for (what = n = 0; what < PING_WHATS; what++) {
        if (ping_percentile(p, state, (enum ping_what)what, 0.5, &medians) != 0) {
            cells[0] = ping_names[what];
            for (part = 0; part < PING_PARTS; part++) {
                cells[part + 1] = text[part][n];
            }
            table_row(&t, cells);
            n++;
        }
    }
    table_print(&t, stdout);
}

/* "82 ns, 95 % interval 80 ns to 84 ns" for some percentiles. */
static void print_intervals(const struct ping *p, enum pair_state state)
{
    static const size_t which[] = {0, 2, 3};
    char middle[FIGURE_SIZE], low[FIGURE_SIZE], high[FIGURE_SIZE];
    struct statistics_interval got;
    size_t i;

    for (i = 0; i < sizeof which / sizeof which[0]; i++) {
        (void)ping_percentile(p, state, PING_ROUND_TRIP, ping_parts[which[i]], &got);
        printf("round trip %-6s %s, %s %s to %s\n", ping_heads[which[i]],
               figure_ns(middle, (uint64_t)(got.middle + 0.5)),
               got.holds ? "95 % interval" : "of too few runs for an interval:",
               figure_ns(low, (uint64_t)(got.low + 0.5)),
               figure_ns(high, (uint64_t)(got.high + 0.5)));
    }
}

static void print_runs(const struct ping *p)
{
    struct statistics_interval got;
    size_t n, states = 0;
    int state;

    for (state = 0; state < PAIR_STATES; state++) {
        n = ping_percentile(p, (enum pair_state)state, PING_ROUND_TRIP, 0.5, &got);
        if (n == 0) {
            continue;
        }
        states++;
        printf("state %s: %zu of %zu run%s, medians of them\n\n",
               pair_state_text((enum pair_state)state), n, p->done, p->done == 1 ? "" : "s");
        print_table(p, (enum pair_state)state);
        putchar('\n');
        print_intervals(p, (enum pair_state)state);
        putchar('\n');
    }
    if (states == 1) {
        printf("All runs met one state only; other states have other figures.\n");
    }
}

static void print_head(const struct ping *p)
{
    printf("%s, %u core%s, %s\n", p->machine.cpu, p->machine.cores,
           p->machine.cores == 1 ? "" : "s", p->machine.system);
    printf("shmring %s, two processes %s; %" PRIu64 " byte%s a message\n", shmring_version(),
           pair_place_text(&p->plan.place), p->plan.size, p->plan.size == 1 ? "" : "s");
    doctor_print(&p->doctor);
}

static void print_count(const struct ping *p)
{
    char count[FIGURE_SIZE], rate[FIGURE_SIZE], runs[FIGURE_SIZE];
    uint64_t trips = 0, elapsed_ns = 0;
    size_t i;

    for (i = 0; i < p->done; i++) {
        trips += p->run[i].trips.round_trip.count;
        elapsed_ns += p->run[i].trips.elapsed_ns;
    }
    printf("%s round trips in %.2f s, ", figure_count(count, trips), (double)elapsed_ns / 1e9);
    if (p->runs > 1) {
        printf("in %s, ", figure_of(runs, p->done, "run"));
    }
    if (p->plan.rate != 0) {
        printf("%s a second, each counted from when it was due\n\n",
               figure_count(rate, p->plan.rate));
    } else {
        printf("at full speed\n\n");
    }
}

void ping_print_text(const struct ping *p)
{
    const struct ping_run *run = &p->run[p->done - 1];

    print_head(p);
    if (p->runs == 1) {
        pair_state_print(ping_state(p, run), histogram_at(&run->line, 0.5), run->line_after_ns);
    }
    print_count(p);
    if (p->runs > 1) {
        print_runs(p);
        return;
    }
    print_table(p, PAIR_STATES);
    printf("\nTimes are of the machine's monotonic clock, which takes %" PRIu64 " ns to read.\n",
           run->clock_ns);
    printf("The bare cache line, there and back, is what these two cores need for it; the empty "
           "loop\nbetween two looks at the clock is what they need for nothing: such a tail is the "
           "machine's.\n\n");
    histogram_bars(&run->trips.round_trip, stdout, host_output_is_utf8());
}
