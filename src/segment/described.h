/* SPDX-License-Identifier: MIT */
/* described.h - the description in a segment. */
#ifndef SHMRING_SRC_SEGMENT_DESCRIBED_H
#define SHMRING_SRC_SEGMENT_DESCRIBED_H

#include <shmring/describe.h>

#include "os/os.h"
#include "segment/options.h"

/* ---- giving ---- */

/* Judges options.description, if there is one. OK, E_INVALID, E_NO_MEMORY. */
shmring_status shmr_described_check(const struct shmring_name *name, const shmring_options *opt);

/* Enters the description of the options, if there is one, into the geometry of a new ring; its hash
 * is the schema where the options have none. OK, E_INVALID, E_NO_MEMORY. */
shmring_status shmr_described_enter(const struct shmring_name *name, const shmring_options *opt,
                                    struct shmring_geometry_page *g);

/* Writes the text where the geometry says, before the geometry is written. 1 on success. */
int shmr_described_write(const struct shmring_os_segment *seg, const shmring_options *opt,
                         const struct shmring_geometry_page *g);

/* Whether the description of the options, if there is one, is the ring's. OK, E_MISMATCH,
 * E_CORRUPT, E_NO_MEMORY, E_OS. */
shmring_status shmr_described_match(const struct shmring_name *name, const shmring_options *opt,
                                    const struct shmring_os_segment *seg,
                                    const struct shmring_geometry_page *g);

/* ---- reading ---- */

/* Where the text of a ring lies that has one: OK; EMPTY, E_CORRUPT. */
shmring_status shmr_described_find(const struct shmring_name *name,
                                   const struct shmring_geometry_page *g);

/* buf: SHMRING_DESCRIPTION_MAX bytes, of which description_size are filled. OK, EMPTY, E_CORRUPT,
 * E_OS. */
shmring_status shmr_described_text(const struct shmring_name *name,
                                   const struct shmring_os_segment *seg,
                                   const struct shmring_geometry_page *g, char *buf);

/* The description of a ring, parsed; the caller frees it. OK, EMPTY without one, E_CORRUPT, E_OS,
 * E_NO_MEMORY. */
shmring_status shmr_described_parse(const struct shmring_name *name,
                                    const struct shmring_os_segment *seg,
                                    const struct shmring_geometry_page *g,
                                    shmring_description **ret);

#endif
