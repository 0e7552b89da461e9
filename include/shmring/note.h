/* SPDX-License-Identifier: MIT */
/* note.h - a note beside a ring's tail, for a producer that copies records from elsewhere.
 *
 *   uint64_t note[SHMRING_NOTE_WORDS];
 *   if (shmring_producer_noted(p, note) == SHMRING_OK) ...   go on behind what it says
 *   shmring_stage(p, ...);                                   some records
 *   note[0] = where the next one comes from;
 *   shmring_producer_note(p, note);                          becomes true with the next line
 *   shmring_publish(p);
 *
 * A producer that is killed at any instruction leaves either the records with their note, or
 * neither. So its successor copies nothing twice and leaves nothing out. The ring gives the words
 * no meaning.
 *
 * By the producer's thread; wait-free; not in signal handlers; refused after fork. Rings of records
 * only.
 */
#ifndef SHMRING_NOTE_H
#define SHMRING_NOTE_H

#include <shmring/detail/ring.h>

SHMRING_BEGIN_DECLS

/* Keeps a note that is true from the moment when all records that are staged now have been
 * published; without staged records, from now on. The note before stays true until then. After
 * shmring_abort() call it again before anything else is sent.
 * note: SHMRING_NOTE_WORDS words, the application's.
 * Returns SHMRING_OK; SHMRING_E_INVALID (a NULL, a byte ring, an open reservation, after fork);
 * SHMRING_E_CORRUPT.
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: release of the note's place behind its words; the next producer reads them by
 * edge E. B of the publication is behind all of it. A death here leaves the note before. Since
 * 0.2. */
SHMRING_API shmring_status shmring_producer_note(shmring_producer *p,
                                                 const uint64_t note[SHMRING_NOTE_WORDS]);

/* Reads the newest note that is true: this producer's, or one of an earlier producer. Records that
 * were sent without a note since do not count.
 * ret: SHMRING_NOTE_WORDS words; untouched unless SHMRING_OK.
 * Returns SHMRING_OK; SHMRING_EMPTY (there is none); SHMRING_E_INVALID and SHMRING_E_CORRUPT as
 * shmring_producer_note().
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: relaxed, for only producers write here, one after another by edge E. A death here
 * leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_producer_noted(const shmring_producer *p,
                                                  uint64_t ret[SHMRING_NOTE_WORDS]);

/* Says that records are missing directly before the next one, which carries SHMRING_FLAG_GAP. It
 * counts as one refusal.
 * Returns SHMRING_OK; SHMRING_E_INVALID and SHMRING_E_CORRUPT as shmring_producer_note().
 * By the producer's thread; wait-free; not in signal handlers; refused after fork.
 * Memory order: none; the flag comes with the next record, by B. A death here leaves a refusal
 * that the next producer reports. Since 0.2. */
SHMRING_API shmring_status shmring_producer_gap(shmring_producer *p);

SHMRING_END_DECLS

#endif
