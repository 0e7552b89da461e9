/* SPDX-License-Identifier: MIT */
/* create.c - making a ring without being one of its sides. */
#include <shmring/open.h>

#include "base/error.h"
#include "segment/options.h"
#include "segment/segment.h"

/* Makes a ring with a name, or where ret_fd is not NULL one without. */
static shmring_status make(const char *name, const shmring_options *opt, int *ret_fd)
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
        status = ret_fd == NULL ? shmring_segment_make(&parsed, &options)
                                : shmring_segment_make_fd(&parsed, &options, ret_fd);
    }
    return shmring_settle(&kept, status);
}

shmring_status shmring_create(const char *name, const shmring_options *opt)
{
    return make(name, opt, NULL);
}

shmring_status shmring_create_fd(int *ret, const char *label, const shmring_options *opt)
{
    if (ret == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the place for the descriptor is NULL");
    }
    return make(label, opt, ret);
}
