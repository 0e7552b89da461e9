/* SPDX-License-Identifier: MIT */
/* info_text.h - words for what shmring_inspect() says; common to ls, stat and top. */
#ifndef SHMRING_SRC_CLI_MONITOR_INFO_TEXT_H
#define SHMRING_SRC_CLI_MONITOR_INFO_TEXT_H

#include "command.h"

const char *info_framing(const shmring_info *info);
const char *info_lifetime(const shmring_info *info);
const char *info_overflow(const shmring_info *info);
const char *info_stamp(const shmring_info *info);
/* alive, persistent or dead */
const char *info_state(const shmring_info *info);
/* "pid program" of a living holder, else "-". */
const char *info_role(char to[FIGURE_SIZE], const shmring_role_info *role);
void info_role_json(struct json *j, const char *key, const shmring_role_info *role);
/* "counters": what a ring has counted. */
/* null without stamps. */
void info_latency_json(struct json *j, const shmring_info *info, const shmring_latency *latency);
void info_counters_json(struct json *j, const shmring_info *info);

/* ---- cli/monitor/ring_list.c ---- */

struct names {
    char (*all)[SHMRING_NAME_SIZE];
    size_t count, room;
};

/* The rings that this user can see, in the order of their names. ret: untouched on failure. */
shmring_status names_list(struct names *ret);
void names_free(struct names *names);

/* ---- prometheus.c ---- */

/* Prints the state of rings in Prometheus's text format, version 0.0.4. name: one ring, or NULL for
 * all; one that goes meanwhile is left out, one that cannot be read is counted. */
shmring_status prometheus_print(const char *name, FILE *to);

#endif
