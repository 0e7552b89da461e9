/* SPDX-License-Identifier: MIT */
/* view.c - a ring opened to look at it from outside, and what its pages say. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "segment/view.h"

static struct shmring_view *new_view(void)
{
    struct shmring_view *view = calloc(1, sizeof *view);

    if (view != NULL) {
        shmring_os_segment_init(&view->seg);
    }
    return view;
}

shmring_status shmring_view_make(const char *name, struct shmring_view **ret)
{
    struct shmring_name parsed;
    shmring_status status = shmring_name_parse(&parsed, name);

    if (status != SHMRING_OK) {
        return status;
    }
    *ret = new_view();
    if (*ret == NULL) {
        return shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory to look at it", parsed.full);
    }
    (*ret)->name = parsed;
    return SHMRING_OK;
}

shmring_status shmring_view_open(const char *name, int write, struct shmring_view **ret)
{
    struct shmring_view *view = NULL;
    shmring_status status = shmring_view_make(name, &view);

    if (status == SHMRING_OK) {
        status = shmring_os_open(&view->name, write, 1, &view->seg);
    }
    if (status != SHMRING_OK) {
        shmring_view_close(view);
        return status;
    }
    *ret = view;
    return SHMRING_OK;
}

shmring_status shmring_view_open_file(const char *path, int write, struct shmring_view **ret)
{
    struct shmring_view *view;
    const char *end = path;
    shmring_status status;
    size_t n;

    if (path == NULL) {
        return shmring_fail(SHMRING_E_INVALID, "the file's path is NULL");
    }
    view = new_view();
    if (view == NULL) {
        return shmring_fail(SHMRING_E_NO_MEMORY, "file '%.200s': no memory to look at it", path);
    }
    n = strlen(path);
    if (n >= sizeof view->name.full) {
        end = path + n - (sizeof view->name.full - 1);
        n = sizeof view->name.full - 1;
    }
    memcpy(view->name.full, end, n);
    status = shmring_os_open_file(path, write, &view->seg);
    if (status != SHMRING_OK) {
        shmring_view_close(view);
        return status;
    }
    *ret = view;
    return SHMRING_OK;
}

shmring_status shmring_view_read(struct shmring_view *view)
{
    shmring_status status = shmring_geometry_read(&view->name, &view->seg, &view->geometry);

    if (status != SHMRING_OK) {
        return status;
    }
    /* The consumer's page first: cursor, then tail, so that a moving ring shows no tail behind. */
    if (!shmring_os_read(&view->seg, SHMRING_CONSUMER_AT, &view->consumer, sizeof view->consumer) ||
        !shmring_os_read(&view->seg, SHMRING_PRODUCER_AT, &view->producer, sizeof view->producer) ||
        !shmring_os_read(&view->seg, SHMRING_DOORBELL_AT, &view->bells, sizeof view->bells)) {
        return shmring_os_is_whole(&view->seg)
                   ? shmring_fail(SHMRING_E_OS, "ring '%s': reading its header failed; try again",
                                  view->name.full)
                   : shmring_fail(SHMRING_E_CORRUPT, "ring '%s' was cut short while it was read",
                                  view->name.full);
    }
    return SHMRING_OK;
}

void shmring_view_close(struct shmring_view *view)
{
    if (view != NULL) {
        shmring_os_segment_drop(&view->seg);
        free(view);
    }
}
