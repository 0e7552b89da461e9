/* SPDX-License-Identifier: MIT */
/* top_model.c - the rings that `shmring top` watches: a look at all, and rates from two
 * looks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "monitor/info_text.h"
#include "monitor/top.h"

const char *const top_orders[] = {"name",     "rate",   "bytes",   "fill", "high",
                                  "rejected", "lapped", "latency", NULL};

/* ---- looking ---- */

static const struct top_ring *find(const struct top_rings *rings, const shmring_info *info)
{
    size_t i;

    for (i = 0; i < rings->count; i++) {
        if (memcmp(rings->all[i].info.incarnation, info->incarnation, sizeof info->incarnation) ==
                0 &&
            strcmp(rings->all[i].info.name, info->name) == 0) {
            return &rings->all[i];
        }
    }
    return NULL;
}

static int is_stopped(const shmring_role_info *role)
{
    return role->alive && host_process_is_stopped(role->pid);
}

static void take_rates(struct top_ring *ring, const struct top_ring *before, uint64_t passed_ns)
{
    const double seconds = (double)passed_ns / 1e9;

    if (before != NULL && passed_ns > 0) {
        ring->has_rates = 1;
        ring->records = (double)(ring->info.counters.sent - before->info.counters.sent) / seconds;
        ring->bytes = (double)(ring->info.tail - before->info.tail) / seconds;
    }
}

/* The difference to the look before; a count that went back is another ring's. */
static void take_latency(struct top_ring *ring, const struct top_ring *before)
{
    uint64_t passed[SHMRING_HISTOGRAM_BUCKETS];
    uint32_t i;

    if (ring->buckets == NULL || before == NULL || before->buckets == NULL) {
        return;
    }
    for (i = 0; i < SHMRING_HISTOGRAM_BUCKETS; i++) {
        passed[i] = ring->buckets[i] - before->buckets[i];
        passed[i] = ring->buckets[i] < before->buckets[i] ? 0 : passed[i];
    }
    shmring_latency_of(passed, &ring->latency);
}

static void look_at_latency(struct top_ring *ring)
{
    if (ring->info.stamp != SHMRING_STAMP_NONE) {
        ring->buckets = calloc(SHMRING_HISTOGRAM_BUCKETS, sizeof *ring->buckets);
        if (ring->buckets != NULL) {
            (void)shmring_inspect_latency(ring->info.name, ring->buckets); /* gone: none */
        }
    }
}

static shmring_status look_at(struct top_rings *now, const struct top_rings *before,
                              const char *name)
{
    struct top_ring *ring = &now->all[now->count];
    shmring_status status = shmring_inspect(name, &ring->info);

    if (status == SHMRING_E_NAME) {
        return status;
    }
    if (status != SHMRING_OK) {
        now->unreadable += status != SHMRING_E_NOT_FOUND;
        now->absent += status == SHMRING_E_NOT_FOUND;
        return SHMRING_OK;
    }
    look_at_latency(ring);
    take_rates(ring, find(before, &ring->info), now->at_ns - before->at_ns);
    take_latency(ring, find(before, &ring->info));
    ring->producer_stopped = is_stopped(&ring->info.producer);
    ring->consumer_stopped = is_stopped(&ring->info.consumer);
    now->count++;
    return SHMRING_OK;
}

shmring_status top_look(struct top_rings *rings, const char *const *names, size_t count)
{
    struct top_rings now = {0};
    struct names all = {0};
    shmring_status status = count == 0 ? names_list(&all) : SHMRING_OK;
    size_t n = count == 0 ? all.count : count, i;

    if (status != SHMRING_OK) {
        return status;
    }
    now.at_ns = host_clock_ns();
    now.all = calloc(n + 1, sizeof *now.all);
    status = now.all != NULL ? SHMRING_OK : SHMRING_E_NO_MEMORY;
    for (i = 0; i < n && status == SHMRING_OK; i++) {
        status = look_at(&now, rings, count == 0 ? all.all[i] : names[i]);
    }
    names_free(&all);
    now.absent = count != 0 ? now.absent : 0; /* else it went while we looked */
    if (status != SHMRING_OK) {
        top_free(&now);
        return status;
    }
    top_free(rings);
    *rings = now;
    return SHMRING_OK;
}

void top_free(struct top_rings *rings)
{
    size_t i;

    for (i = 0; i < rings->count; i++) {
        free(rings->all[i].buckets);
    }
    free(rings->all);
    memset(rings, 0, sizeof *rings);
}

/* ---- order ---- */

double top_fill(const shmring_info *info)
{
    return (double)info->used / (double)info->capacity;
}

double top_high(const shmring_info *info)
{
    return (double)info->counters.high_water / (double)info->capacity;
}

static double value_of(const struct top_ring *ring, enum top_order order)
{
    switch (order) {
    case TOP_BY_RATE:
        return ring->records;
    case TOP_BY_BYTES:
        return ring->bytes;
    case TOP_BY_FILL:
        return top_fill(&ring->info);
    case TOP_BY_HIGH:
        return top_high(&ring->info);
    case TOP_BY_REJECTED:
        return (double)ring->info.counters.rejected;
    case TOP_BY_LAPPED:
        return (double)ring->info.counters.lapped;
    case TOP_BY_LATENCY:
        return (double)ring->latency.p99_ns;
    case TOP_BY_NAME:
        break;
    }
    return 0;
}

/* qsort() has no place for these; one thread. */
static enum top_order order_now;
static int inverted_now;

static int compare(const void *a, const void *b)
{
    const double x = value_of(a, order_now), y = value_of(b, order_now);
    int sign = inverted_now ? -1 : 1;

    if (x < y || x > y) {
        return x > y ? -sign : sign;
    }
    sign = order_now == TOP_BY_NAME ? sign : 1; /* among equals names stay in order */
    return sign *
           strcmp(((const struct top_ring *)a)->info.name, ((const struct top_ring *)b)->info.name);
}

void top_sort(struct top_rings *rings, enum top_order order, int inverted)
{
    order_now = order;
    inverted_now = inverted;
    if (rings->count > 1) {
        qsort(rings->all, rings->count, sizeof *rings->all, compare);
    }
}

/* ---- words ---- */

const char *top_latency(char to[TOP_LATENCY], const struct top_ring *ring)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE], c[FIGURE_SIZE], d[FIGURE_SIZE];

    to[0] = '\0';
    if (ring->latency.count != 0) {
        (void)snprintf(
            to, TOP_LATENCY, "p50 %.6s p99 %.6s p99.9 %.6s max %.6s",
            figure_short_ns(a, ring->latency.p50_ns), figure_short_ns(b, ring->latency.p99_ns),
            figure_short_ns(c, ring->latency.p999_ns), figure_short_ns(d, ring->latency.max_ns));
    }
    return to;
}

const char *top_role(char to[TOP_ROLE], const shmring_role_info *role, int stopped)
{
    if (role->alive) {
        (void)snprintf(to, TOP_ROLE, "%" PRIu64 " %s%s", role->pid, role->program,
                       stopped         ? " paused"
                       : role->waiting ? " asleep"
                                       : "");
    } else if (role->state == SHMRING_ROLE_NONE) {
        (void)snprintf(to, TOP_ROLE, "nobody yet");
    } else {
        (void)snprintf(to, TOP_ROLE, "%" PRIu64 " %s %s", role->pid, role->program,
                       role->state == SHMRING_ROLE_CLOSED ? "closed" : "died");
    }
    text_make_printable(to, text_needs_ascii()); /* a program may be called anything */
    return to;
}
