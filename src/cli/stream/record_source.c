/* SPDX-License-Identifier: MIT */
/* record_source.c - records for `shmring record`: as the ring's consumer, in place where
 * records cannot change under it, or as an observer. */
#include "stream/record_source.h"

#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define CHUNK_BYTES (64u << 10)
#define COPY_BYTES  (256u << 10)

static shmring_consumer *consumer_to_interrupt;
static shmring_observer *observer_to_interrupt;

static void interrupt_consumer(void)
{
    shmring_consumer_interrupt(consumer_to_interrupt);
}

static void interrupt_observer(void)
{
    shmring_observer_interrupt(observer_to_interrupt);
}

/* ---- opening ---- */

static shmring_status open_observer(struct source *s, int from)
{
    shmring_status status = ring_open_observer(&s->observer, s->name, NULL);

    if (status == SHMRING_OK) {
        observer_to_interrupt = s->observer;
        host_catch_stop(interrupt_observer);
        status = shmring_observer_seek(s->observer, from);
    }
    return status;
}

static shmring_status open_consumer(struct source *s)
{
    shmring_status status = ring_open_consumer(&s->consumer, s->name, NULL);

    if (status == SHMRING_OK) {
        consumer_to_interrupt = s->consumer;
        host_catch_stop(interrupt_consumer);
    }
    return status;
}

static int copies_records(const struct source *s)
{
    return s->observer != NULL || s->info.overflow == SHMRING_OVERWRITE;
}

shmring_status source_description(const struct source *s, shmring_description **ret)
{
    return s->observer != NULL ? shmring_observer_description(s->observer, ret)
                               : shmring_consumer_description(s->consumer, ret);
}

int source_is_in_place(const struct source *s)
{
    return s->consumer != NULL && !copies_records(s);
}

static int make_copies(struct source *s)
{
    if (!copies_records(s)) {
        return 1;
    }
    s->largest = s->info.framing == SHMRING_BYTES ? CHUNK_BYTES : s->info.max_record;
    s->room = s->largest + COPY_BYTES;
    s->copies = malloc(s->room);
    return s->copies != NULL;
}

shmring_status source_open(struct source *s, const char *name, enum source_kind kind, int from)
{
    shmring_status status;

    memset(s, 0, sizeof *s);
    s->name = name;
    s->kind = (uint32_t)kind;
    status = kind == SOURCE_OBSERVER ? open_observer(s, from) : open_consumer(s);
    if (status == SHMRING_OK) {
        status = shmring_inspect(name, &s->info);
    }
    if (status == SHMRING_OK && !make_copies(s)) {
        (void)say_failed("no memory for records of ring '%s'", short_name(name));
        status = SHMRING_E_NO_MEMORY;
    }
    if (status != SHMRING_OK) {
        source_close(s);
    }
    return status;
}

void source_close(struct source *s)
{
    host_catch_stop(NULL);
    ring_close_consumer(s->consumer);
    shmring_observer_close(s->observer);
    free(s->copies);
    s->consumer = NULL;
    s->observer = NULL;
    s->copies = NULL;
}

/* ---- copies ---- */

static void add_loss(struct source *s)
{
    const uint64_t records =
        s->observer != NULL ? shmring_observer_lost_records(s->observer) : SHMRING_UNKNOWN;

    s->loss.bytes += s->observer != NULL ? shmring_observer_lost(s->observer)
                                         : shmring_consumer_lost(s->consumer);
    s->loss.records = records == SHMRING_UNKNOWN || s->loss.records == SHMRING_UNKNOWN
                          ? SHMRING_UNKNOWN
                          : s->loss.records + records;
}

/* Records are gathered while the largest one fits behind them. A loss ends what is shown: it stands
 * in front of the next. */
static uint32_t show_copies(struct source *s, shmring_record *ret, uint32_t most,
                            struct source_loss *ret_loss)
{
    size_t used = 0;
    uint32_t n = 0;
    shmring_status status;

    while (n < most && s->room - used >= s->largest && s->ended == SHMRING_OK) {
        const uint32_t size = (uint32_t)s->largest;

        status = s->observer != NULL
                     ? shmring_observe(s->observer, s->copies + used, size, &ret[n])
                     : shmring_try_recv(s->consumer, s->copies + used, size, &ret[n]);
        if (status == SHMRING_OK) {
            if (n == 0) {
                *ret_loss = s->loss;
                memset(&s->loss, 0, sizeof s->loss);
            }
            used += ret[n++].len;
        } else if (status == SHMRING_LAPPED) {
            add_loss(s);
            if (n != 0) {
                break;
            }
        } else if (status == SHMRING_EMPTY) {
            break;
        } else {
            s->ended = status; /* after what was gathered */
        }
    }
    return n;
}

/* ---- showing and waiting ---- */

uint32_t source_show(struct source *s, shmring_record *ret, uint32_t most,
                     struct source_loss *ret_loss)
{
    const void *from;
    shmring_record chunk = {0};

    memset(ret_loss, 0, sizeof *ret_loss);
    if (copies_records(s)) {
        return show_copies(s, ret, most, ret_loss);
    }
    if (s->info.framing != SHMRING_BYTES) {
        return shmring_peek_many(s->consumer, ret, most);
    }
    s->chunk = shmring_read_span(s->consumer, &from);
    s->chunk = s->chunk < CHUNK_BYTES ? s->chunk : CHUNK_BYTES;
    if (s->chunk == 0) {
        return 0;
    }
    chunk.data = from;
    chunk.len = (uint32_t)s->chunk;
    ret[0] = chunk;
    return 1;
}

void source_taken(struct source *s, uint32_t n)
{
    if (copies_records(s)) {
        return;
    }
    if (s->info.framing != SHMRING_BYTES) {
        shmring_release_many(s->consumer, n);
    } else if (n > 0) {
        shmring_read_advance(s->consumer, s->chunk);
    }
}

shmring_status source_wait(struct source *s, uint64_t timeout_ns)
{
    shmring_status status;

    if (s->observer != NULL) {
        return s->ended != SHMRING_OK ? s->ended : shmring_observer_wait(s->observer, timeout_ns);
    }
    if (s->ended < 0) {
        return s->ended;
    }
    s->ended = SHMRING_OK;
    status = shmring_wait_data(s->consumer, timeout_ns);
    return status == SHMRING_LAPPED ? SHMRING_OK : status;
}
