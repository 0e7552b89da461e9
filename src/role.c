/* SPDX-License-Identifier: MIT */
#include "role.h"

#include <string.h>

#include "os.h"

void shmring_role_enter(struct shmring_role_block *ours, uint64_t capability)
{
    char program[16];
    uint64_t words[2];

    shmring_os_program(program);
    memcpy(words, program, sizeof words);
    shmring_store_relaxed(&ours->pid, shmring_os_pid());
    shmring_store_relaxed(&ours->start_time, shmring_os_start_time());
    shmring_store_relaxed(&ours->program[0], words[0]);
    shmring_store_relaxed(&ours->program[1], words[1]);
    shmring_store_relaxed(&ours->capability, capability);
    /* The epoch before the state: a peer that acquires ATTACHED counts this holder, not the last.
     */
    shmring_store_release(&ours->epoch, shmring_load_relaxed(&ours->epoch) + 1);
    shmring_store_release(&ours->state, SHMRING_ROLE_ATTACHED);
    shmring_full_barrier();
}

void shmring_role_leave(struct shmring_role_block *ours)
{
    shmring_store_release(&ours->state, SHMRING_ROLE_CLOSED); /* E, with shmring_role_ask() */
}

enum shmring_peer_state shmring_role_ask(const struct shmring_attachment *a,
                                         const struct shmring_role_block *theirs,
                                         enum shmring_role role, uint64_t ignored_epoch,
                                         uint64_t *ret_epoch)
{
    /* The lock before the state: a peer that closes in between is seen CLOSED, not dead. */
    int held = shmring_os_role_held(&a->seg, role);
    uint64_t state = shmring_load_acquire(&theirs->state);
    uint64_t epoch = shmring_load_acquire(&theirs->epoch);

    *ret_epoch = epoch;
    if (held && state != SHMRING_ROLE_CLOSED) {
        return SHMRING_PEER_LIVES;
    }
    if (state == SHMRING_ROLE_NONE || epoch == ignored_epoch) {
        return held ? SHMRING_PEER_LIVES : SHMRING_PEER_ABSENT;
    }
    return state == SHMRING_ROLE_CLOSED ? SHMRING_PEER_CLOSED : SHMRING_PEER_IS_DEAD;
}
