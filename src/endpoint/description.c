/* SPDX-License-Identifier: MIT */
/* description.c - the description of the ring that a handle has open. */
#include <shmring/shmring.h>

#include "base/error.h"
#include "endpoint/observer.h"
#include "segment/described.h"
#include "segment/segment.h"

static shmring_status of_handle(const struct shmring_attachment *a, shmring_description **ret)
{
    struct shmring_geometry_page g;
    shmring_status status;

    if (a == NULL || ret == NULL) {
        return shmring_fail(SHMRING_E_INVALID,
                            "a handle or the place for its description is NULL, or the handle was "
                            "opened before fork(): open the ring in the process that uses it");
    }
    status = shmring_geometry_read(&a->name, &a->seg, &g);
    return status == SHMRING_OK ? shmr_described_parse(&a->name, &a->seg, &g, ret) : status;
}

shmring_status shmring_producer_description(const shmring_producer *p, shmring_description **ret)
{
    return of_handle(p != NULL ? p->attachment : NULL, ret);
}

shmring_status shmring_consumer_description(const shmring_consumer *c, shmring_description **ret)
{
    return of_handle(c != NULL ? c->attachment : NULL, ret);
}

shmring_status shmring_observer_description(const shmring_observer *o, shmring_description **ret)
{
    return of_handle(o != NULL && o->data != NULL ? &o->attachment : NULL, ret);
}
