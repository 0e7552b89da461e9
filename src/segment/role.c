/* SPDX-License-Identifier: MIT */
#include "segment/role.h"

#include <string.h>

#include "os/os.h"

void shmring_role_enter(struct shmring_role_block *ours, uint64_t capability, uint64_t start_time)
{
    char program[16];
    uint64_t words[2];

    shmring_os_program(program);
    memcpy(words, program, sizeof words);
    shmring_store_relaxed(&ours->pid, shmring_os_pid());
    shmring_store_relaxed(&ours->start_time, start_time);
    shmring_store_relaxed(&ours->program[0], words[0]);
    shmring_store_relaxed(&ours->program[1], words[1]);
    shmring_store_relaxed(&ours->capability, capability);
    /* The state before the epoch: who acquires this epoch and then reads CLOSED reads our CLOSED,
     * not our predecessor's. */
    shmring_store_release(&ours->state, SHMRING_ROLE_ATTACHED);
    shmring_store_release(&ours->epoch, shmring_load_relaxed(&ours->epoch) + 1);
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
    uint64_t epoch = shmring_load_acquire(&theirs->epoch);
    int held = shmring_os_role_held(&a->seg, role);
    /* The lock before the state: one that closes in between is seen CLOSED, not dead. */
    uint64_t state = shmring_load_acquire(&theirs->state);

    *ret_epoch = epoch;
    if (held && state != SHMRING_ROLE_CLOSED) {
        return SHMRING_PEER_LIVES;
    }
    if (state == SHMRING_ROLE_NONE || epoch == ignored_epoch) {
        return held ? SHMRING_PEER_LIVES : SHMRING_PEER_ABSENT;
    }
    if (state == SHMRING_ROLE_CLOSED) {
        return SHMRING_PEER_CLOSED;
    }
    /* One that came in between is not taken for its dead predecessor. */
    if (shmring_os_role_held(&a->seg, role) || shmring_load_acquire(&theirs->epoch) != epoch) {
        return SHMRING_PEER_LIVES;
    }
    return SHMRING_PEER_IS_DEAD;
}
