/* SPDX-License-Identifier: MIT */
/* doctor.h - what on this machine disturbs a measurement: findings, and what they are read from.
 *
 * A finding is unknown until something that was read says more. Files of /proc and /sys are others'
 * text: what is not of the expected form counts as not there, and no number is trusted to be small.
 */
#ifndef SHMRING_SRC_CLI_DOCTOR_DOCTOR_H
#define SHMRING_SRC_CLI_DOCTOR_DOCTOR_H

#include "command.h"

enum doctor_state { DOCTOR_OK, DOCTOR_UNKNOWN, DOCTOR_NOTE, DOCTOR_BAD };
#define DOCTOR_STATES 4

#define DOCTOR_CPUS     4096u /* processors that are looked at: numbers below */
#define DOCTOR_FINDINGS 40u
#define DOCTOR_TEXT     (256u << 10) /* of a longer file only the beginning is read */
#define DOCTOR_WORD     64u
#define DOCTOR_LIST     512u

struct doctor_finding {
    const char *name, *why;
    enum doctor_state state;
    char value[128];
    char fix[640]; /* a command; "": there is none, or nothing to change */
};

/* A set of processors, or of memory nodes. */
struct doctor_set {
    unsigned char has[DOCTOR_CPUS];
    unsigned count;
};

struct doctor {
    const char *root; /* the folder that has proc and sys; NULL: this machine */
    unsigned cpus[2]; /* the processors that are measured */
    unsigned cpu_count;
    struct doctor_set online, allowed; /* count 0: not known */
    struct doctor_finding findings[DOCTOR_FINDINGS];
    size_t count;
    char text[DOCTOR_TEXT]; /* what doctor_read() read last */
};

/* ---- doctor.c ---- */

/* Looks at the machine. cpus: the processors to be measured; where none are given, two of different
 * cores, as the measuring commands choose them. Ask before a pin leaves one. */
void doctor_examine(struct doctor *ret, const char *root, const struct cpu_pair *cpus);
size_t doctor_count(const struct doctor *d, enum doctor_state state);

/* For the commands that measure: what was found, in one line and as the JSON object "doctor". */
struct doctor_summary {
    size_t states[DOCTOR_STATES];
};

void doctor_summarize(struct doctor_summary *ret, const struct cpu_pair *cpus);
void doctor_print(const struct doctor_summary *summary);
void doctor_json(struct json *j, const struct doctor_summary *summary);

/* ---- cli/doctor/read.c ---- */

/* A new finding, unknown. Both texts stay where they are. */
struct doctor_finding *doctor_add(struct doctor *d, const char *name, const char *why);
void doctor_set(struct doctor_finding *f, enum doctor_state state, const char *format, ...)
    CLI_PRINTF(3, 4);
void doctor_fix(struct doctor_finding *f, const char *format, ...) CLI_PRINTF(2, 3);

/* Each reads a file, by its path without the first slash, and returns 1 when it is there and has
 * the form; 0 otherwise, and then ret is untouched. An empty file has none: the kernel writes a
 * newline where there is nothing, and copies of its files are easily empty. */
int doctor_read(struct doctor *d, const char *format, ...) CLI_PRINTF(2, 3); /* into d->text */
int doctor_number(struct doctor *d, uint64_t *ret, const char *format, ...) CLI_PRINTF(3, 4);
int doctor_word(struct doctor *d, char ret[DOCTOR_WORD], const char *format, ...) CLI_PRINTF(3, 4);
/* An empty list is a list. */
int doctor_list(struct doctor *d, struct doctor_set *ret, const char *format, ...) CLI_PRINTF(3, 4);

/* Finds the text behind `key` at the start of a line of d->text, without blanks around it. */
int doctor_line(const struct doctor *d, const char *key, char *ret, size_t size);
/* Whether one of the words of text, which blanks or commas separate, is `word`; with ret, `word` is
 * the beginning, as "huge=", and the rest of it goes there. */
int doctor_has(const char *text, const char *word, char ret[DOCTOR_LIST]);
/* The soft limit of /proc/self/limits; UINT64_MAX where there is none. */
int doctor_limit(struct doctor *d, const char *key, uint64_t *ret);
/* n numbers, with blanks between. */
int doctor_numbers(const char *text, uint64_t *ret, size_t n);
/* "0-3,8" */
int doctor_parse(const char *text, struct doctor_set *ret);
const char *doctor_list_text(const struct doctor_set *set, char to[DOCTOR_LIST]);
int doctor_in(const struct doctor_set *set, unsigned number);
/* "0 and 1" */
const char *doctor_cpus_text(const struct doctor *d, char to[DOCTOR_WORD]);
/* The processors of the core of this one, by its number. */
int doctor_siblings(struct doctor *d, unsigned cpu, struct doctor_set *ret);

/* ---- the findings: cli/doctor/cpu.c, cli/doctor/isolation.c, cli/doctor/memory.c,
 * cli/doctor/kernel.c, cli/doctor/clock.c, cli/doctor/group.c ---- */

void doctor_cpu(struct doctor *d);
void doctor_isolation(struct doctor *d);
void doctor_memory(struct doctor *d);
void doctor_kernel(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_group(struct doctor *d);

#endif
