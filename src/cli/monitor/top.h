/* SPDX-License-Identifier: MIT */
/* top.h - what the parts of `shmring top` share: the rings as last seen, and how they are shown. */
#ifndef SHMRING_SRC_CLI_MONITOR_TOP_H
#define SHMRING_SRC_CLI_MONITOR_TOP_H

#include "command.h"

/* ---- cli/monitor/top_model.c: what is there ---- */

struct top_ring {
    shmring_info info;
    uint64_t *buckets;                      /* of latencies, of a stamped ring; or NULL */
    shmring_latency latency;                /* between the last two looks */
    int has_rates;                          /* it was there at the look before */
    double records, bytes;                  /* sent a second, between the last two looks */
    int producer_stopped, consumer_stopped; /* by Ctrl-Z or a debugger */
};

struct top_rings {
    struct top_ring *all;
    size_t count, unreadable, absent; /* absent: of those that were named */
    uint64_t at_ns;                   /* when we looked */
};

enum top_order {
    TOP_BY_NAME,
    TOP_BY_RATE,
    TOP_BY_BYTES,
    TOP_BY_FILL,
    TOP_BY_HIGH,
    TOP_BY_REJECTED,
    TOP_BY_LAPPED,
    TOP_BY_LATENCY /* p99 */
};
/* The words of --sort, in the order above; NULL ends them. */
extern const char *const top_orders[];

/* Looks at these rings, or at all (count 0), and replaces what *rings held, which gives the rates.
 * Rings that are not there are left out. */
shmring_status top_look(struct top_rings *rings, const char *const *names, size_t count);
/* The largest first; names from A. inverted: the other way round. */
void top_sort(struct top_rings *rings, enum top_order order, int inverted);
void top_free(struct top_rings *rings);

/* Parts of one: 0 .. 1. */
double top_fill(const shmring_info *info);
double top_high(const shmring_info *info);

#define TOP_LATENCY 64
/* "p50 132n p99 4.1u p99.9 12.3u max 35.0u", or "" where nothing was counted. */
const char *top_latency(char to[TOP_LATENCY], const struct top_ring *ring);

#define TOP_ROLE 64
/* The holder of a side: "pid program", and what keeps it. */
const char *top_role(char to[TOP_ROLE], const shmring_role_info *role, int stopped);

/* ---- cli/monitor/top_view.c: one picture of the screen ---- */

struct top_view {
    unsigned columns, rows;
    enum top_order order;
    int inverted, details, frozen, help, utf8, colours;
    size_t first; /* ring at the top */
    uint64_t interval_ns;
};

struct picture {
    char *text;
    size_t used, room;
};

/* Replaces the picture; corrects view->first. */
void top_draw(struct picture *to, const struct top_rings *rings, struct top_view *view);
/* How many rings fit. */
size_t top_page(const struct top_view *view);

#endif
