/* SPDX-License-Identifier: MIT */
/* options.h - the caller's options, checked and in this library's own size. */
#ifndef SHMRING_SRC_SEGMENT_OPTIONS_H
#define SHMRING_SRC_SEGMENT_OPTIONS_H

#include <shmring/types.h>

#include "os/name.h"
#include "os/os.h"

/* Copies opt (NULL: all defaults) into *ret and judges every field by itself.
 * OK, E_INVALID, E_UNSUPPORTED. */
shmring_status shmring_options_read(const struct shmring_name *name, const shmring_options *opt,
                                    shmring_options *ret);

/* Whether the options that are set agree with an existing ring. OK, E_MISMATCH. */
shmring_status shmring_options_match(const struct shmring_name *name, const shmring_options *opt,
                                     const struct shmring_geometry_page *g);

/* SHMRING_YIELDS_...: the options that a consumer which makes a ring leaves to the first producer.
 */
uint32_t shmring_options_left_open(const shmring_options *opt);

/* The options of a ring that takes the place of one with this geometry: opt's where the old one
 * yields, else the old one's. OK; E_MISMATCH as shmring_options_match() when opt asks for something
 * else there, or when the old one yields nothing (may_yield is 0); E_INVALID as
 * shmring_options_read(); as shmr_described_match(). */
shmring_status shmring_options_join(const struct shmring_name *name, const shmring_options *opt,
                                    const struct shmring_os_segment *seg,
                                    const struct shmring_geometry_page *g, int may_yield,
                                    shmring_options *ret);

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

/* When this process began, as its role says it. The system tells it by a file, so it is 0, and
 * nobody can tell, where this process may open none. */
uint64_t shmring_options_start_time(const shmring_options *opt);

#endif
