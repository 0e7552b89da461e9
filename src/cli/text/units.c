/* SPDX-License-Identifier: MIT */
/* units.c - numbers as a reader wants them. */
#include <inttypes.h>

#include "command.h"

const char *figure_bytes(char to[FIGURE_SIZE], uint64_t bytes)
{
    static const char units[] = "\0KMGT";
    int unit = 0;

    while (bytes != 0 && bytes % 1024 == 0 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    (void)snprintf(to, FIGURE_SIZE, "%" PRIu64 "%.1s", bytes, units + unit);
    return to;
}

const char *figure_rate(char to[FIGURE_SIZE], double per_second)
{
    static const char units[] = "kMGT";
    int unit = -1;

    while (per_second >= 1000 && unit < 3) {
        per_second /= 1000;
        unit++;
    }
    if (unit < 0) {
        (void)snprintf(to, FIGURE_SIZE, "%.0f", per_second);
    } else {
        (void)snprintf(to, FIGURE_SIZE, "%.*f %c", per_second < 100 ? 1 : 0, per_second,
                       units[unit]);
    }
    return to;
}

const char *figure_ns(char to[FIGURE_SIZE], uint64_t ns)
{
    if (ns < 10000) {
        (void)snprintf(to, FIGURE_SIZE, "%" PRIu64 " ns", ns);
    } else if (ns < 10000000) {
        (void)snprintf(to, FIGURE_SIZE, "%.1f us", (double)ns / 1e3);
    } else if (ns < UINT64_C(10000000000)) {
        (void)snprintf(to, FIGURE_SIZE, "%.1f ms", (double)ns / 1e6);
    } else {
        (void)snprintf(to, FIGURE_SIZE, "%.1f s", (double)ns / 1e9);
    }
    return to;
}

void figures_ns(char (*to)[FIGURE_SIZE], const uint64_t *ns, size_t n)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}};
    uint64_t least = UINT64_MAX;
    size_t unit = 0, i;

    for (i = 0; i < n; i++) {
        least = ns[i] < least ? ns[i] : least;
    }
    while (unit < 2 && (double)least >= 1e4 * units[unit].ns) {
        unit++;
    }
    for (i = 0; i < n; i++) {
        (void)snprintf(to[i], FIGURE_SIZE, "%.*f %s", unit == 0 ? 0 : 1,
                       (double)ns[i] / units[unit].ns, units[unit].name);
    }
}

void figures_rate(char (*to)[FIGURE_SIZE], const double *per_second, size_t n)
{
    double least = 1e300;
    size_t i;

    for (i = 0; i < n; i++) {
        least = per_second[i] < least ? per_second[i] : least;
    }
    for (i = 0; i < n; i++) {
        if (least >= 1e5) {
            (void)snprintf(to[i], FIGURE_SIZE, "%.2f M", per_second[i] / 1e6);
        } else {
            (void)snprintf(to[i], FIGURE_SIZE, "%.1f k", per_second[i] / 1e3);
        }
    }
}

const char *figure_of(char to[FIGURE_SIZE], uint64_t number, const char *one)
{
    char count[FIGURE_SIZE];

    (void)snprintf(to, FIGURE_SIZE, number == 1 ? "%s %s" : "%s %ss", figure_count(count, number),
                   one);
    return to;
}

const char *figure_percent(char to[FIGURE_SIZE], double part)
{
    (void)snprintf(to, FIGURE_SIZE, "%.0f%%", 100 * part);
    return to;
}

const char *figure_count(char to[FIGURE_SIZE], uint64_t number)
{
    char plain[FIGURE_SIZE];
    size_t n = (size_t)snprintf(plain, sizeof plain, "%" PRIu64, number), i, at = 0;

    for (i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) {
            to[at++] = ',';
        }
        to[at++] = plain[i];
    }
    to[at] = '\0';
    return to;
}

static const char *shorten(char to[FIGURE_SIZE], double number, double step, const char *units)
{
    int unit = -1;

    /* A number that would be printed as 1000 is the next unit's. */
    while (number >= (unit < 0 ? step - 0.5 : 999.5) && units[unit + 1] != '\0') {
        number /= step;
        unit++;
    }
    if (unit < 0) {
        (void)snprintf(to, FIGURE_SIZE, "%.0f", number);
    } else {
        (void)snprintf(to, FIGURE_SIZE, "%.*f%c", number < 99.95 ? 1 : 0, number, units[unit]);
    }
    return to;
}

const char *figure_short(char to[FIGURE_SIZE], double number)
{
    return shorten(to, number, 1000, "kMGTPE");
}

const char *figure_short_bytes(char to[FIGURE_SIZE], double bytes)
{
    return shorten(to, bytes, 1024, "KMGTPE");
}

const char *figure_short_ns(char to[FIGURE_SIZE], uint64_t ns)
{
    static const char units[] = "nums";
    double number = (double)ns;
    int unit = 0;

    while (number >= 999.5 && unit < 3) { /* what would be printed as 1000 is the next unit's */
        number /= 1000;
        unit++;
    }
    (void)snprintf(to, FIGURE_SIZE, "%.*f%c", unit > 0 && number < 99.95 ? 1 : 0, number,
                   units[unit]);
    return to;
}
