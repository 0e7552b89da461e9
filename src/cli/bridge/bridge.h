/* SPDX-License-Identifier: MIT */
/* bridge.h - the two directions of `shmring bridge`. */
#ifndef SHMRING_SRC_CLI_BRIDGE_BRIDGE_H
#define SHMRING_SRC_CLI_BRIDGE_BRIDGE_H

#include "bridge/block.h"
#include "bridge/link.h"
#include "command.h"

enum bridge_behind { BEHIND_WAIT = 0, BEHIND_DROP = 1, BEHIND_SAMPLE = 2 };

struct bridge_options {
    const char *ring;
    struct link_options link;
    int tap;    /* forward as an observer, whoever the consumer is */
    int follow; /* go on when the producer has ended */
    uint64_t linger_ns;
    uint32_t behind; /* enum bridge_behind */
    uint64_t sample; /* one record of this many */
    uint64_t block;  /* bytes of a block at most */
    uint64_t count;  /* records to be received; UINT64_MAX: no end */
    uint64_t timeout_ns;
    int any_owner;
};

struct bridge_totals {
    uint64_t records, bytes, blocks;
    uint64_t holes, lost_bytes; /* places where records are missing, and the bytes of the ring */
    uint64_t left_out;          /* records, on purpose */
    uint64_t again;             /* forwarder: times it asked anew where the stream is; receiver:
                                   blocks that it had already */
    uint64_t epochs;            /* receiver: source rings */
};

/* Each runs until its end and returns an exit status. */
int bridge_forward(const struct bridge_options *o, struct bridge_totals *ret);
int bridge_receive(const struct bridge_options *o, struct bridge_totals *ret);

#endif
