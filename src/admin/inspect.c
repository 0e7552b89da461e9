/* SPDX-License-Identifier: MIT */
/* inspect.c - looking at rings from outside, and removing names. Reads with plain reads of the
 * object, not through a mapping: a ring that is truncated while we look cannot kill us. */
#include <shmring/open.h>
#include <shmring/latency.h>

#include <inttypes.h>
#include <string.h>

#include "base/abi.h"
#include "base/error.h"
#include "segment/view.h"
#include "os/os.h"
#include "base/printable.h"

static void fill_role(shmring_role_info *ret, const struct shmring_role_block *block,
                      const shmring_atomic_u64 *bell, const struct shmring_os_segment *seg,
                      enum shmring_role role)
{
    uint64_t program[2] = {shmring_load_relaxed(&block->program[0]),
                           shmring_load_relaxed(&block->program[1])};
    uint64_t state = shmring_load_relaxed(&block->state);

    ret->pid = shmring_load_relaxed(&block->pid);
    ret->start_time = shmring_load_relaxed(&block->start_time);
    ret->epoch = shmring_load_relaxed(&block->epoch);
    ret->state = state <= SHMRING_ROLE_CLOSED ? (uint32_t)state : (uint32_t)SHMRING_ROLE_NONE;
    ret->alive = (uint32_t)shmring_os_role_held(seg, role);
    ret->foreign = ret->alive && ret->pid != 0 && !shmring_os_is_process(ret->pid, ret->start_time);
    ret->waiting = (shmring_load_relaxed(bell) & (SHMRING_BELL_ASLEEP | SHMRING_BELL_POLLED)) != 0;
    ret->fences = (shmring_load_relaxed(&block->capability) & SHMRING_CAP_FENCES) != 0;
    ret->membarrier = (shmring_load_relaxed(&block->capability) & SHMRING_CAP_MEMBARRIER) != 0;
    ret->asks_fence = (shmring_load_relaxed(bell) & SHMRING_BELL_FENCE) != 0;
    memcpy(ret->program, program, 16);
    shmring_make_printable(ret->program); /* untrusted bytes */
}

static void fill_counters(shmring_info *ret, const struct shmring_producer_page *p,
                          const struct shmring_consumer_page *c)
{
    if (ret->framing == SHMRING_RECORDS) {
        ret->counters.sent = shmring_load_relaxed(&p->records);
        ret->counters.received = shmring_load_relaxed(&c->records);
    }
    ret->counters.rejected = shmring_load_relaxed(&p->rejected);
    ret->counters.gaps = shmring_load_relaxed(&c->gaps);
    ret->counters.high_water = shmring_load_relaxed(&p->high_water);
    ret->counters.recovered = shmring_load_relaxed(&p->recovered);
    ret->counters.producer_stalls = shmring_load_relaxed(&p->stalls);
    ret->counters.producer_sleeps = shmring_load_relaxed(&p->sleeps);
    ret->counters.producer_wakes = shmring_load_relaxed(&p->wakes);
    ret->counters.consumer_stalls = shmring_load_relaxed(&c->stalls);
    ret->counters.consumer_sleeps = shmring_load_relaxed(&c->sleeps);
    ret->counters.consumer_wakes = shmring_load_relaxed(&c->wakes);
    ret->counters.lapped = shmring_load_relaxed(&c->lapped);
    ret->counters.lapped_bytes = shmring_load_relaxed(&c->lapped_bytes);
}

/* The records below evict. Before the first time that evict was raised there are none. */
static uint64_t count_evicted(const struct shmring_view *view)
{
    const uint64_t count = shmring_load_relaxed(&view->producer.evict_count);

    if (view->geometry.framing != SHMRING_RECORDS) {
        return SHMRING_UNKNOWN;
    }
    if (shmring_load_relaxed(&view->producer.evict) == view->geometry.start_position) {
        return 0;
    }
    return count != 0 ? count - 1 : SHMRING_UNKNOWN;
}

static void read_buckets(uint64_t *ret, const struct shmring_view *view)
{
    uint32_t i;

    for (i = 0; i < SHMRING_HISTOGRAM_BUCKETS; i++) {
        ret[i] = view->geometry.stamp != SHMRING_STAMP_NONE
                     ? shmring_load_relaxed(&view->consumer.histogram[i])
                     : 0;
    }
}

static void fill_latency(shmring_info *ret, struct shmring_view *view)
{
    read_buckets(view->buckets, view);
    shmring_latency_of(view->buckets, &ret->latency);
}

static void fill_info(shmring_info *ret, struct shmring_view *view)
{
    const struct shmring_geometry_page *g = &view->geometry;
    uint64_t behind;

    memset(ret, 0, sizeof *ret);
    memcpy(ret->name, g->name, sizeof ret->name);
    shmring_make_printable(ret->name);
    ret->capacity = g->capacity;
    ret->framing = g->framing;
    ret->overflow = g->overflow;
    ret->lifetime = g->lifetime;
    ret->stamp = g->stamp;
    ret->max_record = g->max_record;
    ret->permissions = view->seg.mode;
    ret->owner = view->seg.owner;
    ret->schema = g->schema;
    ret->created_ns = g->created_ns;
    ret->creator_pid = g->creator_pid;
    ret->incarnation[0] = g->incarnation[0];
    ret->incarnation[1] = g->incarnation[1];
    ret->huge_bytes = g->huge_bytes;
    ret->tail = shmring_load_relaxed(&view->producer.tail);
    ret->evict = shmring_load_relaxed(&view->producer.evict);
    ret->head = shmring_load_relaxed(&view->consumer.head);
    ret->cursor = shmring_load_relaxed(&view->consumer.cursor);
    behind = ret->tail - ret->cursor;
    if (g->overflow == SHMRING_OVERWRITE && ret->tail - ret->evict < behind) {
        behind = ret->tail - ret->evict;
    }
    ret->used = behind <= g->capacity ? behind : 0;
    ret->alive = (uint32_t)shmring_os_is_held(&view->seg);
    ret->removed = (shmring_load_relaxed(&view->bells.lifecycle) & SHMRING_LIFE_REMOVED) != 0;
    fill_role(&ret->producer, &view->producer.role, &view->bells.producer_bell, &view->seg,
              SHMRING_ROLE_PRODUCER);
    fill_role(&ret->consumer, &view->consumer.role, &view->bells.consumer_bell, &view->seg,
              SHMRING_ROLE_CONSUMER);
    fill_counters(ret, &view->producer, &view->consumer);
    ret->counters.evicted = count_evicted(view);
    if (ret->counters.high_water < ret->used) { /* the producer looks a few times in a lap */
        ret->counters.high_water = ret->used;
    }
    fill_latency(ret, view);
}

/* Looks at a ring and fills what is not NULL. */
static shmring_status inspect(const char *name, shmring_info *ret_info, uint64_t *ret_buckets)
{
    struct shmring_view *view;
    shmring_status status;

    if (ret_info == NULL && ret_buckets == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the place for the answer is NULL");
    }
    status = shmring_view_open(name, 0, &view);
    if (status != SHMRING_OK) {
        return status;
    }
    status = shmring_view_read(view);
    if (status == SHMRING_OK && ret_info != NULL) {
        fill_info(ret_info, view);
    }
    if (status == SHMRING_OK && ret_buckets != NULL) {
        read_buckets(ret_buckets, view);
    }
    shmring_view_close(view);
    return status;
}

shmring_status shmring_inspect_sized_(const char *name, shmring_info *ret, uint64_t size)
{
    shmring_info info;
    shmring_status status = inspect(name, ret != NULL ? &info : NULL, NULL);

    if (status == SHMRING_OK) {
        shmring_answer(ret, size, &info, sizeof info);
    }
    return status;
}

shmring_status shmring_inspect_latency(const char *name, uint64_t *ret)
{
    return inspect(name, NULL, ret);
}

/* ---- names ---- */

/* Tells those who have the ring open. */
static void mark_removed(const struct shmring_os_segment *seg)
{
    const uint64_t removed = SHMRING_LIFE_REMOVED;

    if (seg->size >= SHMRING_HEADER_SIZE) {
        (void)shmring_os_write(
            seg, SHMRING_DOORBELL_AT + offsetof(struct shmring_doorbell_page, lifecycle), &removed,
            sizeof removed);
    }
}

shmring_status shmring_remove(const char *name)
{
    struct shmring_detail kept;
    struct shmring_view *view = NULL;
    shmring_status status;

    shmring_detail_keep(&kept);
    status = shmring_view_make(name, &view);
    if (status == SHMRING_OK) {
        status = shmring_os_open(&view->name, 1, SHMRING_OS_PLANTED, &view->seg);
    }
    if (status == SHMRING_OK) {
        status = shmring_os_lock_admin(&view->name, &view->seg);
    }
    if (status == SHMRING_OK) {
        status = shmring_os_unname(&view->name, &view->seg);
        if (status == SHMRING_OK &&
            shmring_geometry_read(&view->name, &view->seg, &view->geometry) == SHMRING_OK) {
            mark_removed(&view->seg);
        }
        shmring_os_unlock_admin(&view->seg);
    }
    shmring_view_close(view);
    return shmring_settle(&kept, status);
}

struct list_call {
    int (*each)(const char *name, void *arg);
    void *arg;
};

static int list_own(const char *name, int own, void *arg)
{
    struct list_call *call = arg;

    return own ? call->each(name, call->arg) : 0;
}

shmring_status shmring_list(int (*each)(const char *name, void *arg), void *arg)
{
    struct list_call call = {each, arg};

    if (each == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the function to call is NULL");
    }
    return shmring_os_list(list_own, &call);
}

struct prune_call {
    uint32_t removed;
    uint32_t kept;  /* dead rings that this user may not remove */
    uint64_t owner; /* of the first of them */
    char first[SHMRING_NAME_SIZE];
};

/* Whether nobody has it open and it was to end with its last user. */
static int is_dead(struct shmring_view *view)
{
    return shmring_geometry_read(&view->name, &view->seg, &view->geometry) == SHMRING_OK &&
           view->geometry.lifetime == SHMRING_UNTIL_LAST_CLOSE && !shmring_os_is_held(&view->seg);
}

/* Removes it, if it is dead. */
static int prune_one(const char *name, void *arg)
{
    struct prune_call *call = arg;
    struct shmring_view *view;
    shmring_status status = SHMRING_E_ACCESS;
    int writes, dead = 0;

    if (shmring_view_make(name, &view) != SHMRING_OK) {
        return 0;
    }
    writes = shmring_os_open(&view->name, 1, 1, &view->seg) == SHMRING_OK;
    if (!writes && shmring_os_open(&view->name, 0, 1, &view->seg) != SHMRING_OK) {
        shmring_view_close(view);
        return 0; /* what may not even be read, nobody can tell dead from living */
    }
    if (!writes) {
        dead = is_dead(view);
    } else if (shmring_os_lock_admin(&view->name, &view->seg) == SHMRING_OK) {
        dead = is_dead(view);
        status = dead ? shmring_os_unname(&view->name, &view->seg) : status;
        shmring_os_unlock_admin(&view->seg);
    }
    if (dead && status == SHMRING_OK) {
        call->removed++;
    } else if (dead && status == SHMRING_E_ACCESS && call->kept++ == 0) {
        call->owner = view->seg.owner;
        memcpy(call->first, view->name.full, sizeof call->first);
    }
    shmring_view_close(view);
    return 0;
}

shmring_status shmring_prune(uint32_t *ret_removed)
{
    struct prune_call call = {0, 0, 0, ""};
    struct shmring_detail kept;
    shmring_status status;

    shmring_detail_keep(&kept);
    status = shmring_list(prune_one, &call);
    if (status == SHMRING_OK && call.kept != 0) {
        status = shmring_fail(SHMRING_E_ACCESS,
                              "removed %" PRIu32 " dead rings and left %" PRIu32
                              " of other users: ring '%s' can be removed only by its owner, user "
                              "%" PRIu64 ", or by root (shmring prune)",
                              call.removed, call.kept, call.first, call.owner);
    }
    if (status == SHMRING_OK && ret_removed != NULL) {
        *ret_removed = call.removed;
    }
    return shmring_settle(&kept, status);
}
