/* SPDX-License-Identifier: MIT */
/* ping.h - what the parts of `shmring ping` share. */
#ifndef SHMRING_TOOLS_PING_H
#define SHMRING_TOOLS_PING_H

#include "trip.h"

/* Opens a file for writing. NULL after a sentence; also when no file is wanted: *ok tells. */
FILE *ping_file_open(const char *path, int *ok);
/* Closes it. Returns 1, or 0 after a sentence when not everything could be written. */
int ping_file_close(FILE *file, const char *path);

/* ping_matrix.c: every pair of processors. count: round trips for each pair, 0: as many as fit into
 * a moment. Returns an exit status. */
int ping_matrix(uint32_t size, uint64_t count, const char *svg, int as_json);

#endif
