/* SPDX-License-Identifier: MIT */
/* telemetry_reader.c - reads the samples of telemetry_sampler: rates, losses and latest values,
 * once a second, and a summary at the end.
 *
 *   telemetry_reader [RING]       (before or while telemetry_sampler runs)
 *
 * Shows how to tell records apart by type and check their length, and how to notice lost records by
 * the GAP flag and by sequence numbers. Shows also a time limit on a wait, and the two ways in
 * which a sender ends.
 */
#define _POSIX_C_SOURCE 200809L
#include <shmring/shmring.h>

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "telemetry.h"

#define SECOND_NS UINT64_C(1000000000)

/* The counts for each type. */
struct stream {
    uint64_t count, count_at_line; /* records in all, and when the last line was printed */
    uint64_t next_sequence, lost;
};

/* Where a record is received: any of the structs, or one of a type that is still to come. */
union payload {
    struct telemetry_cpu cpu;
    struct telemetry_memory memory;
    unsigned char other[512];
};

struct reader {
    struct stream cpu, memory;
    uint64_t gaps, unknown;
    struct telemetry_cpu cpu_now, cpu_at_line;
    struct telemetry_memory memory_now;
    uint64_t start_ns, line_ns;
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* ---- one record ---- */

/* A reader that comes late starts in the middle: its first record counts nothing as lost. */
static void count_record(struct stream *s, uint64_t sequence)
{
    if (s->count != 0) {
        s->lost += sequence - s->next_sequence;
    }
    s->next_sequence = sequence + 1;
    s->count++;
}

/* The payload was copied out of the ring: nobody can change it between the check and the use. */
static void take_record(struct reader *r, const shmring_record *record,
                        const union payload *payload)
{
    r->gaps += (record->flags & SHMRING_FLAG_GAP) != 0;
    if (record->type == TELEMETRY_CPU && record->len == sizeof r->cpu_now) {
        r->cpu_now = payload->cpu;
        count_record(&r->cpu, r->cpu_now.sequence);
        if (r->cpu.count == 1) {
            r->cpu_at_line = r->cpu_now;
        }
    } else if (record->type == TELEMETRY_MEMORY && record->len == sizeof r->memory_now) {
        r->memory_now = payload->memory;
        count_record(&r->memory, r->memory_now.sequence);
    } else {
        r->unknown++;
    }
}

/* ---- output ---- */

static double busy_percent(const struct telemetry_cpu *from, const struct telemetry_cpu *to)
{
    uint64_t idle = to->idle + to->iowait - from->idle - from->iowait;
    uint64_t busy =
        to->user + to->nice + to->system + to->irq + to->softirq + to->steal -
        (from->user + from->nice + from->system + from->irq + from->softirq + from->steal);

    return idle + busy != 0 ? 100.0 * (double)busy / (double)(idle + busy) : 0.0;
}

static void print_line(struct reader *r, uint64_t now)
{
    double seconds = (double)(now - r->line_ns) / 1e9;

    printf("%6.1f s  cpu %.0f/s  memory %.0f/s  gaps %" PRIu64 "  lost %" PRIu64
           "  processors %.1f %% busy  %.0f MiB available\n",
           (double)(now - r->start_ns) / 1e9,
           (double)(r->cpu.count - r->cpu.count_at_line) / seconds,
           (double)(r->memory.count - r->memory.count_at_line) / seconds, r->gaps,
           r->cpu.lost + r->memory.lost, busy_percent(&r->cpu_at_line, &r->cpu_now),
           (double)r->memory_now.available / 1048576.0);
    fflush(stdout);
    r->cpu.count_at_line = r->cpu.count;
    r->memory.count_at_line = r->memory.count;
    r->cpu_at_line = r->cpu_now;
    r->line_ns = now;
}

static void print_summary(const struct reader *r)
{
    printf("read %" PRIu64 " records: %" PRIu64 " cpu, %" PRIu64 " memory, %" PRIu64
           " of unknown type; %" PRIu64 " gaps, %" PRIu64 " lost\n",
           r->cpu.count + r->memory.count + r->unknown, r->cpu.count, r->memory.count, r->unknown,
           r->gaps, r->cpu.lost + r->memory.lost);
}

/* ---- the loop ---- */

static int read_all(shmring_consumer *c, struct reader *r)
{
    union payload payload;
    shmring_record record;
    shmring_status status;
    uint64_t now;

    r->start_ns = r->line_ns = now_ns();
    for (;;) {
        now = now_ns();
        if (now - r->line_ns >= SECOND_NS) {
            print_line(r, now);
        }
        status = shmring_recv(c, &payload, sizeof payload, &record, r->line_ns + SECOND_NS - now);
        if (status == SHMRING_OK) {
            take_record(r, &record, &payload);
        } else if (status != SHMRING_TIMEOUT && status != SHMRING_EMPTY) {
            break;
        }
    }
    print_summary(r);
    if (status == SHMRING_CLOSED) {
        return 0;
    }
    fprintf(stderr, "telemetry_reader: %s\n",
            status < 0 ? shmring_error_detail() : shmring_status_text(status));
    return 1;
}

int main(int argc, char **argv)
{
    shmring_options options = SHMRING_OPTIONS_INIT;
    struct reader r = {0};
    shmring_consumer *c;
    int result;

    options.schema = TELEMETRY_SCHEMA;
    if (shmring_consumer_open(&c, argc > 1 ? argv[1] : TELEMETRY_RING, &options) != SHMRING_OK) {
        fprintf(stderr, "telemetry_reader: %s\n", shmring_error_detail());
        return 1;
    }
    result = read_all(c, &r);
    shmring_consumer_close(c);
    return result;
}
