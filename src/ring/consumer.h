/* SPDX-License-Identifier: MIT */
/* consumer.h - what the files of the consumer's slow half share: consumer.c, consumer_overwrite.c,
 * consumer_stamped.c. */
#ifndef SHMRING_SRC_ENDPOINT_CONSUMER_H
#define SHMRING_SRC_ENDPOINT_CONSUMER_H

#include <shmring/detail/ring.h>

/* Is there a record, or are `need` bytes there? OK, EMPTY, or an error; nothing else follows from
 * it, in any ring. A record that was overwritten is OK: the receiving call reports that. */
shmring_status shmr_look(shmring_consumer *c, uint64_t need);

/* Nothing was there: CLOSED if the producer closed and still nothing is there, which counts as
 * reported; else EMPTY, or an error. */
shmring_status shmr_ended(shmring_consumer *c, uint64_t need);

/* Whether a producer has put another ring in the place of this one, which no producer had held; and
 * the handle's move there. OK, or as an open answers. endpoint/replace.c. */
int shmr_consumer_is_replaced(const shmring_consumer *c);
shmring_status shmr_consumer_move(shmring_consumer *c);

/* Counts a record with GAP that is shown for the first time. */
void shmr_count_gap(shmring_consumer *c, uint64_t position);

/* Receives a record, or answers EMPTY and no more: what follows is the caller's. */
shmring_status shmr_receive(shmring_consumer *c, void *buf, uint32_t size, shmring_record *ret);

/* The same for one kind of ring each: consumer_stamped.c; consumer_overwrite.c. */
shmring_status shmr_receive_stamped(shmring_consumer *c, void *buf, uint32_t size,
                                    shmring_record *ret);
shmring_status shmr_receive_overwrite(shmring_consumer *c, void *buf, uint32_t size,
                                      shmring_record *ret);
shmring_status shmr_look_overwrite(shmring_consumer *c);

#endif
