/* SPDX-License-Identifier: MIT */
#include "actors.h"

#include <string.h>

/* In one operation and those inside it; beyond, they become rare. */
#define SWITCHES_MAX 300u

int64_t interleave_left;
struct pace pace;
uint64_t now_ns, operations, deaths, switches;

static struct actor actors[ACTORS_MAX];
static uint32_t actor_count;
static struct actor *current;
static int stopped;
static uint64_t chance_state, switched;

/* ---- chance ---- */

void seed_chance(uint64_t seed)
{
    chance_state = seed;
}

/* splitmix64: any seed is good, and none is a fixed point. */
uint64_t chance64(void)
{
    uint64_t z = chance_state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint32_t chance(uint32_t n)
{
    return (uint32_t)((chance64() >> 32) * n >> 32);
}

int one_in(uint32_t n)
{
    return n != 0 && chance(n) == 0;
}

/* ---- the stage ---- */

void stage_clear(void)
{
    memset(actors, 0, sizeof actors);
    actor_count = 0;
    current = NULL;
    stopped = 0;
}

struct actor *stage_add(const char *name, void (*act)(struct actor *), void (*died)(struct actor *),
                        void *who)
{
    struct actor *a = &actors[actor_count++];

    a->name = name;
    a->act = act;
    a->died = died;
    a->who = who;
    a->weight = 1;
    return a;
}

struct actor *acting(void)
{
    return current;
}

int somebody_is_in_admin(void)
{
    uint32_t i;

    for (i = 0; i < actor_count; i++) {
        if (actors[i].in_admin) {
            return 1;
        }
    }
    return 0;
}

void stop_switching(void)
{
    stopped++;
}

void go_on_switching(void)
{
    stopped--;
}

void shuffle_weights(void)
{
    static const uint32_t means[] = {1, 2, 4, 10, 30, 100, 1000};
    uint32_t i;

    pace.mean = means[chance(sizeof means / sizeof means[0])];
    for (i = 0; i < actor_count; i++) {
        actors[i].weight = 1 + chance(9);
    }
}

/* One that is not inside an operation, by weight. */
static struct actor *pick(void)
{
    uint32_t sum = 0, i, at;

    for (i = 0; i < actor_count; i++) {
        sum += actors[i].busy ? 0 : actors[i].weight;
    }
    if (sum == 0) {
        return NULL;
    }
    at = chance(sum);
    for (i = 0;; i++) {
        if (!actors[i].busy) {
            if (at < actors[i].weight) {
                return &actors[i];
            }
            at -= actors[i].weight;
        }
    }
}

static void end_process(struct actor *a)
{
    deaths++;
    stop_switching();
    process_end(&a->process);
    a->in_admin = 0;
    a->died(a);
    a->at_rest = 0;
    go_on_switching();
}

static void run(struct actor *a)
{
    struct actor *const before = current;

    a->busy = 1;
    current = a;
    operations++;
    if (setjmp(a->out) == 0) {
        a->act(a);
    } else {
        end_process(a);
    }
    a->busy = 0;
    current = before;
}

void die_at_rest(struct actor *a)
{
    trace("dies at rest", 0, 0, 0, 0);
    a->at_rest = 1;
    longjmp(a->out, 1);
}

void act_once(void)
{
    struct actor *a = pick();

    if (a != NULL) {
        if (current == NULL) {
            switched = 0;
        }
        run(a);
    }
}

void let_others_act(uint32_t n)
{
    for (; n != 0; n--) {
        act_once();
    }
}

static void switch_now(uint32_t most)
{
    if (current == NULL || stopped != 0) {
        return;
    }
    switches++;
    if (one_in(pace.death_in)) {
        trace("dies inside", 0, 0, 0, 0);
        longjmp(current->out, 1);
    }
    let_others_act(chance(most + 1));
}

void interleave_switch(void)
{
    interleave_left = chance(2 * pace.mean);
    if (++switched > SWITCHES_MAX) {
        interleave_left += 500; /* or long copies would take for ever */
    }
    switch_now(4);
}

void sleep_point(void)
{
    switch_now(1);
}

void system_point(void)
{
    if (one_in(3)) {
        switch_now(3);
    }
}
