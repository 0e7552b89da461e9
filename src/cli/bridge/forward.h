/* SPDX-License-Identifier: MIT */
/* forward.h - the state of a forwarder. */
#ifndef SHMRING_SRC_CLI_BRIDGE_FORWARD_H
#define SHMRING_SRC_CLI_BRIDGE_FORWARD_H

#include "bridge/bridge.h"

#define FORWARD_WINDOW 16u /* blocks on their way to the stream */

/* A block that was sent. */
struct forward_block {
    uint64_t next; /* position behind it */
    uint64_t records, bytes, left_out;
    uint64_t sent_ns;
    int taken;
};

struct forwarder {
    const struct bridge_options *o;
    struct bridge_totals *totals;
    struct link *link;
    shmring_info info;
    shmring_observer *observer;
    shmring_consumer *consumer; /* NULL with --tap */
    shmring_status ended;       /* how the producer ended, until the stream has all */
    /* The block that is being filled. */
    struct block block;
    uint64_t payload, opened_ns;
    uint64_t position; /* in the ring, behind the last record that was read */
    int skip;          /* position says where to go on: records in front of it are passed over */
    int known;         /* the next record is expected at position */
    /* Blocks on their way; numbers count in each round from 0. */
    uint64_t round, first, next;
    struct forward_block window[FORWARD_WINDOW];
    char behind_id[LINK_ID]; /* of the last block that was sent in this round; "" before it */
    uint64_t behind_sequence;
    uint64_t changes;
    int resume_due, refused;
    /* For leaving records out while the stream is behind. */
    int behind;
    uint64_t looked_ns, passed;
    struct progress progress;
};

/* Forwards until the end, with everything open. Returns an exit status. */
int forward_all(struct forwarder *f);

#endif
