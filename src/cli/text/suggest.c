/* SPDX-License-Identifier: MIT */
/* suggest.c - the word that somebody meant who mistyped one. */
#include <string.h>

#include "command.h"

#define WORD 24 /* longer than any of ours */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters have to be put in, left out, changed, or swapped with their neighbour, to make
 * one word of the other. Both have at most WORD letters. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t d[WORD + 1][WORD + 1];
    size_t i, j;

    for (i = 0; i <= n; i++) {
        d[i][0] = i;
    }
    for (j = 0; j <= m; j++) {
        d[0][j] = j;
    }
    for (i = 1; i <= n; i++) {
        for (j = 1; j <= m; j++) {
            d[i][j] = least(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
                            least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
    }
    return d[n][m];
}

void suggest_start(struct suggestion *s, const char *word, size_t n)
{
    s->word = word;
    s->n = n;
    s->best = NULL;
    s->distance = n < 6 ? 1 : 2; /* what is further away was not meant */
}

void suggest_try(struct suggestion *s, const char *known)
{
    size_t m = strlen(known), far;

    if (s->n < 2 || s->n > WORD || m > WORD) {
        return;
    }
    far = strncmp(s->word, known, least(s->n, m)) == 0 ? 1 : distance(s->word, s->n, known, m);
    if (far < s->distance || (far == s->distance && s->best == NULL)) {
        s->best = known;
        s->distance = far;
    }
}
