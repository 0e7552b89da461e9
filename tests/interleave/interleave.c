/* SPDX-License-Identifier: MIT */
/* interleave.c - interleave SCENARIO [OPERATIONS [SEED]]: plays all sides of rings in one thread,
 * in rounds of some thousand operations, until so many operations are done. What is found is
 * written with the seed of its round: `interleave SCENARIO 1 SEED` plays that round again. Without
 * a seed the clock gives one. TAP. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rings.h"

#define ROUND_OPERATIONS 20000u
#define ROUND_SECONDS    300u /* against a call that does not come back */

struct scenario {
    const char *name;
    void (*choose)(struct features *f);
};

/* ---- what scenarios ask for; the rest is chance ---- */

static void choose_records(struct features *f)
{
    f->restarts = f->deaths = 0;
    f->overflow = SHMRING_REJECT;
}

static void choose_restarts(struct features *f)
{
    f->restarts = 1;
    f->deaths = 1;
    f->overflow = SHMRING_REJECT;
}

static void choose_overwrite(struct features *f)
{
    f->overflow = SHMRING_OVERWRITE;
}

static void choose_bytes(struct features *f)
{
    f->framing = SHMRING_BYTES;
    f->restarts = f->deaths = 0;
    f->observers = one_in(3);
}

static void choose_byte_restarts(struct features *f)
{
    f->framing = SHMRING_BYTES;
    f->restarts = f->deaths = 1;
    f->observers = one_in(3);
}

static void choose_observers(struct features *f)
{
    f->observers = 1 + (int)chance(3);
}

/* One reader of some rings, which waits for any of them. */
static void choose_any(struct features *f)
{
    f->many = 2 + chance(RINGS_MAX - 1);
    f->deaths = one_in(3);
}

static void choose_anything(struct features *f)
{
    f->observers = (int)chance(3);
    f->framing = one_in(4) ? SHMRING_BYTES : SHMRING_RECORDS;
}

static const struct scenario scenarios[] = {
    {"records", choose_records},
    {"restarts", choose_restarts},
    {"overwrite", choose_overwrite},
    {"bytes", choose_bytes},
    {"byte_restarts", choose_byte_restarts},
    {"observers", choose_observers},
    {"any", choose_any},
    {"anything", choose_anything},
};

static void choose_by_chance(struct features *f)
{
    static const uint32_t spins[] = {1, 1, 0, UINT32_MAX};

    memset(f, 0, sizeof *f);
    f->capacity = one_in(8) ? 131072 : 65536;
    f->overflow = one_in(3) ? SHMRING_OVERWRITE : SHMRING_REJECT;
    f->stamp = one_in(2) ? SHMRING_STAMP_NONE : chance(3);
    f->max_record = (uint32_t)(one_in(3) ? f->capacity - 24 : f->capacity / 4);
    f->start_position = one_in(3)   ? 0
                        : one_in(2) ? 0 - (uint64_t)chance(200000) * 8 /* they go round */
                                    : chance64() & ~UINT64_C(7);
    f->spin_ns = spins[chance(4)];
    f->producer_fd = one_in(2);
    f->consumer_fd = one_in(2);
    f->restarts = one_in(2);
    f->deaths = one_in(2);
    f->barrier = (int)chance(3);
}

/* ---- a round ---- */

static void choose(const struct scenario *s, struct features *f)
{
    choose_by_chance(f);
    s->choose(f);
    if (f->framing == SHMRING_BYTES) {
        f->overflow = SHMRING_REJECT;
        f->stamp = SHMRING_STAMP_NONE;
        f->max_record = 0;
    }
}

static void make_rings(struct features *f)
{
    const int is_bytes = f->framing == SHMRING_BYTES;
    uint32_t i;

    for (i = 0; i == 0 || i < f->many; i++) {
        struct ring *r = ring_make(f);

        r->producer = stage_add("producer", is_bytes ? act_as_byte_producer : act_as_producer,
                                producer_died, r);
        f->consumer_fd = f->many != 0 ? one_in(2) : f->consumer_fd; /* the next one's */
        observers_add(r);
    }
    if (f->many != 0) {
        reader_add();
    } else {
        rings[0].consumer = stage_add("consumer", is_bytes ? act_as_byte_consumer : act_as_consumer,
                                      consumer_died, &rings[0]);
    }
}

static void choose_sizes(const struct features *f)
{
    uint32_t i;

    for (i = 0; i < ring_count; i++) {
        rings[i].size_kind = chance(7);
        rings[i].fixed_len = one_in(3) ? f->max_record : chance(1 + (1u << chance(14)));
    }
}

static void play_round(const struct scenario *s, uint64_t seed)
{
    const uint64_t end = operations + ROUND_OPERATIONS;
    uint64_t flip = 0;
    struct features f;

    (void)alarm(ROUND_SECONDS);
    seed_chance(seed);
    trace_begin(s->name, seed);
    stage_clear();
    now_ns = UINT64_C(1000000000000);
    choose(s, &f);
    pace.death_in = f.deaths ? 20 + chance(2000) : 0;
    make_rings(&f);
    while (operations < end) {
        if (operations >= flip) {
            flip = operations + 100 + chance(3000);
            shuffle_weights();
            choose_sizes(&f);
        }
        act_once();
        rings_check();
    }
    observers_end();
    rings_end();
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const uint64_t bound = argc > 2 ? strtoull(argv[2], NULL, 0) : 100000;
    uint64_t seed =
        argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
    uint32_t i;

    trace_catch_signals();
    for (i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (strcmp(scenarios[i].name, name) != 0) {
            continue;
        }
        printf("# %s from seed %#" PRIx64 "\n", name, seed);
        fflush(stdout);
        while (operations < bound) {
            play_round(&scenarios[i], seed);
            seed_chance(seed);
            seed = chance64();
        }
        printf("# %" PRIu64 " operations, %" PRIu64 " switches, %" PRIu64 " deaths, %" PRIu64
               " records sent, %" PRIu64 " laps, %" PRIu64 " ends told, %" PRIu64
               " sleeps judged, %" PRIu64 " waits for any\n",
               operations, switches, deaths, records_sent, laps_told, ends_told,
               lost_wakes_looked_for, waits_for_any);
        printf("ok 1 - %s\n1..1\n", name);
        return 0;
    }
    fprintf(stderr, "interleave SCENARIO [OPERATIONS [SEED]]: no scenario '%s'\n", name);
    return 2;
}
