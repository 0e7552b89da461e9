/* SPDX-License-Identifier: MIT */
/* described.c - the description in a segment: its creator writes it, an open compares it, and it is
 * fetched and parsed. */
#include "segment/described.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "description/description.h"
#include "segment/segment.h"

/* ---- reading ---- */

static shmring_status cannot_be(const struct shmring_name *name, const char *why)
{
    return shmring_fail(SHMRING_E_CORRUPT, "ring '%s': its description %s; remove it (shmring rm)",
                        name->full, why);
}

shmring_status shmr_described_find(const struct shmring_name *name,
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

shmring_status shmr_described_text(const struct shmring_name *name,
                                   const struct shmring_os_segment *seg,
                                   const struct shmring_geometry_page *g, char *buf)
{
    shmring_status status = shmr_described_find(name, g);

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

shmring_status shmr_described_parse(const struct shmring_name *name,
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
    status = shmr_described_text(name, seg, g, text);
    if (status == SHMRING_OK) {
        status = parse_ring(name, g, text, ret);
    }
    free(text);
    return status;
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

shmring_status shmr_described_check(const struct shmring_name *name, const shmring_options *opt)
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

shmring_status shmr_described_enter(const struct shmring_name *name, const shmring_options *opt,
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

int shmr_described_write(const struct shmring_os_segment *seg, const shmring_options *opt,
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

shmring_status shmr_described_match(const struct shmring_name *name, const shmring_options *opt,
                                    const struct shmring_os_segment *seg,
                                    const struct shmring_geometry_page *g)
{
    shmring_description *there = NULL;
    shmring_status status;

    if (opt->description == NULL) {
        return SHMRING_OK;
    }
    status = shmr_described_parse(name, seg, g, &there);
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
