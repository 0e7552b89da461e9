/* SPDX-License-Identifier: MIT */
/* hlog.h - the log format of HdrHistogram, version 1.3, which its readers and plotters take. Each
 * histogram is a line with a tag, in HdrHistogram's encoding V2, compressed.
 *
 * Values are nanoseconds, to three digits (0.1 %, finer than our buckets). Each is the largest of
 * its bucket, and the largest of all is exact to that. The column of maxima is in milliseconds, by
 * the format's custom.
 */
#ifndef SHMRING_SRC_CLI_MEASURE_HLOG_H
#define SHMRING_SRC_CLI_MEASURE_HLOG_H

#include "command.h"

/* Whether this build can: the library for its compression was there. */
int hlog_exists(void);

/* Begins a log. start_ns: since the epoch. */
void hlog_start(FILE *to, uint64_t start_ns);

/* Adds what was measured from from_ns, since the start of the log, for length_ns. Nothing for an
 * empty one. Returns 1, or 0 after a sentence. */
int hlog_add(FILE *to, const char *tag, uint64_t from_ns, uint64_t length_ns,
             const struct histogram *h);

/* The bytes of the encoding before they are compressed, for tests too. NULL: no memory. The caller
 * frees them. */
unsigned char *hlog_encode(const struct histogram *h, size_t *ret_size);

#endif
