/* SPDX-License-Identifier: MIT */
/* zsh.c - completion for zsh, as a file of its function path or to be sourced. */
#include "completion/completion.h"

#include <string.h>

/* Text between single quotes, where `special` has a meaning and loses it behind a backslash. */
static void print_quoted(const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            printf("'\\''");
        } else {
            printf(strchr(special, *text) != NULL ? "\\%c" : "%c", *text);
        }
    }
}

static void begin(void)
{
    size_t i;

    puts("#compdef shmring\n"
         "# shmring completion for zsh, made by `shmring completion zsh`\n"
         "\n"
         "_shmring_ring()\n"
         "{\n"
         "    local expl\n"
         "    local -a rings\n"
         "    rings=(${(f)\"$(_call_program rings shmring ls --names 2>/dev/null)\"})\n"
         "    _wanted rings expl ring compadd -a rings\n"
         "}\n"
         "\n"
         "_shmring_both()\n"
         "{\n"
         "    _alternative 'rings:ring:_shmring_ring' 'files:file:_files'\n"
         "}\n"
         "\n"
         "_shmring()\n"
         "{\n"
         "    local command\n"
         "    local -a commands\n"
         "    commands=(");
    for (i = 0; command_at(i) != NULL; i++) {
        if (command_at(i)->summary != NULL) {
            printf("        '%s:", command_at(i)->name);
            print_quoted(command_at(i)->summary, ":\\");
            puts("'");
        }
    }
    puts("        'help:more about a command'\n"
         "    )\n"
         "    if ((CURRENT == 2)); then\n"
         "        if [[ $words[2] == -* ]]; then\n"
         "            compadd -- --help --version\n"
         "        else\n"
         "            _describe -t commands command commands\n"
         "        fi\n"
         "        return\n"
         "    fi\n"
         "    command=$words[2]\n"
         "    shift words\n"
         "    ((CURRENT--))\n"
         "    case $command in\n"
         "    help)\n"
         "        ((CURRENT == 2)) && _describe -t commands command commands\n"
         "        ;;");
}

static void print_option(const struct completion_option *o)
{
    printf(" \\\n            '--%s%s[", o->name, o->takes_value ? "=" : "");
    print_quoted(o->summary, "[]:\\");
    putchar(']');
    if (o->takes_value) {
        putchar(':');
        print_quoted(o->value, ":\\");
        printf(":%s%s%s", o->words[0] != '\0' ? "(" : "",
               o->words[0] != '\0' ? o->words
               : o->takes_file     ? "_files"
                                   : " ",
               o->words[0] != '\0' ? ")" : "");
    }
    putchar('\'');
}

static const char *function_of(unsigned kinds)
{
    const char *kind = completion_kind(kinds);

    return strcmp(kind, "ring") == 0 ? "_shmring_ring"
           : kind[0] == 'f'          ? "_files"
                                     : "_shmring_both";
}

static void print_command(const struct command *command, const struct option *options,
                          size_t option_count)
{
    struct completion_operands operands;
    struct completion_option o;
    size_t i;

    completion_operands(command, options, option_count, &operands);
    printf("    %s)\n        _arguments", command->name);
    for (i = 0; i < option_count; i++) {
        completion_option(command, &options[i], &o);
        print_option(&o);
    }
    printf(" \\\n            '(- *)--help[more about the command]'");
    for (i = 0; i < operands.count; i++) {
        if (operands.words[0] != '\0') {
            printf(" \\\n            '%zu:word:(%s)'", i + 1, operands.words);
        } else {
            printf(" \\\n            '%zu:%s:%s'", i + 1, completion_kind(operands.kinds[i]),
                   function_of(operands.kinds[i]));
        }
    }
    if (operands.rest != 0) {
        printf(" \\\n            '*:%s:%s'", completion_kind(operands.rest),
               function_of(operands.rest));
    }
    puts("\n        ;;");
}

static void end(void)
{
    puts("    esac\n"
         "}\n"
         "\n"
         "if [[ $funcstack[1] == _shmring ]]; then\n"
         "    _shmring \"$@\"\n"
         "else\n"
         "    compdef _shmring shmring\n"
         "fi");
}

const struct completion_shell completion_zsh = {"zsh", begin, print_command, end};
