/* SPDX-License-Identifier: MIT */
/* note.c - a note beside the tail, which becomes true with the records before it.
 *
 * There are two slots, and each says behind which position its words are true. The one that is not
 * true yet is written, or else the older one. A take-over clears a slot that is ahead of the tail:
 * its records were never published (ring/recover.c). */
#include <shmring/shmring.h>

#include "base/error.h"
#include "segment/segment.h"

/* The newest note that is true at this tail; NULL: there is none. */
static struct shmring_note_slot *newest(const shmring_producer *p, uint64_t tail)
{
    struct shmring_note_slot *ret = NULL;
    uint64_t number = 0;
    uint32_t i;

    for (i = 0; i < 2; i++) {
        struct shmring_note_slot *slot = &p->page->notes[i];
        const uint64_t at = shmring_load_relaxed(&slot->at); /* ours alone, or E */
        const uint64_t its = shmring_load_relaxed(&slot->number);

        if (at != 0 && tail - (at - 1) <= UINT64_MAX / 2 && (ret == NULL || its > number)) {
            ret = slot;
            number = its;
        }
    }
    return ret;
}

static shmring_status check(const shmring_producer *p, const void *words)
{
    if (p == NULL || p->attachment == NULL) {
        return shmring_fail(SHMRING_E_INVALID,
                            "a handle is NULL, or was opened before fork(): open the ring in the "
                            "process that uses it");
    }
    if (p->status != SHMRING_OK) {
        return shmring_fail((shmring_status)p->status, "ring '%s' is corrupt",
                            p->attachment->name.full);
    }
    if (words == NULL || p->framing != SHMRING_RECORDS || p->reserved != 0) {
        return shmring_fail(SHMRING_E_INVALID, "ring '%s': %s", p->attachment->name.full,
                            words == NULL                   ? "the note is NULL"
                            : p->framing != SHMRING_RECORDS ? "it has byte framing, and no notes"
                                                            : "a reservation is open");
    }
    return SHMRING_OK;
}

shmring_status shmring_producer_note(shmring_producer *p, const uint64_t note[SHMRING_NOTE_WORDS])
{
    shmring_status status = check(p, note);
    struct shmring_note_slot *last, *slot;
    uint64_t number;
    uint32_t i;

    if (status != SHMRING_OK) {
        return status;
    }
    last = newest(p, p->batch_count != 0 ? p->batch_at : p->tail);
    slot = last == &p->page->notes[0] ? &p->page->notes[1] : &p->page->notes[0];
    number = last != NULL ? shmring_load_relaxed(&last->number) + 1 : 1;
    shmring_store_release(&slot->at, 0); /* a death in between leaves no half note */
    shmring_light_barrier();
    for (i = 0; i < SHMRING_NOTE_WORDS; i++) {
        shmring_store_release(&slot->words[i], note[i]); /* behind the 0 */
    }
    shmring_store_release(&slot->number, number);
    shmring_store_release(&slot->at, p->tail + 1); /* E: who takes over finds the words */
    return SHMRING_OK;
}

shmring_status shmring_producer_noted(const shmring_producer *p, uint64_t ret[SHMRING_NOTE_WORDS])
{
    shmring_status status = check(p, ret);
    const struct shmring_note_slot *slot;
    uint32_t i;

    if (status != SHMRING_OK) {
        return status;
    }
    slot = newest(p, p->batch_count != 0 ? p->batch_at : p->tail);
    if (slot == NULL) {
        return SHMRING_EMPTY;
    }
    for (i = 0; i < SHMRING_NOTE_WORDS; i++) {
        ret[i] = shmring_load_relaxed(&slot->words[i]); /* ours alone, or E */
    }
    return SHMRING_OK;
}

shmring_status shmring_producer_gap(shmring_producer *p)
{
    shmring_status status = check(p, p);

    if (status != SHMRING_OK) {
        return status;
    }
    p->rejected++;
    p->last_full = 0; /* a retry does not take this one back */
    shmring_store_relaxed(&p->page->rejected, p->rejected);
    shmring_set_gates_(p);
    return SHMRING_OK;
}
