/* SPDX-License-Identifier: MIT */
/* view.h - a ring as read from outside: view.c opens and reads it for inspect.c, verify.c,
 * repair.c and observer_open.c. */
#ifndef SHMRING_SRC_SEGMENT_VIEW_H
#define SHMRING_SRC_SEGMENT_VIEW_H

#include <shmring/inspect.h>
#include <shmring/latency.h>

#include "os/name.h"
#include "os/os.h"
#include "segment/segment.h"

/* Tens of kilobytes: never on the stack, which is small in many threads. */
struct shmring_view {
    struct shmring_name name;
    struct shmring_os_segment seg;
    struct shmring_geometry_page geometry; /* copies, read once */
    struct shmring_producer_page producer;
    struct shmring_consumer_page consumer;
    struct shmring_doorbell_page bells;
    uint64_t buckets[SHMRING_HISTOGRAM_BUCKETS]; /* of the consumer's latencies; room for them */
};

/* A view of nothing yet but a name. OK, E_NO_MEMORY, E_INVALID. */
shmring_status shmring_view_make(const char *name, struct shmring_view **ret);

/* Opens by name, any owner's that the system lets us open. As shmring_os_open(). */
shmring_status shmring_view_open(const char *name, int write, struct shmring_view **ret);

/* Opens a copy of a ring in a plain file; its name in sentences is the path. */
shmring_status shmring_view_open_file(const char *path, int write, struct shmring_view **ret);

/* Reads and checks the geometry, and copies the other pages. E_VERSION, E_CORRUPT. */
shmring_status shmring_view_read(struct shmring_view *view);

/* Drops the object, and the view itself; NULL is nothing. */
void shmring_view_close(struct shmring_view *view);

/* Where reading begins: at the cursor, or at evict, where an overwrite ring's producer is beyond.
 */
uint64_t shmring_view_first(const struct shmring_view *view);

/* A walk over a view's data region, which is read in blocks. */
struct shmring_walk {
    struct shmring_view *view;
    uint64_t position;
    uint64_t block_at; /* offset in the data region of what `block` holds; UINT64_MAX = nothing */
    unsigned char *block;
    int failed; /* the system could not read, of a ring that was not cut: says nothing of the ring
                 */
};

/* 1 on success; the detail is set otherwise. */
int shmring_walk_begin(struct shmring_walk *w, struct shmring_view *view);
void shmring_walk_end(struct shmring_walk *w);

/* The word at the walk's position. 1 on success. */
int shmring_walk_word(struct shmring_walk *w, uint64_t *ret);
/* E_OS with its detail, if the walk failed; else OK. */
shmring_status shmring_walk_failed(const struct shmring_walk *w);

/* The fault of the record that this word, at the walk's position, begins, for a walk that began at
 * start and the view's positions. NULL: nothing; *ret_size is its size then. */
const char *shmring_walk_judge(const struct shmring_walk *w, uint64_t start, uint64_t word,
                               uint64_t *ret_size);

/* Reads the view and checks all of it, again and again while its consumer moves. Errors as
 * shmring_view_read(), and E_OS when records could not be read; what is wrong with the ring itself
 * is in *ret. */
shmring_status shmring_walk_check(struct shmring_walk *w, shmring_verdict *ret);

#endif
