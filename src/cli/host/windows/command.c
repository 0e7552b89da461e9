/* SPDX-License-Identifier: MIT */
/* command.c - host.h on Windows: another program, and what it prints. */
#include "host/windows/windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define LINE_ROOM 8192u

/* The words as one line for the shell: one alone is such a line. 0: too long. */
static int join(char line[LINE_ROOM], const char *const *words)
{
    const char *const quote = words[1] != NULL ? "\"" : "";
    size_t n = 0;
    int i;

    line[0] = '\0';
    for (i = 0; words[i] != NULL; i++) {
        if (n + strlen(words[i]) + 4 > LINE_ROOM) {
            return 0;
        }
        n += (size_t)snprintf(line + n, LINE_ROOM - n, "%s%s%s%s", i != 0 ? " " : "", quote,
                              words[i], quote);
    }
    return 1;
}

static char *read_all(FILE *from, size_t most)
{
    size_t room = 65536, n = 0, got;
    char *text = malloc(room), *more;

    while (text != NULL && (got = fread(text + n, 1, room - n - 1, from)) > 0) {
        n += got;
        if (n + 1 == room) {
            more = room < most ? realloc(text, 2 * room) : NULL;
            if (more == NULL) {
                free(text);
                return NULL;
            }
            text = more;
            room *= 2;
        }
    }
    if (text != NULL) {
        text[n] = '\0';
    }
    return text;
}

char *host_command_output(struct host_child *ret, const char *const *words, size_t most)
{
    static char line[LINE_ROOM];
    char *text;
    FILE *from;

    memset(ret, 0, sizeof *ret);
    from = join(line, words) ? _popen(line, "rb") : NULL;
    if (from == NULL) {
        (void)host_failed_with(ERROR_BAD_LENGTH);
        return NULL;
    }
    text = read_all(from, most);
    ret->status = _pclose(from);
    (void)snprintf(ret->how, sizeof ret->how, "ended with status %d", ret->status);
    if (text == NULL) {
        (void)host_failed_with(ERROR_NOT_ENOUGH_MEMORY);
    }
    return text;
}
