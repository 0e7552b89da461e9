/* SPDX-License-Identifier: MIT */
/* stat.c - everything that can be seen of one ring from outside. */
#include <inttypes.h>
#include <time.h>

#include "command.h"
#include "monitor/info_text.h"
#include "text/ring_name.h"

/* "head" is where the consumer reads, exactly; "published_head" the lazy copy the producer polls.
 */
static void print_json(const shmring_info *info)
{
    char incarnation[40], mode[8], schema[24];
    struct json j;

    (void)snprintf(incarnation, sizeof incarnation, "%016" PRIx64 "%016" PRIx64,
                   info->incarnation[0], info->incarnation[1]);
    (void)snprintf(mode, sizeof mode, "%04" PRIo32, info->permissions);
    (void)snprintf(schema, sizeof schema, "%#" PRIx64, info->schema);
    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "name", short_name(info->name));
    json_text(&j, "state", info_state(info));
    json_number(&j, "capacity", info->capacity);
    json_text(&j, "framing", info_framing(info));
    json_text(&j, "overflow", info_overflow(info));
    json_text(&j, "lifetime",
              info->lifetime == SHMRING_PERSISTENT ? "persistent" : "until_last_close");
    json_text(&j, "stamp", info_stamp(info));
    json_number(&j, "max_record", info->max_record);
    json_text(&j, "schema", schema); /* many readers of JSON round large numbers */
    json_text(&j, "mode", mode);
    json_number(&j, "owner", info->owner);
    json_number(&j, "creator_pid", info->creator_pid);
    json_number(&j, "created_ns", info->created_ns);
    json_text(&j, "incarnation", incarnation);
    json_number(&j, "huge_bytes", info->huge_bytes);
    json_bool(&j, "alive", info->alive != 0);
    json_bool(&j, "removed", info->removed != 0);
    json_number(&j, "tail", info->tail);
    json_number(&j, "head", info->cursor);
    json_number(&j, "published_head", info->head);
    json_number(&j, "evict", info->evict);
    json_number(&j, "used", info->used);
    info_role_json(&j, "producer", &info->producer);
    info_role_json(&j, "consumer", &info->consumer);
    info_counters_json(&j, info);
    info_latency_json(&j, info, &info->latency);
    json_close(&j, '}');
    json_end(&j);
}

static void print_role(const char *what, const shmring_role_info *role)
{
    if (role->state == SHMRING_ROLE_NONE) {
        printf("%-12s nobody yet\n", what);
        return;
    }
    print_line("%-12s process %" PRIu64 "%s (%s), %s; number %" PRIu64 " on this side%s", what,
               role->pid, role->foreign ? " of another namespace" : "", role->program,
               !role->alive    ? (role->state == SHMRING_ROLE_CLOSED ? "closed" : "died")
               : role->waiting ? "waiting"
                               : "attached",
               role->epoch, role->fences ? "; fences at each publication" : "");
}

/* The barrier that keeps a wake-up of `waiter` from being lost, as the two sides have agreed. */
static const char *order_of(const shmring_role_info *waiter, const shmring_role_info *waker)
{
    if (waiter->state == SHMRING_ROLE_NONE || waker->state == SHMRING_ROLE_NONE) {
        return "not agreed yet";
    }
    if (waker->membarrier && !waiter->asks_fence) {
        return "by its membarrier";
    }
    return waker->fences ? "by the other side's fences" : "by the other side's fences, soon";
}

/* The records that passed through the ring, and those that were lost on the way. */
static void print_traffic(const shmring_info *info)
{
    const uint64_t sent = info->counters.sent, evicted = info->counters.evicted;
    char a[FIGURE_SIZE], b[FIGURE_SIZE], c[FIGURE_SIZE], d[FIGURE_SIZE];

    if (info->framing == SHMRING_BYTES) {
        printf("%-12s %s written, %s read\n", "bytes", figure_count(a, info->tail),
               figure_count(b, info->cursor));
    } else {
        printf("%-12s %s sent, %s received, %s refused while full, %s gaps\n", "records",
               figure_count(a, info->counters.sent), figure_count(b, info->counters.received),
               figure_count(c, info->counters.rejected), figure_count(d, info->counters.gaps));
    }
    if (info->overflow == SHMRING_OVERWRITE) {
        printf("%-12s %s times; %s bytes were overwritten before the consumer read them\n",
               "lapped", figure_count(a, info->counters.lapped),
               figure_count(b, info->counters.lapped_bytes));
    }
    printf("%-12s %s bytes at most in use, %s records recovered after a death\n", "history",
           figure_count(a, info->counters.high_water), figure_count(b, info->counters.recovered));
    printf("%-12s can read the last %s bytes", "observers",
           figure_count(a, info->tail - info->evict));
    if (evicted <= sent) { /* else not counted */
        printf(", %s records; %s older ones are gone", figure_count(b, sent - evicted),
               figure_count(c, evicted));
    }
    printf("\n");
}

static void print_latency(const shmring_info *info)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE], c[FIGURE_SIZE], d[FIGURE_SIZE], n[FIGURE_SIZE];

    if (info->latency.count != 0) {
        printf("%-12s half of %s records within %s, p99 %s, p99.9 %s, max %s\n", "latency",
               figure_count(n, info->latency.count), figure_ns(a, info->latency.p50_ns),
               figure_ns(b, info->latency.p99_ns), figure_ns(c, info->latency.p999_ns),
               figure_ns(d, info->latency.max_ns));
    } else if (info->stamp != SHMRING_STAMP_NONE) {
        printf("%-12s no record was read yet\n", "latency");
    }
}

static void print_waits(const shmring_info *info)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE], c[FIGURE_SIZE], d[FIGURE_SIZE];

    printf("%-12s producer %s times, %s asleep; consumer %s times, %s asleep\n", "waited",
           figure_count(a, info->counters.producer_stalls),
           figure_count(b, info->counters.producer_sleeps),
           figure_count(c, info->counters.consumer_stalls),
           figure_count(d, info->counters.consumer_sleeps));
    printf("%-12s producer %s times, consumer %s times\n", "woke other",
           figure_count(a, info->counters.producer_wakes),
           figure_count(b, info->counters.consumer_wakes));
}

static void print_text(const shmring_info *info)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE], when[64] = "unknown";
    time_t seconds = (time_t)(info->created_ns / UINT64_C(1000000000));
    const struct tm *local = localtime(&seconds);

    if (local != NULL) {
        (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", local);
    }
    print_line("%-12s %s", "name", info->name);
    printf("%-12s %s%s\n", "state", info_state(info),
           info->removed ? ", its name was removed" : "");
    printf("%-12s %s bytes (%s), %s used (%.0f%%)\n", "capacity", figure_count(a, info->capacity),
           figure_bytes(b, info->capacity), figure_count((char[FIGURE_SIZE]){0}, info->used),
           100.0 * (double)info->used / (double)info->capacity);
    printf("%-12s %s of them came on huge pages\n", "pages", figure_count(a, info->huge_bytes));
    if (info->framing == SHMRING_RECORDS) {
        printf("%-12s records of at most %s bytes; when full: %s; stamps: %s\n", "framing",
               figure_count(a, info->max_record), info_overflow(info), info_stamp(info));
    } else {
        printf("%-12s bytes; when full: %s\n", "framing", info_overflow(info));
    }
    printf("%-12s %s; schema %#" PRIx64 "; mode %04" PRIo32 ", owner %" PRIu64 "\n", "lifetime",
           info_lifetime(info), info->schema, info->permissions, info->owner);
    printf("%-12s %s by process %" PRIu64 "\n", "created", when, info->creator_pid);
    printf("%-12s tail %" PRIu64 ", head %" PRIu64 "\n", "positions", info->tail, info->cursor);
    print_role("producer", &info->producer);
    print_role("consumer", &info->consumer);
    printf("%-12s consumer: %s; producer: %s\n", "wake-ups",
           order_of(&info->consumer, &info->producer), order_of(&info->producer, &info->consumer));
    print_traffic(info);
    print_latency(info);
    print_waits(info);
}

static int run(const struct command *self, int argc, char **argv)
{
    const char *name = NULL;
    int as_json = 0, as_prometheus = 0, ret;
    const struct option options[] = {
        {"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL},
        {"prometheus", OPTION_FLAG, &as_prometheus, NULL, 0, 0, NULL, NULL}};
    shmring_info info;
    shmring_status status;

    if (!args_read(self, argc, argv, options, 2, "[NAME]", &name, &ret)) {
        return ret;
    }
    if (as_json && as_prometheus) {
        return say_usage("stat prints --json or --prometheus, not both");
    }
    if (name == NULL && !as_prometheus) {
        return say_usage("stat needs a NAME (`shmring ls` has all rings)");
    }
    name = name != NULL ? ring_name(name) : NULL;
    status = as_prometheus ? prometheus_print(name, stdout) : shmring_inspect(name, &info);
    if (status != SHMRING_OK) {
        return say_status(status);
    }
    if (as_json) {
        print_json(&info);
    } else if (!as_prometheus) {
        print_text(&info);
    }
    return say_done();
}

const struct command command_stat = {
    "stat", "NAME [--json] | [NAME] --prometheus", "everything about one ring",
    "Shows what a ring says of itself, living or dead: how it was made, positions, who has its "
    "two\n"
    "sides, and what they counted. Changes nothing.\n"
    "\n"
    "  --json           as a JSON object\n"
    "  --prometheus     as metrics for Prometheus: of one ring, or of all without a NAME\n",
    run};
