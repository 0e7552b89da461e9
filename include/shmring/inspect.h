/* SPDX-License-Identifier: MIT */
/* inspect.h - a ring from outside: what it says of itself, whether that can be true, and how a
 * corrupt one is mended. No call here opens a role. Those that only read may look at any ring that
 * the user may read, living or dead. */
#ifndef SHMRING_INSPECT_H
#define SHMRING_INSPECT_H

#include <shmring/detail/abi.h>
#include <shmring/types.h>

SHMRING_BEGIN_DECLS

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

SHMRING_END_DECLS

#endif
