/* SPDX-License-Identifier: MIT */
/* forward_open.c - a forwarder's ring and connection. */
#include <string.h>

#include "bridge/forward.h"
#include "host/host.h"
#include "text/ring_name.h"

#define ABSENT_NS UINT64_C(20000000)

static shmring_observer *to_interrupt;

static void interrupt(void)
{
    shmring_observer_interrupt(to_interrupt);
}

/* Makes no ring: the sender's options are the ring's. */
static shmring_status try_open(struct forwarder *f)
{
    shmring_options options = SHMRING_OPTIONS_INIT;
    shmring_status status = SHMRING_OK;

    options.open_mode = SHMRING_OPEN_ONLY;
    if (!f->o->tap && f->consumer == NULL) {
        status = ring_open_consumer(&f->consumer, f->o->ring, &options);
    }
    return status == SHMRING_OK ? ring_open_observer(&f->observer, f->o->ring, NULL) : status;
}

/* Waits for a ring that is not there yet. */
static shmring_status open_ring(struct forwarder *f)
{
    uint64_t waiting_ns = 0;
    shmring_status status;

    while ((status = try_open(f)) == SHMRING_E_NOT_FOUND && !host_stop_requested()) {
        ring_say_waiting(&waiting_ns, "the ring", f->o->ring);
        host_sleep_ns(ABSENT_NS);
    }
    if (status == SHMRING_OK) {
        to_interrupt = f->observer;
        host_catch_stop(interrupt);
        status = shmring_inspect(f->o->ring, &f->info);
    }
    return status;
}

static int fits(const struct forwarder *f)
{
    if (f->info.framing == SHMRING_BYTES) {
        (void)say_failed("ring '%s' has byte framing, and a bridge carries records",
                         short_name(f->o->ring));
        return 0;
    }
    if (f->consumer != NULL && f->info.overflow == SHMRING_OVERWRITE) {
        (void)say_failed("ring '%s' overwrites its oldest records: forward it with --tap",
                         short_name(f->o->ring));
        return 0;
    }
    return 1;
}

static int start_block(struct forwarder *f)
{
    struct block_head *h = &f->block.head;
    const size_t room = link_room(f->link);
    size_t wanted = (size_t)f->o->block;

    if (wanted < (size_t)f->info.max_record + BLOCK_HEADER + 24) { /* one record always fits */
        wanted = (size_t)f->info.max_record + BLOCK_HEADER + 24;
    }
    wanted = wanted < room ? wanted : room;
    if (wanted < BLOCK_HEADER + 64) {
        (void)say_failed("stream '%s' takes only messages of %zu bytes: too small for a block",
                         f->o->link.stream, room);
        return 0;
    }
    if (!block_start(&f->block, wanted)) {
        (void)say_failed("no memory for a block of %zu bytes", wanted);
        return 0;
    }
    memcpy(h->incarnation, f->info.incarnation, sizeof h->incarnation);
    h->capacity = f->info.capacity;
    h->max_record = f->info.max_record;
    h->stamp = f->info.stamp;
    h->schema = f->info.schema;
    return 1;
}

static int forward(struct forwarder *f)
{
    int ret;
    shmring_status status;

    if (!link_open(&f->link, &f->o->link)) { /* first: the ring has no consumer of no use */
        return EXIT_FAILED;
    }
    status = open_ring(f);
    if (status != SHMRING_OK) {
        return status == SHMRING_E_NOT_FOUND && host_stop_requested() ? EXIT_OK
                                                                      : say_status(status);
    }
    if (!fits(f) || !start_block(f)) {
        return EXIT_FAILED;
    }
    progress_start(&f->progress, 1);
    ret = forward_all(f);
    progress_end(&f->progress);
    return ret;
}

int bridge_forward(const struct bridge_options *o, struct bridge_totals *ret)
{
    struct forwarder f = {0};
    int status;

    f.o = o;
    f.totals = ret;
    host_catch_stop(NULL);
    status = forward(&f);
    host_catch_stop(NULL);
    block_end(&f.block);
    link_close(f.link);
    shmring_observer_close(f.observer);
    ring_close_consumer(f.consumer);
    return status;
}
