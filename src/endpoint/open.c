/* SPDX-License-Identifier: MIT */
/* open.c - open: name -> options -> segment -> positions -> handle -> role block; close in the
 * reverse order. */
#include <shmring/shmring.h>

#include <inttypes.h>
#include <string.h>

#include "base/abi.h"
#include "ring/claim.h"
#include "ring/copy.h"
#include "base/error.h"
#include "segment/options.h"
#include "os/os.h"
#include "ring/recover.h"
#include "segment/role.h"
#include "segment/segment.h"
#include "ring/space.h"
#include "endpoint/replace.h"
#include "ring/clock.h"
#include "wait/waiting.h"

/* Least steps of a reject ring's limit: in the smallest ring shorter ones cost instructions
 * (docs/performance.md#techniques). */
#define STEP_MIN UINT64_C(16384)

/* A name or a descriptor. */
struct way {
    const char *name; /* unused where by_fd */
    int by_fd, fd;
};

/* A ring that has a producer yields nothing: then the mismatch is what there is to tell. */
static shmring_status replace_or_refuse(const struct shmring_name *name, const shmring_options *opt,
                                        struct shmring_attachment **ret_a)
{
    struct shmring_detail mismatch;
    shmring_status status;

    shmring_detail_keep(&mismatch);
    status = shmr_replace(name, opt, ret_a);
    if (status == SHMRING_E_BUSY) {
        (void)shmring_settle(&mismatch, SHMRING_OK);
        return SHMRING_E_MISMATCH;
    }
    return status;
}

static shmring_status open_segment(const struct way *way, const shmring_options *opt,
                                   enum shmring_role role, const struct shmring_caller *caller,
                                   void *ret, shmring_options *ret_options,
                                   struct shmring_attachment **ret_a)
{
    struct shmring_detail kept;
    struct shmring_name parsed;
    shmring_status status;

    shmring_detail_keep(&kept);
    if (ret == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the place for the handle is NULL");
    }
    if (!way->by_fd) {
        status = shmring_name_parse(&parsed, way->name);
    } else if (way->fd < 0) {
        status = shmring_fail(SHMRING_E_INVALID, "%d is no descriptor of a ring", way->fd);
    } else {
        shmring_name_of_descriptor(&parsed, way->fd);
        status = SHMRING_OK;
    }
    if (status == SHMRING_OK) {
        status = shmring_caller_check(caller, parsed.full);
    }
    if (status == SHMRING_OK) {
        status = shmring_options_read(&parsed, opt, ret_options);
    }
    if (status == SHMRING_OK) {
        status = shmring_segment_open(&parsed, ret_options, role, ret_a);
    }
    if (!way->by_fd && status == SHMRING_E_MISMATCH && role == SHMRING_ROLE_PRODUCER &&
        shmring_os_can_rename()) {
        status = replace_or_refuse(&parsed, ret_options, ret_a);
    }
    return shmring_settle(&kept, status);
}

static shmring_status no_handle(struct shmring_attachment *a)
{
    shmring_status status =
        shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory for a handle", a->name.full);

    shmring_segment_close(a);
    return status;
}

shmring_status shmring_guard(void)
{
    return shmring_os_guard();
}

/* The place by which a forked child's copy of a handle knows its attachment. */
static struct shmring_attachment **kept_of(void *handle, size_t size)
{
    return shmring_os_handle_kept(handle, size);
}

/* ---- producer ---- */

/* Called in a signal handler, in the middle of any call on the handle, which then goes on with what
 * it has loaded. So it sets only flags that send the next call the slow way.
 * shmring_producer_refuse_() does the rest there. */
void shmring_producer_is_cut(void *handle)
{
    shmring_producer *p = handle;

    p->attachment->cut = 1;
    p->status = SHMRING_E_CORRUPT;
    p->fence = 1;
    p->polled = 1;
}

static void producer_fill(shmring_producer *p, struct shmring_attachment *a,
                          const shmring_options *opt)
{
    const struct shmring_geometry_page *g = &a->geometry;

    p->data = shmring_data_of(&a->map);
    p->mask = g->capacity - 1;
    p->page = shmring_producer_page_of(&a->map);
    p->bells = shmring_doorbell_page_of(&a->map);
    p->peer = shmring_consumer_page_of(&a->map);
    p->record_header = g->record_header;
    p->max_record = g->max_record;
    p->stamp = g->stamp;
    p->capacity = g->capacity;
    p->framing = g->framing;
    p->overflow = g->overflow;
    p->step = g->capacity / (g->overflow == SHMRING_OVERWRITE ? 16 : 8);
    if (g->overflow == SHMRING_REJECT && p->step < STEP_MIN) { /* it shows in the hot path */
        p->step = STEP_MIN;
    }
    p->spin_ns = opt->spin_ns;
    p->relax.delay = 1;
    p->by_string = shmring_copy_by_string(g->capacity);
    p->relax.unit = shmring_pause_unit();
    shmr_claim_init(p, shmring_ticks_a_microsecond());
    p->attachment = a;
}

static shmring_status producer_open(shmring_producer **ret, const struct way *way,
                                    const shmring_options *opt, const struct shmring_caller *caller)
{
    struct shmring_attachment *a = NULL;
    shmring_options options;
    shmring_producer *p;
    uint64_t capability;
    shmring_status status =
        open_segment(way, opt, SHMRING_ROLE_PRODUCER, caller, ret, &options, &a);

    if (status != SHMRING_OK) {
        return status;
    }
    p = shmring_os_handle_alloc(sizeof *p);
    if (p == NULL) {
        return no_handle(a);
    }
    producer_fill(p, a, &options);
    status = shmring_recover_producer(p);
    if (status != SHMRING_OK) {
        shmring_os_handle_free(p, sizeof *p);
        shmring_segment_close(a);
        return status;
    }
    p->limit = p->tail; /* the first call asks, and announces (edge G) */
    shmring_set_gates_(p);
    capability = shmring_barrier_setup(options.flags, &a->can_barrier);
    p->fence = capability == SHMRING_CAP_FENCES;
    shmring_bell_reset(&p->bells->producer_bell, a->can_barrier);
    shmring_role_enter(&p->page->role, capability | SHMRING_CAP_EVICTS | SHMRING_CAP_REPORTS,
                       shmring_options_start_time(&options));
    shmring_os_guard_tell(&a->map, shmring_producer_is_cut, p);
    a->unfinished = 0;
    *kept_of(p, sizeof *p) = a;
    *ret = p;
    return SHMRING_OK;
}

shmring_status shmring_producer_open_abi_(shmring_producer **ret, const char *name,
                                          const shmring_options *opt, uint32_t abi,
                                          uint32_t handle_size, uint32_t record_size)
{
    const struct shmring_caller caller = {abi, handle_size, sizeof(shmring_producer), record_size};
    const struct way way = {name, 0, 0};

    return producer_open(ret, &way, opt, &caller);
}

shmring_status shmring_producer_open_fd_abi_(shmring_producer **ret, int fd,
                                             const shmring_options *opt, uint32_t abi,
                                             uint32_t handle_size, uint32_t record_size)
{
    const struct shmring_caller caller = {abi, handle_size, sizeof(shmring_producer), record_size};
    const struct way way = {NULL, 1, fd};

    return producer_open(ret, &way, opt, &caller);
}

void shmring_producer_close(shmring_producer *p)
{
    struct shmring_attachment *a;

    if (p == NULL) {
        return;
    }
    a = p->attachment;
    if (a != NULL) {
        if (p->status == SHMRING_OK) {
            (void)shmring_publish(p);
            shmr_note_high_water(
                p); /* it is sampled a few times a lap: a short life has no other */
        }
        shmring_role_leave(&p->page->role);
        (void)shmring_fetch_and(&p->bells->producer_bell, ~SHMRING_BELL_POLLED);
        shmring_bell_ring(a, &p->bells->consumer_bell, SHMRING_ROLE_CONSUMER);
        shmring_segment_close(a);
    } else { /* the parent's: what the child inherited of it is given back */
        shmring_segment_forget(*kept_of(p, sizeof *p));
    }
    shmring_os_handle_free(p, sizeof *p);
}

/* ---- consumer ---- */

void shmring_consumer_is_cut(void *handle) /* see shmring_producer_is_cut() */
{
    shmring_consumer *c = handle;

    c->attachment->cut = 1;
    c->status = SHMRING_E_CORRUPT;
    c->fence = 1;
    c->polled = 1;
}

static void consumer_fill(shmring_consumer *c, struct shmring_attachment *a,
                          const shmring_options *opt)
{
    const struct shmring_geometry_page *g = &a->geometry;
    const unsigned char *data = shmring_data_of(&a->map);

    if (g->framing == SHMRING_RECORDS) {
        *(g->overflow == SHMRING_OVERWRITE ? &c->shared
          : g->stamp != SHMRING_STAMP_NONE ? &c->stamped
                                           : &c->data) = data;
    }
    c->bytes = g->framing == SHMRING_BYTES ? data : NULL;
    c->mask = g->capacity - 1;
    c->page = shmring_consumer_page_of(&a->map);
    c->bells = shmring_doorbell_page_of(&a->map);
    c->peer = shmring_producer_page_of(&a->map);
    c->head_step = g->capacity / 8;
    c->record_header = g->record_header;
    shmring_new_size_(c, 0);
    c->max_record = g->max_record;
    c->stamp = g->stamp;
    if (g->stamp == SHMRING_STAMP_TSC) {
        shmring_tick_scale_make(&c->scale, g);
    }
    c->capacity = g->capacity;
    c->framing = g->framing;
    c->ignored_epoch = shmring_load_relaxed(&c->page->role.ended_epoch);
    c->spin_ns = opt->spin_ns;
    c->relax.delay = 1;
    c->by_string = shmring_copy_by_string(g->capacity);
    c->relax.unit = shmring_pause_unit();
    c->attachment = a;
}

shmring_status shmr_consumer_enter(shmring_consumer *c, struct shmring_attachment *a,
                                   const shmring_options *opt)
{
    uint64_t capability;
    shmring_status status;

    consumer_fill(c, a, opt);
    status = shmring_recover_consumer(c);
    if (status != SHMRING_OK) {
        return status;
    }
    c->noted = c->cursor;
    capability = shmring_barrier_setup(opt->flags, &a->can_barrier);
    c->fence = capability == SHMRING_CAP_FENCES;
    shmring_bell_reset(&c->bells->consumer_bell, a->can_barrier);
    shmring_role_enter(&c->page->role, capability, shmring_options_start_time(opt));
    shmring_os_guard_tell(&a->map, shmring_consumer_is_cut, c);
    a->unfinished = 0;
    *kept_of(c, sizeof *c) = a;
    return SHMRING_OK;
}

static shmring_status consumer_open(shmring_consumer **ret, const struct way *way,
                                    const shmring_options *opt, const struct shmring_caller *caller)
{
    struct shmring_attachment *a = NULL;
    shmring_options options;
    shmring_consumer *c;
    shmring_status status =
        open_segment(way, opt, SHMRING_ROLE_CONSUMER, caller, ret, &options, &a);

    if (status != SHMRING_OK) {
        return status;
    }
    c = shmring_os_handle_alloc(sizeof *c);
    if (c == NULL) {
        return no_handle(a);
    }
    status = shmr_consumer_enter(c, a, &options);
    if (status != SHMRING_OK) {
        shmring_os_handle_free(c, sizeof *c);
        shmring_segment_close(a);
        return status;
    }
    *ret = c;
    return SHMRING_OK;
}

shmring_status shmring_consumer_open_abi_(shmring_consumer **ret, const char *name,
                                          const shmring_options *opt, uint32_t abi,
                                          uint32_t handle_size, uint32_t record_size)
{
    const struct shmring_caller caller = {abi, handle_size, sizeof(shmring_consumer), record_size};
    const struct way way = {name, 0, 0};

    return consumer_open(ret, &way, opt, &caller);
}

shmring_status shmring_consumer_open_fd_abi_(shmring_consumer **ret, int fd,
                                             const shmring_options *opt, uint32_t abi,
                                             uint32_t handle_size, uint32_t record_size)
{
    const struct shmring_caller caller = {abi, handle_size, sizeof(shmring_consumer), record_size};
    const struct way way = {NULL, 1, fd};

    return consumer_open(ret, &way, opt, &caller);
}

void shmring_consumer_close(shmring_consumer *c)
{
    struct shmring_attachment *a;

    if (c == NULL) {
        return;
    }
    a = c->attachment;
    if (a != NULL) {
        shmring_store_release(&c->page->head, c->cursor);
        shmring_role_leave(&c->page->role);
        (void)shmring_fetch_and(&c->bells->consumer_bell, ~SHMRING_BELL_POLLED);
        shmring_bell_ring(a, &c->bells->producer_bell, SHMRING_ROLE_PRODUCER);
        shmring_segment_close(a);
    } else { /* the parent's: what the child inherited of it is given back */
        shmring_segment_forget(*kept_of(c, sizeof *c));
    }
    shmring_os_handle_free(c, sizeof *c);
}
