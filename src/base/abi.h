/* SPDX-License-Identifier: MIT */
/* abi.h - callers that were compiled with other headers than this library: <shmring/detail/abi.h>.
 */
#ifndef SHMRING_SRC_BASE_ABI_H
#define SHMRING_SRC_BASE_ABI_H

#include <shmring/detail/abi.h>

/* The numbers that an open was handed, and this library's. */
struct shmring_caller {
    uint32_t abi;
    uint32_t handle_size, own_handle_size; /* bytes; both 0 where the caller never sees inside */
    uint32_t record_size;
};

/* ring: its whole name. Returns SHMRING_OK, or SHMRING_E_VERSION with both numbers in the sentence.
 */
shmring_status shmring_caller_check(const struct shmring_caller *c, const char *ring);

/* Answers with a struct that the caller knows in another version, perhaps: the bytes that both
 * know, and 0 in those that only the caller knows. size: of *ret, as the caller has it. */
void shmring_answer(void *ret, uint64_t size, const void *own, uint64_t own_size);

#endif
