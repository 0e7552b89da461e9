/* SPDX-License-Identifier: MIT */
/* os_fuzz.h - one shared object that lives in this process, and an enemy who may write to it. */
#ifndef SHMRING_TESTS_OS_FUZZ_H
#define SHMRING_TESTS_OS_FUZZ_H

#include <stdint.h>

#define FUZZ_CAPACITY_MAX UINT64_C(0x20000)

/* No object, nobody holding anything, the clock at its start. */
void fuzz_os_reset(void);

/* The object's bytes, whether or not it has a name. */
unsigned char *fuzz_object(void);

/* Whether it has a name, and how long it is. */
int fuzz_object_is_named(void);
void fuzz_object_resize(uint64_t size);

/* Whether n bytes there lie in the mapping that the role has. */
int fuzz_is_mapped(const void *at, uint64_t n);

/* Called where the other side's process could run: while we sleep, read or lock. */
extern void (*fuzz_enemy)(void);

#endif
