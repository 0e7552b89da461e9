/* SPDX-License-Identifier: MIT */
/* command.h - what the commands share: their table, options, sentences, and output. */
#ifndef SHMRING_SRC_CLI_COMMAND_H
#define SHMRING_SRC_CLI_COMMAND_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <shmring/shmring.h>

/* Exit statuses. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* ---- commands: one file each ---- */

struct command {
    const char *name;
    const char *synopsis; /* behind the name */
    const char *summary;  /* one line of the program's help; NULL: not shown */
    const char *help;     /* what `shmring COMMAND --help` says below the synopsis */
    int (*run)(const struct command *self, int argc, char **argv);
};

extern const struct command command_demo, command_partner, command_ping, command_flood,
    command_create, command_send, command_recv, command_ls, command_stat, command_verify,
    command_repair, command_rm, command_prune, command_tap, command_top, command_record,
    command_replay, command_info, command_cut, command_export, command_completion, command_doctor,
    command_describe, command_compare, command_bridge;

/* main.c: the commands in the order of the help; NULL behind the last. */
const struct command *command_at(size_t i);

/* ---- cli/text/options.c ---- */

enum option_kind {
    OPTION_FLAG,   /* int: 1 when given */
    OPTION_SIZE,   /* uint64_t: bytes, with K, M, G, T */
    OPTION_COUNT,  /* uint64_t: at least 1 */
    OPTION_NUMBER, /* uint64_t: decimal, or hexadecimal after 0x */
    OPTION_TIME,   /* uint64_t: nanoseconds, with ns to d; seconds without */
    OPTION_MODE,   /* uint32_t: octal permission bits */
    OPTION_CHOICE, /* uint32_t: which of `choices`, counted from 0 */
    OPTION_CPUS,   /* struct cpu_pair: A,B */
    OPTION_TEXT    /* const char *: as it stands */
};

/* Two processors by the system's numbers. */
struct cpu_pair {
    int given;
    unsigned cpu[2];
};

struct option {
    const char *name; /* without the dashes */
    enum option_kind kind;
    void *value; /* untouched when the option is not given */
    const char *const *choices;
    /* The numbers allowed, and what is wrong with others; all 0: what the kind can hold. */
    uint64_t least, most;
    const char *too_small, *too_large;
};

/* Reads a command's arguments: options anywhere, and one operand, called `operand` in sentences, in
 * brackets where it may be left out; NULL where the command takes none. Returns 1 to go on; 0 to
 * end with *ret_exit: --help was printed, or a usage sentence was. */
int args_read(const struct command *self, int argc, char **argv, const struct option *options,
              size_t option_count, const char *operand, const char **ret_operand, int *ret_exit);

/* The same with up to `room` operands, none of which has to be there. */
int args_read_many(const struct command *self, int argc, char **argv, const struct option *options,
                   size_t option_count, const char **ret_operands, size_t room, size_t *ret_count,
                   int *ret_exit);

/* Shows a listener the options of a command, by a run that ends where it would read them. */
void args_tell(const struct command *command,
               void (*listener)(const struct command *command, const struct option *options,
                                size_t option_count));

/* The numbers of the options; return NULL, or what is wrong with the text. */
const char *args_size(const char *text, uint64_t *ret);
const char *args_time(const char *text, uint64_t *ret);

/* ---- help.c ---- */

/* The texts of a command's --help. */
void help_print(const struct command *command);

/* ---- suggest.c: the word that was meant ---- */

struct suggestion {
    const char *word; /* n letters of it */
    size_t n;
    const char *best; /* of those that were tried, or NULL */
    size_t distance;
};

void suggest_start(struct suggestion *s, const char *word, size_t n);
void suggest_try(struct suggestion *s, const char *known);

/* ---- cli/text/message.c: sentences on standard error ---- */

#if defined(__MINGW_PRINTF_FORMAT) /* its printf has C's conversions, or Microsoft's */
#define CLI_PRINTF(text, first) __attribute__((format(__MINGW_PRINTF_FORMAT, text, first)))
#elif defined(__GNUC__)
#define CLI_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define CLI_PRINTF(text, first)
#endif

/* "shmring: SENTENCE"; return the exit status that goes with it. */
int say_failed(const char *format, ...) CLI_PRINTF(1, 2);
int say_usage(const char *format, ...) CLI_PRINTF(1, 2);
/* The command that wrong usage is about from now on. */
void say_command(const char *name);
/* Whether say_failed() has been called: a failure has its sentence. */
int say_has_failed(void);
/* A sentence that is not an end. */
void say_notice(const char *format, ...) CLI_PRINTF(1, 2);
/* The library's sentence, or the words for its status where it has none. A name or an option that
 * no ring can have is wrong usage. */
int say_status(shmring_status status);

/* Standard output is done: EXIT_OK, or the sentence if not all of it could be written. Quiet where
 * its reader has gone, or a stop ended the write. */
int say_done(void);

/* A ring's name as people type it: without the prefix that is the default anyway. */
const char *short_name(const char *name);

/* ---- text.c: what others may have written, on its way to people ---- */

/* Replaces what may not be shown by '?', and with ascii all that is not ASCII. */
void text_make_printable(char *text, int ascii);
/* Whether there is a terminal that does not take UTF-8. */
int text_needs_ascii(void);
/* Characters, not bytes. */
int text_width(const char *text);
/* A line of standard output, without its end, made printable. */
void print_line(const char *format, ...) CLI_PRINTF(1, 2);

/* ---- cli/text/units.c: numbers for people ---- */

#define FIGURE_SIZE 32
/* Each fills and returns `to`. */
const char *figure_bytes(char to[FIGURE_SIZE], uint64_t bytes);   /* 64K, 1M, 100 */
const char *figure_rate(char to[FIGURE_SIZE], double per_second); /* 12.3 M */
const char *figure_ns(char to[FIGURE_SIZE], uint64_t ns);         /* 132 ns, 4.1 us, 35.0 s */
/* The figures of one column: all in the unit that suits the smallest. */
void figures_ns(char (*to)[FIGURE_SIZE], const uint64_t *ns, size_t n);
void figures_rate(char (*to)[FIGURE_SIZE], const double *per_second, size_t n);
const char *figure_count(char to[FIGURE_SIZE], uint64_t number); /* 1,234,567 */
const char *figure_percent(char to[FIGURE_SIZE], double part);   /* 24% of 0.24 */
/* "1 record", "1,234 records"; one: the word for one of them. */
const char *figure_of(char to[FIGURE_SIZE], uint64_t number, const char *one);
/* In at most five columns: 999, 12.3k, 456M; and 0 to 1023, 12.3K, 456M of 1024s. */
const char *figure_short(char to[FIGURE_SIZE], double number);
const char *figure_short_bytes(char to[FIGURE_SIZE], double bytes);
const char *figure_short_ns(char to[FIGURE_SIZE], uint64_t ns); /* 132n, 4.1u, 35.0m, 12.3s */

/* ---- table.c ---- */

#define TABLE_CELL 256

struct table {
    size_t columns, rows, room;
    const char *alignment; /* a letter for each column, l or r */
    char (*cells)[TABLE_CELL];
};

void table_start(struct table *t, const char *alignment);
/* Adds a row of as many strings as there are columns. */
void table_row(struct table *t, const char *const *cells);
/* Prints and frees it. */
void table_print(struct table *t, FILE *to);

/* ---- json.c ---- */

struct json {
    FILE *to;
    int depth;
    int fresh;   /* nothing was written at this depth yet */
    int compact; /* all in one line */
};

/* key: NULL inside an array and at the top. */
void json_start(struct json *j, FILE *to);
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_text(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_real(struct json *j, const char *key, double value);
void json_fine(struct json *j, const char *key, double value); /* with six digits */
void json_bool(struct json *j, const char *key, int value);
void json_null(struct json *j, const char *key);
/* At the top level: ends the line. */
void json_end(struct json *j);

/* ---- histogram.c: 256 steps for each power of two, so a value is known to 0.4 % ---- */

#define HISTOGRAM_STEPS   256u
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 57u)

struct histogram {
    uint64_t count, max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t value);
void histogram_merge(struct histogram *h, const struct histogram *from);
/* The smallest value that at least `part` (0 .. 1) of all do not exceed; 0 of none. */
uint64_t histogram_at(const struct histogram *h, double part);
/* The largest value that falls into a bucket. */
uint64_t histogram_top(uint32_t bucket);

/* ---- histogram_print.c ---- */

/* A bar for each range of values up to p99, and one for the rest. */
void histogram_bars(const struct histogram *h, FILE *to, int utf8);
/* The percentile text of HdrHistogram, which its plotters read; values as they are. */
void histogram_percentiles(const struct histogram *h, FILE *to);

/* ---- progress.c: one line on standard error that renews itself, on a terminal only ---- */

struct progress {
    int shown;
    uint64_t start_ns, next_ns;
    uint64_t records, bytes;
};

/* wanted: 0 keeps it silent on a terminal too. */
void progress_start(struct progress *p, int wanted);
/* Renews the line now and then; call it after some work. */
void progress_show(struct progress *p);
void progress_end(struct progress *p);

static inline void progress_add(struct progress *p, uint64_t records, uint64_t bytes)
{
    p->records += records;
    p->bytes += bytes;
}

#endif
