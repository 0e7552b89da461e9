/* SPDX-License-Identifier: MIT */
/* options.h - the caller's options, checked and in this library's own size. */
#ifndef SHMRING_SRC_SEGMENT_OPTIONS_H
#define SHMRING_SRC_SEGMENT_OPTIONS_H

#include <shmring/types.h>

#include "os/name.h"

/* Copies opt (NULL: all defaults) into *ret and judges every field by itself.
 * OK, E_INVALID, E_UNSUPPORTED. */
shmring_status shmring_options_read(const struct shmring_name *name, const shmring_options *opt,
                                    shmring_options *ret);

/* Whether the options that are set agree with an existing ring. OK, E_MISMATCH. */
shmring_status shmring_options_match(const struct shmring_name *name, const shmring_options *opt,
                                     const struct shmring_geometry_page *g);

/* Whether a ring of that user is the one that options.owner names, if it names one. OK, E_ACCESS.
 */
shmring_status shmring_options_check_owner(const struct shmring_name *name,
                                           const shmring_options *opt, uint64_t owner);

/* Whether the system may open any user's object: shmring_options_check_owner() follows. */
int shmring_options_any_owner(const shmring_options *opt);

/* The max_record of a ring with this capacity where the options have 0, and at most. */
uint32_t shmring_default_max_record(uint64_t capacity);
uint64_t shmring_limit_max_record(uint64_t capacity, uint32_t record_header);

/* 8, or 16 in a stamped ring. */
uint32_t shmring_header_of(uint32_t stamp);

#endif
