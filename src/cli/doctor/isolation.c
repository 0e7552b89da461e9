/* SPDX-License-Identifier: MIT */
/* isolation.c - what else the kernel runs on the measured processors. */
#include <string.h>

#include "doctor/doctor.h"
#include "host/host.h"

#define IRQS 4096u

/* The processors that are left when the measured ones are taken away. */
static const char *others(const struct doctor *d, char to[DOCTOR_LIST])
{
    struct doctor_set set = d->online;
    unsigned i;

    for (i = 0; i < d->cpu_count; i++) {
        if (doctor_in(&set, d->cpus[i])) {
            set.has[d->cpus[i]] = 0;
        }
    }
    return doctor_list_text(&set, to);
}

static int has_measured(const struct doctor *d, const struct doctor_set *set)
{
    unsigned i, n = 0;

    for (i = 0; i < d->cpu_count; i++) {
        n += doctor_in(set, d->cpus[i]) != 0;
    }
    return d->cpu_count > 0 && n == d->cpu_count;
}

/* The option of the kernel's command line that makes the set. */
static void fix_boot(const struct doctor *d, struct doctor_finding *f, const char *option)
{
    char rest[DOCTOR_LIST];

    if (d->cpu_count == 2 && others(d, rest)[0] != '\0') { /* else nothing is left for the rest */
        doctor_fix(f, "add %s=%u,%u to the kernel's command line, and boot", option, d->cpus[0],
                   d->cpus[1]);
    }
}

/* f: of processors that the kernel keeps `set` free of something. */
static void judge(const struct doctor *d, struct doctor_finding *f, const struct doctor_set *set,
                  const char *option)
{
    char list[DOCTOR_LIST];
    unsigned cpu, first = DOCTOR_CPUS, second = DOCTOR_CPUS;

    if (set->count == 0) {
        doctor_set(f, DOCTOR_NOTE, "none");
        fix_boot(d, f, option);
        return;
    }
    (void)doctor_list_text(set, list);
    if (has_measured(d, set)) {
        doctor_set(f, DOCTOR_OK, "%.100s", list);
        return;
    }
    doctor_set(f, DOCTOR_NOTE, "%.80s, which is not measured", list);
    for (cpu = DOCTOR_CPUS; cpu-- > 0;) {
        if (set->has[cpu]) {
            second = first;
            first = cpu;
        }
    }
    if (second < DOCTOR_CPUS) {
        doctor_fix(f, "shmring ping --cpus %u,%u", first, second);
    } else {
        fix_boot(d, f, option);
    }
}

static void isolated(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "isolcpus", "Other programs may be put on the measured cores.");
    struct doctor_set set;

    if (doctor_list(d, &set, "sys/devices/system/cpu/isolated")) {
        judge(d, f, &set, "isolcpus");
    }
}

static void nohz_full(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "nohz_full", "The scheduler's tick interrupts the measured cores.");
    struct doctor_set set = {{0}, 0};

    if (doctor_list(d, &set, "sys/devices/system/cpu/nohz_full") ||
        strncmp(d->text + strspn(d->text, " "), "(null)", 6) == 0) { /* as printf() writes none */
        judge(d, f, &set, "nohz_full");
    }
}

static void rcu_nocbs(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "rcu_nocbs", "The kernel's deferred frees (RCU) run on the measured cores.");
    struct doctor_set set = {{0}, 0};
    char list[DOCTOR_LIST];

    if (!doctor_read(d, "proc/cmdline")) {
        return;
    }
    if (doctor_has(d->text, "rcu_nocbs=", list)) {
        if (strcmp(list, "all") == 0 || strcmp(list, "0-N") == 0) {
            doctor_set(f, DOCTOR_OK, "all");
        } else if (doctor_parse(list, &set)) {
            judge(d, f, &set, "rcu_nocbs");
        }
    } else if (doctor_has(d->text, "nohz_full=", list)) { /* has it too */
        if (doctor_parse(list, &set)) {
            judge(d, f, &set, "rcu_nocbs");
        }
    } else {
        judge(d, f, &set, "rcu_nocbs");
    }
}

static void interrupts(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "irq-affinity", "Interrupts of devices run on the measured cores.");
    static unsigned numbers[IRQS];
    size_t i, n = host_tree_numbers(d->root, "proc/irq", "", numbers, IRQS), known = 0, here = 0;
    struct doctor_set set;
    char rest[DOCTOR_LIST];
    unsigned k;

    for (i = 0; i < n && d->cpu_count > 0; i++) {
        if (!doctor_list(d, &set, "proc/irq/%u/effective_affinity_list", numbers[i]) ||
            set.count == 0) {
            if (!doctor_list(d, &set, "proc/irq/%u/smp_affinity_list", numbers[i])) {
                continue;
            }
        }
        known++;
        for (k = 0; k < d->cpu_count && !doctor_in(&set, d->cpus[k]);) {
            k++;
        }
        here += k < d->cpu_count;
    }
    if (known == 0) {
        return;
    }
    doctor_set(f, here > 0 ? DOCTOR_NOTE : DOCTOR_OK, "%zu of %zu interrupts", here, known);
    if (others(d, rest)[0] != '\0') {
        doctor_fix(f, "echo %s | sudo tee /proc/irq/*/smp_affinity_list", rest);
    }
}

void doctor_isolation(struct doctor *d)
{
    isolated(d);
    nohz_full(d);
    rcu_nocbs(d);
    interrupts(d);
}
