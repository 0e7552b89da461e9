/* SPDX-License-Identifier: MIT */
/* completion.c - reads the tables and the help of a command for those who complete its words. */
#include "completion/completion.h"

#include <string.h>

/* ---- operands ---- */

/* Takes the next word of a synopsis, without brackets and dots. Returns what is behind it, or NULL
 * when no operand is left. */
static const char *next_operand(const char *text, char ret_word[COMPLETION_TEXT], int *ret_repeats)
{
    size_t n;

    text += strspn(text, " \n");
    n = strcspn(text, " \n");
    if (n == 0 || n >= COMPLETION_TEXT || text[0] == '|' || strncmp(text, "--", 2) == 0 ||
        strncmp(text, "[--", 3) == 0 || strncmp(text, "[options]", 9) == 0) {
        return NULL;
    }
    (void)snprintf(ret_word, COMPLETION_TEXT, "%.*s", (int)(n - (text[0] == '[')),
                   text + (text[0] == '['));
    *ret_repeats = strstr(ret_word, "...") != NULL;
    ret_word[strcspn(ret_word, ".]")] = '\0';
    return text + n;
}

void completion_operands(const struct command *command, const struct option *options,
                         size_t option_count, struct completion_operands *ret)
{
    const char *text = command->synopsis;
    char word[COMPLETION_TEXT];
    unsigned kind, also = 0;
    int repeats = 0, repeated = 0;
    char *bar;
    size_t i;

    memset(ret, 0, sizeof *ret);
    for (i = 0; i < option_count; i++) {
        also |= strcmp(options[i].name, "file") == 0 ? COMPLETION_FILE : 0u; /* then NAME is one */
    }
    while (ret->count < COMPLETION_OPERANDS) {
        text = next_operand(text, word, &repeats);
        if (text == NULL) {
            break;
        }
        if (strchr(word, '|') != NULL) {
            (void)snprintf(ret->words, sizeof ret->words, "%s", word);
            for (bar = ret->words; (bar = strchr(bar, '|')) != NULL;) {
                *bar = ' ';
            }
        }
        kind = strcmp(word, "NAME") == 0   ? COMPLETION_RING | also
               : strcmp(word, "FILE") == 0 ? COMPLETION_FILE
                                           : 0u;
        repeated |= repeats;
        ret->rest |= repeated ? kind : 0;
        ret->kinds[ret->count++] = kind;
    }
    if (repeated) { /* how many the repeated one stands for is not known before the end */
        ret->count = 1;
    }
}

const char *completion_kind(unsigned kinds)
{
    static const char *const names[] = {"", "ring", "file", "both"};

    return names[kinds & (COMPLETION_RING | COMPLETION_FILE)];
}

/* ---- options ---- */

/* The line of the help that begins with the option, behind its name; NULL: there is none. */
static const char *line_of(const char *help, const char *name)
{
    const size_t n = strlen(name);
    const char *at;

    for (at = help; (at = strstr(at, "\n  --")) != NULL; at++) {
        if (strncmp(at + 5, name, n) == 0 && at[5 + n] == ' ') {
            return at + 5 + n;
        }
    }
    return NULL;
}

/* Copies the text of an option, which may go on in lines that are further in, up to its first stop
 * or semicolon. */
static void copy_summary(const char *text, char to[COMPLETION_TEXT])
{
    size_t n = 0;

    for (text += strspn(text, " "); *text != '\0' && n < COMPLETION_TEXT - 1; text++) {
        if (*text == ';' || (text[0] == '.' && text[1] == ' ') ||
            (*text == '\n' && strncmp(text + 1, "        ", 8) != 0)) {
            break;
        }
        if (*text == '\n') {
            to[n++] = ' ';
            text += strspn(text + 1, " ");
        } else {
            to[n++] = *text;
        }
    }
    to[n] = '\0';
}

/* "a, b or c" as the summary, "a b c" as the words. */
static void copy_choices(const char *const *choices, struct completion_option *ret, int as_summary)
{
    size_t n = 0, m = 0, i;

    for (i = 0; choices[i] != NULL && n < COMPLETION_TEXT && m < COMPLETION_TEXT; i++) {
        n += (size_t)snprintf(ret->words + n, COMPLETION_TEXT - n, "%s%s", i > 0 ? " " : "",
                              choices[i]);
        if (as_summary) {
            m += (size_t)snprintf(ret->summary + m, COMPLETION_TEXT - m, "%s%s",
                                  i == 0                   ? ""
                                  : choices[i + 1] == NULL ? " or "
                                                           : ", ",
                                  choices[i]);
        }
    }
}

void completion_option(const struct command *command, const struct option *option,
                       struct completion_option *ret)
{
    const char *line = line_of(command->help, option->name);
    size_t n;

    memset(ret, 0, sizeof *ret);
    ret->name = option->name;
    ret->takes_value = option->kind != OPTION_FLAG;
    if (line != NULL && line[1] != ' ') { /* its value, or what follows a flag */
        n = strcspn(line + 1, " \n");
        (void)snprintf(ret->value, sizeof ret->value, "%.*s", (int)n, line + 1);
        line += 1 + n;
    }
    if (line != NULL) {
        copy_summary(line, ret->summary);
    }
    if (option->kind == OPTION_CHOICE) { /* where the help has a line for each, none is for all */
        copy_choices(option->choices, ret, strcmp(ret->value, option->choices[0]) == 0);
    }
    ret->takes_file = option->kind == OPTION_TEXT && strcmp(ret->value, "FILE") == 0;
}
