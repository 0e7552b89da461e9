/* SPDX-License-Identifier: MIT */
/* json.c - JSON, one value to a line. */
#include <inttypes.h>

#include "command.h"
#include "base/printable.h"

/* A code point that may not be shown as it stands, as \u and four digits, or two of these. */
static void escape_out(FILE *to, uint32_t point)
{
    if (point >= 0x10000) {
        fprintf(to, "\\u%04x", (unsigned)(0xD800 + ((point - 0x10000) >> 10)));
        point = 0xDC00 + ((point - 0x10000) & 0x3FF);
    }
    fprintf(to, "\\u%04x", (unsigned)point);
}

/* Always valid UTF-8, and nothing that a terminal would obey: control characters are escaped, and
 * each byte that is no UTF-8 is U+FFFD. */
static void text_out(FILE *to, const char *text)
{
    uint32_t point;
    unsigned n;

    fputc('"', to);
    while (*text != '\0') {
        n = shmring_printable(text);
        if (*text == '"' || *text == '\\') {
            fprintf(to, "\\%c", *text);
        } else if (n != 0) {
            (void)fwrite(text, 1, n, to);
        } else {
            n = shmring_utf8_decode(text, &point);
            escape_out(to, n != 0 ? point : 0xFFFD);
        }
        text += n != 0 ? n : 1;
    }
    fputc('"', to);
}

static void start_value(struct json *j, const char *key)
{
    if (j->depth > 0 && j->compact) {
        fputs(j->fresh ? "" : ", ", j->to);
    } else if (j->depth > 0) {
        fprintf(j->to, "%s\n%*s", j->fresh ? "" : ",", 2 * j->depth, "");
    }
    j->fresh = 0;
    if (key != NULL) {
        text_out(j->to, key);
        fputs(": ", j->to);
    }
}

void json_start(struct json *j, FILE *to)
{
    j->to = to;
    j->depth = 0;
    j->fresh = 1;
    j->compact = 0;
}

void json_open(struct json *j, const char *key, char bracket)
{
    start_value(j, key);
    fputc(bracket, j->to);
    j->depth++;
    j->fresh = 1;
}

void json_close(struct json *j, char bracket)
{
    j->depth--;
    if (!j->fresh && !j->compact) {
        fprintf(j->to, "\n%*s", 2 * j->depth, "");
    }
    fputc(bracket, j->to);
    j->fresh = 0;
}

void json_text(struct json *j, const char *key, const char *value)
{
    start_value(j, key);
    text_out(j->to, value);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
    start_value(j, key);
    fprintf(j->to, "%" PRIu64, value);
}

void json_real(struct json *j, const char *key, double value)
{
    start_value(j, key);
    fprintf(j->to, "%.1f", value);
}

void json_fine(struct json *j, const char *key, double value)
{
    start_value(j, key);
    fprintf(j->to, "%.6f", value);
}

void json_bool(struct json *j, const char *key, int value)
{
    start_value(j, key);
    fputs(value ? "true" : "false", j->to);
}

void json_null(struct json *j, const char *key)
{
    start_value(j, key);
    fputs("null", j->to);
}

void json_end(struct json *j)
{
    fputc('\n', j->to);
}
