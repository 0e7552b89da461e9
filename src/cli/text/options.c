/* SPDX-License-Identifier: MIT */
/* options.c - command lines: options by table, numbers with units. */
#include <string.h>

#include "command.h"

/* ---- numbers ---- */

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads decimal digits. Returns how many; -1 when the number is beyond 64 bits. */
static int read_digits(const char *text, uint64_t *ret)
{
    uint64_t value = 0, digit;
    int n;

    for (n = 0; is_digit(text[n]); n++) {
        digit = (uint64_t)(text[n] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return -1;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return n;
}

/* "", K, Ki or KiB, in any case: 0, 10, ...; -1 for others. */
static int shift_of(const char *unit)
{
    static const char units[] = "kmgt";
    const char *found = unit[0] != '\0' ? strchr(units, unit[0] | 0x20) : NULL;

    if (unit[0] == '\0') {
        return 0;
    }
    if (found == NULL || (unit[1] != '\0' && (unit[1] | 0x20) != 'i') ||
        (unit[1] != '\0' && unit[2] != '\0' && ((unit[2] | 0x20) != 'b' || unit[3] != '\0'))) {
        return -1;
    }
    return 10 * (int)(found - units + 1);
}

const char *args_size(const char *text, uint64_t *ret)
{
    uint64_t value = 0;
    int n = read_digits(text, &value), shift = n > 0 ? shift_of(text + n) : 0;

    if (n < 0) {
        return "is too large";
    }
    if (n == 0 || shift < 0) {
        return "is not a size: a number, and K, M, G or T if you like, as in 64K or 64KiB";
    }
    if (value > UINT64_MAX >> shift) {
        return "is too large";
    }
    *ret = value << shift;
    return NULL;
}

const char *args_time(const char *text, uint64_t *ret)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {{"ns", 1},
                 {"us", 1000},
                 {"ms", 1000000},
                 {"s", UINT64_C(1000000000)},
                 {"", UINT64_C(1000000000)},
                 {"m", UINT64_C(60000000000)},
                 {"min", UINT64_C(60000000000)},
                 {"h", UINT64_C(3600000000000)},
                 {"d", UINT64_C(86400000000000)}};
    static const char wrong[] = "is not a time: a number, and ns, us, ms, s, m, h or d";
    uint64_t whole = 0, part = 0, scale;
    int n = read_digits(text, &whole);
    const char *rest;
    size_t i;

    if (n < 0) {
        return "is too large";
    }
    rest = text + n;
    if (n == 0 || (rest[0] == '.' && !is_digit(rest[1]))) {
        return wrong;
    }
    if (rest[0] == '.') { /* nine digits behind the point are all that count */
        for (scale = UINT64_C(100000000), rest++; is_digit(*rest); rest++, scale /= 10) {
            part += scale * (uint64_t)(*rest - '0');
        }
    }
    for (i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(rest, units[i].unit) == 0) {
            if (whole > UINT64_MAX / 2 / units[i].ns) {
                return "is too large";
            }
            *ret = whole * units[i].ns + (uint64_t)((double)part / 1e9 * (double)units[i].ns + 0.5);
            return NULL;
        }
    }
    return wrong;
}

static const char *read_number(const char *text, uint64_t *ret)
{
    static const char hex[] = "0123456789abcdef";
    uint64_t value = 0;
    const char *at, *digit;
    int n;

    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) {
        n = read_digits(text, &value);
        if (n <= 0 || text[n] != '\0') {
            return n < 0 ? "is too large" : "is not a number";
        }
        *ret = value;
        return NULL;
    }
    for (at = text + 2; *at != '\0'; at++) {
        digit = strchr(hex, *at >= 'A' && *at <= 'F' ? *at - 'A' + 'a' : *at);
        if (digit == NULL) {
            return "is not a number";
        }
        if (value >> 60 != 0) {
            return "is too large";
        }
        value = value << 4 | (uint64_t)(digit - hex);
    }
    if (at == text + 2) {
        return "is not a number";
    }
    *ret = value;
    return NULL;
}

static const char *read_mode(const char *text, uint32_t *ret)
{
    uint32_t value = 0;
    const char *at;

    for (at = text; *at >= '0' && *at <= '7' && value <= 0777; at++) {
        value = value * 8 + (uint32_t)(*at - '0');
    }
    if (at == text || *at != '\0' || value > 0777 || value == 0) {
        return "is not a mode: octal permission bits from 0001 to 0777";
    }
    *ret = value;
    return NULL;
}

static const char *read_cpus(const char *text, struct cpu_pair *ret)
{
    static const char wrong[] = "is not two processors: their numbers with a comma between";
    uint64_t first = 0, second = 0;
    int n = read_digits(text, &first), more;

    if (n == 0 || (n > 0 && text[n] != ',')) {
        return wrong;
    }
    more = n > 0 ? read_digits(text + n + 1, &second) : -1;
    if (more == 0 || (more > 0 && text[n + 1 + more] != '\0')) {
        return wrong;
    }
    if (more < 0 || first > INT32_MAX || second > INT32_MAX) {
        return "is too large";
    }
    *ret = (struct cpu_pair){1, {(unsigned)first, (unsigned)second}};
    return NULL;
}

/* ---- options ---- */

static const char *read_choice(const struct option *o, const char *text)
{
    static char wrong[120];
    uint32_t i;
    size_t n;

    for (i = 0; o->choices[i] != NULL; i++) {
        if (strcmp(o->choices[i], text) == 0) {
            *(uint32_t *)o->value = i;
            return NULL;
        }
    }
    n = (size_t)snprintf(wrong, sizeof wrong, "must be");
    for (i = 0; o->choices[i] != NULL && n < sizeof wrong; i++) {
        n += (size_t)snprintf(wrong + n, sizeof wrong - n, "%s %s",
                              i == 0                      ? ""
                              : o->choices[i + 1] == NULL ? " or"
                                                          : ",",
                              o->choices[i]);
    }
    return wrong;
}

/* Returns NULL, or what is wrong. */
static const char *read_value(const struct option *o, const char *text)
{
    const char *wrong = NULL;
    uint64_t value = 0;

    if (text[0] == '-' && o->kind != OPTION_CHOICE && o->kind != OPTION_TEXT) {
        return is_digit(text[1]) ? "is negative" : "is not a number";
    }
    switch (o->kind) {
    case OPTION_FLAG:
        break;
    case OPTION_SIZE:
        wrong = args_size(text, &value);
        break;
    case OPTION_COUNT:
    case OPTION_NUMBER:
        wrong = read_number(text, &value);
        break;
    case OPTION_TIME:
        wrong = args_time(text, &value);
        break;
    case OPTION_MODE:
        return read_mode(text, o->value);
    case OPTION_CHOICE:
        return read_choice(o, text);
    case OPTION_CPUS:
        return read_cpus(text, o->value);
    case OPTION_TEXT:
        *(const char **)o->value = text;
        return text[0] != '\0' ? NULL : "is empty";
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (o->most != 0 && value > o->most) {
        return o->too_large != NULL ? o->too_large : "is too large";
    }
    if (value < o->least) {
        return o->too_small;
    }
    if (value == 0 && (o->kind == OPTION_COUNT || o->kind == OPTION_SIZE)) {
        return "must be more than 0";
    }
    *(uint64_t *)o->value = value;
    return NULL;
}

/* n letters of a word that is no option's name. */
static void say_unknown(const struct command *self, const char *word, size_t n,
                        const struct option *options, size_t option_count)
{
    struct suggestion meant;
    size_t i;

    suggest_start(&meant, word, n);
    for (i = 0; i < option_count; i++) {
        suggest_try(&meant, options[i].name);
    }
    n = n < 80 ? n : 80;
    if (meant.best != NULL) {
        (void)say_usage("%s has no option --%.*s; it has --%s", self->name, (int)n, word,
                        meant.best);
    } else {
        (void)say_usage("%s has no option --%.*s", self->name, (int)n, word);
    }
}

/* One option at argv[*at]. Returns 1, or 0 after a usage sentence. */
static int read_option(const struct command *self, int argc, char **argv, int *at,
                       const struct option *options, size_t option_count)
{
    const char *text = argv[*at] + 2;
    const char *equals = strchr(text, '=');
    size_t i, n = equals != NULL ? (size_t)(equals - text) : strlen(text);
    const char *wrong;

    for (i = 0; i < option_count; i++) {
        if (strlen(options[i].name) == n && strncmp(options[i].name, text, n) == 0) {
            break;
        }
    }
    if (i == option_count) {
        say_unknown(self, text, n, options, option_count);
        return 0;
    }
    if (options[i].kind == OPTION_FLAG) {
        if (equals != NULL) {
            (void)say_usage("--%s takes no value", options[i].name);
            return 0;
        }
        *(int *)options[i].value = 1;
        return 1;
    }
    if (equals == NULL && ++*at >= argc) {
        (void)say_usage("--%s needs a value", options[i].name);
        return 0;
    }
    text = equals != NULL ? equals + 1 : argv[*at];
    wrong = read_value(&options[i], text);
    if (wrong != NULL) {
        (void)say_usage("--%s: '%.80s' %s", options[i].name, text, wrong);
    }
    return wrong == NULL;
}

static void (*told)(const struct command *, const struct option *, size_t);

void args_tell(const struct command *command,
               void (*listener)(const struct command *command, const struct option *options,
                                size_t option_count))
{
    told = listener;
    (void)command->run(command, 0, NULL);
    told = NULL;
}

int args_read_many(const struct command *self, int argc, char **argv, const struct option *options,
                   size_t option_count, const char **ret_operands, size_t room, size_t *ret_count,
                   int *ret_exit)
{
    size_t found = 0;
    int i, only_operands = 0;

    *ret_exit = EXIT_USAGE;
    if (told != NULL) {
        told(self, options, option_count);
        return 0;
    }
    for (i = 0; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = 1;
        } else if (!only_operands &&
                   (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            help_print(self);
            *ret_exit = say_done();
            return 0;
        } else if (!only_operands && strncmp(argv[i], "--", 2) == 0) {
            if (!read_option(self, argc, argv, &i, options, option_count)) {
                return 0;
            }
        } else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
            (void)say_usage("%s has no option %.80s", self->name, argv[i]);
            return 0;
        } else if (found == room) {
            (void)say_usage("%s does not know what to do with '%.80s'", self->name, argv[i]);
            return 0;
        } else {
            ret_operands[found++] = argv[i];
        }
    }
    *ret_count = found;
    *ret_exit = EXIT_OK;
    return 1;
}

int args_read(const struct command *self, int argc, char **argv, const struct option *options,
              size_t option_count, const char *operand, const char **ret_operand, int *ret_exit)
{
    size_t found;

    if (!args_read_many(self, argc, argv, options, option_count, ret_operand, operand != NULL,
                        &found, ret_exit)) {
        return 0;
    }
    if (operand != NULL && found == 0 && operand[0] != '[') {
        *ret_exit = say_usage("%s needs a %s", self->name, operand);
        return 0;
    }
    return 1;
}
