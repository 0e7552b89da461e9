/* SPDX-License-Identifier: MIT */
/* completion.h - what a shell has to know of a command to complete its words. */
#ifndef SHMRING_SRC_CLI_COMPLETION_COMPLETION_H
#define SHMRING_SRC_CLI_COMPLETION_COMPLETION_H

#include "command.h"

/* The kinds of a word. */
enum { COMPLETION_RING = 1, COMPLETION_FILE = 2 };

#define COMPLETION_OPERANDS 4
#define COMPLETION_TEXT     160

/* The words of a command that are no options, in order. */
struct completion_operands {
    size_t count;
    unsigned kinds[COMPLETION_OPERANDS];
    unsigned rest;               /* what all further ones can be; 0: there are none */
    char words[COMPLETION_TEXT]; /* "bash zsh fish": the first one is one of these; or empty */
};

struct completion_option {
    const char *name;
    int takes_value;
    int takes_file;
    char value[COMPLETION_TEXT];   /* what the help calls its value: SIZE */
    char words[COMPLETION_TEXT];   /* the values there are, with spaces between; or empty */
    char summary[COMPLETION_TEXT]; /* from the help */
};

/* From the synopsis of the command. */
void completion_operands(const struct command *command, const struct option *options,
                         size_t option_count, struct completion_operands *ret);
/* From the option and the help of its command. */
void completion_option(const struct command *command, const struct option *option,
                       struct completion_option *ret);
/* "ring", "file", "both", or "" of neither. */
const char *completion_kind(unsigned kinds);

/* One command, as a listener of args_tell() gets it. */
typedef void completion_printer(const struct command *command, const struct option *options,
                                size_t option_count);

/* A shell: what its script begins with, says of each command, and ends with. */
struct completion_shell {
    const char *name;
    void (*begin)(void);
    completion_printer *command;
    void (*end)(void);
};

extern const struct completion_shell completion_bash, completion_zsh, completion_fish;

#endif
