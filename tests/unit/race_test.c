/* SPDX-License-Identifier: MIT */
/* race_test.c - processes that make, attach, close and remove one name all at once.
 *
 *   race_test [ROUNDS]
 */
#include <sched.h>

#include "../support/rig.h"

#define RACERS 4u
#define OPENS  1500u

/* Shared by the racers; every access is sequentially consistent. */
static struct shared {
    unsigned rounds;
    _Atomic unsigned arrived, winners, losers, others;
    struct racer {
        int (*run)(unsigned me);
        unsigned me;
        struct shared *shared;
        char *name;
    } racers[RACERS];
} * shared;
static unsigned rounds = 1000;

/* Waits until every racer has come to this point for the nth time. */
static void meet(unsigned nth)
{
    shared->arrived++;
    while (shared->arrived < nth * RACERS) {
        sched_yield();
    }
}

static int race_to_create(unsigned me)
{
    shmring_options o = options_of(KIB64);
    unsigned round;

    o.open_mode = SHMRING_CREATE_ONLY;
    for (round = 0; round < shared->rounds; round++) {
        shmring_producer *p = NULL;
        shmring_consumer *c = NULL;
        shmring_status status;

        meet(2 * round + 1);
        status = me % 2 == 0 ? shmring_producer_open(&p, rig_name, &o)
                             : shmring_consumer_open(&c, rig_name, &o);
        if (status == SHMRING_OK) {
            shared->winners++;
        } else if (status == SHMRING_E_EXISTS) {
            shared->losers++;
        } else {
            printf("# racer %u: %d: %s\n", me, status, shmring_error_detail());
            shared->others++;
        }
        meet(2 * round + 2); /* the winner holds it until all have tried */
        shmring_producer_close(p);
        shmring_consumer_close(c);
        /* A racer of the next round may meet the winner's close: that is its own race below. */
        while (is_there(rig_name)) {
            sched_yield();
        }
    }
    return 0;
}

static int race_to_use(unsigned me)
{
    unsigned i, seed = me * 7919 + 1, oks = 0;

    for (i = 0; i < OPENS; i++) {
        shmring_producer *p = NULL;
        shmring_consumer *c = NULL;
        shmring_record r;
        shmring_status status, use = SHMRING_OK;
        uint64_t value = 0;

        seed = seed * 1664525u + 1013904223u;
        if ((seed >> 16) % 2 == 0) {
            status = shmring_producer_open(&p, rig_name, NULL);
            use = status == SHMRING_OK ? shmring_try_send(p, &value, 8, 77) : use;
        } else {
            status = shmring_consumer_open(&c, rig_name, NULL);
            use = status == SHMRING_OK ? shmring_try_recv(c, &value, 8, &r) : use;
            if (status == SHMRING_OK && use == SHMRING_OK && (r.type != 77 || r.len != 8)) {
                shared->others++;
            }
        }
        oks += status == SHMRING_OK;
        if ((status != SHMRING_OK && status != SHMRING_E_BUSY) || use < 0) {
            printf("# racer %u: open %d, use %d: %s\n", me, status, use, shmring_error_detail());
            shared->others++;
        }
        if ((seed >> 20) % 16 == 0 && behind_cannot_remove() == NULL) {
            status = shmring_remove(rig_name);
            if (status != SHMRING_OK && status != SHMRING_E_NOT_FOUND) {
                printf("# racer %u: remove %d: %s\n", me, status, shmring_error_detail());
                shared->others++;
            }
        }
        shmring_producer_close(p);
        shmring_consumer_close(c);
    }
    return oks > 0 ? 0 : 1;
}

static int run_racer(void *arg)
{
    struct racer *r = arg;

    shared = r->shared;
    rig_name = r->name;
    return r->run(r->me);
}

static void race(int (*run)(unsigned me))
{
    pid_t children[RACERS];
    unsigned i;
    int failures = 0;

    (void)new_name();
    memset(shared, 0, sizeof *shared);
    shared->rounds = rounds;
    for (i = 0; i < RACERS; i++) {
        shared->racers[i] = (struct racer){run, i, shared, rig_name};
        children[i] = process_start(run_racer, &shared->racers[i]);
    }
    for (i = 0; i < RACERS; i++) {
        failures += process_end(children[i]) != 0;
    }
    CHECK_EQ(failures, 0);
    CHECK_EQ(shared->others, 0);
    CHECK(!is_there(rig_name));
}

static void shouldLetExactlyOneRacerCreateARing(void)
{
    race(race_to_create);
    CHECK_EQ(shared->winners, rounds);
    CHECK_EQ(shared->losers, rounds * (RACERS - 1));
}

static void shouldNeverShowAHalfMadeOrHalfClosedRing(void)
{
    race(race_to_use);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        rounds = (unsigned)strtoul(argv[1], NULL, 10);
    }
    shared = process_shared(sizeof *shared);
    RUN(shouldLetExactlyOneRacerCreateARing);
    RUN(shouldNeverShowAHalfMadeOrHalfClosedRing);
    return check_done();
}
