/* SPDX-License-Identifier: MIT */
/* inspect.h - a ring as read from outside; shared by inspect.c and verify.c. */
#ifndef SHMRING_INSPECT_H
#define SHMRING_INSPECT_H

#include <shmring/endpoint.h>

#include "name.h"
#include "os.h"
#include "segment.h"

struct shmring_view {
    struct shmring_name name;
    struct shmring_os_segment seg;
    struct shmring_geometry_page geometry; /* copies, read once */
    struct shmring_producer_page producer;
    struct shmring_consumer_page consumer;
    struct shmring_doorbell_page bells;
};

/* Opens by name, any owner's that the system lets us open. As shmring_os_open(). */
shmring_status shmring_view_open(struct shmring_view *view, const char *name, int write);

/* Reads and checks the geometry, and copies the other pages. E_VERSION, E_CORRUPT. */
shmring_status shmring_view_read(struct shmring_view *view);

void shmring_view_close(struct shmring_view *view);

#endif
