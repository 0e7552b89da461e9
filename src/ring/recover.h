/* SPDX-License-Identifier: MIT */
/* recover.h - where a new holder of a role goes on. Edge E: called with the role's lock held, so
 * that the last owner's stores are over. */
#ifndef SHMRING_SRC_RING_RECOVER_H
#define SHMRING_SRC_RING_RECOVER_H

#include <shmring/detail/handle.h>

#include "segment/segment.h"

/* Sets tail, head, limit and records of a producer: from the shared tail forward over records that
 * the last producer released and did not live to count. OK, E_CORRUPT. */
shmring_status shmring_recover_producer(shmring_producer *p);

/* Sets cursor, head and records of a consumer: the exact place where the last one stopped.
 * OK, E_CORRUPT. */
shmring_status shmring_recover_consumer(shmring_consumer *c);

#endif
