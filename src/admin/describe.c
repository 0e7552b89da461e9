/* SPDX-License-Identifier: MIT */
/* describe.c - the description of a ring, by its name. */
#include <shmring/shmring.h>

#include <inttypes.h>

#include "base/error.h"
#include "segment/described.h"
#include "segment/segment.h"
#include "segment/view.h"

static shmring_status open_view(const char *name, struct shmring_view **ret)
{
    struct shmring_view *view = NULL;
    shmring_status status = shmring_view_open(name, 0, &view);

    if (status == SHMRING_OK) {
        status = shmring_geometry_read(&view->name, &view->seg, &view->geometry);
        if (status != SHMRING_OK) {
            shmring_view_close(view);
            return status;
        }
        *ret = view;
    }
    return status;
}

static shmring_status copy_text(const struct shmring_view *view, char *buf, uint32_t size,
                                uint32_t *ret_len)
{
    const uint32_t len = view->geometry.description_size;
    shmring_status status = shmr_described_find(&view->name, &view->geometry);

    if (status == SHMRING_OK && size < len + 1) {
        return shmring_fail(SHMRING_E_TOO_BIG,
                            "ring '%s': its description has %" PRIu32
                            " bytes and a NUL, and the buffer %" PRIu32,
                            view->name.full, len, size);
    }
    if (status == SHMRING_OK) {
        status = shmr_described_text(&view->name, &view->seg, &view->geometry, buf);
    }
    if (status == SHMRING_OK) {
        buf[len] = '\0';
        if (ret_len != NULL) {
            *ret_len = len;
        }
    }
    return status;
}

shmring_status shmring_describe(const char *name, char *buf, uint32_t size, uint32_t *ret_len)
{
    struct shmring_view *view = NULL;
    shmring_status status;

    if (buf == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the place for the description is NULL");
    }
    status = open_view(name, &view);
    if (status == SHMRING_OK) {
        status = copy_text(view, buf, size, ret_len);
        shmring_view_close(view);
    }
    return status;
}

shmring_status shmring_description_read(shmring_description **ret, const char *name)
{
    struct shmring_view *view = NULL;
    shmring_status status;

    if (ret == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the place for the description is NULL");
    }
    status = open_view(name, &view);
    if (status == SHMRING_OK) {
        status = shmr_described_parse(&view->name, &view->seg, &view->geometry, ret);
        shmring_view_close(view);
    }
    return status;
}
