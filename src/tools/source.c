/* SPDX-License-Identifier: MIT */
/* source.c - records for `shmring record`: as the ring's consumer, in place where records cannot
 * change under it, or as an observer. */
#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "host.h"

#define CHUNK_BYTES (64u << 10)
#define COPY_BYTES  (256u << 10)
#define PAUSE_MIN   UINT64_C(20000)
#define PAUSE_MAX   UINT64_C(1000000)
#define ALIVE_NS    UINT64_C(100000000) /* an observer asks so often whether the sender lives */
#define ABSENT_NS   UINT64_C(20000000)

static shmring_consumer *to_interrupt;

static void interrupt(void)
{
    shmring_consumer_interrupt(to_interrupt);
}

/* ---- opening ---- */

static shmring_status open_observer(struct source *s, int from, uint64_t timeout_ns)
{
    const uint64_t start = host_clock_ns();
    shmring_status status;

    host_catch_stop(NULL);
    while ((status = shmring_observer_open(&s->observer, s->name, NULL)) == SHMRING_E_NOT_FOUND &&
           !host_stop_requested() && host_clock_ns() - start < timeout_ns) {
        host_sleep_ns(ABSENT_NS);
    }
    return status == SHMRING_OK ? shmring_observer_seek(s->observer, from) : status;
}

static shmring_status open_consumer(struct source *s)
{
    shmring_status status = shmring_consumer_open(&s->consumer, s->name, NULL);

    if (status == SHMRING_OK) {
        to_interrupt = s->consumer;
        host_catch_stop(interrupt);
    }
    return status;
}

static int copies_records(const struct source *s)
{
    return s->observer != NULL || s->info.overflow == SHMRING_OVERWRITE;
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

int source_open(struct source *s, const char *name, enum source_kind kind, int from,
                uint64_t timeout_ns, int *ret_exit)
{
    shmring_status status;

    memset(s, 0, sizeof *s);
    s->name = name;
    s->kind = (uint32_t)kind;
    s->pause = PAUSE_MIN;
    status = kind == SOURCE_OBSERVER ? open_observer(s, from, timeout_ns) : open_consumer(s);
    if (status == SHMRING_OK) {
        status = shmring_inspect(name, &s->info);
    }
    if (status == SHMRING_OK && make_copies(s)) {
        s->looked_ns = host_clock_ns();
        return 1;
    }
    *ret_exit = status == SHMRING_E_NOT_FOUND && host_stop_requested() ? EXIT_OK
                : status != SHMRING_OK
                    ? say_status(status)
                    : say_failed("no memory for records of ring '%s'", short_name(name));
    source_close(s);
    return 0;
}

void source_close(struct source *s)
{
    host_catch_stop(NULL);
    shmring_consumer_close(s->consumer);
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
    uint32_t n;

    memset(ret_loss, 0, sizeof *ret_loss);
    if (copies_records(s)) {
        n = show_copies(s, ret, most, ret_loss);
        if (n > 0) {
            s->pause = PAUSE_MIN;
            s->gone = 0;
        }
        return n;
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

/* Nobody tells an observer of a death. */
static int sender_is_there(struct source *s)
{
    shmring_info now;
    shmring_status status = shmring_inspect(s->name, &now);

    if (status == SHMRING_E_NOT_FOUND) {
        return 0;
    }
    return status != SHMRING_OK || /* it cannot be told; the records go on */
           (memcmp(now.incarnation, s->info.incarnation, sizeof now.incarnation) == 0 &&
            (now.producer.alive || now.producer.state != SHMRING_ROLE_ATTACHED));
}

/* Gone at two looks, with nothing to show in between: that was the end. A sender that closed has
 * said so, and shmring_observe() with it. */
static shmring_status wait_observer(struct source *s, uint64_t timeout_ns)
{
    if (s->ended != SHMRING_OK) {
        return s->ended;
    }
    if (host_clock_ns() - s->looked_ns >= ALIVE_NS) {
        s->gone = sender_is_there(s) ? 0 : s->gone + 1;
        if (s->gone == 2) {
            return SHMRING_PEER_DEAD;
        }
        s->looked_ns = s->gone != 0 ? 0 : host_clock_ns();
    }
    host_sleep_ns(s->pause < timeout_ns ? s->pause : timeout_ns);
    s->pause = s->pause < PAUSE_MAX ? s->pause * 2 : PAUSE_MAX;
    return SHMRING_TIMEOUT;
}

shmring_status source_wait(struct source *s, uint64_t timeout_ns)
{
    shmring_status status;

    if (s->observer != NULL) {
        return wait_observer(s, timeout_ns);
    }
    if (s->ended < 0) {
        return s->ended;
    }
    s->ended = SHMRING_OK;
    status = shmring_wait_data(s->consumer, timeout_ns);
    return status == SHMRING_LAPPED ? SHMRING_OK : status;
}
