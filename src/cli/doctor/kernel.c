/* SPDX-License-Identifier: MIT */
/* kernel.c - what the kernel does beside, and what it has for a ring that sleeps. */
#include <string.h>

#include "doctor/doctor.h"
#include "host/host.h"

static void watchdogs(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "watchdog", "It interrupts each core, and holds one of its counters.");
    struct doctor_set where = {{0}, 0};
    uint64_t nmi = 0, soft = 0;
    const int knows_nmi = doctor_number(d, &nmi, "proc/sys/kernel/nmi_watchdog");
    const int knows = doctor_number(d, &soft, "proc/sys/kernel/watchdog") || knows_nmi;
    unsigned i, here = 0;

    if (!knows) {
        return;
    }
    if (doctor_list(d, &where, "proc/sys/kernel/watchdog_cpumask") && where.count > 0) {
        for (i = 0; i < d->cpu_count; i++) {
            here += doctor_in(&where, d->cpus[i]) != 0;
        }
    } else {
        here = 1;
    }
    if ((nmi == 0 && soft == 0) || here == 0) {
        doctor_set(f, DOCTOR_OK, nmi == 0 && soft == 0 ? "off" : "on other cores");
    } else {
        doctor_set(f, DOCTOR_NOTE, nmi != 0 ? "on, with NMIs" : "on");
    }
    doctor_fix(f, "sudo sysctl kernel.nmi_watchdog=0 kernel.watchdog=0");
}

static void mitigations(struct doctor *d)
{
    static const char *const names[] = {"gather_data_sampling",
                                        "ghostwrite",
                                        "indirect_target_selection",
                                        "itlb_multihit",
                                        "l1tf",
                                        "mds",
                                        "meltdown",
                                        "mmio_stale_data",
                                        "reg_file_data_sampling",
                                        "retbleed",
                                        "spec_rstack_overflow",
                                        "spec_store_bypass",
                                        "spectre_v1",
                                        "spectre_v2",
                                        "srbds",
                                        "tsa",
                                        "tsx_async_abort",
                                        "vmscape"};
    struct doctor_finding *f = doctor_add(
        d, "mitigations", "Each call of the kernel, as to sleep and to wake, costs more.");
    size_t i, known = 0, active = 0;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (doctor_read(d, "sys/devices/system/cpu/vulnerabilities/%s", names[i]) &&
            (strncmp(d->text, "Mitigation: ", 12) == 0 || strncmp(d->text, "Vulnerable", 10) == 0 ||
             strncmp(d->text, "Not affected", 12) == 0)) {
            known++;
            active += d->text[0] == 'M';
        }
    }
    if (known > 0) {
        doctor_set(f, active > 0 ? DOCTOR_NOTE : DOCTOR_OK, "%zu active", active);
        doctor_fix(f, "add mitigations=off to the kernel's command line, and boot");
    }
}

/* Of a call that the kernel has since Linux MAJOR.MINOR. A recorded machine is judged by its
 * version, this one by a try. */
static void call(struct doctor *d, struct doctor_finding *f, int found, unsigned major,
                 unsigned minor)
{
    unsigned is_major, is_minor;

    if (d->root != NULL) {
        if (!doctor_read(d, "proc/sys/kernel/osrelease") ||
            sscanf(d->text, "%4u.%4u", &is_major, &is_minor) != 2) {
            return;
        }
        found = is_major > major || (is_major == major && is_minor >= minor);
    }
    if (found >= 0) {
        doctor_set(f, found ? DOCTOR_OK : DOCTOR_NOTE, found ? "there" : "not there");
        doctor_fix(f, "boot Linux %u.%u or later, or let the container make the call", major,
                   minor);
    }
}

void doctor_kernel(struct doctor *d)
{
    struct doctor_finding *f;

    watchdogs(d);
    mitigations(d);
    f = doctor_add(d, "membarrier", "Without it each message costs its sender a fence.");
    call(d, f, d->root == NULL ? host_has_membarrier() : -1, 4, 16);
    f = doctor_add(d, "futex_waitv", "Without it a wait for several rings looks again and again.");
    call(d, f, d->root == NULL ? host_has_futex_waitv() : -1, 5, 16);
}
