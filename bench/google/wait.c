/* SPDX-License-Identifier: MIT */
/* wait.c - round trip between two processes that sleep at once, beside a bare futex's. */
#include <stddef.h>

#include "cases.h"
#include "programs/wait_cost.h"

#define TRIPS 500u

static void run_trips(gbench_state *state, void (*here)(struct pair_board *, void *),
                      void (*other)(struct pair_board *, void *))
{
    static int prepared;
    struct work work = {.count = TRIPS, .spin_ns = 1};
    double seconds;

    prepared = prepared || work_prepare();
    if (!prepared) {
        gbench_skip(state, "no memory");
        return;
    }
    while (gbench_keep_running_batch(state, TRIPS)) {
        seconds = pair_run(here, other, &work);
        if (seconds < 0) {
            gbench_skip(state, "a message was lost or changed, or the other process failed");
            return;
        }
        gbench_set_iteration_time(state, seconds);
    }
}

static void wake_up(gbench_state *state)
{
    run_trips(state, work_trip_here, work_trip_other);
}

static void bare_futex(gbench_state *state)
{
    run_trips(state, work_futex_here, work_futex_other);
}

void register_wait(void)
{
    gbench_register("wait/wake_up", wake_up, GBENCH_MANUAL_TIME, NULL, 0, NULL, 0);
    gbench_register("wait/bare_futex", bare_futex, GBENCH_MANUAL_TIME, NULL, 0, NULL, 0);
}
