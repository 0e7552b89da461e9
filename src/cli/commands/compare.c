/* SPDX-License-Identifier: MIT */
/* compare.c - whether two measurements differ: of files, or of commands that are run in turns. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "measure/compare.h"
#include "measure/partner.h"

#define WORDS_MOST    64u
#define OUTPUT_MOST   ((size_t)1 << 30)
#define PAIRS_DEFAULT 10u

/* ---- files ---- */

/* The whole of it and a 0, for free(); NULL after a sentence. */
static char *read_file(const char *path)
{
    FILE *file = host_file_open(path);
    size_t room = 1 << 16, n = 0, got = 1;
    char *text = file != NULL ? malloc(room) : NULL, *more;

    while (text != NULL && (got = fread(text + n, 1, room - n - 1, file)) > 0) {
        n += got;
        if (n + 1 == room) {
            more = room < OUTPUT_MOST ? realloc(text, 2 * room) : NULL;
            if (more == NULL) {
                free(text);
            }
            text = more;
            room *= 2;
        }
    }
    if (file == NULL) {
        (void)say_failed("%.200s: %s", path, host_error());
    } else if (text == NULL) {
        (void)say_failed("%.200s needs more memory than there is", path);
    } else {
        text[n] = '\0';
    }
    if (file != NULL) {
        (void)host_file_close(file);
    }
    return text;
}

static int load_files(struct compare *c, const char *const *paths)
{
    char *text;
    int side, ok = 1;

    for (side = 0; ok && side < 2; side++) {
        c->side[side].name = paths[side];
        text = read_file(paths[side]);
        ok = text != NULL && compare_load(c, side, text);
        free(text);
    }
    return ok;
}

/* ---- commands ---- */

/* Runs one, in processes of its own. 0 after a sentence, or after a stop. */
static int run_one(struct compare *pair, int side, const char *const *words)
{
    struct host_child child;
    char *text = host_command_output(&child, words, OUTPUT_MOST);
    int ok = 0;

    if (text == NULL) {
        (void)say_failed("%.200s could not be run: %s", pair->side[side].name, host_error());
    } else if (host_stop_requested()) {
        ok = 0;
    } else if (child.status != 0) {
        (void)say_failed("%.200s %s", pair->side[side].name, child.how);
    } else {
        ok = compare_load(pair, side, text);
    }
    free(text);
    return ok;
}

/* A B, B A, A B, ...: a drift of the machine meets both alike. */
static int run_pairs(struct compare *c, const char *const *a, const char *const *b, uint64_t pairs)
{
    struct compare pair = *c;
    char what[64];
    uint64_t i;
    int ok = compare_make(&pair), first;

    for (i = 0; ok && i < pairs; i++) {
        first = (int)(i % 2);
        memset(pair.quantities, 0, COMPARE_QUANTITIES * sizeof *pair.quantities);
        pair.count = 0;
        pair.side[0].runs = pair.side[1].runs = 0;
        (void)snprintf(what, sizeof what, "pair %" PRIu64 " of %" PRIu64, i + 1, pairs);
        pair_tell(what);
        ok =
            run_one(&pair, first, first == 0 ? a : b) && run_one(&pair, !first, first == 0 ? b : a);
        if (ok) {
            compare_add_pair(c, &pair);
        }
    }
    pair_tell(NULL);
    compare_free(&pair);
    return ok || (host_stop_requested() && i > 1);
}

/* The words as they are shown. */
static void join(char *to, size_t size, const char *const *words)
{
    size_t n = 0;

    to[0] = '\0';
    for (; *words != NULL && n < size; words++) {
        n += (size_t)snprintf(to + n, size - n, "%s%s", n != 0 ? " " : "", *words);
    }
}

/* ---- the command ---- */

static int tell(const struct compare *c, int as_json, int strict)
{
    size_t worse;
    int ret;

    if (compare_count(c, &worse) == 0) {
        return say_failed("nothing can be compared: A and B have no quantity in the same state of "
                          "the machine");
    }
    if (as_json) {
        compare_print_json(c);
    } else {
        compare_print_text(c);
    }
    ret = say_done();
    return ret == EXIT_OK && strict && worse != 0 ? say_failed("B is worse than A") : ret;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *words[WORDS_MOST + 1];
    static char shown[512];
    struct compare c;
    const char *vs = NULL;
    uint64_t pairs = 0;
    int as_json = 0, strict = 0, ok, ret;
    size_t n;
    const struct option options[] = {
        {"vs", OPTION_TEXT, &vs, NULL, 0, 0, NULL, NULL},
        {"runs", OPTION_COUNT, &pairs, NULL, 1, COMPARE_RUNS, "must be more than 0",
         "is too large: 200 at most"},
        {"strict", OPTION_FLAG, &strict, NULL, 0, 0, NULL, NULL},
        {"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL},
    };

    if (!args_read_many(self, argc, argv, options, sizeof options / sizeof options[0], words,
                        WORDS_MOST, &n, &ret)) {
        return ret;
    }
    if (vs == NULL && n != 2) {
        return say_usage("compare needs two files of figures, or --vs 'COMMAND' -- COMMAND");
    }
    if (vs == NULL && pairs != 0) {
        return say_usage("--runs goes with --vs: files have the runs that they have");
    }
    if (vs != NULL && n == 0) {
        return say_usage("--vs needs a second command: compare --vs 'COMMAND' -- COMMAND");
    }
    memset(&c, 0, sizeof c);
    ok = compare_make(&c);
    if (ok && vs == NULL) {
        ok = load_files(&c, words);
    } else if (ok) {
        const char *const other[] = {vs, NULL};

        host_catch_stop(NULL);
        join(shown, sizeof shown, words);
        c.paired = 1;
        c.side[0].name = vs;
        c.side[1].name = shown;
        ok = run_pairs(&c, other, words, pairs != 0 ? pairs : PAIRS_DEFAULT);
    }
    ret = ok ? tell(&c, as_json, strict) : EXIT_FAILED;
    compare_free(&c);
    return ret;
}

const struct command command_compare = {
    "compare",
    "A.json B.json [--strict] [--json]\n"
    "       shmring compare --vs 'COMMAND' [--runs N] [--strict] [--json] -- COMMAND",
    "whether two measurements differ",
    "Compares two files that `shmring ping --json` or `shmring flood --json` has written, with\n"
    "--runs; or two commands that print such, which are run in turns. Tells the ratio of both, "
    "its\n"
    "interval of 95 %, and whether that is a difference that the data can show. Only runs of the\n"
    "same state of the machine are compared: 4 of each file are enough, of commands 6 pairs.\n"
    "\n"
    "  --vs 'COMMAND'   the first command, A, a line for the shell; the second is behind the --\n"
    "  --runs N         runs the two N times in turns (default 10)\n"
    "  --strict         exit status 1 if B is shown to be worse\n"
    "  --json           as a JSON object\n",
    run};
