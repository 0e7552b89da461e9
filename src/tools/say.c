/* SPDX-License-Identifier: MIT */
/* say.c - sentences on standard error, and the end of standard output. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "cli.h"

static int failed;
static const char *command; /* NULL: none yet */

/* One line, whatever was typed: nothing in it that a terminal would obey. */
static void say(const char *format, va_list args)
{
    char sentence[1024];
    char *at;

    (void)vsnprintf(sentence, sizeof sentence, format, args);
    for (at = sentence; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == '\x7f') {
            *at = '?';
        }
    }
    (void)fflush(stdout);
    (void)fprintf(stderr, "shmring: %s", sentence);
}

int say_failed(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    failed = 1;
    return EXIT_FAILED;
}

void say_command(const char *name)
{
    command = name;
}

int say_has_failed(void)
{
    return failed;
}

int say_usage(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    (void)fprintf(stderr, "; see shmring %s%s--help\n", command != NULL ? command : "",
                  command != NULL ? " " : "");
    return EXIT_USAGE;
}

void say_notice(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

int say_status(shmring_status status)
{
    const char *detail = shmring_error_detail();

    if (status >= 0 || detail[0] == '\0') {
        detail = shmring_status_text(status);
    }
    if (status == SHMRING_E_NAME || status == SHMRING_E_INVALID) {
        return say_usage("%s", detail); /* no such ring could ever be */
    }
    return say_failed("%s", detail);
}

int say_done(void)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        return say_failed("standard output: %s",
                          errno != 0 ? strerror(errno) : "not everything could be written");
    }
    return EXIT_OK;
}

const char *short_name(const char *name)
{
    return strncmp(name, "Local\\", 6) == 0 ? name + 6 : name;
}
