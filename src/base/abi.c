/* SPDX-License-Identifier: MIT */
#include "base/abi.h"

#include <shmring/shmring.h>

#include <inttypes.h>
#include <string.h>

#include "base/error.h"

shmring_status shmring_caller_check(const struct shmring_caller *c, const char *ring)
{
    const uint32_t record_size = sizeof(shmring_record);

    if (c->abi != SHMRING_HANDLE_ABI) {
        return shmring_fail(SHMRING_E_VERSION,
                            "ring '%s': this program was compiled for handle layout %" PRIu32
                            " and the library it runs with, shmring " SHMRING_VERSION_STRING
                            ", has layout %" PRIu32 ": compile it with the headers of that library",
                            ring, c->abi, (uint32_t)SHMRING_HANDLE_ABI);
    }
    if (c->handle_size != c->own_handle_size || c->record_size != record_size) {
        return shmring_fail(SHMRING_E_VERSION,
                            "ring '%s': this program was compiled for handles of %" PRIu32
                            " and records of %" PRIu32
                            " bytes, and the library it runs with, shmring " SHMRING_VERSION_STRING
                            ", has %" PRIu32 " and %" PRIu32
                            ": compile it with the headers of that library, and without packing",
                            ring, c->handle_size, c->record_size, c->own_handle_size, record_size);
    }
    return SHMRING_OK;
}

void shmring_answer(void *ret, uint64_t size, const void *own, uint64_t own_size)
{
    const uint64_t both = size < own_size ? size : own_size;

    memcpy(ret, own, (size_t)both);
    memset((unsigned char *)ret + both, 0, (size_t)(size - both));
}
