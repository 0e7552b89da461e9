/* SPDX-License-Identifier: MIT */
/* deflate_zlib.c - deflate.h over zlib. */
#include <stdlib.h>
#include <zlib.h>

#include "measure/deflate.h"

int deflate_exists(void)
{
    return 1;
}

unsigned char *deflate_bytes(const unsigned char *from, size_t n, size_t *ret_size)
{
    uLongf size = compressBound((uLong)n);
    unsigned char *to = malloc(size);

    if (to != NULL && compress(to, &size, from, (uLong)n) != Z_OK) {
        free(to);
        return NULL;
    }
    *ret_size = size;
    return to;
}
