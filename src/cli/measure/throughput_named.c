/* SPDX-License-Identifier: MIT */
/* throughput_named.c - flood on a ring that has a name: its sender, or its reader. */
#include <inttypes.h>

#include "measure/throughput.h"

#define LOOK_NS UINT64_C(10000000)

/* ---- the sender ---- */

/* Looks before it opens: a refused sender that had opened the ring and closed it again would tell
 * its reader that the stream has ended. */
static int fits(const char *name, const shmring_info *info, uint32_t size)
{
    if (info->framing == SHMRING_BYTES) {
        (void)say_failed("ring '%s' has byte framing: it holds no records", short_name(name));
        return 0;
    }
    if (size > info->max_record) {
        (void)say_failed("a message of %" PRIu32 " bytes is too large for ring '%s', whose records "
                         "have at most %" PRIu32,
                         size, short_name(name), info->max_record);
        return 0;
    }
    return 1;
}

/* Returns 1 when a reader is there, 0 when a stop was asked for or after a sentence. */
static int wait_reader(const char *name)
{
    shmring_info info;
    shmring_status status;
    int said = 0;

    while (!host_stop_requested()) {
        status = shmring_inspect(name, &info);
        if (status != SHMRING_OK) {
            (void)say_status(status);
            return 0;
        }
        if (info.consumer.alive) {
            return 1;
        }
        if (!said) {
            say_notice("waiting for a reader of ring '%s': `shmring flood --drain %s`, or recv",
                       short_name(name), short_name(name));
            said = 1;
        }
        host_sleep_ns(LOOK_NS);
    }
    (void)say_failed("flood was stopped before anybody read ring '%s'", short_name(name));
    return 0;
}

static int reader_gone(const char *name, uint64_t messages)
{
    return say_failed("the reader of ring '%s' is gone; %" PRIu64 " messages were sent, and what "
                      "it had not read is still there",
                      short_name(name), messages);
}

/* Everything is sent: has it been read, too? */
static int wait_until_read(const char *name, const struct pair_stream *s)
{
    shmring_info info;
    shmring_status status;

    for (;;) {
        status = shmring_inspect(name, &info);
        if (status != SHMRING_OK) {
            return say_status(status);
        }
        if (info.used == 0) {
            return EXIT_OK;
        }
        if (!info.consumer.alive) {
            return reader_gone(name, s->messages);
        }
        if (host_stop_requested()) {
            return EXIT_OK; /* a living reader reads to the end */
        }
        host_sleep_ns(LOOK_NS / 10);
    }
}

int flood_into(const char *name, const struct pair_phase *phase, const shmring_options *opt,
               struct pair_stream *ret)
{
    shmring_producer *p = NULL;
    shmring_info info;
    shmring_status status;
    int exit_status = EXIT_FAILED;

    if (shmring_inspect(name, &info) == SHMRING_OK && info.alive &&
        !fits(name, &info, phase->size)) {
        return EXIT_FAILED;
    }
    status = ring_open_producer(&p, name, opt);
    if (status == SHMRING_OK) {
        status = shmring_inspect(name, &info);
    }
    if (status != SHMRING_OK) {
        exit_status = say_status(status);
    } else if (fits(name, &info, phase->size) && wait_reader(name)) {
        pair_tell(name);
        switch (flood_send(p, phase, ret)) {
        case FLOOD_DONE:
        case FLOOD_STOPPED:
            exit_status = wait_until_read(name, ret);
            break;
        case FLOOD_GONE:
            exit_status = reader_gone(name, ret->messages);
            break;
        case FLOOD_FAILED:
            break;
        }
        pair_tell(NULL);
    }
    ring_close_producer(p);
    return exit_status;
}

/* ---- the reader ---- */

/* Waits for the first message, which says how long they are and where they begin. EXIT_OK, or the
 * exit status after a sentence. */
static int first_message(shmring_consumer *c, const char *name, uint32_t *ret_size,
                         uint64_t *ret_number)
{
    shmring_record record;
    shmring_status status;
    uint64_t waiting_ns = 0;

    while ((status = shmring_peek(c, &record)) != SHMRING_OK) {
        if (status == SHMRING_EMPTY) {
            status = shmring_wait_data(c, PAIR_SLICE_NS);
        }
        ring_say_waiting(&waiting_ns, "a sender of ring", name);
        if (host_stop_requested()) {
            return say_failed("flood was stopped before anything came through ring '%s'",
                              short_name(name));
        }
        if (status < 0) {
            return say_status(status);
        }
        if (status == SHMRING_CLOSED || status == SHMRING_PEER_DEAD) {
            return say_failed("the sender of ring '%s' %s before it had sent anything",
                              short_name(name), status == SHMRING_CLOSED ? "closed" : "died");
        }
    }
    *ret_size = record.len;
    *ret_number = 0;
    memcpy(ret_number, record.data,
           record.len < sizeof *ret_number ? record.len : sizeof *ret_number);
    return EXIT_OK;
}

static int drain(shmring_consumer *c, const char *name, struct pair_phase *phase,
                 struct pair_stream *ret)
{
    uint64_t first;
    int status = first_message(c, name, &phase->size, &first);

    if (status != EXIT_OK) {
        return status;
    }
    if (phase->size == 0) {
        return say_failed("ring '%s': an empty message is not one that flood sends",
                          short_name(name));
    }
    switch (flood_drain(c, phase, first, short_name(name), NULL, ret)) {
    case FLOOD_DONE:
    case FLOOD_STOPPED:
        return EXIT_OK;
    case FLOOD_GONE:
        return say_failed("the sender of ring '%s' died; the %" PRIu64 " messages that came were "
                          "all in their place",
                          short_name(name), ret->messages);
    case FLOOD_FAILED:
        break;
    }
    return EXIT_FAILED;
}

int flood_out_of(const char *name, struct pair_phase *phase, const shmring_options *opt,
                 struct pair_stream *ret)
{
    shmring_consumer *c = NULL;
    shmring_info info;
    shmring_status status = ring_open_consumer(&c, name, opt);
    int exit_status = EXIT_FAILED;

    if (status == SHMRING_OK) {
        status = shmring_inspect(name, &info);
    }
    if (status != SHMRING_OK) {
        exit_status = say_status(status);
    } else if (fits(name, &info, 0)) {
        exit_status = drain(c, name, phase, ret);
    }
    ring_close_consumer(c);
    return exit_status;
}
