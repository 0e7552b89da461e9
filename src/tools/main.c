/* SPDX-License-Identifier: MIT */
/* main.c - the program shmring: finds the command. */
#include <string.h>

#include "cli.h"
#include "host.h"

static const struct command *const commands[] = {
    &command_demo,  &command_ping,    &command_flood,  &command_send,   &command_recv,
    &command_tap,   &command_record,  &command_replay, &command_create, &command_ls,
    &command_stat,  &command_top,     &command_verify, &command_repair, &command_rm,
    &command_prune, &command_partner,
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static int help(void)
{
    size_t i;

    puts("shmring - a lock-free ring in named shared memory between two processes\n"
         "\n"
         "usage: shmring COMMAND [NAME] [options]\n");
    for (i = 0; i < COMMANDS; i++) {
        if (commands[i]->summary != NULL) {
            printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
        }
    }
    puts("\n"
         "Try it in two terminals, in either order:\n"
         "\n"
         "  seq 1 1000000 | shmring send numbers\n"
         "  shmring recv numbers | tail -1\n"
         "\n"
         "Sizes take K, M, G; times take ns, us, ms, s. Where figures are printed, --json prints\n"
         "them for scripts. Exit status: 0 success, 1 failure, 2 wrong usage.\n"
         "`shmring COMMAND --help` tells more of a command, and `man shmring` of everything.");
    return say_done();
}

static int unknown(const char *word)
{
    struct suggestion meant;
    size_t i;

    suggest_start(&meant, word, strlen(word));
    for (i = 0; i < COMMANDS; i++) {
        if (commands[i]->summary != NULL) {
            suggest_try(&meant, commands[i]->name);
        }
    }
    return meant.best != NULL ? say_usage("'%.80s' is not a command; '%s' is", word, meant.best)
                              : say_usage("'%.80s' is not a command", word);
}

int main(int argc, char **argv)
{
    size_t i;

    host_start(&argc, &argv);
    if (argc < 2) {
        return say_usage("a command is missing");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        return help();
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("shmring %s\n", shmring_version());
        return say_done();
    }
    for (i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, argv[1]) == 0) {
            say_command(commands[i]->summary != NULL ? commands[i]->name : NULL);
            return commands[i]->run(commands[i], argc - 2, argv + 2);
        }
    }
    return unknown(argv[1]);
}
