/* SPDX-License-Identifier: MIT */
/* describe.c - the description in a ring: given by its creator, read by all others. */
#include <shmring/shmring.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "description.h"
#include "detail.h"
#include "inspect.h"
#include "observer.h"
#include "segment.h"

/* ---- reading ---- */

static shmring_status cannot_be(const struct shmring_name *name, const char *why)
{
    return shmring_fail(SHMRING_E_CORRUPT, "ring '%s': its description %s; remove it (shmring rm)",
                        name->full, why);
}

/* Where the text of a ring lies that has one: OK; EMPTY, E_CORRUPT. */
static shmring_status find_text(const struct shmring_name *name,
                                const struct shmring_geometry_page *g)
{
    if ((g->features_compat & SHMRING_COMPAT_DESCRIPTION) == 0) {
        return SHMRING_EMPTY;
    }
    if (g->description_at < sizeof *g || g->description_at > SHMRING_PAGE_GROUP ||
        g->description_size > SHMRING_PAGE_GROUP - g->description_at ||
        g->description_size > SHMRING_DESCRIPTION_MAX || g->description_size == 0) {
        return cannot_be(name, "lies where none can be");
    }
    return SHMRING_OK;
}

/* buf: SHMRING_DESCRIPTION_MAX bytes, of which description_size are filled. */
static shmring_status read_text(const struct shmring_name *name,
                                const struct shmring_os_segment *seg,
                                const struct shmring_geometry_page *g, char *buf)
{
    shmring_status status = find_text(name, g);

    if (status == SHMRING_OK &&
        !shmring_os_read(seg, SHMRING_GEOMETRY_AT + g->description_at, buf, g->description_size)) {
        return shmring_os_is_whole(seg)
                   ? shmring_fail(SHMRING_E_OS,
                                  "ring '%s': reading its description failed; try again",
                                  name->full)
                   : cannot_be(name, "was cut short");
    }
    return status;
}

static shmring_status parse_ring(const struct shmring_name *name,
                                 const struct shmring_geometry_page *g, const char *text,
                                 shmring_description **ret)
{
    shmring_description *d = NULL;
    char where[SHMRING_NAME_SIZE + 32] = "the description of ring '";
    shmring_status status;

    strcat(where, name->full);
    strcat(where, "'");
    status = shmring_description_make(&d, text, g->description_size, where, SHMRING_E_CORRUPT);
    if (status == SHMRING_OK && d->hash != g->description_hash) {
        shmring_description_free(d);
        return cannot_be(name, "is not the one that its hash says");
    }
    if (status == SHMRING_OK) {
        *ret = d;
    }
    return status;
}

static shmring_status read_and_parse(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg,
                                     const struct shmring_geometry_page *g,
                                     shmring_description **ret)
{
    char *text = malloc(SHMRING_DESCRIPTION_MAX); /* small stacks are common */
    shmring_status status;

    if (text == NULL) {
        return shmring_fail(SHMRING_E_NO_MEMORY, "ring '%s': no memory for its description",
                            name->full);
    }
    status = read_text(name, seg, g, text);
    if (status == SHMRING_OK) {
        status = parse_ring(name, g, text, ret);
    }
    free(text);
    return status;
}

/* ---- by name ---- */

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
    shmring_status status = find_text(&view->name, &view->geometry);

    if (status == SHMRING_OK && size < len + 1) {
        return shmring_fail(SHMRING_E_TOO_BIG,
                            "ring '%s': its description has %" PRIu32
                            " bytes and a NUL, and the buffer %" PRIu32,
                            view->name.full, len, size);
    }
    if (status == SHMRING_OK) {
        status = read_text(&view->name, &view->seg, &view->geometry, buf);
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
        status = read_and_parse(&view->name, &view->seg, &view->geometry, ret);
        shmring_view_close(view);
    }
    return status;
}

/* ---- by handle ---- */

static shmring_status of_handle(const struct shmring_attachment *a, shmring_description **ret)
{
    struct shmring_geometry_page g;
    shmring_status status;

    if (a == NULL || ret == NULL) {
        return shmring_fail(SHMRING_E_INVALID,
                            "a handle or the place for its description is NULL, or the handle was "
                            "opened before fork(): open the ring in the process that uses it");
    }
    status = shmring_geometry_read(&a->name, &a->seg, &g);
    return status == SHMRING_OK ? read_and_parse(&a->name, &a->seg, &g, ret) : status;
}

shmring_status shmring_producer_description(const shmring_producer *p, shmring_description **ret)
{
    return of_handle(p != NULL ? p->attachment : NULL, ret);
}

shmring_status shmring_consumer_description(const shmring_consumer *c, shmring_description **ret)
{
    return of_handle(c != NULL ? c->attachment : NULL, ret);
}

shmring_status shmring_observer_description(const shmring_observer *o, shmring_description **ret)
{
    return of_handle(o != NULL && o->data != NULL ? &o->attachment : NULL, ret);
}

/* ---- giving ---- */

static shmring_status parse_own(const struct shmring_name *name, const shmring_options *opt,
                                shmring_description **ret)
{
    char where[SHMRING_NAME_SIZE + 40] = "ring '";
    size_t len = 0;

    while (len <= SHMRING_DESCRIPTION_MAX && opt->description[len] != '\0') {
        len++;
    }
    strcat(where, name->full);
    strcat(where, "': options.description");
    return shmring_description_make(ret, opt->description, len, where, SHMRING_E_INVALID);
}

shmring_status shmring_description_check(const struct shmring_name *name,
                                         const shmring_options *opt)
{
    shmring_description *d = NULL;
    shmring_status status;

    if (opt->description == NULL) {
        return SHMRING_OK;
    }
    if (opt->framing == SHMRING_BYTES) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': options.description is for records, and the framing is "
                            "SHMRING_BYTES",
                            name->full);
    }
    status = parse_own(name, opt, &d);
    if (status == SHMRING_OK) {
        shmring_description_free(d);
    }
    return status;
}

shmring_status shmring_description_enter(const struct shmring_name *name,
                                         const shmring_options *opt,
                                         struct shmring_geometry_page *g)
{
    shmring_description *d = NULL;
    shmring_status status;

    if (opt->description == NULL) {
        return SHMRING_OK;
    }
    status = parse_own(name, opt, &d);
    if (status == SHMRING_OK) {
        g->features_compat |= SHMRING_COMPAT_DESCRIPTION;
        g->description_at = (uint32_t)SHMRING_DESCRIPTION_AT;
        g->description_size = d->text_len;
        g->description_hash = d->hash;
        g->schema = opt->schema != 0 ? opt->schema : d->hash;
        shmring_description_free(d);
    }
    return status;
}

int shmring_description_write(const struct shmring_os_segment *seg, const shmring_options *opt,
                              const struct shmring_geometry_page *g)
{
    return g->description_size == 0 ||
           shmring_os_write(seg, SHMRING_GEOMETRY_AT + g->description_at, opt->description,
                            g->description_size);
}

static shmring_status compare(const struct shmring_name *name, const shmring_options *opt,
                              const shmring_description *there)
{
    shmring_description *own = NULL;
    struct shmring_detail why;
    shmring_status status = parse_own(name, opt, &own);

    if (status == SHMRING_OK) {
        status = shmring_description_compare(there, own, "its description", "this process's");
        shmring_description_free(own);
    }
    if (status != SHMRING_E_MISMATCH) {
        return status;
    }
    shmring_detail_keep(&why);
    return shmring_fail(status,
                        "ring '%s' exists, and %s: give the same, or none to take the ring's",
                        name->full, why.text);
}

shmring_status shmring_description_match(const struct shmring_name *name,
                                         const shmring_options *opt,
                                         const struct shmring_os_segment *seg,
                                         const struct shmring_geometry_page *g)
{
    shmring_description *there = NULL;
    shmring_status status;

    if (opt->description == NULL) {
        return SHMRING_OK;
    }
    status = read_and_parse(name, seg, g, &there);
    if (status == SHMRING_EMPTY) {
        return shmring_fail(SHMRING_E_MISMATCH,
                            "ring '%s' exists without a description and this process gives one: "
                            "let the process that makes the ring give it, or give none",
                            name->full);
    }
    if (status == SHMRING_OK) {
        status = compare(name, opt, there);
        shmring_description_free(there);
    }
    return status;
}
