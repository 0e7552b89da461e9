/* SPDX-License-Identifier: MIT */
/* samples.c - files of samples, and the worst of each slice of time. */
#include "measure/samples.h"

#include <string.h>

#define HEAD 48u

void samples_prepare(struct samples *s)
{
    memset(s->at, 0, (size_t)s->room * sizeof s->at[0]);
    s->kept = s->dropped = 0;
}

static void put(unsigned char *to, uint64_t value, unsigned bytes)
{
    unsigned i;

    for (i = 0; i < bytes; i++) {
        to[i] = (unsigned char)(value >> (8 * i));
    }
}

void samples_write(FILE *to, const struct samples *s, uint32_t run, uint64_t began_ns)
{
    unsigned char head[HEAD] = "shmrsmp1", one[16];
    uint64_t i;

    put(head + 8, HEAD, 4);
    put(head + 12, run, 4);
    put(head + 16, s->kept, 8);
    put(head + 24, s->dropped, 8);
    put(head + 32, began_ns, 8);
    put(head + 40, sizeof one, 8);
    (void)fwrite(head, 1, sizeof head, to);
    for (i = 0; i < s->kept; i++) {
        put(one, s->at[i].at_ns, 8);
        put(one + 8, s->at[i].took_ns, 8);
        (void)fwrite(one, 1, sizeof one, to);
    }
}

/* ---- series ---- */

void series_clear(struct series *s)
{
    memset(s, 0, sizeof *s);
    s->slice_ns = s->end_ns = SERIES_SLICE_NS;
}

/* Each two slots become one. */
static void halve(struct series *s)
{
    uint32_t i;

    for (i = 0; i < SERIES_SLOTS; i++) {
        const uint64_t first = 2 * i < SERIES_SLOTS ? s->most[2 * i] : 0;
        const uint64_t second = 2 * i < SERIES_SLOTS ? s->most[2 * i + 1] : 0;

        s->most[i] = first > second ? first : second;
    }
    s->slice_ns *= 2;
}

void series_move(struct series *s, uint64_t at_ns)
{
    while (at_ns / s->slice_ns >= SERIES_SLOTS) {
        halve(s);
    }
    s->slot = (uint32_t)(at_ns / s->slice_ns);
    s->end_ns = (s->slot + UINT64_C(1)) * s->slice_ns;
}
