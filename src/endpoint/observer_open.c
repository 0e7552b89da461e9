/* SPDX-License-Identifier: MIT */
/* observer_open.c - opens and closes observers, and judges their handles. */
#include <shmring/shmring.h>

#include <inttypes.h>

#include "base/abi.h"
#include "segment/described.h"
#include "base/error.h"
#include "segment/view.h"
#include "endpoint/observer.h"
#include "segment/options.h"
#include "ring/clock.h"
#include "wait/waiting.h"

/* ---- what each call asks first ---- */

shmring_status shmring_observer_check(const shmring_observer *o)
{
    if (o == NULL || o->data == NULL) {
        return shmring_fail(SHMRING_E_INVALID,
                            "an observer handle is NULL, or was opened before fork(): open the "
                            "ring in the process that uses it");
    }
    if (o->cut != 0) {
        return shmring_fail(SHMRING_E_CORRUPT,
                            "ring '%s' is corrupt: somebody cut its file short while it was open; "
                            "close it and make a new one",
                            o->attachment.name.full);
    }
    if (o->status != SHMRING_OK) {
        return shmring_fail(
            SHMRING_E_CORRUPT,
            "ring '%s' was found corrupt at position %" PRIu64
            "; look with 'shmring verify', then 'shmring repair' it or make a new one",
            o->attachment.name.full, o->position);
    }
    return SHMRING_OK;
}

shmring_status shmring_observer_check_file(shmring_observer *o)
{
    if (shmring_os_is_whole(&o->attachment.seg)) {
        return SHMRING_OK;
    }
    o->cut = 1;
    return shmring_observer_check(o);
}

/* ---- open and close ---- */

/* In a signal handler, in the middle of a call, which then goes on with the zeros that it reads and
 * asks for this flag at its end. */
static void observer_is_cut(void *handle)
{
    shmring_observer *o = (shmring_observer *)handle;

    o->cut = 1;
}

static shmring_status observer_fill(shmring_observer *o, const struct shmring_geometry_page *g)
{
    const struct shmring_os_map *map = &o->attachment.map;

    o->page = shmring_producer_page_of(map);
    o->mask = g->capacity - 1;
    o->capacity = g->capacity;
    o->start = g->start_position;
    o->max_record = g->max_record;
    o->record_header = g->record_header;
    o->framing = g->framing;
    o->stamp = g->stamp;
    if (g->stamp == SHMRING_STAMP_TSC) {
        shmring_tick_scale_make(&o->scale, g);
    }
    o->data = shmring_data_of(map);
    shmring_os_guard_tell(map, observer_is_cut, o);
    return shmring_observer_check_producer(o);
}

/* Maps the ring, and keeps of the view what an observer asks by. */
static shmring_status observer_attach(shmring_observer *o, struct shmring_view *view,
                                      uint32_t flags)
{
    struct shmring_attachment *a = &o->attachment;
    struct shmring_observer_kept *kept;
    shmring_status status = shmring_os_map(&view->name, &view->seg, view->geometry.capacity,
                                           SHMRING_ROLE_OBSERVER, 0, &a->map);

    if (status == SHMRING_OK) {
        status = shmring_os_watch(&view->name, &a->map, &view->seg);
    }
    if (status == SHMRING_OK) {
        status =
            shmring_prefault(&view->name, &a->map, &view->geometry, SHMRING_ROLE_OBSERVER, flags);
    }
    if (status != SHMRING_OK) {
        shmring_os_unmap(&a->map);
        return status;
    }
    a->name = view->name;
    a->role = SHMRING_ROLE_OBSERVER;
    a->seg = view->seg;
    kept = shmring_os_handle_kept(o, sizeof *o);
    kept->seg = view->seg;
    kept->is_open = 1;
    shmring_os_segment_init(&view->seg); /* ours now */
    return observer_fill(o, &view->geometry);
}

static shmring_status read_view(struct shmring_view *view, const struct shmring_caller *caller,
                                const shmring_options *opt, shmring_options *ret_options)
{
    shmring_options options;
    shmring_status status = shmring_caller_check(caller, view->name.full);

    if (status == SHMRING_OK) {
        status = shmring_options_read(&view->name, opt, &options);
    }
    if (status == SHMRING_OK && options.open_mode == SHMRING_CREATE_ONLY) {
        status = shmring_fail(SHMRING_E_INVALID,
                              "ring '%s': an observer opens a ring that is there and makes none; "
                              "use SHMRING_OPEN_ONLY",
                              view->name.full);
    }
    if (status == SHMRING_OK) {
        status = shmring_os_open(&view->name, 0, shmring_options_any_owner(&options), &view->seg);
    }
    if (status == SHMRING_OK) {
        status = shmring_options_check_owner(&view->name, &options, view->seg.owner);
    }
    if (status == SHMRING_OK) {
        status = shmring_geometry_read(&view->name, &view->seg, &view->geometry);
    }
    if (status == SHMRING_OK) {
        status = shmring_options_match(&view->name, &options, &view->geometry);
    }
    if (status == SHMRING_OK) {
        status = shmr_described_match(&view->name, &options, &view->seg, &view->geometry);
    }
    if (status == SHMRING_OK) {
        *ret_options = options;
    }
    return status;
}

shmring_status shmring_observer_open_abi_(shmring_observer **ret, const char *name,
                                          const shmring_options *opt, uint32_t abi,
                                          uint32_t record_size)
{
    const struct shmring_caller caller = {abi, 0, 0, record_size}; /* it never sees the handle */
    struct shmring_detail kept;
    struct shmring_view *view = NULL;
    shmring_observer *o = NULL;
    shmring_options options;
    shmring_status status;

    if (ret == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the place for the handle is NULL");
    }
    status = shmring_view_make(name, &view);
    if (status == SHMRING_OK) {
        status = read_view(view, &caller, opt, &options);
    }
    if (status == SHMRING_OK) {
        o = shmring_os_handle_alloc(sizeof *o);
        status = o != NULL ? observer_attach(o, view, options.flags)
                           : shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory for a handle",
                                          view->name.full);
    }
    shmring_view_close(view);
    if (status != SHMRING_OK) {
        shmring_observer_close(o);
        return status;
    }
    o->spin_ns = options.spin_ns;
    o->relax.delay = 1;
    o->relax.unit = shmring_pause_unit();
    shmring_detail_keep(&kept);
    (void)shmring_observer_seek(o, SHMRING_NEWEST); /* what it finds, the next call answers */
    (void)shmring_settle(&kept, SHMRING_OK);
    *ret = o;
    return SHMRING_OK;
}

/* The descriptors, in a forked child those that it inherited. */
static void give_back(struct shmring_observer_kept *kept)
{
    if (kept->is_open && kept->timer != 0) {
        shmring_os_timer_close((intptr_t)kept->timer - 1);
    }
    if (kept->is_open) {
        shmring_os_segment_drop(&kept->seg);
    }
}

void shmring_observer_close(shmring_observer *o)
{
    if (o != NULL) {
        if (o->data != NULL) { /* else it never was open, or is the parent's */
            shmring_os_unmap(&o->attachment.map);
        }
        give_back(shmring_os_handle_kept(o, sizeof *o));
        shmring_os_handle_free(o, sizeof *o);
    }
}
