/* SPDX-License-Identifier: MIT */
/* trace.c - the last operations, kept as numbers and written out only when something is found. */
#include "actors.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rings.h"

#define KEPT 60u

struct line {
    const char *format;
    uint64_t values[4];
    uint64_t operation;
    const char *actor;
    uint32_t depth;
};

static struct line lines[KEPT];
static uint64_t line_count;
static const char *scenario_name;
static uint64_t round_seed;

void trace_begin(const char *scenario, uint64_t seed)
{
    scenario_name = scenario;
    round_seed = seed;
    line_count = 0;
}

void trace(const char *format, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct line *l = &lines[line_count++ % KEPT];

    l->format = format;
    l->values[0] = a;
    l->values[1] = b;
    l->values[2] = c;
    l->values[3] = d;
    l->operation = operations;
    l->actor = acting() != NULL ? acting()->name : "-";
}

static void write_lines(void)
{
    uint64_t i = line_count > KEPT ? line_count - KEPT : 0;

    for (; i < line_count; i++) {
        const struct line *l = &lines[i % KEPT];

        printf("# %8" PRIu64 " %-9s ", l->operation, l->actor);
        printf(l->format, l->values[0], l->values[1], l->values[2], l->values[3]);
        printf("\n");
    }
}

static void write_replay(void)
{
    printf("# replay: interleave %s 1 %#" PRIx64 "\n", scenario_name, round_seed);
    fflush(stdout);
}

void found_(const char *format, uint64_t a, uint64_t b, uint64_t c)
{
    stop_switching();
    write_lines();
    printf("not ok 1 - %s\n# found by %s after %" PRIu64 " operations, %" PRIu64
           " switches, %" PRIu64 " deaths: ",
           scenario_name, acting() != NULL ? acting()->name : "the checks in between", operations,
           switches, deaths);
    printf(format, a, b, c);
    printf("\n# the library's last sentence: %s\n", shmring_error_detail());
    rings_describe();
    write_replay();
    rings_unlink();
    exit(1);
}

/* A fault of the library ends here too; it may be in the middle of anything, and this is a test. */
static void caught(int number)
{
    (void)signal(number, SIG_DFL);
    write_lines();
    printf("not ok 1 - %s\n# signal %d after %" PRIu64 " operations\n", scenario_name, number,
           operations);
    rings_describe();
    write_replay();
    rings_unlink();
    (void)raise(number);
}

void trace_catch_signals(void)
{
    (void)signal(SIGSEGV, caught);
    (void)signal(SIGBUS, caught);
    (void)signal(SIGABRT, caught);
    (void)signal(SIGALRM, caught); /* a call that does not come back */
    (void)signal(SIGXCPU, caught); /* stopped from outside: no ring is left */
    (void)signal(SIGTERM, caught);
    (void)signal(SIGINT, caught);
}
