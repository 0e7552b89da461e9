/* SPDX-License-Identifier: MIT */
/* clock.c - the clock that times are read from, and the time that others take. */
#include <string.h>

#include "doctor/doctor.h"

#define SLACK_GOOD_NS 10000u

static void clocksource(struct doctor *d)
{
    static const char folder[] = "sys/devices/system/clocksource/clocksource0";
    static const char *const good[] = {"tsc", "arch_sys_counter", "timebase", "riscv_clocksource"};
    static const char *const slow[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit"};
    struct doctor_finding *f = doctor_add(
        d, "clocksource", "Each time that is read costs, and a slow clock hides short times.");
    char word[DOCTOR_WORD];
    enum doctor_state state = DOCTOR_NOTE;
    size_t i;

    if (!doctor_word(d, word, "%s/current_clocksource", folder)) {
        return;
    }
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        state = strcmp(word, good[i]) == 0 ? DOCTOR_OK : state;
    }
    for (i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        state = strcmp(word, slow[i]) == 0 ? DOCTOR_BAD : state;
    }
    doctor_set(f, state, "%s", word);
    if (doctor_read(d, "%s/available_clocksource", folder) && doctor_has(d->text, "tsc", NULL)) {
        doctor_fix(f, "echo tsc | sudo tee "
                      "/sys/bus/clocksource/devices/clocksource0/current_clocksource");
    } else {
        doctor_fix(f, "add tsc=reliable to the kernel's command line, and boot");
    }
}

/* Both from the flags of the first processor. */
static void flags(struct doctor *d)
{
    static char line[DOCTOR_TEXT];
    struct doctor_finding *tsc = doctor_add(
        d, "tsc", "A counter that changes its pace, or stops in idle states, is no clock.");
    struct doctor_finding *virtual = doctor_add(
        d, "hypervisor", "The host takes processors away unseen, and exits cost time.");
    char name[DOCTOR_LIST] = "";
    int constant, nonstop, guest;

    if (doctor_read(d, "proc/cpuinfo") && doctor_line(d, "flags", line, sizeof line) &&
        line[0] == ':') {
        constant = doctor_has(line, "constant_tsc", NULL);
        nonstop = doctor_has(line, "nonstop_tsc", NULL);
        guest = doctor_has(line, "hypervisor", NULL);
        doctor_set(tsc, constant && nonstop ? DOCTOR_OK : DOCTOR_BAD, "%s, %s",
                   constant ? "constant" : "not constant", nonstop ? "nonstop" : "stops when idle");
        doctor_set(virtual, guest ? DOCTOR_NOTE : DOCTOR_OK, guest ? "a virtual machine" : "none");
        if (guest && doctor_read(d, "sys/class/dmi/id/sys_vendor") &&
            doctor_line(d, "", name, sizeof name) && name[0] != '\0') {
            doctor_set(virtual, DOCTOR_NOTE, "a virtual machine: %.60s", name);
        }
    } else if (doctor_word(d, name, "sys/hypervisor/type")) {
        doctor_set(virtual, DOCTOR_NOTE, "%s", name);
    }
}

static void steal(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "steal", "The host ran something else while a core had work to do.");
    uint64_t ticks[8];
    double total = 0, percent;
    char line[DOCTOR_LIST];
    unsigned i;

    if (!doctor_read(d, "proc/stat") || !doctor_line(d, "cpu ", line, sizeof line) ||
        !doctor_numbers(line, ticks, 8)) {
        return;
    }
    for (i = 0; i < 8; i++) {
        total += (double)ticks[i];
    }
    if (total > 0) {
        percent = 100 * (double)ticks[7] / total;
        doctor_set(f,
                   percent >= 1    ? DOCTOR_BAD
                   : ticks[7] != 0 ? DOCTOR_NOTE
                                   : DOCTOR_OK,
                   "%.2f%% of the time since boot", percent);
    }
}

static void slack(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "timer-slack", "A sleep may end so much later than it was asked to.");
    char text[FIGURE_SIZE];
    uint64_t ns;

    if (doctor_number(d, &ns, "proc/self/timerslack_ns")) {
        doctor_set(f, ns > SLACK_GOOD_NS ? DOCTOR_NOTE : DOCTOR_OK, "%s", figure_ns(text, ns));
        doctor_fix(f, "echo 1 > /proc/$$/timerslack_ns");
    }
}

void doctor_clock(struct doctor *d)
{
    clocksource(d);
    flags(d);
    steal(d);
    slack(d);
}
