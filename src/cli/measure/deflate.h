/* SPDX-License-Identifier: MIT */
/* deflate.h - compression in the format of zlib, where the build has that library.
 * cli/measure/deflate_zlib.c and deflate_none.c fulfil it; the build chooses. */
#ifndef SHMRING_SRC_CLI_HOST_DEFLATE_H
#define SHMRING_SRC_CLI_HOST_DEFLATE_H

#include <stddef.h>

int deflate_exists(void);
/* The compressed bytes; NULL when there is no memory or no library. The caller frees them. */
unsigned char *deflate_bytes(const unsigned char *from, size_t n, size_t *ret_size);

#endif
