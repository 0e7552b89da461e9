/* SPDX-License-Identifier: MIT */
#include "info.h"

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
    json_number(j, "epoch", role->epoch);
    json_text(j, "state", role->state < 3 ? states[role->state] : "unknown");
    json_bool(j, "waiting", role->waiting != 0);
    json_bool(j, "membarrier", role->membarrier != 0);
    json_bool(j, "fences", role->fences != 0);
    json_bool(j, "asks_fence", role->asks_fence != 0);
    json_number(j, "start_time", role->start_time);
    json_close(j, '}');
}
