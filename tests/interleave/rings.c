/* SPDX-License-Identifier: MIT */
/* rings.c - the rings of a round, and what must hold of them between operations. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rings.h"

struct ring rings[RINGS_MAX];
uint32_t ring_count;
uint64_t records_sent, records_read, laps_told;

const struct shmring_producer_page *producer_page(const struct ring *r)
{
    return (const void *)(r->view + SHMRING_PRODUCER_AT);
}

const struct shmring_consumer_page *consumer_page(const struct ring *r)
{
    return (const void *)(r->view + SHMRING_CONSUMER_AT);
}

uint64_t ring_word(const struct ring *r, uint64_t offset)
{
    uint64_t word;

    memcpy(&word, r->view + offset, 8);
    return word;
}

static uint64_t plain(const shmring_atomic_u64 *word)
{
    return plain_load_relaxed_(word);
}

uint64_t producer_evict(const struct ring *r)
{
    return plain(&producer_page(r)->evict);
}

uint64_t bytes_unread(const struct ring *r)
{
    const uint64_t n =
        (r->f.framing == SHMRING_RECORDS ? r->committed_position : r->next_position) - r->cursor;

    return n <= UINT64_MAX / 2 ? n : 0; /* else a call under way published what was read */
}

uint64_t bytes_free(const struct ring *r)
{
    const uint64_t used = r->next_position - r->cursor;

    return used <= r->f.capacity ? r->f.capacity - used : 0;
}

/* ---- making ---- */

static void path_of(const struct ring *r, char path[128])
{
    (void)snprintf(path, 128, "/dev/shm/shmring.%u.%s", (unsigned)geteuid(), r->name);
}

static void must(int condition, const char *what)
{
    if (!condition) {
        perror(what);
        exit(1);
    }
}

static const unsigned char *map_view(struct ring *r)
{
    char path[128];
    struct stat st;
    void *at;
    int fd;

    path_of(r, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && fstat(fd, &st) == 0, path);
    r->object[0] = (uint64_t)st.st_dev;
    r->object[1] = (uint64_t)st.st_ino;
    at = mmap(NULL, SHMRING_HEADER_SIZE + r->f.capacity, PROT_READ, MAP_SHARED, fd, 0);
    must(at != MAP_FAILED, "mmap");
    close(fd);
    return at;
}

struct ring *ring_make(const struct features *f)
{
    struct ring *r = &rings[ring_count];
    struct entry *log = r->log != NULL ? r->log : calloc(LOG, sizeof *log);
    unsigned char *buffers = r->to_send != NULL ? r->to_send : calloc(2, BYTES_MAX);
    shmring_options opt = SHMRING_OPTIONS_INIT;

    must(log != NULL && buffers != NULL, "calloc");
    memset(r, 0, sizeof *r);
    r->log = log;
    r->to_send = buffers;
    r->received_in = buffers + BYTES_MAX;
    r->f = *f;
    (void)snprintf(r->name, sizeof r->name, "interleave.%" PRIu32 ".%d", ring_count, (int)getpid());
    (void)shmring_remove(r->name);
    opt.capacity = f->capacity;
    opt.framing = f->framing;
    opt.overflow = f->overflow;
    opt.stamp = f->stamp;
    opt.max_record = f->max_record;
    opt.start_position = f->start_position;
    opt.lifetime = SHMRING_PERSISTENT;
    if (shmring_producer_open(&r->p, r->name, &opt) != SHMRING_OK) {
        found("a ring could not be made", 0, 0, 0);
    }
    shmring_producer_close(r->p); /* the actors open it for themselves */
    r->p = NULL;
    r->view = map_view(r);
    r->header = f->framing == SHMRING_BYTES ? 0 : f->stamp == SHMRING_STAMP_NONE ? 8 : 16;
    r->next_position = r->committed_position = r->possible_position = f->start_position;
    r->cursor = f->start_position;
    r->silent_end = r->silent_cursor = f->start_position - 1;
    r->p_fd = r->c_fd = -1;
    ring_count++;
    return r;
}

void rings_unlink(void)
{
    char path[128];
    uint32_t i;

    for (i = 0; i < ring_count; i++) {
        path_of(&rings[i], path);
        (void)unlink(path);
    }
}

void rings_describe(void)
{
    uint32_t i;

    for (i = 0; i < ring_count; i++) {
        const struct ring *r = &rings[i];

        printf("# ring %" PRIu32 ": capacity %" PRIu64 " framing %" PRIu32 " overflow %" PRIu32
               " stamp %" PRIu32 " max_record %" PRIu32 " start %" PRIu64 " spin %" PRIu32
               " descriptors %d%d restarts %d deaths %d observers %d barrier %d\n",
               i, r->f.capacity, r->f.framing, r->f.overflow, r->f.stamp, r->f.max_record,
               r->f.start_position, r->f.spin_ns, r->f.producer_fd, r->f.consumer_fd, r->f.restarts,
               r->f.deaths, r->f.observers, r->f.barrier);
        printf("#   next %" PRIu64 " at %" PRIu64 ", committed %" PRIu64 ", possible %" PRIu64
               ", released %" PRIu64 " at %" PRIu64 "; tail %" PRIu64 " evict %" PRIu64
               " head %" PRIu64 " cursor %" PRIu64 "\n",
               r->next, r->next_position, r->committed, r->possible, r->released, r->cursor,
               plain(&producer_page(r)->tail), plain(&producer_page(r)->evict),
               plain(&consumer_page(r)->head), plain(&consumer_page(r)->cursor));
    }
}

/* ---- checking ---- */

static void check_equal(const char *what, uint64_t is, uint64_t should)
{
    if (is != should) {
        found(what, is, should, 0);
    }
}

static void check_producer(struct ring *r)
{
    const struct shmring_producer_page *page = producer_page(r);
    const uint64_t evict = plain(&page->evict), tail = plain(&page->tail);

    if (r->f.framing == SHMRING_RECORDS) {
        check_equal("tail is %" PRIu64 " and should be %" PRIu64, tail, r->committed_position);
        check_equal("rejected is %" PRIu64 " and should be %" PRIu64, plain(&page->rejected),
                    r->rejected);
        if (seq_at(r, evict) == UINT64_MAX) {
            found("evict is %" PRIu64 ", where no record begins", evict, 0, 0);
        }
    } else {
        check_equal("tail is %" PRIu64 " and should be %" PRIu64, tail, r->next_position);
    }
    if (tail - evict > r->f.capacity) {
        found("evict is %" PRIu64 " and tail %" PRIu64 ": further than the capacity", evict, tail,
              0);
    }
    if (r->p_fd >= 0 && r->full_need != 0 && bytes_free(r) >= r->full_need &&
        !fd_is_ready(r->p_fd)) {
        found("%" PRIu64 " bytes are free, %" PRIu64
              " were refused, and the producer's descriptor is not readable",
              bytes_free(r), r->full_need, 0);
    }
}

static void check_counts(struct ring *r, const struct shmring_consumer_page *page)
{
    const uint64_t gaps = plain(&page->gaps);

    if (r->received == UINT64_MAX) { /* a death between two counts */
        r->received = plain(&page->records);
        r->laps = plain(&page->lapped);
        r->lapped_bytes = plain(&page->lapped_bytes);
    }
    check_equal("the consumer counts %" PRIu64 " records and should %" PRIu64,
                plain(&page->records), r->received);
    check_equal("the consumer counts %" PRIu64 " laps and should %" PRIu64, plain(&page->lapped),
                r->laps);
    check_equal("the consumer counts %" PRIu64 " bytes lost and should %" PRIu64,
                plain(&page->lapped_bytes), r->lapped_bytes);
    if (r->released == r->committed &&
        (r->gaps_unsure ? gaps < r->gaps : gaps != r->gaps)) { /* they are counted when shown */
        found("the consumer counts %" PRIu64 " gaps and should %" PRIu64, gaps, r->gaps, 0);
    }
}

static void check_consumer(struct ring *r)
{
    const struct shmring_consumer_page *page = consumer_page(r);
    const uint64_t cursor = plain(&page->cursor), head = plain(&page->head);
    const uint64_t unread = bytes_unread(r);
    shmring_status due;

    check_equal("cursor is %" PRIu64 " and should be %" PRIu64, cursor, r->cursor);
    if (r->f.overflow == SHMRING_REJECT && cursor - head > r->f.capacity) {
        found("head is %" PRIu64 " and cursor %" PRIu64, head, cursor, 0);
    }
    if (r->f.framing == SHMRING_RECORDS) {
        check_counts(r, page);
    }
    if (r->c_fd < 0) {
        return;
    }
    if (unread != 0 && !fd_is_ready(r->c_fd)) {
        found("%" PRIu64 " bytes are unread and the consumer's descriptor is not readable", unread,
              0, 0);
    }
    if (end_is_due(r, SHMRING_ROLE_PRODUCER, &due) && !fd_is_ready(r->c_fd)) {
        found("the producer ended, %" PRIu64 ", and the consumer's descriptor is not readable", due,
              0, 0);
    }
}

void rings_check(void)
{
    uint32_t i;

    for (i = 0; i < ring_count; i++) {
        struct ring *r = &rings[i];

        if (r->p != NULL && !r->producer->busy && (r->consumer == NULL || !r->consumer->busy)) {
            check_producer(r);
        }
        if (r->c != NULL && !r->producer->busy && !r->consumer->busy) {
            check_consumer(r);
        }
    }
}

/* A sound ring is called sound, whatever moment it is looked at. */
void ring_verify(const struct ring *r)
{
    shmring_verdict v = {0};
    shmring_status status;

    stop_switching();
    status = shmring_verify(r->name, &v);
    go_on_switching();
    if (status != SHMRING_OK) {
        found("verify calls a sound ring %" PRId64, (uint64_t)(int64_t)status, 0, 0);
    }
}

/* ---- ending ---- */

static void check_repair(struct ring *r)
{
    shmring_repaired done = {0};

    if (shmring_repair(r->name, &done) != SHMRING_OK || done.changed != 0) {
        found("repair would not leave a sound ring alone", 0, 0, 0);
    }
}

void rings_end(void)
{
    uint32_t i;

    for (i = 0; i < ring_count; i++) {
        struct ring *r = &rings[i];

        stop_switching();
        ring_verify(r);
        if (r->p != NULL) {
            close_producer(r);
        }
        if (r->c != NULL) {
            close_consumer(r);
        }
        ring_verify(r);
        check_repair(r);
        if (shmring_remove(r->name) != SHMRING_OK) {
            found("the ring could not be removed", 0, 0, 0);
        }
        (void)munmap((void *)(uintptr_t)r->view, SHMRING_HEADER_SIZE + r->f.capacity);
        records_sent += r->committed;
        records_read += r->received;
        go_on_switching();
    }
    ring_count = 0;
}
