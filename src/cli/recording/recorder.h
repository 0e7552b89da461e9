/* SPDX-License-Identifier: MIT */
/* recorder.h - `shmring record`: from rings into files. */
#ifndef SHMRING_SRC_CLI_RECORDING_RECORDER_H
#define SHMRING_SRC_CLI_RECORDING_RECORDER_H

#include "recording/multi.h"
#include "stream/record_source.h"

/* A ring on its way into the recording. */
struct taken {
    const char *name;
    struct source source;
    int is_open, has_ended;
    uint32_t ring;     /* its number in an MCAP file */
    uint32_t shown;    /* records that are to be released */
    uint64_t asked_ns; /* when its refusals were counted */
    uint64_t refused;  /* records of the sender, by a full ring, since we came */
    struct recording_totals totals;
};

struct recorder {
    struct taken *rings;
    uint32_t ring_count;
    const char *path;
    struct recording_limits limits;
    int is_mcap, from;
    enum source_kind kind;
    enum mcap_compression compression;
    struct recording_writer old; /* the form that has one ring */
    struct multi mcap;
    uint64_t left, duration_ns, timeout_ns; /* UINT64_MAX: no end */
    uint64_t start_ns, heard_ns, tried_ns, flushed_ns, waiting_ns;
    int holds; /* records wait in a ring until there are more */
    uint32_t last_heard;
    int exit;                     /* of what could not be opened */
    enum recording_reason reason; /* of the form that has one ring */
    struct progress progress;
};

/* Records until all rings have ended, at a limit, or a stop. Returns the exit status; *ret_whole:
 * whether the file was begun and could be ended, and there are sums. */
int recorder_run(struct recorder *r, int *ret_whole);
void recorder_close(struct recorder *r);

#endif
