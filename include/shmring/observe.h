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
 * Edge G: the producer stores `evict` before it writes over what is below; a reader copies, then
 * loads `evict` and throws the copy away if it was evicted. evict.h and docs/memory-order.md have
 * the argument.
 *
 * Observers do not keep a ring's name, which goes with the last of the pair, or on Windows with the
 * last process that has it open otherwise; one that is open reads on to the end of what was there.
 * A ring whose processes are dead can be observed as long as its name is there: a PERSISTENT one
 * until it is removed.
 *
 * One thread for each observer at a time. Bounded work in each call, no system call in
 * shmring_observe(). After fork the child's calls answer SHMRING_E_INVALID. Nothing the pair's
 * processes write makes an observer read outside its mapping.
 */
#ifndef SHMRING_OBSERVE_H
#define SHMRING_OBSERVE_H

#include <shmring/endpoint.h>

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
SHMRING_API shmring_status shmring_observer_open(shmring_observer **ret, const char *name,
                                                 const shmring_options *opt);

/* Ends an observer.
 * o: NULL is fine; after fork the child may close its copy.
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
 * Returns SHMRING_OK; SHMRING_EMPTY; SHMRING_CLOSED (the producer closed, and everything was seen;
 * a later producer's records follow); SHMRING_LAPPED, once, without a record: see
 * shmring_observer_lost(), the next call has the oldest whole one; SHMRING_E_TOO_BIG (ret has the
 * length, the observer stays in front of it: shmring_observer_skip() goes on);
 * SHMRING_E_INVALID (NULL, after fork, size 0 in a byte ring); SHMRING_E_UNSUPPORTED;
 * SHMRING_E_CORRUPT.
 * By the observer's thread; bounded; not from signal handlers.
 * Memory order: acquire C at the word, with B in the producer's calls; G3 and G4 after the copy,
 * with G1 and G2 there. A death here leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_observe(shmring_observer *o, void *buf, uint32_t size,
                                           shmring_record *ret);

/* Passes over the record that was SHMRING_E_TOO_BIG; else does nothing. By the observer's thread;
 * wait-free; writes the handle only. Since 0.2. */
SHMRING_API void shmring_observer_skip(shmring_observer *o);

/* Bytes of the ring that the last SHMRING_LAPPED lost, headers and padding included; 0 before one.
 * NULL gives 0. By the observer's thread; wait-free; reads the handle only. Since 0.2. */
SHMRING_API uint64_t shmring_observer_lost(const shmring_observer *o);

/* Records that the last SHMRING_LAPPED lost.
 * Returns SHMRING_UNKNOWN when it cannot be told: in byte rings, after SHMRING_NEWEST until the
 * first lap, and where the producer did not count. By the observer's thread; wait-free; reads the
 * handle only. Since 0.2. */
SHMRING_API uint64_t shmring_observer_lost_records(const shmring_observer *o);

/* For the consumer of an overwrite ring: bytes that the last SHMRING_LAPPED lost; 0 before one.
 * NULL gives 0. By the consumer's thread; wait-free; reads the handle only. Since 0.2. */
SHMRING_API uint64_t shmring_consumer_lost(const shmring_consumer *c);

SHMRING_END_DECLS

#endif
