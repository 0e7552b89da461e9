/* SPDX-License-Identifier: MIT */
/* read.c - findings, and the files that they are read from. */
#include <stdarg.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/host.h"

#define PATH_SIZE 4096

/* ---- findings ---- */

struct doctor_finding *doctor_add(struct doctor *d, const char *name, const char *why)
{
    struct doctor_finding *f =
        &d->findings[d->count < DOCTOR_FINDINGS ? d->count++ : DOCTOR_FINDINGS - 1];

    memset(f, 0, sizeof *f);
    f->name = name;
    f->why = why;
    doctor_set(f, DOCTOR_UNKNOWN, "unknown");
    return f;
}

void doctor_set(struct doctor_finding *f, enum doctor_state state, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(f->value, sizeof f->value, format, args);
    va_end(args);
    text_make_printable(f->value, 1);
    f->state = state;
}

void doctor_fix(struct doctor_finding *f, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(f->fix, sizeof f->fix, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof f->fix) {
        f->fix[0] = '\0'; /* half a command is none */
    }
}

/* ---- files ---- */

static int read_path(struct doctor *d, const char *format, va_list args)
{
    char path[PATH_SIZE];
    int n = vsnprintf(path, sizeof path, format, args);
    int64_t got;

    d->text[0] = '\0';
    if (n < 0 || (size_t)n >= sizeof path) {
        return 0;
    }
    got = host_tree_read(d->root, path, d->text, sizeof d->text - 1);
    if (got <= 0 || memchr(d->text, '\0', (size_t)got) != NULL) {
        d->text[0] = '\0';
        return 0;
    }
    d->text[got] = '\0';
    if ((size_t)got == sizeof d->text - 1) { /* not all of it: whole lines only */
        char *last = strrchr(d->text, '\n');

        *(last != NULL ? last + 1 : d->text) = '\0';
    }
    return d->text[0] != '\0';
}

int doctor_read(struct doctor *d, const char *format, ...)
{
    va_list args;
    int ok;

    va_start(args, format);
    ok = read_path(d, format, args);
    va_end(args);
    return ok;
}

/* Reads decimal digits; returns what is behind them, or NULL. */
static const char *read_digits(const char *text, uint64_t *ret)
{
    uint64_t value = 0, digit;
    const char *at;

    for (at = text; *at >= '0' && *at <= '9'; at++) {
        digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return NULL;
        }
        value = value * 10 + digit;
    }
    if (at == text) {
        return NULL;
    }
    *ret = value;
    return at;
}

int doctor_number(struct doctor *d, uint64_t *ret, const char *format, ...)
{
    uint64_t value;
    const char *rest;
    va_list args;
    int ok;

    va_start(args, format);
    ok = read_path(d, format, args);
    va_end(args);
    rest = ok ? read_digits(d->text, &value) : NULL;
    if (rest == NULL || rest[strspn(rest, " \t\n")] != '\0') {
        return 0;
    }
    *ret = value;
    return 1;
}

int doctor_word(struct doctor *d, char ret[DOCTOR_WORD], const char *format, ...)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-+.";
    va_list args;
    size_t n;
    int ok;

    va_start(args, format);
    ok = read_path(d, format, args);
    va_end(args);
    n = ok ? strspn(d->text, letters) : 0;
    if (n == 0 || n >= DOCTOR_WORD || d->text[n + strspn(d->text + n, " \t\n")] != '\0') {
        return 0;
    }
    memcpy(ret, d->text, n);
    ret[n] = '\0';
    return 1;
}

int doctor_list(struct doctor *d, struct doctor_set *ret, const char *format, ...)
{
    va_list args;
    int ok;

    va_start(args, format);
    ok = read_path(d, format, args);
    va_end(args);
    return ok && doctor_parse(d->text, ret);
}

/* ---- their text ---- */

int doctor_line(const struct doctor *d, const char *key, char *ret, size_t size)
{
    const char *at = d->text;
    const size_t length = strlen(key);
    size_t n;

    while (strncmp(at, key, length) != 0) {
        at = strchr(at, '\n');
        if (at == NULL) {
            return 0;
        }
        at++;
    }
    at += length + strspn(at + length, " \t");
    n = strcspn(at, "\n");
    while (n > 0 && (at[n - 1] == ' ' || at[n - 1] == '\t')) {
        n--;
    }
    if (n >= size) {
        return 0;
    }
    memcpy(ret, at, n);
    ret[n] = '\0';
    return 1;
}

int doctor_has(const char *text, const char *word, char ret[DOCTOR_LIST])
{
    static const char between[] = " \t\n,";
    const size_t length = strlen(word);
    size_t n;

    for (text += strspn(text, between); *text != '\0'; text += n, text += strspn(text, between)) {
        /* A list behind a word has commas of its own. */
        n = strcspn(text, ret != NULL && strncmp(text, word, length) == 0 ? " \t\n" : between);
        if (strncmp(text, word, length) != 0 || (ret == NULL && n != length)) {
            continue;
        }
        if (ret != NULL && n - length < DOCTOR_LIST) {
            memcpy(ret, text + length, n - length);
            ret[n - length] = '\0';
        }
        return ret == NULL || n - length < DOCTOR_LIST;
    }
    return 0;
}

int doctor_limit(struct doctor *d, const char *key, uint64_t *ret)
{
    char line[DOCTOR_LIST];
    const char *rest;
    uint64_t value;

    if (!doctor_read(d, "proc/self/limits") || !doctor_line(d, key, line, sizeof line)) {
        return 0;
    }
    if (strncmp(line, "unlimited ", 10) == 0) {
        *ret = UINT64_MAX;
        return 1;
    }
    rest = read_digits(line, &value);
    if (rest == NULL || *rest != ' ') {
        return 0;
    }
    *ret = value;
    return 1;
}

int doctor_numbers(const char *text, uint64_t *ret, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        text = read_digits(text + strspn(text, " \t"), &ret[i]);
        if (text == NULL || strchr(" \t\n", *text) == NULL) { /* or it ends */
            return 0;
        }
    }
    return 1;
}

/* ---- sets ---- */

int doctor_in(const struct doctor_set *set, unsigned number)
{
    return number < DOCTOR_CPUS && set->has[number];
}

int doctor_parse(const char *text, struct doctor_set *ret)
{
    struct doctor_set set = {{0}, 0};
    uint64_t first = 0, last = 0;
    unsigned i;

    for (text += strspn(text, " \t\n"); *text >= '0' && *text <= '9';) {
        text = read_digits(text, &first);
        last = first;
        if (text != NULL && *text == '-') {
            text = read_digits(text + 1, &last);
        }
        if (text == NULL || first > last || last >= DOCTOR_CPUS) {
            return 0;
        }
        for (i = (unsigned)first; i <= last; i++) {
            set.count += !set.has[i];
            set.has[i] = 1;
        }
        if (*text == ',' && text[1] >= '0' && text[1] <= '9') {
            text++;
        }
    }
    if (text[strspn(text, " \t\n")] != '\0') {
        return 0;
    }
    *ret = set;
    return 1;
}

const char *doctor_list_text(const struct doctor_set *set, char to[DOCTOR_LIST])
{
    unsigned first, last;
    size_t used = 0;

    to[0] = '\0';
    for (first = 0; first < DOCTOR_CPUS && used < DOCTOR_LIST - 16; first++) {
        if (!set->has[first]) {
            continue;
        }
        for (last = first; doctor_in(set, last + 1);) {
            last++;
        }
        used += (size_t)snprintf(to + used, DOCTOR_LIST - used, last > first ? "%s%u-%u" : "%s%u",
                                 used > 0 ? "," : "", first, last);
        first = last;
    }
    return to;
}

const char *doctor_cpus_text(const struct doctor *d, char to[DOCTOR_WORD])
{
    if (d->cpu_count == 0) {
        (void)snprintf(to, DOCTOR_WORD, "unknown");
    } else if (d->cpu_count == 1) {
        (void)snprintf(to, DOCTOR_WORD, "%u", d->cpus[0]);
    } else {
        (void)snprintf(to, DOCTOR_WORD, "%u and %u", d->cpus[0], d->cpus[1]);
    }
    return to;
}

int doctor_siblings(struct doctor *d, unsigned cpu, struct doctor_set *ret)
{
    return doctor_list(d, ret, "sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu) &&
           doctor_in(ret, cpu);
}
