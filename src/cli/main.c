/* SPDX-License-Identifier: MIT */
/* main.c - the program shmring: finds the command. */
#include <string.h>

#include "command.h"
#include "host/host.h"

static const struct command *const commands[] = {
    &command_demo,     &command_ping, &command_flood,  &command_doctor,     &command_compare,
    &command_send,     &command_recv, &command_tap,    &command_record,     &command_replay,
    &command_info,     &command_cut,  &command_export, &command_bridge,     &command_create,
    &command_describe, &command_ls,   &command_stat,   &command_top,        &command_verify,
    &command_repair,   &command_rm,   &command_prune,  &command_completion, &command_partner,
};

#define COMMANDS (sizeof commands / sizeof commands[0])

const struct command *command_at(size_t i)
{
    return i < COMMANDS ? commands[i] : NULL;
}

static int help(void)
{
    size_t i;

    puts("shmring - a lock-free ring in named shared memory between two processes\n"
         "\n"
         "usage: shmring COMMAND [NAME] [options]\n");
    for (i = 0; i < COMMANDS; i++) {
        if (commands[i]->summary != NULL) {
            printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
        }
    }
    puts("\n"
         "Try it in two terminals, in either order:\n"
         "\n"
         "  seq 1 1000000 | shmring send numbers\n"
         "  shmring recv numbers | tail -1\n"
         "\n"
         "Sizes take K, M, G, T; times take ns, us, ms, s, m, h, d. Where figures are\n"
         "printed, --json prints them for scripts.\n"
         "Exit status: 0 success, 1 failure, 2 wrong usage.\n"
         "`shmring help COMMAND` tells more of a command, `man shmring` of everything.");
    return say_done();
}

static const struct command *find(const char *word)
{
    size_t i;

    for (i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, word) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* Commands of other programs that mean the same. */
static const char *synonym(const char *word)
{
    static const char *const pairs[][2] = {
        {"list", "ls"},         {"dir", "ls"},          {"remove", "rm"},
        {"delete", "rm"},       {"del", "rm"},          {"unlink", "rm"},
        {"receive", "recv"},    {"read", "recv"},       {"get", "recv"},
        {"cat", "recv"},        {"write", "send"},      {"put", "send"},
        {"push", "send"},       {"pop", "recv"},        {"watch", "tap"},
        {"spy", "tap"},         {"sniff", "tap"},       {"dump", "tap"},
        {"info", "stat"},       {"status", "stat"},     {"show", "stat"},
        {"inspect", "stat"},    {"check", "verify"},    {"fsck", "verify"},
        {"fix", "repair"},      {"clean", "prune"},     {"gc", "prune"},
        {"new", "create"},      {"make", "create"},     {"open", "create"},
        {"play", "replay"},     {"monitor", "top"},     {"bench", "flood"},
        {"benchmark", "flood"}, {"latency", "ping"},    {"capture", "record"},
        {"machine", "doctor"},  {"diagnose", "doctor"}, {"schema", "describe"},
        {"types", "describe"},  {"diff", "compare"},    {"vs", "compare"}};
    size_t i;

    for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (strcmp(pairs[i][0], word) == 0) {
            return pairs[i][1];
        }
    }
    return NULL;
}

static int unknown(const char *word)
{
    struct suggestion meant;
    size_t i;

    if (synonym(word) != NULL) {
        return say_usage("'%.80s' is not a command; '%s' is", word, synonym(word));
    }
    suggest_start(&meant, word, strlen(word));
    for (i = 0; i < COMMANDS; i++) {
        if (commands[i]->summary != NULL) {
            suggest_try(&meant, commands[i]->name);
        }
    }
    return meant.best != NULL ? say_usage("'%.80s' is not a command; '%s' is", word, meant.best)
                              : say_usage("'%.80s' is not a command", word);
}

/* `shmring help WORD` is `shmring WORD --help`. */
static int help_on(const char *word)
{
    static char option[] = "--help";
    char *argv[] = {option, NULL};
    const struct command *command = find(word);

    if (command == NULL || command->summary == NULL) {
        return unknown(word);
    }
    say_command(command->name);
    return command->run(command, 1, argv);
}

static int is_one_of(const char *word, const char *first, const char *second, const char *third)
{
    return strcmp(word, first) == 0 || strcmp(word, second) == 0 || strcmp(word, third) == 0;
}

int main(int argc, char **argv)
{
    const struct command *command;

    host_start(&argc, &argv);
    if (argc < 2) {
        return say_usage("a command is missing");
    }
    if (is_one_of(argv[1], "--help", "-h", "help")) {
        return argc > 2 && argv[2][0] != '-' ? help_on(argv[2]) : help();
    }
    if (is_one_of(argv[1], "--version", "-V", "version")) {
        printf("shmring %s\n", shmring_version());
        return say_done();
    }
    command = find(argv[1]);
    if (command == NULL) {
        return unknown(argv[1]);
    }
    say_command(command->summary != NULL ? command->name : NULL);
    return command->run(command, argc - 2, argv + 2);
}
