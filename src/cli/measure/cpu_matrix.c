/* SPDX-License-Identifier: MIT */
/* cpu_matrix.c - the round trip between every two processors, as a table and as a
 * picture. */
#include <inttypes.h>
#include <stdlib.h>

#include "measure/ping.h"
#include "measure/heatmap_svg.h"

#define TRIP_BUDGET_NS UINT64_C(60000000)
#define TRIP_WARM_NS   UINT64_C(5000000)
#define LINE_BUDGET_NS UINT64_C(40000000)

struct matrix {
    struct host_machine machine;
    struct doctor_summary doctor;
    uint32_t size;
    size_t n;
    unsigned *cpus;
    uint64_t *trip, *line; /* n * n medians each; 0: not measured */
    size_t pairs;          /* that were measured: not all, after a stop */
};

/* ---- measuring ---- */

static int measure_pair(struct matrix *m, size_t a, size_t b, uint64_t count)
{
    static struct trip_result trips;
    static struct histogram line;
    const struct cpu_pair cpus = {1, {m->cpus[a], m->cpus[b]}};
    struct trip_plan plan = {count, UINT64_MAX, TRIP_WARM_NS, 0, NULL};
    struct pair_phase phase = {"line", m->size, 1, LINE_BUDGET_NS, {0}};
    char what[64];

    if (count == 0) {
        plan.count = UINT64_MAX;
        plan.budget_ns = TRIP_BUDGET_NS;
    }
    (void)snprintf(what, sizeof what, "cores %u and %u", m->cpus[a], m->cpus[b]);
    pair_tell(what);
    if (!pair_place_choose(&phase.place, &cpus, 0) || !pair_line(&phase, &line)) {
        return 0;
    }
    phase.name = "trip";
    if (trip_with_partner("ping", &phase, &plan, &trips) != 1) {
        return 0;
    }
    m->trip[a * m->n + b] = m->trip[b * m->n + a] = histogram_at(&trips.round_trip, 0.5);
    m->line[a * m->n + b] = m->line[b * m->n + a] = histogram_at(&line, 0.5);
    m->pairs++;
    return 1;
}

static int measure_all(struct matrix *m, uint64_t count)
{
    size_t a, b;
    int ok = 1;

    for (a = 0; ok && a < m->n; a++) {
        for (b = a + 1; ok && b < m->n; b++) {
            ok = measure_pair(m, a, b, count);
        }
    }
    pair_tell(NULL);
    if (!ok && host_stop_requested() && m->pairs == 0) {
        (void)say_failed("ping was stopped before the first pair was measured");
    }
    return ok || (host_stop_requested() && m->pairs != 0);
}

/* ---- figures ---- */

/* Fills a row: its label, and n cells. NULL values: the row of heads. */
static void add_row(struct table *t, const struct matrix *m, const char *label,
                    const uint64_t *values, size_t row)
{
    char(*text)[FIGURE_SIZE] = calloc(m->n, sizeof *text);
    const char **cells = calloc(m->n + 1, sizeof *cells);
    size_t i;

    if (text != NULL && cells != NULL) {
        cells[0] = label;
        for (i = 0; i < m->n; i++) {
            cells[i + 1] = text[i];
            if (values != NULL && values[row * m->n + i] == 0) {
                (void)snprintf(text[i], FIGURE_SIZE, "-");
            } else {
                (void)snprintf(text[i], FIGURE_SIZE, "%" PRIu64,
                               values != NULL ? values[row * m->n + i] : m->cpus[i]);
            }
        }
        table_row(t, cells);
    }
    free(cells);
    free(text);
}

static void print_one(const struct matrix *m, const uint64_t *values)
{
    char *alignment = malloc(m->n + 2), label[FIGURE_SIZE];
    struct table t;
    size_t i;

    if (alignment == NULL) {
        return;
    }
    memset(alignment, 'r', m->n + 1);
    alignment[m->n + 1] = '\0';
    table_start(&t, alignment);
    add_row(&t, m, "core", NULL, 0);
    for (i = 0; i < m->n; i++) {
        (void)snprintf(label, sizeof label, "%u", m->cpus[i]);
        add_row(&t, m, label, values, i);
    }
    table_print(&t, stdout);
    free(alignment);
}

static void print_text(const struct matrix *m)
{
    printf("%s, %u cores, %s\n", m->machine.cpu, m->machine.cores, m->machine.system);
    printf("shmring %s; medians in ns, there and back\n", shmring_version());
    doctor_print(&m->doctor);
    printf("\nmessages of %" PRIu32 " byte%s\n\n", m->size, m->size == 1 ? "" : "s");
    print_one(m, m->trip);
    printf("\nbare cache line\n\n");
    print_one(m, m->line);
}

static void add_matrix(struct json *j, const struct matrix *m, const char *key,
                       const uint64_t *values)
{
    size_t row, column;

    json_open(j, key, '[');
    for (row = 0; row < m->n; row++) {
        json_open(j, NULL, '[');
        for (column = 0; column < m->n; column++) {
            if (values[row * m->n + column] == 0) {
                json_null(j, NULL);
            } else {
                json_number(j, NULL, values[row * m->n + column]);
            }
        }
        json_close(j, ']');
    }
    json_close(j, ']');
}

static void print_json(const struct matrix *m)
{
    struct json j;
    size_t i;

    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "version", shmring_version());
    json_text(&j, "cpu", m->machine.cpu);
    json_text(&j, "system", m->machine.system);
    doctor_json(&j, &m->doctor);
    json_number(&j, "size", m->size);
    json_open(&j, "cpus", '[');
    for (i = 0; i < m->n; i++) {
        json_number(&j, NULL, m->cpus[i]);
    }
    json_close(&j, ']');
    add_matrix(&j, m, "round_trip_ns", m->trip);
    add_matrix(&j, m, "line_floor_ns", m->line);
    json_close(&j, '}');
    json_end(&j);
}

static void draw(FILE *to, const struct matrix *m)
{
    char subtitle[320];
    struct svg_matrix picture = {
        m->n, m->cpus, m->trip, m->line, "Round trip between two cores, median in ns", subtitle};

    (void)snprintf(subtitle, sizeof subtitle, "shmring %s, %" PRIu32 " bytes a message; %s",
                   shmring_version(), m->size, m->machine.cpu);
    svg_heat_map(to, &picture);
}

/* A line for each pair. */
static void list(FILE *to, const struct matrix *m)
{
    size_t a, b;

    fputs("size,cpu_a,cpu_b,round_trip_ns,line_ns\n", to);
    for (a = 0; a < m->n; a++) {
        for (b = a + 1; b < m->n; b++) {
            if (m->trip[a * m->n + b] != 0) {
                fprintf(to, "%" PRIu32 ",%u,%u,%" PRIu64 ",%" PRIu64 "\n", m->size, m->cpus[a],
                        m->cpus[b], m->trip[a * m->n + b], m->line[a * m->n + b]);
            }
        }
    }
}

/* ---- the whole ---- */

static int run_matrix(struct matrix *m, uint64_t count, const char *svg, const char *csv,
                      int as_json)
{
    FILE *picture, *lines = NULL;
    int ok;

    picture = ping_file_open(svg, &ok);
    if (ok) {
        lines = ping_file_open(csv, &ok);
    }
    ok = ok && measure_all(m, count);
    if (ok && picture != NULL) {
        draw(picture, m);
    }
    if (ok && lines != NULL) {
        list(lines, m);
    }
    ok = ping_file_close(picture, svg) && ok;
    ok = ping_file_close(lines, csv) && ok;
    if (!ok) {
        return EXIT_FAILED;
    }
    if (as_json) {
        print_json(m);
    } else if (picture != stdout && lines != stdout) { /* else that is what was asked for */
        print_text(m);
    }
    return say_done();
}

int ping_matrix(uint32_t size, uint64_t count, const char *svg, const char *csv, int as_json)
{
    struct matrix m = {0};
    int ret;

    host_describe(&m.machine);
    doctor_summarize(&m.doctor, NULL);
    m.size = size;
    m.n = host_list_cpus(NULL, 0);
    if (m.n < 2) {
        return say_failed("this process may use one processor only: a matrix needs two");
    }
    m.cpus = calloc(m.n, sizeof *m.cpus);
    m.trip = calloc(m.n * m.n, sizeof *m.trip);
    m.line = calloc(m.n * m.n, sizeof *m.line);
    if (m.cpus == NULL || m.trip == NULL || m.line == NULL) {
        ret = say_failed("no memory for a matrix of %zu processors", m.n);
    } else {
        (void)host_list_cpus(m.cpus, m.n);
        ret = run_matrix(&m, count, svg, csv, as_json);
    }
    free(m.line);
    free(m.trip);
    free(m.cpus);
    return ret;
}
