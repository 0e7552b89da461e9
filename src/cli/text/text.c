/* SPDX-License-Identifier: MIT */
/* text.c - text that others may have written, on its way to people. printable.h has the rule. */
#include <stdarg.h>

#include "command.h"
#include "host/host.h"
#include "base/printable.h"

void text_make_printable(char *text, int ascii)
{
    shmring_make_printable(text);
    for (; ascii && *text != '\0'; text++) {
        *text = (unsigned char)*text < 0x80 ? *text : '?';
    }
}

int text_width(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0u) != 0x80u; /* a character begins */
    }
    return width;
}

int text_needs_ascii(void)
{
    static int known, needs;

    if (!known) { /* elsewhere than on a terminal text is UTF-8 */
        needs = (host_output_is_terminal() || host_error_is_terminal()) && !host_output_is_utf8();
        known = 1;
    }
    return needs;
}

void print_line(const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    text_make_printable(line, text_needs_ascii());
    puts(line);
}
