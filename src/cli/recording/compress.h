/* SPDX-License-Identifier: MIT */
/* compress.h - the compressions that this program was built with. */
#ifndef SHMRING_SRC_CLI_HOST_COMPRESS_H
#define SHMRING_SRC_CLI_HOST_COMPRESS_H

#include "recording/mcap.h"

/* The name that MCAP has for it: "" of none. */
const char *compress_name(enum mcap_compression how);
/* Whether the program can; a file may need what it cannot. */
int compress_can(enum mcap_compression how);
/* Puts n bytes, compressed, behind what `to` has. level 0: the library's own choice. 0: no memory.
 */
int compress_pack(enum mcap_compression how, int level, const void *from, size_t n,
                  struct bytes *to);
/* Puts what n compressed bytes are into `to`, which must be `size` bytes and not one more: memory
 * is taken as they come. 0: they are not, or there is no memory (to->failed). */
int compress_unpack(enum mcap_compression how, const void *from, size_t n, uint64_t size,
                    struct bytes *to);

#endif
