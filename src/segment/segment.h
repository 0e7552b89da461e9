/* SPDX-License-Identifier: MIT */
/* segment.h - a ring's shared object: found or made, checked, locked and mapped. */
#ifndef SHMRING_SRC_SEGMENT_SEGMENT_H
#define SHMRING_SRC_SEGMENT_SEGMENT_H

#include <shmring/types.h>

#include "os/name.h"
#include "os/os.h"

/* All that is private to one open handle and not needed on the hot path. */
struct shmring_attachment {
    struct shmring_name name;
    enum shmring_role role;
    struct shmring_os_segment seg;
    struct shmring_os_map map;
    struct shmring_geometry_page geometry; /* our checked copy: shared memory is not asked again */
    int unfinished;                        /* made by an open that has not gone well yet */
    struct shmring_attachment *before; /* the ring that a producer replaced by this one, mapped */
    shmring_options wanted;            /* how a consumer opens anew a ring that yields */
    char *description;                 /* of `wanted`, in memory of its own; NULL = none */
    int cut;                           /* somebody cut the object short under us */
    int has_cause;                     /* a refusal was caused by ... */
    uint64_t cause;                    /* ... this value, the first one */
    int can_barrier;                   /* this process may call shmring_os_barrier() */
    struct shmring_os_ready ready;     /* behind shmring_consumer_fd(), shmring_producer_fd() */
    uint64_t alarm_ns;                 /* the descriptor's last alarm, 0 = none */
    intptr_t listener;                 /* shmring_wait_any()'s, -1 = none yet */
    uint64_t listener_number;          /* which it is, of all there ever were */
    uint64_t heard_by;                 /* the number of the listener that hears this ring */
};

/* Opens, or makes, the ring and takes the role. name and opt are checked already.
 * Everything shmring_producer_open() answers. */
shmring_status shmring_segment_open(const struct shmring_name *name, const shmring_options *opt,
                                    enum shmring_role role, struct shmring_attachment **ret);

/* Makes a ring that lives without being open, and takes no role: opt has SHMRING_CREATE_ONLY and
 * SHMRING_PERSISTENT. Everything shmring_create() answers. */
shmring_status shmring_segment_make(const struct shmring_name *name, const shmring_options *opt);

/* Makes a ring that has no name, and takes no role: *ret_fd leads to it. opt has
 * SHMRING_PERSISTENT. Everything shmring_create_fd() answers. */
shmring_status shmring_segment_make_fd(const struct shmring_name *name, const shmring_options *opt,
                                       int *ret_fd);

/* Drops mapping and role; the last one of an UNTIL_LAST_CLOSE ring takes the name away. */
void shmring_segment_close(struct shmring_attachment *a);

/* In a forked child, where the mapping never was: closes the child's copies of the descriptors and
 * frees its copy of the attachment. The parent's locks, name and role stay. NULL is nothing. */
void shmring_segment_forget(struct shmring_attachment *a);

/* Faults in what the side uses next, from its position on: all of a small ring, a bounded part of a
 * large one. So an open takes no longer for more. The flags of the options can ask for all, or for
 * nothing. OK, E_NO_MEMORY, E_CORRUPT, E_OS. */
shmring_status shmring_prefault(const struct shmring_name *name, const struct shmring_os_map *map,
                                const struct shmring_geometry_page *g, enum shmring_role role,
                                uint32_t flags);

/* Judges a geometry that was read from an object of that size. OK, E_VERSION, E_CORRUPT. */
shmring_status shmring_geometry_check(const struct shmring_name *name,
                                      const struct shmring_geometry_page *g, uint64_t size);

/* Reads and judges the geometry of an open object. */
shmring_status shmring_geometry_read(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg,
                                     struct shmring_geometry_page *ret);

/* Fills *g for a new ring with these options; the magic stays 0. */
void shmring_geometry_make(const struct shmring_name *name, const shmring_options *opt,
                           struct shmring_geometry_page *g);

/* Writes a new object's positions first, then the geometry, and its magic last. Where a system
 * shows the object before it is whole, nobody takes it for a ring before that. 1 on success. */
int shmring_geometry_write(const struct shmring_os_segment *seg, struct shmring_geometry_page *g);

/* The pages of a mapping. */
struct shmring_producer_page *shmring_producer_page_of(const struct shmring_os_map *map);
struct shmring_consumer_page *shmring_consumer_page_of(const struct shmring_os_map *map);
struct shmring_doorbell_page *shmring_doorbell_page_of(const struct shmring_os_map *map);
unsigned char *shmring_data_of(const struct shmring_os_map *map);

#endif
