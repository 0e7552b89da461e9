/* SPDX-License-Identifier: MIT */
/* expression_names.c - what a name in a condition stands for: a field, a constant, or a property of
 * the record itself. */
#include <stdlib.h>
#include <string.h>

#include "expression/expression_parse.h"

static enum own own_of(const char *name)
{
    static const char *const names[] = {"", "type", "len", "stamp_ns", "position"};
    uint32_t i;

    for (i = OWN_TYPE; i <= OWN_POSITION; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum own)i;
        }
    }
    return OWN_NONE;
}

/* Whether some type has a constant of this name. */
static int find_constant(const struct parser *p, const char *name, struct value *ret)
{
    const shmring_constant *c;
    const shmring_type *t;
    uint32_t i, j;

    for (i = 0; p->d != NULL && (t = shmring_description_type(p->d, i)) != NULL; i++) {
        for (j = 0; (c = shmring_type_constant(t, j)) != NULL; j++) {
            if (strcmp(c->name, name) == 0) {
                const int truth = strcmp(c->value, "true") == 0;

                return c->kind == SHMRING_KIND_BOOL && (truth || c->value[0] == 'f')
                           ? expression_read_number(truth ? "1" : "0", 1, ret)
                           : expression_read_number(c->value, strlen(c->value), ret);
            }
        }
    }
    return 0;
}

/* Where the path leads in each type. Returns how many have it; *ret_bad: one where it is no value.
 */
static uint32_t find_places(const struct parser *p, const char *path, shmring_place *places,
                            const shmring_place **ret_bad)
{
    const shmring_type *t;
    uint32_t i, found = 0;

    for (i = 0; (t = shmring_description_type(p->d, i)) != NULL; i++) {
        if (t->number == SHMRING_TYPE_UNNUMBERED ||
            shmring_type_find(t, path, &places[i]) != SHMRING_OK) {
            places[i].field = NULL;
            continue;
        }
        found++;
        if (places[i].field->nested != NULL ||
            (places[i].count > 1 && places[i].field->kind != SHMRING_KIND_CHAR)) {
            *ret_bad = &places[i];
        }
    }
    return found;
}

uint32_t expression_add_name(struct parser *p, const char *from, const char *name)
{
    const enum own own = own_of(name);
    const shmring_place *bad = NULL;
    shmring_place *places = NULL;
    struct value v;
    uint32_t found = 0, at;

    if (p->d != NULL) {
        places = calloc(shmring_description_types(p->d), sizeof *places);
        found = places != NULL ? find_places(p, name, places, &bad) : 0;
    }
    if (bad != NULL) {
        (void)expression_wrong(p, from,
                               bad->field->nested != NULL
                                   ? "'%.80s' is of several fields: name one"
                                   : "'%.80s' is an array: say which, as [0]",
                               name);
        free(places);
        return NOWHERE;
    }
    if (found == 0 && own == OWN_NONE) {
        free(places);
        return find_constant(p, name, &v) ? expression_add_value(p, &v)
               : p->d != NULL
                   ? expression_wrong(
                         p, from, "no type has a field '%.80s'; shmring describe has them", name)
                   : expression_wrong(
                         p, from,
                         "'%.80s' is unknown: without a description there are only type, len, "
                         "stamp_ns and position",
                         name);
    }
    at = expression_add(p, found != 0 ? NODE_FIELD : NODE_OWN, 0, 0);
    if (at == NOWHERE || found == 0) {
        free(places);
        places = NULL;
    }
    if (at != NOWHERE) {
        p->e->nodes[at].own = own;
        p->e->nodes[at].places = places;
    }
    return at;
}
