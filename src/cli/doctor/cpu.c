/* SPDX-License-Identifier: MIT */
/* cpu.c - the measured processors: how fast they run, who shares their core, how deep
 * they sleep. */
#include <inttypes.h>
#include <string.h>

#include "doctor/doctor.h"

#define IDLE_STATES 16u
#define WAKE_GOOD   2u /* microseconds to leave an idle state: below, a wake-up hardly grows */
#define WAKE_BAD    20u

static void governor(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "governor", "A core slows down while it waits, and speeds up late.");
    char word[DOCTOR_WORD], worst[DOCTOR_WORD] = "";
    enum doctor_state state = DOCTOR_OK;
    unsigned i;

    for (i = 0; i < d->cpu_count; i++) {
        if (!doctor_word(d, word, "sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor",
                         d->cpus[i])) {
            return;
        }
        if (i == 0 || strcmp(word, "performance") != 0) {
            memcpy(worst, word, sizeof worst);
        }
        if (strcmp(word, "performance") != 0) {
            state =
                strcmp(word, "userspace") == 0 && state != DOCTOR_BAD ? DOCTOR_NOTE : DOCTOR_BAD;
        }
    }
    if (i > 0) {
        doctor_set(f, state, "%s", worst);
        doctor_fix(f, "sudo cpupower frequency-set -g performance");
    }
}

static void boost(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "boost", "The frequency depends on the heat and on what other cores do.");
    uint64_t value;

    if (doctor_number(d, &value, "sys/devices/system/cpu/intel_pstate/no_turbo")) {
        doctor_set(f, value == 0 ? DOCTOR_NOTE : DOCTOR_OK, value == 0 ? "on" : "off");
        doctor_fix(f, "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo");
    } else if (doctor_number(d, &value, "sys/devices/system/cpu/cpufreq/boost")) {
        doctor_set(f, value != 0 ? DOCTOR_NOTE : DOCTOR_OK, value != 0 ? "on" : "off");
        doctor_fix(f, "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost");
    } else if (d->cpu_count > 0 &&
               doctor_number(d, &value, "sys/devices/system/cpu/cpu%u/cpufreq/boost", d->cpus[0])) {
        doctor_set(f, value != 0 ? DOCTOR_NOTE : DOCTOR_OK, value != 0 ? "on" : "off");
        doctor_fix(f, "echo 0 | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/boost");
    }
}

/* Two processors of different cores, where there are; else no fix. */
static void fix_shared_core(struct doctor *d, struct doctor_finding *f,
                            const struct doctor_set *core)
{
    unsigned cpu;

    for (cpu = 0; cpu < DOCTOR_CPUS; cpu++) {
        if (d->allowed.has[cpu] && !core->has[cpu]) {
            doctor_fix(f, "shmring ping --cpus %u,%u", d->cpus[0], cpu);
            return;
        }
    }
}

static void smt(struct doctor *d)
{
    struct doctor_finding *f = doctor_add(
        d, "smt", "What runs on the other thread of a core takes from it at any moment.");
    struct doctor_set core, others = {{0}, 0};
    char list[DOCTOR_LIST];
    unsigned i, cpu;

    for (i = 0; i < d->cpu_count; i++) {
        if (!doctor_siblings(d, d->cpus[i], &core)) {
            return;
        }
        if (d->cpu_count == 2 && core.has[d->cpus[0]] && doctor_in(&core, d->cpus[1])) {
            doctor_set(f, DOCTOR_BAD, "%u and %u are one core", d->cpus[0], d->cpus[1]);
            fix_shared_core(d, f, &core);
            return;
        }
        for (cpu = 0; cpu < DOCTOR_CPUS; cpu++) {
            others.count += core.has[cpu] && cpu != d->cpus[i];
            others.has[cpu] |= core.has[cpu] && cpu != d->cpus[i];
        }
    }
    if (i > 0 && others.count == 0) {
        doctor_set(f, DOCTOR_OK, "no sibling is online");
    } else if (i > 0) {
        doctor_set(f, DOCTOR_NOTE, "on: siblings %.80s", doctor_list_text(&others, list));
        doctor_fix(f, "echo off | sudo tee /sys/devices/system/cpu/smt/control");
    }
}

/* The longest exit latency of the idle states that a processor may use, and that state's name.
 * Returns 0 when it has no such states. */
static int deepest(struct doctor *d, unsigned cpu, uint64_t *ret_us, char ret_name[DOCTOR_WORD])
{
    char name[DOCTOR_WORD];
    uint64_t us, off;
    unsigned i;
    int known = 0;

    for (i = 0; i < IDLE_STATES; i++) {
        if (!doctor_number(d, &us, "sys/devices/system/cpu/cpu%u/cpuidle/state%u/latency", cpu,
                           i)) {
            break;
        }
        if (!doctor_number(d, &off, "sys/devices/system/cpu/cpu%u/cpuidle/state%u/disable", cpu,
                           i)) {
            off = 0;
        }
        if (!doctor_read(d, "sys/devices/system/cpu/cpu%u/cpuidle/state%u/name", cpu, i) ||
            !doctor_line(d, "", name, sizeof name)) {
            (void)snprintf(name, sizeof name, "state%u", i);
        }
        if (off == 0 && (!known || us > *ret_us)) {
            *ret_us = us;
            memcpy(ret_name, name, sizeof name);
        }
        known = known || off == 0;
    }
    return known;
}

static void idle(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "idle-states", "A core that slept deeply answers so much later.");
    char name[DOCTOR_WORD] = "", worst[DOCTOR_WORD] = "";
    uint64_t us = 0, worst_us = 0;
    unsigned i;

    if (doctor_read(d, "proc/cmdline") && doctor_has(d->text, "idle=poll", NULL)) {
        doctor_set(f, DOCTOR_OK, "none: idle=poll");
        return;
    }
    for (i = 0; i < d->cpu_count; i++) {
        if (!deepest(d, d->cpus[i], &us, name)) {
            return;
        }
        if (i == 0 || us > worst_us) {
            worst_us = us;
            memcpy(worst, name, sizeof worst);
        }
    }
    if (i > 0) {
        doctor_set(f,
                   worst_us >= WAKE_BAD   ? DOCTOR_BAD
                   : worst_us > WAKE_GOOD ? DOCTOR_NOTE
                                          : DOCTOR_OK,
                   "%s takes %" PRIu64 " us to leave", worst, worst_us);
        doctor_fix(f, "sudo cpupower idle-set -D %u", WAKE_GOOD + 1);
    }
}

void doctor_cpu(struct doctor *d)
{
    governor(d);
    boost(d);
    smt(d);
    idle(d);
}
