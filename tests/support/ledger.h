/* SPDX-License-Identifier: MIT */
/* ledger.h - the accounts of a crash test, kept outside the ring, in memory that survives the
 * processes that write it.
 *
 * The producer writes `attempted` before and `accepted` after each publication; what lies between
 * them when it is killed is in doubt, and is wholly in the ring or wholly not. The consumer writes
 * `looking` before and `done` after each release; its successor starts at one of the two and
 * enters which.
 */
#ifndef SHMRING_TESTS_SUPPORT_LEDGER_H
#define SHMRING_TESTS_SUPPORT_LEDGER_H

#include <shmring/shmring.h>

#include <stdatomic.h>

#define LEDGER_MAX_LEN   3000u
#define LEDGER_MAX_BATCH 12u
#define LEDGER_DOUBTS    65536u

struct ledger {
    char ring[64];
    shmring_options opt;
    _Atomic uint64_t attempted, accepted; /* sequence numbers, exclusive */
    _Atomic uint64_t looking, done;
    _Atomic uint32_t failed; /* a child found something wrong */
    _Atomic uint32_t stop;   /* the producer closes, the consumer reads on to CLOSED */
    _Atomic uint32_t producer_open, consumer_open; /* of those that live now */
    _Atomic uint64_t opened;                       /* by any child */
    _Atomic uint64_t again;                        /* records that came a second time */
    _Atomic uint32_t doubts;
    struct {
        uint64_t from, to;
    } doubt[LEDGER_DOUBTS]; /* of killed producers, in order */
};

/* The producer is dead: what it did not see accepted is in doubt. */
void ledger_write_doubt(struct ledger *l);

/* The two bodies, for process_start(). */
int ledger_produce(void *ledger);
int ledger_consume(void *ledger);

#endif
