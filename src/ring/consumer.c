/* SPDX-License-Identifier: MIT */
/* consumer.c - the slow half of each call that receives: stamped rings, rings whose producer does
 * not wait, refused handles, and the end. */
#include <shmring/shmring.h>

#include "ring/consumer.h"
#include "ring/clock.h"

shmring_status shmr_look(shmring_consumer *c, uint64_t need)
{
    const unsigned char *base = c->data != NULL ? c->data : c->stamped;
    shmring_record record;

    if (c->shared != NULL) {
        return shmr_look_overwrite(c);
    }
    return base != NULL ? shmring_look_(c, base, c->cursor, &record) : shmring_byte_look_(c, need);
}

/* The producer's last stores come before its state (edge E): what is not there after this acquire
 * will not come from it. */
shmring_status shmr_ended(shmring_consumer *c, uint64_t need)
{
    const uint64_t epoch = shmring_load_acquire(&c->peer->role.epoch);
    shmring_status status;

    if (shmring_load_acquire(&c->peer->role.state) != SHMRING_ROLE_CLOSED ||
        epoch == c->ignored_epoch) {
        return SHMRING_EMPTY;
    }
    status = shmr_look(c, need);
    if (status != SHMRING_EMPTY) {
        return status == SHMRING_OK ? SHMRING_EMPTY : status; /* the next call finds it */
    }
    if (SHMRING_UNLIKELY(shmr_consumer_is_replaced(c))) {
        status = shmr_consumer_move(c);
        return status == SHMRING_OK ? SHMRING_EMPTY : status;
    }
    shmring_store_relaxed(&c->page->role.ended_epoch, epoch);
    return SHMRING_CLOSED;
}

/* ---- what a look needs now and then ---- */

void shmring_new_size_(shmring_consumer *c, uint32_t len)
{
    c->last_len = len;
    c->last_size = shmring_record_size(c->record_header, len);
    c->rest =
        c->last_size > 128 && c->last_size <= SHMRING_FETCH_REST_TO ? (uint32_t)c->last_size : 0;
}

void shmr_count_gap(shmring_consumer *c, uint64_t position)
{
    if (c->gap_at - position - 1 >= c->capacity) { /* else it was shown before and not released */
        c->gap_at = position + 1;
        c->gaps++;
        shmring_store_relaxed(&c->page->gaps, c->gaps);
    }
}

shmring_status shmring_check_word_(shmring_consumer *c, uint64_t position, uint64_t word)
{
    if ((word & (SHMRING_WORD_COMMITTED | SHMRING_WORD_RESERVED)) != SHMRING_WORD_COMMITTED ||
        (word & SHMRING_WORD_LENGTH) > c->max_record) {
        return shmring_consumer_refuse_(c, SHMRING_E_CORRUPT, word);
    }
    shmr_count_gap(c, position);
    return SHMRING_OK;
}

/* ---- receiving ---- */

shmring_status shmr_receive(shmring_consumer *c, void *buf, uint32_t size, shmring_record *ret)
{
    if (c->data != NULL) {
        return shmring_take_(c, buf, size, ret);
    }
    if (c->stamped != NULL) {
        return shmr_receive_stamped(c, buf, size, ret);
    }
    if (c->shared != NULL) {
        return shmr_receive_overwrite(c, buf, size, ret);
    }
    return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
}

shmring_status shmring_try_recv_slow_(shmring_consumer *c, void *buf, uint32_t size,
                                      shmring_record *ret)
{
    shmring_status status = c == NULL ? shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0)
                                      : shmr_receive(c, buf, size, ret);

    return status == SHMRING_EMPTY ? shmring_on_empty_(c) : status;
}

shmring_status shmring_read_advance_slow_(shmring_consumer *c, uint64_t n)
{
    return shmring_consumer_refuse_(c, SHMRING_E_INVALID, n);
}

uint64_t shmring_read_some_(shmring_consumer *c, void *buf, uint64_t n)
{
    return shmring_read_all_(c, buf, n);
}
