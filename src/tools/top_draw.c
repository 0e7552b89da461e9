/* SPDX-License-Identifier: MIT */
/* top_draw.c - the screen of `shmring top`, for 80 columns and more; narrower ones cut it. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "top.h"

#define LINE_BYTES 1024
#define BAR        10  /* columns of a full bar */
#define FIXED      62u /* columns of a ring's line behind its name */
#define NAME_MAX   60u
#define NORMAL     ""
#define BOLD       "\033[1m"
#define REVERSE    "\033[7m"
#define DIM        "\033[2m"

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

/* The bytes of the first `columns` characters; *ret_width: how many they are. */
static size_t cut(const char *text, unsigned columns, unsigned *ret_width)
{
    size_t n = 0;
    unsigned width = 0;

    while (text[n] != '\0') {
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

static unsigned name_width(const struct top_view *view)
{
    unsigned n = view->columns > FIXED ? view->columns - FIXED : 0;

    return n < 18 ? 18 : n > NAME_MAX ? NAME_MAX : n;
}

/* The second line: who has the two sides, and at its right end the latencies. */
static void draw_details(struct picture *p, const struct top_ring *ring,
                         const struct top_view *view)
{
    char producer[TOP_ROLE], consumer[TOP_ROLE], latency[TOP_LATENCY];
    char roles[2 * TOP_ROLE + 8];
    unsigned width, room;

    (void)snprintf(roles, sizeof roles, "  %s %s %s",
                   top_role(producer, &ring->info.producer, ring->producer_stopped),
                   view->utf8 ? "→" : "->",
                   top_role(consumer, &ring->info.consumer, ring->consumer_stopped));
    (void)cut(roles, UINT32_MAX, &width);
    (void)top_latency(latency, ring);
    room = width + 2 + (unsigned)strlen(latency) < view->columns
               ? view->columns - width - (unsigned)strlen(latency)
               : 2;
    line(p, view, DIM, "%s%*s%s", roles, latency[0] != '\0' ? (int)room : 0, "", latency);
}

static void draw_ring(struct picture *p, const struct top_ring *ring, const struct top_view *view)
{
    char rate[FIGURE_SIZE], bytes[FIGURE_SIZE], rejected[FIGURE_SIZE], lapped[FIGURE_SIZE];
    char full[BAR * 3 + 1], name[NAME_MAX + 1];
    const shmring_info *info = &ring->info;
    const unsigned width = name_width(view);

    (void)snprintf(name, sizeof name, "%s", short_name(info->name));
    if (strlen(short_name(info->name)) > width) {
        name[width - 1] = '~';
        name[width] = '\0';
    }
    (void)figure_short(rate, ring->records);
    (void)figure_short_bytes(bytes, ring->bytes);
    line(p, view, info->alive ? NORMAL : DIM, "%-*s %6s %7s %s %3.0f%% %4.0f%% %6s %6s %s",
         (int)width, name, ring->has_rates && info->framing == SHMRING_RECORDS ? rate : "-",
         ring->has_rates ? bytes : "-", bar(full, top_fill(info), view->utf8), 100 * top_fill(info),
         100 * top_high(info), figure_short(rejected, (double)info->counters.rejected),
         figure_short(lapped, (double)info->counters.lapped), info_state(info));
    if (view->details) {
        draw_details(p, ring, view);
    }
}

static void draw_head(struct picture *p, const struct top_rings *rings, const struct top_view *view)
{
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE], unreadable[FIGURE_SIZE + 16] = "";
    double all_records = 0, all_bytes = 0;
    size_t i;

    for (i = 0; i < rings->count; i++) {
        all_records += rings->all[i].records;
        all_bytes += rings->all[i].bytes;
    }
    if (rings->unreadable != 0) {
        (void)snprintf(unreadable, sizeof unreadable, ", %u unreadable",
                       (unsigned)rings->unreadable);
    }
    line(p, view, BOLD, "shmring top: %u ring%s%s, %s records/s, %s bytes/s; by %s%s%s",
         (unsigned)rings->count, rings->count == 1 ? "" : "s", unreadable,
         figure_short(records, all_records), figure_short_bytes(bytes, all_bytes),
         top_orders[view->order], view->inverted ? ", inverted" : "",
         view->frozen ? "; FROZEN" : "");
    line(p, view, REVERSE, "%-*s %6s %7s %-*s %4s %5s %6s %6s %s", (int)name_width(view), "NAME",
         "RATE", "BYTES/S", BAR, "FILL", "", "HIGH", "REJECT", "LAPPED", "STATE");
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
    size_t i;

    if (rings->count <= page) {
        view->first = 0;
    } else if (view->first > rings->count - page) {
        view->first = rings->count - page;
    }
    to->used = 0;
    add_text(to, "\033[H");
    draw_head(to, rings, view);
    for (i = view->first; i < rings->count && i < view->first + page; i++) {
        draw_ring(to, &rings->all[i], view);
    }
    if (rings->count == 0) {
        line(to, view, NORMAL, "no rings yet");
    }
    add_text(to, "\033[J");
    if (view->rows > 4) {
        char place[32];

        (void)snprintf(place, sizeof place, "\033[%uH", view->rows);
        add_text(to, place);
        put_line(to, view, REVERSE,
                 "q quit  sort: n r b f h x l p  i invert  d details  space freeze  up/down");
    }
}
