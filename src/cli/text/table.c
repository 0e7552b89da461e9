/* SPDX-License-Identifier: MIT */
/* table.c - columns that line up. */
#include <stdlib.h>
#include <string.h>

#include "command.h"

void table_start(struct table *t, const char *alignment)
{
    memset(t, 0, sizeof *t);
    t->alignment = alignment;
    t->columns = strlen(alignment);
}

void table_row(struct table *t, const char *const *cells)
{
    size_t i, room;
    void *more;

    if (t->rows == t->room) {
        room = t->room != 0 ? t->room * 2 : 16;
        more = realloc(t->cells, room * t->columns * sizeof *t->cells);
        if (more == NULL) {
            return; /* a row less; the caller's machine has other troubles */
        }
        t->cells = more;
        t->room = room;
    }
    for (i = 0; i < t->columns; i++) {
        (void)snprintf(t->cells[t->rows * t->columns + i], TABLE_CELL, "%s", cells[i]);
        text_make_printable(t->cells[t->rows * t->columns + i], text_needs_ascii());
    }
    t->rows++;
}

static void print_row(const struct table *t, size_t row, const int *widths, FILE *to)
{
    size_t i;

    for (i = 0; i < t->columns; i++) {
        const char *cell = t->cells[row * t->columns + i];

        const int space = widths[i] - text_width(cell);

        if (t->alignment[i] == 'r') {
            fprintf(to, "%*s%s", space, "", cell);
        } else {
            fprintf(to, "%s%*s", cell, i + 1 < t->columns ? space : 0, "");
        }
        fputs(i + 1 < t->columns ? "  " : "\n", to);
    }
}

void table_print(struct table *t, FILE *to)
{
    int *widths = calloc(t->columns, sizeof *widths);
    size_t i, row;

    for (row = 0; widths != NULL && row < t->rows; row++) {
        for (i = 0; i < t->columns; i++) {
            int n = text_width(t->cells[row * t->columns + i]);

            widths[i] = n > widths[i] ? n : widths[i];
        }
    }
    for (row = 0; widths != NULL && row < t->rows; row++) {
        print_row(t, row, widths, to);
    }
    free(widths);
    free(t->cells);
    t->cells = NULL;
}
