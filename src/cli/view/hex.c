/* SPDX-License-Identifier: MIT */
/* hex.c - records byte by byte. */
#include <inttypes.h>

#include "view/view.h"

#define HEX_ROW 16u

static int put_row(struct frame_output *o, const unsigned char *row, uint32_t at, uint32_t n)
{
    char text[128];
    uint32_t i;
    int used = snprintf(text, sizeof text, "  %08" PRIx32 " ", at);

    for (i = 0; i < HEX_ROW; i++) {
        used += snprintf(text + used, sizeof text - (size_t)used, i < n ? "%s%02x" : "%s  ",
                         i % 8 == 0 ? "  " : " ", i < n ? row[i] : 0u);
    }
    used += snprintf(text + used, sizeof text - (size_t)used, "  |");
    for (i = 0; i < n; i++) {
        text[used++] = row[i] >= 0x20 && row[i] < 0x7F ? (char)row[i] : '.';
    }
    text[used++] = '|';
    text[used++] = '\n';
    return frame_output_bytes(o, text, (size_t)used);
}

int view_hex(struct frame_output *o, const shmring_record *r)
{
    char text[160];
    uint32_t at;
    int used =
        snprintf(text, sizeof text, "at %" PRIu64 "  type %u  %" PRIu32 " bytes%s", r->position,
                 r->type, r->len, (r->flags & SHMRING_FLAG_GAP) != 0 ? "  behind a gap" : "");

    if (r->stamp != 0) {
        used += snprintf(text + used, sizeof text - (size_t)used, "  stamp %" PRIu64 ".%09u s",
                         r->stamp / 1000000000u, (unsigned)(r->stamp % 1000000000u));
    }
    text[used++] = '\n';
    if (!frame_output_bytes(o, text, (size_t)used)) {
        return 0;
    }
    for (at = 0; at < r->len; at += HEX_ROW) {
        if (!put_row(o, (const unsigned char *)r->data + at, at,
                     r->len - at < HEX_ROW ? r->len - at : HEX_ROW)) {
            return 0;
        }
    }
    return 1;
}
