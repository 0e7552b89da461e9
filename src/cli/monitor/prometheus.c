/* SPDX-License-Identifier: MIT */
/* prometheus.c - rings in Prometheus's text format: each metric once, with its HELP and TYPE, and
 * below it a sample for each ring. Names and meanings stay from version to version. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/info_text.h"
#include "base/printable.h"

/* The source of a number. */
enum metric_of { OF_RING, OF_ROLES };

struct metric {
    const char *name, *type, *help;
    enum metric_of of;
    uint64_t (*ring)(const shmring_info *info);
    uint64_t (*role)(const shmring_info *info, int consumer);
};

struct rings {
    shmring_info *all;
    size_t count, unreadable;
};

/* ---- the numbers ---- */

#define OF_INFO(function, field)                                                                   \
    static uint64_t function(const shmring_info *info)                                             \
    {                                                                                              \
        return info->field;                                                                        \
    }
#define OF_SIDE(function, field)                                                                   \
    static uint64_t function(const shmring_info *info, int consumer)                               \
    {                                                                                              \
        return consumer ? info->consumer.field : info->producer.field;                             \
    }
#define OF_COUNTERS(function, field)                                                               \
    static uint64_t function(const shmring_info *info, int consumer)                               \
    {                                                                                              \
        return consumer ? info->counters.consumer_##field : info->counters.producer_##field;       \
    }

OF_INFO(capacity, capacity)
OF_INFO(used, used)
OF_INFO(high_water, counters.high_water)
OF_INFO(alive, alive)
OF_INFO(tail, tail)
OF_INFO(cursor, cursor)
OF_INFO(sent, counters.sent)
OF_INFO(received, counters.received)
OF_INFO(rejected, counters.rejected)
OF_INFO(gaps, counters.gaps)
OF_INFO(recovered, counters.recovered)
OF_INFO(lapped, counters.lapped)
OF_INFO(lapped_bytes, counters.lapped_bytes)
OF_INFO(evict, evict)
OF_INFO(evicted, counters.evicted)
OF_SIDE(role_alive, alive)
OF_SIDE(role_waiting, waiting)
OF_SIDE(role_pid, pid)
OF_SIDE(role_epoch, epoch)
OF_COUNTERS(role_stalls, stalls)
OF_COUNTERS(role_sleeps, sleeps)
OF_COUNTERS(role_wakes, wakes)

static uint64_t created(const shmring_info *info)
{
    return info->created_ns / 1000000000u;
}

static const struct metric metrics[] = {
    {"shmring_capacity_bytes", "gauge", "Size of the data region.", OF_RING, capacity, NULL},
    {"shmring_used_bytes", "gauge", "Bytes written and not yet released.", OF_RING, used, NULL},
    {"shmring_high_water_bytes", "gauge", "Most bytes in use that the producer has seen.", OF_RING,
     high_water, NULL},
    {"shmring_alive", "gauge", "1 while any process has the ring open.", OF_RING, alive, NULL},
    {"shmring_created_timestamp_seconds", "gauge", "When the ring was made, since 1970.", OF_RING,
     created, NULL},
    {"shmring_written_bytes_total", "counter",
     "Bytes of the ring written, with the headers and padding of records.", OF_RING, tail, NULL},
    {"shmring_released_bytes_total", "counter",
     "Bytes of the ring released, with the headers and padding of records.", OF_RING, cursor, NULL},
    {"shmring_sent_records_total", "counter", "Records committed; 0 in byte framing.", OF_RING,
     sent, NULL},
    {"shmring_received_records_total", "counter", "Records released; 0 in byte framing.", OF_RING,
     received, NULL},
    {"shmring_rejected_records_total", "counter", "Records refused because the ring was full.",
     OF_RING, rejected, NULL},
    {"shmring_gaps_total", "counter", "Places where records are missing, as the consumer saw them.",
     OF_RING, gaps, NULL},
    {"shmring_recovered_records_total", "counter",
     "Records found committed beyond the tail after a producer's death.", OF_RING, recovered, NULL},
    {"shmring_lapped_total", "counter", "Times that an overwriting producer overtook the consumer.",
     OF_RING, lapped, NULL},
    {"shmring_lapped_bytes_total", "counter", "Bytes that were overwritten unread.", OF_RING,
     lapped_bytes, NULL},
    {"shmring_evicted_bytes_total", "counter", "Bytes that observers can no longer read.", OF_RING,
     evict, NULL},
    {"shmring_evicted_records_total", "counter",
     "Records that observers can no longer read; no sample where they are not counted.", OF_RING,
     evicted, NULL},
    {"shmring_role_alive", "gauge", "1 while a living process holds the role.", OF_ROLES, NULL,
     role_alive},
    {"shmring_role_waiting", "gauge", "1 while the role's holder sleeps, or waits on a descriptor.",
     OF_ROLES, NULL, role_waiting},
    {"shmring_role_pid", "gauge", "Process id of the holder, or of the last one.", OF_ROLES, NULL,
     role_pid},
    {"shmring_role_claims_total", "counter", "How many processes have held the role.", OF_ROLES,
     NULL, role_epoch},
    {"shmring_stalls_total", "counter", "Waits: for data, or for space.", OF_ROLES, NULL,
     role_stalls},
    {"shmring_sleeps_total", "counter", "Sleeps, of 90 ms at most each.", OF_ROLES, NULL,
     role_sleeps},
    {"shmring_wakes_total", "counter", "Calls that woke the other side.", OF_ROLES, NULL,
     role_wakes},
};

/* ---- the text ---- */

static void print_head(const char *name, const char *type, const char *help, FILE *to)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: quoted, and valid UTF-8 whatever a program calls itself. */
static void print_label(const char *name, const char *value, FILE *to)
{
    unsigned n;

    fprintf(to, "%s=\"", name);
    for (; *value != '\0'; value += n != 0 ? n : 1) {
        n = shmring_printable(value);
        if (*value == '"' || *value == '\\') {
            fputc('\\', to);
        }
        (void)fwrite(n != 0 ? value : "?", 1, n != 0 ? n : 1, to);
    }
    fputc('"', to);
}

static void print_sample(const struct metric *m, const shmring_info *info, int role, FILE *to)
{
    static const char *const roles[] = {"producer", "consumer"};
    const uint64_t value = m->of == OF_ROLES ? m->role(info, role) : m->ring(info);

    if (value == SHMRING_UNKNOWN) {
        return;
    }
    fprintf(to, "%s{", m->name);
    print_label("ring", short_name(info->name), to);
    if (m->of == OF_ROLES) {
        fputc(',', to);
        print_label("role", roles[role], to);
    }
    fprintf(to, "} %" PRIu64 "\n", value);
}

static void print_metric(const struct metric *m, const struct rings *rings, FILE *to)
{
    size_t i;
    int role;

    print_head(m->name, m->type, m->help, to);
    for (i = 0; i < rings->count; i++) {
        for (role = 0; role < (m->of == OF_ROLES ? 2 : 1); role++) {
            print_sample(m, &rings->all[i], role, to);
        }
    }
}

/* The properties that are no numbers, as labels of a metric that is always 1. */
static void print_infos(const struct rings *rings, FILE *to)
{
    size_t i;

    print_head("shmring_ring_info", "gauge", "How the ring was made, and who has it; always 1.",
               to);
    for (i = 0; i < rings->count; i++) {
        const shmring_info *info = &rings->all[i];

        fputs("shmring_ring_info{", to);
        print_label("ring", short_name(info->name), to);
        print_label(",framing", info_framing(info), to);
        print_label(",overflow", info_overflow(info), to);
        print_label(",lifetime",
                    info->lifetime == SHMRING_PERSISTENT ? "persistent" : "until_last_close", to);
        print_label(",stamp", info_stamp(info), to);
        print_label(",producer", info->producer.alive ? info->producer.program : "", to);
        print_label(",consumer", info->consumer.alive ? info->consumer.program : "", to);
        fputs("} 1\n", to);
    }
}

/* ---- latencies ---- */

static void print_seconds(uint64_t ns, FILE *to)
{
    fprintf(to, "%" PRIu64 ".%09u\n", ns / 1000000000u, (unsigned)(ns % 1000000000u));
}

static void print_latency_name(const char *end, const shmring_info *info, FILE *to)
{
    fprintf(to, "shmring_latency_seconds%s{", end);
    print_label("ring", short_name(info->name), to);
}

/* Counts are of buckets: the sum takes each latency for the middle of its own. */
static double sum_of(const uint64_t *buckets)
{
    double sum = 0, bottom = 0, top;
    uint32_t i;

    for (i = 0; i < SHMRING_HISTOGRAM_BUCKETS; i++) {
        top = (double)shmring_latency_bucket_top(i);
        sum += (double)buckets[i] * (bottom + top) / 2;
        bottom = top + 1;
    }
    return sum;
}

static void print_latency(const shmring_info *info, const uint64_t *buckets, FILE *to)
{
    static const char *const labels[] = {"0.5", "0.99", "0.999", "1"};
    static const double parts[] = {0.5, 0.99, 0.999, 1};
    const uint64_t count = shmring_latency_count(buckets);
    size_t i;

    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        print_latency_name("", info, to);
        print_label(",quantile", labels[i], to);
        fputs("} ", to);
        if (count != 0) {
            print_seconds(shmring_latency_quantile(buckets, parts[i]), to);
        } else {
            fputs("NaN\n", to);
        }
    }
    print_latency_name("_sum", info, to);
    fprintf(to, "} %.9e\n", sum_of(buckets) / 1e9);
    print_latency_name("_count", info, to);
    fprintf(to, "} %" PRIu64 "\n", count);
}

/* A summary of each stamped ring. */
static void print_latencies(const struct rings *rings, FILE *to)
{
    uint64_t buckets[SHMRING_HISTOGRAM_BUCKETS];
    size_t i;

    print_head("shmring_latency_seconds", "summary",
               "Time from a record's commit until it was shown to the consumer, of all records "
               "of a stamped ring.",
               to);
    for (i = 0; i < rings->count; i++) {
        if (rings->all[i].stamp != SHMRING_STAMP_NONE &&
            shmring_inspect_latency(rings->all[i].name, buckets) == SHMRING_OK) {
            print_latency(&rings->all[i], buckets, to);
        }
    }
}

/* ---- the rings ---- */

static shmring_status inspect_all(struct rings *ret)
{
    struct names names;
    shmring_status status = names_list(&names);
    size_t i;

    if (status != SHMRING_OK) {
        return status;
    }
    ret->all = calloc(names.count + 1, sizeof *ret->all);
    for (i = 0; i < names.count && ret->all != NULL; i++) {
        status = shmring_inspect(names.all[i], &ret->all[ret->count]);
        ret->count += status == SHMRING_OK;
        ret->unreadable += status != SHMRING_OK && status != SHMRING_E_NOT_FOUND;
    }
    names_free(&names);
    return ret->all != NULL ? SHMRING_OK : SHMRING_E_NO_MEMORY;
}

shmring_status prometheus_print(const char *name, FILE *to)
{
    shmring_info one;
    struct rings rings = {&one, 1, 0};
    shmring_status status;
    size_t i;

    if (name != NULL) {
        status = shmring_inspect(name, &one);
    } else {
        memset(&rings, 0, sizeof rings);
        status = inspect_all(&rings);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    print_infos(&rings, to);
    for (i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        print_metric(&metrics[i], &rings, to);
    }
    print_latencies(&rings, to);
    if (name == NULL) {
        print_head("shmring_rings", "gauge", "Rings that this user can see and read.", to);
        fprintf(to, "shmring_rings %" PRIu64 "\n", (uint64_t)rings.count);
        print_head("shmring_unreadable_rings", "gauge", "Rings that could not be read.", to);
        fprintf(to, "shmring_unreadable_rings %" PRIu64 "\n", (uint64_t)rings.unreadable);
        free(rings.all);
    }
    return SHMRING_OK;
}
