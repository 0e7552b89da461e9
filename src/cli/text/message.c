/* SPDX-License-Identifier: MIT */
/* message.c - sentences on standard error, and the end of standard output. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "command.h"
#include "host/host.h"

static int failed;
static const char *command; /* NULL: none yet */

/* One line, whatever was typed: nothing in it that a terminal would obey. */
static void say(const char *format, va_list args)
{
    char sentence[1024];

    (void)vsnprintf(sentence, sizeof sentence, format, args);
    text_make_printable(sentence, text_needs_ascii());
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

/* The program's word for a constant of the C interface: its option, or how it is called there. */
static const char *word_for(const char *constant, size_t n, char to[64])
{
    size_t i;

    if (n == 9 && memcmp(constant, "ANY_OWNER", n) == 0) {
        return "--any-owner";
    }
    for (i = 0; i < n && i < 63; i++) {
        to[i] = (char)(constant[i] == '_' ? '-' : constant[i] | 0x20);
    }
    to[i] = '\0';
    return to;
}

/* A sentence of the library's in the program's words. */
static const char *in_our_words(const char *detail)
{
    static const char prefix[] = "SHMRING_";
    static char sentence[600];
    char word[64];
    size_t used = 0, n;
    const char *at;

    while ((at = strstr(detail, prefix)) != NULL && used < sizeof sentence) {
        n = strspn(at + sizeof prefix - 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        used +=
            (size_t)snprintf(sentence + used, sizeof sentence - used, "%.*s%s", (int)(at - detail),
                             detail, word_for(at + sizeof prefix - 1, n, word));
        detail = at + sizeof prefix - 1 + n;
    }
    if (used < sizeof sentence) {
        (void)snprintf(sentence + used, sizeof sentence - used, "%s", detail);
    }
    return sentence;
}

int say_status(shmring_status status)
{
    const char *detail = in_our_words(shmring_error_detail());

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
        if (host_stop_requested() && (errno == EINTR || errno == 0)) {
            return EXIT_OK; /* it was blocked, and is not waited for */
        }
        if (errno == EPIPE || host_output_is_gone()) {
            return EXIT_FAILED; /* its reader has what it wanted */
        }
        return say_failed("standard output: %s",
                          errno != 0 ? strerror(errno) : "not everything could be written");
    }
    return EXIT_OK;
}

const char *short_name(const char *name)
{
    return strncmp(name, "Local\\", 6) == 0 ? name + 6 : name;
}
