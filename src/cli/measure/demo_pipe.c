/* SPDX-License-Identifier: MIT */
/* demo_pipe.c - the same messages through a pipe or a Unix socket pair, to compare: one
 * write for each message, and reads that take as much as has come. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "measure/demo.h"

#define READ_SIZE (1u << 18)

static const char *kind_name(enum host_link_kind kind)
{
    return kind == HOST_PIPE ? "pipe" : "socket";
}

/* ---- stream ---- */

/* Checks the whole messages in the buffer. Returns how many bytes they were; SIZE_MAX when one is
 * out of order. */
static size_t check(const unsigned char *bytes, size_t n, uint32_t size, uint64_t *number)
{
    size_t at;

    for (at = 0; n - at >= size; at += size, ++*number) {
        if (!pair_number_is(bytes + at, size, *number)) {
            return SIZE_MAX;
        }
    }
    return at;
}

static int receive_all(struct host_link *link, const struct pair_phase *phase, const char *what,
                       struct pair_stream *ret)
{
    const size_t room = phase->size < READ_SIZE / 2 ? READ_SIZE : 2 * (size_t)phase->size;
    unsigned char *bytes = malloc(room);
    uint64_t number = 0;
    size_t kept = 0, done = 0;
    int64_t got = 0;

    while (bytes != NULL && !host_stop_requested() &&
           (got = host_link_read(link, bytes + kept, room - kept)) > 0) {
        kept += (size_t)got;
        done = check(bytes, kept, phase->size, &number);
        if (done == SIZE_MAX) {
            free(bytes);
            return pair_out_of_order(what, number);
        }
        kept -= done;
        memmove(bytes, bytes + done, kept);
        pair_stream_clock(ret, phase, number);
    }
    free(bytes);
    if (bytes == NULL || (got < 0 && !host_stop_requested())) {
        (void)say_failed("%s: %s", what, bytes == NULL ? "no memory" : host_error());
    }
    return bytes != NULL && got == 0 && kept == 0;
}

int demo_link_stream(const struct pair_phase *phase, enum host_link_kind kind,
                     struct pair_stream *ret)
{
    struct pair_partner partner = {0};
    struct host_link link;
    char text[HOST_TEXT_SIZE];
    int ok;

    if (!host_link_make(&link, kind)) {
        (void)say_failed("%s: %s", kind_name(kind), host_error());
        return 0;
    }
    partner.link = &link;
    host_link_text(&link, text);
    ok = pair_partner_start(&partner, phase, text);
    if (ok) {
        ok = pair_partner_end(&partner, receive_all(&link, phase, kind_name(kind), ret));
    }
    host_link_close(&link);
    return ok;
}

int demo_link_stream_partner(const struct pair_phase *phase, const char *text)
{
    const uint64_t end = host_clock_ns() + phase->budget_ns;
    unsigned char *message = calloc(1, phase->size);
    struct host_link link;
    const uint64_t least = PAIR_LOOKS_MIN * (uint64_t)pair_clock_every(phase->size);
    uint64_t number;
    int ok = message != NULL && host_link_adopt(&link, text);

    /* A look at the clock for 64 writes: a write costs 20 looks and more. */
    for (number = 0; ok && (number < least || (number & 63) != 0 || host_clock_ns() < end);
         number++) {
        pair_number_put(message, phase->size, number);
        ok = host_link_write(&link, message, phase->size);
    }
    free(message);
    return ok ? EXIT_OK : EXIT_FAILED; /* why: the measuring side has ended, and tells */
}

/* ---- there and back ---- */

static int read_whole(struct host_link *link, unsigned char *message, uint32_t size)
{
    uint32_t at = 0;
    int64_t got;

    while (at < size) {
        got = host_link_read(link, message + at, size - at);
        if (got <= 0) {
            return 0;
        }
        at += (uint32_t)got;
    }
    return 1;
}

static int measure_trips(struct host_link *link, const struct pair_phase *phase, const char *what,
                         struct histogram *ret)
{
    const uint64_t begin = host_clock_ns(), warm = begin + phase->budget_ns / 10;
    const uint64_t end = begin + phase->budget_ns;
    unsigned char *message = calloc(1, phase->size);
    uint64_t number = 0, before, now = begin;
    int ok = message != NULL;

    while (ok && !host_stop_requested() && (now < end || ret->count == 0)) {
        before = now;
        pair_number_put(message, phase->size, number);
        ok = host_link_write(link, message, phase->size) && read_whole(link, message, phase->size);
        now = host_clock_ns();
        if (ok && !pair_number_is(message, phase->size, number)) {
            ok = pair_out_of_order(what, number);
        }
        if (ok && before >= warm) {
            histogram_add(ret, now - before);
        }
        number++;
    }
    free(message);
    return ok;
}

int demo_link_trip(const struct pair_phase *phase, enum host_link_kind kind, struct histogram *ret)
{
    struct pair_partner partner = {0};
    struct host_link link;
    char text[HOST_TEXT_SIZE];
    int ok;

    if (!host_link_make(&link, kind)) {
        (void)say_failed("%s: %s", kind_name(kind), host_error());
        return 0;
    }
    partner.link = &link;
    host_link_text(&link, text);
    ok = pair_partner_start(&partner, phase, text);
    if (ok) {
        ok = measure_trips(&link, phase, kind_name(kind), ret);
        host_link_finish(&link); /* the partner reads to the end and goes */
        ok = pair_partner_end(&partner, ok);
    }
    host_link_close(&link);
    return ok;
}

int demo_link_trip_partner(const struct pair_phase *phase, const char *text)
{
    unsigned char *message = malloc(phase->size);
    struct host_link link;
    int ok = message != NULL && host_link_adopt(&link, text);

    while (ok && read_whole(&link, message, phase->size)) {
        ok = host_link_write(&link, message, phase->size);
    }
    free(message);
    return ok ? EXIT_OK : EXIT_FAILED;
}
