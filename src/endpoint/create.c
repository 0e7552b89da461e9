/* SPDX-License-Identifier: MIT */
/* create.c - making a ring without being one of its sides. */
#include <shmring/open.h>

#include "base/error.h"
#include "segment/options.h"
#include "segment/segment.h"

shmring_status shmring_create(const char *name, const shmring_options *opt)
{
    struct shmring_detail kept;
    struct shmring_name parsed;
    shmring_options options;
    shmring_status status;

    shmring_detail_keep(&kept);
    status = shmring_name_parse(&parsed, name);
    if (status == SHMRING_OK) {
        status = shmring_options_read(&parsed, opt, &options);
    }
    if (status == SHMRING_OK && options.open_mode == SHMRING_OPEN_ONLY) {
        status = shmring_fail(SHMRING_E_INVALID,
                              "ring '%s': options.open_mode is SHMRING_OPEN_ONLY, and this call "
                              "makes a ring: leave it 0",
                              parsed.full);
    }
    if (status == SHMRING_OK) {
        options.open_mode = SHMRING_CREATE_ONLY;
        options.lifetime = SHMRING_PERSISTENT; /* nobody has it open at first */
        status = shmring_segment_make(&parsed, &options);
    }
    return shmring_settle(&kept, status);
}
