/* SPDX-License-Identifier: MIT */
/* telemetry_sampler.c - samples /proc/stat and /proc/meminfo at a fixed rate into a ring.
 *
 *   telemetry_sampler [--rate HZ] [--seconds N] [--ring NAME] [--proc FOLDER]
 *   telemetry_reader [NAME]       (in another terminal, before or while the sampler runs)
 *
 * HZ is 1000 and NAME "telemetry" unless said otherwise; without --seconds it runs until Ctrl-C.
 *
 * Shows typed records (a struct, a type number, one schema number for the ring), a schedule that
 * does not drift, and a producer that never waits for its reader. A record that does not fit is
 * dropped, and the reader finds a GAP in its place. A sample is read straight into the ring
 * (reserve, commit).
 */
#define _POSIX_C_SOURCE 200809L
#include <shmring/shmring.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "telemetry.h"

#define SECOND_NS UINT64_C(1000000000)

struct settings {
    const char *ring, *proc;
    uint64_t rate, seconds; /* seconds: 0 = until interrupted */
};

struct sampler {
    shmring_producer *ring;
    int stat_fd, meminfo_fd;
    uint64_t cpu_count, memory_count; /* samples taken: the next sequence numbers */
    uint64_t sent, dropped, missed;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* ---- reading ---- */

static int open_proc(const char *folder, const char *file)
{
    char path[512];
    int fd;

    snprintf(path, sizeof path, "%s/%s", folder, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "telemetry_sampler: cannot open %s: %s (is /proc mounted?)\n", path,
                strerror(errno));
    }
    return fd;
}

/* The file stays open: reading it again from the start gives new values. */
static int read_text(int fd, char *text, size_t size)
{
    ssize_t n = pread(fd, text, size - 1, 0);

    if (n <= 0) {
        fprintf(stderr, "telemetry_sampler: reading /proc failed: %s\n",
                n < 0 ? strerror(errno) : "the file is empty");
        return 0;
    }
    text[n] = '\0';
    return 1;
}

static int parse_cpu(const char *text, struct telemetry_cpu *ret)
{
    return sscanf(text,
                  "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                  " %" SCNu64 " %" SCNu64,
                  &ret->user, &ret->nice, &ret->system, &ret->idle, &ret->iowait, &ret->irq,
                  &ret->softirq, &ret->steal) >= 4;
}

static uint64_t find_kib(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at != NULL ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

static int parse_memory(const char *text, struct telemetry_memory *ret)
{
    ret->total = find_kib(text, "MemTotal:");
    ret->free = find_kib(text, "MemFree:");
    ret->available = find_kib(text, "MemAvailable:");
    return ret->total != 0;
}

/* ---- sending ---- */

/* Room for a record of n bytes, zeroed; NULL when the ring is full, and then it is dropped. */
static void *make_record(struct sampler *s, uint32_t n)
{
    void *record;
    shmring_status status = shmring_reserve(s->ring, n, &record);

    if (status == SHMRING_OK) {
        memset(record, 0, n);
        return record;
    }
    if (status == SHMRING_FULL) {
        s->dropped++;
    } else {
        fprintf(stderr, "telemetry_sampler: %s\n", shmring_error_detail());
        stopped = 1;
    }
    return NULL;
}

static int sample_cpu(struct sampler *s)
{
    struct telemetry_cpu *record;
    char text[512]; /* the sum of all processors is the first line */

    if (!read_text(s->stat_fd, text, sizeof text)) {
        return 0;
    }
    record = make_record(s, sizeof *record);
    if (record != NULL) {
        record->sequence = s->cpu_count;
        record->time_ns = now_ns();
        if (!parse_cpu(text, record)) {
            shmring_abort(s->ring);
            fprintf(stderr, "telemetry_sampler: /proc/stat does not start with \"cpu\"\n");
            return 0;
        }
        shmring_commit(s->ring, sizeof *record, TELEMETRY_CPU);
        s->sent++;
    }
    s->cpu_count++;
    return 1;
}

static int sample_memory(struct sampler *s)
{
    struct telemetry_memory *record;
    char text[4096];

    if (!read_text(s->meminfo_fd, text, sizeof text)) {
        return 0;
    }
    record = make_record(s, sizeof *record);
    if (record != NULL) {
        record->sequence = s->memory_count;
        record->time_ns = now_ns();
        if (!parse_memory(text, record)) {
            shmring_abort(s->ring);
            fprintf(stderr, "telemetry_sampler: /proc/meminfo has no MemTotal\n");
            return 0;
        }
        shmring_commit(s->ring, sizeof *record, TELEMETRY_MEMORY);
        s->sent++;
    }
    s->memory_count++;
    return 1;
}

/* ---- the schedule ---- */

static void sleep_until(uint64_t at_ns)
{
    const struct timespec t = {(time_t)(at_ns / SECOND_NS), (long)(at_ns % SECOND_NS)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR && !stopped) {
    }
}

/* Tick n is due at start + n/rate, computed afresh each time: errors do not add up. A tick whose
 * successor is due already is skipped and counted. */
static int run(struct sampler *s, const struct settings *set)
{
    const uint64_t start = now_ns(), last = set->seconds * set->rate;
    uint64_t tick, now, due;

    for (tick = 0; !stopped && (last == 0 || tick < last); tick++) {
        due = start + tick / set->rate * SECOND_NS + tick % set->rate * SECOND_NS / set->rate;
        now = now_ns();
        if (now > due + SECOND_NS / set->rate) {
            s->missed++;
            continue;
        }
        sleep_until(due);
        if (!stopped && (!sample_cpu(s) || !sample_memory(s))) {
            return 1;
        }
    }
    printf("sent %" PRIu64 " records: %" PRIu64 " cpu and %" PRIu64 " memory samples, %" PRIu64
           " dropped, %" PRIu64 " ticks missed\n",
           s->sent, s->cpu_count, s->memory_count, s->dropped, s->missed);
    return 0;
}

/* ---- start and end ---- */

static int parse_arguments(int argc, char **argv, struct settings *ret)
{
    int i;

    for (i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rate") == 0) {
            ret->rate = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--seconds") == 0) {
            ret->seconds = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--ring") == 0) {
            ret->ring = argv[i + 1];
        } else if (strcmp(argv[i], "--proc") == 0) {
            ret->proc = argv[i + 1];
        } else {
            break;
        }
    }
    return i == argc && ret->rate >= 1 && ret->rate <= 1000000;
}

static int open_and_run(const struct settings *set)
{
    shmring_options options = SHMRING_OPTIONS_INIT;
    struct sampler s = {0};
    int result = 1;

    options.schema = TELEMETRY_SCHEMA;
    s.stat_fd = open_proc(set->proc, "stat");
    s.meminfo_fd = open_proc(set->proc, "meminfo");
    if (s.stat_fd >= 0 && s.meminfo_fd >= 0) {
        if (shmring_producer_open(&s.ring, set->ring, &options) != SHMRING_OK) {
            fprintf(stderr, "telemetry_sampler: %s\n", shmring_error_detail());
        } else {
            result = run(&s, set);
            shmring_producer_close(s.ring); /* the reader gets the rest, then SHMRING_CLOSED */
        }
    }
    if (s.stat_fd >= 0) {
        close(s.stat_fd);
    }
    if (s.meminfo_fd >= 0) {
        close(s.meminfo_fd);
    }
    return result;
}

int main(int argc, char **argv)
{
    struct settings set = {TELEMETRY_RING, "/proc", 1000, 0};
    struct sigaction action = {0};

    if (!parse_arguments(argc, argv, &set)) {
        fprintf(stderr, "usage: telemetry_sampler [--rate HZ] [--seconds N] [--ring NAME] "
                        "[--proc FOLDER]\nHZ is 1 to 1000000\n");
        return 2;
    }
    action.sa_handler = stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return open_and_run(&set);
}
