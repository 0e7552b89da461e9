/* SPDX-License-Identifier: MIT */
/* target.h - the rings that a recording is replayed into. */
#ifndef SHMRING_SRC_CLI_RECORDING_TARGET_H
#define SHMRING_SRC_CLI_RECORDING_TARGET_H

#include "recording/recording.h"
#include "stream/sender.h"

/* A ring that records go to; those of others are passed over. */
struct target {
    char name[SHMRING_NAME_SIZE];
    struct sender to;
    int is_open;
    struct target *next;
};

/* Opens the ring target->name: it is as the recorded one was, where it is new. Returns an exit
 * status. */
int target_open(struct target *t, const struct recorded_ring *recorded,
                const shmring_options *asked);
/* Sends a record, or a piece of a stream. 1; 0 to end with *ret_exit. */
int target_send(struct sender *to, const struct recording_entry *e, int *ret_exit);
/* Waits for the readers of a ring, where it would go with us, and closes it. Returns the exit
 * status, which is ret so far. */
int target_end(struct target *t, int ret);

#endif
