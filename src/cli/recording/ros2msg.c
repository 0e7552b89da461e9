/* SPDX-License-Identifier: MIT */
/* ros2msg.c - a type's text as MCAP has it: its own fields, and behind a line of '=' those of each
 * type that is a part of it. */
#include "recording/ros2msg.h"

#include <stdio.h>
#include <string.h>

#define LINE 512

void ros2msg_package(const char *ring, char *ret, size_t size)
{
    size_t n = 0;

    for (; *ring != '\0' && n < size - 1; ring++) {
        const char c = *ring;

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9' && n > 0)) {
            ret[n++] = c;
        } else if (c >= 'A' && c <= 'Z') {
            ret[n++] = (char)(c - 'A' + 'a');
        } else if (n > 0 && ret[n - 1] != '_') {
            ret[n++] = '_';
        }
    }
    while (n > 0 && ret[n - 1] == '_') {
        n--;
    }
    ret[n] = '\0';
    if (n == 0) {
        (void)snprintf(ret, size, "ring");
    }
}

void ros2msg_name(const char *package, const shmring_type *type, char *ret, size_t size)
{
    (void)snprintf(ret, size, "%s/msg/%s", package, type->name);
}

static void put_line(struct bytes *to, const char *line)
{
    bytes_put(to, line, strlen(line));
}

static void put_field(struct bytes *to, const char *package, const shmring_field *f)
{
    char line[LINE], count[16] = "", bound[16] = "", type[192];

    if (f->nested != NULL) {
        (void)snprintf(type, sizeof type, "%s/%s", package, f->nested->name);
    } else {
        (void)snprintf(type, sizeof type, "%s",
                       f->kind == SHMRING_KIND_STRING ? "string" : f->type_name);
    }
    if (f->is_array) {
        (void)snprintf(count, sizeof count, "[%u]", (unsigned)f->count);
    }
    if (f->kind == SHMRING_KIND_STRING && f->bound != SHMRING_UNBOUNDED) {
        (void)snprintf(bound, sizeof bound, "<=%u", (unsigned)f->bound);
    }
    (void)snprintf(line, sizeof line, "%s%s%s %s%s%s%s\n", type, bound, count, f->name,
                   f->unit[0] != '\0' ? " # [" : "", f->unit, f->unit[0] != '\0' ? "]" : "");
    put_line(to, line);
}

static void put_type(struct bytes *to, const char *package, const shmring_type *type)
{
    uint32_t i;

    for (i = 0; i < type->constant_count; i++) {
        const shmring_constant *c = shmring_type_constant(type, i);

        put_line(to, c->type_name);
        put_line(to, " ");
        put_line(to, c->name);
        put_line(to, "=");
        put_line(to, c->value);
        put_line(to, "\n");
    }
    for (i = 0; i < type->field_count; i++) {
        put_field(to, package, shmring_type_field(type, i));
    }
}

/* Whether a type is a part of another, or of its parts. */
static int is_part(const shmring_type *part, const shmring_type *of)
{
    uint32_t i;

    for (i = 0; i < of->field_count; i++) {
        const shmring_field *f = shmring_type_field(of, i);

        if (f->nested != NULL && (f->nested == part || is_part(part, f->nested))) {
            return 1;
        }
    }
    return 0;
}

void ros2msg_text(struct bytes *to, const char *package, const shmring_type *type)
{
    static const char line[] =
        "================================================================================\n";
    const uint32_t types = shmring_description_types(type->all);
    uint32_t i;

    put_type(to, package, type);
    for (i = 0; i < types; i++) {
        const shmring_type *part = shmring_description_type(type->all, i);

        if (is_part(part, type)) {
            put_line(to, line);
            put_line(to, "MSG: ");
            put_line(to, package);
            put_line(to, "/");
            put_line(to, part->name);
            put_line(to, "\n");
            put_type(to, package, part);
        }
    }
}
