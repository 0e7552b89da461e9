/* SPDX-License-Identifier: MIT */
/* evict.c - how the producer says what it is about to overwrite.
 *
 * Readers that the producer does not wait for (observers, and the consumer of an overwrite ring)
 * copy a record and then ask whether it was whole:
 *
 *      producer                                   reader
 *
 *   G1 store_release evict                        copy the record at `pos`, relaxed
 *   G2 store_barrier                           G3 load_barrier
 *      write the payload of the next lap       G4 load evict; whole if evict <= pos
 *
 *   The producer writes nothing at or above evict + capacity, so bytes at `pos` are overwritten
 *   only after an evict above `pos` was stored. If the copy holds any such byte, G2 and G3 make G4
 *   load that evict. Without them a torn record is delivered.
 *
 * `evict` only ever is a place where a record begins: readers that were lapped go on there. The
 * producer remembers such places while it writes, one in each step; it never reads old records.
 * All this happens when the known room is used up, a few times in a lap, off the hot path.
 */
#include "ring/space.h"

/* Points are half a step apart, not a whole one: a step of the limit ends somewhat before its
 * place, where the next record did not fit. */
void shmr_evict_note_point(shmring_producer *p)
{
    const uint64_t position = p->batch_count != 0 ? p->batch_at : p->tail;
    struct shmring_mark *mark = &p->marks[p->mark_next % SHMRING_MARKS];

    if (position - p->marks[(p->mark_next - 1) % SHMRING_MARKS].position >= p->step / 2) {
        mark->position = position;
        mark->records = p->records;
        p->mark_next++;
        p->mark_first += p->mark_next - p->mark_first > SHMRING_MARKS;
    }
}

/* A reader that finds the same count, not 0, before and after it loads evict has a pair. */
void shmr_evict_publish(shmring_producer *p, uint64_t evict, uint64_t count)
{
    if (evict != p->evict) {
        p->evict = evict;
        shmring_store_relaxed(&p->page->evict_count, 0);
        shmring_store_release(&p->page->evict, evict); /* G1, with G4 */
        shmring_store_release(&p->page->evict_count, count);
        shmring_store_barrier(); /* G2, with G3 */
    }
}

void shmr_evict_for(shmring_producer *p, uint64_t most, uint64_t space)
{
    const uint64_t oldest = p->capacity - space; /* the age, behind tail, that may stay */
    const struct shmring_mark *mark;

    if (p->tail - p->evict <= oldest) {
        return;
    }
    if (p->framing != 0) { /* every byte is a place to go on */
        shmr_evict_publish(p, p->tail - oldest, 0);
        return;
    }
    while (p->mark_first != p->mark_next) {
        mark = &p->marks[p->mark_first % SHMRING_MARKS];
        if (p->tail - mark->position > oldest) {
            p->mark_first++;
            continue;
        }
        if (p->tail - mark->position < p->tail - most) {
            break;
        }
        shmr_evict_publish(p, mark->position, mark->records + 1);
        return;
    }
    shmr_evict_publish(p, most, 0);
}
