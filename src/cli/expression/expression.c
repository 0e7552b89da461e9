/* SPDX-License-Identifier: MIT */
/* expression.c - what a compiled condition says of a record. */
#include "expression/expression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void expression_free(struct expression *e)
{
    uint32_t i;

    if (e != NULL) {
        for (i = 0; i < e->count; i++) {
            free(e->nodes[i].places);
        }
        free(e->strings);
        free(e);
    }
}

/* ---- values ---- */

static struct value whole(int64_t bits, int is_signed)
{
    struct value v = {0};

    v.kind = VALUE_WHOLE;
    v.minus = is_signed && bits < 0;
    v.whole = v.minus ? 0 - (uint64_t)bits : (uint64_t)bits;
    return v;
}

static struct value own_value(enum own own, const shmring_type *type, const shmring_record *r)
{
    struct value v = whole((int64_t)r->type, 0);

    switch (own) {
    case OWN_LEN:
        return whole((int64_t)r->len, 0);
    case OWN_STAMP:
        return whole((int64_t)r->stamp, 0);
    case OWN_POSITION:
        return whole((int64_t)r->position, 0);
    case OWN_TYPE:
        v.kind = VALUE_TYPE;
        v.text = type != NULL ? type->name : "";
        v.len = strlen(v.text);
        return v;
    default:
        v.kind = VALUE_NONE;
        return v;
    }
}

static struct value field_value(const struct node *n, const shmring_type *type,
                                const shmring_record *r)
{
    const shmring_place *place = &n->places[type->index];
    const unsigned char *at = (const unsigned char *)r->data + place->offset;
    const shmring_field *f = place->field;
    struct value v = {0};
    uint32_t len;

    switch (f->kind) {
    case SHMRING_KIND_STRING:
        v.kind = VALUE_TEXT;
        v.text = shmring_string_of(type, r->data, &len);
        v.len = len;
        return v;
    case SHMRING_KIND_FLOAT32:
    case SHMRING_KIND_FLOAT64:
        v.kind = VALUE_REAL;
        v.real = shmring_number_of(f, at);
        return v;
    case SHMRING_KIND_UINT64:
        return whole(shmring_integer_of(f, at), 0);
    default:
        break;
    }
    if (f->kind == SHMRING_KIND_CHAR && place->count > 1) {
        const void *end = memchr(at, 0, place->count);

        v.kind = VALUE_TEXT;
        v.text = (const char *)at;
        v.len = end != NULL ? (size_t)((const unsigned char *)end - at) : place->count;
        return v;
    }
    return whole(shmring_integer_of(f, at), 1);
}

/* ---- comparing: below 0, 0, above 0 ---- */

static int compare_wholes(const struct value *a, const struct value *b)
{
    if (a->minus != b->minus) {
        return a->minus ? -1 : 1;
    }
    return (a->whole == b->whole ? 0 : (a->whole < b->whole) != a->minus ? -1 : 1);
}

/* A real number of this size is a whole one, so that nothing is rounded on the way. */
static int compare_whole_to_real(const struct value *a, double real)
{
    struct value b = {0};
    double up = floor(fabs(real));
    int order;

    if (up >= 18446744073709551616.0) {
        return real > 0 ? -1 : 1;
    }
    b.minus = real < 0 && up != 0;
    b.whole = (uint64_t)up;
    order = compare_wholes(a, &b);
    return order != 0 || fabs(real) == up ? order : real > 0 ? -1 : 1;
}

static int compare_texts(const struct value *a, const struct value *b)
{
    const int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int is_number(const struct value *v)
{
    return v->kind == VALUE_WHOLE || v->kind == VALUE_REAL || v->kind == VALUE_TYPE;
}

static int is_text(const struct value *v)
{
    return v->kind == VALUE_TEXT || v->kind == VALUE_TYPE;
}

/* The macro of the headers narrows to float with some compilers for Windows. */
static int is_nan(double value)
{
    return value != value;
}

/* Returns 1 with the order, or 0 where there is none: not a number, or of different kinds. */
static int order_of(const struct value *a, const struct value *b, int *ret)
{
    if (is_text(a) && is_text(b)) {
        *ret = compare_texts(a, b);
        return 1;
    }
    if (!is_number(a) || !is_number(b) || (a->kind == VALUE_REAL && is_nan(a->real)) ||
        (b->kind == VALUE_REAL && is_nan(b->real))) {
        return 0;
    }
    if (a->kind == VALUE_REAL && b->kind == VALUE_REAL) {
        *ret = (a->real > b->real) - (a->real < b->real);
    } else if (b->kind == VALUE_REAL) {
        *ret = compare_whole_to_real(a, b->real);
    } else if (a->kind == VALUE_REAL) {
        *ret = -compare_whole_to_real(b, a->real);
    } else {
        *ret = compare_wholes(a, b);
    }
    return 1;
}

static int holds_between(uint32_t which, const struct value *a, const struct value *b)
{
    int order = 0;

    if (a->kind == VALUE_NONE || b->kind == VALUE_NONE) {
        return 0; /* the record has no such field */
    }
    if (!order_of(a, b, &order)) {
        return which == COMPARE_NE;
    }
    switch (which) {
    case COMPARE_EQ:
        return order == 0;
    case COMPARE_NE:
        return order != 0;
    case COMPARE_LT:
        return order < 0;
    case COMPARE_LE:
        return order <= 0;
    case COMPARE_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* ---- nodes ---- */

static int is_true(const struct value *v)
{
    switch (v->kind) {
    case VALUE_WHOLE:
    case VALUE_TYPE:
        return v->whole != 0;
    case VALUE_REAL:
        return v->real != 0 && !is_nan(v->real);
    case VALUE_TEXT:
        return v->len != 0;
    default:
        return 0;
    }
}

/* As deep as the parser allowed; see EXPRESSION_NODES_MAX. */
static struct value value_of(const struct expression *e, uint32_t at, const shmring_type *type,
                             const shmring_record *r)
{
    const struct node *n = &e->nodes[at];
    struct value a, b;

    if (n->kind == NODE_VALUE) {
        return n->value;
    }
    if (n->kind == NODE_FIELD && type != NULL && n->places[type->index].field != NULL) {
        return field_value(n, type, r);
    }
    if (n->kind == NODE_FIELD || n->kind == NODE_OWN) {
        return own_value(n->own, type, r);
    }
    a = value_of(e, n->left, type, r);
    if (n->kind == NODE_NOT) {
        return whole(!is_true(&a), 0);
    }
    if (n->kind == NODE_AND || n->kind == NODE_OR) {
        if (is_true(&a) == (n->kind == NODE_OR)) {
            return whole(n->kind == NODE_OR, 0);
        }
        b = value_of(e, n->right, type, r);
        return whole(is_true(&b), 0);
    }
    b = value_of(e, n->right, type, r);
    return whole(holds_between(n->which, &a, &b), 0);
}

int expression_holds(const struct expression *e, const shmring_type *type,
                     const shmring_record *record)
{
    const struct value v = value_of(e, e->root, type, record);

    return is_true(&v);
}
