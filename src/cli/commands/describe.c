/* SPDX-License-Identifier: MIT */
/* describe.c - what the records of a ring are made of. */
#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "text/ring_name.h"

static void print_field(struct json *j, const shmring_field *f)
{
    json_open(j, NULL, '{');
    json_text(j, "name", f->name);
    json_text(j, "type", f->type_name);
    if (f->is_array) {
        json_number(j, "count", f->count);
    }
    if (f->kind == SHMRING_KIND_STRING && f->bound != SHMRING_UNBOUNDED) {
        json_number(j, "bound", f->bound);
    }
    json_number(j, "offset", f->offset);
    json_number(j, "size", f->size);
    json_text(j, "unit", f->unit);
    json_close(j, '}');
}

static void print_type(struct json *j, const shmring_type *t)
{
    const shmring_constant *c;
    uint32_t i;

    json_open(j, NULL, '{');
    json_text(j, "name", t->name);
    if (t->number == SHMRING_TYPE_UNNUMBERED) {
        json_null(j, "number");
    } else {
        json_number(j, "number", t->number);
    }
    json_number(j, "size", t->size);
    json_number(j, "align", t->align);
    json_open(j, "fields", '[');
    for (i = 0; i < t->field_count; i++) {
        print_field(j, shmring_type_field(t, i));
    }
    json_close(j, ']');
    json_open(j, "constants", '[');
    for (i = 0; i < t->constant_count; i++) {
        c = shmring_type_constant(t, i);
        json_open(j, NULL, '{');
        json_text(j, "name", c->name);
        json_text(j, "type", c->type_name);
        json_text(j, "value", c->value);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

static void print_json(const char *name, const shmring_description *d)
{
    const shmring_type *t;
    char hash[24];
    struct json j;
    uint32_t i;

    (void)snprintf(hash, sizeof hash, "0x%" PRIx64, shmring_description_hash(d));
    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "name", short_name(name));
    json_text(&j, "hash", hash); /* as text: many readers round a number of 64 bits */
    json_open(&j, "types", '[');
    for (i = 0; (t = shmring_description_type(d, i)) != NULL; i++) {
        print_type(&j, t);
    }
    json_close(&j, ']');
    json_text(&j, "text", shmring_description_text(d));
    json_close(&j, '}');
    json_end(&j);
}

/* As it was given; the parser lets nothing through that a terminal would obey. */
static void print_text(const shmring_description *d)
{
    const char *text = shmring_description_text(d);
    const size_t n = strlen(text);

    (void)fwrite(text, 1, n, stdout);
    if (n > 0 && text[n - 1] != '\n') {
        (void)fputc('\n', stdout);
    }
}

static int run(const struct command *self, int argc, char **argv)
{
    const char *name = NULL;
    int as_json = 0, ret;
    const struct option options[] = {{"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL}};
    shmring_description *d;
    shmring_status status;

    if (!args_read(self, argc, argv, options, 1, "NAME", &name, &ret)) {
        return ret;
    }
    name = ring_name(name);
    status = shmring_description_read(&d, name);
    if (status == SHMRING_EMPTY) {
        return say_failed("ring '%s' has no description: who makes a ring gives it, as with "
                          "shmring create --describe",
                          short_name(name));
    }
    if (status != SHMRING_OK) {
        return say_status(status);
    }
    if (as_json) {
        print_json(name, d);
    } else {
        print_text(d);
    }
    shmring_description_free(d);
    return say_done();
}

const struct command command_describe = {
    "describe", "NAME [--json]", "what the records of a ring are made of",
    "Prints the description that the ring's creator gave: its record types, their fields and "
    "units.\n"
    "Takes no part in the ring and changes nothing. The language is in docs/describe.md.\n"
    "\n"
    "  --json           as a JSON object, with the place of each field\n",
    run};
