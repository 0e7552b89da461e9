/* SPDX-License-Identifier: MIT */
/* state.c - the machine's state during a run: how far apart the two processors are, and how long it
 * kept a process from running. In a virtual machine the distance changes by the minute. */
#include "measure/partner.h"

#include <inttypes.h>

#define LOOK_BUDGET_NS   UINT64_C(4000000)
#define JITTER_BUDGET_NS UINT64_C(200000000)
#define NEAR_MOST_NS                                                                               \
    150u /* a line of a shared cache takes 50 to 120, another one's 200 and more                   \
          */

/* ---- near and far ---- */

uint64_t pair_look(const struct pair_place *place)
{
    static struct histogram line;
    const struct pair_phase phase = {"line", 8, 1, LOOK_BUDGET_NS, *place};

    histogram_clear(&line);
    return pair_line(&phase, &line) ? histogram_at(&line, 0.5) : 0;
}

enum pair_state pair_state_of(const struct pair_place *place, uint64_t before_ns, uint64_t after_ns)
{
    if (!pair_apart(place)) {
        return PAIR_ONE_CORE;
    }
    if (before_ns == 0 || after_ns == 0) {
        return PAIR_UNKNOWN;
    }
    if ((before_ns <= NEAR_MOST_NS) != (after_ns <= NEAR_MOST_NS)) {
        return PAIR_CHANGED;
    }
    return before_ns <= NEAR_MOST_NS ? PAIR_NEAR : PAIR_FAR;
}

const char *pair_state_text(enum pair_state state)
{
    static const char *const texts[PAIR_STATES] = {"near", "far", "changed", "one core", "unknown"};

    return texts[state];
}

void pair_state_print(enum pair_state state, uint64_t before_ns, uint64_t after_ns)
{
    static const char *const means[PAIR_STATES] = {
        "the two cores share a cache", "the two cores share no cache, or one that is slow",
        "it changed during the measurement, and the figures are of both",
        "the two processes take turns on one core", "it was not measured"};

    printf("state: %s; %s", pair_state_text(state), means[state]);
    if (before_ns != 0 && after_ns != 0) {
        printf(" (a bare cache line before %" PRIu64 " ns, after %" PRIu64 " ns)", before_ns,
               after_ns);
    }
    putchar('\n');
}

/* ---- how long the machine keeps an empty loop from running ---- */

static void empty_loop(uint64_t budget_ns, struct histogram *ret)
{
    const uint64_t end = host_clock_ns() + budget_ns;
    uint64_t before = host_clock_ns(), now = before;

    while (now < end && !host_stop_requested()) {
        now = host_clock_ns();
        histogram_add(ret, now - before);
        before = now;
    }
}

int pair_jitter(const struct pair_place *place, struct histogram *ret)
{
    const struct pair_phase phase = {"jitter", 0, 0, JITTER_BUDGET_NS, *place};
    struct pair_partner partner = {0};
    struct host_shared shared;
    char text[HOST_TEXT_SIZE];
    int ok = 1;

    histogram_clear(ret);
    if (!pair_apart(place)) { /* the other one would only take turns with us */
        empty_loop(JITTER_BUDGET_NS, ret);
        return !host_stop_requested();
    }
    if (!host_shared_make(&shared, sizeof *ret)) {
        (void)say_failed("shared memory: %s", host_error());
        return 0;
    }
    partner.shared = &shared;
    host_shared_text(&shared, text);
    ok = pair_partner_start(&partner, &phase, text);
    if (ok) {
        empty_loop(JITTER_BUDGET_NS, ret);
        ok = pair_partner_end(&partner, 1);
        histogram_merge(ret, shared.at);
    }
    host_shared_close(&shared);
    return ok;
}

int pair_jitter_partner(const struct pair_phase *phase, const char *text)
{
    struct host_shared shared;

    if (!host_shared_adopt(&shared, text)) {
        return say_failed("shared memory: %s", host_error());
    }
    empty_loop(phase->budget_ns, shared.at);
    host_shared_close(&shared);
    return EXIT_OK;
}
