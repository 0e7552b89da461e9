/* SPDX-License-Identifier: MIT */
/* heatmap_svg.c - a square matrix of times as a heat map. */
#include "measure/heatmap_svg.h"

#include <inttypes.h>

#define CELL_MAX  64u
#define CELL_MIN  14u
#define WIDTH     1100u /* a map with many cells has about this width */
#define MARGIN    60u
#define HEAD      70u
#define LEGEND    70u
#define WIDTH_MIN 460u

static void text_out(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", to);
            break;
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        default: /* XML knows no other control characters */
            fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
        }
    }
}

/* From a light yellow over orange to a dark red, in equal steps of lightness: also in print. */
static void colour(char to[8], double part)
{
    static const double stops[][3] = {{255, 245, 200}, {253, 160, 80}, {140, 10, 40}};
    const int upper = part >= 0.5;
    const double between = upper ? part * 2 - 1 : part * 2;
    unsigned rgb[3];
    int i;

    for (i = 0; i < 3; i++) {
        rgb[i] =
            (unsigned)(stops[upper][i] + (stops[upper + 1][i] - stops[upper][i]) * between + 0.5);
    }
    (void)snprintf(to, 8, "#%02x%02x%02x", rgb[0] & 0xFF, rgb[1] & 0xFF, rgb[2] & 0xFF);
}

static void range(const struct svg_matrix *m, uint64_t *least, uint64_t *most)
{
    size_t i;

    *least = UINT64_MAX;
    *most = 0;
    for (i = 0; i < m->n * m->n; i++) {
        if (m->value[i] != 0) {
            *least = m->value[i] < *least ? m->value[i] : *least;
            *most = m->value[i] > *most ? m->value[i] : *most;
        }
    }
}

static void cell_out(FILE *to, const struct svg_matrix *m, size_t row, size_t column, unsigned cell,
                     double part)
{
    const uint64_t value = m->value[row * m->n + column];
    const unsigned x = MARGIN + (unsigned)column * cell, y = HEAD + (unsigned)row * cell;
    char fill[8];

    colour(fill, part);
    fprintf(to,
            "<g><title>cores %u and %u: %" PRIu64 " ns, bare cache line %" PRIu64 " ns</title>"
            "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"%s\"/>",
            m->label[row], m->label[column], value, m->floor[row * m->n + column], x, y, cell, cell,
            fill);
    if (cell >= 34) {
        fprintf(to, "<text x=\"%u\" y=\"%u\" class=\"cell\" fill=\"%s\">%" PRIu64 "</text>",
                x + cell / 2, y + cell / 2 + 4, part > 0.6 ? "#ffffff" : "#202020", value);
    }
    fputs("</g>\n", to);
}

static void labels_out(FILE *to, const struct svg_matrix *m, unsigned cell)
{
    size_t i;

    for (i = 0; i < m->n; i++) {
        unsigned middle = (unsigned)i * cell + cell / 2;

        fprintf(to, "<text x=\"%u\" y=\"%u\" class=\"cell\">%u</text>\n", MARGIN + middle, HEAD - 8,
                m->label[i]);
        fprintf(to, "<text x=\"%u\" y=\"%u\" class=\"row\">%u</text>\n", MARGIN - 8,
                HEAD + middle + 4, m->label[i]);
    }
}

static void legend_out(FILE *to, unsigned y, uint64_t least, uint64_t most)
{
    const double parts[] = {0, 0.5, 1};
    char fill[8];
    size_t i;

    fputs("<defs><linearGradient id=\"scale\">", to);
    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        colour(fill, parts[i]);
        fprintf(to, "<stop offset=\"%.0f%%\" stop-color=\"%s\"/>", parts[i] * 100, fill);
    }
    fprintf(to,
            "</linearGradient></defs>\n"
            "<rect x=\"%u\" y=\"%u\" width=\"200\" height=\"14\" fill=\"url(#scale)\"/>\n"
            "<text x=\"%u\" y=\"%u\">%" PRIu64 " ns</text>\n"
            "<text x=\"%u\" y=\"%u\" class=\"row\">%" PRIu64 " ns</text>\n",
            MARGIN, y, MARGIN, y + 30, least, MARGIN + 200, y + 30, most);
}

void svg_heat_map(FILE *to, const struct svg_matrix *m)
{
    const unsigned n = (unsigned)m->n, fits = WIDTH / n;
    const unsigned cell = fits > CELL_MAX ? CELL_MAX : fits < CELL_MIN ? CELL_MIN : fits;
    const unsigned side = n * cell, width = 2 * MARGIN + side, height = HEAD + side + LEGEND;
    uint64_t least, most;
    size_t i;

    range(m, &least, &most);
    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
            "font-family=\"sans-serif\" font-size=\"12\" fill=\"#202020\">\n"
            "<style>.cell{text-anchor:middle}.row{text-anchor:end}</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
            "<text x=\"12\" y=\"20\" font-size=\"15\">",
            width > WIDTH_MIN ? width : WIDTH_MIN, height);
    text_out(to, m->title);
    fputs("</text>\n<text x=\"12\" y=\"38\">", to);
    text_out(to, m->subtitle);
    fputs("</text>\n", to);
    labels_out(to, m, cell);
    for (i = 0; i < m->n * m->n; i++) {
        if (m->value[i] != 0) {
            cell_out(to, m, i / m->n, i % m->n, cell,
                     most > least ? (double)(m->value[i] - least) / (double)(most - least) : 0);
        }
    }
    legend_out(to, HEAD + side + 20, least, most);
    fputs("</svg>\n", to);
}
