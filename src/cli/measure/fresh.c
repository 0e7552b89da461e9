/* SPDX-License-Identifier: MIT */
/* fresh.c - one run of a measurement in a process of its own: where its memory lies,
 * and what its caches and its rings' pages are, is new for each. */
#include "measure/partner.h"

int pair_fresh(const char *phase, const struct pair_place *place, void *state, size_t size)
{
    struct pair_phase part = {phase, pair_run, pair_runs, 0, *place};
    struct pair_partner runner = {0};
    struct host_shared shared;
    char text[HOST_TEXT_SIZE];
    int ok;

    if (!host_shared_make(&shared, size)) {
        (void)say_failed("shared memory of %zu bytes: %s", size, host_error());
        return 0;
    }
    memcpy(shared.at, state, size);
    runner.shared = &shared;
    host_shared_text(&shared, text);
    part.place.cpus[1] = place->cpus[0]; /* it measures: it is the first of the two */
    ok = pair_partner_start(&runner, &part, text);
    if (ok) {
        ok = host_child_wait(&runner.child);
        if (!ok && runner.child.status <= 0 && !host_stop_requested()) {
            (void)say_failed("the process of a run %s: no figures", runner.child.how);
        }
        memcpy(state, shared.at, size);
    }
    host_shared_close(&shared);
    return ok;
}

int pair_fresh_partner(const struct pair_phase *phase, const char *text,
                       int (*run)(void *state, size_t size))
{
    struct host_shared shared;
    int ok;

    pair_run = phase->size;
    pair_runs = phase->batch;
    if (!host_shared_adopt(&shared, text)) {
        return say_failed("shared memory: %s", host_error());
    }
    host_catch_stop(NULL); /* who started us passes it on */
    ok = run(shared.at, shared.size);
    host_shared_close(&shared);
    return ok ? EXIT_OK : EXIT_FAILED;
}
