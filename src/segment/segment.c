/* SPDX-License-Identifier: MIT */
/* segment.c - how an open goes:
 *
 *   attach  open the name -> serialise with other openers and closers -> is it still named? ->
 *           check the geometry -> nobody has it open and it lives until the last close? reap it ->
 *           do the options agree? -> take the role -> hold it open -> map -> let others go on ->
 *           fault in
 *   create  make it unnamed -> write geometry and positions -> take the role, hold -> name it ->
 *           map -> fault in; the loser of a race for the name attaches to the winner's
 */
#include "segment/segment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "segment/described.h"
#include "base/error.h"
#include "segment/options.h"
#include "ring/clock.h"

/* How long an open goes on while the name keeps changing hands under it. */
#define OPEN_PATIENCE_NS UINT64_C(5000000000)

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
    const char *who = role == SHMRING_ROLE_PRODUCER ? "producer" : "consumer";
    uint64_t holder[2] = {0, 0}; /* pid, start_time */

    (void)shmring_os_read(seg, role_block_at(role), holder, sizeof holder);
    return shmring_fail(SHMRING_E_BUSY,
                        shmring_os_is_process(holder[0], holder[1])
                            ? "ring '%s' has a %s already, process %" PRIu64
                              ": one at a time; end that one first, or use another ring"
                            : "ring '%s' has a %s already, a process of another namespace (a "
                              "container's), number %" PRIu64
                              " there: one at a time; end it there, or use another ring",
                        name->full, who, holder[0]);
}

/* The role and the hold, on an object that nobody else can be changing now. The holder's pid and
 * start time, the first two words of the block, are there before anybody else can find the role
 * taken. */
static shmring_status take(struct shmring_attachment *a, const shmring_options *opt)
{
    shmring_status status = shmring_os_claim(&a->name, &a->seg, a->role);
    const uint64_t holder[2] = {shmring_os_pid(), shmring_options_start_time(opt)};

    if (status == SHMRING_E_BUSY) {
        return busy(&a->name, &a->seg, a->role);
    }
    if (status == SHMRING_OK && a->role != SHMRING_ROLE_OBSERVER &&
        !shmring_os_write(&a->seg, role_block_at(a->role), holder, sizeof holder)) {
        return shmring_fail(SHMRING_E_OS, "ring '%s': writing its header failed", a->name.full);
    }
    if (status == SHMRING_OK && !shmring_os_hold(&a->seg)) {
        return shmring_fail(SHMRING_E_OS, "ring '%s': locking failed", a->name.full);
    }
    return status;
}

/* Whether this open made the ring, failed, and no other side has been in it meanwhile. With the
 * admin lock, which every other one had before it entered: no further edge is needed. */
static int is_unused(const struct shmring_attachment *a)
{
    uint64_t epochs[2];

    return a->unfinished &&
           shmring_os_read(&a->seg,
                           role_block_at(SHMRING_ROLE_PRODUCER) +
                               offsetof(struct shmring_role_block, epoch),
                           &epochs[0], 8) &&
           shmring_os_read(&a->seg,
                           role_block_at(SHMRING_ROLE_CONSUMER) +
                               offsetof(struct shmring_role_block, epoch),
                           &epochs[1], 8) &&
           epochs[0] == 0 && epochs[1] == 0;
}

/* OK, also where somebody else has taken the name; or why it stays. */
static shmring_status take_name(const struct shmring_attachment *a)
{
    if (shmring_os_is_named(&a->name, &a->seg)) {
        return shmring_os_unname(&a->name, &a->seg);
    }
    if (!shmring_os_has_name(&a->seg)) {
        return SHMRING_OK;
    }
    return shmring_fail(SHMRING_E_NOT_FOUND,
                        "ring '%s' keeps its name, for this process no longer finds it (another "
                        "root directory or mount than at the open, or it was renamed): its "
                        "owner's next open takes it away, or shmring prune",
                        a->name.full);
}

/* Gives up role and hold, and takes the name along if nobody else holds it: the admin lock keeps
 * everybody from coming in between. OK, or why the name stays. */
static shmring_status leave(struct shmring_attachment *a)
{
    shmring_status status = SHMRING_OK;
    int locked = shmring_os_lock_admin(&a->name, &a->seg) == SHMRING_OK;

    shmring_os_unhold(&a->seg);       /* not mapped: it was made, and could not be */
    shmring_os_unmap_header(&a->map); /* drops the role and our hold */
    if (locked && (a->geometry.lifetime == SHMRING_UNTIL_LAST_CLOSE || is_unused(a)) &&
        shmring_os_was_last(&a->seg)) {
        status = take_name(a);
    }
    if (locked) { /* a forked child has our descriptor too, and would keep the lock with it */
        shmring_os_unlock_admin(&a->seg);
    }
    shmring_os_unmap(&a->map); /* the data takes time by its size: nobody waits for that */
    return status;
}

/* The same after a failure, whose detail stays: it is the first cause. */
static void leave_for(struct shmring_attachment *a)
{
    struct shmring_detail why;

    shmring_detail_keep(&why);
    (void)leave(a);
    (void)shmring_settle(&why, SHMRING_OK);
}

/* The geometry of a new ring, before there is an object. */
static shmring_status plan(struct shmring_attachment *a, const shmring_options *opt)
{
    shmring_status status;

    shmring_geometry_make(&a->name, opt, &a->geometry);
    if (a->geometry.max_record >
        shmring_limit_max_record(a->geometry.capacity, a->geometry.record_header)) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': max_record %" PRIu32
                            " does not fit the default capacity of "
                            "%" PRIu64 " bytes; set the capacity",
                            a->name.full, a->geometry.max_record, a->geometry.capacity);
    }
    if (a->role == SHMRING_ROLE_CONSUMER && opt->open_mode == SHMRING_OPEN_OR_CREATE &&
        shmring_os_can_rename()) {
        a->geometry.yields = shmring_options_left_open(opt);
    }
    status = shmring_stamp_calibrate(&a->name, &a->geometry);
    if (status == SHMRING_OK) {
        status = shmr_described_enter(&a->name, opt, &a->geometry);
    }
    return status;
}

static shmring_status create(struct shmring_attachment *a, const shmring_options *opt)
{
    int huge = (opt->flags & SHMRING_HUGE_PAGES) != 0;
    shmring_status status = plan(a, opt);

    if (status != SHMRING_OK) {
        return status;
    }
    status = shmring_os_create(&a->name, SHMRING_HEADER_SIZE + a->geometry.capacity,
                               a->geometry.permissions, opt->security, huge, &a->seg,
                               &a->geometry.huge_bytes);
    if (status != SHMRING_OK) {
        return status;
    }
    if (shmring_options_check_owner(&a->name, opt, a->seg.owner) != SHMRING_OK) {
        status = shmring_fail(SHMRING_E_NOT_FOUND,
                              "no ring '%s' of user %" PRIu64
                              " is open on this machine, and user %" PRIu64
                              " cannot make one for that user",
                              a->name.full, opt->owner - 1, a->seg.owner);
    } else if (!shmr_described_write(&a->seg, opt, &a->geometry) ||
               !shmring_geometry_write(&a->seg, &a->geometry)) {
        status = shmring_fail(SHMRING_E_OS, "ring '%s': writing its header failed", a->name.full);
    }
    if (status == SHMRING_OK && a->role != SHMRING_ROLE_NOBODY) {
        status = take(a, opt);
    }
    if (status == SHMRING_OK) {
        status = shmring_os_publish(&a->name, &a->seg);
    }
    if (status == SHMRING_OK && a->role != SHMRING_ROLE_NOBODY) {
        a->unfinished = 1;
        status = shmring_os_map(&a->name, &a->seg, a->geometry.capacity, a->role, huge, &a->map);
        if (status != SHMRING_OK) {
            leave_for(a);
        }
    }
    if (status != SHMRING_OK) {
        shmring_os_segment_drop(&a->seg);
    }
    return status;
}

/* Of a ring that nobody has open. Where only others may take its name away, waiting is no help. */
static shmring_status reap(const struct shmring_attachment *a, int *again)
{
    shmring_status status = shmring_os_unname(&a->name, &a->seg);

    *again = status == SHMRING_OK || status == SHMRING_E_NOT_FOUND;
    if (status != SHMRING_E_ACCESS) {
        return *again ? SHMRING_E_NOT_FOUND : status;
    }
    return shmring_fail(status,
                        "ring '%s' is dead, for nobody has it open, and only its owner, user "
                        "%" PRIu64 ", or root can take its name away (shmring prune)",
                        a->name.full, a->seg.owner);
}

/* A ring that came by a descriptor says itself how it is called: others made it, and are not
 * trusted. */
static shmring_status take_label(struct shmring_attachment *a)
{
    const int descriptor = a->name.descriptor;
    struct shmring_name said;

    if (a->geometry.lifetime != SHMRING_PERSISTENT || a->geometry.yields != 0 ||
        shmring_name_parse(&said, a->geometry.name) != SHMRING_OK) {
        return shmring_fail(SHMRING_E_CORRUPT,
                            "'%s': its header cannot be that of a ring without a name; make a new "
                            "one by shmring_create_fd()",
                            a->name.full);
    }
    a->name = said;
    a->name.descriptor = descriptor;
    return SHMRING_OK;
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
    if (status == SHMRING_OK && a->name.descriptor != 0) {
        status = take_label(a);
    }
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
        return reap(a, again);
    }
    if (opt->open_mode == SHMRING_CREATE_ONLY) {
        return shmring_fail(SHMRING_E_EXISTS,
                            "ring '%s' exists already; open it, or remove it first (shmring rm)",
                            a->name.full);
    }
    status = shmring_options_match(&a->name, opt, &a->geometry);
    if (status == SHMRING_OK) {
        status = shmr_described_match(&a->name, opt, &a->seg, &a->geometry);
    }
    if (status == SHMRING_OK && a->geometry.stamp == SHMRING_STAMP_TSC) {
        status = shmring_ticks_check(&a->name);
    }
    if (status == SHMRING_OK) {
        status = take(a, opt);
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
        a->name.descriptor != 0
            ? shmring_os_adopt(&a->name, a->name.descriptor - 1,
                               (opt->flags & SHMRING_NO_OPEN) != 0, &a->seg)
            : shmring_os_open(&a->name, 1, shmring_options_any_owner(opt), &a->seg);

    *again = 0;
    if (status != SHMRING_OK) {
        return status;
    }
    status = shmring_options_check_owner(&a->name, opt, a->seg.owner);
    if (status == SHMRING_OK) {
        status = shmring_os_lock_admin(&a->name, &a->seg);
    }
    if (status == SHMRING_OK) {
        status = attach_locked(a, opt, again);
        shmring_os_unlock_admin(&a->seg);
    }
    if (status != SHMRING_OK) {
        shmring_os_unhold(&a->seg); /* a caller's description would keep the role */
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

/* Keeps the options with which a consumer opens the name again, if a producer replaces its ring. */
static shmring_status keep_wanted(struct shmring_attachment *a, const shmring_options *opt)
{
    a->wanted = *opt;
    if (a->role == SHMRING_ROLE_CONSUMER && a->geometry.yields != 0 && opt->description != NULL) {
        a->description = malloc(strlen(opt->description) + 1);
        if (a->description == NULL) {
            return shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory for its description",
                                a->name.full);
        }
        strcpy(a->description, opt->description);
    }
    a->wanted.description = a->description;
    return SHMRING_OK;
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
    if (status == SHMRING_OK) {
        status = shmring_prefault(&a->name, &a->map, &a->geometry, a->role, opt->flags);
        status = status == SHMRING_OK ? keep_wanted(a, opt) : status;
        if (status != SHMRING_OK) {
            leave_for(a);
            shmring_os_segment_drop(&a->seg);
        }
    }
    if (status != SHMRING_OK) {
        free(a);
        return status;
    }
    *ret = a;
    return SHMRING_OK;
}

/* As open, up to the name: no lock, no mapping, no byte of a role block. */
shmring_status shmring_segment_make(const struct shmring_name *name, const shmring_options *opt)
{
    struct shmring_attachment a = {0};
    shmring_status status;

    a.name = *name;
    a.role = SHMRING_ROLE_NOBODY;
    shmring_os_segment_init(&a.seg);
    status = open_or_create(&a, opt);
    if (status == SHMRING_OK) {
        shmring_os_segment_leave(&a.seg);
    }
    return status;
}

shmring_status shmring_segment_make_fd(const struct shmring_name *name, const shmring_options *opt,
                                       int *ret_fd)
{
    struct shmring_attachment a = {0};
    shmring_status status;

    a.name = *name;
    shmring_os_segment_init(&a.seg);
    status = plan(&a, opt);
    if (status == SHMRING_OK) {
        status = shmring_os_create_nameless(name, SHMRING_HEADER_SIZE + a.geometry.capacity,
                                            a.geometry.permissions, &a.seg);
    }
    if (status == SHMRING_OK && (!shmr_described_write(&a.seg, opt, &a.geometry) ||
                                 !shmring_geometry_write(&a.seg, &a.geometry))) {
        shmring_os_segment_drop(&a.seg);
        status = shmring_fail(SHMRING_E_OS, "ring '%s': writing its header failed", name->full);
    }
    return status == SHMRING_OK ? shmring_os_seal(name, &a.seg, ret_fd) : status;
}

void shmring_segment_close(struct shmring_attachment *a)
{
    struct shmring_attachment *before;
    struct shmring_detail kept;

    shmring_detail_keep(&kept);
    (void)shmring_settle(&kept, leave(a));
    for (before = a->before; before != NULL; before = before->before) {
        shmring_os_unmap(&before->map);
    }
    shmring_segment_forget(a);
}

void shmring_segment_forget(struct shmring_attachment *a)
{
    struct shmring_attachment *before;

    for (; a != NULL; a = before) {
        before = a->before;
        shmring_os_segment_drop(&a->seg);
        shmring_os_ready_close(&a->ready);
        if (a->listener >= 0) {
            shmring_os_listener_close(a->listener);
        }
        free(a->description);
        free(a);
    }
}
