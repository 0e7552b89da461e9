/* SPDX-License-Identifier: MIT */
/* observe.h - watching a ring without taking part: any number of observers, each with a read-only
 * mapping, in any process that may read the ring. The pair does not know of them: an observer
 * takes no lock, rings no bell, and writes no byte.
 *
 * An observer reads what the producer has committed, released or not, for as long as it is in the
 * ring. The producer does not wait for it: an observer that falls more than the ring behind is told
 * SHMRING_LAPPED and goes on at the oldest record. So does the consumer of an overwrite ring. No
 * record is ever delivered torn.
 *
 * Edge G: the producer stores `evict` before it writes over the bytes below. A reader copies, then
 * loads `evict` and throws the copy away if it was evicted. src/ring/evict.c and
 * docs/memory-order.md have the argument.
 *
 * Observers do not keep a ring's name. It goes with the last of the pair, or on Windows with the
 * last process that has it open otherwise. An observer that is open reads on to the end of what was
 * there. A ring whose processes are dead can be observed as long as its name is there: a PERSISTENT
 * one until it is removed.
 *
 * The end of each producer is told once to each observer, after everything was read:
 * SHMRING_CLOSED, or SHMRING_PEER_DEAD. An observer that opens a ring whose producer has ended is
 * told so, too. The records of the next producer follow. When the name is gone as well, and nobody
 * is there to send, SHMRING_E_NOT_FOUND is the answer from then on. On Windows a name cannot be
 * removed, and the last answer is SHMRING_EMPTY or SHMRING_TIMEOUT.
 *
 * Waiting. Nobody rings for an observer, because the producer does not know of it and it must not
 * write into the ring. shmring_observer_wait() and the descriptor look by themselves. They poll for
 * spin_ns of the options (the wait only). Then they sleep for an eighth of the silence so far, at
 * least 50 us and at most 20 ms. So a record is noticed late by an eighth of the silence before it,
 * and by 20 ms at most. A record of a stream is noticed within some 100 us. (Windows rounds each
 * sleep up to its timer's tick, 1 to 16 ms.) In a silent ring this costs 50 wake-ups a second, with
 * four system calls each.
 *
 * One thread for each observer at a time. Bounded work in each call but the wait. shmring_observe()
 * makes a system call only where it finds nothing, at most some in 10 ms, and where it may have
 * read the zeros behind a cut. That is the newest record, or a piece of a byte ring, that ends in a
 * zero. An observer has one file descriptor, two with shmring_observer_fd(). After fork the child's
 * calls answer SHMRING_E_INVALID. Nothing the pair's processes write makes an observer read outside
 * its mapping.
 */
#ifndef SHMRING_OBSERVE_H
#define SHMRING_OBSERVE_H

#include <shmring/open.h>

SHMRING_BEGIN_DECLS

typedef struct shmring_observer shmring_observer;

/* Where an observer goes on. */
enum {
    SHMRING_OLDEST = 0, /* the oldest record that is whole */
    SHMRING_NEWEST = 1  /* behind the newest: what is sent from now on */
};

/* Opens an existing ring for watching, at SHMRING_NEWEST.
 * ret: the handle; untouched on failure. name: as for shmring_producer_open(). opt: NULL, or what
 * the ring must be; open_mode SHMRING_CREATE_ONLY is refused, the others mean SHMRING_OPEN_ONLY.
 * Returns SHMRING_OK; SHMRING_E_INVALID, _E_NAME, _E_NOT_FOUND, _E_ACCESS (no right to read),
 * _E_NO_MEMORY, _E_VERSION, _E_MISMATCH, _E_CORRUPT, _E_OS as shmring_producer_open();
 * SHMRING_E_UNSUPPORTED: its producer is of version 0.1, which does not say what it overwrites.
 * Any thread; not from signal handlers. Death leaves nothing. Since 0.2. */
SHMRING_INLINE shmring_status shmring_observer_open(shmring_observer **ret, const char *name,
                                                    const shmring_options *opt)
{
    return shmring_observer_open_abi_(ret, name, opt, SHMRING_HANDLE_ABI, sizeof(shmring_record));
}

/* Ends an observer.
 * o: NULL is fine; after fork the child may close its copy, and gives back the descriptors that it
 * inherited.
 * By the observer's thread; not from signal handlers. A death here leaves nothing. Since 0.2. */
SHMRING_API void shmring_observer_close(shmring_observer *o);

/* Goes to another place.
 * where: SHMRING_OLDEST, SHMRING_NEWEST.
 * Returns SHMRING_OK; SHMRING_E_INVALID (another value, NULL, after fork).
 * By the observer's thread; wait-free; not from signal handlers.
 * Memory order: acquire of evict (with G1) or of tail, so that the words from there on are seen. A
 * death here leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_observer_seek(shmring_observer *o, int where);

/* Copies the next record.
 * buf: size bytes, may be NULL when size is 0; on anything but SHMRING_OK it may hold bytes of no
 * record. ret: the record's fields, data pointing to buf; may be NULL; untouched unless SHMRING_OK
 * or SHMRING_E_TOO_BIG. In a byte ring the "record" is what is there, up to size bytes, of type 0.
 * Returns SHMRING_OK; SHMRING_EMPTY; SHMRING_LAPPED, once, without a record: some were lost (see
 * shmring_observer_lost()), or the ring was repaired; the next call has the oldest whole one, after
 * a repair perhaps one that was seen before; SHMRING_CLOSED and SHMRING_PEER_DEAD, once for each
 * producer: it closed, or died, and everything was seen; SHMRING_E_NOT_FOUND: the name was removed,
 * and no producer is there; SHMRING_E_TOO_BIG (ret has the length, the observer stays in front of
 * it: shmring_observer_skip() goes on); SHMRING_E_INVALID (NULL, after fork, size 0 in a byte
 * ring); SHMRING_E_UNSUPPORTED; SHMRING_E_CORRUPT, for good: something cannot be true, or somebody
 * cut the file short (with shmring_guard(), or inside a page; else that is SIGBUS). A death, a
 * removal and a cut are seen by who calls again and again within 10 ms. By the observer's thread;
 * bounded; not from signal handlers. Memory order: acquire C at the word, with B in the producer's
 * calls; G3 and G4 after the copy, with G1 and G2 there; E for the end. A death here leaves
 * nothing. Since 0.2. */
SHMRING_API shmring_status shmring_observe(shmring_observer *o, void *buf, uint32_t size,
                                           shmring_record *ret);

/* Waits until shmring_observe() has something to answer; takes nothing.
 * timeout_ns: 0 looks and asks once; SHMRING_FOREVER (UINT64_MAX) has no limit.
 * Returns SHMRING_OK (a record or bytes are there, or SHMRING_LAPPED is to be told);
 * SHMRING_TIMEOUT (with timeout 0: SHMRING_EMPTY); SHMRING_EMPTY: interrupted; SHMRING_CLOSED,
 * SHMRING_PEER_DEAD: told with this, and not again by shmring_observe(); SHMRING_E_NOT_FOUND,
 * _E_INVALID, _E_UNSUPPORTED, _E_CORRUPT as shmring_observe(). By the observer's thread; blocks,
 * polling and in sleeps of at most 20 ms; signals do not end it; not from signal handlers. How late
 * it notices, and what it costs: see the top of observe.h. Memory order: acquire C at the word or
 * the tail, with B; E for the end. The pair sees nothing of it. A death here leaves nothing. Since
 * 0.2. */
SHMRING_API shmring_status shmring_observer_wait(shmring_observer *o, uint64_t timeout_ns);

/* Makes the observer's present or next wait return SHMRING_EMPTY at once; one interrupt, one wait.
 * Data and news of the producer come first, and leave the interrupt to the next wait. With a
 * descriptor or handle, that becomes ready until the next call that finds nothing; one that falls
 * into such a call may be told twice.
 * o: may be NULL, and of before a fork: then it does nothing.
 * From any thread and from signal handlers, for as long as the handle is open. Never blocks; one or
 * two system calls. Memory order: relaxed, a word of this process alone, which the kernel compares
 * before it sleeps. A death here leaves nothing. Since 0.2. */
SHMRING_API void shmring_observer_interrupt(shmring_observer *o);

/* A descriptor for poll, select, epoll and io_uring: readable (POLLIN) while there is something to
 * read or to tell, and now and then while there is not. The same one at each call; it belongs to
 * the observer, which closes it. Do nothing with it but wait, and call shmring_observe() until it
 * is no longer SHMRING_OK or SHMRING_LAPPED; the call that finds nothing takes the readiness back.
 * It is a timer, for nobody else could tell. After a call that found nothing it becomes readable
 * when it is time to look again, as the top of observe.h says. So wake-ups that find nothing are
 * usual, up to 50 a second. Returns the descriptor, or -1 with shmring_error_detail(): a limit of
 * open files, or a system that has handles. By the observer's thread; never blocks; not in signal
 * handlers; refused after fork. Memory order: none of its own. A death here leaves nothing. Linux
 * only. Since 0.2. */
SHMRING_API int shmring_observer_fd(shmring_observer *o);

/* The same on Windows, as a handle for WaitForMultipleObjects: a waitable timer. Do not close or
 * set it. Returns NULL with shmring_error_detail() elsewhere. By the observer's thread; the rest as
 * for the descriptor. Since 0.2. */
SHMRING_API void *shmring_observer_handle(shmring_observer *o);

/* Passes over the record for which the last shmring_observe() answered SHMRING_E_TOO_BIG. Does
 * nothing if that call answered anything else, or if the observer was moved since.
 * o: NULL, and one of before a fork, do nothing. By the observer's thread; wait-free; writes the
 * handle only. Since 0.2. */
SHMRING_API void shmring_observer_skip(shmring_observer *o);

/* Bytes of the ring that the last SHMRING_LAPPED lost, headers and padding included; 0 before one,
 * and when a repair took the observer back. NULL gives 0. By the observer's thread; wait-free;
 * reads the handle only. Since 0.2. */
SHMRING_API uint64_t shmring_observer_lost(const shmring_observer *o);

/* Records that the last SHMRING_LAPPED lost.
 * Returns SHMRING_UNKNOWN when it cannot be told: in byte rings, after SHMRING_NEWEST until the
 * first lap, after a repair, and where the producer did not count. By the observer's thread;
 * wait-free; reads the handle only. Since 0.2. */
SHMRING_API uint64_t shmring_observer_lost_records(const shmring_observer *o);

/* For the consumer of an overwrite ring: bytes that the last SHMRING_LAPPED lost; 0 before one.
 * NULL gives 0. By the consumer's thread; wait-free; reads the handle only. Since 0.2. */
SHMRING_API uint64_t shmring_consumer_lost(const shmring_consumer *c);

SHMRING_END_DECLS

#endif
