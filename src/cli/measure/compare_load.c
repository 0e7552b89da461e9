/* SPDX-License-Identifier: MIT */
/* compare_load.c - what `shmring compare` takes from a measurement's JSON. */
#include "measure/compare.h"

#include <stdlib.h>
#include <string.h>

static const char *const kinds[][2] = {{"round_trip_ns", "round trip"}, {"one_way_ns", "one way"}};
static const char *const parts[] = {"p50", "p99", "p99.9"};

int compare_make(struct compare *c)
{
    c->count = 0;
    c->quantities = calloc(COMPARE_QUANTITIES, sizeof *c->quantities);
    if (c->quantities == NULL) {
        (void)say_failed("no memory for the figures");
    }
    return c->quantities != NULL;
}

void compare_free(struct compare *c)
{
    free(c->quantities);
    c->quantities = NULL;
}

/* ---- quantities ---- */

static void add_value(struct compare *c, int side, const struct compare_quantity *like,
                      double value)
{
    struct compare_quantity *q = value > 0 ? compare_find(c, like) : NULL;

    if (q != NULL && q->n[side] < COMPARE_RUNS) {
        q->values[side][q->n[side]++] = value;
    }
}

static void copy(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text);
    text_make_printable(to, text_needs_ascii());
}

/* ---- ping ---- */

static size_t load_ping(struct compare *c, int side, const struct json_tree *t)
{
    const struct json_node *run = json_first(t, json_get(t, &t->nodes[1], "runs")), *figures;
    static struct compare_quantity like;
    size_t i, part, n = 0;

    for (; run != NULL; run = json_next(t, run), n++) {
        copy(like.state, sizeof like.state, json_get_text(t, run, "state", "unknown"));
        for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            figures = json_get(t, run, kinds[i][0]);
            for (part = 0; figures != NULL && part < sizeof parts / sizeof parts[0]; part++) {
                like.key = kinds[i][0];
                like.name = kinds[i][1];
                like.part = parts[part];
                like.less_is_better = 1;
                like.judged = i == 0 && part == 0;
                add_value(c, side, &like, json_get_number(t, figures, parts[part], 0));
            }
        }
    }
    return n;
}

/* ---- flood ---- */

static size_t load_row(struct compare *c, int side, const struct json_tree *t,
                       const struct json_node *row, int is_table)
{
    const struct json_node *run = json_first(t, json_get(t, row, "runs"));
    static struct compare_quantity like;
    size_t n = 0;

    like.key = "messages_per_second";
    like.name = "messages/s";
    like.part = "";
    like.judged = 1;
    like.size = is_table ? (unsigned)json_get_number(t, row, "size", 0) : 0;
    like.batch = is_table ? (unsigned)json_get_number(t, row, "batch", 0) : 0;
    for (; run != NULL; run = json_next(t, run), n++) {
        copy(like.state, sizeof like.state, json_get_text(t, run, "state", "unknown"));
        add_value(c, side, &like, json_get_number(t, run, like.key, 0));
    }
    return n;
}

static size_t load_flood(struct compare *c, int side, const struct json_tree *t)
{
    const struct json_node *rows = json_get(t, &t->nodes[1], "rows"), *row = json_first(t, rows);
    size_t n = 0;

    if (rows == NULL) {
        return load_row(c, side, t, &t->nodes[1], 0);
    }
    for (; row != NULL; row = json_next(t, row)) {
        n = load_row(c, side, t, row, 1);
    }
    return n;
}

/* ---- both ---- */

static void describe(struct compare_side *side, const struct json_tree *t)
{
    const struct json_node *all = &t->nodes[1], *cpu = json_first(t, json_get(t, all, "cpus"));
    const double size = json_get_number(t, all, "size", 0);

    copy(side->command, sizeof side->command, json_get_text(t, all, "command", ""));
    copy(side->version, sizeof side->version, json_get_text(t, all, "version", "unknown"));
    copy(side->cpu, sizeof side->cpu, json_get_text(t, all, "cpu", "unknown"));
    copy(side->system, sizeof side->system, json_get_text(t, all, "system", "unknown"));
    side->size = size >= 1 && size < 4e9 ? (unsigned)size : 0;
    (void)snprintf(side->cpus, sizeof side->cpus, "unknown");
    if (cpu != NULL && json_next(t, cpu) != NULL) {
        (void)snprintf(side->cpus, sizeof side->cpus, "%.0f and %.0f", cpu->number,
                       json_next(t, cpu)->number);
    }
}

int compare_load(struct compare *c, int side, char *text)
{
    struct compare_side *s = &c->side[side];
    struct json_tree t;
    const char *wrong = json_read(&t, text);
    size_t n = 0;

    if (wrong == NULL) {
        describe(s, &t);
        n = strcmp(s->command, "ping") == 0    ? load_ping(c, side, &t)
            : strcmp(s->command, "flood") == 0 ? load_flood(c, side, &t)
                                               : 0;
        wrong = n == 0 ? "has no runs of ping or flood" : NULL;
        s->runs += n;
    }
    json_free(&t);
    if (wrong != NULL) {
        (void)say_failed("%.200s %s: what `shmring ping --json` or `shmring flood --json` prints "
                         "can be compared",
                         s->name, wrong);
    }
    return wrong == NULL;
}
