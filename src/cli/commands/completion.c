/* SPDX-License-Identifier: MIT */
/* completion.c - the script that completes this program's words in a shell. */
#include <string.h>

#include "completion/completion.h"

static int run(const struct command *self, int argc, char **argv)
{
    static const struct completion_shell *const shells[] = {&completion_bash, &completion_zsh,
                                                            &completion_fish};
    const char *name = NULL;
    size_t i, j;
    int ret;

    if (!args_read(self, argc, argv, NULL, 0, "shell: bash, zsh or fish", &name, &ret)) {
        return ret;
    }
    for (i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(name, shells[i]->name) == 0) {
            shells[i]->begin();
            for (j = 0; command_at(j) != NULL; j++) {
                if (command_at(j)->summary != NULL) {
                    args_tell(command_at(j), shells[i]->command);
                }
            }
            shells[i]->end();
            return say_done();
        }
    }
    return say_usage("completion: '%.80s' is not bash, zsh or fish", name);
}

const struct command command_completion = {
    "completion", "bash|zsh|fish", "completion for a shell",
    "Prints the script that lets bash, zsh or fish complete commands, options, their values, and "
    "the\n"
    "names of rings. An installation has put it where the shell finds it; without one:\n"
    "\n"
    "  source <(shmring completion bash)    in ~/.bashrc\n"
    "  source <(shmring completion zsh)     in ~/.zshrc, behind compinit\n"
    "  shmring completion fish | source     in ~/.config/fish/config.fish\n",
    run};
