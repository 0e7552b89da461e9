/* SPDX-License-Identifier: MIT */
/* top_view.c - the screen of `shmring top`, for 80 columns and more; in narrower ones
 * the bar and the last columns are missing. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/info_text.h"
#include "monitor/top.h"

#define LINE_BYTES 1024
#define BAR        10  /* columns of a full bar */
#define FIXED      62u /* columns of a ring's line behind its name */
#define NAME_LEAST 18u
#define NORMAL     ""
#define BOLD       "\033[1m"
#define REVERSE    "\033[7m"
#define DIM        "\033[2m"
#define RED        "\033[31m"
#define YELLOW     "\033[33m"
#define GREEN      "\033[32m"

/* ---- lines ---- */

static void add(struct picture *p, const char *text, size_t n)
{
    char *more;

    if (p->used + n > p->room) {
        more = realloc(p->text, (p->used + n) * 2);
        if (more == NULL) {
            return; /* the rest of this picture is missing; the next one may fit */
        }
        p->text = more;
        p->room = (p->used + n) * 2;
    }
    memcpy(p->text + p->used, text, n);
    p->used += n;
}

static void add_text(struct picture *p, const char *text)
{
    add(p, text, strlen(text));
}

/* The bytes of a sequence that changes colours, or 0. */
static size_t sequence(const char *text)
{
    size_t n = 0;

    if (text[0] == '\033') {
        while (text[n] != '\0' && text[n] != 'm') {
            n++;
        }
        n += text[n] == 'm';
    }
    return n;
}

/* The bytes of the first `columns` characters; *ret_width: how many they are. */
static size_t cut(const char *text, unsigned columns, unsigned *ret_width)
{
    size_t n = 0;
    unsigned width = 0;

    while (text[n] != '\0') {
        const size_t skip = sequence(text + n);

        if (skip != 0) {
            n += skip;
            continue;
        }
        if (((unsigned char)text[n] & 0xC0u) != 0x80u) { /* a character begins */
            if (width == columns) {
                break;
            }
            width++;
        }
        n++;
    }
    *ret_width = width;
    return n;
}

/* Erasing behind a full line would take its last character: a cursor cannot stand further right. */
static void put_line(struct picture *p, const struct top_view *view, const char *style,
                     const char *text)
{
    unsigned width;
    size_t n = cut(text, view->columns, &width);

    add_text(p, style);
    add(p, text, n);
    for (; strcmp(style, REVERSE) == 0 && width < view->columns; width++) {
        add_text(p, " ");
    }
    add_text(p, "\033[0m");
    if (width < view->columns) {
        add_text(p, "\033[K");
    }
}

static void line(struct picture *p, const struct top_view *view, const char *style,
                 const char *format, ...) CLI_PRINTF(4, 5);

static void line(struct picture *p, const struct top_view *view, const char *style,
                 const char *format, ...)
{
    char text[LINE_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_line(p, view, style, text);
    add_text(p, "\r\n");
}

/* ---- a line of columns ---- */

struct row {
    char text[LINE_BYTES];
    size_t used;
    unsigned width, columns;
    int is_full; /* what comes behind has no room either: half a number would be another one */
};

static void cell(struct row *r, const char *text)
{
    unsigned width;
    const size_t n = cut(text, UINT32_MAX, &width);
    const unsigned space = r->width != 0;

    r->is_full = r->is_full || (r->width != 0 && r->width + space + width > r->columns) ||
                 r->used + n + 1 >= LINE_BYTES;
    if (r->is_full) {
        return;
    }
    r->used +=
        (size_t)snprintf(r->text + r->used, LINE_BYTES - r->used, "%s%s", space ? " " : "", text);
    r->width += space + width;
}

static void right(struct row *r, int width, const char *text)
{
    char padded[64];

    (void)snprintf(padded, sizeof padded, "%*s", width, text);
    cell(r, padded);
}

/* ---- parts ---- */

/* BAR columns, in eighths of a column where the terminal has the characters. */
static const char *bar(char to[BAR * 3 + 1], double part, int utf8)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    int steps = (int)(part * BAR * 8 + 0.5), i, n;
    char *at = to;

    for (i = 0; i < BAR; i++) {
        n = steps - 8 * i;
        n = n < 0 ? 0 : n > 8 ? 8 : n;
        at += sprintf(at, "%s", utf8 ? eighths[n] : n >= 4 ? "#" : ".");
    }
    return to;
}

/* A full ring loses records, or has a sender that waits; one that overwrites is always full. */
static const char *fill_colour(const shmring_info *info)
{
    const double part = top_fill(info);

    return info->overflow == SHMRING_OVERWRITE || part < 0.75 ? GREEN : part < 0.95 ? YELLOW : RED;
}

static const char *role_colour(const shmring_role_info *role, int stopped)
{
    return role->alive ? (stopped ? YELLOW : "")
                       : (role->state == SHMRING_ROLE_ATTACHED ? RED : "");
}

static int has_bar(const struct top_view *view)
{
    return view->columns >= FIXED + NAME_LEAST;
}

/* As wide as the longest name needs, while the other columns have their room. */
static unsigned name_width(const struct top_rings *rings, const struct top_view *view)
{
    const unsigned most = has_bar(view) ? view->columns - FIXED : NAME_LEAST;
    size_t longest = NAME_LEAST, i, n;

    for (i = 0; i < rings->count; i++) {
        n = strlen(short_name(rings->all[i].info.name));
        longest = n > longest ? n : longest;
    }
    return longest < most ? (unsigned)longest : most;
}

/* The latencies in at most `room` columns: all four, the two that matter most, or none. */
static const char *latencies(char to[TOP_LATENCY], const struct top_ring *ring, unsigned room)
{
    char p99[FIGURE_SIZE], most[FIGURE_SIZE];

    if (strlen(top_latency(to, ring)) > room) {
        (void)snprintf(to, TOP_LATENCY, "p99 %.6s max %.6s",
                       figure_short_ns(p99, ring->latency.p99_ns),
                       figure_short_ns(most, ring->latency.max_ns));
    }
    if (strlen(to) > room) {
        to[0] = '\0';
    }
    return to;
}

/* The second line: who has the two sides, and at its right end the latencies. */
static void draw_details(struct picture *p, const struct top_ring *ring,
                         const struct top_view *view)
{
    char producer[TOP_ROLE], consumer[TOP_ROLE], latency[TOP_LATENCY];
    char roles[2 * TOP_ROLE + 64];
    const int colours = view->colours;
    unsigned width;

    (void)snprintf(roles, sizeof roles, "  %s%s%s %s %s%s%s",
                   colours ? role_colour(&ring->info.producer, ring->producer_stopped) : "",
                   top_role(producer, &ring->info.producer, ring->producer_stopped),
                   colours ? "\033[0m" DIM : "", view->utf8 ? "→" : "->",
                   colours ? role_colour(&ring->info.consumer, ring->consumer_stopped) : "",
                   top_role(consumer, &ring->info.consumer, ring->consumer_stopped),
                   colours ? "\033[0m" DIM : "");
    (void)cut(roles, UINT32_MAX, &width);
    (void)latencies(latency, ring, width + 2 < view->columns ? view->columns - width - 2 : 0);
    line(p, view, DIM, "%s%*s", roles, latency[0] != '\0' ? (int)(view->columns - width) : 0,
         latency);
}

static void draw_ring(struct picture *p, const struct top_ring *ring, const struct top_view *view,
                      unsigned width)
{
    char text[FIGURE_SIZE], full[BAR * 3 + 1], name[SHMRING_NAME_SIZE], coloured[sizeof full + 32];
    const shmring_info *info = &ring->info;
    const char *style = info->alive ? NORMAL : DIM;
    struct row r = {.columns = view->columns};

    (void)snprintf(name, sizeof name, "%-*s", (int)width, short_name(info->name));
    if (strlen(name) > width) {
        name[width - 1] = '~';
        name[width] = '\0';
    }
    cell(&r, name);
    right(&r, 6,
          ring->has_rates && info->framing == SHMRING_RECORDS ? figure_short(text, ring->records)
                                                              : "-");
    right(&r, 7, ring->has_rates ? figure_short_bytes(text, ring->bytes) : "-");
    if (has_bar(view)) {
        (void)bar(full, top_fill(info), view->utf8);
        (void)snprintf(coloured, sizeof coloured, "%s%s%s%s",
                       view->colours ? fill_colour(info) : "", full, view->colours ? "\033[0m" : "",
                       view->colours ? style : "");
        cell(&r, coloured);
    }
    right(&r, 4, figure_percent(text, top_fill(info)));
    right(&r, 5, figure_percent(text, top_high(info)));
    right(&r, 6, figure_short(text, (double)info->counters.rejected));
    right(&r, 6, figure_short(text, (double)info->counters.lapped));
    cell(&r, info_state(info));
    line(p, view, style, "%s", r.text);
    if (view->details) {
        draw_details(p, ring, view);
    }
}

/* ", 3 not there"; nothing for none. */
static const char *some(char to[FIGURE_SIZE + 16], size_t n, const char *what)
{
    to[0] = '\0';
    if (n != 0) {
        (void)snprintf(to, FIGURE_SIZE + 16, ", %u %s", (unsigned)n, what);
    }
    return to;
}

static void title_part(struct row *title, const char *format, ...) CLI_PRINTF(2, 3);

/* A whole part of the title, or nothing: half a figure would be another one. */
static void title_part(struct row *title, const char *format, ...)
{
    char part[LINE_BYTES];
    unsigned width;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(part, sizeof part, format, args);
    va_end(args);
    (void)cut(part, UINT32_MAX, &width);
    if (title->width + width <= title->columns && title->used + strlen(part) < LINE_BYTES) {
        memcpy(title->text + title->used, part, strlen(part) + 1);
        title->used += strlen(part);
        title->width += width;
    }
}

static void draw_head(struct picture *p, const struct top_rings *rings, const struct top_view *view,
                      unsigned width)
{
    static const struct {
        int width; /* below 0: from the left */
        const char *text;
    } heads[] = {{6, "RATE"}, {7, "BYTES/S"}, {-BAR, "FILL"}, {4, ""},
                 {5, "HIGH"}, {6, "REJECT"},  {6, "LAPPED"},  {0, "STATE"}};
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE], text[SHMRING_NAME_SIZE];
    char unreadable[FIGURE_SIZE + 16], absent[FIGURE_SIZE + 16];
    struct row r = {.columns = view->columns}, title = {.columns = view->columns};
    double all_records = 0, all_bytes = 0;
    size_t i;

    for (i = 0; i < rings->count; i++) {
        all_records += rings->all[i].records;
        all_bytes += rings->all[i].bytes;
    }
    title_part(&title, "shmring top: %u ring%s%s%s", (unsigned)rings->count,
               rings->count == 1 ? "" : "s", some(unreadable, rings->unreadable, "unreadable"),
               some(absent, rings->absent, "not there"));
    title_part(&title, ", %s records/s", figure_short(records, all_records));
    title_part(&title, ", %s bytes/s", figure_short_bytes(bytes, all_bytes));
    title_part(&title, "; by %s%s", top_orders[view->order], view->inverted ? ", inverted" : "");
    title_part(&title, "%s", view->frozen ? "; FROZEN" : "");
    line(p, view, BOLD, "%s", title.text);
    (void)snprintf(text, sizeof text, "%-*s", (int)width, "NAME");
    cell(&r, text);
    for (i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (heads[i].width == -BAR && !has_bar(view)) {
            right(&r, 4, "FILL");
            i++; /* above the number */
        } else {
            right(&r, heads[i].width, heads[i].text);
        }
    }
    line(p, view, REVERSE, "%s", r.text);
}

static void draw_keys(struct picture *p, const struct top_view *view)
{
    static const char *const keys[] = {
        "",
        "  q or Esc     quit",
        "  n  r  b      sort by name, records/s, bytes/s",
        "  f  h         sort by fill, by the most it was (HIGH)",
        "  x  l  p      sort by REJECT, by LAPPED, by p99 latency",
        "  s            sort by the next of these",
        "  i            the other way round",
        "  d            show or hide the second line: the two sides, and latencies",
        "  space        freeze the picture, and go on",
        "  arrows, PgUp, PgDn, Home, End    move",
        "",
        "  RATE, BYTES/S  records and bytes sent a second, with headers and padding",
        "  FILL, HIGH     what is in the ring now, and the most that its producer saw",
        "  REJECT         records that a full ring refused",
        "  LAPPED         how often the reader of an overwriting ring was overtaken",
        "  p50 ... max    how long records of a stamped ring lay in it, of late",
        "",
        "  any other key: back to the rings",
    };
    size_t i;

    for (i = 0; i < sizeof keys / sizeof keys[0] && i + 2 < view->rows; i++) {
        line(p, view, NORMAL, "%s", keys[i]);
    }
}

/* ---- the whole ---- */

size_t top_page(const struct top_view *view)
{
    const size_t lines = view->rows > 4 ? view->rows - 3 : 1, each = view->details ? 2 : 1;

    return lines > each ? lines / each : 1;
}

void top_draw(struct picture *to, const struct top_rings *rings, struct top_view *view)
{
    const size_t page = top_page(view);
    const unsigned width = name_width(rings, view);
    size_t i;

    if (rings->count <= page) {
        view->first = 0;
    } else if (view->first > rings->count - page) {
        view->first = rings->count - page;
    }
    to->used = 0;
    add_text(to, "\033[H");
    draw_head(to, rings, view, width);
    if (view->help) {
        draw_keys(to, view);
    } else {
        for (i = view->first; i < rings->count && i < view->first + page; i++) {
            draw_ring(to, &rings->all[i], view, width);
        }
        if (rings->count == 0) {
            line(to, view, NORMAL, rings->absent != 0 ? "not there yet" : "no rings yet");
        }
    }
    add_text(to, "\033[J");
    if (view->rows > 4) {
        char place[32];

        (void)snprintf(place, sizeof place, "\033[%uH", view->rows);
        add_text(to, place);
        put_line(to, view, REVERSE,
                 "q quit  ? help  sort: n r b f h x l p s  i invert  d details  space freeze");
    }
}
