/* SPDX-License-Identifier: MIT */
/* tape.c - reads MCAP files as recordings: rings from metadata and channels, records from messages.
 * Nothing of a file is trusted: a description is parsed, a loss has its size, types are numbers. */
#include "recording/tape.h"

#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define CDR_HEAD  4
#define LOSS_SIZE (CDR_HEAD + 32u)

static int64_t read_file(void *context, void *to, size_t n)
{
    struct tape *t = context;
    size_t got = t->start_size - t->start_at;

    if (got > 0) {
        got = got < n ? got : n;
        memcpy(to, t->start + t->start_at, got);
        t->start_at += got;
        return (int64_t)got;
    }
    got = fread(to, 1, n, t->file);
    return got == 0 && ferror(t->file) ? -1 : (int64_t)got;
}

static int cannot_read(const struct tape *t)
{
    if (!host_stop_requested()) {
        (void)say_failed("cannot read %s: %s", t->path,
                         t->mcap.problem != NULL ? t->mcap.problem : host_error());
    }
    return -1;
}

/* ---- rings ---- */

/* A ring by its name, made where it is new; NULL: no memory. */
static struct recorded_ring *ring_named(struct tape *t, const char *name)
{
    struct recorded_ring *more;
    uint32_t i;

    for (i = 0; i < t->ring_count; i++) {
        if (strcmp(t->rings[i].about.name, name) == 0) {
            return &t->rings[i];
        }
    }
    more = realloc(t->rings, (t->ring_count + 1) * sizeof *more);
    if (more == NULL) {
        (void)say_failed("no memory for the rings of %s", t->path);
        return NULL;
    }
    t->rings = more;
    memset(&t->rings[t->ring_count], 0, sizeof *more);
    (void)snprintf(t->rings[t->ring_count].about.name, SHMRING_NAME_SIZE, "%s", name);
    return &t->rings[t->ring_count++];
}

static uint64_t number_in(struct view pairs, const char *key)
{
    char text[32];

    return mcap_pairs_get(pairs, key, text, sizeof text) ? strtoull(text, NULL, 0) : 0;
}

static int has_word(struct view pairs, const char *key, const char *word)
{
    char text[32];

    return mcap_pairs_get(pairs, key, text, sizeof text) && strcmp(text, word) == 0;
}

/* Takes what metadata or a channel says of its ring. Returns its number; UINT32_MAX: it says
 * nothing, or there is no memory. */
static uint32_t know_ring(struct tape *t, struct view pairs)
{
    struct recorded_ring *ring;
    char name[SHMRING_NAME_SIZE];

    if (!mcap_pairs_get(pairs, "ring", name, sizeof name)) {
        return UINT32_MAX;
    }
    ring = ring_named(t, name);
    if (ring == NULL) {
        return UINT32_MAX;
    }
    if (!ring->is_known) {
        ring->is_known = 1;
        ring->about.capacity = number_in(pairs, "capacity");
        ring->about.schema = number_in(pairs, "schema");
        ring->about.max_record = (uint32_t)number_in(pairs, "max_record");
        ring->about.framing = has_word(pairs, "framing", "bytes") ? SHMRING_BYTES : SHMRING_RECORDS;
        ring->about.overflow =
            has_word(pairs, "overflow", "overwrite") ? SHMRING_OVERWRITE : SHMRING_REJECT;
        ring->about.stamp = has_word(pairs, "stamp", "monotonic") ? SHMRING_STAMP_MONOTONIC
                            : has_word(pairs, "stamp", "tsc")     ? SHMRING_STAMP_TSC
                                                                  : SHMRING_STAMP_NONE;
    }
    return (uint32_t)(ring - t->rings);
}

/* RING.msg is a description. */
static void take_attachment(struct tape *t, const struct mcap_item *item)
{
    size_t length = strlen(item->name);
    struct recorded_ring *ring;
    char name[sizeof item->name];

    if (length < 5 || strcmp(item->name + length - 4, ".msg") != 0 ||
        item->size > SHMRING_DESCRIPTION_MAX) {
        return;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(length - 4), item->name);
    ring = ring_named(t, name);
    if (ring != NULL && ring->description == NULL) {
        (void)shmring_description_parse(&ring->description, (const char *)item->data, item->size,
                                        item->name);
    }
}

/* ---- channels ---- */

static struct tape_channel *channel_of(struct tape *t, struct mcap_channel *c)
{
    struct tape_channel *mine = c->user;
    struct view pairs = {c->metadata, c->metadata_size, 0};
    uint32_t ring;

    if (mine != NULL) {
        return mine;
    }
    ring = t->mcap.is_foreign ? 0 : know_ring(t, pairs);
    mine = ring != UINT32_MAX ? calloc(1, sizeof *mine) : NULL;
    if (mine == NULL) {
        return NULL;
    }
    mine->ring = ring;
    mine->of = c;
    mine->type = t->mcap.is_foreign ? (uint16_t)(c->id + 1) : (uint16_t)number_in(pairs, "type");
    mine->is_loss = has_word(pairs, "is", "loss") && !t->mcap.is_foreign;
    mine->skip = strcmp(c->encoding, "cdr") == 0 &&
                         (!t->mcap.is_foreign ||
                          (t->rings[0].description != NULL &&
                           shmring_type_numbered(t->rings[0].description, c->id + 1u) != NULL))
                     ? CDR_HEAD
                     : 0;
    mine->next = t->channels;
    t->channels = mine;
    c->user = mine;
    return mine;
}

/* The four bytes in front of CDR of this machine's byte order. */
static const unsigned char *cdr_here(void)
{
    static const unsigned char little[CDR_HEAD] = {0, 1, 0, 0}, big[CDR_HEAD] = {0, 0, 0, 0};
    const uint16_t one = 1;
    unsigned char first;

    memcpy(&first, &one, 1);
    return first == 1 ? little : big;
}

/* A message as an entry. 0: it is none, or no whole one. */
static int make_entry(struct tape *t, const struct mcap_item *item, struct recording_entry *ret)
{
    struct tape_channel *c = channel_of(t, item->channel);
    const unsigned char *data = item->data;

    if (c == NULL || item->size < (size_t)c->skip ||
        item->size - (size_t)c->skip > RECORDING_LONGEST) {
        return 0;
    }
    c->messages++;
    c->bytes += item->size;
    memset(ret, 0, sizeof *ret);
    ret->ring = c->ring;
    ret->time_ns = item->log_ns;
    ret->channel = c->of;
    ret->sequence = item->sequence;
    if (c->is_loss) {
        if (item->size < LOSS_SIZE || data[CDR_HEAD] == 1) {
            t->has_gap = item->size >= LOSS_SIZE;
            t->gap_ring = c->ring;
            return 0;
        }
        memcpy(t->loss, data + CDR_HEAD + 8, sizeof t->loss);
        ret->data = t->loss;
        ret->len = sizeof t->loss;
        ret->flags = RECORDING_IS_LOSS;
        ret->position = get_number(data + CDR_HEAD + 24, 8);
        return 1;
    }
    ret->is_described = c->skip != 0 && memcmp(data, cdr_here(), CDR_HEAD) == 0;
    ret->data = data + (ret->is_described ? c->skip : 0);
    ret->len = (uint32_t)(item->size - (size_t)(ret->data - data));
    ret->type = c->type;
    if (t->has_gap && t->gap_ring == c->ring) {
        ret->flags = RECORDING_GAP;
    }
    if (t->rings[c->ring].about.stamp != SHMRING_STAMP_NONE) {
        ret->flags = (uint16_t)(ret->flags | RECORDING_COMMIT_TIME);
    }
    t->has_gap = t->has_gap && t->gap_ring != c->ring;
    return 1;
}

/* Goes to the next message. 1; 0 at the end; -1. */
static int next_message(struct tape *t)
{
    struct mcap_item *item = &t->item;
    struct view pairs;

    for (;;) {
        switch (mcap_next(&t->mcap, item)) {
        case MCAP_FOUND_MESSAGE:
            return 1;
        case MCAP_FOUND_ATTACHMENT:
            if (!t->mcap.is_foreign) {
                take_attachment(t, item);
            }
            break;
        case MCAP_FOUND_METADATA:
            pairs.at = item->data;
            pairs.left = item->size;
            pairs.failed = 0;
            if (!t->mcap.is_foreign && strcmp(item->name, "shmring:ring") == 0) {
                (void)know_ring(t, pairs);
            } else if (!t->mcap.is_foreign && strcmp(item->name, "shmring:recording") == 0) {
                t->calendar_ns = number_in(pairs, "calendar_ns");
                t->monotonic_ns = number_in(pairs, "monotonic_ns");
            }
            break;
        case MCAP_END:
            return 0;
        default:
            return cannot_read(t);
        }
    }
}

int tape_next(struct tape *t, struct recording_entry *ret)
{
    int found = 1;

    while (found > 0) {
        found = t->has_item ? 1 : next_message(t);
        t->has_item = 0;
        if (found > 0 && make_entry(t, &t->item, ret)) {
            return 1;
        }
    }
    return found;
}

/* ---- opening ---- */

int tape_open(struct tape *t, const char *path, FILE *file, const unsigned char *start,
              size_t start_size)
{
    int found;

    memset(t, 0, sizeof *t);
    t->path = path;
    t->file = file;
    t->start_size = start_size;
    memcpy(t->start, start, start_size);
    t->mcap.read = read_file;
    t->mcap.context = t;
    found = mcap_open(&t->mcap);
    found = found < 0 ? cannot_read(t) : found;
    if (found > 0) {
        found = next_message(t);
        t->has_item = found > 0;
        found = found < 0 ? -1 : 1;
    }
    if (found > 0 && t->mcap.is_foreign) {
        found = foreign_look(t) ? 1 : -1;
    }
    if (found <= 0) {
        tape_close(t);
    }
    return found;
}

void tape_close(struct tape *t)
{
    struct tape_channel *c, *next;
    uint32_t i;

    for (i = 0; i < t->ring_count; i++) {
        shmring_description_free(t->rings[i].description);
    }
    for (c = t->channels; c != NULL; c = next) {
        next = c->next;
        free(c);
    }
    free(t->rings);
    t->rings = NULL;
    t->channels = NULL;
    t->ring_count = 0;
    mcap_reader_free(&t->mcap);
}
