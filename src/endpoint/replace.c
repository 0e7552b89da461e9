/* SPDX-License-Identifier: MIT */
/* replace.c - a receiver that came first, and a sender that asks for another ring.
 *
 * A ring that a consumer made, and that no producer has held, yields to the first producer what the
 * consumer left open. The producer takes the role of that ring, marks it REPLACED, takes the name
 * away, makes the ring of its own options under the name, and closes the old one. To the consumer
 * this is the end of a producer. It finds the mark, and opens the name again in place of telling.
 * If the producer dies in between, the consumer does the same, and makes the ring once more. */
#include <shmring/shmring.h>

#include <stdlib.h>

#include "base/error.h"
#include "endpoint/replace.h"
#include "ring/consumer.h"
#include "segment/described.h"
#include "segment/options.h"
#include "segment/role.h"
#include "segment/segment.h"
#include "wait/waiting.h"

/* ---- the producer's side ---- */

/* Options that any ring agrees with, and that make none. */
static shmring_options any_ring(const shmring_options *opt)
{
    shmring_options any = SHMRING_OPTIONS_INIT;

    any.open_mode = SHMRING_OPEN_ONLY;
    any.flags = (opt->flags & SHMRING_ANY_OWNER) | SHMRING_NO_PREFAULT;
    any.owner = opt->owner;
    return any;
}

static int was_held(const struct shmring_attachment *old)
{
    const struct shmring_role_block *role = &shmring_producer_page_of(&old->map)->role;

    return shmring_load_acquire(&role->epoch) != 0; /* E: the last holder's */
}

/* The description that the consumer gave, where the new ring has to have it. The caller frees it.
 */
static shmring_status take_description(const struct shmring_attachment *old, shmring_options *opt,
                                       char **ret)
{
    shmring_status status;

    if (opt->description != NULL || (old->geometry.yields & SHMRING_YIELDS_DESCRIPTION) != 0) {
        return SHMRING_OK;
    }
    *ret = calloc(1, SHMRING_DESCRIPTION_MAX + 1);
    if (*ret == NULL) {
        return shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory for its description",
                            old->name.full);
    }
    status = shmr_described_text(&old->name, &old->seg, &old->geometry, *ret);
    opt->description = status == SHMRING_OK ? *ret : NULL;
    return status == SHMRING_EMPTY ? SHMRING_OK : status;
}

/* Marks the ring, takes its name away, and its producer's role. */
static shmring_status retire(struct shmring_attachment *old)
{
    struct shmring_doorbell_page *bells = shmring_doorbell_page_of(&old->map);
    shmring_status status = shmring_os_lock_admin(&old->name, &old->seg);

    if (status != SHMRING_OK) {
        return status;
    }
    (void)shmring_fetch_or(&bells->lifecycle, SHMRING_LIFE_REPLACED);
    status = shmring_os_unname(&old->name, &old->seg);
    if (status == SHMRING_OK) {
        shmring_role_enter(&shmring_producer_page_of(&old->map)->role,
                           SHMRING_CAP_FENCES | SHMRING_CAP_EVICTS | SHMRING_CAP_REPORTS,
                           shmring_os_start_time());
    } else {
        (void)shmring_fetch_and(&bells->lifecycle, ~SHMRING_LIFE_REPLACED);
    }
    shmring_os_unlock_admin(&old->seg);
    return status;
}

static shmring_status replace(struct shmring_attachment *old, const shmring_options *joined,
                              struct shmring_attachment **ret)
{
    struct shmring_doorbell_page *bells = shmring_doorbell_page_of(&old->map);
    shmring_status status = retire(old);

    if (status != SHMRING_OK) {
        return status;
    }
    status = shmring_segment_open(&old->name, joined, SHMRING_ROLE_PRODUCER, ret);
    shmring_role_leave(&shmring_producer_page_of(&old->map)->role);
    shmring_bell_ring(old, &bells->consumer_bell, SHMRING_ROLE_CONSUMER);
    return status;
}

shmring_status shmr_replace(const struct shmring_name *name, const shmring_options *opt,
                            struct shmring_attachment **ret)
{
    const shmring_options any = any_ring(opt);
    struct shmring_attachment *old = NULL;
    shmring_options joined;
    char *description = NULL;
    int yields;
    shmring_status status = shmring_segment_open(name, &any, SHMRING_ROLE_PRODUCER, &old);

    if (status != SHMRING_OK) {
        return status;
    }
    yields = old->geometry.yields != 0 && !was_held(old) && old->seg.owner == shmring_os_user();
    status = shmring_options_join(name, opt, &old->seg, &old->geometry, yields, &joined);
    if (status == SHMRING_OK && !yields) { /* another ring than a moment ago, which agrees */
        shmring_segment_close(old);
        return shmring_segment_open(name, opt, SHMRING_ROLE_PRODUCER, ret);
    }
    if (status == SHMRING_OK) {
        status = take_description(old, &joined, &description);
    }
    if (status == SHMRING_OK) {
        joined.open_mode = SHMRING_OPEN_OR_CREATE;
        status = replace(old, &joined, ret);
    }
    free(description);
    shmring_segment_close(old);
    return status;
}

/* ---- the consumer's side ---- */

static void take_name_of_dead(const struct shmring_attachment *old)
{
    struct shmring_detail kept;
    shmring_status status;

    shmring_detail_keep(&kept);
    status = shmring_os_lock_admin(&old->name, &old->seg);
    if (status == SHMRING_OK) {
        if (shmring_os_is_named(&old->name, &old->seg)) {
            status = shmring_os_unname(&old->name, &old->seg);
        }
        shmring_os_unlock_admin(&old->seg);
    }
    (void)status; /* the open that follows tells */
    (void)shmring_settle(&kept, SHMRING_OK);
}

/* Our descriptors stay, which the program may have in hand. So does the old header: an interrupt
 * may be writing into it now. */
static void inherit(struct shmring_attachment *a, struct shmring_attachment *old)
{
    a->ready = old->ready;
    a->alarm_ns = old->alarm_ns;
    a->listener = old->listener;
    a->listener_number = old->listener_number;
    shmring_os_ready_init(&old->ready);
    old->listener = -1;
    a->before = old;
    if (a->ready.handle >= 0) {
        (void)shmring_os_listener_add(a->ready.listener, &a->name, &a->seg, SHMRING_ROLE_CONSUMER);
        shmring_os_signal(&a->seg, SHMRING_ROLE_CONSUMER); /* the next call arms it */
    }
}

int shmr_consumer_is_replaced(const shmring_consumer *c)
{
    return c->attachment->geometry.yields != 0 &&
           (shmring_load_relaxed(&c->bells->lifecycle) & SHMRING_LIFE_REPLACED) != 0;
}

shmring_status shmr_consumer_move(shmring_consumer *c)
{
    const shmring_consumer before = *c;
    struct shmring_attachment *old = c->attachment, *a = NULL;
    struct shmring_detail kept;
    shmring_status status;

    take_name_of_dead(old);
    shmring_detail_keep(&kept);
    status = shmring_segment_open(&old->name, &old->wanted, SHMRING_ROLE_CONSUMER, &a);
    if (status != SHMRING_OK) {
        return status;
    }
    c->data = c->bytes = c->shared = c->stamped = NULL;
    status = shmr_consumer_enter(c, a, &old->wanted);
    if (status != SHMRING_OK) {
        *c = before;
        shmring_segment_close(a);
        return status;
    }
    inherit(a, old);
    return shmring_settle(&kept, SHMRING_OK);
}
