/* SPDX-License-Identifier: MIT */
/* segment.c - the only writer of a geometry. How an open goes:
 *
 *   attach  open the name -> serialise with other openers and closers -> is it still named? ->
 *           check the geometry -> nobody has it open and it lives until the last close? reap it ->
 *           do the options agree? -> take the role -> hold it open -> map
 *   create  make it unnamed -> write geometry and positions -> take the role, hold -> name it ->
 *           map; the loser of a race for the name attaches to the winner's
 */
#include "segment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "detail.h"
#include "options.h"
#include "stamp.h"

/* How long an open goes on while the name keeps changing hands under it. */
#define OPEN_PATIENCE_NS UINT64_C(5000000000)

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

/* ---- geometry ---- */

static uint64_t swap_bytes(uint64_t v)
{
    uint64_t r = 0;
    int i;

    for (i = 0; i < 8; i++) {
        r = r << 8 | (v >> (8 * i) & 0xFF);
    }
    return r;
}

/* What a reader of this geometry must know. */
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

static void geometry_make(const struct shmring_name *name, const shmring_options *opt,
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

/* Positions first, then the geometry, and its magic last: where a system shows the object before
 * it is whole, nobody takes it for a ring before that. */
static int geometry_write(const struct shmring_os_segment *seg, struct shmring_geometry_page *g)
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

/* ---- create and attach ---- */

static uint64_t role_block_at(enum shmring_role role)
{
    return role == SHMRING_ROLE_PRODUCER
               ? SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, role)
               : SHMRING_CONSUMER_AT + offsetof(struct shmring_consumer_page, role);
}

static shmring_status busy(const struct shmring_name *name, const struct shmring_os_segment *seg,
                           enum shmring_role role)
{
    uint64_t pid = 0;

    (void)shmring_os_read(seg, role_block_at(role) + offsetof(struct shmring_role_block, pid), &pid,
                          8);
    return shmring_fail(SHMRING_E_BUSY,
                        "ring '%s' has a %s already, process %" PRIu64
                        ": one at a time; end that one first, or use another ring",
                        name->full, role == SHMRING_ROLE_PRODUCER ? "producer" : "consumer", pid);
}

/* The role and the hold, on an object that nobody else can be changing now. The holder's pid is
 * there before anybody else can find the role taken. */
static shmring_status take(struct shmring_attachment *a)
{
    shmring_status status = shmring_os_claim(&a->name, &a->seg, a->role);
    uint64_t pid = shmring_os_pid();

    if (status == SHMRING_E_BUSY) {
        return busy(&a->name, &a->seg, a->role);
    }
    if (status == SHMRING_OK && a->role != SHMRING_ROLE_OBSERVER &&
        !shmring_os_write(
            &a->seg, role_block_at(a->role) + offsetof(struct shmring_role_block, pid), &pid, 8)) {
        return shmring_fail(SHMRING_E_OS, "ring '%s': writing its header failed", a->name.full);
    }
    if (status == SHMRING_OK && !shmring_os_hold(&a->seg)) {
        return shmring_fail(SHMRING_E_OS, "ring '%s': locking failed", a->name.full);
    }
    return status;
}

/* Gives up role and hold, and takes the name along if nobody else holds it: the admin lock keeps
 * everybody from coming in between. */
static void leave(struct shmring_attachment *a)
{
    int locked = shmring_os_lock_admin(&a->name, &a->seg) == SHMRING_OK;

    shmring_os_unhold(&a->seg); /* not mapped: it was made, and could not be */
    shmring_os_unmap(&a->map);  /* drops the role and our hold */
    if (locked && a->geometry.lifetime == SHMRING_UNTIL_LAST_CLOSE &&
        shmring_os_was_last(&a->seg) && shmring_os_is_named(&a->name, &a->seg)) {
        (void)shmring_os_unname(&a->name, &a->seg);
    }
    if (locked) { /* a forked child has our descriptor too, and would keep the lock with it */
        shmring_os_unlock_admin(&a->seg);
    }
}

static shmring_status create(struct shmring_attachment *a, const shmring_options *opt)
{
    shmring_status status;
    int huge = (opt->flags & SHMRING_HUGE_PAGES) != 0;

    geometry_make(&a->name, opt, &a->geometry);
    if (a->geometry.max_record >
        shmring_limit_max_record(a->geometry.capacity, a->geometry.record_header)) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': max_record %" PRIu32
                            " does not fit the default capacity of "
                            "%" PRIu64 " bytes; set the capacity",
                            a->name.full, a->geometry.max_record, a->geometry.capacity);
    }
    status = shmring_stamp_calibrate(&a->name, &a->geometry);
    if (status != SHMRING_OK) {
        return status;
    }
    status = shmring_os_create(&a->name, SHMRING_HEADER_SIZE + a->geometry.capacity,
                               a->geometry.permissions, opt->security, huge, &a->seg,
                               &a->geometry.huge_bytes);
    if (status != SHMRING_OK) {
        return status;
    }
    if (!geometry_write(&a->seg, &a->geometry)) {
        status = shmring_fail(SHMRING_E_OS, "ring '%s': writing its header failed", a->name.full);
    }
    if (status == SHMRING_OK) {
        status = take(a);
    }
    if (status == SHMRING_OK) {
        status = shmring_os_publish(&a->name, &a->seg);
    }
    if (status == SHMRING_OK) {
        status = shmring_os_map(&a->name, &a->seg, a->geometry.capacity, a->role, huge, &a->map);
        if (status != SHMRING_OK) {
            leave(a);
        }
    }
    if (status != SHMRING_OK) {
        shmring_os_segment_drop(&a->seg);
    }
    return status;
}

/* Everything about an open object that must not change while we look: called with the admin lock.
 * *again: the object is not, or no longer, what the name means. */
static shmring_status attach_locked(struct shmring_attachment *a, const shmring_options *opt,
                                    int *again)
{
    shmring_status status;

    if (!shmring_os_is_named(&a->name, &a->seg)) {
        *again = 1;
        return SHMRING_E_NOT_FOUND;
    }
    status = shmring_geometry_read(&a->name, &a->seg, &a->geometry);
    if (status != SHMRING_OK) {
        return status;
    }
    if (a->seg.mode != a->geometry.permissions && (opt->flags & SHMRING_ANY_OWNER) == 0) {
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s' was made with mode %04o and has %04o now: somebody changed "
                            "it; remove it (shmring rm)",
                            a->name.full, a->geometry.permissions, a->seg.mode);
    }
    if (a->geometry.lifetime == SHMRING_UNTIL_LAST_CLOSE && !shmring_os_is_held(&a->seg)) {
        status = shmring_os_unname(&a->name, &a->seg);
        *again = 1;
        return status == SHMRING_OK ? SHMRING_E_NOT_FOUND : status;
    }
    if (opt->open_mode == SHMRING_CREATE_ONLY) {
        return shmring_fail(SHMRING_E_EXISTS,
                            "ring '%s' exists already; open it, or remove it first (shmring rm)",
                            a->name.full);
    }
    status = shmring_options_match(&a->name, opt, &a->geometry);
    if (status == SHMRING_OK && a->geometry.stamp == SHMRING_STAMP_TSC) {
        status = shmring_ticks_check(&a->name);
    }
    if (status == SHMRING_OK) {
        status = take(a);
    }
    if (status == SHMRING_OK) {
        status = shmring_os_map(&a->name, &a->seg, a->geometry.capacity, a->role,
                                (opt->flags & SHMRING_HUGE_PAGES) != 0, &a->map);
    }
    return status;
}

static shmring_status attach(struct shmring_attachment *a, const shmring_options *opt, int *again)
{
    shmring_status status =
        shmring_os_open(&a->name, 1, (opt->flags & SHMRING_ANY_OWNER) != 0, &a->seg);

    *again = 0;
    if (status != SHMRING_OK) {
        return status;
    }
    status = shmring_os_lock_admin(&a->name, &a->seg);
    if (status == SHMRING_OK) {
        status = attach_locked(a, opt, again);
        shmring_os_unlock_admin(&a->seg);
    }
    if (status != SHMRING_OK) {
        shmring_os_segment_drop(&a->seg);
    }
    return status;
}

static shmring_status open_or_create(struct shmring_attachment *a, const shmring_options *opt)
{
    uint64_t deadline = shmring_os_clock_ns() + OPEN_PATIENCE_NS;
    shmring_status status;
    int again;

    do {
        status = attach(a, opt, &again);
        if (status == SHMRING_E_NOT_FOUND && !again) {
            if (opt->open_mode == SHMRING_OPEN_ONLY) {
                return status;
            }
            status = create(a, opt);
            again = status == SHMRING_E_EXISTS;
        }
        if (!again) {
            return status;
        }
    } while (shmring_os_clock_ns() < deadline);
    return shmring_fail(SHMRING_E_BUSY,
                        "ring '%s' kept appearing and disappearing for 5 seconds; try again",
                        a->name.full);
}

shmring_status shmring_segment_open(const struct shmring_name *name, const shmring_options *opt,
                                    enum shmring_role role, struct shmring_attachment **ret)
{
    struct shmring_attachment *a = calloc(1, sizeof *a);
    shmring_status status;

    if (a == NULL) {
        return shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory for a handle", name->full);
    }
    a->name = *name;
    a->role = role;
    a->listener = -1;
    shmring_os_ready_init(&a->ready);
    shmring_os_segment_init(&a->seg);
    status = open_or_create(a, opt);
    if (status != SHMRING_OK) {
        free(a);
        return status;
    }
    *ret = a;
    return SHMRING_OK;
}

void shmring_segment_close(struct shmring_attachment *a)
{
    leave(a);
    shmring_os_segment_drop(&a->seg);
    shmring_os_ready_close(&a->ready);
    if (a->listener >= 0) {
        shmring_os_listener_close(a->listener);
    }
    free(a);
}
