/* SPDX-License-Identifier: MIT */
/* event_loop.c - a ring beside a timer in one epoll loop: counts the records of
 * telemetry_sampler, says how many at every tick, and ends with it.
 *
 *   event_loop [RING]     (before or while telemetry_sampler runs)
 *
 * Shows: shmring_consumer_fd() with epoll. The descriptor is only waited on, never read: the call
 * that finds the ring empty arms it again.
 */
#define _GNU_SOURCE
#include <shmring/shmring.h>

#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "telemetry.h"

/* Reads what is there. SHMRING_EMPTY: back to the loop; anything else is the end. */
static shmring_status read_records(shmring_consumer *c, uint64_t *count)
{
    shmring_record record;
    shmring_status status;

    while ((status = shmring_peek(c, &record)) == SHMRING_OK) {
        (*count)++; /* record.data, record.len ... */
        shmring_release(c);
    }
    return status;
}

static int watch(int loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return fd >= 0 && epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) == 0;
}

static shmring_status run_loop(shmring_consumer *c, int loop, int timer, uint64_t *count)
{
    struct epoll_event event;
    shmring_status status = SHMRING_EMPTY;
    uint64_t ticks;

    while (status == SHMRING_EMPTY) {
        if (epoll_wait(loop, &event, 1, -1) != 1) {
            continue; /* a signal */
        }
        if (event.data.fd != timer) {
            status = read_records(c, count);
        } else if (read(timer, &ticks, sizeof ticks) == (ssize_t)sizeof ticks) {
            printf("tick: %" PRIu64 " records so far\n", *count);
            fflush(stdout);
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    const struct itimerspec often = {.it_interval = {.tv_nsec = 100000000},
                                     .it_value = {.tv_nsec = 100000000}};
    int loop = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    shmring_options options = SHMRING_OPTIONS_INIT;
    shmring_consumer *c = NULL;
    shmring_status status;
    uint64_t count = 0;

    options.schema = TELEMETRY_SCHEMA;
    if (shmring_consumer_open(&c, argc > 1 ? argv[1] : TELEMETRY_RING, &options) != SHMRING_OK ||
        shmring_consumer_fd(c) < 0) {
        fprintf(stderr, "event_loop: %s\n", shmring_error_detail());
        shmring_consumer_close(c);
        return 1;
    }
    if (timerfd_settime(timer, 0, &often, NULL) != 0 || !watch(loop, timer) ||
        !watch(loop, shmring_consumer_fd(c))) {
        perror("event_loop");
        return 1;
    }
    status = run_loop(c, loop, timer, &count);
    printf("read %" PRIu64 " records: %s\n", count, shmring_status_text(status));
    shmring_consumer_close(c);
    return status == SHMRING_CLOSED ? 0 : 1;
}
