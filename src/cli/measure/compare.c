/* SPDX-License-Identifier: MIT */
/* compare.c - whether two measurements differ. */
#include "measure/compare.h"

#include <string.h>

int compare_has_both(const struct compare_quantity *q)
{
    return q->n[0] != 0 && q->n[1] != 0;
}

enum compare_verdict compare_judge(const struct compare *c, const struct compare_quantity *q,
                                   struct statistics_interval *ret)
{
    if (c->paired) {
        statistics_paired(ret, q->values[0], q->values[1], q->n[0]);
    } else {
        statistics_apart(ret, q->values[0], q->n[0], q->values[1], q->n[1]);
    }
    if (!ret->holds) {
        return COMPARE_TOO_FEW;
    }
    if (ret->low <= 1 && ret->high >= 1) {
        return COMPARE_SAME;
    }
    return (ret->low > 1) == (q->less_is_better != 0) ? COMPARE_WORSE : COMPARE_BETTER;
}

size_t compare_count(const struct compare *c, size_t *ret_worse)
{
    struct statistics_interval ratio;
    size_t i, n = 0;

    *ret_worse = 0;
    for (i = 0; i < c->count; i++) {
        const struct compare_quantity *q = &c->quantities[i];

        if (compare_has_both(q)) {
            n++;
            *ret_worse += q->judged && compare_judge(c, q, &ratio) == COMPARE_WORSE;
        }
    }
    return n;
}

static int is_same(const struct compare_quantity *q, const struct compare_quantity *like)
{
    return q->key == like->key && strcmp(q->part, like->part) == 0 &&
           strcmp(q->state, like->state) == 0 && q->size == like->size && q->batch == like->batch;
}

struct compare_quantity *compare_find(struct compare *c, const struct compare_quantity *like)
{
    struct compare_quantity *q = c->quantities, *const end = q + c->count;

    while (q < end && !is_same(q, like)) {
        q++;
    }
    if (q == c->quantities + COMPARE_QUANTITIES) {
        return NULL;
    }
    if (q == end) {
        *q = *like;
        q->n[0] = q->n[1] = 0;
        c->count++;
    }
    return q;
}

void compare_add_pair(struct compare *to, struct compare *pair)
{
    struct compare_quantity *from, *q;
    int any = 0, side;

    for (from = pair->quantities; from < pair->quantities + pair->count; from++) {
        q = compare_has_both(from) ? compare_find(to, from) : NULL;
        for (side = 0; q != NULL && side < 2 && q->n[side] < COMPARE_RUNS; side++) {
            q->values[side][q->n[side]] = statistics_median(from->values[side], from->n[side]);
            q->n[side]++;
            any |= q->judged;
        }
    }
    to->dropped += !any;
    for (side = 0; side < 2; side++) {
        pair->side[side].runs += to->side[side].runs;
        to->side[side] = pair->side[side];
    }
}
