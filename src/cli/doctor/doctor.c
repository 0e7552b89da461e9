/* SPDX-License-Identifier: MIT */
/* doctor.c - the whole look at the machine, and its one line for the commands that measure. */
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/host.h"

/* ---- which processors ---- */

static void find_processors(struct doctor *d)
{
    char list[DOCTOR_LIST];
    unsigned i;

    (void)doctor_list(d, &d->online, "sys/devices/system/cpu/online");
    if (doctor_read(d, "proc/self/status") &&
        doctor_line(d, "Cpus_allowed_list:", list, sizeof list)) {
        (void)doctor_parse(list, &d->allowed);
    }
    if (d->allowed.count == 0) {
        d->allowed = d->online;
    }
    for (i = 0; d->online.count != 0 && i < DOCTOR_CPUS; i++) {
        if (d->allowed.has[i] && !d->online.has[i]) {
            d->allowed.has[i] = 0;
            d->allowed.count--;
        }
    }
}

static int differs(struct doctor *d, unsigned first, unsigned second, const char *what)
{
    uint64_t a = UINT64_MAX, b = UINT64_MAX;

    (void)doctor_number(d, &a, "sys/devices/system/cpu/cpu%u/topology/%s", first, what);
    (void)doctor_number(d, &b, "sys/devices/system/cpu/cpu%u/topology/%s", second, what);
    return a != b;
}

/* As host_pick_cpus() does: another core of the same package, then another package, then the same
 * core. */
static void pick(struct doctor *d)
{
    unsigned cpu;
    int score, best = 0;

    for (cpu = 0; cpu < DOCTOR_CPUS && best < 3; cpu++) {
        if (!d->allowed.has[cpu]) {
            continue;
        }
        if (d->cpu_count == 0) {
            d->cpus[d->cpu_count++] = cpu;
            continue;
        }
        score = differs(d, d->cpus[0], cpu, "physical_package_id") ? 2
                : differs(d, d->cpus[0], cpu, "core_id")           ? 3
                                                                   : 1;
        if (score > best) {
            best = score;
            d->cpus[1] = cpu;
            d->cpu_count = 2;
        }
    }
}

void doctor_examine(struct doctor *ret, const char *root, const struct cpu_pair *cpus)
{
    memset(ret, 0, sizeof *ret);
    ret->root = root;
    find_processors(ret);
    if (cpus != NULL && cpus->given) {
        ret->cpus[0] = cpus->cpu[0];
        ret->cpus[1] = cpus->cpu[1];
        ret->cpu_count = ret->cpus[0] != ret->cpus[1] ? 2 : 1;
    } else {
        pick(ret);
    }
    doctor_cpu(ret);
    doctor_isolation(ret);
    doctor_clock(ret);
    doctor_group(ret);
    doctor_memory(ret);
    doctor_kernel(ret);
}

size_t doctor_count(const struct doctor *d, enum doctor_state state)
{
    size_t i, n = 0;

    for (i = 0; i < d->count; i++) {
        n += d->findings[i].state == state;
    }
    return n;
}

/* ---- the one line ---- */

void doctor_summarize(struct doctor_summary *ret, const struct cpu_pair *cpus)
{
    struct doctor *d = malloc(sizeof *d);
    int state;

    memset(ret, 0, sizeof *ret);
    if (d != NULL) {
        doctor_examine(d, NULL, cpus);
        for (state = 0; state < DOCTOR_STATES; state++) {
            ret->states[state] = doctor_count(d, (enum doctor_state)state);
        }
    }
    free(d);
}

void doctor_print(const struct doctor_summary *summary)
{
    const size_t bad = summary->states[DOCTOR_BAD];
    char count[FIGURE_SIZE];

    if (bad != 0) {
        printf("machine: %s would spoil figures; see shmring doctor\n",
               figure_of(count, bad, "finding"));
    } else if (summary->states[DOCTOR_OK] + summary->states[DOCTOR_NOTE] != 0) {
        printf("machine: nothing was found that would spoil figures; see shmring doctor\n");
    } else {
        printf("machine: what would spoil figures is unknown here; see shmring doctor\n");
    }
}

void doctor_json(struct json *j, const struct doctor_summary *summary)
{
    json_open(j, "doctor", '{');
    json_number(j, "bad", summary->states[DOCTOR_BAD]);
    json_number(j, "note", summary->states[DOCTOR_NOTE]);
    json_number(j, "unknown", summary->states[DOCTOR_UNKNOWN]);
    json_number(j, "ok", summary->states[DOCTOR_OK]);
    json_close(j, '}');
}
