/* SPDX-License-Identifier: MIT */
/* peer.h - what an open handle knows: of its ring, and of who is on the other side.
 *
 *   shmring_ring_info ring = SHMRING_RING_INFO_INIT;     shmring_peer peer = SHMRING_PEER_INIT;
 *   shmring_consumer_info(c, &ring);                     shmring_producer_peer(p, &peer);
 *   buf = malloc(ring.max_record);                       if (peer.state == SHMRING_PEER_LIVES) ...
 *
 * Both structs carry their size, which their INIT sets: a later version may append members. A
 * library that is older than the program sets those to 0, which means "not said".
 *
 * These calls read the handle, the ring and the kernel, and change nothing. Any thread may make
 * them while the handle's own thread is in another call, but not while it closes. A call never
 * blocks. Not from signal handlers. A forked child's copy of a handle answers SHMRING_E_INVALID. A
 * death inside leaves nothing.
 */
#ifndef SHMRING_PEER_H
#define SHMRING_PEER_H

#include <shmring/detail/ring.h>

SHMRING_BEGIN_DECLS

/* A ring's fixed properties, as this handle checked them when it opened. */
typedef struct shmring_ring_info {
    uint32_t struct_size;                        /* SHMRING_RING_INFO_INIT sets it */
    uint32_t max_record;                         /* bytes; 0 in byte framing */
    uint64_t capacity;                           /* bytes */
    uint32_t framing, overflow, lifetime, stamp; /* as in the options */
    uint32_t permissions;                        /* mode bits given when it was made */
    uint32_t creator_pid;
    uint64_t schema;         /* 0 = none */
    uint64_t incarnation[2]; /* tells this ring from another of the same name */
    uint64_t created_ns;     /* since 1970 */
    uint64_t owner;          /* user id; 0 on Windows */
    char name[SHMRING_NAME_SIZE];
} shmring_ring_info;

#define SHMRING_RING_INFO_INIT                                                                     \
    {                                                                                              \
        sizeof(shmring_ring_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, {0, 0}, 0, 0,                        \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* The state of the other side. */
enum shmring_peer_state {
    SHMRING_PEER_ABSENT = 0, /* nobody has held the role yet */
    SHMRING_PEER_LIVES = 1,  /* a living process holds it, paused or not */
    SHMRING_PEER_CLOSED = 2, /* the last holder closed in order */
    SHMRING_PEER_IS_DEAD = 3 /* the last holder's process died */
};

typedef struct shmring_peer {
    uint32_t struct_size; /* SHMRING_PEER_INIT sets it */
    uint32_t state;       /* SHMRING_PEER_ABSENT, ... */
    uint64_t pid;         /* the holder's, or the last one's; 0 = never held */
    uint64_t start_time;  /* of that process, clock ticks since boot */
    uint64_t epoch;       /* how many have held the role */
    char program[24];     /* the first 16 bytes of the program's name, printable */
    uint32_t removed;     /* 1: the ring's name is gone, or leads elsewhere: the next one to open
                             it does not come to this ring */
    uint32_t reserved;    /* 0 */
} shmring_peer;

#define SHMRING_PEER_INIT                                                                          \
    {                                                                                              \
        sizeof(shmring_peer), 0, 0, 0, 0, {0}, 0, 0                                                \
    }

/* Tells the ring's fixed properties. Also of a handle whose ring is corrupt.
 * p, c: an open handle. ret: with its struct_size set; untouched on failure.
 * Returns SHMRING_OK; SHMRING_E_INVALID (the handle or ret is NULL, or struct_size is smaller than
 * any version's).
 * Any thread; wait-free, no system call.
 * Memory order: none; the handle's own copy is read. A death here leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_producer_info(const shmring_producer *p, shmring_ring_info *ret);
SHMRING_API shmring_status shmring_consumer_info(const shmring_consumer *c, shmring_ring_info *ret);

/* Tells who is on the other side, a producer's peer is the consumer, and whether the name still
 * leads here. A producer of an overwrite ring never waits, and a pair whose name was removed works
 * on. To learn that a restarted other side would not come, ask now and then, and close and open
 * anew when `removed` is 1. On Windows a name goes with its ring, and `removed` is 0. The answer
 * may be out of date when the call returns. A side that is just opening may show its pid before it
 * shows its epoch. Reporting of CLOSED and PEER_DEAD by the calls that wait is not touched. p, c:
 * an open handle. ret: with its struct_size set; untouched on failure. Returns SHMRING_OK;
 * SHMRING_E_INVALID as shmring_producer_info(). Any thread; a few system calls. Memory order: the
 * other side's state is acquired with its release (edge E): what a side committed before it closed
 * is there for who reads CLOSED. A death here leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_producer_peer(const shmring_producer *p, shmring_peer *ret);
SHMRING_API shmring_status shmring_consumer_peer(const shmring_consumer *c, shmring_peer *ret);

SHMRING_END_DECLS

#endif
