/* SPDX-License-Identifier: MIT */
/* throughput_print.c - the figures of `shmring flood`. */
#include <inttypes.h>

#include "measure/throughput_run.h"

enum pair_state flood_state(const struct flood *f, const struct flood_row *row)
{
    return pair_state_of(&f->place, row->line_before_ns, row->line_after_ns);
}

size_t flood_rate(const struct flood *f, size_t row, enum pair_state state,
                  struct statistics_interval *ret)
{
    double values[FLOOD_RUNS_MOST];
    size_t i, n = 0;

    for (i = 0; i < f->done; i++) {
        const struct flood_row *one = &f->all[i].row[row];

        if (row < f->all[i].rows && (state == PAIR_STATES || flood_state(f, one) == state)) {
            values[n++] = pair_stream_rate(&one->stream);
        }
    }
    statistics_bootstrap(ret, values, n);
    return n;
}

/* ---- for people ---- */

static void print_head(const struct flood *f)
{
    printf("%s, %u core%s, %s\n", f->machine.cpu, f->machine.cores,
           f->machine.cores == 1 ? "" : "s", f->machine.system);
    printf("shmring %s, two processes %s\n", shmring_version(), pair_place_text(&f->place));
    doctor_print(&f->doctor);
    putchar('\n');
}

/* Messages a second of all lines in one unit. */
struct lines {
    size_t n;
    size_t row[FLOOD_ROWS * PAIR_STATES], runs[FLOOD_ROWS * PAIR_STATES];
    enum pair_state state[FLOOD_ROWS * PAIR_STATES];
    double rate[3][FLOOD_ROWS * PAIR_STATES]; /* middle, low, high */
    int holds[FLOOD_ROWS * PAIR_STATES];
};

static void collect(const struct flood *f, struct lines *ret)
{
    struct statistics_interval got;
    size_t row, n;
    int state;

    ret->n = 0;
    for (row = 0; row < f->all[0].rows; row++) {
        for (state = 0; state < PAIR_STATES; state++) {
            n = flood_rate(f, row, (enum pair_state)state, &got);
            if (n != 0) {
                ret->row[ret->n] = row;
                ret->runs[ret->n] = n;
                ret->state[ret->n] = (enum pair_state)state;
                ret->rate[0][ret->n] = got.middle;
                ret->rate[1][ret->n] = got.low;
                ret->rate[2][ret->n] = got.high;
                ret->holds[ret->n++] = got.holds;
            }
        }
    }
}

static void print_rows(const struct flood *f)
{
    static const char *const heads[] = {"size",  "batch", "messages/s", "GB/s",
                                        "state", "runs",  "from",       "to"};
    static struct lines l;
    static char rate[3][FLOOD_ROWS * PAIR_STATES][FIGURE_SIZE];
    char size[FIGURE_SIZE], batch[FIGURE_SIZE], speed[FIGURE_SIZE], runs[FIGURE_SIZE];
    const int many = f->runs > 1;
    struct table t;
    size_t i;

    collect(f, &l);
    for (i = 0; i < 3; i++) {
        figures_rate(rate[i], l.rate[i], l.n);
    }
    table_start(&t, many ? "rrrrlrrr" : "rrrrl");
    table_row(&t, heads);
    for (i = 0; i < l.n; i++) {
        const struct pair_phase *phase = &f->all[0].row[l.row[i]].phase;
        const char *cells[] = {size, batch,      rate[0][i], speed, pair_state_text(l.state[i]),
                               runs, rate[1][i], rate[2][i]};

        (void)snprintf(size, sizeof size, "%" PRIu32, phase->size);
        (void)snprintf(batch, sizeof batch, "%" PRIu32, phase->batch);
        (void)snprintf(speed, sizeof speed, "%.3f", l.rate[0][i] * phase->size / 1e9);
        (void)snprintf(runs, sizeof runs, "%zu%s", l.runs[i], l.holds[i] ? "" : "*");
        table_row(&t, cells);
    }
    table_print(&t, stdout);
    if (many) {
        printf("\nMedians of the runs that met each state, and their 95 %% intervals; *: of too "
               "few runs,\nthe smallest and the largest.\n");
    }
}

void flood_print_text(const struct flood *f)
{
    char count[FIGURE_SIZE];
    uint64_t checked = 0;
    size_t i, row;

    print_head(f);
    print_rows(f);
    for (i = 0; i < f->done; i++) {
        for (row = 0; row < f->all[i].rows; row++) {
            checked += f->all[i].row[row].stream.messages;
        }
    }
    printf("\nstate: near, where a bare cache line takes up to 150 ns there and back; else far.\n"
           "%s messages, ",
           figure_count(count, checked));
    if (f->name == NULL || f->drain) {
        printf("every byte of each checked: in order, none lost, none twice.\n");
    } else {
        printf("all read from ring '%s'.\n", short_name(f->name));
    }
}

/* ---- for programs ---- */

static void add_states(struct json *j, const struct flood *f, size_t row)
{
    struct statistics_interval got;
    size_t n;
    int state;

    json_open(j, "states", '{');
    for (state = 0; state < PAIR_STATES; state++) {
        n = flood_rate(f, row, (enum pair_state)state, &got);
        if (n != 0) {
            json_open(j, pair_state_text((enum pair_state)state), '{');
            json_number(j, "runs", n);
            json_open(j, "messages_per_second", '{');
            json_real(j, "median", got.middle);
            json_real(j, "low", got.low);
            json_real(j, "high", got.high);
            json_bool(j, "interval_95", got.holds);
            json_close(j, '}');
            json_close(j, '}');
        }
    }
    json_close(j, '}');
}

static void add_row(struct json *j, const struct flood *f, size_t row)
{
    const struct flood_row *first = &f->all[0].row[row];
    struct statistics_interval rate;
    uint64_t messages = 0;
    size_t i;

    for (i = 0; i < f->done; i++) {
        messages += row < f->all[i].rows ? f->all[i].row[row].stream.messages : 0;
    }
    (void)flood_rate(f, row, PAIR_STATES, &rate);
    json_number(j, "size", first->phase.size);
    json_number(j, "batch", first->phase.batch);
    if (f->name == NULL) {
        json_number(j, "capacity", flood_capacity(f, first->phase.size));
    }
    json_real(j, "messages_per_second", rate.middle);
    json_real(j, "bytes_per_second", rate.middle * first->phase.size);
    json_number(j, f->name == NULL || f->drain ? "messages_checked" : "messages_sent", messages);
    add_states(j, f, row);
    json_open(j, "runs", '[');
    for (i = 0; i < f->done && row < f->all[i].rows; i++) {
        const struct flood_row *one = &f->all[i].row[row];

        json_open(j, NULL, '{');
        json_number(j, "began_ns", f->all[i].began_ns);
        json_text(j, "state", pair_state_text(flood_state(f, one)));
        json_number(j, "line_before_ns", one->line_before_ns);
        json_number(j, "line_after_ns", one->line_after_ns);
        json_real(j, "messages_per_second", pair_stream_rate(&one->stream));
        json_close(j, '}');
    }
    json_close(j, ']');
}

void flood_print_json(const struct flood *f)
{
    struct json j;
    size_t i;

    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "command", "flood");
    json_text(&j, "version", shmring_version());
    json_text(&j, "cpu", f->machine.cpu);
    json_number(&j, "cores", f->machine.cores);
    json_text(&j, "system", f->machine.system);
    doctor_json(&j, &f->doctor);
    pair_place_json(&j, &f->place);
    if (f->name != NULL) {
        json_text(&j, "ring", short_name(f->name));
    }
    if (f->name != NULL || f->size != 0) {
        add_row(&j, f, 0);
    } else {
        json_open(&j, "rows", '[');
        for (i = 0; i < f->all[0].rows; i++) {
            json_open(&j, NULL, '{');
            add_row(&j, f, i);
            json_close(&j, '}');
        }
        json_close(&j, ']');
    }
    json_close(&j, '}');
    json_end(&j);
}

void flood_print_csv(const struct flood *f, FILE *to)
{
    size_t row;

    if (f->done == 1) {
        fputs("run,began,state,size,batch,messages_per_second,bytes_per_second\n", to);
    }
    for (row = 0; row < f->run.rows; row++) {
        const struct flood_row *one = &f->run.row[row];
        const double rate = pair_stream_rate(&one->stream);

        fprintf(to, "%zu,%" PRIu64 ".%09" PRIu64 ",%s,%" PRIu32 ",%" PRIu32 ",%.1f,%.1f\n", f->done,
                f->run.began_ns / PAIR_SECOND_NS, f->run.began_ns % PAIR_SECOND_NS,
                pair_state_text(flood_state(f, one)), one->phase.size, one->phase.batch, rate,
                rate * one->phase.size);
    }
}
