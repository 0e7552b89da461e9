/* SPDX-License-Identifier: MIT */
/* copy.h - what a handle knows of the processor's copies. */
#ifndef SHMRING_SRC_RING_COPY_H
#define SHMRING_SRC_RING_COPY_H

#include <stdint.h>

/* 1: long copies into and out of a ring of this capacity are to go by the string instruction. */
uint32_t shmring_copy_by_string(uint64_t capacity);

#endif
