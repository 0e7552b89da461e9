/* SPDX-License-Identifier: MIT */
#include "monitor/info_text.h"

#include <inttypes.h>

const char *info_framing(const shmring_info *info)
{
    return info->framing == SHMRING_BYTES ? "bytes" : "records";
}

const char *info_lifetime(const shmring_info *info)
{
    return info->lifetime == SHMRING_PERSISTENT ? "persistent" : "until last close";
}

const char *info_overflow(const shmring_info *info)
{
    return info->overflow == SHMRING_OVERWRITE ? "overwrite" : "reject";
}

const char *info_stamp(const shmring_info *info)
{
    return info->stamp == SHMRING_STAMP_TSC         ? "tsc"
           : info->stamp == SHMRING_STAMP_MONOTONIC ? "monotonic"
                                                    : "none";
}

const char *info_state(const shmring_info *info)
{
    return info->alive ? "alive" : info->lifetime == SHMRING_PERSISTENT ? "persistent" : "dead";
}

const char *info_role(char to[FIGURE_SIZE], const shmring_role_info *role)
{
    if (role->alive) {
        (void)snprintf(to, FIGURE_SIZE, "%" PRIu64 " %.11s", role->pid, role->program);
    } else {
        (void)snprintf(to, FIGURE_SIZE, "-");
    }
    return to;
}

void info_role_json(struct json *j, const char *key, const shmring_role_info *role)
{
    static const char *const states[] = {"none", "attached", "closed"};

    json_open(j, key, '{');
    json_number(j, "pid", role->pid);
    json_text(j, "program", role->program);
    json_bool(j, "alive", role->alive != 0);
    json_bool(j, "foreign", role->foreign != 0);
    json_number(j, "epoch", role->epoch);
    json_text(j, "state", role->state < 3 ? states[role->state] : "unknown");
    json_bool(j, "waiting", role->waiting != 0);
    json_bool(j, "membarrier", role->membarrier != 0);
    json_bool(j, "fences", role->fences != 0);
    json_bool(j, "asks_fence", role->asks_fence != 0);
    json_number(j, "start_time", role->start_time);
    json_close(j, '}');
}

void info_latency_json(struct json *j, const shmring_info *info, const shmring_latency *latency)
{
    if (info->stamp == SHMRING_STAMP_NONE) {
        json_null(j, "latency");
        return;
    }
    json_open(j, "latency", '{');
    json_number(j, "count", latency->count);
    json_number(j, "p50_ns", latency->p50_ns);
    json_number(j, "p99_ns", latency->p99_ns);
    json_number(j, "p999_ns", latency->p999_ns);
    json_number(j, "max_ns", latency->max_ns);
    json_close(j, '}');
}

void info_counters_json(struct json *j, const shmring_info *info)
{
    json_open(j, "counters", '{');
    json_number(j, "sent", info->counters.sent);
    json_number(j, "received", info->counters.received);
    json_number(j, "rejected", info->counters.rejected);
    json_number(j, "gaps", info->counters.gaps);
    json_number(j, "high_water", info->counters.high_water);
    json_number(j, "recovered", info->counters.recovered);
    json_number(j, "producer_stalls", info->counters.producer_stalls);
    json_number(j, "producer_sleeps", info->counters.producer_sleeps);
    json_number(j, "producer_wakes", info->counters.producer_wakes);
    json_number(j, "consumer_stalls", info->counters.consumer_stalls);
    json_number(j, "consumer_sleeps", info->counters.consumer_sleeps);
    json_number(j, "consumer_wakes", info->counters.consumer_wakes);
    json_number(j, "lapped", info->counters.lapped);
    json_number(j, "lapped_bytes", info->counters.lapped_bytes);
    if (info->counters.evicted == SHMRING_UNKNOWN) {
        json_null(j, "evicted");
    } else {
        json_number(j, "evicted", info->counters.evicted);
    }
    json_close(j, '}');
}
