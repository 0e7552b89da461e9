/* SPDX-License-Identifier: MIT */
/* open.c - what it takes to make a ring, and to attach to one that is there; every page is
 * faulted in before the call returns. */
#include <shmring/shmring.h>

#include "cases.h"

static void create(gbench_state *state)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    const char *name = pair_ring_name("create");
    shmring_producer *p;

    opt.capacity = (uint64_t)gbench_arg(state, 0);
    opt.flags = SHMRING_PREFAULT;
    opt.open_mode = SHMRING_CREATE_ONLY;
    while (gbench_keep_running(state)) {
        if (shmring_producer_open(&p, name, &opt) != SHMRING_OK) {
            gbench_skip(state, shmring_error_detail());
            return;
        }
        shmring_producer_close(p);
    }
}

static void attach(gbench_state *state)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    const char *name = pair_ring_name("attach");
    shmring_producer *p;
    shmring_consumer *c;

    opt.capacity = (uint64_t)gbench_arg(state, 0);
    opt.flags = SHMRING_PREFAULT;
    if (shmring_producer_open(&p, name, &opt) != SHMRING_OK) {
        gbench_skip(state, shmring_error_detail());
        return;
    }
    opt.open_mode = SHMRING_OPEN_ONLY;
    while (gbench_keep_running(state)) {
        if (shmring_consumer_open(&c, name, &opt) != SHMRING_OK) {
            gbench_skip(state, shmring_error_detail());
            break;
        }
        shmring_consumer_close(c);
    }
    shmring_producer_close(p);
}

void register_open(void)
{
    static const char *const names[] = {"capacity"};
    static const int64_t capacities[] = {65536, 1048576, 16777216, 268435456, 1073741824};

    gbench_register("open/create", create, GBENCH_REAL_TIME, names, 1, capacities, 5);
    gbench_register("open/attach", attach, GBENCH_REAL_TIME, names, 1, capacities, 5);
}
