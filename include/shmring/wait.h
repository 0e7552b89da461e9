/* SPDX-License-Identifier: MIT */
/* wait.h - calls that may sleep.
 *
 * Timeouts are nanoseconds on the monotonic clock: 0 tries once, SHMRING_FOREVER has no limit. A
 * blocking call polls for spin_ns (see shmring_options), with the adaptive pause, and then sleeps
 * in the kernel. Asleep or polling, it checks at least every 100 ms whether the other side has
 * died. That is known once the kernel has dropped the dead process's locks. It does so after the
 * core dump, if there is one (7.4 s for 1 GB, measured once), and after it has unmapped the memory.
 *
 * Edge F, no lost wake-up: the waiter stores its bell, runs a full barrier on both sides
 * (membarrier where it can be had), looks again, and only then sleeps. The waker publishes, then
 * loads the bell. Whichever comes second sees the other. The waiter pays, not the hot path.
 *
 * One thread for each role, as for the hot path; not in signal handlers. Blocks, interruptible by
 * shmring_consumer_interrupt(); signals do not end a wait. A handle that is NULL, or was opened
 * before fork, is SHMRING_E_INVALID. A death while asleep leaves a bell that costs the other side
 * one wake call. Two sides on one processor give it to each other after some microseconds of
 * polling; spin_ns 1 sleeps at once, UINT32_MAX never. These rules hold for every call below unless
 * its comment says otherwise.
 */
#ifndef SHMRING_WAIT_H
#define SHMRING_WAIT_H

#include <shmring/detail/ring.h>

#define SHMRING_FOREVER UINT64_MAX

SHMRING_BEGIN_DECLS

/* Sends one record and waits for space if need be.
 * data, len, type: as for shmring_try_send(). timeout_ns: 0 .. SHMRING_FOREVER.
 * After SHMRING_FULL from a call that does not wait, this one is taken for the retry of that
 * record, unless timeout_ns is 0. The refusal is then not counted, and causes no GAP.
 * Returns as shmring_try_send(), and SHMRING_TIMEOUT in place of FULL (with timeout 0: FULL): the
 * record was not sent and is counted as rejected; SHMRING_CLOSED and SHMRING_PEER_DEAD: the ring is
 * full and its consumer gone, not counted, for the caller may try again when the next one comes;
 * SHMRING_E_NOT_FOUND: so, and the name was removed.
 * By the producer's thread; blocks; not in signal handlers; refused after fork.
 * Memory order: as shmring_try_send(), and edge F with shmring_release() and its like. A death here
 * leaves the record there as a whole, or not at all. Since 0.1. */
SHMRING_API shmring_status shmring_send(shmring_producer *p, const void *data, uint32_t len,
                                        uint16_t type, uint64_t timeout_ns);

/* Receives one record and waits for it if need be.
 * buf, size, ret: as for shmring_try_recv(). timeout_ns: 0 .. SHMRING_FOREVER.
 * Returns as shmring_try_recv(), and SHMRING_TIMEOUT in place of EMPTY (with timeout 0: EMPTY);
 * SHMRING_CLOSED; SHMRING_PEER_DEAD: the producer's process died and everything it committed was
 * read; SHMRING_EMPTY: interrupted; SHMRING_E_NOT_FOUND: the name was removed, and no producer is
 * there. A call after CLOSED or PEER_DEAD works, and goes on when a new producer comes.
 * By the consumer's thread; blocks; not in signal handlers; refused after fork.
 * Memory order: as shmring_try_recv(), and edge F with shmring_try_send() and its like. A death
 * here leaves the record in the ring, for the next consumer, or released. Since 0.1. */
SHMRING_API shmring_status shmring_recv(shmring_consumer *c, void *buf, uint32_t size,
                                        shmring_record *ret, uint64_t timeout_ns);

/* Waits until a record of len bytes (byte framing: len bytes) can be sent. Staged records are
 * published first.
 * len: 0 .. max_record, or the capacity of a byte ring; more is SHMRING_E_TOO_BIG. timeout_ns: 0 ..
 * SHMRING_FOREVER.
 * Returns SHMRING_OK, and as shmring_send() what ends the wait; a refusal is not counted here.
 * By the producer's thread; blocks; not in signal handlers; refused after fork.
 * Memory order: acquire A, with D; edge F with shmring_release(), shmring_read_advance() and their
 * like. A death here leaves a bell. Since 0.1. */
SHMRING_API shmring_status shmring_wait_space(shmring_producer *p, uint32_t len,
                                              uint64_t timeout_ns);

/* Waits until the consumer has released everything that was sent, staged records included: they are
 * published first. Gives nothing of the ring up, as a wait for space does.
 * p: not NULL, no open reservation. timeout_ns: 0 .. SHMRING_FOREVER; 0 only looks.
 * Returns SHMRING_OK (also of a ring that nothing was sent to); SHMRING_TIMEOUT; SHMRING_FULL (not
 * yet: with 0, or interrupted); as shmring_send() what else ends the wait: SHMRING_CLOSED or
 * SHMRING_PEER_DEAD, told once, when the consumer ended with records unread, and
 * SHMRING_E_NOT_FOUND; SHMRING_E_CORRUPT; SHMRING_E_INVALID. In an overwrite ring what was
 * overwritten counts as unread until the consumer has gone over it.
 * By the producer's thread; blocks; not in signal handlers; refused after fork.
 * Memory order: acquire A, with D: what the consumer did before it released is seen. Edge F with
 * shmring_release() and its like. A death here leaves a bell. Since 0.2. */
SHMRING_API shmring_status shmring_drain(shmring_producer *p, uint64_t timeout_ns);

/* Waits for n bytes of space at once, where n may be beyond 32 bits.
 * n: in a byte ring 0 .. the capacity, in a record ring the payload, 0 .. max_record bytes.
 * timeout_ns: 0 .. SHMRING_FOREVER.
 * Returns as shmring_wait_space() does.
 * By the producer's thread; blocks; not in signal handlers; refused after fork.
 * Memory order: as shmring_wait_space(). A death here leaves the ring as it was. Since 0.2. */
SHMRING_API shmring_status shmring_wait_space_for(shmring_producer *p, uint64_t n,
                                                  uint64_t timeout_ns);

/* Waits until n bytes are there at once; byte rings only.
 * n: 0 .. the capacity, in bytes; 0 is taken for 1. timeout_ns: 0 .. SHMRING_FOREVER.
 * Returns as shmring_wait_data() does: SHMRING_CLOSED, SHMRING_PEER_DEAD and SHMRING_E_NOT_FOUND
 * say that fewer than n bytes are there, and no more will come from that producer;
 * SHMRING_E_TOO_BIG: n is more than the capacity; SHMRING_E_INVALID: a record ring.
 * By the consumer's thread; blocks; not in signal handlers; refused after fork.
 * Memory order: as shmring_wait_data(). A death here leaves the bytes there. Since 0.2. */
SHMRING_API shmring_status shmring_wait_data_for(shmring_consumer *c, uint64_t n,
                                                 uint64_t timeout_ns);

/* Waits until there is something to read; takes nothing.
 * timeout_ns: 0 .. SHMRING_FOREVER.
 * Returns SHMRING_OK, and as shmring_recv() what ends the wait.
 * By the consumer's thread; blocks; not in signal handlers; refused after fork.
 * Memory order: acquire C, with B; edge F with shmring_try_send(), shmring_write_advance() and
 * their like. A death here leaves a bell. Since 0.1. */
SHMRING_API shmring_status shmring_wait_data(shmring_consumer *c, uint64_t timeout_ns);

/* Makes the consumer's present or next wait return SHMRING_EMPTY at once; one interrupt, one wait.
 * An end of the producer comes first, and leaves the interrupt to the next wait. Data does not, so
 * that a busy consumer sees its interrupt.
 * c: may be NULL, and of before a fork: then it does nothing.
 * From any thread and from signal handlers, for as long as the handle is open. Never blocks; one
 * system call if somebody sleeps. Memory order: edge F, with the wait. A death here leaves nothing.
 * Since 0.1. */
SHMRING_API void shmring_consumer_interrupt(shmring_consumer *c);

/* The same for the producer: its present or next wait, for space or in shmring_drain(), returns
 * SHMRING_FULL at once; one interrupt, one wait. Room that is there, or an end to tell, comes first
 * and leaves the interrupt to the next wait. shmring_send() counts the record as refused, as ever
 * with SHMRING_FULL. A descriptor is readable until the next call that is refused.
 * p: may be NULL, and of before a fork: then it does nothing.
 * From any thread and from signal handlers, for as long as the handle is open. Never blocks; one
 * system call if somebody sleeps. Memory order: edge F, with the wait. A death here leaves nothing.
 * Since 0.2. */
SHMRING_API void shmring_producer_interrupt(shmring_producer *p);

/* A descriptor for poll, select, epoll (level and edge) and io_uring: readable (POLLIN) while
 * there is something to read: records or bytes, the producer's end, or an error. The same one at
 * each call; it belongs to the consumer, which closes it. Do nothing with it but wait.
 *
 *   while (poll(...) > 0)                  // or epoll_wait
 *       while ((status = shmring_try_recv(c, ...)) == SHMRING_OK)
 *           ...                            // until it is no longer SHMRING_OK
 *
 * The call that finds the ring empty drains and arms it; nothing else need be called. Level: a loop
 * that reads less is called again. Edge: read until SHMRING_EMPTY, as ever. With a descriptor,
 * calls that try answer SHMRING_PEER_DEAD too, and each SHMRING_EMPTY costs system calls: poll
 * without one for as long as you poll.
 * A wake-up that finds nothing is possible (somebody looked at the ring's file), and rare.
 * shmring_consumer_interrupt() makes it readable until the next call that finds the ring empty; one
 * that falls into such a call may be told twice.
 * Returns the descriptor; -1 with shmring_error_detail(): a limit of this user's (each takes one of
 * fs.inotify.max_user_instances, and three descriptors); or the process has changed its user or its
 * root directory since the open (setuid, chroot: ask before); or this system cannot.
 * By the consumer's thread; never blocks; not in signal handlers; refused after fork, where the
 * descriptor itself is the parent's. Memory order: edge F, as for a wait. A process that dies
 * leaves a bell that costs the producer one call. Linux only. Since 0.2. */
SHMRING_API int shmring_consumer_fd(shmring_consumer *c);

/* The same for the producer: It is readable (POLLIN, not POLLOUT) until a call is refused for want
 * of space, and again when that fits. For byte framing that is an eighth of the capacity or the
 * rest of what was refused. With it, calls that try answer SHMRING_CLOSED or SHMRING_PEER_DEAD
 * once in place of SHMRING_FULL when the consumer is gone. Say that the record is the one that was
 * refused by shmring_producer_relax() or shmring_wait_space(p, len, 0).
 * Returns as shmring_consumer_fd(). By the producer's thread; the rest as there. Since 0.2. */
SHMRING_API int shmring_producer_fd(shmring_producer *p);

/* On Windows, the same as handles for WaitForMultipleObjects: signalled until the call that finds
 * nothing. The other side's death is heard within 200 ms. The handle belongs to the ring: do not
 * close, set or reset it. Returns NULL with shmring_error_detail() elsewhere, as the two above
 * answer -1 on Windows. By the side's own thread; the rest as for the descriptors. Since 0.2. */
SHMRING_API void *shmring_consumer_handle(shmring_consumer *c);
SHMRING_API void *shmring_producer_handle(shmring_producer *p);

/* The most consumers of one shmring_wait_any(). */
#define SHMRING_WAIT_ANY_MAX 1024u

/* Waits until one of n consumers has something to read.
 * consumers: n of them, 1 to SHMRING_WAIT_ANY_MAX, all this thread's. ret_index: which one it is;
 * untouched with SHMRING_TIMEOUT and SHMRING_E_INVALID. timeout_ns: as for shmring_wait_data().
 * Polls for the first one's spin_ns before it sleeps.
 * Returns, of the consumer at *ret_index: SHMRING_OK; SHMRING_EMPTY, it was interrupted;
 * SHMRING_CLOSED, SHMRING_PEER_DEAD, SHMRING_E_NOT_FOUND, SHMRING_E_CORRUPT, as
 * shmring_wait_data(), and at each call again: leave it out of the next one. Or SHMRING_TIMEOUT;
 * SHMRING_E_INVALID, with the index in the sentence.
 * Fair: the search begins behind the one that the last call with the same first consumer found.
 * One sleeping call for up to 128 rings where the kernel has futex_waitv (Linux 5.16); else one
 * listening descriptor for all; else slices of 1 ms. Blocks; interruptible through any of them.
 * Memory order: edge F for each ring, with one barrier for all. A death while asleep leaves a bell
 * in each ring, which costs its producer one call. Since 0.2. */
SHMRING_API shmring_status shmring_wait_any(shmring_consumer *const *consumers, uint32_t n,
                                            uint32_t *ret_index, uint64_t timeout_ns);

SHMRING_END_DECLS

#endif
