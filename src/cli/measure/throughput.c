/* SPDX-License-Identifier: MIT */
/* throughput.c - sending and reading as fast as it goes, one record or a batch at a
 * time. */
#include "measure/throughput.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- messages ---- */

/* The bytes of a message begin at another word of the pattern in each of so many messages in a row.
 * A prime, so that a ring's lap is hardly ever a multiple of it. */
#define WINDOWS 61u

static uint64_t pattern_word(uint64_t i)
{
    return (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

/* All windows for messages of that size; NULL after a sentence. The caller frees it. */
static unsigned char *make_pattern(uint32_t size)
{
    const uint64_t words = WINDOWS + ((uint64_t)size + 7) / 8;
    unsigned char *pattern = malloc((size_t)words * sizeof words);
    uint64_t i, word;

    if (pattern == NULL) {
        (void)say_failed("no memory for a message of %" PRIu32 " bytes", size);
        return NULL;
    }
    for (i = 0; i < words; i++) {
        word = pattern_word(i);
        memcpy(pattern + i * sizeof word, &word, sizeof word);
    }
    return pattern;
}

/* Where message `number` begins in the pattern, in words. Nothing follows the number of a short
 * one. */
SHMRING_ALWAYS uint64_t window_of(uint32_t size, uint64_t number)
{
    return size > sizeof number ? number % WINDOWS : 0;
}

SHMRING_ALWAYS uint64_t word_at(const unsigned char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Checks every byte of message `number`: its number, and behind it the bytes of its window.
 * Differences are gathered without a branch, so that the compiler can compare many at once. */
SHMRING_ALWAYS int is_message(const shmring_record *record, uint32_t size, uint64_t number,
                              const unsigned char *pattern)
{
    const unsigned char *data = record->data,
                        *like = pattern + window_of(size, number) * sizeof number;
    uint64_t different = 0;
    uint32_t i = sizeof number;

    if (record->len != size || !pair_number_is(data, size, number)) {
        return 0;
    }
    for (; i + sizeof different <= size; i += (uint32_t)sizeof different) {
        different |= word_at(data + i) ^ word_at(like + i);
    }
    for (; i < size; i++) {
        different |= (uint64_t)(data[i] ^ like[i]);
    }
    return different == 0;
}

/* ---- the sender ---- */

/* A message was refused, mostly by a full ring: polls, then sleeps. FLOOD_DONE: try again. */
static enum flood_end wait_space(shmring_producer *p, shmring_status status, uint32_t size,
                                 uint32_t *full, uint32_t polls)
{
    if (status == SHMRING_FULL && ++*full <= polls) {
        shmring_producer_relax(p);
        return FLOOD_DONE;
    }
    *full = 0;
    if (status == SHMRING_FULL) {
        status = shmring_wait_space(p, size, PAIR_SLICE_NS);
    }
    if (host_stop_requested()) {
        return FLOOD_STOPPED;
    }
    if (status < 0) {
        (void)say_status(status);
        return FLOOD_FAILED;
    }
    return status == SHMRING_OK || status == SHMRING_TIMEOUT ? FLOOD_DONE : FLOOD_GONE;
}

/* In-line, so that the copy of a usual size is a few moves: what a program would write that knows
 * its message. */
SHMRING_ALWAYS enum flood_end send_all(shmring_producer *p, const struct pair_phase *phase,
                                       uint32_t size, unsigned char *pattern, struct pair_stream *s)
{
    const uint64_t end_ns = host_clock_ns() + phase->budget_ns;
    const uint32_t every = pair_clock_every(size), batch = phase->batch;
    uint64_t number = 0, look_at = every, word;
    uint32_t full = 0, staged = 0;
    unsigned char *message;
    enum flood_end end;
    shmring_status status;

    for (;;) {
        message = pattern + window_of(size, number) * sizeof number;
        pair_number_put(message, size, number);
        pair_use(message);
        status =
            batch == 1 ? shmring_try_send(p, message, size, 0) : shmring_stage(p, message, size, 0);
        if (SHMRING_LIKELY(status == SHMRING_OK)) {
            if (size > sizeof word) { /* the pattern again, where the number was */
                word = pattern_word(window_of(size, number));
                memcpy(message, &word, sizeof word);
            }
            number++;
            full = 0;
            if (++staged >= batch) {
                shmring_publish(p);
                staged = 0;
            }
        } else {
            shmring_publish(p); /* a batch larger than the ring goes in parts */
            staged = 0;
            end = wait_space(p, status, size, &full, phase->place.polls);
            if (end != FLOOD_DONE) {
                s->messages = number;
                return end;
            }
        }
        if (number >= look_at && staged == 0) {
            look_at = number + every;
            pair_stream_clock(s, phase, number);
            if (host_stop_requested()) {
                return FLOOD_STOPPED;
            }
            if (number >= (uint64_t)every * PAIR_LOOKS_MIN && host_clock_ns() >= end_ns) {
                return FLOOD_DONE;
            }
        }
    }
}

enum flood_end flood_send(shmring_producer *p, const struct pair_phase *phase,
                          struct pair_stream *ret)
{
    unsigned char *pattern = make_pattern(phase->size);
    enum flood_end end;

    if (pattern == NULL) {
        return FLOOD_FAILED;
    }
    switch (phase->size) {
    case 8:
        end = send_all(p, phase, 8, pattern, ret);
        break;
    case 64:
        end = send_all(p, phase, 64, pattern, ret);
        break;
    case 256:
        end = send_all(p, phase, 256, pattern, ret);
        break;
    default:
        end = send_all(p, phase, phase->size, pattern, ret);
    }
    free(pattern);
    return end;
}

/* ---- the reader ---- */

/* Nothing is there: polls, then sleeps. FLOOD_GONE and FLOOD_DONE end it; *again: look again. */
static enum flood_end wait_data(shmring_consumer *c, uint32_t *empty, uint32_t polls,
                                struct host_child *child, int *again)
{
    shmring_status status;

    *again = 1;
    if (++*empty <= polls) {
        shmring_consumer_relax(c);
        return FLOOD_DONE;
    }
    *empty = 0;
    status = shmring_wait_data(c, PAIR_SLICE_NS);
    if (host_stop_requested()) {
        *again = 0;
        return FLOOD_STOPPED;
    }
    if (status == SHMRING_OK || status == SHMRING_EMPTY) {
        return FLOOD_DONE;
    }
    *again = status == SHMRING_TIMEOUT && (child == NULL || host_child_runs(child));
    if (status < 0) {
        (void)say_status(status);
        return FLOOD_FAILED;
    }
    return status == SHMRING_CLOSED ? FLOOD_DONE : FLOOD_GONE;
}

SHMRING_ALWAYS uint32_t look(shmring_consumer *c, shmring_record *records, uint32_t batch)
{
    if (batch == 1) {
        return shmring_peek(c, records) == SHMRING_OK ? 1 : 0;
    }
    return shmring_peek_many(c, records, batch);
}

struct reading {
    shmring_consumer *c;
    const struct pair_phase *phase;
    const char *what;
    struct host_child *child;
    const unsigned char *pattern;
    struct pair_stream *stream;
};

SHMRING_ALWAYS enum flood_end read_all(const struct reading *r, uint32_t size, uint64_t first)
{
    const uint32_t every = pair_clock_every(size);
    shmring_record records[SHMRING_PEEK_MAX];
    uint64_t count = 0, look_at = 1;
    uint32_t i, n, empty = 0;
    enum flood_end end;
    int again;

    for (;;) {
        n = look(r->c, records, r->phase->batch);
        if (n == 0) {
            end = wait_data(r->c, &empty, r->phase->place.polls, r->child, &again);
            if (!again) {
                r->stream->messages = count;
                return end;
            }
            continue;
        }
        for (i = 0; i < n; i++) {
            if (SHMRING_UNLIKELY(!is_message(&records[i], size, first + count + i, r->pattern))) {
                (void)say_failed("ring '%s': message %" PRIu64 " is not the one that flood sends "
                                 "in its place",
                                 r->what, first + count + i);
                return FLOOD_FAILED;
            }
        }
        if (r->phase->batch == 1) {
            shmring_release(r->c);
        } else {
            shmring_release_many(r->c, n);
        }
        count += n;
        empty = 0;
        if (count >= look_at) {
            look_at = count + every;
            pair_stream_clock(r->stream, r->phase, count);
            if (host_stop_requested()) {
                return FLOOD_STOPPED;
            }
        }
    }
}

enum flood_end flood_drain(shmring_consumer *c, const struct pair_phase *phase, uint64_t first,
                           const char *what, struct host_child *child, struct pair_stream *ret)
{
    unsigned char *pattern = make_pattern(phase->size);
    const struct reading r = {c, phase, what, child, pattern, ret};
    enum flood_end end;

    if (pattern == NULL) {
        return FLOOD_FAILED;
    }
    switch (phase->size) {
    case 8:
        end = read_all(&r, 8, first);
        break;
    case 64:
        end = read_all(&r, 64, first);
        break;
    case 256:
        end = read_all(&r, 256, first);
        break;
    default:
        end = read_all(&r, phase->size, first);
    }
    free(pattern);
    return end;
}
