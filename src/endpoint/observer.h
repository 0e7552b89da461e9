/* SPDX-License-Identifier: MIT */
/* observer.h - what the parts of an observer share: observer_open.c, observer.c (reading) and
 * observer_wait.c (how it waits, and learns of an end). */
#ifndef SHMRING_SRC_ENDPOINT_OBSERVER_H
#define SHMRING_SRC_ENDPOINT_OBSERVER_H

#include <signal.h>

#include <shmring/observe.h>

#include "segment/segment.h"

struct shmring_observer {
    const unsigned char *data; /* NULL after fork, which wipes this memory */
    const struct shmring_producer_page *page;
    uint64_t mask, capacity, start;
    uint32_t max_record, record_header, framing, stamp;
    uint64_t position;
    uint64_t count;   /* records before position; SHMRING_UNKNOWN */
    uint64_t repairs; /* the ring's, when position was taken */
    uint64_t lost, lost_records;
    uint64_t too_big;          /* size of the record that the last call found too big; 0 = none */
    int32_t status;            /* sticky SHMRING_E_CORRUPT */
    volatile sig_atomic_t cut; /* 1: somebody cut the file short; the guard's handler stores it */
    struct shmring_tick_scale scale;
    uint64_t told_epoch; /* the producer whose end was told; 0 = nobody's */
    uint64_t asked_ns;   /* when the kernel was last asked about the file and the producer */
    uint64_t idle_ns;    /* since when nothing came; 0 = something did */
    uint64_t seen;       /* records, or pieces of a byte ring */
    struct shmring_relax_state relax;
    uint32_t spin_ns;
    shmring_atomic_u64 interrupted; /* 1: a wait is to end, whichever thread says so */
    shmring_atomic_u64 timer; /* behind the descriptor or handle: its value plus one; 0 = none */
    uint64_t timer_ns;        /* when it fires, or fired */
    struct shmring_attachment attachment; /* name, seg and map of it */
};

/* Behind the handle, where a fork wipes nothing: what a child inherits and gives back. */
struct shmring_observer_kept {
    struct shmring_os_segment seg;
    uint64_t timer; /* as in the handle */
    int is_open;
};

/* OK; SHMRING_E_INVALID (NULL, after fork); SHMRING_E_CORRUPT (found so before, or cut). */
shmring_status shmring_observer_check(const shmring_observer *o);

/* OK, or the file is shorter than it was when it was opened: SHMRING_E_CORRUPT, sticky. One system
 * call. */
shmring_status shmring_observer_check_file(shmring_observer *o);

/* OK; SHMRING_E_UNSUPPORTED: a producer of version 0.1, which overwrites without a word. */
shmring_status shmring_observer_check_producer(const shmring_observer *o);

/* Nothing was there to read: is there anything to tell? SHMRING_EMPTY, or what to answer;
 * SHMRING_OK when something has come meanwhile. Asks the kernel, but not again within some
 * milliseconds; arms the descriptor. */
shmring_status shmring_observer_nothing(shmring_observer *o);

#endif
