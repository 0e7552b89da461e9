/* SPDX-License-Identifier: MIT */
/* copy.h - what a producer's handle knows of the processor's copies. */
#ifndef SHMRING_SRC_COPY_H
#define SHMRING_SRC_COPY_H

#include <stdint.h>

/* 1: the lines of a next long record are to be asked for in advance. */
uint32_t shmring_copy_owns_next(void);

#endif
