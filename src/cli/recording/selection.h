/* SPDX-License-Identifier: MIT */
/* selection.h - some of the records of a recording: by time and by type. */
#ifndef SHMRING_SRC_CLI_RECORDING_SELECTION_H
#define SHMRING_SRC_CLI_RECORDING_SELECTION_H

#include "recording/recording.h"

struct selection {
    uint64_t from_ns, to_ns; /* since the first record; UINT64_MAX: to the end */
    const char *types;       /* words with commas between them; NULL: all */
    uint64_t first_ns;
    int has_first;
};

/* Whether an entry belongs to it, in the order of the file. Types are names of described types,
 * numbers, or whole topics. */
int selection_has(struct selection *s, struct recording_reader *r, const struct recording_entry *e);
/* The described type of an entry; NULL: none. */
const shmring_type *entry_type(struct recording_reader *r, const struct recording_entry *e);

#endif
