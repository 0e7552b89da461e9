/* SPDX-License-Identifier: MIT */
/* memory.c - where memory comes from, and how much of it. */
#include <inttypes.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/host.h"

#define MIB           (UINT64_C(1) << 20)
#define SHM_LITTLE    (256 * MIB)
#define SHM_TOO_SMALL (16 * MIB)
#define LOCKED_LITTLE (64 * MIB)
#define FILES_LITTLE  4096u
#define NODES         256u

/* "always [madvise] never": the word in brackets. */
static int chosen(const struct doctor *d, char ret[DOCTOR_WORD])
{
    const char *open = strchr(d->text, '['), *close = open != NULL ? strchr(open, ']') : NULL;
    size_t n;

    if (close == NULL || close - open < 2 || close - open > (int)DOCTOR_WORD) {
        return 0;
    }
    n = (size_t)(close - open - 1);
    if (strspn(open + 1, "abcdefghijklmnopqrstuvwxyz_") != n) {
        return 0;
    }
    memcpy(ret, open + 1, n);
    ret[n] = '\0';
    return 1;
}

static void thp(struct doctor *d)
{
    struct doctor_finding *f = doctor_add(
        d, "thp", "The kernel gathers huge pages behind a program's back, and stops it.");
    char word[DOCTOR_WORD];

    if (doctor_read(d, "sys/kernel/mm/transparent_hugepage/enabled") && chosen(d, word)) {
        doctor_set(f, strcmp(word, "always") == 0 ? DOCTOR_NOTE : DOCTOR_OK, "%s", word);
        doctor_fix(f, "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
    }
}

/* The options of the last mount on /dev/shm. */
static int shm_options(struct doctor *d, char ret[DOCTOR_LIST])
{
    static const char place[] = " /dev/shm ";
    const char *at, *end, *options;
    size_t n;
    int found = 0;

    if (!doctor_read(d, "proc/self/mountinfo")) {
        return 0;
    }
    for (at = d->text; (at = strstr(at, place)) != NULL; at += sizeof place - 2) {
        end = at + strcspn(at, "\n");
        options = strstr(at, " - tmpfs ");
        if (options == NULL || options > end) {
            continue;
        }
        options += strlen(" - tmpfs ");
        n = strcspn(options, " \n");
        options += n + (options[n] == ' ');
        n = strcspn(options, " \n");
        if (n < DOCTOR_LIST) {
            memcpy(ret, options, n);
            ret[n] = '\0';
            found = 1;
        }
    }
    return found;
}

/* The value of one of the options of a mount. */
static int mount_option(const char *options, const char *key, char ret[DOCTOR_LIST])
{
    if (!doctor_has(options, key, ret)) {
        return 0;
    }
    ret[strcspn(ret, ",")] = '\0';
    return 1;
}

static void shm_huge(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "shm-huge", "Large rings are on small pages, also with --huge-pages.");
    static const char *const values[] = {"never", "always", "within_size", "advise"};
    char options[DOCTOR_LIST], huge[DOCTOR_LIST], word[DOCTOR_WORD];
    size_t i;

    if (doctor_read(d, "sys/kernel/mm/transparent_hugepage/shmem_enabled") && chosen(d, word) &&
        (strcmp(word, "deny") == 0 || strcmp(word, "force") == 0)) {
        doctor_set(f, word[0] == 'd' ? DOCTOR_NOTE : DOCTOR_OK, "shmem_enabled is %s", word);
        doctor_fix(f, "echo advise | sudo tee /sys/kernel/mm/transparent_hugepage/shmem_enabled");
        return;
    }
    if (!shm_options(d, options)) {
        return;
    }
    if (!mount_option(options, "huge=", huge)) {
        (void)snprintf(huge, sizeof huge, "never");
    }
    for (i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strcmp(huge, values[i]) == 0) {
            doctor_set(f, i == 0 ? DOCTOR_NOTE : DOCTOR_OK, "/dev/shm has huge=%s", huge);
        }
    }
    doctor_fix(f, "sudo mount -o remount,huge=advise /dev/shm");
}

static void shm_size(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "shm-size", "A ring that has no room cannot be made, or filled.");
    char options[DOCTOR_LIST], text[DOCTOR_LIST], a[FIGURE_SIZE], b[FIGURE_SIZE];
    uint64_t size = 0, space = 0;
    enum doctor_state state;

    if (d->root == NULL && host_shm_space(&size, &space)) {
        state = space < SHM_TOO_SMALL ? DOCTOR_BAD : space < SHM_LITTLE ? DOCTOR_NOTE : DOCTOR_OK;
        doctor_set(f, state, "%s of %s free", figure_short_bytes(a, (double)space),
                   figure_short_bytes(b, (double)size));
    } else if (d->root != NULL && shm_options(d, options) && mount_option(options, "size=", text) &&
               args_size(text, &size) == NULL) {
        state = size < SHM_TOO_SMALL ? DOCTOR_BAD : size < SHM_LITTLE ? DOCTOR_NOTE : DOCTOR_OK;
        doctor_set(f, state, "%s, and how much is free is unknown",
                   figure_short_bytes(a, (double)size));
    }
    doctor_fix(f, "sudo mount -o remount,size=50%% /dev/shm");
}

static void numa(struct doctor *d)
{
    struct doctor_finding *f = doctor_add(
        d, "numa", "Each message crosses the sockets' link when the two sides are apart.");
    struct doctor_finding *balancing = doctor_add(
        d, "numa-balancing", "The kernel unmaps pages to see who uses them, and moves them.");
    unsigned nodes[NODES], i, k, at[2] = {DOCTOR_CPUS, DOCTOR_CPUS};
    const size_t n = host_tree_numbers(d->root, "sys/devices/system/node", "node", nodes, NODES);
    struct doctor_set set, memory;
    char list[DOCTOR_LIST];
    uint64_t on;

    for (i = 0; i < n; i++) {
        if (!doctor_list(d, &set, "sys/devices/system/node/node%u/cpulist", nodes[i])) {
            return;
        }
        for (k = 0; k < d->cpu_count; k++) {
            at[k] = doctor_in(&set, d->cpus[k]) ? nodes[i] : at[k];
        }
    }
    if (n > 0 && at[0] < DOCTOR_CPUS && (d->cpu_count < 2 || at[1] < DOCTOR_CPUS)) {
        if (d->cpu_count == 2 && at[0] != at[1]) {
            doctor_set(f, DOCTOR_BAD, "nodes %u and %u of %zu", at[0], at[1], n);
        } else if (doctor_read(d, "proc/self/status") &&
                   doctor_line(d, "Mems_allowed_list:", list, sizeof list) &&
                   doctor_parse(list, &memory) && memory.count > 0 && !doctor_in(&memory, at[0])) {
            doctor_set(f, DOCTOR_BAD, "node %u, and memory from %.40s", at[0], list);
        } else {
            doctor_set(f, DOCTOR_OK, "node %u of %zu", at[0], n);
        }
        doctor_fix(f, "numactl -N %u -m %u shmring ping", at[0], at[0]);
    }
    if (doctor_number(d, &on, "proc/sys/kernel/numa_balancing")) {
        doctor_set(balancing, on != 0 && n > 1 ? DOCTOR_NOTE : DOCTOR_OK, on != 0 ? "on" : "off");
        doctor_fix(balancing, "sudo sysctl kernel.numa_balancing=0");
    }
}

static void swap(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "swappiness", "A page that was swapped out takes milliseconds to come back.");
    const char *second;
    uint64_t value;
    int used = 1;

    if (doctor_read(d, "proc/swaps") && strncmp(d->text, "Filename", 8) == 0) {
        second = strchr(d->text, '\n');
        used = second != NULL && second[1] != '\0'; /* a line for each, behind the heads */
    }
    if (!used) {
        doctor_set(f, DOCTOR_OK, "there is no swap");
    } else if (doctor_number(d, &value, "proc/sys/vm/swappiness")) {
        doctor_set(f, value > 10 ? DOCTOR_NOTE : DOCTOR_OK, "%" PRIu64, value);
        doctor_fix(f, "sudo sysctl vm.swappiness=1");
    }
}

static void limits(struct doctor *d)
{
    struct doctor_finding *locked = doctor_add(
        d, "memlock", "Rings and code that cannot be locked in memory may be taken out.");
    struct doctor_finding *files =
        doctor_add(d, "nofile", "Rings, and their descriptors for event loops, are open files.");
    char text[FIGURE_SIZE];
    uint64_t value;

    if (doctor_limit(d, "Max locked memory", &value)) {
        doctor_set(locked, value < LOCKED_LITTLE ? DOCTOR_NOTE : DOCTOR_OK, "%s",
                   value == UINT64_MAX ? "unlimited" : figure_short_bytes(text, (double)value));
        doctor_fix(locked, "ulimit -l unlimited");
    }
    if (doctor_limit(d, "Max open files", &value)) {
        doctor_set(files, value < FILES_LITTLE ? DOCTOR_NOTE : DOCTOR_OK, "%s",
                   value == UINT64_MAX ? "unlimited" : figure_count(text, value));
        doctor_fix(files, "ulimit -n 65536");
    }
}

void doctor_memory(struct doctor *d)
{
    thp(d);
    shm_huge(d);
    shm_size(d);
    numa(d);
    swap(d);
    limits(d);
}
