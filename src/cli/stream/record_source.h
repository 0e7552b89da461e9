/* SPDX-License-Identifier: MIT */
/* record_source.h - where `shmring record` has its records from: one small interface
 * over those who read rings. */
#ifndef SHMRING_SRC_CLI_STREAM_RECORD_SOURCE_H
#define SHMRING_SRC_CLI_STREAM_RECORD_SOURCE_H

#include "text/ring_name.h"

enum source_kind { SOURCE_CONSUMER = 1, SOURCE_OBSERVER = 2 };

/* The loss in front of a record. records: UINT64_MAX when not known. */
struct source_loss {
    uint64_t bytes, records;
};

struct source {
    const char *name;
    uint32_t kind; /* enum source_kind */
    shmring_info info;
    shmring_consumer *consumer;
    shmring_observer *observer;
    uint64_t chunk;          /* byte framing as a consumer: the bytes shown */
    unsigned char *copies;   /* where records may change in the ring, they are copied first */
    size_t room, largest;    /* of copies; the largest record */
    struct source_loss loss; /* in front of the next record to be shown */
    shmring_status ended;    /* how the copying reader ended, until it is told */
};

/* Opens the ring as its consumer, who makes it where need be, or as an observer, for whom it must
 * be there: SHMRING_E_NOT_FOUND. An observer begins at the oldest record or behind the newest
 * (SHMRING_OLDEST, SHMRING_NEWEST). After a failure it is closed. */
shmring_status source_open(struct source *s, const char *name, enum source_kind kind, int from);
/* The ring's description: as shmring_consumer_description(). */
shmring_status source_description(const struct source *s, shmring_description **ret);
/* Whether its records stay in the ring until source_taken(). */
int source_is_in_place(const struct source *s);
void source_close(struct source *s);

/* Shows up to `most`, at most SHMRING_PEEK_MAX, of the next records, which stay valid until
 * source_taken(). Returns how many; *ret_loss: what is missing in front of the first. In byte
 * framing a "record" is a chunk of bytes. */
uint32_t source_show(struct source *s, shmring_record *ret, uint32_t most,
                     struct source_loss *ret_loss);
/* The first n of them are safe: they need not come again after a death of ours. */
void source_taken(struct source *s, uint32_t n);
/* Waits for something to show: SHMRING_OK, SHMRING_TIMEOUT,
 * SHMRING_EMPTY (interrupted), SHMRING_CLOSED, SHMRING_PEER_DEAD, or an error. */
shmring_status source_wait(struct source *s, uint64_t timeout_ns);

#endif
