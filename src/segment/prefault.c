/* SPDX-License-Identifier: MIT */
/* prefault.c - which pages an open faults in. Called without the admin lock: it takes time. */
#include <shmring/detail/ring.h>

#include "segment/segment.h"

/* So much of a ring is faulted in by an open that was not told how much. */
#define PREFAULT_MOST (UINT64_C(256) << 20)

/* Where the side goes on. The position only chooses pages: any value does, and it needs no edge. */
static uint64_t next_position(const struct shmring_os_map *map, enum shmring_role role)
{
    return role == SHMRING_ROLE_CONSUMER
               ? shmring_load_relaxed(&shmring_consumer_page_of(map)->cursor)
               : shmring_load_relaxed(&shmring_producer_page_of(map)->tail);
}

/* How much of the data. */
static uint64_t amount(uint64_t capacity, uint32_t flags)
{
    if ((flags & SHMRING_NO_PREFAULT) != 0) {
        return 0;
    }
    return (flags & SHMRING_PREFAULT) != 0 || capacity < PREFAULT_MOST ? capacity : PREFAULT_MOST;
}

shmring_status shmring_prefault(const struct shmring_name *name, const struct shmring_os_map *map,
                                const struct shmring_geometry_page *g, enum shmring_role role,
                                uint32_t flags)
{
    const uint64_t at = next_position(map, role) & (g->capacity - 1);
    const uint64_t most = amount(g->capacity, flags);
    const uint64_t first = most < g->capacity - at ? most : g->capacity - at;
    uint64_t beyond = most; /* of the second view */
    shmring_status status = shmring_os_prefault(name, map, role, at, first);

    if (g->framing == SHMRING_RECORDS) { /* only what one record has there */
        beyond = shmring_record_size(g->record_header, g->max_record);
        beyond = beyond < most ? beyond : most;
    }
    if (status == SHMRING_OK) {
        status = shmring_os_prefault(name, map, role, 0, most - first);
    }
    if (status == SHMRING_OK) {
        status = shmring_os_prefault(name, map, role, g->capacity, beyond);
    }
    return status;
}
