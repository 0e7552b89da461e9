/* SPDX-License-Identifier: MIT */
#include "segment/options.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "segment/described.h"
#include "base/error.h"
#include "os/os.h"

/* The size of the first version of the struct: no caller has a smaller one. */
#define OPTIONS_SIZE_MIN ((uint32_t)offsetof(shmring_options, start_position))

/* A user's id has 32 bits. */
#define OWNER_MAX (UINT64_C(1) << 32)

/* All there are: the lowest bits, without a hole. */
#define FLAGS (2 * SHMRING_NO_OPEN - 1)

uint32_t shmring_header_of(uint32_t stamp)
{
    return (uint32_t)(SHMRING_WORD_SIZE + (stamp != SHMRING_STAMP_NONE ? SHMRING_STAMP_SIZE : 0));
}

uint32_t shmring_default_max_record(uint64_t capacity)
{
    return capacity / 4 < SHMRING_RECORD_LIMIT ? (uint32_t)(capacity / 4) : SHMRING_RECORD_LIMIT;
}

uint64_t shmring_limit_max_record(uint64_t capacity, uint32_t record_header)
{
    uint64_t most = capacity - SHMRING_WORD_SIZE - record_header;

    return most < SHMRING_RECORD_LIMIT ? most : SHMRING_RECORD_LIMIT;
}

static shmring_status copy_options(const struct shmring_name *name, const shmring_options *opt,
                                   shmring_options *ret)
{
    const unsigned char *bytes = (const unsigned char *)opt;
    uint32_t size, i;

    memset(ret, 0, sizeof *ret);
    if (opt == NULL) {
        return SHMRING_OK;
    }
    size = opt->struct_size;
    if (size < OPTIONS_SIZE_MIN || size > 4096) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': options.struct_size is %" PRIu32
                            ": start from SHMRING_OPTIONS_INIT",
                            name->full, size);
    }
    memcpy(ret, opt, size < sizeof *ret ? size : sizeof *ret);
    for (i = (uint32_t)sizeof *ret; i < size; i++) {
        if (bytes[i] != 0) {
            return shmring_fail(SHMRING_E_INVALID,
                                "ring '%s': byte %" PRIu32
                                " of the options is set and this library "
                                "(%" PRIu32 " bytes of options) does not know it",
                                name->full, i, (uint32_t)sizeof *ret);
        }
    }
    return SHMRING_OK;
}

static shmring_status check_enum(const struct shmring_name *name, const char *what, uint32_t value,
                                 uint32_t most)
{
    if (value > most) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': options.%s is %" PRIu32 " and must be 0 to %" PRIu32,
                            name->full, what, value, most);
    }
    return SHMRING_OK;
}

static shmring_status check_enums(const struct shmring_name *name, const shmring_options *o)
{
    const struct {
        const char *what;
        uint32_t value, most;
    } all[] = {
        {"open_mode", o->open_mode, SHMRING_OPEN_ONLY},
        {"framing", o->framing, SHMRING_BYTES},
        {"overflow", o->overflow, SHMRING_OVERWRITE},
        {"lifetime", o->lifetime, SHMRING_PERSISTENT},
        {"stamp", o->stamp, SHMRING_STAMP_TSC},
        {"permissions", o->permissions, 0777},
        {"flags", o->flags, FLAGS},
    };
    shmring_status status = SHMRING_OK;
    size_t i;

    for (i = 0; i < sizeof all / sizeof all[0] && status == SHMRING_OK; i++) {
        status = check_enum(name, all[i].what, all[i].value, all[i].most);
    }
    return status;
}

static shmring_status check_sizes(const struct shmring_name *name, const shmring_options *o)
{
    uint64_t capacity = o->capacity != 0 ? o->capacity : SHMRING_CAPACITY_DEFAULT;

    if (capacity < SHMRING_CAPACITY_MIN || capacity > SHMRING_CAPACITY_MAX ||
        (capacity & (capacity - 1)) != 0) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': a capacity of %" PRIu64
                            " bytes is not a power of two from 65536 to 1099511627776",
                            name->full, capacity);
    }
    if (o->capacity != 0 &&
        o->max_record > shmring_limit_max_record(capacity, shmring_header_of(o->stamp))) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': max_record %" PRIu32 " does not fit a capacity of %" PRIu64
                            " bytes; at most %" PRIu64,
                            name->full, o->max_record, capacity,
                            shmring_limit_max_record(capacity, shmring_header_of(o->stamp)));
    }
    if ((o->start_position & 7u) != 0) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': start_position %" PRIu64 " is not a multiple of 8",
                            name->full, o->start_position);
    }
    return SHMRING_OK;
}

shmring_status shmring_options_read(const struct shmring_name *name, const shmring_options *opt,
                                    shmring_options *ret)
{
    shmring_status status = copy_options(name, opt, ret);

    if (status == SHMRING_OK) {
        status = check_enums(name, ret);
    }
    if (status == SHMRING_OK) {
        status = check_sizes(name, ret);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    if (ret->overflow == SHMRING_OVERWRITE && ret->framing == SHMRING_BYTES) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': SHMRING_OVERWRITE is for records, and the framing is "
                            "SHMRING_BYTES: a reader that lost bytes could not tell where to go on",
                            name->full);
    }
    if (ret->owner != 0 && !shmring_os_has_users()) {
        return shmring_fail(SHMRING_E_UNSUPPORTED,
                            "ring '%s': options.owner is a user's number, which this system does "
                            "not have; leave it 0",
                            name->full);
    }
    if (ret->owner > OWNER_MAX || (ret->owner != 0 && (ret->flags & SHMRING_ANY_OWNER) != 0)) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': options.owner is %" PRIu64
                            " and must be a user's id + 1, at most 4294967296, and 0 with "
                            "SHMRING_ANY_OWNER",
                            name->full, ret->owner);
    }
    if ((ret->flags & SHMRING_NO_OPEN) != 0 && name->descriptor == 0) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': SHMRING_NO_OPEN is for rings that are opened by a "
                            "descriptor, and this one is made or opened by a name",
                            name->full);
    }
    if ((ret->flags & SHMRING_PREFAULT) != 0 && (ret->flags & SHMRING_NO_PREFAULT) != 0) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': options.flags has SHMRING_PREFAULT and "
                            "SHMRING_NO_PREFAULT: choose one",
                            name->full);
    }
    if (ret->framing == SHMRING_BYTES && (ret->stamp != 0 || ret->max_record != 0)) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': stamp and max_record are for records, and the framing is "
                            "SHMRING_BYTES",
                            name->full);
    }
    return shmr_described_check(name, ret);
}

shmring_status shmring_options_match(const struct shmring_name *name, const shmring_options *opt,
                                     const struct shmring_geometry_page *g)
{
    const int exact = (opt->flags & SHMRING_EXACT) != 0;
    const struct {
        const char *what;
        uint64_t wanted, there;
        int demanded; /* also when it is 0 */
    } all[] = {
        {"capacity", opt->capacity, g->capacity, 0},
        {"framing (0 records, 1 bytes)", opt->framing, g->framing, exact},
        {"overflow (0 reject, 1 overwrite)", opt->overflow, g->overflow, exact},
        {"lifetime (0 until last close, 1 persistent)", opt->lifetime, g->lifetime, exact},
        {"stamp (0 none, 1 monotonic, 2 TSC)", opt->stamp, g->stamp, exact},
        {"max_record", opt->max_record, g->max_record, 0},
        {"schema", opt->schema, g->schema, exact && opt->description == NULL},
        {"start_position", opt->start_position, g->start_position, 0},
    };
    size_t i;

    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        if ((all[i].wanted != 0 || all[i].demanded) && all[i].wanted != all[i].there) {
            return shmring_fail(SHMRING_E_MISMATCH,
                                "ring '%s' exists with %s %" PRIu64
                                " and this process asks for %" PRIu64
                                ": ask for the same, or for 0 to take the ring's%s",
                                name->full, all[i].what, all[i].there, all[i].wanted,
                                all[i].demanded ? ", without SHMRING_EXACT" : "");
        }
    }
    if (opt->permissions != 0 && opt->permissions != g->permissions) {
        return shmring_fail(SHMRING_E_MISMATCH,
                            "ring '%s' exists with mode %04o and this process asks for %04o: ask "
                            "for the same, or for 0 to take the ring's",
                            name->full, g->permissions, opt->permissions);
    }
    return SHMRING_OK;
}

shmring_status shmring_options_check_owner(const struct shmring_name *name,
                                           const shmring_options *opt, uint64_t owner)
{
    if (opt->owner == 0 || opt->owner == owner + 1) {
        return SHMRING_OK;
    }
    return shmring_fail(SHMRING_E_ACCESS,
                        "ring '%s' belongs to user %" PRIu64
                        " and this process asks for one of user %" PRIu64,
                        name->full, owner, opt->owner - 1);
}

int shmring_options_any_owner(const shmring_options *opt)
{
    return (opt->flags & SHMRING_ANY_OWNER) != 0 || opt->owner != 0;
}

/* ---- a ring that yields ---- */

uint32_t shmring_options_left_open(const shmring_options *opt)
{
    const int exact = (opt->flags & SHMRING_EXACT) != 0;

    return (opt->capacity == 0 ? SHMRING_YIELDS_CAPACITY : 0) |
           (opt->framing == 0 && !exact ? SHMRING_YIELDS_FRAMING : 0) |
           (opt->overflow == 0 && !exact ? SHMRING_YIELDS_OVERFLOW : 0) |
           (opt->lifetime == 0 && !exact ? SHMRING_YIELDS_LIFETIME : 0) |
           (opt->stamp == 0 && !exact ? SHMRING_YIELDS_STAMP : 0) |
           (opt->max_record == 0 ? SHMRING_YIELDS_MAX_RECORD : 0) |
           (opt->schema == 0 && !exact ? SHMRING_YIELDS_SCHEMA : 0) |
           (opt->description == NULL ? SHMRING_YIELDS_DESCRIPTION : 0) |
           (opt->permissions == 0 ? SHMRING_YIELDS_PERMISSIONS : 0);
}

/* Where the bits of `which` are set, ret gets the geometry's value. */
static void take_from(shmring_options *ret, const struct shmring_geometry_page *g, uint32_t which)
{
    ret->capacity = (which & SHMRING_YIELDS_CAPACITY) != 0 ? g->capacity : ret->capacity;
    ret->framing = (which & SHMRING_YIELDS_FRAMING) != 0 ? g->framing : ret->framing;
    ret->overflow = (which & SHMRING_YIELDS_OVERFLOW) != 0 ? g->overflow : ret->overflow;
    ret->lifetime = (which & SHMRING_YIELDS_LIFETIME) != 0 ? g->lifetime : ret->lifetime;
    ret->stamp = (which & SHMRING_YIELDS_STAMP) != 0 ? g->stamp : ret->stamp;
    ret->max_record = (which & SHMRING_YIELDS_MAX_RECORD) != 0 ? g->max_record : ret->max_record;
    ret->schema = (which & SHMRING_YIELDS_SCHEMA) != 0 ? g->schema : ret->schema;
    ret->permissions =
        (which & SHMRING_YIELDS_PERMISSIONS) != 0 ? g->permissions : ret->permissions;
}

shmring_status shmring_options_join(const struct shmring_name *name, const shmring_options *opt,
                                    const struct shmring_os_segment *seg,
                                    const struct shmring_geometry_page *g, int may_yield,
                                    shmring_options *ret)
{
    const uint32_t yields = may_yield ? g->yields : 0;
    shmring_options asked = *opt, joined = *opt;
    shmring_status status;

    take_from(&asked, g, yields);
    if ((yields & SHMRING_YIELDS_DESCRIPTION) != 0) {
        asked.description = NULL;
    }
    status = shmring_options_match(name, &asked, g);
    if (status == SHMRING_OK) {
        status = shmr_described_match(name, &asked, seg, g);
    }
    if (status != SHMRING_OK) {
        return status;
    }
    take_from(&joined, g, ~yields);
    joined.start_position = g->start_position;
    return shmring_options_read(name, &joined, ret);
}

uint64_t shmring_options_start_time(const shmring_options *opt)
{
    return (opt->flags & SHMRING_NO_OPEN) != 0 ? 0 : shmring_os_start_time();
}
