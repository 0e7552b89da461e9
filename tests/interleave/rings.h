/* SPDX-License-Identifier: MIT */
/* rings.h - a ring as it should be: what the API promises, followed operation by operation.
 *
 * The oracles know the public calls, the layout, and what each call was given and answered; nothing
 * of a handle. A record is known by its number, `seq`, from 0 in each round.
 *
 *     released ........ committed ........ possible / next
 *     consumer          visible: the       a call that is under way may have published them;
 *     begins here       call returned      staged records are between committed and next
 */
#ifndef SHMRING_TESTS_INTERLEAVE_RINGS_H
#define SHMRING_TESTS_INTERLEAVE_RINGS_H

#include "actors.h"

#define RINGS_MAX 4u
#define LOG       65536u /* records that are remembered: more than fit a ring */
#define BYTES_MAX 140000u

/* What a round is about; chosen by chance within what its scenario asks for. */
struct features {
    uint32_t framing, overflow, stamp, max_record, spin_ns;
    uint64_t capacity, start_position;
    int producer_fd, consumer_fd;
    int restarts; /* sides close and come again */
    int deaths;   /* sides die, inside calls too */
    int observers;
    uint32_t many; /* rings of one reader; 0: one ring, with a consumer of its own */
    int barrier;   /* 0: no membarrier here; 1: as a waiter and as a waker; 2: as a waker only */
};

enum { GAP_NO, GAP_YES, GAP_EITHER };
enum { FULL_NONE, FULL_TRIED, FULL_TIMED_OUT };

/* Whether calls that answer no status leave the telling of an end to the next handle. */
#ifndef TELLING_IS_LEFT
#define TELLING_IS_LEFT 1
#endif

struct entry {
    uint64_t position;
    uint64_t from_ns, to_ns; /* when it was stamped, in a ring with the clock's stamps */
    uint32_t len;
    uint16_t type;
    uint8_t gap;
};

/* One side's life, as the other side is told of it. */
struct life {
    int present;       /* an open has returned, and no close has begun */
    int busy_in_admin; /* inside open or close */
    uint64_t events;   /* openings, closings and deaths: begun, and done */
    uint64_t opens, deaths;
    uint64_t told_epoch; /* the other side's, whose end was told to an earlier handle of this one */
    uint64_t told_now;   /* and to this handle */
    int told_either;     /* it died while it may have been told */
};

struct ring {
    char name[64];
    struct features f;
    uint32_t header;           /* of a record */
    const unsigned char *view; /* ours, read-only: one header and one lap */
    shmring_producer *p;
    shmring_consumer *c;
    int p_fd, c_fd;
    struct actor *producer, *consumer;
    struct life p_life, c_life;

    /* What was sent. */
    struct entry *log;
    uint64_t next, committed, possible;
    uint64_t next_position; /* where record `next` begins; byte rings: tail */
    uint64_t possible_position, committed_position; /* byte rings */
    int takes_less;                                 /* the call under way may take a part */
    uint32_t size_kind, fixed_len;                  /* which lengths are sent now */
    uint64_t rejected;
    uint64_t reported;                /* of the rejected: a GAP told of them */
    uint64_t batch_reported;          /* before the batch */
    int last_full;                    /* FULL_..., since the last record that was taken */
    int gap_unsure, batch_gap_unsure; /* a producer died while it may have reported */
    void *room;                       /* an open reservation */
    uint32_t room_len;
    uint64_t full_need;  /* refused with a descriptor: it is readable when so much fits */
    uint64_t sleep_need; /* a wait for space is under way */

    /* What was received. */
    uint64_t released, cursor; /* records, and position */
    uint64_t may_release;      /* records, or bytes, by the call under way */
    uint64_t received;         /* as the consumer's page counts */
    uint64_t gaps;             /* of them with GAP */
    int gaps_unsure; /* a new handle counts those again that were shown and not released */
    uint64_t laps, lapped_bytes;
    uint64_t interrupts; /* the number of the one that is pending; 0 = none */
    int interrupting;    /* the call is under way: it may end one more wait */
    uint64_t interrupt_count;
    uint64_t
        interrupted_waits; /* that an interrupt ended; interrupt_count goes up by two for each */
    uint64_t p_wakes, c_wakes;          /* calls that wake the producer, the consumer */
    int awaited;                        /* by the reader of all */
    uint64_t silent_end, silent_cursor; /* where a dead side may have woken nobody */

    uint64_t object[2];                   /* as struct shmring_os_segment has it */
    unsigned char *to_send, *received_in; /* BYTES_MAX each */
};

extern struct ring rings[RINGS_MAX];
extern uint32_t ring_count;
extern uint64_t waits_for_any, records_watched, records_sent, records_read, bytes_sent, laps_told,
    ends_told, lost_wakes_looked_for;

/* ---- rings.c: making, checking and ending them ---- */

struct ring *ring_make(const struct features *f);
void rings_end(void); /* everybody closes; what is left must be sound */
void rings_unlink(void);
void rings_describe(void); /* on a failure */
void rings_check(void);    /* whatever must hold of those that are not inside a call */
void ring_verify(const struct ring *r);
uint64_t producer_evict(const struct ring *r);
uint64_t ring_word(const struct ring *r, uint64_t offset);
const struct shmring_producer_page *producer_page(const struct ring *r);
const struct shmring_consumer_page *consumer_page(const struct ring *r);

/* For certain: what calls that returned have published, and released. */
uint64_t bytes_unread(const struct ring *r);
uint64_t bytes_free(const struct ring *r);

/* ---- log.c: records, their payloads, their GAP ---- */

uint64_t entry_size(const struct ring *r, uint32_t len);
struct entry *entry_of(struct ring *r, uint64_t seq);
uint64_t seq_at(struct ring *r, uint64_t position); /* UINT64_MAX: no record begins there */
void payload_make(unsigned char *to, uint64_t seq, uint32_t len);
void payload_check(const struct ring *r, const unsigned char *at, uint64_t seq, uint32_t len);
void record_check(struct ring *r, uint64_t seq, const shmring_record *record,
                  const unsigned char *payload);
uint32_t length_of_next(struct ring *r);
void entry_write(struct ring *r, uint32_t len, uint16_t type); /* of record `next` */
void entry_accept(struct ring *r);                             /* it is the ring's */
void batch_drop(struct ring *r);
void batch_begin(struct ring *r);
void refusal_count(struct ring *r, int last_full); /* FULL_... */
void refusal_retract(struct ring *r);
void flight_begin(struct ring *r,
                  uint32_t more);    /* the call may publish what is staged, and more */
void flight_end(struct ring *r);     /* it published all up to `next` */
void flight_resolve(struct ring *r); /* it died: look what is there */

void bytes_check(const unsigned char *at, uint64_t position, uint64_t n);

/* ---- ends.c: who is told of an end ---- */

struct before { /* a call */
    uint64_t committed, position, events, opens, interrupts, now;
    int in_admin;
};
struct before before_call(const struct ring *r, const struct life *theirs);
void check_nothing_to_read(struct ring *r, const struct before *b, shmring_status status,
                           int blocking);
void check_no_room(struct ring *r, const struct before *b, shmring_status status, int blocking);
int end_is_due(const struct ring *r, enum shmring_role whose, shmring_status *ret);
void open_producer(struct ring *r);
void open_consumer(struct ring *r);
void close_producer(struct ring *r);
void close_consumer(struct ring *r);
void producer_died(struct actor *a);
void consumer_died(struct actor *a);

/* ---- actors ---- */

void act_as_producer(struct actor *a);
void act_as_consumer(struct actor *a);
void consume_records(struct actor *a, struct ring *r);
void consume_bytes(struct actor *a, struct ring *r);
void consumer_gone(struct actor *a, struct ring *r); /* it died */
void act_as_byte_producer(struct actor *a);
void act_as_byte_consumer(struct actor *a);
void observers_add(struct ring *r);
void observers_end(void);
void reader_add(void);

/* system.c: what wakes and readies are checked against. */
void wake_was_called(enum shmring_role waiter);
int fd_is_ready(int fd);

#endif
