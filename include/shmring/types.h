/* SPDX-License-Identifier: MIT */
/* types.h - the structs and constants that a user fills in or reads: options, records, and what is
 * known of a ring from outside. Each struct that the library fills may grow at its end: the calls
 * take the size that the program was compiled with (docs/decisions/0007-abi.md). */
#ifndef SHMRING_TYPES_H
#define SHMRING_TYPES_H

#include <stdint.h>

#include <shmring/detail/layout.h>

SHMRING_BEGIN_DECLS

/* ---- options of an open ---- */

enum { SHMRING_OPEN_OR_CREATE = 0, SHMRING_CREATE_ONLY = 1, SHMRING_OPEN_ONLY = 2 };
enum { SHMRING_RECORDS = 0, SHMRING_BYTES = 1 };
enum { SHMRING_REJECT = 0, SHMRING_OVERWRITE = 1 };
enum { SHMRING_UNTIL_LAST_CLOSE = 0, SHMRING_PERSISTENT = 1 };
enum { SHMRING_STAMP_NONE = 0, SHMRING_STAMP_MONOTONIC = 1, SHMRING_STAMP_TSC = 2 };

/* flags */
/* Ask for transparent huge pages; shmring_inspect() tells how much came on them. On Linux they come
 * only where the file system allows it: mount -o remount,huge=advise /dev/shm */
#define SHMRING_HUGE_PAGES 1u
/* Accept a ring that another user owns. */
#define SHMRING_ANY_OWNER 2u
/* The pages that an open faults in, so that the first records need not. Without these flags it is
 * the 256 MiB of the ring that are used next: an open is bounded whatever the capacity. PREFAULT:
 * all of it, in up to four threads of this process, which end before the open does; takes time by
 * the capacity. NO_PREFAULT: none. Not both. Since 0.2. */
#define SHMRING_PREFAULT    4u
#define SHMRING_NO_PREFAULT 8u
/* The options framing, overflow, lifetime, stamp and schema are demands also where they are 0. A
 * process that asks for SHMRING_REJECT is refused an overwrite ring, and one that gives no schema a
 * ring with one. The options capacity, max_record and permissions still take the ring's where they
 * are 0. Since 0.2. */
#define SHMRING_EXACT 16u
/* This side neither registers the process for membarrier nor calls it, and fences at each
 * publication instead. Registering makes the kernel interrupt the processors this process runs on
 * whenever a process of the machine calls the global membarrier. A thread on an isolated processor
 * may not want that. Every ring of the process must have the flag then. Since 0.2. */
#define SHMRING_NO_MEMBARRIER 32u
/* For shmring_producer_open_fd() and shmring_consumer_open_fd() in a process that may not open
 * files (seccomp): the side uses the descriptor itself. No other handle may use it or a copy of it.
 * No other process may keep a copy, or the other side is not told of this side's death. Since 0.2.
 */
#define SHMRING_NO_OPEN 64u

typedef struct shmring_options {
    uint32_t struct_size; /* SHMRING_OPTIONS_INIT sets it; unknown trailing bytes must be zero */
    uint32_t open_mode;   /* SHMRING_OPEN_OR_CREATE, SHMRING_CREATE_ONLY, SHMRING_OPEN_ONLY */
    uint64_t
        capacity; /* bytes, a power of two, 64 KiB .. 1 TiB; 0 = the existing ring's, or 1 MiB */
    uint32_t framing;     /* SHMRING_RECORDS, SHMRING_BYTES */
    uint32_t overflow;    /* SHMRING_REJECT, SHMRING_OVERWRITE (records only) */
    uint32_t lifetime;    /* SHMRING_UNTIL_LAST_CLOSE, SHMRING_PERSISTENT */
    uint32_t permissions; /* POSIX mode bits of a new ring; 0 = 0600 */
    uint32_t stamp;       /* SHMRING_STAMP_NONE, SHMRING_STAMP_MONOTONIC, SHMRING_STAMP_TSC */
    uint32_t flags;       /* SHMRING_HUGE_PAGES, SHMRING_ANY_OWNER, ... as above */
    uint64_t schema;      /* the application's number for its payload format; 0 = not checked */
    uint32_t max_record;  /* largest payload in bytes; 0 = the existing ring's, or capacity / 4 */
    uint32_t spin_ns;     /* a blocking call polls this long before it sleeps; 0 = 20 us;
                             1 = sleep at once; UINT32_MAX = never sleep */
    uint64_t start_position; /* tests only: a new ring's first byte position, a multiple of 8 */
    const char *security;    /* Windows: who may open a new ring, as a security descriptor string
                                (SDDL); NULL = this user and SYSTEM. Elsewhere: NULL. Since 0.2 */
    uint64_t owner; /* whose ring it must be: the user's id + 1; 0 = this process's own user. A ring
                       of another user is opened, never made. Not with SHMRING_ANY_OWNER, which
                       takes anybody's. Windows: 0. Since 0.2 */
    const char *description; /* what the records are made of, in the language of describe.h, for a
                                new ring; NULL = none. An existing ring must have the same, up to
                                comments. Not with SHMRING_BYTES. The schema of a ring with a
                                description is the description's hash where it is 0. Since 0.2 */
} shmring_options;

#define SHMRING_OPTIONS_INIT                                                                       \
    {                                                                                              \
        sizeof(shmring_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                       \
    }

/* ---- records ---- */

/* In shmring_record.flags: one or more records were refused before this one. */
#define SHMRING_FLAG_GAP 1u

/* A record as the consumer sees it. */
typedef struct shmring_record {
    const void *data; /* the payload: in the ring after a peek, in the caller's buffer after recv */
    uint32_t len;     /* bytes of payload */
    uint16_t type;    /* the application's, as sent */
    uint16_t flags;   /* SHMRING_FLAG_GAP */
    uint64_t stamp;   /* commit time in a stamped ring: ns of the monotonic clock; else 0 */
    uint64_t position; /* byte position of the record; grows, never repeats within a ring */
} shmring_record;

/* ---- a ring from outside: inspect.h ---- */

/* A number of records that cannot be told. */
#define SHMRING_UNKNOWN UINT64_MAX

/* One side, as shmring_inspect() sees it. */
typedef struct shmring_role_info {
    uint64_t pid;        /* the holder's, or the last one's; 0 = never held */
    uint64_t start_time; /* of that process, clock ticks since boot */
    uint64_t epoch;      /* how many have held the role */
    uint32_t state;      /* SHMRING_ROLE_NONE, _ATTACHED, _CLOSED */
    uint32_t alive;      /* 1 while a living process holds it, paused or not */
    uint32_t waiting;    /* 1 while it sleeps, or waits on a descriptor */
    uint32_t fences;     /* 1 when it fences at each publication: no membarrier */
    char program[17];    /* the first 16 bytes of the program's name */
    uint8_t membarrier;  /* 1: a sleeping peer's membarrier reaches it, and it need not fence */
    uint8_t asks_fence;  /* 1: it cannot call membarrier itself, and asks the other side to fence */
    uint8_t foreign; /* 1: it lives, and pid is its number in another pid namespace, or its start
                        time is one of another time namespace. Since 0.2 */
    char reserved[4];
} shmring_role_info;

/* How long records lay in a stamped ring until they were shown to the consumer; all 0 in others.
 * Up to 1/32 too high; latency.h has the counts behind it. Since 0.2. */
typedef struct shmring_latency {
    uint64_t count; /* records */
    uint64_t p50_ns, p99_ns, p999_ns, max_ns;
} shmring_latency;

/* All that can be known of a ring from outside. */
typedef struct shmring_info {
    char name[SHMRING_NAME_SIZE];
    uint64_t capacity; /* bytes */
    uint32_t framing, overflow, lifetime, stamp;
    uint32_t max_record; /* bytes */
    uint32_t permissions;
    uint64_t owner; /* user id */
    uint64_t schema;
    uint64_t created_ns; /* since 1970 */
    uint64_t creator_pid;
    uint64_t incarnation[2];
    uint64_t huge_bytes; /* of the data region, on huge pages when the ring was made */
    uint64_t tail, head, cursor;
    uint64_t evict; /* what lies below may be overwritten: the oldest place for an observer */
    uint64_t used;  /* bytes between cursor and tail */
    uint32_t alive; /* 1 while any process has it open */
    uint32_t removed;
    shmring_role_info producer, consumer;
    struct {
        uint64_t sent, received; /* records; 0 in byte framing */
        uint64_t rejected, gaps;
        uint64_t high_water; /* bytes in use, the most that the producer saw when it looked */
        uint64_t recovered;  /* records rolled forward after a producer's death */
        uint64_t producer_stalls, producer_sleeps, producer_wakes;
        uint64_t consumer_stalls, consumer_sleeps, consumer_wakes;
        uint64_t lapped, lapped_bytes;
        uint64_t evicted; /* records below `evict`, which no observer can read any more;
                             SHMRING_UNKNOWN in byte framing and where it was not counted */
    } counters;
    shmring_latency latency; /* over the ring's whole life. Since 0.2 */
} shmring_info;

/* The findings of shmring_verify(). */
typedef struct shmring_verdict {
    uint64_t records;  /* committed and not yet released */
    uint64_t bytes;    /* of the ring they take */
    uint64_t gaps;     /* of them with the GAP flag */
    uint64_t position; /* where the walk ended: the tail, or the first thing wrong */
    uint32_t moving;   /* 1 when a role was held or moved while it looked */
    char problem[200]; /* "" when all is well */
} shmring_verdict;

/* The doings of shmring_repair(). */
typedef struct shmring_repaired {
    uint32_t changed;    /* 0: the ring was sound, and not a byte was changed */
    uint32_t again;      /* 1: records that were read already may come again */
    uint64_t records;    /* that can be read now */
    uint64_t bytes;      /* of the ring they take */
    uint64_t lost_bytes; /* of the ring, up to its old tail, that nobody can read any more */
    char problem[200];   /* what was wrong; "" when nothing was */
} shmring_repaired;

SHMRING_END_DECLS

#endif
