/* SPDX-License-Identifier: MIT */
/* shmring.h - a lock-free single-producer single-consumer ring over named shared memory.
 *
 *   // one process                              // another process
 *   shmring_producer *p;                        shmring_consumer *c;
 *   shmring_producer_open(&p, "temps", NULL);   shmring_consumer_open(&c, "temps", NULL);
 *                                               double t;
 *   double t = 21.5;                            shmring_record r;
 *   shmring_try_send(p, &t, sizeof t, 1);       while (shmring_recv(c, &t, sizeof t, &r,
 *                                                                   SHMRING_FOREVER) == SHMRING_OK)
 *   shmring_producer_close(p);                      printf("%g\n", t);
 *                                               shmring_consumer_close(c);
 *
 * Either process may start first. Every call says what it returns; shmring_error_detail() says why.
 */
#ifndef SHMRING_SHMRING_H
#define SHMRING_SHMRING_H

#include <shmring/describe.h>
#include <shmring/inspect.h>
#include <shmring/latency.h>
#include <shmring/observe.h>
#include <shmring/open.h>
#include <shmring/peer.h>
#include <shmring/detail/ring.h>
#include <shmring/status.h>
#include <shmring/typed.h>
#include <shmring/version.h>
#include <shmring/wait.h>

#endif
