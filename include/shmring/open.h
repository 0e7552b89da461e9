/* SPDX-License-Identifier: MIT */
/* open.h - open, close, list and remove rings by name.
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
#include <shmring/types.h>

SHMRING_BEGIN_DECLS

/* Opens a role of a ring by name, and makes the ring if open_mode allows. Either side may be first.
 * ret: the handle; untouched on failure. name: as at the top of open.h. opt: NULL is
 * SHMRING_OPTIONS_INIT. Options that describe the ring are for its creator; on an existing ring
 * those that are set (not zero, or any with SHMRING_EXACT) must agree with it. A ring
 * that a consumer made by SHMRING_OPEN_OR_CREATE, and that no producer has held, takes the first
 * producer's options where the consumer set none. The consumer's handle goes over to it inside its
 * next call that finds nothing. Not so on Windows. Returns SHMRING_OK; SHMRING_E_INVALID      an
 * option out of range SHMRING_E_NAME         not a ring name SHMRING_E_NOT_FOUND SHMRING_OPEN_ONLY,
 * and no living ring of that name SHMRING_E_EXISTS       SHMRING_CREATE_ONLY, and it is there
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
 * name: as at the top of open.h; no living ring may have it. opt: what describes the ring, as for
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

/* Makes a ring that has no name, and takes no role of it. A process that has the
 * descriptor can come to it, and no other. A child inherits it, or it is sent through a Unix socket
 * (SCM_RIGHTS). The ring
 * lives as long as a descriptor of it, or a handle, is open anywhere, and leaves nothing behind.
 * Nobody can change its size (the memory is sealed), so that no peer can end a process by cutting
 * it short. ret: the descriptor, closed by an exec until FD_CLOEXEC is taken off; untouched on
 * failure. label: what sentences call the ring, in the form of a name; many may have the same. opt:
 * as for shmring_create(); SHMRING_HUGE_PAGES does nothing here. Returns SHMRING_OK;
 * SHMRING_E_INVALID (ret is NULL, or as shmring_create()); SHMRING_E_NAME, SHMRING_E_NO_SPACE,
 * SHMRING_E_NO_MEMORY, SHMRING_E_OS; SHMRING_E_UNSUPPORTED on Windows. Any thread; takes the time
 * to reserve the memory; not from signal handlers. Memory order: none; handing the descriptor on
 * orders what comes behind. A death here leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_create_fd(int *ret, const char *label,
                                             const shmring_options *opt);

/* Opens a role of a ring that shmring_create_fd() made. It is as shmring_producer_open() otherwise:
 * one of each role at a time, restarts, closes and deaths are told, and a forked child holds
 * nothing. fd: the descriptor; it stays the caller's, and may be closed at once. opt: as there; an
 * open never makes a ring here. With SHMRING_NO_OPEN the side makes no open()
 * and uses fd itself. The role then ends when the last copy of fd is closed, in whatever process,
 * and a copy is no second descriptor. Returns SHMRING_OK;
 *   SHMRING_E_INVALID      fd is not open, or an option is out of range
 *   SHMRING_E_ACCESS       not open for reading and writing, or not sealed, or the system does not
 *                          let this process open it anew
 *   SHMRING_E_BUSY         the role is taken; with SHMRING_NO_OPEN also: fd or a copy is in use
 *   SHMRING_E_EXISTS       SHMRING_CREATE_ONLY
 *   SHMRING_E_NO_MEMORY, SHMRING_E_VERSION, SHMRING_E_MISMATCH, SHMRING_E_CORRUPT, SHMRING_E_OS
 *                          as for shmring_producer_open()
 *   SHMRING_E_UNSUPPORTED  Windows
 * Any thread; waits at most two seconds for a process that is opening or closing this ring; not
 * from signal handlers. Memory order: edge E. A death here leaves the ring as it was. Since 0.2. */
SHMRING_INLINE shmring_status shmring_producer_open_fd(shmring_producer **ret, int fd,
                                                       const shmring_options *opt)
{
    return shmring_producer_open_fd_abi_(ret, fd, opt, SHMRING_HANDLE_ABI, sizeof(shmring_producer),
                                         sizeof(shmring_record));
}

/* The same for the consumer's role. Since 0.2. */
SHMRING_INLINE shmring_status shmring_consumer_open_fd(shmring_consumer **ret, int fd,
                                                       const shmring_options *opt)
{
    return shmring_consumer_open_fd_abi_(ret, fd, opt, SHMRING_HANDLE_ABI, sizeof(shmring_consumer),
                                         sizeof(shmring_record));
}

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
 * more. Nothing is read or written outside the
 * mapping.
 * Process-wide: installs a handler of SIGBUS, once, for the rings that are open already too (the
 * first 4096 mappings). A SIGBUS from elsewhere goes to the handler that was there before; one that
 * is installed later must do the same.
 * Returns SHMRING_OK; SHMRING_E_OS. On Windows sections cannot be cut, and nothing is done.
 * Any thread; never blocks; not from signal handlers; a forked child has it too. A death here
 * leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_guard(void);

/* Removes a name. Processes that have the ring open keep it and each other until they close. A wait
 * of theirs for a side that is absent ends with SHMRING_E_NOT_FOUND.
 * name: as at the top of open.h; what has it need not be a sound ring.
 * Returns SHMRING_OK, SHMRING_E_NAME, SHMRING_E_NOT_FOUND, SHMRING_E_ACCESS, SHMRING_E_OS;
 * SHMRING_E_BUSY (somebody is in the middle of opening or closing it); SHMRING_E_UNSUPPORTED on
 * Windows, where a name lives as long as its handles.
 * Any thread; waits at most two seconds for a process that is opening or closing the ring. A death
 * here leaves the name, or takes it. Since 0.1. */
SHMRING_API shmring_status shmring_remove(const char *name);

/* Calls `each` for every ring this user can see, in no order; name is valid during the call.
 * each: returns 0 to go on, anything else to stop. arg: handed to it.
 * Returns SHMRING_OK, SHMRING_E_INVALID (each is NULL), SHMRING_E_NO_MEMORY, SHMRING_E_OS,
 * SHMRING_E_UNSUPPORTED (a Windows that shows no list). Any thread; never waits for the rings'
 * processes. A death here leaves nothing. Since 0.1; on Windows since 0.2. */
SHMRING_API shmring_status shmring_list(int (*each)(const char *name, void *arg), void *arg);

/* Removes every UNTIL_LAST_CLOSE ring that no process has open any more: this user's,
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
