/* SPDX-License-Identifier: MIT */
/* role.h - what a role's holder says of itself, and what can be known of the other side. */
#ifndef SHMRING_SRC_SEGMENT_ROLE_H
#define SHMRING_SRC_SEGMENT_ROLE_H

#include <shmring/detail/layout.h>
#include <shmring/peer.h>

#include "segment/segment.h"

/* Writes who we are into our role block, raises the epoch and shows ATTACHED. capability:
 * SHMRING_CAP_... start_time: of this process, 0 where it may not be asked for. Ends with a full
 * barrier: a sleeper that saw no owner before our claim has its bell visible to our first
 * publication (edge F). */
void shmring_role_enter(struct shmring_role_block *ours, uint64_t capability, uint64_t start_time);

/* Shows CLOSED, after everything that we published (edge E). */
void shmring_role_leave(struct shmring_role_block *ours);

/* Asks the kernel and the other side's block. *ret_epoch: whose state it is. ABSENT is also the
 * answer where the holder of ignored_epoch ended: that was reported to an earlier holder of our
 * role. */
enum shmring_peer_state shmring_role_ask(const struct shmring_attachment *a,
                                         const struct shmring_role_block *theirs,
                                         enum shmring_role role, uint64_t ignored_epoch,
                                         uint64_t *ret_epoch);

#endif
