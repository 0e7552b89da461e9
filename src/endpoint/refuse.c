/* SPDX-License-Identifier: MIT */
/* refuse.c - the sentences of calls on a handle that cannot be done, and how a corrupt ring stays
 * so. */
#include <shmring/shmring.h>

#include <inttypes.h>

#include "base/error.h"
#include "segment/segment.h"

static shmring_status was_cut(const struct shmring_attachment *a)
{
    return shmring_fail(
        SHMRING_E_CORRUPT,
        "ring '%s' is corrupt: somebody cut its file short while it was open; close "
        "it and make a new one",
        a->name.full);
}

/* The value that made a handle refuse for the first time: later calls meet others, which its
 * refusal has made. */
static uint64_t first_cause(struct shmring_attachment *a, int32_t status, uint64_t value)
{
    if (status == SHMRING_OK || !a->has_cause) {
        a->has_cause = 1;
        a->cause = value;
    }
    return a->cause;
}

shmring_status shmring_producer_refuse_(shmring_producer *p, shmring_status why, uint64_t value)
{
    const char *name;

    if (p == NULL || p->attachment == NULL) {
        return shmring_fail(SHMRING_E_INVALID,
                            "a producer handle is NULL, or was opened before fork(): open the ring "
                            "in the process that uses it");
    }
    name = p->attachment->name.full;
    if (why == SHMRING_E_CORRUPT || p->status != SHMRING_OK) {
        value = first_cause(p->attachment, p->status, value);
        p->status = SHMRING_E_CORRUPT;
        p->limit = p->tail;
        shmring_set_gates_(p);
        if (p->attachment->cut) {
            return was_cut(p->attachment);
        }
        if (p->walking != 0) { /* this producer never asks where the consumer is */
            return shmring_fail(SHMRING_E_CORRUPT,
                                "ring '%s' is corrupt: what an earlier producer left at position "
                                "%" PRIu64 " is no record; close it and make a new one",
                                name, value);
        }
        return shmring_fail(SHMRING_E_CORRUPT,
                            "ring '%s' is corrupt: its consumer says position %" PRIu64
                            " and the producer is at %" PRIu64
                            "; close it, and 'shmring repair' it or make a new one",
                            name, value, p->tail);
    }
    if (why == SHMRING_E_TOO_BIG) {
        return shmring_fail(why,
                            "ring '%s': %" PRIu64 " bytes are more than %s of %" PRIu64
                            ": send less at once, or make the ring with a larger %s",
                            name, value,
                            p->framing == SHMRING_RECORDS ? "its max_record" : "its capacity",
                            p->framing == SHMRING_RECORDS ? (uint64_t)p->max_record : p->capacity,
                            p->framing == SHMRING_RECORDS ? "max_record" : "capacity");
    }
    if (p->reserved != 0) {
        return shmring_fail(
            why, "ring '%s': a reservation of %" PRIu32 " bytes is open: commit or abort it first",
            name, p->reserved_len);
    }
    if (p->framing == SHMRING_BYTES) {
        return shmring_fail(
            why,
            "ring '%s' has byte framing: use shmring_try_write and shmring_write_span, "
            "and advance by no more than the span (%" PRIu64 ")",
            name, value);
    }
    return shmring_fail(why,
                        "ring '%s': that call does not fit the ring's state: byte calls need byte "
                        "framing, and a commit needs a reservation of at least its length (%" PRIu64
                        ")",
                        name, value);
}

shmring_status shmring_consumer_refuse_(shmring_consumer *c, shmring_status why, uint64_t value)
{
    const char *name;

    if (c == NULL || c->attachment == NULL) {
        return shmring_fail(SHMRING_E_INVALID,
                            "a consumer handle is NULL, or was opened before fork(): open the ring "
                            "in the process that uses it");
    }
    name = c->attachment->name.full;
    if (why == SHMRING_E_CORRUPT || c->status != SHMRING_OK) {
        value = first_cause(c->attachment, c->status, value);
        c->status = SHMRING_E_CORRUPT;
        c->data = c->bytes = c->shared = c->stamped = NULL;
        c->tail = c->cursor;
        c->peeked_count = 0;
        if (c->attachment->cut) {
            return was_cut(c->attachment);
        }
        return shmring_fail(
            SHMRING_E_CORRUPT,
            "ring '%s' is corrupt at position %" PRIu64 ": found %#" PRIx64
            "; look with 'shmring verify', then 'shmring repair' it or make a new one",
            name, c->cursor, value);
    }
    if (why == SHMRING_E_TOO_BIG) {
        return shmring_fail(why,
                            "ring '%s': the next record has %" PRIu64
                            " bytes and the buffer is smaller; it stays in the ring",
                            name, value);
    }
    if (c->shared != NULL) {
        return shmring_fail(SHMRING_E_UNSUPPORTED,
                            "ring '%s' is an overwrite ring, whose producer does not wait: records "
                            "cannot be read in place; use shmring_try_recv or shmring_recv",
                            name);
    }
    return shmring_fail(why,
                        c->framing == SHMRING_BYTES
                            ? "ring '%s' has byte framing: use shmring_try_read and "
                              "shmring_read_span, and advance by no more than the span (%" PRIu64
                              ")"
                            : "ring '%s' has record framing: use shmring_try_recv and shmring_peek "
                              "(%" PRIu64 ")",
                        name, value);
}
