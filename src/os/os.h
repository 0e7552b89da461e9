/* SPDX-License-Identifier: MIT */
/* os.h - the private contract with the operating system. os/linux/object.c and os/windows/object.c
 * fulfil it; the build chooses one. Nothing else in src/ sees a system header.
 *
 * Contract
 *   - A function that returns a status sets shmring_error_detail() on every negative one, naming
 *     the ring and the system's error. Out-parameters are untouched on failure.
 *   - A segment is either empty (all fields as shmring_os_segment_init() left them) or holds
 *     kernel objects; shmring_os_segment_drop() takes both.
 *   - An object that was created is invisible by name until shmring_os_publish(), where the system
 *     can do that; the magic is stored last in any case.
 *   - Locks belong to the segment's open of the object, not to the process: two handles of one
 *     process exclude each other, a forked child inherits none, and death frees all at once.
 *   - Sleep and wake work between processes, on the address of the word in shared memory.
 */
#ifndef SHMRING_SRC_OS_OS_H
#define SHMRING_SRC_OS_OS_H

#include <shmring/detail/layout.h>
#include <shmring/status.h>

#include "os/name.h"

enum shmring_role {
    SHMRING_ROLE_NOBODY = 0, /* who makes a ring and takes no role of it */
    SHMRING_ROLE_PRODUCER = 1,
    SHMRING_ROLE_CONSUMER = 2,
    SHMRING_ROLE_OBSERVER = 3
};

struct shmring_os_segment {
    intptr_t object;  /* carries the locks; closed by shmring_os_map(), if the mapping keeps them */
    intptr_t probe;   /* a second open of the same object: asks about locks, does the last close */
    intptr_t more[4]; /* whatever else the system needs */
    uint64_t id[2];   /* which object this is, for "is the name still ours?" */
    uint64_t size;    /* bytes */
    uint64_t owner;   /* user id */
    uint32_t mode;    /* permission bits */
    struct shmring_name name; /* where the system's locks go by it; else unused */
    const char
        *security; /* for what is made while the ring is opened; NULL: the system's default */
    int any_owner; /* what was made by others is taken, too */
    const unsigned char *mapped; /* where the object is read instead, without holding it open */
};

struct shmring_os_map {
    unsigned char *base; /* header, data, data again; NULL when not mapped */
    uint64_t capacity;
    void *reservation; /* the whole address range that is left, NULL when there is none */
    uint64_t reserved;
};

/* ---- objects ---- */

void shmring_os_segment_init(struct shmring_os_segment *seg);

/* Makes an unnamed object of size bytes, all zero, every page reserved; *ret_huge says how many
 * bytes came on huge pages if they were asked for. security: as the option says, or NULL. OK,
 * E_NO_SPACE, E_NO_MEMORY, E_PRIVILEGE, E_INVALID, E_UNSUPPORTED, E_OS. */
shmring_status shmring_os_create(const struct shmring_name *name, uint64_t size,
                                 uint32_t permissions, const char *security, int huge,
                                 struct shmring_os_segment *ret, uint64_t *ret_huge);

/* Gives it its name, at once and whole. OK; EXISTS when the name is taken; E_OS. */
shmring_status shmring_os_publish(const struct shmring_name *name, struct shmring_os_segment *seg);

/* Opens an object by name and refuses one that is not a plain object of this user's, or with
 * any_owner of any user's. An object with a user's Local name must be that user's, or can only be
 * removed: SHMRING_OS_PLANTED. write: 0 for looking only. OK, E_NOT_FOUND, E_ACCESS, E_OS. */
#define SHMRING_OS_PLANTED 2
shmring_status shmring_os_open(const struct shmring_name *name, int write, int any_owner,
                               struct shmring_os_segment *ret);

/* Opens a plain file that holds a copy of an object, whoever owns it. Only for reading, writing and
 * the admin lock. OK, E_NOT_FOUND, E_ACCESS, E_UNSUPPORTED, E_OS. */
shmring_status shmring_os_open_file(const char *path, int write, struct shmring_os_segment *ret);

/* Makes an object that never has a name, of size bytes, all zero, every page reserved; what is
 * written to it goes by its descriptor. name: what sentences call it. OK, and errors as
 * shmring_os_create(). */
shmring_status shmring_os_create_nameless(const struct shmring_name *name, uint64_t size,
                                          uint32_t permissions, struct shmring_os_segment *ret);

/* From now on nobody can change its size. *ret_fd: a descriptor for the caller, on a description
 * that has no lock. The segment is empty afterwards, also on failure. OK, E_OS. */
shmring_status shmring_os_seal(const struct shmring_name *name, struct shmring_os_segment *seg,
                               int *ret_fd);

/* Takes a nameless object from a descriptor, which stays the caller's. as_given: by its own open
 * file description, and without an open. OK; E_INVALID, E_ACCESS, E_BUSY, E_UNSUPPORTED, E_OS. */
shmring_status shmring_os_adopt(const struct shmring_name *name, int fd, int as_given,
                                struct shmring_os_segment *ret);

/* Plain access before, or without, a mapping. 1 on success. */
int shmring_os_read(const struct shmring_os_segment *seg, uint64_t at, void *buf, size_t n);
int shmring_os_write(const struct shmring_os_segment *seg, uint64_t at, const void *buf, size_t n);

/* Whether the object has the size that it was opened with, or more. */
int shmring_os_is_whole(const struct shmring_os_segment *seg);

/* Whether the object has any name left, whoever took it away. */
int shmring_os_has_name(const struct shmring_os_segment *seg);

/* Whether the name still leads to this object. */
int shmring_os_is_named(const struct shmring_name *name, const struct shmring_os_segment *seg);

/* Takes the name away, if it leads to this object. OK, E_NOT_FOUND, E_ACCESS, E_UNSUPPORTED, E_OS.
 */
shmring_status shmring_os_unname(const struct shmring_name *name,
                                 const struct shmring_os_segment *seg);

void shmring_os_segment_drop(struct shmring_os_segment *seg);

/* The same, and the object stays: where it lives by its handles, until this process ends. */
void shmring_os_segment_leave(struct shmring_os_segment *seg);

/* Calls each(full name, owner is this user, arg) for all names. OK, E_UNSUPPORTED, E_OS. */
shmring_status shmring_os_list(int (*each)(const char *name, int own, void *arg), void *arg);

/* Whether a name can go to another object while processes have the first one open. */
int shmring_os_can_rename(void);

/* Whether users have numbers: shmring_os_segment.owner says something. */
int shmring_os_has_users(void);

/* ---- locks ---- */

/* Opening, closing and reaping one object are serialised. Waits for up to two seconds; E_BUSY. */
shmring_status shmring_os_lock_admin(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg);
void shmring_os_unlock_admin(const struct shmring_os_segment *seg);

/* Whether anybody has the object open, this segment's own hold included. */
int shmring_os_is_held(const struct shmring_os_segment *seg);

/* Holds the object open, shared, until the mapping and the object are dropped. 1 on success. */
int shmring_os_hold(const struct shmring_os_segment *seg);

/* Gives up hold and role of an object that was not mapped; with a mapping they end with it. */
void shmring_os_unhold(struct shmring_os_segment *seg);

/* After our own hold is gone: whether we were the last. Nobody can come in between while the admin
 * lock is held. */
int shmring_os_was_last(const struct shmring_os_segment *seg);

/* Takes a role, exclusively. OK, or E_BUSY without a detail, E_OS with one. */
shmring_status shmring_os_claim(const struct shmring_name *name, struct shmring_os_segment *seg,
                                enum shmring_role role);

/* Whether a living process holds the role. */
int shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role);

/* ---- mapping ---- */

/* Maps header and mirrored data, not inherited by fork, and read-only where the role does not own
 * it. Only the header is faulted in, so that the time does not depend on the capacity. Afterwards
 * the header's mapping keeps the locks. OK, E_NO_MEMORY, E_CORRUPT (shorter than it says), E_OS. */
shmring_status shmring_os_map(const struct shmring_name *name, struct shmring_os_segment *seg,
                              uint64_t capacity, enum shmring_role role, int huge,
                              struct shmring_os_map *ret);

/* Faults in n bytes from `at`, an offset in the two views of the data: 0 to 2 * capacity. Takes
 * time by n: never call it with the admin lock held. OK, E_NO_MEMORY, E_CORRUPT (cut short), E_OS.
 */
shmring_status shmring_os_prefault(const struct shmring_name *name,
                                   const struct shmring_os_map *map, enum shmring_role role,
                                   uint64_t at, uint64_t n);

/* Unmaps the header, and with it gives up hold and role. The data takes longer, by its size, and
 * goes with shmring_os_unmap(), which does both. */
void shmring_os_unmap_header(struct shmring_os_map *map);
void shmring_os_unmap(struct shmring_os_map *map);

/* After the mapping, for an observer: keeps of the segment what it asks about roles and the object
 * by, and sleeps on, and nothing that would keep the object's name. OK, E_OS. */
shmring_status shmring_os_watch(const struct shmring_name *name, const struct shmring_os_map *map,
                                struct shmring_os_segment *seg);

/* From now on an object that is cut short does not end this process. The part of a mapping that is
 * gone reads as zeros, and the mapping's `tell` is called, in a signal handler and in the thread
 * that touched it. If the part was touched before there was a `tell`, that is called at once. OK
 * also where objects cannot be cut; E_OS. */
shmring_status shmring_os_guard(void);
void shmring_os_guard_tell(const struct shmring_os_map *map, void (*tell)(void *handle),
                           void *handle);

/* Zeroed memory for a handle, zero again in a forked child. NULL when there is none. */
void *shmring_os_handle_alloc(size_t size);
/* Memory of the handle's that stays in a forked child, zeroed at first: what a close there gives
 * back is found by it. SHMRING_OS_KEPT_SIZE bytes. */
#define SHMRING_OS_KEPT_SIZE 1024u
void *shmring_os_handle_kept(void *handle, size_t size);
void shmring_os_handle_free(void *handle, size_t size);

/* ---- sleep and wake ---- */

/* The word that a sleeper sleeps on, and a waker rings. */
struct shmring_os_bell {
    const shmring_atomic_u64 *word;
    const struct shmring_os_segment *seg;
    enum shmring_role waiter; /* whose bell it is */
    uint64_t peer_pid; /* whose death ends a sleep early, where the system can; 0: nobody's */
};

/* Sleeps while the low half of the word equals expected, up to timeout_ns; may return early. */
void shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected, uint64_t timeout_ns);
/* Wakes one sleeper. Safe in signal handlers. */
void shmring_os_wake(const struct shmring_os_bell *at);
/* Gives the processor to whoever else wants it. */
void shmring_os_yield(void);

/* Sleeps while every bells[i]'s low half equals expected[i], up to timeout_ns; may return early.
 * n: 1 to SHMRING_OS_SLEEP_ANY_MAX. 1, or 0 at once when this system cannot. */
#define SHMRING_OS_SLEEP_ANY_MAX 128u
int shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected, uint32_t n,
                         uint64_t timeout_ns);

/* Makes this process a target of other processes' shmring_os_barrier(). 1 on success. */
int shmring_os_barrier_register(void);
/* A full barrier on every running thread of every registered process. 1 on success. */
int shmring_os_barrier(void);

/* ---- readiness: what a descriptor is made of ----
 *
 * shmring_os_signal() is heard by everybody who listens for that role of that object, in whatever
 * process, and costs one system call. The object's closing or the death of a process that has it
 * open is heard too. A signal stays until it is drained. A signal may be heard that nobody sent;
 * one that was sent is never missed by a listener that was there. */

/* Safe in signal handlers. */
void shmring_os_signal(const struct shmring_os_segment *seg, enum shmring_role waiter);

/* One thing to wait for, with an alarm of its own. */
struct shmring_os_ready {
    intptr_t handle; /* for the caller's event loop; -1 when there is none */
    intptr_t listener;
    intptr_t alarm;
};

#define SHMRING_OS_HEARD_CLOSE 1u /* somebody closed the object, or died */
#define SHMRING_OS_HEARD_ALARM 2u

/* Whether the handle is a file descriptor. */
int shmring_os_ready_is_descriptor(void);

void shmring_os_ready_init(struct shmring_os_ready *ready);
/* OK; E_OS or E_UNSUPPORTED with a detail. */
shmring_status shmring_os_ready_open(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg, enum shmring_role waiter,
                                     struct shmring_os_ready *ret);
void shmring_os_ready_close(struct shmring_os_ready *ready);
/* Forgets what was heard; returns SHMRING_OS_HEARD_... of it. Afterwards it is not ready. */
uint32_t shmring_os_ready_drain(const struct shmring_os_ready *ready);
/* Makes it ready once, in that time; 0 takes the alarm back. */
void shmring_os_ready_alarm(const struct shmring_os_ready *ready, uint64_t ns);

/* One listener for many objects: -1 when there can be none. add: 1 on success. wait: until
 * something is heard, or timeout_ns; forgets what was heard. */
intptr_t shmring_os_listener_open(void);
int shmring_os_listener_add(intptr_t listener, const struct shmring_name *name,
                            const struct shmring_os_segment *seg, enum shmring_role waiter);
void shmring_os_listener_wait(intptr_t listener, uint64_t timeout_ns);
void shmring_os_listener_close(intptr_t listener);

/* A descriptor or handle for event loops that a time makes ready: it is not, until ns (at least 1)
 * after it was set, and is from then on. OK; E_OS with a detail. set: safe in signal handlers, and
 * beside another set. */
shmring_status shmring_os_timer_open(const struct shmring_name *name, intptr_t *ret);
void shmring_os_timer_set(intptr_t timer, uint64_t ns);
void shmring_os_timer_close(intptr_t timer);

/* ---- this process, and time ---- */

uint64_t shmring_os_clock_ns(void);    /* monotonic */
uint64_t shmring_os_realtime_ns(void); /* since 1970 */
uint64_t shmring_os_pid(void);
uint64_t shmring_os_user(void);       /* effective user; 0 where names do not go by it */
uint64_t shmring_os_start_time(void); /* of this process, clock ticks since boot */
/* Whether a process that lives, of which another one has stored these two, is the one that this
 * process knows by that number. 0: its number is of another namespace. 1 also where nobody can
 * tell. */
int shmring_os_is_process(uint64_t pid, uint64_t start_time);
void shmring_os_program(char name[16]);    /* first bytes of the program's name, zero-filled */
void shmring_os_random(uint64_t value[2]); /* to tell incarnations apart, not for secrets */

#endif
