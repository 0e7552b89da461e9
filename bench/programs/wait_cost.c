/* SPDX-License-Identifier: MIT */
/* wait_cost.c - what waiting costs, in one table: two pinned processes, interleaved rounds,
 * medians.
 *
 *   shmring_wait_cost [--rounds N] [--idle SECONDS] [--json]
 *
 * With --json: a line for each measurement instead, which the report collects; no rounds at all are
 * allowed then.
 *
 * Timings drift with where the processors happen to run, so that only ratios within one run mean
 * anything: each round runs every contender once, and the medians of the rounds are compared.
 */
#define _GNU_SOURCE
#include <shmring/shmring.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "wait_cost.h"

#define STREAM_COUNT 2000000u
#define TRIP_COUNT   4000u
#define RING_BYTES   131072u /* of one, with its header */
#define LEFT_OUT     77      /* the exit status by which a test is skipped */

/* ---- the table ---- */

#define STREAM(name, ratio_of, spin)                                                               \
    {                                                                                              \
        .row = name, .against = ratio_of, .here = work_stream_here, .other = work_stream_other,    \
        .count = STREAM_COUNT, .spin_ns = spin                                                     \
    }
#define TRIP(name, ratio_of, what, n)                                                              \
    {                                                                                              \
        .row = name, .against = ratio_of, .here = work_##what##_here,                              \
        .other = work_##what##_other, .count = TRIP_COUNT, .spin_ns = 1, .rings = n                \
    }
#define FUTEX "bare futex, round trip"

static struct work all[] = {
    STREAM("stream 64 B, the consumer never sleeps", NULL, UINT32_MAX),
    STREAM("stream 64 B, the consumer may sleep", "stream 64 B, the consumer never sleeps", 0),
    TRIP(FUTEX, NULL, futex, 0),
    TRIP("shmring, both sleep at once", FUTEX, trip, 1),
    TRIP("shmring, both poll descriptors", FUTEX, poll, 1),
    TRIP("shmring, any of 1 ring", FUTEX, any, 1),
    TRIP("shmring, any of 8 rings", FUTEX, any, 8),
    TRIP("shmring, any of 64 rings", FUTEX, any, 64),
    TRIP("shmring, any of 256 rings", FUTEX, any, 256),
    TRIP("shmring, any of 1024 rings", FUTEX, any, 1024),
};
#define WORKS (sizeof all / sizeof all[0])

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_of(const char *row, int rounds)
{
    double sorted[ROUNDS_MAX];
    size_t i;

    for (i = 0; i < WORKS && row != NULL; i++) {
        if (strcmp(all[i].row, row) == 0) {
            memcpy(sorted, all[i].ns, sizeof sorted);
            qsort(sorted, (size_t)rounds, sizeof sorted[0], by_value);
            return sorted[rounds / 2];
        }
    }
    return 0;
}

/* Consumers that nothing comes to: of one ring, and of many at once. */
static const uint32_t idle_rings[] = {1, 100, RINGS_MAX};
#define IDLES (sizeof idle_rings / sizeof idle_rings[0])

static void print_lines(int rounds, unsigned idle_seconds)
{
    size_t i;
    int round;

    for (i = 0; i < WORKS; i++) {
        for (round = 0; round < rounds; round++) {
            printf("{\"study\": \"waiting\", \"work\": \"%s\", \"ns\": %.2f}\n", all[i].row,
                   all[i].ns[round]);
        }
    }
    fflush(stdout);
    for (i = 0; i < IDLES && idle_seconds != 0; i++) {
        printf("{\"study\": \"waiting\", \"work\": \"idle\", \"rings\": %" PRIu32
               ", \"ns\": %.2f}\n",
               idle_rings[i], work_idle_ns(idle_rings[i], idle_seconds));
    }
}

static void print_table(int rounds, unsigned idle_seconds)
{
    size_t i;

    printf("shmring %s; %d rounds; medians\n\n| work | ns each | ratio |\n|---|---:|---:|\n",
           SHMRING_VERSION_STRING, rounds);
    for (i = 0; i < WORKS; i++) {
        printf("| %s | %.1f | ", all[i].row, median_of(all[i].row, rounds));
        if (all[i].against != NULL) {
            printf("%.2f ", median_of(all[i].row, rounds) / median_of(all[i].against, rounds));
        }
        printf("|\n");
    }
    fflush(stdout);
    for (i = 0; i < IDLES && idle_seconds != 0; i++) {
        printf("| blocked on %" PRIu32 " rings for %u s, share of a processor | | %.4f%% |\n",
               idle_rings[i], idle_seconds, work_idle_ns(idle_rings[i], idle_seconds) / 1e7);
    }
}

static int run_rounds(int rounds)
{
    int round;
    size_t i;

    for (round = 0; round < rounds; round++) {
        for (i = 0; i < WORKS; i++) {
            double seconds = pair_run(all[i].here, all[i].other, &all[i]);

            if (seconds < 0) {
                fprintf(stderr, "shmring_wait_cost: \"%s\" failed\n", all[i].row);
                return 0;
            }
            all[i].ns[round] = (seconds * 1e9 - (double)all[i].setup_ns) / (double)all[i].count;
        }
    }
    return 1;
}

struct settings {
    int rounds, idle_seconds, json;
};

static int read_settings(struct settings *set, int argc, char **argv)
{
    int i, *into;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            set->json = 1;
            continue;
        }
        into = strcmp(argv[i], "--rounds") == 0 ? &set->rounds
               : strcmp(argv[i], "--idle") == 0 ? &set->idle_seconds
                                                : NULL;
        if (into == NULL || ++i == argc) {
            return 0;
        }
        *into = atoi(argv[i]);
    }
    return set->rounds >= 1 - set->json && set->rounds <= ROUNDS_MAX && set->idle_seconds >= 0;
}

/* A mount that is too small would end the rounds with its rings made and nobody to remove them. */
static int rings_fit(void)
{
    const uint64_t needed = (uint64_t)(RINGS_MAX + 2) * RING_BYTES;
    struct statvfs fs;

    if (statvfs("/dev/shm", &fs) != 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= needed) {
        return 1;
    }
    fprintf(stderr,
            "shmring_wait_cost: left out: %u rings need %" PRIu64 " bytes and /dev/shm has %" PRIu64
            " free\n",
            RINGS_MAX, needed, (uint64_t)fs.f_bavail * fs.f_frsize);
    return 0;
}

int main(int argc, char **argv)
{
    struct settings set = {5, 10, 0};
    struct rlimit files;

    if (!read_settings(&set, argc, argv)) {
        fprintf(stderr, "usage: shmring_wait_cost [--rounds N] [--idle SECONDS] [--json]\n");
        return 2;
    }
    if (!rings_fit()) {
        return LEFT_OUT;
    }
    if (!work_prepare()) {
        fprintf(stderr, "shmring_wait_cost: no memory\n");
        return 1;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* 1024 rings take a descriptor each */
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (!run_rounds(set.rounds)) {
        return 1;
    }
    (set.json ? print_lines : print_table)(set.rounds, (unsigned)set.idle_seconds);
    return 0;
}
