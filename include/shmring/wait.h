/* SPDX-License-Identifier: MIT */
/* wait.h - calls that may sleep.
 *
 * Timeouts are nanoseconds on the monotonic clock: 0 tries once, SHMRING_FOREVER has no limit. A
 * blocking call polls for spin_ns (see shmring_options), with the adaptive pause, and then sleeps
 * in the kernel. A sleeper sees the other side's death within 100 ms.
 *
 * Edge F, no lost wake-up: the waiter stores its bell, runs a full barrier on both sides
 * (membarrier where it can be had), looks again, and only then sleeps; the waker publishes, then
 * loads the bell. Whichever comes second sees the other. The waiter pays, not the hot path.
 *
 * One thread for each role, as for the hot path. Blocks, interruptible by
 * shmring_consumer_interrupt(); signals do not end a wait. A death while asleep leaves a bell that
 * costs the other side one wake call.
 */
#ifndef SHMRING_WAIT_H
#define SHMRING_WAIT_H

#include <shmring/ring.h>

#define SHMRING_FOREVER UINT64_MAX

SHMRING_BEGIN_DECLS

/* Sends one record and waits for space if need be.
 * Arguments and returns as shmring_try_send(), and SHMRING_TIMEOUT in place of FULL (with timeout
 * 0: FULL): the record was not sent and is counted as rejected; SHMRING_CLOSED and
 * SHMRING_PEER_DEAD: the ring is full and its consumer gone, not counted, for the caller may try
 * again when the next one comes; SHMRING_E_NOT_FOUND: so, and the name was removed. Since 0.1. */
SHMRING_API shmring_status shmring_send(shmring_producer *p, const void *data, uint32_t len,
                                        uint16_t type, uint64_t timeout_ns);

/* Receives one record and waits for it if need be.
 * Arguments and returns as shmring_try_recv(), and SHMRING_TIMEOUT in place of EMPTY (with timeout
 * 0: EMPTY); SHMRING_CLOSED; SHMRING_PEER_DEAD: the producer's process died and everything it
 * committed was read; SHMRING_EMPTY: interrupted; SHMRING_E_NOT_FOUND: the name was removed, and
 * no producer is there. A call after CLOSED or PEER_DEAD works, and goes on when a new producer
 * comes. Since 0.1. */
SHMRING_API shmring_status shmring_recv(shmring_consumer *c, void *buf, uint32_t size,
                                        shmring_record *ret, uint64_t timeout_ns);

/* Waits until a record of len bytes (byte framing: len bytes) can be sent. Returns SHMRING_OK, and
 * as shmring_send() what ends the wait; a refusal is not counted here. len beyond max_record, or
 * the capacity of a byte ring, is SHMRING_E_TOO_BIG. Since 0.1. */
SHMRING_API shmring_status shmring_wait_space(shmring_producer *p, uint32_t len,
                                              uint64_t timeout_ns);

/* Waits until there is something to read. Returns SHMRING_OK, and as shmring_recv() what ends the
 * wait. Since 0.1. */
SHMRING_API shmring_status shmring_wait_data(shmring_consumer *c, uint64_t timeout_ns);

/* Makes the consumer's present or next wait return SHMRING_EMPTY at once; one interrupt, one wait.
 * From any thread and from signal handlers. Never blocks. Since 0.1. */
SHMRING_API void shmring_consumer_interrupt(shmring_consumer *c);

SHMRING_END_DECLS

#endif
