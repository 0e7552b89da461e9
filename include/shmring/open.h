/* SPDX-License-Identifier: MIT */
/* open.h - open, close, inspect and remove rings by name.
 *
 * A name is 1 to 200 of A-Z a-z 0-9 . _ - and does not start with a dot. In front of it may stand
 * "Local\" (the default: this user, on Windows this session) or "Global\" (the whole machine). A
 * Global name does not start with digits and a dot, which on Linux would look like another user's
 * Local name.
 *
 * A ring lives while any process has it open. The last one to close it removes its name. When the
 * last one dies instead, nobody can open the ring any more, but on Linux its name and memory stay
 * until the next open of that name or shmring_prune(). A PERSISTENT ring stays until it is removed
 * (Windows: until the last handle closes all the same).
 *
 * Roles: one producer and one consumer at a time, each an exclusive kernel lock. The kernel drops
 * it at the end of a process, behind a core dump if there is one. Edge E: a role's next owner takes
 * the lock after the last one's stores, then acquire-loads the positions; without it a new owner
 * would start from old ones.
 *
 * Threads that are cancelled: no call of this library, in whatever header, is a cancellation point.
 * pthread_cancel() acts at the first one after the call. A wait ends by its timeout or by
 * shmring_consumer_interrupt(). The function that shmring_list() calls runs with cancellation held
 * off. Asynchronous cancelability (PTHREAD_CANCEL_ASYNCHRONOUS) is not supported.
 *
 * These calls may block for a moment on the kernel and on another process that is opening or
 * closing the same ring. Any thread; different handles from different threads at once; not from
 * signal handlers. They work in a forked child, with handles of its own. A death inside leaves the
 * ring as it was or as it should become, never half; the kernel drops what was locked. These rules
 * hold for every call below unless its comment says otherwise.
 */
#ifndef SHMRING_OPEN_H
#define SHMRING_OPEN_H

#include <shmring/detail/abi.h>
#include <shmring/detail/ring.h>

SHMRING_BEGIN_DECLS

enum { SHMRING_OPEN_OR_CREATE = 0, SHMRING_CREATE_ONLY = 1, SHMRING_OPEN_ONLY = 2 };
enum { SHMRING_RECORDS = 0, SHMRING_BYTES = 1 };
enum { SHMRING_REJECT = 0, SHMRING_OVERWRITE = 1 };
enum { SHMRING_UNTIL_LAST_CLOSE = 0, SHMRING_PERSISTENT = 1 };
/* SHMRING_STAMP_NONE = 0, SHMRING_STAMP_MONOTONIC = 1, SHMRING_STAMP_TSC = 2: tsc.h */

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

/* Opens a role of a ring by name, and makes the ring if open_mode allows. Either side may be first.
 * ret: the handle; untouched on failure. name: see above. opt: NULL is SHMRING_OPTIONS_INIT.
 * Options that describe the ring are for its creator; on an existing ring those that are set (not
 * zero, or any with SHMRING_EXACT) must agree with it.
 * Returns SHMRING_OK;
 *   SHMRING_E_INVALID      an option out of range
 *   SHMRING_E_NAME         not a ring name
 *   SHMRING_E_NOT_FOUND    SHMRING_OPEN_ONLY, and no living ring of that name
 *   SHMRING_E_EXISTS       SHMRING_CREATE_ONLY, and it is there
 *   SHMRING_E_BUSY         the role is taken; the detail names the holder's pid
 *   SHMRING_E_ACCESS       another owner's, wrong mode, a link, a FIFO, or not a ring; or a dead
 *                          ring that only its owner or root can take away: the detail says whose
 *   SHMRING_E_PRIVILEGE    Windows: Global needs SeCreateGlobalPrivilege
 *   SHMRING_E_NO_SPACE, SHMRING_E_NO_MEMORY
 *   SHMRING_E_VERSION      the ring has another layout version, byte order, or an unknown feature;
 *                          or the program was compiled for another library than it runs with
 *   SHMRING_E_MISMATCH     an option differs; the detail has both values
 *   SHMRING_E_CORRUPT      the header cannot be true
 *   SHMRING_E_UNSUPPORTED  this system or version cannot
 *   SHMRING_E_OS           the detail has the system's words
 * A new producer goes on behind the last committed record, a new consumer at the first record that
 * was not released.
 * Any thread. Waits at most two seconds for a process that is opening or closing this ring, and at
 * most five seconds in all while the name changes hands (then SHMRING_E_BUSY). On top of that comes
 * the system's time to reserve and map the memory, which is seconds for a ring of gigabytes. The
 * producer of an overwrite ring also takes the time to read what is in it. Not from signal
 * handlers. Memory order: edge E, with shmring_producer_close(), shmring_consumer_close() or the
 * death of who had the role before. A process that dies inside leaves no half-made ring. Since
 * 0.1. */
SHMRING_INLINE shmring_status shmring_producer_open(shmring_producer **ret, const char *name,
                                                    const shmring_options *opt)
{
    return shmring_producer_open_abi_(ret, name, opt, SHMRING_HANDLE_ABI, sizeof(shmring_producer),
                                      sizeof(shmring_record));
}

/* The same for the consumer's role. Since 0.1. */
SHMRING_INLINE shmring_status shmring_consumer_open(shmring_consumer **ret, const char *name,
                                                    const shmring_options *opt)
{
    return shmring_consumer_open_abi_(ret, name, opt, SHMRING_HANDLE_ABI, sizeof(shmring_consumer),
                                      sizeof(shmring_record));
}

/* Makes a PERSISTENT ring and takes no role of it: for both sides it is a ring that nobody has come
 * to yet. The sides then open it by its name.
 * name: see above; no living ring may have it. opt: what describes the ring, as for
 * shmring_producer_open(); NULL is SHMRING_OPTIONS_INIT. lifetime may be 0 and is
 * SHMRING_PERSISTENT all the same. open_mode is 0 or SHMRING_CREATE_ONLY. Options for one side
 * alone do nothing: spin_ns, the flags of faulting in and of membarrier.
 * Returns SHMRING_OK;
 *   SHMRING_E_INVALID      an option out of range, or SHMRING_OPEN_ONLY
 *   SHMRING_E_EXISTS       it is there
 *   SHMRING_E_NAME, SHMRING_E_BUSY, SHMRING_E_ACCESS, SHMRING_E_PRIVILEGE, SHMRING_E_NO_SPACE,
 *   SHMRING_E_NO_MEMORY, SHMRING_E_VERSION, SHMRING_E_CORRUPT, SHMRING_E_NOT_FOUND,
 *   SHMRING_E_UNSUPPORTED, SHMRING_E_OS as for shmring_producer_open().
 * On Windows a ring lives only while a process has it open. So this process has it open from then
 * on until it ends, and with it one handle of the system's.
 * Any thread; waits as shmring_producer_open() does; not from signal handlers.
 * Memory order: none; whoever opens the ring reads what was written before it had its name. A death
 * here leaves the whole ring or nothing. Since 0.2. */
SHMRING_API shmring_status shmring_create(const char *name, const shmring_options *opt);

/* Gives the role back and frees the handle. Staged records are published, an open reservation is
 * dropped. The other side sees SHMRING_CLOSED once it has read everything. The last to close an
 * UNTIL_LAST_CLOSE ring removes its name. This process cannot do that where the ring is another
 * user's, or where it has given up the user that made it, or its root directory. Then the name
 * stays for its owner's next open or shmring_prune(), and shmring_error_detail() says so. NULL is
 * fine; after fork the child may close its copy, which gives back the descriptors that it
 * inherited, and touches nothing of the parent's. By the side's own thread, and no other may be in
 * a call with the handle; not from signal handlers. Waits at most two seconds for a process that is
 * opening or closing this ring, and then leaves the name to the next opener. On top of that comes
 * the time to unmap the memory. Memory order: edge E, with the next open of the role and with the
 * other side's wait. A death here is a death of the role's holder: the next opener finds all as it
 * was. Since 0.1. */
SHMRING_API void shmring_producer_close(shmring_producer *p);
SHMRING_API void shmring_consumer_close(shmring_consumer *c);

/* Guards this process from a peer that cuts a ring's file short (ftruncate), which otherwise ends
 * it by SIGBUS. The part that is gone reads as zeros then, and a handle that has touched it answers
 * SHMRING_E_CORRUPT. A consumer does so at the next record that is not there, a producer at the
 * latest when the ring is full. An observer does so in place of a record that is not whole any
 * more. Nothing is read
 * or written outside the mapping.
 * Process-wide: installs a handler of SIGBUS, once, for the rings that are open already too (the
 * first 4096 mappings). A SIGBUS from elsewhere goes to the handler that was there before; one that
 * is installed later must do the same.
 * Returns SHMRING_OK; SHMRING_E_OS. On Windows sections cannot be cut, and nothing is done.
 * Any thread; never blocks; not from signal handlers; a forked child has it too. A death here
 * leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_guard(void);

/* Removes a name. Processes that have the ring open keep it and each other until they close. A wait
 * of theirs for a side that is absent ends with SHMRING_E_NOT_FOUND.
 * name: see above; what has it need not be a sound ring.
 * Returns SHMRING_OK, SHMRING_E_NAME, SHMRING_E_NOT_FOUND, SHMRING_E_ACCESS, SHMRING_E_OS;
 * SHMRING_E_BUSY (somebody is in the middle of opening or closing it); SHMRING_E_UNSUPPORTED on
 * Windows, where a name lives as long as its handles.
 * Any thread; waits at most two seconds for a process that is opening or closing the ring. A death
 * here leaves the name, or takes it. Since 0.1. */
SHMRING_API shmring_status shmring_remove(const char *name);

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
    char reserved[5];
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

/* Reads what a ring says of itself, living or dead, without opening a role or changing a byte.
 * ret: untouched on failure. The values are read one after another while the ring moves: exact on
 * an idle ring, within moments of each other on a busy one.
 * Returns SHMRING_OK, SHMRING_E_INVALID (ret is NULL), SHMRING_E_NAME, SHMRING_E_NOT_FOUND,
 * SHMRING_E_ACCESS, SHMRING_E_VERSION, SHMRING_E_CORRUPT, SHMRING_E_OS. Any thread; never waits for
 * the ring's processes. Memory order: none, for nothing is decided by it. A death here leaves
 * nothing. Since 0.1. */
SHMRING_INLINE shmring_status shmring_inspect(const char *name, shmring_info *ret)
{
    return shmring_inspect_sized_(name, ret, sizeof *ret);
}

/* The findings of shmring_verify(). */
typedef struct shmring_verdict {
    uint64_t records;  /* committed and not yet released */
    uint64_t bytes;    /* of the ring they take */
    uint64_t gaps;     /* of them with the GAP flag */
    uint64_t position; /* where the walk ended: the tail, or the first thing wrong */
    uint32_t moving;   /* 1 when a role was held or moved while it looked */
    char problem[200]; /* "" when all is well */
} shmring_verdict;

/* Walks every committed record of a ring and checks all that must hold; changes nothing.
 * ret: what was found; untouched on any other status than these two.
 * Returns SHMRING_OK; SHMRING_E_CORRUPT with ret->problem set (with ret untouched where already the
 * header cannot be true: only the detail tells); SHMRING_E_NO_MEMORY; or as shmring_inspect().
 * Any thread; never waits for the ring's processes. A death here leaves nothing. Since 0.1. */
SHMRING_INLINE shmring_status shmring_verify(const char *name, shmring_verdict *ret)
{
    return shmring_verify_sized_(name, ret, sizeof *ret);
}

/* The same for a copy of a ring in a plain file, such as `cp /dev/shm/shmring.1000.temps copy`
 * makes. path: of any length. SHMRING_E_UNSUPPORTED on Windows. Since 0.2. */
SHMRING_INLINE shmring_status shmring_verify_file(const char *path, shmring_verdict *ret)
{
    return shmring_verify_file_sized_(path, ret, sizeof *ret);
}

/* The doings of shmring_repair(). */
typedef struct shmring_repaired {
    uint32_t changed;    /* 0: the ring was sound, and not a byte was changed */
    uint32_t again;      /* 1: records that were read already may come again */
    uint64_t records;    /* that can be read now */
    uint64_t bytes;      /* of the ring they take */
    uint64_t lost_bytes; /* of the ring, up to its old tail, that nobody can read any more */
    char problem[200];   /* what was wrong; "" when nothing was */
} shmring_repaired;

/* Makes a corrupt ring one that both sides can open. It keeps every record that can still be told
 * from rubbish: those from the oldest unread one up to the first that is impossible. All behind
 * that one is lost, for nothing says where its records begin; copy the file first if you want to
 * search it. A sound ring is left as it is.
 * ret: untouched unless SHMRING_OK.
 * Returns SHMRING_OK (the ring is sound now); SHMRING_E_BUSY (a producer or a consumer has it open:
 * its positions are theirs); SHMRING_E_CORRUPT (the header itself cannot be true: remove the ring);
 * or as shmring_inspect(). A death inside leaves the ring corrupt, and another repair does the
 * same. Any thread; not from signal handlers. Since 0.2. */
SHMRING_INLINE shmring_status shmring_repair(const char *name, shmring_repaired *ret)
{
    return shmring_repair_sized_(name, ret, sizeof *ret);
}

/* The same for a copy of a ring in a plain file. SHMRING_E_UNSUPPORTED on Windows. Since 0.2. */
SHMRING_INLINE shmring_status shmring_repair_file(const char *path, shmring_repaired *ret)
{
    return shmring_repair_file_sized_(path, ret, sizeof *ret);
}

/* Calls `each` for every ring this user can see, in no order; name is valid during the call.
 * each: returns 0 to go on, anything else to stop. arg: handed to it.
 * Returns SHMRING_OK, SHMRING_E_INVALID (each is NULL), SHMRING_E_NO_MEMORY, SHMRING_E_OS,
 * SHMRING_E_UNSUPPORTED (a Windows that shows no list). Any thread; never waits for the rings'
 * processes. A death here leaves nothing. Since 0.1; on Windows since 0.2. */
SHMRING_API shmring_status shmring_list(int (*each)(const char *name, void *arg), void *arg);

/* Removes every UNTIL_LAST_CLOSE ring that no process has open any more: It removes this user's,
 * and of the Global ones all that it may remove (root: everybody's).
 * ret_removed: how many, 0 on Windows, where a ring goes with its last process; may be NULL;
 * untouched on failure.
 * Returns as shmring_list(); SHMRING_E_ACCESS when all was removed that may be, and dead Global
 * rings of other users are left: the detail has both numbers, and whose the first is.
 * Any thread; waits up to two seconds for one that somebody is opening, and leaves it. A death here
 * leaves the rest for the next call. Since 0.1. */
SHMRING_API shmring_status shmring_prune(uint32_t *ret_removed);

SHMRING_END_DECLS

#endif
