/* SPDX-License-Identifier: MIT */
/* ping_run.c - the runs of `shmring ping`: in this process, or each in one of its own. */
#include "measure/ping.h"

#include <inttypes.h>

#define BUDGET_NS      (2 * PAIR_SECOND_NS)
#define WARM_NS        UINT64_C(50000000)
#define LINE_BUDGET_NS UINT64_C(200000000)
#define CLOCK_READS    1000u

static uint64_t clock_cost(void)
{
    uint64_t start = host_clock_ns(), now = start;
    unsigned i;

    for (i = 0; i < CLOCK_READS; i++) {
        now = host_clock_ns();
    }
    return (now - start) / CLOCK_READS;
}

/* ---- one run ---- */

static struct trip_plan trips_of(const struct ping_plan *plan, struct samples *samples)
{
    struct trip_plan trips = {plan->count, UINT64_MAX, WARM_NS, plan->rate, samples};

    if (plan->count == 0) {
        trips.budget_ns = BUDGET_NS;
        trips.count =
            plan->rate == 0 ? UINT64_MAX : 1 + (plan->rate * BUDGET_NS - 1) / PAIR_SECOND_NS;
    }
    return trips;
}

static void measure(struct ping_job *job)
{
    const struct ping_plan *plan = &job->plan;
    struct pair_phase phase = {"line", (uint32_t)plan->size, 1, LINE_BUDGET_NS, plan->place};
    struct ping_run *run = &job->run;
    const int keep = job->samples.room != 0;
    const struct trip_plan trips = trips_of(plan, keep ? &job->samples : NULL);
    int ok;

    memset(run, 0, sizeof *run);
    if (keep) {
        samples_prepare(&job->samples);
    }
    run->began_ns = host_epoch_ns();
    run->clock_ns = clock_cost();
    pair_tell("one cache line");
    ok = pair_line(&phase, &run->line);
    if (ok) {
        pair_tell("an empty loop");
        ok = pair_jitter(&plan->place, &run->jitter);
    }
    job->result = ok ? 1 : host_stop_requested() ? -1 : 0;
    if (ok) {
        pair_tell("round trips");
        phase.name = "trip";
        job->result = plan->name[0] != '\0'
                          ? trip_with_reflector(plan->name, &phase, &trips, &run->trips)
                          : trip_with_partner("ping", &phase, &trips, &run->trips);
    }
    if (job->result == 1 && !host_stop_requested()) {
        run->line_after_ns = pair_look(&plan->place);
        job->result = run->line_after_ns != 0 || host_stop_requested() ? 1 : 0;
    }
    pair_tell(NULL);
}

static int run_here(void *state, size_t size)
{
    struct ping_job *job = state;

    if (size < sizeof *job || job->samples.room > (size - sizeof *job) / sizeof(struct sample)) {
        (void)say_failed("the memory of a run is too small");
        return 0;
    }
    job->samples.at = (struct sample *)(job + 1);
    measure(job);
    return job->result != 0;
}

int ping_run_partner(const struct pair_phase *phase, const char *shared)
{
    return pair_fresh_partner(phase, shared, run_here);
}

/* ---- all of them ---- */

int ping_runs(struct ping *p, int (*each)(struct ping *p, void *context), void *context)
{
    int ok = 1;

    pair_runs = (uint32_t)p->runs;
    while (ok && p->done < p->runs && !host_stop_requested()) {
        pair_run = (uint32_t)p->done + 1;
        if (p->runs == 1) {
            measure(p->job);
            ok = p->job->result != 0;
        } else {
            ok = pair_fresh("ping-run", &p->plan.place, p->job, p->job_size);
            p->job->samples.at = (struct sample *)(p->job + 1);
        }
        /* After a stop there may be a part of it. */
        if (p->job->result != 0 && p->job->run.trips.round_trip.count != 0) {
            p->run[p->done++] = p->job->run;
            ok = each(p, context) && ok;
        }
        memset(&p->job->run, 0, sizeof p->job->run);
    }
    if (host_stop_requested() && p->done == 0 && !say_has_failed()) {
        (void)say_failed("ping was stopped before anything came back");
    }
    return p->done != 0 && (ok || host_stop_requested());
}

/* ---- what they say ---- */

const struct histogram *ping_histogram(const struct ping_run *run, enum ping_what what)
{
    switch (what) {
    case PING_ROUND_TRIP:
        return &run->trips.round_trip;
    case PING_ONE_WAY:
        return &run->trips.one_way;
    case PING_LINE:
        return &run->line;
    case PING_JITTER:
        break;
    }
    return &run->jitter;
}

enum pair_state ping_state(const struct ping *p, const struct ping_run *run)
{
    return pair_state_of(&p->plan.place, histogram_at(&run->line, 0.5), run->line_after_ns);
}

size_t ping_percentile(const struct ping *p, enum pair_state state, enum ping_what what,
                       double part, struct statistics_interval *ret)
{
    double values[PING_RUNS_MOST];
    size_t i, n = 0;

    for (i = 0; i < p->done; i++) {
        const struct histogram *h = ping_histogram(&p->run[i], what);

        if ((state == PAIR_STATES || ping_state(p, &p->run[i]) == state) && h->count != 0) {
            values[n++] = (double)(part > 1 ? h->max : histogram_at(h, part));
        }
    }
    statistics_bootstrap(ret, values, n);
    return n;
}
