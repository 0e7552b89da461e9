/* SPDX-License-Identifier: MIT */
/* link_nats.h - what the parts of the connection by libnats share. */
#ifndef SHMRING_SRC_CLI_BRIDGE_LINK_NATS_H
#define SHMRING_SRC_CLI_BRIDGE_LINK_NATS_H

#include <nats/nats.h>

#include "bridge/link.h"

struct link {
    const struct link_options *o;
    natsConnection *connection;
    jsCtx *js;
    natsInbox *inbox;
    natsSubscription *answers, *messages;
    natsMsg *shown; /* what link_next() returned last */
    size_t room;
    uint64_t next_number; /* of the consumer's messages */
};

/* That the stream cannot be used: the exit status, with the sentence said. */
int link_no_stream(const struct link *l, natsStatus status, jsErrCode code);

#endif
