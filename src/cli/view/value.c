/* SPDX-License-Identifier: MIT */
/* value.c - one value of a record as text. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "view/view.h"

void view_put(struct view *v, const char *bytes, size_t n)
{
    v->failed = v->failed || !frame_output_bytes(v->out, bytes, n);
}

void view_put_text(struct view *v, const char *text)
{
    view_put(v, text, strlen(text));
}

/* ---- numbers ---- */

static int reads_back(const char *text, double value, int is_float)
{
    return is_float ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value;
}

/* From the digits that each decimal number keeps; all are tried where a value has fewer. */
static void real_number(char to[VIEW_NUMBER_SIZE], double value, int is_float)
{
    const int most = is_float ? 9 : 17, sure = is_float ? FLT_DIG : DBL_DIG;
    int digits = fabs(value) < (is_float ? (double)FLT_MIN : DBL_MIN) ? 1 : sure;

    if (value != value || value > DBL_MAX || value < -DBL_MAX) {
        (void)snprintf(to, VIEW_NUMBER_SIZE, "%s",
                       value != value ? "nan"
                       : value > 0    ? "inf"
                                      : "-inf");
        return;
    }
    do {
        (void)snprintf(to, VIEW_NUMBER_SIZE, "%.*g", digits, value);
    } while (digits++ < most && !reads_back(to, value, is_float));
}

void view_figure(char to[VIEW_NUMBER_SIZE], const shmring_field *f, const void *at)
{
    const int64_t whole = shmring_integer_of(f, at);

    switch (f->kind) {
    case SHMRING_KIND_FLOAT32:
    case SHMRING_KIND_FLOAT64:
        real_number(to, shmring_number_of(f, at), f->kind == SHMRING_KIND_FLOAT32);
        break;
    case SHMRING_KIND_BOOL:
        (void)snprintf(to, VIEW_NUMBER_SIZE, "%s", whole != 0 ? "true" : "false");
        break;
    case SHMRING_KIND_UINT64:
        (void)snprintf(to, VIEW_NUMBER_SIZE, "%" PRIu64, (uint64_t)whole);
        break;
    default:
        (void)snprintf(to, VIEW_NUMBER_SIZE, "%" PRId64, whole);
    }
}

void view_put_hex(struct view *v, const void *data, uint32_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = data;
    char text[512];
    uint32_t i, n = 0;

    for (i = 0; i < len && !v->failed; i++) {
        text[n++] = digits[at[i] >> 4];
        text[n++] = digits[at[i] & 15];
        if (n == sizeof text || i + 1 == len) {
            view_put(v, text, n);
            n = 0;
        }
    }
}

/* ---- texts ---- */

int view_is_text(const shmring_place *place)
{
    return place->field->kind == SHMRING_KIND_STRING ||
           (place->field->kind == SHMRING_KIND_CHAR && place->count > 1);
}

const char *view_text_of(const shmring_type *type, const shmring_place *place,
                         const unsigned char *payload, uint32_t *ret_len)
{
    const char *at = (const char *)payload + place->offset;
    const char *end;

    if (place->field->kind == SHMRING_KIND_STRING) {
        return shmring_string_of(type, payload, ret_len);
    }
    end = memchr(at, 0, place->count);
    *ret_len = end != NULL ? (uint32_t)(end - at) : place->count;
    return at;
}

/* The bytes of the character at `text` that may be shown, 0 for none; never beyond its end. */
static unsigned shown(const char *text, size_t left)
{
    const unsigned n = shmring_printable(text); /* a NUL stands behind the record's copy */

    return n <= left ? n : 0;
}

static unsigned escape(struct view *v, const char *text, size_t left)
{
    uint32_t point = 0xFFFD;
    unsigned n = shmring_utf8_decode(text, &point);
    char to[16];

    if (n == 0 || n > left) {
        n = 1;
        point = 0xFFFD;
    }
    if (point >= 0x10000) {
        (void)snprintf(to, sizeof to, "\\u%04x\\u%04x",
                       (unsigned)(0xD800 + ((point - 0x10000) >> 10)),
                       (unsigned)(0xDC00 + ((point - 0x10000) & 0x3FF)));
    } else {
        (void)snprintf(to, sizeof to, "\\u%04x", (unsigned)point);
    }
    view_put_text(v, to);
    return n;
}

void view_put_json_string(struct view *v, const char *text, size_t len)
{
    size_t at = 0;
    unsigned n;

    view_put(v, "\"", 1);
    while (at < len && !v->failed) {
        n = shown(text + at, len - at);
        if (text[at] == '"' || text[at] == '\\') {
            view_put(v, "\\", 1);
        }
        if (n != 0) {
            view_put(v, text + at, n);
            at += n;
        } else {
            at += escape(v, text + at, len - at);
        }
    }
    view_put(v, "\"", 1);
}

void view_put_plain(struct view *v, const char *text, size_t len, int quoted)
{
    size_t at = 0;
    unsigned n;

    while (at < len && !v->failed) {
        n = shown(text + at, len - at);
        if (quoted && text[at] == '"') {
            view_put(v, "\"", 1);
        }
        view_put(v, n != 0 ? text + at : "?", n != 0 ? n : 1);
        at += n != 0 ? n : 1;
    }
}
