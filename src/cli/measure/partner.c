/* SPDX-License-Identifier: MIT */
/* partner.c - the second process, where the two run, and what both sides have in
 * common. */
#include "measure/partner.h"

#include <inttypes.h>
#include <stdlib.h>

#define END_PATIENCE_NS UINT64_C(5000000000)
#define POLLS_TWO_CORES 4000u
#define CAPACITY_MIN    (UINT64_C(1) << 18)

/* ---- where ---- */

int pair_place_choose(struct pair_place *ret, const struct cpu_pair *cpus, int ours)
{
    int other;

    *ret = (struct pair_place){0, {0, 0}, PAIR_POLLS_ONE_CORE};
    if (!cpus->given) {
        ret->pinned =
            host_pick_cpus(&ret->cpus[0], &ret->cpus[1]) && host_pin(ret->cpus[ours != 0]);
    } else {
        ret->cpus[0] = cpus->cpu[0];
        ret->cpus[1] = cpus->cpu[1];
        for (other = 1; other >= 0; other--) { /* ours comes last, and stays */
            if (!host_pin(ret->cpus[other != ours])) {
                (void)say_failed("--cpus: processor %u cannot be used: %s",
                                 ret->cpus[other != ours], host_error());
                return 0;
            }
        }
        ret->pinned = 1;
    }
    if (ret->pinned && ret->cpus[0] != ret->cpus[1]) {
        ret->polls = POLLS_TWO_CORES;
    }
    return 1;
}

const char *pair_place_text(const struct pair_place *place)
{
    static char text[64];

    if (!place->pinned) {
        return "that share one core";
    }
    if (place->cpus[0] == place->cpus[1]) {
        (void)snprintf(text, sizeof text, "that share core %u", place->cpus[0]);
    } else {
        (void)snprintf(text, sizeof text, "on cores %u and %u", place->cpus[0], place->cpus[1]);
    }
    return text;
}

void pair_place_json(struct json *j, const struct pair_place *place)
{
    json_bool(j, "pinned", place->pinned);
    if (place->pinned) {
        json_open(j, "cpus", '[');
        json_number(j, NULL, place->cpus[0]);
        json_number(j, NULL, place->cpus[1]);
        json_close(j, ']');
    }
}

/* ---- the measuring side ---- */

int pair_partner_start(struct pair_partner *partner, const struct pair_phase *phase,
                       const char *target)
{
    char size[24], batch[24], budget[24], polls[24], cpu[24];
    const char *args[] = {"partner", phase->name, target, size, batch, budget, polls, cpu, NULL};

    (void)snprintf(size, sizeof size, "%" PRIu32, phase->size);
    (void)snprintf(batch, sizeof batch, "%" PRIu32, phase->batch);
    (void)snprintf(budget, sizeof budget, "%" PRIu64, phase->budget_ns);
    (void)snprintf(polls, sizeof polls, "%" PRIu32, phase->place.polls);
    (void)snprintf(cpu, sizeof cpu, "%u", phase->place.cpus[1]);
    if (!phase->place.pinned) {
        args[7] = NULL;
    }
    if (!host_spawn_self(&partner->child, args, partner->link, partner->shared)) {
        (void)say_failed("the second process could not be started: %s", host_error());
        return 0;
    }
    return 1;
}

int pair_partner_end(struct pair_partner *partner, int ok)
{
    int ended = host_child_end(&partner->child, ok ? END_PATIENCE_NS : END_PATIENCE_NS / 50);

    if (host_stop_requested()) {
        return 0;
    }
    if (!ended && partner->child.status <= 0) {
        (void)say_failed("the second process %s: no figures", partner->child.how);
    } else if (ended && !ok && !say_has_failed()) {
        (void)say_failed("the second process %s, before its time: no figures", partner->child.how);
    }
    return ok && ended;
}

/* ---- both ---- */

unsigned char *pair_message;

shmring_options pair_ring_options(const struct pair_phase *phase)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;

    /* On one core a poll only keeps the other side waiting. */
    opt.spin_ns = pair_apart(&phase->place) ? 0 : 1;
    for (opt.capacity = CAPACITY_MIN; opt.capacity < (uint64_t)phase->size * 8;) {
        opt.capacity *= 2;
    }
    return opt;
}

struct samples *pair_samples;

void pair_stream_clock(struct pair_stream *s, const struct pair_phase *phase, uint64_t messages)
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
    if (pair_samples != NULL) {
        samples_add(pair_samples, now - s->first_ns, messages);
    }
}

double pair_stream_rate(const struct pair_stream *s)
{
    return s->measured_ns != 0 ? (double)s->measured * 1e9 / (double)s->measured_ns : 0;
}

uint32_t pair_clock_every(uint32_t size)
{
    return size < 512 ? 2048 : size < (1u << 20) ? (1u << 20) / size : 1;
}

int pair_out_of_order(const char *what, uint64_t number)
{
    (void)say_failed("%s: message %" PRIu64 " did not come in its place", what, number);
    return 0;
}

uint32_t pair_run, pair_runs;

void pair_tell(const char *what)
{
    char run[40] = "";

    if (pair_runs > 1 && what != NULL) {
        (void)snprintf(run, sizeof run, "run %" PRIu32 " of %" PRIu32 ": ", pair_run, pair_runs);
    }
    if (host_error_is_terminal()) {
        fprintf(stderr, "\r%s%s%s\033[K", what != NULL ? "measuring: " : "", run,
                what != NULL ? what : "");
        (void)fflush(stderr);
    }
}

/* ---- the partner ---- */

static const struct {
    const char *name;
    int (*run)(const struct pair_phase *phase, const char *target);
} phases[] = {
    {"stream", demo_ring_stream_partner},
    {"trip", trip_partner},
    {"link-stream", demo_link_stream_partner},
    {"link-trip", demo_link_trip_partner},
    {"line", pair_line_partner},
    {"flood", flood_partner},
    {"jitter", pair_jitter_partner},
    {"ping-run", ping_run_partner},
    {"flood-run", flood_run_partner},
};

static int run(const struct command *self, int argc, char **argv)
{
    struct pair_phase phase = {0};
    size_t i;

    if (argc < 6) {
        return say_usage("%s is for the program's own use", self->name);
    }
    host_become_child();
    phase.name = argv[0];
    phase.size = (uint32_t)strtoul(argv[2], NULL, 10);
    phase.batch = (uint32_t)strtoul(argv[3], NULL, 10);
    phase.budget_ns = strtoull(argv[4], NULL, 10);
    phase.place.polls = (uint32_t)strtoul(argv[5], NULL, 10);
    if (argc > 6) {
        phase.place.pinned = 1;
        phase.place.cpus[1] = (unsigned)strtoul(argv[6], NULL, 10);
        (void)host_pin(phase.place.cpus[1]); /* figures are worse without */
    }
    for (i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        if (strcmp(phases[i].name, phase.name) == 0) {
            return phases[i].run(&phase, argv[1]);
        }
    }
    return say_usage("%s is for the program's own use", self->name);
}

const struct command command_partner = {
    "partner", "", NULL, "The second process of demo, ping and flood, which start it.\n", run};
