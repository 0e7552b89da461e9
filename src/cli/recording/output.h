/* SPDX-License-Identifier: MIT */
/* output.h - the files that a recorder writes, one after the other where they rotate. */
#ifndef SHMRING_SRC_CLI_RECORDING_OUTPUT_H
#define SHMRING_SRC_CLI_RECORDING_OUTPUT_H

#include <stdio.h>

#include "recording/recording.h"

/* Whether a path ends in ".mcap". */
int output_is_mcap(const char *path);

/* Each returns 1; 0 after it has said what failed. */
/* The first file: path as given, "-" is standard output. Where files rotate, a number stands behind
 * the path, or in front of ".mcap". */
int output_start(struct recording_output *o, const char *path,
                 const struct recording_limits *limits);
/* Ends the file that is written. */
int output_finish(struct recording_output *o);
/* The next file, and removes those that are too many. */
int output_next(struct recording_output *o);
int output_write(struct recording_output *o, const void *data, size_t n);
/* Has the disk confirm, where --sync asks for it at each block. */
int output_confirm(struct recording_output *o);
int output_rotates(const struct recording_output *o);
/* Looks now and then whether the reader of a pipe is still there. */
int output_is_wanted(struct recording_output *o, uint64_t now_ns);
void output_free(struct recording_output *o);

#endif
