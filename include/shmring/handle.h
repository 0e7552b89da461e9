/* SPDX-License-Identifier: MIT */
/* handle.h - what a producer and a consumer keep to themselves. Private to the library: the fields
 * stand in a public header only because the hot path is in-line. Never in shared memory.
 *
 * The library allocates handles in memory that a fork wipes in the child: there every field is
 * zero, so no record is short enough and `data` is NULL, every call takes its slow path, and the
 * slow path finds no attachment and answers SHMRING_E_INVALID. A corrupt ring (`limit` is tail) and
 * a call of the wrong framing are refused in the same way, without a test of their own on the hot
 * path.
 */
#ifndef SHMRING_HANDLE_H
#define SHMRING_HANDLE_H

#include <shmring/layout.h>
#include <shmring/stamp.h>
#include <shmring/status.h>

/* The longest answer of one shmring_peek_many(). */
#define SHMRING_PEEK_MAX 256u

/* Pauses of a polling loop: doubled after a burst, halved otherwise, between one unit and this. */
#ifndef SHMRING_NO_LONG_PAUSE
#define SHMRING_RELAX_MAX 128u
#else
#define SHMRING_RELAX_MAX 16u
#endif

/* So many units of pause ask for one more record in the burst: beyond 16 of them, which two records
 * are enough for, the pause grows only in streams of 12 million records a second and more. */
#define SHMRING_RELAX_UNITS_A_RECORD 8u

struct shmring_record;
struct shmring_attachment; /* private to src/: name, mapping, locks */

/* A record that is no plain one: it follows a refused one; its ring stamps. */
#define SHMRING_SPECIAL_GAP   1u
#define SHMRING_SPECIAL_STAMP 2u

/* Places where a record begins, remembered while they are written: `evict` goes from one to the
 * next. They are at least half a `step` apart, so that a lap has hardly more of them than this. */
#define SHMRING_MARKS 32u

struct shmring_mark {
    uint64_t position;
    uint64_t records; /* committed before it */
};

struct shmring_relax_state {
    uint64_t mark;  /* the handle's record count at the last empty poll */
    uint64_t at;    /* and its position */
    uint32_t delay; /* units of about 10 ns */
    uint32_t unit;  /* shmring_cpu_pause() calls in a unit, calibrated at open */
};

typedef struct SHMRING_ALIGNED(64) shmring_producer {
    unsigned char *data; /* the first of the two views of the data region */
    uint64_t mask;       /* capacity - 1 */
    uint64_t tail;       /* where the next record goes; beyond the shared tail while staging */
    uint64_t limit;      /* a record fits while size + 8 <= limit - tail; limit == tail refuses */
    struct shmring_producer_page *page;
    struct shmring_doorbell_page *bells;
    uint64_t records;
    uint32_t special; /* SHMRING_SPECIAL_...: why the next record is no plain one */
    uint32_t fence;   /* 1: a full barrier at every publication, for a peer without membarrier */

    uint64_t len_bound; /* records are shorter than this: max_record + 1; 0 refuses every one */
    uint32_t record_header;
    uint32_t max_record;
    uint32_t stamp;
    const struct shmring_consumer_page *peer;
    uint64_t capacity;
    uint64_t head;       /* the newest consumer position seen */
    uint64_t byte_limit; /* byte framing's limit; equal to tail in record framing */
    uint64_t kept_limit; /* limit, while a batch or a reservation holds it at tail */

    uint64_t batch_at;   /* position of the first staged record */
    uint64_t batch_word; /* its word, withheld until publish */
    uint32_t batch_count;
    uint32_t reserved_len;
    uint64_t reserved; /* size of the open reservation, 0 = none */

    uint64_t rejected;
    uint32_t gap_before; /* SHMRING_SPECIAL_GAP, as before the last refusal */
    uint32_t
        batch_gap;    /* SHMRING_SPECIAL_GAP if a staged record carries it; an abort restores it */
    uint32_t refused; /* the last try was refused, and no relax has called it a retry */
    uint32_t framing;
    struct shmring_relax_state relax;
    int32_t status;   /* sticky SHMRING_E_CORRUPT */
    uint32_t spin_ns; /* how long a blocking call polls before it sleeps */
    struct shmring_attachment *attachment;
    uint32_t polled; /* 1: there is a descriptor, to be armed whenever a call finds no room */
    uint32_t overflow;
    uint32_t by_string; /* 1: long copies by the string instruction; copy.c */
    uint64_t evict; /* what the shared one says: nothing at or above evict + capacity is written */
    uint64_t step;  /* `limit` is raised by this much, so that marks are made */
    uint32_t mark_first, mark_next;           /* modulo SHMRING_MARKS: where they are */
    struct shmring_mark marks[SHMRING_MARKS]; /* a ring of them, oldest first */
} shmring_producer;

typedef struct SHMRING_ALIGNED(64) shmring_consumer {
    const unsigned char *data; /* NULL: record calls go out of line, or are refused */
    uint64_t mask;
    uint64_t cursor; /* where the next record is read */
    uint64_t head;   /* what the shared head says */
    struct shmring_consumer_page *page;
    struct shmring_doorbell_page *bells;
    uint64_t records;
    uint64_t head_step; /* publish head when cursor is this far ahead */
    uint64_t last_size; /* of the last record, and its length: the next is likely the same */
    uint32_t last_len;
    uint32_t rest; /* last_size where a record's further lines are fetched with each poll, or 0 */

    uint32_t record_header;
    uint32_t max_record;
    uint32_t stamp;
    uint32_t fence;
    const struct shmring_producer_page *peer;
    uint64_t capacity;
    const unsigned char *bytes; /* byte framing's data; NULL refuses byte calls */
    uint64_t tail;              /* byte framing: the newest tail seen */

    uint64_t peeked;       /* bytes of the records shown by the last peek */
    uint64_t peeked_at;    /* where the first of them is: once the cursor has moved, it is over */
    uint32_t peeked_count; /* how many they are */
    uint32_t framing;
    uint64_t ignored_epoch; /* this producer's end was reported to an earlier consumer */
    uint64_t gaps;
    uint64_t gap_at; /* position of the newest GAP counted, plus one; at first the cursor */
    struct shmring_relax_state relax;
    shmring_atomic_u64 interrupted;
    int32_t status;
    uint32_t spin_ns;
    struct shmring_attachment *attachment;
    uint32_t by_string; /* 1: long copies by the string instruction; copy.c */
    uint32_t polled;    /* 1: there is a descriptor, to be armed whenever the ring is found empty */
    uint32_t any_next;  /* where the next shmring_wait_any() begins to look */
    const unsigned char *shared; /* overwrite rings: the data, which may change while it is read */
    uint64_t lapped, lapped_bytes;
    uint64_t lost;                    /* bytes, at the last SHMRING_LAPPED */
    uint32_t sizes[SHMRING_PEEK_MAX]; /* of the records shown, in units of 8 bytes */
    struct shmring_tick_scale scale;  /* stamped rings only, from here */
    const unsigned char *stamped;     /* the data, lent to `data` by each call */
    uint64_t noted; /* records below this position were shown, and their latency is counted */
} shmring_consumer;

SHMRING_BEGIN_DECLS

/* The hot path's way out: each sets the sentence of shmring_error_detail() and returns a status.
 * why: the status that was found; value: the number it is about. A handle that is corrupt, of the
 * other framing, or wiped by fork answers with that instead. */
SHMRING_API shmring_status shmring_producer_refuse_(shmring_producer *p, shmring_status why,
                                                    uint64_t value);
SHMRING_API shmring_status shmring_consumer_refuse_(shmring_consumer *c, shmring_status why,
                                                    uint64_t value);

/* The receiving calls of a consumer without `data`: copies from an overwrite ring and validates the
 * copy, or from a stamped ring, or refuses. The second only looks: OK when the first has something
 * to tell. */
SHMRING_API shmring_status shmring_recv_validated_(shmring_consumer *c, void *buf, uint32_t size,
                                                   struct shmring_record *ret);
SHMRING_API shmring_status shmring_look_validated_(shmring_consumer *c);

/* Wake the other side; called when its bell is seen set, or a fence is wanted. */
SHMRING_API void shmring_wake_consumer_(shmring_producer *p);
SHMRING_API void shmring_wake_producer_(shmring_consumer *c);

/* With a descriptor: nothing to read, or no room for `need` bytes. Arms it, and returns EMPTY or
 * FULL, or how the wait would end. */
SHMRING_API shmring_status shmring_consumer_arm_(shmring_consumer *c);
SHMRING_API shmring_status shmring_producer_arm_(shmring_producer *p, uint64_t need);

/* The same for peeks: into a stamped ring, or refuses. */
SHMRING_API shmring_status shmring_peek_stamped_(shmring_consumer *c, struct shmring_record *ret);
SHMRING_API uint32_t shmring_peek_many_stamped_(shmring_consumer *c, struct shmring_record *ret,
                                                uint32_t max);

SHMRING_END_DECLS

/* One pause of a polling loop. records, position: the handle's. The pause doubles after a burst of
 * two records or more and halves otherwise: a stream polls rarely and moves many records for each
 * cache line it takes, a ping-pong polls at once. The more a pause has grown, the larger the burst
 * that keeps it. After a burst of more than the whole ring the pause is too long: the other side
 * stood still meanwhile, without room or without records. Streams of 4 KiB between processors that
 * share a cache: 0.65 of the time. Measured: docs/performance.md. */
SHMRING_ALWAYS void shmring_relax_(struct shmring_relax_state *r, uint64_t records,
                                   uint64_t position, uint64_t capacity)
{
    uint64_t burst = records - r->mark, bytes = position - r->at;
    uint32_t n;

    r->mark = records;
    r->at = position;
#ifdef SHMRING_NO_ADAPTIVE_PAUSE
    burst = 0;
#endif
#ifdef SHMRING_NO_BOUND_BY_RING
    bytes = 0;
#endif
    if (burst >= 2 && burst >= r->delay / SHMRING_RELAX_UNITS_A_RECORD && bytes <= capacity) {
        r->delay = r->delay < SHMRING_RELAX_MAX ? r->delay * 2 : SHMRING_RELAX_MAX;
    } else if (r->delay > 1) {
        r->delay /= 2;
    }
    for (n = r->delay * r->unit; n > 0; n--) {
        shmring_cpu_pause();
    }
}

#endif
