/* SPDX-License-Identifier: MIT */
/* geometry.c - a ring's fixed properties: made and written once, read and checked by all others. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "segment/options.h"
#include "segment/segment.h"
#include "ring/clock.h"

static uint64_t swap_bytes(uint64_t v)
{
    uint64_t r = 0;
    int i;

    for (i = 0; i < 8; i++) {
        r = r << 8 | (v >> (8 * i) & 0xFF);
    }
    return r;
}

/* The features that a reader of this geometry must know. */
static uint64_t features_of(const struct shmring_geometry_page *g)
{
    return (g->overflow == SHMRING_OVERWRITE ? SHMRING_FEATURE_OVERWRITE : 0) |
           (g->stamp == SHMRING_STAMP_TSC ? SHMRING_FEATURE_TICKS : 0);
}

static int geometry_is_sound(const struct shmring_geometry_page *g)
{
    uint32_t header = shmring_header_of(g->stamp);

    return g->header_size == SHMRING_HEADER_SIZE && g->capacity >= SHMRING_CAPACITY_MIN &&
           g->capacity <= SHMRING_CAPACITY_MAX && (g->capacity & (g->capacity - 1)) == 0 &&
           g->framing <= SHMRING_BYTES && g->overflow <= SHMRING_OVERWRITE &&
           g->lifetime <= SHMRING_PERSISTENT && g->stamp <= SHMRING_STAMP_TSC &&
           g->permissions <= 0777 && g->features == features_of(g) && shmring_stamp_is_sound(g) &&
           (g->start_position & 7u) == 0 && memchr(g->name, '\0', sizeof g->name) != NULL &&
           (g->framing == SHMRING_BYTES
                ? g->max_record == 0 && g->record_header == 0 && g->overflow == SHMRING_REJECT
                : g->record_header == header &&
                      g->max_record <= shmring_limit_max_record(g->capacity, header));
}

shmring_status shmring_geometry_check(const struct shmring_name *name,
                                      const struct shmring_geometry_page *g, uint64_t size)
{
    uint64_t magic = shmring_load_relaxed(&g->magic);

    if (magic == swap_bytes(SHMRING_MAGIC)) {
        return shmring_fail(SHMRING_E_VERSION,
                            "ring '%s' was made by a machine of the other byte order; it cannot be "
                            "shared with this one",
                            name->full);
    }
    if (magic != SHMRING_MAGIC) {
        return shmring_fail(
            SHMRING_E_CORRUPT,
            "ring '%s': what has this name does not start as a ring does (%016" PRIx64
            "); remove it (shmring rm)",
            name->full, magic);
    }
    if (g->version != SHMRING_LAYOUT_VERSION) {
        return shmring_fail(SHMRING_E_VERSION,
                            "ring '%s' has layout version %" PRIu32 " and this library speaks %u: "
                            "use one version of shmring on both sides",
                            name->full, g->version, SHMRING_LAYOUT_VERSION);
    }
    if ((g->features & ~(SHMRING_FEATURE_OVERWRITE | SHMRING_FEATURE_TICKS)) != 0) {
        return shmring_fail(SHMRING_E_VERSION,
                            "ring '%s' uses features %#" PRIx64 " that this library does not know: "
                            "use one version of shmring on both sides",
                            name->full, g->features);
    }
    if (!geometry_is_sound(g)) {
        return shmring_fail(SHMRING_E_CORRUPT,
                            "ring '%s': its header cannot be true (capacity %" PRIu64
                            ", max_record %" PRIu32 "); remove it (shmring rm)",
                            name->full, g->capacity, g->max_record);
    }
    if (size != SHMRING_HEADER_SIZE + g->capacity) {
        return shmring_fail(SHMRING_E_CORRUPT,
                            "ring '%s' is %" PRIu64 " bytes long and says %" PRIu64
                            "; remove it (shmring rm)",
                            name->full, size, SHMRING_HEADER_SIZE + g->capacity);
    }
    if (name->base_at != 0 && strcmp(g->name, name->full) != 0) {
        return shmring_fail(SHMRING_E_CORRUPT,
                            "ring '%s' calls itself '%.200s': it was renamed or copied; remove it",
                            name->full, g->name);
    }
    return SHMRING_OK;
}

shmring_status shmring_geometry_read(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg,
                                     struct shmring_geometry_page *ret)
{
    const int long_enough = seg->size >= SHMRING_HEADER_SIZE + SHMRING_CAPACITY_MIN;
    const int was_read = long_enough && shmring_os_read(seg, SHMRING_GEOMETRY_AT, ret, sizeof *ret);

    if (long_enough && !was_read && shmring_os_is_whole(seg)) {
        return shmring_fail(SHMRING_E_OS, "ring '%s': reading its header failed; try again",
                            name->full);
    }
    if (!was_read) {
        return shmring_fail(SHMRING_E_CORRUPT,
                            "ring '%s': what has this name is %" PRIu64
                            " bytes long, too short for a ring; remove it (shmring rm)",
                            name->full, seg->size);
    }
    return shmring_geometry_check(name, ret, seg->size);
}

void shmring_geometry_make(const struct shmring_name *name, const shmring_options *opt,
                           struct shmring_geometry_page *g)
{
    memset(g, 0, sizeof *g);
    g->version = SHMRING_LAYOUT_VERSION;
    g->header_size = (uint32_t)SHMRING_HEADER_SIZE;
    g->capacity = opt->capacity != 0 ? opt->capacity : SHMRING_CAPACITY_DEFAULT;
    g->framing = opt->framing;
    g->overflow = opt->overflow;
    g->lifetime = opt->lifetime;
    g->stamp = opt->stamp;
    g->features = features_of(g);
    if (opt->framing == SHMRING_RECORDS) {
        g->record_header = shmring_header_of(opt->stamp);
        g->max_record =
            opt->max_record != 0 ? opt->max_record : shmring_default_max_record(g->capacity);
    }
    g->schema = opt->schema;
    g->permissions = opt->permissions != 0 ? opt->permissions : 0600;
    g->start_position = opt->start_position;
    g->created_ns = shmring_os_realtime_ns();
    g->creator_pid = (uint32_t)shmring_os_pid();
    shmring_os_random(g->incarnation);
    memcpy(g->name, name->full, sizeof g->name);
}

int shmring_geometry_write(const struct shmring_os_segment *seg, struct shmring_geometry_page *g)
{
    const uint64_t at = g->start_position;
    const uint64_t magic = SHMRING_MAGIC;

    if (at != 0 &&
        (!shmring_os_write(seg, SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, tail),
                           &at, 8) ||
         !shmring_os_write(seg, SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, evict),
                           &at, 8) ||
         !shmring_os_write(seg, SHMRING_CONSUMER_AT + offsetof(struct shmring_consumer_page, head),
                           &at, 8) ||
         !shmring_os_write(
             seg, SHMRING_CONSUMER_AT + offsetof(struct shmring_consumer_page, cursor), &at, 8))) {
        return 0;
    }
    if (!shmring_os_write(seg, SHMRING_GEOMETRY_AT, g, sizeof *g) ||
        !shmring_os_write(seg, SHMRING_GEOMETRY_AT, &magic, 8)) {
        return 0;
    }
    shmring_store_relaxed(&g->magic, magic);
    return 1;
}

/* ---- where the pages are ---- */

struct shmring_producer_page *shmring_producer_page_of(const struct shmring_os_map *map)
{
    return (struct shmring_producer_page *)(void *)(map->base + SHMRING_PRODUCER_AT);
}

struct shmring_consumer_page *shmring_consumer_page_of(const struct shmring_os_map *map)
{
    return (struct shmring_consumer_page *)(void *)(map->base + SHMRING_CONSUMER_AT);
}

struct shmring_doorbell_page *shmring_doorbell_page_of(const struct shmring_os_map *map)
{
    return (struct shmring_doorbell_page *)(void *)(map->base + SHMRING_DOORBELL_AT);
}

unsigned char *shmring_data_of(const struct shmring_os_map *map)
{
    return map->base + SHMRING_HEADER_SIZE;
}
