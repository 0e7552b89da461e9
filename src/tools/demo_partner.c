/* SPDX-License-Identifier: MIT */
/* demo_partner.c - the second process of the demo, and what both sides have in common. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

#define END_PATIENCE_NS UINT64_C(5000000000)

/* ---- the measuring side ---- */

int demo_partner_start(struct demo_partner *partner, const struct demo_phase *phase,
                       const char *target)
{
    char size[24], budget[24], polls[24], cpu[24];
    const char *args[] = {"demo-partner", phase->name, target, size, budget, polls, cpu, NULL};

    (void)snprintf(size, sizeof size, "%" PRIu32, phase->size);
    (void)snprintf(budget, sizeof budget, "%" PRIu64, phase->budget_ns);
    (void)snprintf(polls, sizeof polls, "%" PRIu32, phase->polls);
    (void)snprintf(cpu, sizeof cpu, "%u", phase->cpus[1]);
    if (!phase->pinned) {
        args[6] = NULL;
    }
    if (!host_spawn_self(&partner->child, args, partner->link, partner->shared)) {
        (void)say_failed("the second process could not be started: %s", host_error());
        return 0;
    }
    return 1;
}

int demo_partner_end(struct demo_partner *partner, int ok)
{
    int ended = host_child_end(&partner->child, ok ? END_PATIENCE_NS : END_PATIENCE_NS / 50);

    if (host_stop_requested()) {
        (void)say_failed("the demo was stopped");
        return 0;
    }
    if (!ended && partner->child.status <= 0) {
        (void)say_failed("the second process %s: no figures", partner->child.how);
    }
    return ok && ended;
}

/* ---- both ---- */

unsigned char *demo_message;

void demo_stream_clock(struct demo_stream *s, const struct demo_phase *phase, uint64_t messages)
{
    uint64_t now = host_clock_ns();

    s->messages = messages;
    if (s->first_ns == 0) {
        s->first_ns = s->start_ns = now;
        s->start_messages = messages;
    } else if (!s->warm && now - s->first_ns >= phase->budget_ns / 10) {
        s->warm = 1; /* what came before does not count, unless nothing comes after */
        s->measured = messages - s->start_messages;
        s->measured_ns = now - s->start_ns;
        s->start_ns = now;
        s->start_messages = messages;
    } else {
        s->measured = messages - s->start_messages;
        s->measured_ns = now - s->start_ns;
    }
}

uint32_t demo_clock_every(uint32_t size)
{
    return size < 512 ? 2048 : size < (1u << 20) ? (1u << 20) / size : 1;
}

int demo_out_of_order(const char *what, uint64_t number)
{
    (void)say_failed("%s: message %" PRIu64 " did not come in its place", what, number);
    return 0;
}

/* ---- the partner ---- */

static const struct {
    const char *name;
    int (*run)(const struct demo_phase *phase, const char *target);
} phases[] = {
    {"stream", demo_ring_stream_partner},
    {"trip", demo_ring_trip_partner},
    {"link-stream", demo_link_stream_partner},
    {"link-trip", demo_link_trip_partner},
    {"line", demo_line_partner},
};

static int run(const struct command *self, int argc, char **argv)
{
    struct demo_phase phase = {0};
    size_t i;

    if (argc < 5) {
        return say_usage("%s is for the demo's own use", self->name);
    }
    host_become_child();
    phase.name = argv[0];
    phase.size = (uint32_t)strtoul(argv[2], NULL, 10);
    phase.budget_ns = strtoull(argv[3], NULL, 10);
    phase.polls = (uint32_t)strtoul(argv[4], NULL, 10);
    if (argc > 5) {
        phase.pinned = 1;
        (void)host_pin((unsigned)strtoul(argv[5], NULL, 10)); /* figures are worse without */
    }
    for (i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        if (strcmp(phases[i].name, phase.name) == 0) {
            return phases[i].run(&phase, argv[1]);
        }
    }
    return say_usage("%s is for the demo's own use", self->name);
}

const struct command command_demo_partner = {
    "demo-partner", "", NULL, "The demo's second process; `shmring demo` starts it.\n", run};
