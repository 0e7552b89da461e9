/* SPDX-License-Identifier: MIT */
/* consumer_stamped.c - receiving from a stamped ring: the same steps as in-line, and then the
 * stamps. Out of line, so that a ring without stamps pays nothing for them: the handle's gate,
 * `data`, is NULL. */
#include <shmring/shmring.h>

#include "ring/consumer.h"
#include "ring/clock.h"

/* As the ring has it, before the payload; its word was seen (edge C). */
static uint64_t stamp_of(const shmring_record *r)
{
    return shmring_load_relaxed(
        shmring_word_at_const((const unsigned char *)r->data - SHMRING_STAMP_SIZE));
}

static int is_stamped(const shmring_consumer *c)
{
    return c != NULL && c->stamped != NULL;
}

shmring_status shmr_receive_stamped(shmring_consumer *c, void *buf, uint32_t size,
                                    shmring_record *ret)
{
    shmring_record record;
    shmring_status status = shmring_look_(c, c->stamped, c->cursor, &record);
    const int fits = status == SHMRING_OK && record.len <= size;

    if (status != SHMRING_OK) {
        return status;
    }
    record.stamp = stamp_of(&record);
    shmring_take_stamps(c, &record, 1);
    if (fits) {
        shmring_copy_(buf, record.data, record.len, c->by_string);
    }
    record.data = fits ? buf : NULL;
    if (ret != NULL) {
        *ret = record;
    }
    if (!fits) {
        return shmring_consumer_refuse_(c, SHMRING_E_TOO_BIG, record.len);
    }
    shmring_advance_(c, shmring_predict_size_(c, record.len), 1);
    return SHMRING_OK;
}

shmring_status shmring_peek_slow_(shmring_consumer *c, shmring_record *ret)
{
    shmring_record record;
    shmring_status status;

    if (!is_stamped(c)) {
        return shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
    }
    status = shmring_show_(c, c->stamped, &record);
    if (status != SHMRING_OK) {
        return status == SHMRING_EMPTY ? shmring_on_empty_(c) : status;
    }
    record.stamp = stamp_of(&record);
    shmring_take_stamps(c, &record, 1);
    *ret = record;
    return SHMRING_OK;
}

uint32_t shmring_peek_many_slow_(shmring_consumer *c, shmring_record *ret, uint32_t max)
{
    uint32_t i, n;

    if (!is_stamped(c)) {
        (void)shmring_consumer_refuse_(c, SHMRING_E_INVALID, 0);
        return 0;
    }
    n = shmring_show_many_(c, c->stamped, ret, max);
    for (i = 0; i < n; i++) {
        ret[i].stamp = stamp_of(&ret[i]);
    }
    if (n != 0) {
        shmring_take_stamps(c, ret, n);
    }
    return n;
}
