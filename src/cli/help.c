/* SPDX-License-Identifier: MIT */
/* help.c - what `shmring COMMAND --help` prints, in lines of at most 80 columns however the texts
 * in the source are broken: paragraphs, and options with their words beside them. */
#include <string.h>

#include "command.h"

#define HELP_COLUMNS 80u
#define HELP_LONGEST 2048u
#define BESIDE       8u /* a line that is further in goes on with what is above it */

static size_t spaces(const char *text)
{
    return strspn(text, " ");
}

/* The bytes of the next word; one in brackets is one word. */
static size_t word_length(const char *text)
{
    size_t n = 0;
    int depth = 0;

    for (; text[n] != '\0' && (depth > 0 || text[n] != ' '); n++) {
        depth += (text[n] == '[') - (text[n] == ']');
    }
    return n;
}

/* Prints words behind `column` columns that are there already; lines after the first start at
 * `hang`. */
static void wrap(const char *text, size_t column, size_t hang)
{
    size_t n;
    int fresh = 1;

    for (text += spaces(text); *text != '\0'; text += n, text += spaces(text)) {
        n = word_length(text);
        if (!fresh && column + 1 + n > HELP_COLUMNS) {
            printf("\n%*s", (int)hang, "");
            column = hang;
            fresh = 1;
        }
        printf("%s%.*s", fresh ? "" : " ", (int)n, text);
        column += n + (fresh ? 0 : 1);
        fresh = 0;
    }
    putchar('\n');
}

/* Where the words of an option start, beside it; of other lines how far they are in. */
static size_t beside(const char *line)
{
    const size_t in = spaces(line);
    const char *gap = strstr(line + in, "  ");

    return in > 0 && gap != NULL ? (size_t)(gap - line) + spaces(gap) : in;
}

static int goes_on(const char *line, size_t in)
{
    return *line != '\0' && *line != '\n' &&
           (in == 0 ? line[0] != ' ' : spaces(line) >= BESIDE && in < BESIDE);
}

/* One paragraph, or one option. Returns what is behind it. */
static const char *print_part(const char *text)
{
    char part[HELP_LONGEST];
    const size_t in = spaces(text);
    size_t used = 0, n, hang;

    do {
        n = strcspn(text, "\n");
        used += (size_t)snprintf(part + used, sizeof part - used, "%s%.*s", used > 0 ? " " : "",
                                 (int)n, text);
        text += n + (text[n] == '\n');
    } while (goes_on(text, in) && used < sizeof part - HELP_COLUMNS);
    hang = beside(part);
    printf("%.*s", (int)hang, part);
    wrap(part + hang, hang, hang);
    return text;
}

void help_print(const struct command *command)
{
    const char *text = command->synopsis;
    char line[HELP_LONGEST];
    size_t n, used = 0;
    const size_t hang = strlen("usage: shmring ") + strlen(command->name) + 1;

    used = (size_t)snprintf(line, sizeof line, "%s", command->name);
    while (*text != '\0') {
        n = strcspn(text, "\n");
        if (strncmp(text + spaces(text), "shmring ", 8) == 0) { /* another way to call it */
            printf(line[0] == ' ' ? "       shmring " : "usage: shmring ");
            wrap(line, hang - strlen(command->name) - 1, hang);
            text += spaces(text) + 8;
            n = strcspn(text, "\n");
            used = (size_t)snprintf(line, sizeof line, " %.*s", (int)n, text);
        } else {
            used += (size_t)snprintf(line + used, sizeof line - used, " %.*s", (int)n, text);
        }
        text += n + (text[n] == '\n');
    }
    printf(line[0] == ' ' ? "       shmring " : "usage: shmring ");
    wrap(line, hang - strlen(command->name) - 1, hang);
    putchar('\n');
    for (text = command->help; *text != '\0';) {
        if (*text == '\n') {
            putchar('\n');
            text++;
        } else {
            text = print_part(text);
        }
    }
}
