/* SPDX-License-Identifier: MIT */
/* throughput.h - as many messages as go through: the sender and the reader of `shmring
 * flood`.
 *
 * A message carries its number, counted from 0 in each run, and behind it bytes of a pattern. Each
 * of 61 messages in a row has another part of the pattern. The reader checks every byte of every
 * message.
 */
#ifndef SHMRING_SRC_CLI_MEASURE_THROUGHPUT_H
#define SHMRING_SRC_CLI_MEASURE_THROUGHPUT_H

#include "text/ring_name.h"
#include "measure/partner.h"

#define FLOOD_BATCH_MAX SHMRING_PEEK_MAX

/* How it ended. */
enum flood_end {
    FLOOD_DONE,    /* the time has passed; the sender closed and everything was read */
    FLOOD_STOPPED, /* a stop was asked for */
    FLOOD_GONE,    /* the other side died, or closed too early */
    FLOOD_FAILED   /* a sentence was said */
};

/* Sends messages of phase->size for phase->budget_ns, phase->batch of them at once. */
enum flood_end flood_send(shmring_producer *p, const struct pair_phase *phase,
                          struct pair_stream *ret);

/* Reads messages of phase->size until the sender has closed, up to phase->batch of them at once.
 * first: the number of the first. what: the ring's name in sentences. child: the sender, or NULL
 * when somebody else started it. */
enum flood_end flood_drain(shmring_consumer *c, const struct pair_phase *phase, uint64_t first,
                           const char *what, struct host_child *child, struct pair_stream *ret);

/* cli/measure/throughput_named.c: one side of a ring that others may have open too. Each returns an
 * exit status; EXIT_OK with figures in *ret. */
int flood_into(const char *name, const struct pair_phase *phase, const shmring_options *opt,
               struct pair_stream *ret);
/* phase->size becomes that of the first message. */
int flood_out_of(const char *name, struct pair_phase *phase, const shmring_options *opt,
                 struct pair_stream *ret);

#endif
