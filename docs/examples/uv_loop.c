/* SPDX-License-Identifier: MIT */
/* uv_loop.c - event_loop.c with libuv: a ring beside a timer, in somebody else's loop.
 *
 *   uv_loop [RING]     (before or while telemetry_sampler runs)
 *
 * Shows: shmring_consumer_fd() in a uv_poll_t. Built where libuv is (libuv1-dev).
 */
#define _GNU_SOURCE /* uv.h needs it under -std=c11 */
#include <shmring/shmring.h>

#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

#include "telemetry.h"

struct reader {
    shmring_consumer *c;
    shmring_status status;
    uint64_t count;
};

static void on_readable(uv_poll_t *poll, int error, int events)
{
    struct reader *r = poll->data;
    shmring_record record;

    (void)events;
    while (error == 0 && (r->status = shmring_peek(r->c, &record)) == SHMRING_OK) {
        r->count++;
        shmring_release(r->c);
    }
    if (error != 0 || r->status != SHMRING_EMPTY) {
        uv_stop(poll->loop);
    }
}

static void on_tick(uv_timer_t *timer)
{
    const struct reader *r = timer->data;

    printf("tick: %" PRIu64 " records so far\n", r->count);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    struct reader r = {.status = SHMRING_EMPTY};
    shmring_options options = SHMRING_OPTIONS_INIT;
    uv_timer_t timer = {.data = &r};
    uv_poll_t poll = {.data = &r};
    int error;

    options.schema = TELEMETRY_SCHEMA;
    if (shmring_consumer_open(&r.c, argc > 1 ? argv[1] : TELEMETRY_RING, &options) != SHMRING_OK ||
        shmring_consumer_fd(r.c) < 0) {
        fprintf(stderr, "uv_loop: %s\n", shmring_error_detail());
        shmring_consumer_close(r.c);
        return 1;
    }
    error = uv_poll_init(loop, &poll, shmring_consumer_fd(r.c));
    error = error == 0 ? uv_poll_start(&poll, UV_READABLE, on_readable) : error;
    error = error == 0 ? uv_timer_init(loop, &timer) : error;
    error = error == 0 ? uv_timer_start(&timer, on_tick, 100, 100) : error;
    if (error != 0) {
        fprintf(stderr, "uv_loop: %s\n", uv_strerror(error));
        return 1;
    }
    (void)uv_run(loop, UV_RUN_DEFAULT);
    (void)uv_poll_stop(&poll); /* before the ring closes its descriptor */
    printf("read %" PRIu64 " records: %s\n", r.count, shmring_status_text(r.status));
    shmring_consumer_close(r.c);
    return r.status == SHMRING_CLOSED ? 0 : 1;
}
