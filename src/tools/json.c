/* SPDX-License-Identifier: MIT */
/* json.c - JSON, one value to a line. */
#include <inttypes.h>

#include "cli.h"

static void text_out(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            fprintf(to, "\\%c", c);
        } else if (c < ' ') {
            fprintf(to, "\\u%04x", (unsigned)c);
        } else {
            fputc(c, to);
        }
    }
    fputc('"', to);
}

static void start_value(struct json *j, const char *key)
{
    if (j->depth > 0) {
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
    if (!j->fresh) {
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
