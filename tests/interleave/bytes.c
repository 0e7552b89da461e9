/* SPDX-License-Identifier: MIT */
/* bytes.c - both sides of a byte ring: each byte follows from its position. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rings.h"

uint64_t bytes_sent;

static unsigned char byte_at(uint64_t position)
{
    return (unsigned char)(position * UINT64_C(0x9E3779B97F4A7C15) >> 56);
}

static void bytes_make(unsigned char *to, uint64_t position, uint64_t n)
{
    uint64_t i;

    for (i = 0; i < n; i++) {
        to[i] = byte_at(position + i);
    }
}

void bytes_check(const unsigned char *at, uint64_t position, uint64_t n)
{
    uint64_t i;

    for (i = 0; i < n; i++) {
        if (at[i] != byte_at(position + i)) {
            found("the byte at %" PRIu64 " is %" PRIu64 " and should be %" PRIu64, position + i,
                  at[i], byte_at(position + i));
        }
    }
}

static uint64_t some_length(const struct ring *r)
{
    switch (r->size_kind) {
    case 0:
        return chance(9);
    case 1:
    case 2:
        return chance(300);
    case 3:
        return r->f.capacity - chance(9);
    default:
        return chance((uint32_t)r->f.capacity + 100);
    }
}

static uint64_t some_time(const struct ring *r)
{
    return 1 + (one_in(2) || r->f.spin_ns == UINT32_MAX ? chance(20000) : chance(300000000));
}

/* ---- the producer ---- */

static void published(struct ring *r, uint64_t n)
{
    r->next_position += n;
    r->committed_position = r->possible_position = r->next_position;
    bytes_sent += n;
}

static void must_take(uint64_t taken, uint64_t wanted, uint64_t room)
{
    if (taken > wanted || (taken < wanted && taken < room)) {
        found("%" PRIu64 " bytes were taken of %" PRIu64 " and %" PRIu64 " were free", taken,
              wanted, room);
    }
}

static void try_write(struct ring *r)
{
    const uint64_t room = bytes_free(r);
    uint64_t n = some_length(r), done;

    bytes_make(r->to_send, r->next_position, n);
    r->possible_position = r->next_position + n;
    r->takes_less = 1;
    done = shmring_try_write(r->p, r->to_send, n);
    r->takes_less = 0;
    trace("try_write of %" PRIu64 " bytes at %" PRIu64 " is %" PRIu64, n, r->next_position, done,
          0);
    must_take(done, n, room);
    published(r, done);
    r->full_need = 0;
    if (done < n && r->p_fd >= 0) {
        r->full_need = n - done < r->f.capacity / 8 ? n - done : r->f.capacity / 8;
    }
}

static void write_in_place(struct ring *r)
{
    const uint64_t before = bytes_free(r);
    uint64_t n = some_length(r), room, half;
    void *to = NULL;

    room = shmring_write_span(r->p, &to);
    trace("write_span at %" PRIu64 " is %" PRIu64, r->next_position, room, 0, 0);
    if (before != 0 && room == 0) {
        found("no byte of %" PRIu64 " is shown as free", before, 0, 0);
    }
    r->full_need = room == 0 && r->p_fd >= 0 ? 1 : 0;
    n = n < room ? n : room;
    if (n == 0) {
        return;
    }
    half = n / 2;
    bytes_make(to, r->next_position, half);
    let_others_act(chance(3));
    bytes_make((unsigned char *)to + half, r->next_position + half, n - half);
    r->possible_position = r->next_position + n;
    (void)shmring_write_advance(r->p, n);
    published(r, n);
}

static void wait_space(struct ring *r)
{
    const struct before b = before_call(r, &r->c_life);
    const uint64_t room = bytes_free(r), timeout_ns = one_in(2) ? 0 : some_time(r);
    uint64_t n = some_length(r);
    shmring_status s;

    n = n <= r->f.capacity ? n : r->f.capacity;
    r->sleep_need = n;
    s = shmring_wait_space(r->p, (uint32_t)n, timeout_ns);
    r->sleep_need = 0;
    r->full_need = 0;
    trace("wait_space of %" PRIu64 " bytes for %" PRIu64 " ns is %" PRId64, n, timeout_ns,
          (uint64_t)(int64_t)s, 0);
    if (s != SHMRING_OK) {
        if (room >= n) {
            found("a wait for %" PRIu64 " bytes answered %" PRId64 " and %" PRIu64 " were free", n,
                  (uint64_t)(int64_t)s, room);
        }
        check_no_room(r, &b, s, timeout_ns != 0);
        r->full_need = s == SHMRING_FULL && r->p_fd >= 0 ? n : 0;
        return;
    }
    bytes_make(r->to_send, r->next_position, n);
    r->possible_position = r->next_position + n;
    if (shmring_try_write(r->p, r->to_send, n) != n) {
        found("there was space for %" PRIu64 " bytes and they were not taken", n, 0, 0);
    }
    published(r, n);
}

void act_as_byte_producer(struct actor *a)
{
    struct ring *r = a->who;
    const uint32_t k = chance(1000);

    if (r->p == NULL) {
        if (one_in(4) && !somebody_is_in_admin()) {
            open_producer(r);
        }
    } else if (k < 450) {
        try_write(r);
    } else if (k < 850) {
        write_in_place(r);
    } else if (k < 950) {
        wait_space(r);
    } else if (k < 970) {
        shmring_producer_relax(r->p);
    } else if (k < 985 && r->f.restarts && !somebody_is_in_admin()) {
        close_producer(r);
    } else if (k < 993 && r->f.deaths) {
        die_at_rest(a);
    }
}

/* ---- the consumer ---- */

static void check_possible(const struct ring *r, uint64_t n)
{
    const uint64_t there = r->possible_position - r->cursor;

    if (n > there) {
        found("%" PRIu64 " bytes were read and %" PRIu64 " can be there", n, there, 0);
    }
}

static void released(struct ring *r, uint64_t n)
{
    r->cursor += n;
    r->may_release = 0;
}

static void try_read(struct ring *r)
{
    const uint64_t there = bytes_unread(r), n = some_length(r);
    uint64_t done;

    r->may_release = n;
    done = shmring_try_read(r->c, r->received_in, n);
    trace("try_read of %" PRIu64 " bytes at %" PRIu64 " is %" PRIu64, n, r->cursor, done, 0);
    must_take(done, n, there);
    check_possible(r, done);
    bytes_check(r->received_in, r->cursor, done);
    released(r, done);
}

static void read_in_place(struct ring *r)
{
    const uint64_t there = bytes_unread(r);
    const void *from = NULL;
    uint64_t n = some_length(r), shown = shmring_read_span(r->c, &from);

    trace("read_span at %" PRIu64 " is %" PRIu64, r->cursor, shown, 0, 0);
    if (there != 0 && shown == 0) {
        found("no byte of %" PRIu64 " is shown", there, 0, 0);
    }
    check_possible(r, shown);
    bytes_check(from, r->cursor, shown);
    let_others_act(chance(4));
    bytes_check(from, r->cursor, shown);
    n = one_in(3) || n > shown ? shown : n;
    r->may_release = n;
    (void)shmring_read_advance(r->c, n);
    released(r, n);
}

static void wait_for_data(struct ring *r)
{
    const struct before b = before_call(r, &r->p_life);
    const uint64_t timeout_ns = one_in(2) ? 0 : some_time(r);
    const shmring_status s = shmring_wait_data(r->c, timeout_ns);

    trace("wait_data for %" PRIu64 " ns is %" PRId64, timeout_ns, (uint64_t)(int64_t)s, 0, 0);
    if (s != SHMRING_OK) {
        check_nothing_to_read(r, &b, s, timeout_ns != 0);
    } else if (r->cursor == r->possible_position) {
        found("there is said to be a byte and there is none", 0, 0, 0);
    }
}

void consume_bytes(struct actor *a, struct ring *r)
{
    const uint32_t k = chance(1000);

    if (r->c == NULL) {
        if (one_in(4) && !somebody_is_in_admin()) {
            open_consumer(r);
        }
    } else if (k < 450) {
        try_read(r);
    } else if (k < 850) {
        read_in_place(r);
    } else if (k < 950) {
        wait_for_data(r);
    } else if (k < 955) {
        ring_verify(r);
    } else if (k < 970) {
        shmring_consumer_relax(r->c);
    } else if (k < 985 && r->f.restarts && !somebody_is_in_admin()) {
        close_consumer(r);
    } else if (k < 993 && r->f.deaths) {
        die_at_rest(a);
    }
}

void act_as_byte_consumer(struct actor *a)
{
    consume_bytes(a, a->who);
}
