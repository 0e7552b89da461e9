/* SPDX-License-Identifier: MIT */
/* mcap_know.c - what a reader of MCAP files remembers: schemas and channels. All of it comes from
 * the file: it is checked, and there is only so much of it. */
#include "recording/mcap.h"

#include <stdlib.h>
#include <string.h>

/* A text of the file as one of C: what would end it early is replaced. NULL: no memory. */
static char *text_of(const char *from, size_t n)
{
    char *to = malloc(n + 1);
    size_t i;

    if (to == NULL) {
        return NULL;
    }
    for (i = 0; i < n; i++) {
        to[i] = from[i];
        if (to[i] == '\0') {
            to[i] = '?';
        }
    }
    to[n] = '\0';
    return to;
}

static int same(const char *known, const char *text, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (known[i] != (text[i] == '\0' ? '?' : text[i])) {
            return 0;
        }
    }
    return known[n] == '\0';
}

/* A table of pointers that is long enough for the number id: as it was, or longer, and then *room
 * is more. NULL: no memory, and the old one is still there. */
static void *longer(void *table, size_t *room, uint16_t id)
{
    const size_t wanted = ((size_t)id | 63) + 1, size = sizeof(void *);
    unsigned char *more = table;

    if (wanted > *room) {
        more = realloc(table, wanted * size);
        if (more != NULL) {
            memset(more + *room * size, 0, (wanted - *room) * size);
            *room = wanted;
        }
    }
    return more;
}

/* Counts what is to be remembered. 0: that is too much. */
static int may_know(struct mcap_reader *r, size_t size)
{
    r->known_size += size;
    if (r->known_size > MCAP_KNOWN_MOST) {
        r->problem = "it has more than 64 MiB of schemas and channels";
        return 0;
    }
    return 1;
}

const struct mcap_schema *mcap_schema(const struct mcap_reader *r, uint16_t id)
{
    return id < r->schema_room ? r->schemas[id] : NULL;
}

struct mcap_channel *mcap_channel(const struct mcap_reader *r, uint16_t id)
{
    return id < r->channel_room ? r->channels[id] : NULL;
}

static void free_schema(struct mcap_schema *s)
{
    if (s != NULL) {
        free(s->name);
        free(s->encoding);
        free(s->text);
        free(s);
    }
}

static void free_channel(struct mcap_channel *c)
{
    if (c != NULL) {
        free(c->topic);
        free(c->encoding);
        free(c->metadata);
        free(c);
    }
}

static int no_memory(struct mcap_reader *r)
{
    r->problem = "there is no memory for its schemas and channels";
    return -1;
}

int mcap_know_schema(struct mcap_reader *r, struct view v)
{
    const uint16_t id = (uint16_t)view_number(&v, 2);
    size_t name_length, encoding_length;
    const char *name = view_text(&v, &name_length), *encoding = view_text(&v, &encoding_length);
    const struct view text = view_part(&v);
    const struct mcap_schema *known = mcap_schema(r, id);
    struct mcap_schema *s, **table;

    if (v.failed || id == 0) {
        return 0;
    }
    if (known != NULL) {
        return same(known->name, name, name_length) &&
               same(known->encoding, encoding, encoding_length) && known->size == text.left &&
               same(known->text, (const char *)text.at, text.left);
    }
    if (!may_know(r, sizeof *s + name_length + encoding_length + text.left + 3)) {
        return -1;
    }
    s = calloc(1, sizeof *s);
    table = longer(r->schemas, &r->schema_room, id);
    r->schemas = table != NULL ? table : r->schemas;
    if (s == NULL || table == NULL) {
        free_schema(s);
        return no_memory(r);
    }
    s->id = id;
    s->size = text.left;
    s->name = text_of(name, name_length);
    s->encoding = text_of(encoding, encoding_length);
    s->text = text_of((const char *)text.at, text.left);
    if (s->name == NULL || s->encoding == NULL || s->text == NULL) {
        free_schema(s);
        return no_memory(r);
    }
    r->schemas[id] = s;
    return 1;
}

int mcap_pairs_are_whole(struct view pairs)
{
    size_t length;

    while (pairs.left > 0 && !pairs.failed) {
        (void)view_text(&pairs, &length);
        (void)view_text(&pairs, &length);
    }
    return !pairs.failed;
}

int mcap_know_channel(struct mcap_reader *r, struct view v)
{
    const uint16_t id = (uint16_t)view_number(&v, 2), schema = (uint16_t)view_number(&v, 2);
    size_t topic_length, encoding_length;
    const char *topic = view_text(&v, &topic_length), *encoding = view_text(&v, &encoding_length);
    const struct view pairs = view_part(&v);
    struct mcap_channel *c, **table;

    if (v.failed || !mcap_pairs_are_whole(pairs)) {
        return 0;
    }
    c = mcap_channel(r, id);
    if (c != NULL) {
        return c->schema_id == schema && same(c->topic, topic, topic_length) &&
               same(c->encoding, encoding, encoding_length) && c->metadata_size == pairs.left &&
               (pairs.left == 0 || memcmp(c->metadata, pairs.at, pairs.left) == 0);
    }
    if (!may_know(r, sizeof *c + topic_length + encoding_length + pairs.left + 3)) {
        return -1;
    }
    c = calloc(1, sizeof *c);
    table = longer(r->channels, &r->channel_room, id);
    r->channels = table != NULL ? table : r->channels;
    if (c == NULL || table == NULL) {
        free_channel(c);
        return no_memory(r);
    }
    c->id = id;
    c->schema_id = schema;
    c->schema = mcap_schema(r, schema);
    c->topic = text_of(topic, topic_length);
    c->encoding = text_of(encoding, encoding_length);
    c->metadata = malloc(pairs.left + 1);
    c->metadata_size = pairs.left;
    if (c->topic == NULL || c->encoding == NULL || c->metadata == NULL) {
        free_channel(c);
        return no_memory(r);
    }
    if (pairs.left > 0) {
        memcpy(c->metadata, pairs.at, pairs.left);
    }
    r->channels[id] = c;
    return 1;
}

int mcap_channel_get(const struct mcap_channel *c, const char *key, char *ret, size_t size)
{
    struct view pairs = {c->metadata, c->metadata_size, 0};

    return mcap_pairs_get(pairs, key, ret, size);
}

int mcap_pairs_get(struct view pairs, const char *key, char *ret, size_t size)
{
    size_t key_length, length;
    const char *found, *value;

    while (pairs.left > 0) {
        found = view_text(&pairs, &key_length);
        value = view_text(&pairs, &length);
        if (!pairs.failed && key_length == strlen(key) && memcmp(found, key, key_length) == 0) {
            mcap_text_copy(ret, size, value, length);
            return 1;
        }
    }
    return 0;
}

void mcap_text_copy(char *ret, size_t size, const char *text, size_t length)
{
    size_t i;

    length = length < size - 1 ? length : size - 1;
    for (i = 0; i < length; i++) {
        ret[i] = text[i];
        if (ret[i] == '\0') {
            ret[i] = '?';
        }
    }
    ret[length] = '\0';
}

void mcap_forget(struct mcap_reader *r)
{
    size_t i;

    for (i = 0; i < r->schema_room; i++) {
        free_schema(r->schemas[i]);
    }
    for (i = 0; i < r->channel_room; i++) {
        free_channel(r->channels[i]);
    }
    free(r->schemas);
    free(r->channels);
    r->schemas = NULL;
    r->channels = NULL;
    r->schema_room = r->channel_room = 0;
    r->known_size = 0;
}
