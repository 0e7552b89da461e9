/* SPDX-License-Identifier: MIT */
/* fish.c - completion for fish 3 and later. */
#include "completion/completion.h"

#include <string.h>

static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        printf(*text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
    }
    putchar('\'');
}

static void begin(void)
{
    size_t i;

    puts(
        "# shmring completion for fish, made by `shmring completion fish`\n"
        "\n"
        "function __shmring_rings\n"
        "    command shmring ls --names 2>/dev/null\n"
        "end\n"
        "\n"
        "# __shmring_is COMMAND: whether the line has this command.\n"
        "function __shmring_is\n"
        "    set -l words (commandline -opc)\n"
        "    test (count $words) -ge 2; and test \"$words[2]\" = \"$argv[1]\"\n"
        "end\n"
        "\n"
        "# __shmring_word COMMAND FROM TO OPTION...: whether the line has this command, and the "
        "cursor\n"
        "# is at a word that is no option's, the FROM-th to TO-th. OPTION...: those with a value.\n"
        "function __shmring_word\n"
        "    __shmring_is $argv[1]; or return 1\n"
        "    set -l words (commandline -opc)\n"
        "    set -l n 1\n"
        "    set -l skip 0\n"
        "    set -l only 0\n"
        "    for word in $words[3..-1]\n"
        "        if test $skip -eq 1\n"
        "            set skip 0\n"
        "        else if test $only -eq 1\n"
        "            set n (math $n + 1)\n"
        "        else if test \"$word\" = --\n"
        "            set only 1\n"
        "        else if contains -- \"$word\" $argv[4..-1]\n"
        "            set skip 1\n"
        "        else if not string match -q -- '-?*' \"$word\"\n"
        "            set n (math $n + 1)\n"
        "        end\n"
        "    end\n"
        "    test $skip -eq 0; and test $n -ge $argv[2]; and test $n -le $argv[3]\n"
        "end\n"
        "\n"
        "function __shmring_first\n"
        "    test (count (commandline -opc)) -eq 1\n"
        "end\n"
        "\n"
        "complete -c shmring -e\n"
        "complete -c shmring -f\n"
        "complete -c shmring -n __shmring_first -l help -d 'the commands'\n"
        "complete -c shmring -n __shmring_first -l version -d 'the version'\n"
        "complete -c shmring -n __shmring_first -a help -d 'more about a command'");
    for (i = 0; command_at(i) != NULL; i++) {
        if (command_at(i)->summary != NULL) {
            printf("complete -c shmring -n '__shmring_first; or __shmring_word help 1 1' -a %s -d ",
                   command_at(i)->name);
            print_quoted(command_at(i)->summary);
            putchar('\n');
        }
    }
}

static void print_option(const struct command *command, const struct completion_option *o)
{
    printf("complete -c shmring -n '__shmring_is %s' -l %s", command->name, o->name);
    if (o->takes_file) {
        printf(" -r -F");
    } else if (o->takes_value) {
        printf(" -x");
    }
    if (o->words[0] != '\0') {
        printf(" -a '%s'", o->words);
    }
    printf(" -d ");
    print_quoted(o->summary);
    putchar('\n');
}

/* One rule for words of these kinds, the from-th to the to-th. */
static void print_words(const struct command *command, const struct option *options,
                        size_t option_count, size_t from, size_t to, unsigned kinds,
                        const char *words)
{
    size_t i;

    printf("complete -c shmring -n '__shmring_word %s %zu %zu", command->name, from, to);
    for (i = 0; i < option_count; i++) {
        printf(options[i].kind != OPTION_FLAG ? " --%s" : "", options[i].name);
    }
    putchar('\'');
    if ((kinds & COMPLETION_FILE) != 0) {
        printf(" -F");
    }
    if (words[0] != '\0') {
        printf(" -a '%s'", words);
    } else if ((kinds & COMPLETION_RING) != 0) {
        printf(" -a '(__shmring_rings)' -d ring");
    }
    putchar('\n');
}

static void print_command(const struct command *command, const struct option *options,
                          size_t option_count)
{
    struct completion_operands operands;
    struct completion_option o;
    size_t i;

    completion_operands(command, options, option_count, &operands);
    printf("complete -c shmring -n '__shmring_is %s' -l help -d 'more about the command'\n",
           command->name);
    for (i = 0; i < option_count; i++) {
        completion_option(command, &options[i], &o);
        print_option(command, &o);
    }
    for (i = 0; i < operands.count; i++) {
        print_words(command, options, option_count, i + 1, i + 1, operands.kinds[i],
                    operands.words);
    }
    if (operands.rest != 0) {
        print_words(command, options, option_count, operands.count + 1, 9999, operands.rest, "");
    }
}

static void end(void)
{
}

const struct completion_shell completion_fish = {"fish", begin, print_command, end};
