/* SPDX-License-Identifier: MIT */
/* flight_recorder.c - a program that crashes, and whose last records can be read afterwards.
 *
 *   flight_recorder [RING]                   (dies of a division that goes wrong)
 *   shmring tap flight --from oldest         (what it did last)
 *   shmring rm flight
 *
 * Shows: an overwrite ring that is PERSISTENT. A record costs a few nanoseconds, never waits, and
 * is safe from the moment shmring_try_send() has returned, whatever becomes of the process. The
 * ring holds the last 64 KiB; a real one would take megabytes.
 */
#include <shmring/shmring.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEP = 1, RESULT = 2 };

static shmring_producer *recorder;

static void note(uint16_t type, const char *text, int64_t value)
{
    char line[80];
    int n = snprintf(line, sizeof line, "%s %" PRId64, text, value);

    (void)shmring_try_send(recorder, line, (uint32_t)n, type);
}

/* The fault: nobody thought of a weight of 0. */
static int64_t average(int64_t sum, int64_t weight)
{
    note(STEP, "average: weight", weight);
    if (weight == 0) {
        abort();
    }
    note(RESULT, "average: result", sum / weight);
    return sum / weight;
}

int main(int argc, char **argv)
{
    const char *ring = argc > 1 ? argv[1] : "flight";
    shmring_options options = SHMRING_OPTIONS_INIT;
    int64_t sum = 0, weight;

    options.capacity = 65536;
    options.overflow = SHMRING_OVERWRITE;
    options.lifetime = SHMRING_PERSISTENT;
    if (shmring_producer_open(&recorder, ring, &options) != SHMRING_OK) {
        fprintf(stderr, "flight_recorder: %s\n", shmring_error_detail());
        return 1;
    }
    for (weight = 10000; weight >= 0; weight--) {
        sum += average(1000000, weight);
    }
    printf("%" PRId64 "\n", sum);
    shmring_producer_close(recorder);
    return 0;
}
