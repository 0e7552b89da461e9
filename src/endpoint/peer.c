/* SPDX-License-Identifier: MIT */
/* peer.c - what an open handle tells of its ring and of the other side. */
#include <shmring/shmring.h>

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "segment/role.h"
#include "segment/segment.h"

/* The sizes of the first versions: no caller has smaller ones. */
#define RING_INFO_SIZE_MIN ((uint32_t)sizeof(shmring_ring_info))
#define PEER_SIZE_MIN      ((uint32_t)sizeof(shmring_peer))

/* No version will be larger: what says so was not initialised. */
#define STRUCT_SIZE_MAX 4096u

static shmring_status check(const struct shmring_attachment *a, const uint32_t *struct_size,
                            uint32_t least)
{
    if (a == NULL) {
        return shmring_fail(SHMRING_E_INVALID,
                            "a handle is NULL, or was opened before fork(): open the ring in the "
                            "process that uses it");
    }
    if (struct_size == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "ring '%s': the place for the answer is NULL",
                            a->name.full);
    }
    if (*struct_size < least || *struct_size > STRUCT_SIZE_MAX) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': struct_size of the place for the answer is %" PRIu32
                            ": start from SHMRING_RING_INFO_INIT or SHMRING_PEER_INIT",
                            a->name.full, *struct_size);
    }
    return SHMRING_OK;
}

/* Fills the caller's struct, which may be of another version: what it has and we do not know is 0,
 * what it has not is left out. */
static void hand_out(void *ret, const void *ours, uint32_t our_size)
{
    uint32_t size;

    memcpy(&size, ret, sizeof size); /* struct_size comes first in each */
    memset(ret, 0, size);
    memcpy(ret, ours, size < our_size ? size : our_size);
    memcpy(ret, &size, sizeof size);
}

static shmring_status tell_info(const struct shmring_attachment *a, shmring_ring_info *ret)
{
    shmring_ring_info info;
    shmring_status status = check(a, ret != NULL ? &ret->struct_size : NULL, RING_INFO_SIZE_MIN);

    if (status != SHMRING_OK) {
        return status;
    }
    memset(&info, 0, sizeof info);
    info.max_record = a->geometry.max_record;
    info.capacity = a->geometry.capacity;
    info.framing = a->geometry.framing;
    info.overflow = a->geometry.overflow;
    info.lifetime = a->geometry.lifetime;
    info.stamp = a->geometry.stamp;
    info.permissions = a->geometry.permissions;
    info.creator_pid = a->geometry.creator_pid;
    info.schema = a->geometry.schema;
    info.incarnation[0] = a->geometry.incarnation[0];
    info.incarnation[1] = a->geometry.incarnation[1];
    info.created_ns = a->geometry.created_ns;
    info.owner = a->seg.owner;
    memcpy(info.name, a->name.full, sizeof info.name);
    hand_out(ret, &info, (uint32_t)sizeof info);
    return SHMRING_OK;
}

static void copy_program(char ret[24], const struct shmring_role_block *block)
{
    const uint64_t words[2] = {shmring_load_relaxed(&block->program[0]),
                               shmring_load_relaxed(&block->program[1])};
    size_t i;

    memset(ret, 0, 24);
    memcpy(ret, words, sizeof words);
    for (i = 0; i < sizeof words; i++) { /* the peer's bytes are untrusted */
        if (ret[i] != '\0' && (ret[i] < ' ' || ret[i] > '~')) {
            ret[i] = '?';
        }
    }
}

static shmring_status tell_peer(const struct shmring_attachment *a,
                                const struct shmring_role_block *block, enum shmring_role role,
                                shmring_peer *ret)
{
    shmring_peer peer;
    shmring_status status = check(a, ret != NULL ? &ret->struct_size : NULL, PEER_SIZE_MIN);

    if (status != SHMRING_OK) {
        return status;
    }
    memset(&peer, 0, sizeof peer);
    /* Edge E, inside. No holder's epoch is ignored: an end is told however often it is asked for.
     */
    peer.state = (uint32_t)shmring_role_ask(a, block, role, UINT64_MAX, &peer.epoch);
    peer.pid = shmring_load_relaxed(&block->pid);
    peer.start_time = shmring_load_relaxed(&block->start_time);
    copy_program(peer.program, block);
    peer.removed = (uint32_t)!shmring_os_is_named(&a->name, &a->seg);
    hand_out(ret, &peer, (uint32_t)sizeof peer);
    return SHMRING_OK;
}

shmring_status shmring_producer_info(const shmring_producer *p, shmring_ring_info *ret)
{
    return tell_info(p != NULL ? p->attachment : NULL, ret);
}

shmring_status shmring_consumer_info(const shmring_consumer *c, shmring_ring_info *ret)
{
    return tell_info(c != NULL ? c->attachment : NULL, ret);
}

shmring_status shmring_producer_peer(const shmring_producer *p, shmring_peer *ret)
{
    const int is_open = p != NULL && p->attachment != NULL;

    return tell_peer(is_open ? p->attachment : NULL, is_open ? &p->peer->role : NULL,
                     SHMRING_ROLE_CONSUMER, ret);
}

shmring_status shmring_consumer_peer(const shmring_consumer *c, shmring_peer *ret)
{
    const int is_open = c != NULL && c->attachment != NULL;

    return tell_peer(is_open ? c->attachment : NULL, is_open ? &c->peer->role : NULL,
                     SHMRING_ROLE_PRODUCER, ret);
}
