/* SPDX-License-Identifier: MIT */
/* forward.c - a ring into a stream.
 *
 * An observer reads ahead into one block at a time. A consumer holds the ring and releases records
 * when the stream has answered that it has their block. So the ring itself is the memory for what
 * is on its way. After any trouble, and after a death, the forwarder asks the stream for its newest
 * block and reads on from there.
 *
 * Order: each message names the one that it must follow, and the stream refuses it otherwise. So a
 * block is stored once and in its place, or not at all, whatever was lost or arrives late. */
#include <inttypes.h>
#include <string.h>

#include "bridge/forward.h"
#include "host/host.h"
#include "text/ring_name.h"

#define TICK_NS   UINT64_C(1000000)
#define SLICE_NS  UINT64_C(50000000)
#define PAUSE_NS  UINT64_C(100000000)
#define PATIENCE  UINT64_C(5000000000) /* for an answer of the stream */
#define BURST     512u                 /* records between two looks for answers */
#define HELD_LOOK UINT64_C(5000000)

/* ---- what the stream has ---- */

/* Gives back the records below `end`. The consumer walks behind the observer. */
static void release_until(struct forwarder *f, uint64_t end)
{
    shmring_record records[SHMRING_PEEK_MAX];
    uint32_t n, below;

    do {
        n = f->consumer != NULL ? shmring_peek_many(f->consumer, records, SHMRING_PEEK_MAX) : 0;
        below = 0;
        while (below < n && end - records[below].position - 1 < UINT64_MAX / 2) {
            below++;
        }
        if (below > 0) {
            shmring_release_many(f->consumer, below);
        }
    } while (n > 0 && below == n);
}

/* Takes up the thread where the stream's newest block ends. */
static void go_on_behind(struct forwarder *f, const struct block_head *last)
{
    f->skip = last != NULL && last->incarnation[0] == f->info.incarnation[0] &&
              last->incarnation[1] == f->info.incarnation[1];
    if (f->skip) {
        f->position = last->next;
        release_until(f, last->next);
    }
    (void)shmring_observer_seek(f->observer, SHMRING_OLDEST);
}

/* Asks the stream for its newest block. 1; 0 to end with *ret_exit. */
static int resume(struct forwarder *f, int *ret_exit)
{
    unsigned char bytes[BLOCK_HEADER];
    struct block_head last;
    enum link_result result;
    size_t n = 0;
    const char *wrong;

    while ((result = link_last(f->link, &f->behind_sequence, bytes, sizeof bytes, &n)) ==
           LINK_AGAIN) {
        if (host_stop_requested()) {
            *ret_exit = EXIT_OK;
            return 0;
        }
        host_sleep_ns(PAUSE_NS);
    }
    if (result == LINK_FAILED) {
        *ret_exit = EXIT_FAILED;
        return 0;
    }
    f->round++;
    f->first = f->next = 0;
    f->behind_id[0] = '\0';
    f->changes = link_changes(f->link);
    f->resume_due = 0;
    f->known = 0;
    wrong = n > 0 ? block_read_head(bytes, n, &last) : NULL;
    if (wrong != NULL) {
        *ret_exit = say_failed("the newest message of stream '%s' is not from a bridge: %s",
                               f->o->link.stream, wrong);
        return 0;
    }
    go_on_behind(f, n > 0 ? &last : NULL);
    if (!f->skip && f->consumer != NULL) { /* what a consumer has released is not for us */
        f->skip = shmring_inspect(f->o->ring, &f->info) == SHMRING_OK;
        f->position = f->info.cursor;
    }
    block_clear(&f->block, f->position, 0);
    return 1;
}

/* ---- answers ---- */

static void ask_anew(struct forwarder *f, int pause)
{
    f->resume_due = 1;
    f->totals->again++;
    if (pause) {
        host_sleep_ns(PAUSE_NS);
    }
}

static void taken(struct forwarder *f, uint64_t number)
{
    if (number - f->first >= f->next - f->first) {
        return;
    }
    f->window[number % FORWARD_WINDOW].taken = 1;
    while (f->first != f->next && f->window[f->first % FORWARD_WINDOW].taken) {
        const struct forward_block *b = &f->window[f->first++ % FORWARD_WINDOW];

        release_until(f, b->next);
        f->totals->blocks++;
        f->totals->records += b->records;
        f->totals->bytes += b->bytes;
        f->totals->left_out += b->left_out;
        progress_add(&f->progress, b->records, b->bytes);
        f->refused = 0;
    }
}

/* 1 to go on; 0 to end with *ret_exit. */
static int handle(struct forwarder *f, const struct link_answer *a, int *ret_exit)
{
    if (a->round != f->round || f->resume_due) {
        return 1;
    }
    switch (a->code) {
    case LINK_TAKEN:
        taken(f, a->number);
        return 1;
    case LINK_NOT_NEXT:
        ask_anew(f, 0);
        return 1;
    case LINK_NOBODY:
        ask_anew(f, 1);
        return 1;
    case LINK_TOO_LARGE:
        *ret_exit = say_failed("stream '%s' takes no message of %" PRIu32
                               " bytes; everything is still in ring '%s': give a smaller --block",
                               f->o->link.stream, f->block.head.size, short_name(f->o->ring));
        return 0;
    default:
        if (!f->refused) {
            say_notice("stream '%s' refuses what comes: %s; nothing is lost, waiting",
                       f->o->link.stream, a->text[0] != '\0' ? a->text : "no reason given");
            f->refused = 1;
        }
        ask_anew(f, 1);
        return 1;
    }
}

static int take_answers(struct forwarder *f, uint64_t wait_ns, int *ret_exit)
{
    struct link_answer a;

    while (link_answer(f->link, wait_ns, &a) == LINK_OK) {
        if (!handle(f, &a, ret_exit)) {
            return 0;
        }
        wait_ns = 0;
    }
    if (!f->resume_due &&
        (link_changes(f->link) != f->changes ||
         (f->first != f->next &&
          host_clock_ns() - f->window[f->first % FORWARD_WINDOW].sent_ns > PATIENCE))) {
        ask_anew(f, 0);
    }
    return 1;
}

/* ---- to the stream ---- */

static void send_block(struct forwarder *f)
{
    struct forward_block *b = &f->window[f->next % FORWARD_WINDOW];
    const struct block_head *h = &f->block.head;
    char id[LINK_ID];
    struct link_message m = {0};

    snprintf(id, sizeof id, "%016" PRIx64 "%016" PRIx64 "-%" PRIx64 "-%" PRIx64, h->incarnation[0],
             h->incarnation[1], h->first, h->next);
    m.n = block_finish(&f->block);
    m.data = f->block.bytes;
    m.round = f->round;
    m.number = f->next;
    m.id = id;
    m.behind_id = f->behind_id[0] != '\0' ? f->behind_id : NULL;
    m.behind_sequence = f->behind_sequence;
    if (link_publish(f->link, &m) != LINK_OK) {
        ask_anew(f, 1);
        return;
    }
    memset(b, 0, sizeof *b);
    b->next = h->next;
    b->records = h->count;
    b->bytes = f->payload;
    b->left_out = h->left_out;
    b->sent_ns = host_clock_ns();
    f->next++;
    f->payload = 0;
    memcpy(f->behind_id, id, sizeof id);
    block_clear(&f->block, h->next, 0);
}

static int is_empty(const struct forwarder *f)
{
    return f->block.head.next == f->block.head.first;
}

/* ---- from the ring ---- */

static uint64_t behind_record(const struct forwarder *f, const shmring_record *r)
{
    const uint64_t header = f->info.stamp != SHMRING_STAMP_NONE ? 16 : 8;

    return r->position + ((header + r->len + 7) & ~UINT64_C(7));
}

/* Whether the ring is nearly full while the stream is behind, so that records are given up. */
static int is_behind(struct forwarder *f)
{
    const uint64_t now = host_clock_ns();
    shmring_info info;

    if (f->o->behind == BEHIND_WAIT || f->consumer == NULL) {
        return 0;
    }
    if (now - f->looked_ns > HELD_LOOK) {
        f->looked_ns = now;
        f->behind = shmring_inspect(f->o->ring, &info) == SHMRING_OK &&
                    info.used > info.capacity / (f->behind ? 2 : 4) * (f->behind ? 1 : 3);
    }
    return f->behind;
}

/* A record was copied into the block: keep it, or pass over it. */
static void judge(struct forwarder *f, const shmring_record *r)
{
    const uint64_t next = behind_record(f, r);

    if (f->skip && f->position - r->position - 1 < UINT64_MAX / 2) {
        return; /* the stream has it */
    }
    if (!f->known) { /* the first one behind a lap, or of this round */
        const uint64_t lost = f->skip ? r->position - f->position : 0;

        f->totals->holes += lost != 0;
        f->totals->lost_bytes += lost;
        block_clear(&f->block, r->position, lost);
    }
    f->skip = 1;
    f->known = 1;
    if (is_empty(f)) {
        f->opened_ns = host_clock_ns();
    }
    f->position = next;
    if (is_behind(f)) {
        release_until(f, next);
        if (f->o->behind == BEHIND_DROP || f->passed++ % f->o->sample != 0) {
            block_leave_out(&f->block, next);
            return;
        }
    }
    f->payload += r->len;
    block_take(&f->block, r, next);
}

static int too_large(const struct forwarder *f, const shmring_record *r, int *ret_exit)
{
    *ret_exit = say_failed("the record at position %" PRIu64 " of ring '%s' has %" PRIu32
                           " bytes, and a block for stream '%s' holds %zu: raise max_payload of "
                           "the server; nothing is lost",
                           r->position, short_name(f->o->ring), r->len, f->o->link.stream,
                           f->block.room - BLOCK_HEADER - 16);
    return 0;
}

/* Reads until there is nothing, the block is full, or some hundred records. *ret_full: the block
 * must be sent before the next record. 1; 0 to end with *ret_exit. */
static int fill(struct forwarder *f, int *ret_full, uint32_t *ret_read, int *ret_exit)
{
    shmring_record r;
    shmring_status status = SHMRING_OK;
    uint32_t room;

    *ret_full = 0;
    for (*ret_read = 0; *ret_read < BURST; ++*ret_read) {
        if (f->block.head.size >= f->o->block) {
            *ret_full = 1;
            return 1;
        }
        unsigned char *at = block_place(&f->block, &room);

        status = shmring_observe(f->observer, at, room, &r);
        if (status != SHMRING_OK) {
            break;
        }
        judge(f, &r);
    }
    switch (status) {
    case SHMRING_OK:
    case SHMRING_EMPTY:
        return 1;
    case SHMRING_LAPPED:
        *ret_full = !is_empty(f); /* a block has no hole inside */
        f->known = 0;
        return 1;
    case SHMRING_E_TOO_BIG:
        *ret_full = !is_empty(f);
        return *ret_full || too_large(f, &r, ret_exit);
    case SHMRING_CLOSED:
    case SHMRING_PEER_DEAD:
    case SHMRING_E_NOT_FOUND:
        f->ended = status;
        return 1;
    default:
        *ret_exit = say_status(status);
        return 0;
    }
}

/* Waits for a record, an answer, or the moment to send what there is. */
static int wait_more(struct forwarder *f, int *ret_exit)
{
    const uint64_t waited = is_empty(f) ? 0 : host_clock_ns() - f->opened_ns;
    uint64_t slice = f->first != f->next ? TICK_NS : SLICE_NS;
    shmring_status status;

    if (!is_empty(f)) {
        if (waited >= f->o->linger_ns) {
            return 1;
        }
        slice = f->o->linger_ns - waited < slice ? f->o->linger_ns - waited : slice;
    }
    progress_show(&f->progress);
    status = shmring_observer_wait(f->observer, slice);
    if (status == SHMRING_CLOSED || status == SHMRING_PEER_DEAD || status == SHMRING_E_NOT_FOUND) {
        f->ended = status;
    } else if (status < 0) {
        *ret_exit = say_status(status);
        return 0;
    }
    return 1;
}

/* ---- all of it ---- */

/* The producer has ended, and the stream has all of it. 1 to go on; 0 to end. */
static int at_end(struct forwarder *f, int *ret_exit)
{
    const shmring_status ended = f->ended;

    f->ended = SHMRING_OK;
    if (f->o->follow && ended != SHMRING_E_NOT_FOUND) {
        return 1;
    }
    *ret_exit = EXIT_OK;
    if (ended == SHMRING_PEER_DEAD) {
        *ret_exit = say_failed("the sender of ring '%s' died; everything it had committed is in "
                               "stream '%s'",
                               short_name(f->o->ring), f->o->link.stream);
    }
    return 0;
}

/* 1 to go on; 0 to end with *ret_exit. */
static int step(struct forwarder *f, int *ret_exit)
{
    const int has_room = f->next - f->first < FORWARD_WINDOW;
    uint32_t read = 0;
    int full = 0, is_last;

    if (!take_answers(f, has_room ? 0 : SLICE_NS, ret_exit)) {
        return 0;
    }
    if (f->resume_due) {
        f->payload = 0;
        return resume(f, ret_exit);
    }
    if (!has_room) {
        return 1;
    }
    if (!fill(f, &full, &read, ret_exit)) {
        return 0;
    }
    is_last = f->ended != SHMRING_OK && read == 0;
    if (!is_empty(f) && (full || is_last || host_clock_ns() - f->opened_ns >= f->o->linger_ns)) {
        send_block(f);
        return 1;
    }
    if (is_last) {
        return f->first != f->next ? take_answers(f, SLICE_NS, ret_exit) : at_end(f, ret_exit);
    }
    return read > 0 || full ? 1 : wait_more(f, ret_exit);
}

int forward_all(struct forwarder *f)
{
    int ret = EXIT_OK;

    if (!resume(f, &ret)) {
        return ret;
    }
    while (!host_stop_requested() && step(f, &ret)) {
        progress_show(&f->progress);
    }
    return ret;
}
