/* SPDX-License-Identifier: MIT */
/* telemetry.h - what telemetry_sampler and telemetry_reader agree on: record types and structs.
 *
 * Fields are of fixed width and widest first, so that programs of different compilers, or of 32
 * and 64 bits, see the same bytes. Any change of a struct is a new TELEMETRY_SCHEMA: then an old
 * reader and a new sampler refuse each other when they open the ring, with both numbers.
 */
#ifndef TELEMETRY_H
#define TELEMETRY_H

#include <stdint.h>

#define TELEMETRY_RING   "telemetry"
#define TELEMETRY_SCHEMA UINT64_C(0x74656C6D00000001) /* "telm", version 1 */

enum { TELEMETRY_CPU = 1, TELEMETRY_MEMORY = 2 };

/* Type 1: the machine's processor time since boot, in clock ticks, from /proc/stat. */
struct telemetry_cpu {
    uint64_t sequence; /* 0 for the first record of this type */
    uint64_t time_ns;  /* CLOCK_MONOTONIC */
    uint64_t user, nice, system, idle, iowait, irq, softirq, steal;
};

/* Type 2: memory in bytes, from /proc/meminfo. */
struct telemetry_memory {
    uint64_t sequence;
    uint64_t time_ns;
    uint64_t total, free, available;
};

_Static_assert(sizeof(struct telemetry_cpu) == 80, "layout of type 1");
_Static_assert(sizeof(struct telemetry_memory) == 40, "layout of type 2");

#endif
