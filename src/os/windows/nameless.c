/* SPDX-License-Identifier: MIT */
/* nameless.c - os.h's objects without a name: Windows has no descriptors to hand them on by. */
#include "base/error.h"
#include "os/os.h"

static shmring_status unsupported(const struct shmring_name *name)
{
    return shmring_fail(SHMRING_E_UNSUPPORTED,
                        "'%s': rings that are opened by a descriptor are for Linux; give the ring "
                        "a name here",
                        name->full);
}

shmring_status shmring_os_create_nameless(const struct shmring_name *name, uint64_t size,
                                          uint32_t permissions, struct shmring_os_segment *ret)
{
    (void)size;
    (void)permissions;
    (void)ret;
    return unsupported(name);
}

shmring_status shmring_os_seal(const struct shmring_name *name, struct shmring_os_segment *seg,
                               int *ret_fd)
{
    (void)seg;
    (void)ret_fd;
    return unsupported(name);
}

shmring_status shmring_os_adopt(const struct shmring_name *name, int fd, int as_given,
                                struct shmring_os_segment *ret)
{
    (void)fd;
    (void)as_given;
    (void)ret;
    return unsupported(name);
}
