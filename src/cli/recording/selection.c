/* SPDX-License-Identifier: MIT */
/* selection.c - some of the records of a recording. */
#include "recording/selection.h"

#include <stdio.h>
#include <string.h>

#include "recording/mcap.h"

const shmring_type *entry_type(struct recording_reader *r, const struct recording_entry *e)
{
    const struct recorded_ring *ring = recording_ring(r, e->ring);
    const shmring_type *type =
        ring->description != NULL ? shmring_type_numbered(ring->description, e->type) : NULL;

    return type != NULL && e->is_described &&
                   shmring_type_check(type, e->data, e->len) == SHMRING_OK
               ? type
               : NULL;
}

static int is_word(const char *words, const char *word)
{
    const size_t n = strlen(word);
    const char *at = words;

    while (at != NULL) {
        if (strncmp(at, word, n) == 0 && (at[n] == ',' || at[n] == '\0')) {
            return 1;
        }
        at = strchr(at, ',');
        at = at != NULL ? at + 1 : NULL;
    }
    return 0;
}

static int has_type(const struct selection *s, struct recording_reader *r,
                    const struct recording_entry *e)
{
    const shmring_type *type = entry_type(r, e);
    char number[16];

    (void)snprintf(number, sizeof number, "%u", (unsigned)e->type);
    return is_word(s->types, number) || (type != NULL && is_word(s->types, type->name)) ||
           (e->channel != NULL && is_word(s->types, e->channel->topic));
}

int selection_has(struct selection *s, struct recording_reader *r, const struct recording_entry *e)
{
    uint64_t since;

    if (!s->has_first) {
        s->has_first = 1;
        s->first_ns = e->time_ns;
    }
    since = e->time_ns > s->first_ns ? e->time_ns - s->first_ns : 0;
    return since >= s->from_ns && since <= s->to_ns &&
           (s->types == NULL || (e->flags & RECORDING_IS_LOSS) != 0 || has_type(s, r, e));
}
