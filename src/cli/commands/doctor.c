/* SPDX-License-Identifier: MIT */
/* doctor.c - the things on this machine that disturb a measurement, as text and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"

#define COLUMNS 80u
#define INDENT  10u

static const char *const words[DOCTOR_STATES] = {"ok", "unknown", "note", "bad"};

/* ---- for people ---- */

/* Prints a word behind `column` columns; returns how many there are then. In a command (with glue)
 * one that is too long goes on at the margin, where a shell takes both parts for one word. */
static size_t print_word(const char *word, size_t n, size_t column, const char *glue)
{
    size_t part;

    while (glue[0] != '\0' && column + n + strlen(glue) > COLUMNS) {
        part = COLUMNS - 1 - column;
        printf("%.*s\\\n", (int)part, word);
        word += part;
        n -= part;
        column = 0;
    }
    printf("%.*s", (int)n, word);
    return column + n;
}

/* Words in lines of at most 80 columns. `mark` stands in front, and `glue` at the end of a line
 * that goes on. */
static void print_wrapped(const char *mark, const char *text, const char *glue)
{
    size_t column = INDENT + strlen(mark), n;
    int fresh = 1;

    printf("%*s%s", (int)INDENT, "", mark);
    for (; *text != '\0'; text += n + (text[n] == ' ')) {
        n = strcspn(text, " ");
        if (!fresh && column + 1 + n + strlen(glue) > COLUMNS) {
            printf("%s\n%*s", glue, (int)(INDENT + strlen(mark)), "");
            column = INDENT + strlen(mark);
            fresh = 1;
        }
        fputs(fresh ? "" : " ", stdout);
        column = print_word(text, n, column + !fresh, glue);
        fresh = 0;
    }
    putchar('\n');
}

static void print_finding(const struct doctor_finding *f)
{
    print_line("%-8s  %-15s  %.53s", words[f->state], f->name, f->value);
    if (f->state >= DOCTOR_NOTE) {
        print_wrapped("", f->why, "");
        print_wrapped("fix: ", f->fix[0] != '\0' ? f->fix : "none from here",
                      strncmp(f->fix, "add ", 4) == 0 ? "" : " \\");
    }
}

static void print_text(const struct doctor *d)
{
    char cpus[DOCTOR_WORD];
    size_t i;
    int state;

    print_line("machine %s, measured processors: %s", d->root != NULL ? "below a folder" : "here",
               doctor_cpus_text(d, cpus));
    printf("\n%-8s  %-15s  %s\n", "STATE", "FINDING", "VALUE");
    for (state = DOCTOR_STATES - 1; state >= 0; state--) {
        for (i = 0; i < d->count; i++) {
            if ((int)d->findings[i].state == state) {
                print_finding(&d->findings[i]);
            }
        }
    }
    printf("\n%zu bad: would spoil figures; %zu to note, %zu unknown, %zu ok\n",
           doctor_count(d, DOCTOR_BAD), doctor_count(d, DOCTOR_NOTE),
           doctor_count(d, DOCTOR_UNKNOWN), doctor_count(d, DOCTOR_OK));
}

/* ---- for scripts ---- */

static void print_json(const struct doctor *d)
{
    struct json j;
    size_t i;
    int state;

    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "version", shmring_version());
    if (d->root != NULL) {
        json_text(&j, "root", d->root);
    } else {
        json_null(&j, "root");
    }
    json_open(&j, "cpus", '[');
    for (i = 0; i < d->cpu_count; i++) {
        json_number(&j, NULL, d->cpus[i]);
    }
    json_close(&j, ']');
    json_open(&j, "findings", '[');
    for (state = DOCTOR_STATES - 1; state >= 0; state--) {
        for (i = 0; i < d->count; i++) {
            const struct doctor_finding *f = &d->findings[i];

            if ((int)f->state == state) {
                json_open(&j, NULL, '{');
                json_text(&j, "name", f->name);
                json_text(&j, "value", f->value);
                json_text(&j, "state", words[state]);
                json_text(&j, "why", f->why);
                json_text(&j, "fix", state >= DOCTOR_NOTE ? f->fix : "");
                json_close(&j, '}');
            }
        }
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

/* ---- the command ---- */

static int run(const struct command *self, int argc, char **argv)
{
    const char *root = NULL;
    struct cpu_pair cpus = {0, {0, 0}};
    int as_json = 0, strict = 0, ret;
    const struct option options[] = {
        {"root", OPTION_TEXT, &root, NULL, 0, 0, NULL, NULL},
        {"cpus", OPTION_CPUS, &cpus, NULL, 0, 0, NULL, NULL},
        {"strict", OPTION_FLAG, &strict, NULL, 0, 0, NULL, NULL},
        {"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL},
    };
    char count[FIGURE_SIZE];
    struct doctor *d;
    size_t bad;

    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], NULL, NULL,
                   &ret)) {
        return ret;
    }
    d = malloc(sizeof *d);
    if (d == NULL) {
        return say_failed("no memory to look at the machine");
    }
    doctor_examine(d, root, &cpus);
    if (as_json) {
        print_json(d);
    } else {
        print_text(d);
    }
    bad = doctor_count(d, DOCTOR_BAD);
    if (doctor_count(d, DOCTOR_UNKNOWN) == d->count) {
        say_notice("nothing could be read: %s", root != NULL ? root : "this system tells nothing");
    }
    free(d);
    ret = say_done();
    if (ret == EXIT_OK && strict && bad > 0) {
        return say_failed("%s would spoil figures", figure_of(count, bad, "finding"));
    }
    return ret;
}

const struct command command_doctor = {
    "doctor", "[--cpus A,B] [--root DIR] [--strict] [--json]",
    "what on this machine disturbs a measurement",
    "Looks for what disturbs a measurement on this machine, and tells of each finding the value, "
    "why\n"
    "it matters and the command that changes it, the worst first: bad would spoil figures, note "
    "may.\n"
    "What cannot be read is unknown, and no failure. Only reads; on Windows everything is "
    "unknown.\n"
    "\n"
    "  --cpus A,B       the processors to be measured; if not given, two cores, as ping takes\n"
    "  --root DIR       looks at another machine, whose proc and sys were copied below DIR\n"
    "  --strict         exit status 1 if something would spoil figures\n"
    "  --json           as a JSON object\n",
    run};
