/* SPDX-License-Identifier: MIT */
/* handle.h - what a producer and a consumer keep to themselves. Private to the library: the fields
 * stand in a public header only because the hot path is in-line. Never in shared memory.
 *
 * The fast path of a call has one gate, an end of lengths in the handle. A 0 there closes it, and
 * shmring_set_gates_() is the one place that opens it. All that is special takes the call's slow
 * half, which is in the library. Special is a GAP that is due, a stamp, an open batch or
 * reservation, a corrupt ring, the other framing. A forked child's handles read as zeros
 * (MADV_WIPEONFORK), so its gates are closed, and the slow half finds no attachment and returns
 * SHMRING_E_INVALID.
 */
#ifndef SHMRING_DETAIL_HANDLE_H
#define SHMRING_DETAIL_HANDLE_H

#include <shmring/detail/layout.h>
#include <shmring/detail/tsc.h>
#include <shmring/status.h>
#include <shmring/types.h>

SHMRING_BEGIN_INLINE

/* The longest answer of one shmring_peek_many(). */
#define SHMRING_PEEK_MAX 256u

/* Pauses of a polling loop: doubled after a burst, halved otherwise, between one unit and this. */
#define SHMRING_RELAX_MAX 128u

/* A pause of N units is kept only if the last burst had at least N / 8 records. Two records are
 * enough for 16 units; beyond those, the pause grows only in streams of 12 million records a second
 * and more. */
#define SHMRING_RELAX_UNITS_A_RECORD 8u

struct shmring_record;
struct shmring_attachment; /* private to src/: name, mapping, locks */

/* How a record was refused. A waiting call after the first is the retry of that record. */
#define SHMRING_FULL_TRIED     1u
#define SHMRING_FULL_TIMED_OUT 2u

/* Places where a record begins, remembered while they are written: `evict` goes from one to the
 * next. They are at least half a `step` apart, so that a lap has hardly more of them than this. */
#define SHMRING_MARKS 32u

/* When the producer claims lines ahead of tail. */
#define SHMRING_CLAIMS_WHEN_FAR 0u /* while the two processors share no cache */
#define SHMRING_CLAIMS_ALWAYS   1u /* for tests */

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
    uint64_t limit;      /* a record fits while size + 8 <= limit - tail; never behind tail */
    struct shmring_producer_page *page;
    struct shmring_doorbell_page *bells;
    uint64_t records;
    uint64_t fast_len_end; /* the gate: shorter records go the fast way; shmring_set_gates_() */

    uint64_t plain_len_end; /* max_record + 1, or 0 while no record can be plain */
    uint64_t stage_len_end; /* the gate of records that join the open batch */
    uint64_t fast_bytes;    /* the gate of byte calls: the capacity, or 0 */
    uint32_t fence;     /* 1: a full barrier at every publication, for a peer without membarrier */
    uint32_t by_string; /* 1: long copies by the string instruction; copy.c */
    uint32_t record_header;
    uint32_t max_record;
    uint64_t reserved; /* size of the open reservation, 0 = none */
    uint32_t reserved_len;
    uint32_t batch_count;
    uint64_t batch_at;   /* position of the first staged record */
    uint64_t batch_word; /* its word, withheld until publish */

    uint64_t batch_reported; /* reported, when the batch was opened: an abort restores it */
    uint64_t rejected;       /* records refused */
    uint64_t reported;  /* of them, how many a GAP has reported; a GAP is due while they differ */
    uint32_t last_full; /* how the last record was refused, while a retry may follow; 0 = not */
    uint32_t stamp;
    const struct shmring_consumer_page *peer;
    uint64_t capacity;
    uint64_t head; /* the newest consumer position seen */
    uint32_t framing;
    uint32_t overflow;
    struct shmring_relax_state relax;
    int32_t status;   /* sticky SHMRING_E_CORRUPT */
    uint32_t spin_ns; /* how long a blocking call polls before it sleeps */
    struct shmring_attachment *attachment;
    uint32_t polled; /* 1: there is a descriptor, to be armed whenever a call finds no space */
    uint32_t mark_first, mark_next; /* modulo SHMRING_MARKS: where the marks are */
    uint64_t evict; /* what the shared one says: nothing at or above evict + capacity is written */
    uint64_t step;  /* `limit` is raised by this much, so that marks are made */
    uint64_t claimed;    /* lines below this were claimed; src/ring/claim.c */
    uint64_t claim_tail; /* and records: when `limit` was raised last */
    uint64_t claim_records;
    uint32_t claims;       /* SHMRING_CLAIMS_... */
    uint32_t claiming;     /* 1: the last raise of `limit` claimed */
    uint32_t far_loads;    /* how sure it is that the consumer's lines come from far */
    uint32_t far_ticks;    /* a load that takes longer came from far */
    uint64_t walk_end;     /* while walking: where this producer's own records begin */
    uint64_t walk_records; /* and the records below evict, UINT64_MAX = not known */
    uint32_t walking; /* 1: evict is among the records of earlier producers, of which there are no
                         marks: it walks over them */
    shmring_atomic_u64 interrupted;
    struct shmring_mark marks[SHMRING_MARKS]; /* a ring of them, oldest first */
} shmring_producer;

typedef struct SHMRING_ALIGNED(64) shmring_consumer {
    const unsigned char *data; /* the gate: NULL sends record calls to their slow half */
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
    const unsigned char *stamped; /* the data, where the ring is stamped and its producer waits */
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

/* The slow halves of the consumer's calls: rings whose producer does not wait, stamped rings,
 * refused handles (`data` is NULL). Each returns as the public call does. */
SHMRING_API shmring_status shmring_try_recv_slow_(shmring_consumer *c, void *buf, uint32_t size,
                                                  struct shmring_record *ret);
SHMRING_API shmring_status shmring_peek_slow_(shmring_consumer *c, struct shmring_record *ret);
SHMRING_API uint32_t shmring_peek_many_slow_(shmring_consumer *c, struct shmring_record *ret,
                                             uint32_t max);
SHMRING_API shmring_status shmring_read_advance_slow_(shmring_consumer *c, uint64_t n);

/* Caches what depends on the record's length. Called when the length changes. */
SHMRING_API void shmring_new_size_(shmring_consumer *c, uint32_t len);

/* Checks a word that is neither 0 nor a plain record's: it carries GAP, or it is corrupt. */
SHMRING_API shmring_status shmring_check_word_(shmring_consumer *c, uint64_t position,
                                               uint64_t word);

/* Reads the n bytes that are there, fewer than were wanted. */
SHMRING_API uint64_t shmring_read_some_(shmring_consumer *c, void *buf, uint64_t n);

/* Nothing is there, and there is a descriptor to arm or an end to report: EMPTY, CLOSED, PEER_DEAD,
 * or an error. For calls that return a status. */
SHMRING_API shmring_status shmring_report_empty_(shmring_consumer *c);

/* Arms the descriptor of a consumer that wants `need` bytes, or a record. For calls that cannot
 * report an end: it stays to be reported, and the descriptor readable. */
SHMRING_API void shmring_rearm_(shmring_consumer *c, uint64_t need);

/* The slow halves of the producer's calls: whatever is not a plain record that fits what is known.
 * Returns as the public call does. */
SHMRING_API shmring_status shmring_try_send_slow_(shmring_producer *p, const void *data,
                                                  uint32_t len, uint16_t type);
SHMRING_API shmring_status shmring_reserve_slow_(shmring_producer *p, uint32_t len, void **ret);
SHMRING_API shmring_status shmring_commit_slow_(shmring_producer *p, uint32_t len);
SHMRING_API shmring_status shmring_stage_slow_(shmring_producer *p, const void *data, uint32_t len,
                                               uint16_t type);
SHMRING_API shmring_status shmring_publish_slow_(shmring_producer *p);
SHMRING_API void shmring_abort_slow_(shmring_producer *p);
SHMRING_API uint64_t shmring_write_span_slow_(shmring_producer *p, uint64_t n, uint64_t wanted);
SHMRING_API shmring_status shmring_write_advance_slow_(shmring_producer *p, uint64_t n);
SHMRING_API uint64_t shmring_try_write_slow_(shmring_producer *p, const void *data, uint64_t n);

/* Asks for the lines that a next record of the same size will fill. */
SHMRING_API void shmring_prefetch_next_(const shmring_producer *p, uint64_t size);

/* Commits the record at tail, which is not plain or may be: adds its stamp and GAP. */
SHMRING_API shmring_status shmring_commit_special_(shmring_producer *p, uint64_t size,
                                                   uint64_t word);

/* Wake the other side; called when its bell is seen set, or a fence is wanted. */
SHMRING_API void shmring_wake_consumer_(shmring_producer *p);
SHMRING_API void shmring_wake_producer_(shmring_consumer *c);

SHMRING_END_DECLS

/* Decides which calls may go the fast way, from everything that can forbid it. */
SHMRING_ALWAYS void shmring_set_gates_(shmring_producer *p)
{
    const int open = p->status == SHMRING_OK;
    const int plain = p->stamp == 0 && p->rejected == p->reported; /* no stamp, no GAP due */

    p->plain_len_end =
        open && plain && p->framing == SHMRING_RECORDS ? (uint64_t)p->max_record + 1 : 0;
    p->fast_len_end = p->batch_count == 0 && p->reserved == 0 ? p->plain_len_end : 0;
    p->stage_len_end = p->batch_count != 0 ? p->plain_len_end : 0;
    p->fast_bytes = open && p->framing == SHMRING_BYTES ? p->capacity : 0;
}

/* One pause of a polling loop. records, position: the handle's. The pause doubles after a burst of
 * two records or more and halves otherwise. So a stream polls rarely and moves many records for
 * each cache line it takes, and a ping-pong polls at once. The more a pause has grown, the larger
 * the burst that keeps it. After a burst of more than the whole ring the pause is too long: the
 * other side stood still meanwhile, without room or without records. Measured:
 * docs/performance.md#techniques. */
SHMRING_ALWAYS void shmring_relax_(struct shmring_relax_state *r, uint64_t records,
                                   uint64_t position, uint64_t capacity)
{
    uint64_t burst = records - r->mark, bytes = position - r->at;
    uint32_t n;

    r->mark = records;
    r->at = position;
    if (burst >= 2 && burst >= r->delay / SHMRING_RELAX_UNITS_A_RECORD && bytes <= capacity) {
        r->delay = r->delay < SHMRING_RELAX_MAX ? r->delay * 2 : SHMRING_RELAX_MAX;
    } else if (r->delay > 1) {
        r->delay /= 2;
    }
    for (n = r->delay * r->unit; n > 0; n--) {
        shmring_cpu_pause();
    }
}

SHMRING_END_INLINE

#endif
