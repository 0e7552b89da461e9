/* SPDX-License-Identifier: MIT */
/* compare_print.c - the findings of `shmring compare`, as text and as JSON. */
#include <math.h>
#include <string.h>

#include "measure/compare.h"

static const char *const verdicts[] = {"too few runs", "no difference", "better", "worse"};

/* ---- for people ---- */

static void print_side(const struct compare_side *s, const char *letter)
{
    char size[FIGURE_SIZE], runs[FIGURE_SIZE];

    if (s->size != 0) {
        (void)snprintf(size, sizeof size, "%u byte%s a message", s->size, s->size == 1 ? "" : "s");
    } else {
        (void)snprintf(size, sizeof size, "several sizes");
    }
    print_line("%s: %.160s", letter, s->name);
    print_line("   %s, %s, %s; shmring %s, cores %s, %s", s->command, size,
               figure_of(runs, s->runs, "run"), s->version, s->cpus, s->cpu);
}

static const char *figure(char to[FIGURE_SIZE], const struct compare_quantity *q, int side)
{
    double values[COMPARE_RUNS], median;

    memcpy(values, q->values[side], sizeof values);
    median = statistics_median(values, q->n[side]);
    return q->less_is_better ? figure_ns(to, (uint64_t)(median + 0.5)) : figure_rate(to, median);
}

static void name_of(char *to, size_t size, const struct compare_quantity *q)
{
    if (q->size != 0) {
        (void)snprintf(to, size, "%s of %u bytes, %u at once", q->name, q->size, q->batch);
    } else {
        (void)snprintf(to, size, "%s%s%s", q->name, q->part[0] != '\0' ? " " : "", q->part);
    }
}

static void print_row(struct table *table, const struct compare *c,
                      const struct compare_quantity *q)
{
    char name[80], a[FIGURE_SIZE], b[FIGURE_SIZE], ratio[24], interval[48], runs[32];
    struct statistics_interval got;
    const enum compare_verdict verdict = compare_judge(c, q, &got);
    const char *cells[] = {name, q->state, a, b, ratio, interval, runs, verdicts[verdict]};

    name_of(name, sizeof name, q);
    (void)figure(a, q, 0);
    (void)figure(b, q, 1);
    (void)snprintf(ratio, sizeof ratio, "%.3f", got.middle);
    (void)snprintf(interval, sizeof interval, "%.3f to %.3f%s", got.low, got.high,
                   got.holds ? "" : "*");
    (void)snprintf(runs, sizeof runs, "%zu, %zu", q->n[0], q->n[1]);
    table_row(table, cells);
}

/* The sentence of a quantity that is judged. */
static void print_verdict(const struct compare *c, const struct compare_quantity *q)
{
    struct statistics_interval got;
    const enum compare_verdict verdict = compare_judge(c, q, &got);
    const unsigned least = c->paired ? STATISTICS_RUNS_LEAST : 4u;
    char name[80];

    name_of(name, sizeof name, q);
    printf("%s, %s: ", name, q->state);
    switch (verdict) {
    case COMPARE_TOO_FEW:
        printf("too few runs to say: %u %s are enough.\n", least,
               c->paired ? "pairs" : "of each side");
        break;
    case COMPARE_SAME:
        printf("no difference that this data can show; one of %.1f %% could hide in it.\n",
               100 * fmax(got.high - 1, 1 - got.low));
        break;
    default:
        printf("B %s %.1f %% %s than A (95 %% interval %.1f to %.1f %%).\n",
               verdict == COMPARE_WORSE ? "is worse:" : "is better:", 100 * fabs(got.middle - 1),
               got.middle > 1 ? "more" : "less", 100 * fmin(fabs(got.low - 1), fabs(got.high - 1)),
               100 * fmax(fabs(got.low - 1), fabs(got.high - 1)));
    }
}

void compare_print_text(const struct compare *c)
{
    static const char *const heads[] = {"", "state", "A", "B", "B/A", "95 % interval", "runs", ""};
    char count[FIGURE_SIZE];
    int stars = 0;
    struct statistics_interval got;
    struct table table;
    size_t i;

    print_side(&c->side[0], "A");
    print_side(&c->side[1], "B");
    putchar('\n');
    table_start(&table, "llrrrrrl");
    table_row(&table, heads);
    for (i = 0; i < c->count; i++) {
        if (compare_has_both(&c->quantities[i])) {
            print_row(&table, c, &c->quantities[i]);
            stars |= compare_judge(c, &c->quantities[i], &got) == COMPARE_TOO_FEW;
        }
    }
    table_print(&table, stdout);
    putchar('\n');
    if (stars) {
        puts("*: of too few runs, the smallest and the largest ratio.");
    }
    for (i = 0; i < c->count; i++) {
        if (compare_has_both(&c->quantities[i]) && c->quantities[i].judged) {
            print_verdict(c, &c->quantities[i]);
        }
    }
    if (c->dropped != 0) {
        printf("%s met no state in common, and %s left out.\n",
               figure_of(count, c->dropped, "pair"), c->dropped == 1 ? "is" : "are");
    }
    if (strcmp(c->side[0].cpu, c->side[1].cpu) != 0) {
        puts("The two are of different processors.");
    }
}

/* ---- for programs ---- */

static void add_side(struct json *j, const char *key, const struct compare_side *s)
{
    json_open(j, key, '{');
    json_text(j, "name", s->name);
    json_text(j, "command", s->command);
    json_text(j, "version", s->version);
    json_text(j, "cpu", s->cpu);
    json_text(j, "system", s->system);
    json_text(j, "cpus", s->cpus);
    if (s->size != 0) {
        json_number(j, "size", s->size);
    }
    json_number(j, "runs", s->runs);
    json_close(j, '}');
}

static void add_quantity(struct json *j, const struct compare *c, const struct compare_quantity *q)
{
    double values[COMPARE_RUNS];
    struct statistics_interval got;
    const enum compare_verdict verdict = compare_judge(c, q, &got);
    int side;

    json_open(j, NULL, '{');
    json_text(j, "what", q->key);
    if (q->part[0] != '\0') {
        json_text(j, "part", q->part);
    }
    if (q->size != 0) {
        json_number(j, "size", q->size);
        json_number(j, "batch", q->batch);
    }
    json_text(j, "state", q->state);
    json_bool(j, "judged", q->judged);
    for (side = 0; side < 2; side++) {
        memcpy(values, q->values[side], sizeof values);
        json_open(j, side == 0 ? "a" : "b", '{');
        json_number(j, "runs", q->n[side]);
        json_real(j, "median", statistics_median(values, q->n[side]));
        json_close(j, '}');
    }
    json_open(j, "ratio", '{');
    json_fine(j, "median", got.middle);
    json_fine(j, "low", got.low);
    json_fine(j, "high", got.high);
    json_bool(j, "interval_95", got.holds);
    json_close(j, '}');
    json_text(j, "verdict", verdicts[verdict]);
    json_close(j, '}');
}

void compare_print_json(const struct compare *c)
{
    struct json j;
    size_t i;

    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "command", "compare");
    json_text(&j, "version", shmring_version());
    add_side(&j, "a", &c->side[0]);
    add_side(&j, "b", &c->side[1]);
    json_bool(&j, "paired", c->paired);
    json_number(&j, "dropped", c->dropped);
    json_open(&j, "quantities", '[');
    for (i = 0; i < c->count; i++) {
        if (compare_has_both(&c->quantities[i])) {
            add_quantity(&j, c, &c->quantities[i]);
        }
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}
