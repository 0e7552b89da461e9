/* SPDX-License-Identifier: MIT */
/* group.c - what the control group of this process allows, in both versions of cgroups.
 */
#include <string.h>

#include "doctor/doctor.h"

#define GROUP_PATH 1024u

/* A group, and the file that limits it. */
struct group {
    char mount[64]; /* where its tree may be mounted */
    char path[GROUP_PATH];
};

/* From a line "ID:CONTROLLERS:PATH" of /proc/self/cgroup. The path must lead nowhere else, and
 * stand in a command as it is. */
static int group_path(const char *path, size_t n, char ret[GROUP_PATH])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789/_.:@=,+-";

    if (n == 0 || n >= GROUP_PATH || path[0] != '/') {
        return 0;
    }
    memcpy(ret, path, n);
    ret[n] = '\0';
    if (strspn(ret, letters) != n || strstr(ret, "/..") != NULL) {
        ret[0] = '\0'; /* the mount itself, which is this group in a container */
    }
    while (ret[0] != '\0' && ret[strlen(ret) - 1] == '/') {
        ret[strlen(ret) - 1] = '\0';
    }
    return 1;
}

/* The group of this process for a controller of version 1, or with NULL for version 2. */
static int find_group(struct doctor *d, const char *controller, struct group *ret)
{
    const char *at, *first, *second;
    char field[64];
    size_t n;

    if (!doctor_read(d, "proc/self/cgroup")) {
        return 0;
    }
    for (at = d->text; *at != '\0'; at += n + (at[n] == '\n')) {
        n = strcspn(at, "\n");
        first = memchr(at, ':', n);
        second = first != NULL ? memchr(first + 1, ':', (size_t)(at + n - first - 1)) : NULL;
        if (second == NULL || (size_t)(second - first) > sizeof field - 16) {
            continue;
        }
        (void)snprintf(field, sizeof field, "%.*s", (int)(second - first - 1), first + 1);
        if (controller != NULL ? !doctor_has(field, controller, NULL) : field[0] != '\0') {
            continue;
        }
        (void)snprintf(ret->mount, sizeof ret->mount, "sys/fs/cgroup%s%s",
                       controller != NULL ? "/" : "", controller != NULL ? controller : "");
        return group_path(second + 1, (size_t)(at + n - second - 1), ret->path);
    }
    return 0;
}

/* One level up; 0 at the top. */
static int go_up(struct group *g)
{
    char *slash = strrchr(g->path, '/');

    if (slash != NULL) {
        *slash = '\0';
    }
    return slash != NULL;
}

/* ---- quota ---- */

struct quota {
    int known;
    double processors;     /* 0: no limit */
    char path[GROUP_PATH]; /* of the group that has it */
};

static void tighten(struct quota *q, const struct group *g, uint64_t part, uint64_t period)
{
    const double processors = (double)part / (double)period;

    if (q->processors <= 0 || processors < q->processors) {
        q->processors = processors;
        (void)snprintf(q->path, sizeof q->path, "%s", g->path);
    }
}

/* "max 100000" or "200000 100000" */
static void quota_v2(struct doctor *d, struct group *g, struct quota *q)
{
    uint64_t numbers[2];

    q->known = doctor_read(d, "%s/cgroup.controllers", g->mount);
    do {
        if (!doctor_read(d, "%s%s/cpu.max", g->mount, g->path)) {
            continue;
        }
        if (strncmp(d->text, "max ", 4) == 0) {
            q->known = 1;
        } else if (doctor_numbers(d->text, numbers, 2) && numbers[1] > 0) {
            q->known = 1;
            tighten(q, g, numbers[0], numbers[1]);
        }
    } while (go_up(g));
}

static void quota_v1_at(struct doctor *d, struct group *g, struct quota *q)
{
    uint64_t part, period;

    do {
        if (doctor_read(d, "%s%s/cpu.cfs_quota_us", g->mount, g->path) &&
            strncmp(d->text, "-1", 2) == 0 && d->text[2 + strspn(d->text + 2, "\n")] == '\0') {
            q->known = 1;
        } else if (doctor_number(d, &part, "%s%s/cpu.cfs_quota_us", g->mount, g->path) &&
                   doctor_number(d, &period, "%s%s/cpu.cfs_period_us", g->mount, g->path) &&
                   period > 0) {
            q->known = 1;
            tighten(q, g, part, period);
        }
    } while (go_up(g));
}

/* The controller is mounted alone, or with another one, which gave the folder its name. */
static void quota_v1(struct doctor *d, struct group *ret, struct quota *q)
{
    static const char *const mounts[] = {"sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct",
                                         "sys/fs/cgroup/cpuacct,cpu"};
    struct group g;
    size_t i;

    for (i = 0; i < sizeof mounts / sizeof mounts[0] && !q->known; i++) {
        (void)snprintf(ret->mount, sizeof ret->mount, "%s", mounts[i]);
        g = *ret;
        quota_v1_at(d, &g, q);
    }
}

static void quota(struct doctor *d)
{
    struct doctor_finding *f =
        doctor_add(d, "cpu-quota", "The kernel stops both processes when the quota is used up.");
    struct quota q = {0, 0, ""};
    struct group g;
    int second;

    if (find_group(d, "cpu", &g)) {
        quota_v1(d, &g, &q);
    }
    second = !q.known && find_group(d, NULL, &g);
    if (second) {
        quota_v2(d, &g, &q);
        if (!q.known && find_group(d, NULL, &g)) { /* both versions at once */
            (void)snprintf(g.mount, sizeof g.mount, "sys/fs/cgroup/unified");
            quota_v2(d, &g, &q);
        }
    }
    if (q.processors > 0) {
        doctor_set(f, DOCTOR_BAD, "%.2f processors", q.processors);
        doctor_fix(f,
                   second ? "echo max | sudo tee /%s%s/cpu.max"
                          : "echo -1 | sudo tee /%s%s/cpu.cfs_quota_us",
                   g.mount, q.path);
    } else if (q.known) {
        doctor_set(f, DOCTOR_OK, "none");
    }
}

/* ---- processors ---- */

/* The processors of the group; of the first level up that tells. */
static int group_cpus(struct doctor *d, struct doctor_set *ret)
{
    static const char *const files[] = {"cpuset.cpus.effective", "cpuset.effective_cpus",
                                        "cpuset.cpus"};
    struct group g;
    size_t i;

    if (!find_group(d, "cpuset", &g) && !find_group(d, NULL, &g)) {
        return 0;
    }
    do {
        for (i = 0; i < sizeof files / sizeof files[0]; i++) {
            if (doctor_list(d, ret, "%s%s/%s", g.mount, g.path, files[i]) && ret->count > 0) {
                return 1;
            }
        }
    } while (go_up(&g));
    return 0;
}

static void cpuset(struct doctor *d)
{
    struct doctor_finding *f = doctor_add(
        d, "cpuset", "Fewer cores to choose from, and others may be put on the same ones.");
    struct doctor_set group = {{0}, 0}, isolated = {{0}, 0};
    char may[DOCTOR_LIST], all[DOCTOR_LIST];
    unsigned cpu, without = 0, out = 0, alone = 0;

    if (d->allowed.count == 0 || d->online.count == 0) {
        return;
    }
    (void)doctor_list(d, &isolated, "sys/devices/system/cpu/isolated");
    if (!group_cpus(d, &group)) {
        group = d->online;
    }
    for (cpu = 0; cpu < d->cpu_count; cpu++) {
        out += !doctor_in(&group, d->cpus[cpu]);
        alone += doctor_in(&isolated, d->cpus[cpu]) != 0;
    }
    for (cpu = 0; cpu < DOCTOR_CPUS; cpu++) {
        without += d->online.has[cpu] && !d->allowed.has[cpu] && !isolated.has[cpu];
    }
    without = alone < d->cpu_count ? without : 0; /* nobody else is put on an isolated core */
    (void)doctor_list_text(&d->online, all);
    if (out > 0) {
        doctor_set(f, DOCTOR_BAD, "%.40s, and others are measured", doctor_list_text(&group, may));
    } else if (d->allowed.count == 1) {
        doctor_set(f, DOCTOR_BAD, "one processor: %s", doctor_list_text(&d->allowed, may));
    } else {
        doctor_set(f, without > 0 ? DOCTOR_NOTE : DOCTOR_OK, "%.40s of %.40s",
                   doctor_list_text(&d->allowed, may), all);
    }
    if (group.count <= d->allowed.count && without > 0) {
        doctor_fix(f, "run it in a group whose cpuset.cpus has %s", all);
    } else if (without > 0) {
        doctor_fix(f, "taskset -pc %s $$", all);
    }
}

void doctor_group(struct doctor *d)
{
    quota(d);
    cpuset(d);
}
