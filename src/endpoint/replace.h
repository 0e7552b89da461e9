/* SPDX-License-Identifier: MIT */
/* replace.h - the ring of a receiver that came first gives way to the sender's. */
#ifndef SHMRING_SRC_ENDPOINT_REPLACE_H
#define SHMRING_SRC_ENDPOINT_REPLACE_H

#include <shmring/detail/handle.h>

#include "segment/segment.h"

/* After an open of the producer's role that answered E_MISMATCH: if the ring yields what differs,
 * puts one of these options in its place, and opens that. Else answers as the open did, or as one
 * does that comes now. */
shmring_status shmr_replace(const struct shmring_name *name, const shmring_options *opt,
                            struct shmring_attachment **ret);

/* Makes the handle that of an open segment with the consumer's role, and shows itself there. OK;
 * E_CORRUPT, and then the handle has no meaning. */
shmring_status shmr_consumer_enter(shmring_consumer *c, struct shmring_attachment *a,
                                   const shmring_options *opt);

#endif
