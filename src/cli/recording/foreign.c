/* SPDX-License-Identifier: MIT */
/* foreign.c - MCAP files of other programs, as the records of one ring.
 *
 * The type of a channel's records is its number and one. Where its messages are CDR of a fixed
 * layout, they are described, and go into a ring without the four bytes in front. All others go as
 * they are. */
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "recording/tape.h"

#define SECTIONS_MAX 32u
#define LINE         512u

/* A schema's parts: its own fields, and those of the types that it names. */
struct section {
    const char *name, *text;
    size_t name_size, size;
    int is_placed;
};

static const char *after_slash(const char *name, size_t *size)
{
    size_t i;

    for (i = *size; i > 0; i--) {
        if (name[i - 1] == '/') {
            *size -= i;
            return name + i;
        }
    }
    return name;
}

static size_t split(const struct mcap_schema *s, struct section *ret)
{
    const char *at = s->text, *line, *end;
    size_t n = 1;

    ret[0].name_size = strlen(s->name);
    ret[0].name = after_slash(s->name, &ret[0].name_size);
    ret[0].text = at;
    ret[0].size = 0;
    ret[0].is_placed = 0;
    while (*at != '\0') {
        end = at + strcspn(at, "\n");
        line = at;
        at = *end == '\n' ? end + 1 : end;
        if (strncmp(line, "====", 4) == 0) {
            continue;
        }
        if (strncmp(line, "MSG: ", 5) == 0 && n < SECTIONS_MAX) {
            ret[n].name_size = (size_t)(end - line) - 5;
            ret[n].name = after_slash(line + 5, &ret[n].name_size);
            ret[n].text = at;
            ret[n].size = 0;
            ret[n++].is_placed = 0;
        } else {
            ret[n - 1].size = (size_t)(at - ret[n - 1].text);
        }
    }
    return n;
}

/* The fields of a section; types lose the names of their packages. */
static void put_fields(struct bytes *to, const struct section *s)
{
    const char *at = s->text, *end = at + s->size, *next, *type;
    size_t word, size;

    while (at < end) {
        next = memchr(at, '\n', (size_t)(end - at));
        next = next != NULL ? next + 1 : end;
        word = strcspn(at, " \t\r\n#=");
        word = word < (size_t)(next - at) ? word : (size_t)(next - at);
        size = word;
        if (strncmp(at, "====", 4) != 0) {
            type = after_slash(at, &size);
            bytes_put(to, type, size);
            bytes_put(to, at + word, (size_t)(next - at) - word);
        }
        at = next;
    }
    bytes_put(to, "\n", 1);
}

static void put_section(struct bytes *to, const struct section *s, int number)
{
    char line[LINE];
    const int n = number >= 0 ? snprintf(line, sizeof line, "type %d %.*s\n", number,
                                         (int)(s->name_size < 200 ? s->name_size : 200), s->name)
                              : snprintf(line, sizeof line, "type %.*s\n",
                                         (int)(s->name_size < 200 ? s->name_size : 200), s->name);

    bytes_put(to, line, (size_t)n);
    put_fields(to, s);
}

static shmring_description *parse(const struct bytes *text)
{
    shmring_description *d = NULL;

    if (!text->failed && text->used <= SHMRING_DESCRIPTION_MAX) {
        (void)shmring_description_parse(&d, (const char *)text->at, text->used, "schema");
    }
    return d;
}

static int is_there(const shmring_description *d, const struct section *s)
{
    char name[256];

    (void)snprintf(name, sizeof name, "%.*s", (int)(s->name_size < 200 ? s->name_size : 200),
                   s->name);
    return d != NULL && shmring_type_named(d, name) != NULL;
}

/* Puts a section behind what is described already, if that can be. */
static int place(struct bytes *text, shmring_description **all, const struct section *s, int number)
{
    const size_t before = text->used;
    shmring_description *d;

    if (is_there(*all, s)) {
        return number < 0; /* as a part of others it is there */
    }
    put_section(text, s, number);
    d = parse(text);
    if (d == NULL) {
        text->used = before;
        return 0;
    }
    shmring_description_free(*all);
    *all = d;
    return 1;
}

/* Parts stand above those that name them. */
static void describe(struct bytes *text, shmring_description **all, const struct mcap_channel *c)
{
    struct section sections[SECTIONS_MAX];
    const size_t n = split(c->schema, sections);
    size_t i;
    int more = 1;

    while (more) {
        more = 0;
        for (i = 1; i < n; i++) {
            if (!sections[i].is_placed && place(text, all, &sections[i], -1)) {
                sections[i].is_placed = more = 1;
            }
        }
    }
    (void)place(text, all, &sections[0], c->id + 1);
}

static int64_t read_again(void *context, void *to, size_t n)
{
    FILE *file = context;
    const size_t got = fread(to, 1, n, file);

    return got == 0 && ferror(file) ? -1 : (int64_t)got;
}

/* Describes the channels of a reader, by their numbers. */
static shmring_description *describe_all(const struct mcap_reader *r)
{
    struct bytes text = {0};
    shmring_description *all = NULL;
    unsigned id;

    for (id = 0; id < MCAP_IDS; id++) {
        const struct mcap_channel *c = mcap_channel(r, (uint16_t)id);

        if (c != NULL && c->schema != NULL && strcmp(c->encoding, "cdr") == 0 &&
            strcmp(c->schema->encoding, "ros2msg") == 0) {
            describe(&text, &all, c);
        }
    }
    bytes_free(&text);
    return all;
}

int foreign_look(struct tape *t)
{
    struct mcap_reader again = {.read = read_again};
    struct mcap_item item;
    FILE *file = host_file_is_plain(t->file) ? host_file_open(t->path) : NULL;

    t->rings = calloc(1, sizeof *t->rings);
    if (t->rings == NULL) {
        (void)say_failed("no memory for the ring of %s", t->path);
        if (file != NULL) {
            (void)host_file_close(file);
        }
        return 0;
    }
    t->ring_count = 1;
    if (file == NULL) { /* a pipe: those that are known so far */
        t->rings[0].description = describe_all(&t->mcap);
        return 1;
    }
    again.context = file;
    if (mcap_open(&again) > 0) {
        while (mcap_next(&again, &item) > MCAP_END && !host_stop_requested()) {
        }
    }
    t->rings[0].description = describe_all(&again);
    mcap_reader_free(&again);
    (void)host_file_close(file);
    return 1;
}
