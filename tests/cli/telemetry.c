/* SPDX-License-Identifier: MIT */
/* telemetry.c - a paced sender of stamped records of 64 bytes, for test_telemetry.py.
 *
 *   telemetry RING reject|overwrite RECORDS INTERVAL_NS CAPACITY
 *
 * Makes the ring, begins at a line on standard input, and closes at its end. Record number i is due
 * at start + i * INTERVAL_NS; one that is late goes at once, and the next keeps its time. A record
 * that is refused is dropped. Prints what it did as JSON. A record has its number, the time before
 * it was sent, and its number again to its end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <shmring/shmring.h>

static uint64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t wait_for(uint64_t due_ns)
{
    uint64_t now = now_ns();

    while (now < due_ns) {
        now = now_ns();
    }
    return now;
}

static int send_all(shmring_producer *p, uint64_t count, uint64_t interval_ns)
{
    uint64_t message[8], i, k, now = 0, sent = 0, rejected = 0, late = 0;
    const uint64_t start = now_ns();
    shmring_status status;

    for (i = 0; i < count; i++) {
        now = wait_for(start + i * interval_ns);
        late = now - (start + i * interval_ns) > late ? now - (start + i * interval_ns) : late;
        message[0] = i;
        message[1] = now;
        for (k = 2; k < 8; k++) {
            message[k] = i;
        }
        status = shmring_try_send(p, message, sizeof message, (uint16_t)i);
        sent += status == SHMRING_OK;
        rejected += status == SHMRING_FULL;
        if (status < 0) {
            fprintf(stderr, "telemetry: %s\n", shmring_error_detail());
            return 0;
        }
    }
    printf("{\"sent\": %" PRIu64 ", \"rejected\": %" PRIu64 ", \"late_ns\": %" PRIu64
           ", \"took_ns\": %" PRIu64 "}\n",
           sent, rejected, late, now - start);
    return fflush(stdout) == 0;
}

static void wait_for_line(void)
{
    int c;

    do {
        c = getchar();
    } while (c != '\n' && c != EOF);
}

int main(int argc, char **argv)
{
    shmring_options o = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    int right;

    if (argc != 6) {
        fprintf(stderr, "telemetry: see the head of its source\n");
        return 2;
    }
    o.overflow = strcmp(argv[2], "overwrite") == 0 ? SHMRING_OVERWRITE : SHMRING_REJECT;
    o.capacity = strtoull(argv[5], NULL, 10);
    o.stamp = SHMRING_STAMP_MONOTONIC;
    if (shmring_producer_open(&p, argv[1], &o) != SHMRING_OK) {
        fprintf(stderr, "telemetry: %s\n", shmring_error_detail());
        return 1;
    }
    wait_for_line();
    right = send_all(p, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    wait_for_line();
    shmring_producer_close(p);
    return right ? 0 : 1;
}
