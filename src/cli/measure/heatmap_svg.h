/* SPDX-License-Identifier: MIT */
/* heatmap_svg.h - pictures for `shmring ping --matrix`. */
#ifndef SHMRING_SRC_CLI_MEASURE_HEATMAP_SVG_H
#define SHMRING_SRC_CLI_MEASURE_HEATMAP_SVG_H

#include "command.h"

/* Times between n things, in nanoseconds; the diagonal is not looked at. */
struct svg_matrix {
    size_t n; /* 2 at least */
    const unsigned *label;
    const uint64_t *value,
        *floor; /* n * n each, row by row; value 0: none; floor: what no ring can beat */
    const char *title, *subtitle;
};

/* Writes a whole SVG document. */
void svg_heat_map(FILE *to, const struct svg_matrix *m);

#endif
