/* SPDX-License-Identifier: MIT */
/* bash.c - completion for bash 4 and later, with or without bash-completion. */
#include "completion/completion.h"

static void begin(void)
{
    puts("# shmring completion for bash, made by `shmring completion bash`\n"
         "\n"
         "# _shmring_words WORDS, _shmring_rings, _shmring_files: those that begin with $cur.\n"
         "_shmring_words()\n"
         "{\n"
         "    local word\n"
         "    while IFS= read -r word; do\n"
         "        COMPREPLY+=(\"$word\")\n"
         "    done < <(compgen -W \"$1\" -- \"$cur\")\n"
         "}\n"
         "\n"
         "_shmring_rings()\n"
         "{\n"
         "    _shmring_words \"$(command shmring ls --names 2>/dev/null)\"\n"
         "}\n"
         "\n"
         "_shmring_files()\n"
         "{\n"
         "    local file\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    while IFS= read -r file; do\n"
         "        COMPREPLY+=(\"$file\")\n"
         "    done < <(compgen -f -- \"$cur\")\n"
         "}\n"
         "\n"
         "# The number of words before the cursor that are no options and no values of theirs.\n"
         "_shmring_count()\n"
         "{\n"
         "    local i word only=0\n"
         "    n=0\n"
         "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
         "        word=${COMP_WORDS[i]}\n"
         "        if ((only)); then\n"
         "            n=$((n + 1))\n"
         "        elif [[ $word == -- ]]; then\n"
         "            only=1\n"
         "        elif [[ $word == -?* ]]; then\n"
         "            if [[ ${COMP_WORDS[i + 1]} == = ]]; then\n"
         "                i=$((i + 2))\n"
         "            elif [[ \" $takes \" == *\" $word \"* ]]; then\n"
         "                i=$((i + 1))\n"
         "            fi\n"
         "        else\n"
         "            n=$((n + 1))\n"
         "        fi\n"
         "    done\n"
         "}\n"
         "\n"
         "_shmring()\n"
         "{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "    local commands options='' takes='' values='' rest='' n kind\n"
         "    local -a operands=()\n"
         "\n"
         "    COMPREPLY=()\n"
         "    if [[ $cur == = ]]; then\n"
         "        cur=\n"
         "    elif [[ $prev == = ]]; then\n"
         "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "    fi");
}

static void print_commands(void)
{
    size_t i;

    printf("    commands='help");
    for (i = 0; command_at(i) != NULL; i++) {
        if (command_at(i)->summary != NULL) {
            printf(" %s", command_at(i)->name);
        }
    }
    puts("'\n"
         "    if ((COMP_CWORD == 1)); then\n"
         "        _shmring_words \"$commands --help --version\"\n"
         "        return\n"
         "    fi\n"
         "    case ${COMP_WORDS[1]} in\n"
         "    help)\n"
         "        ((COMP_CWORD == 2)) && _shmring_words \"$commands\"\n"
         "        return\n"
         "        ;;");
}

static void print_command(const struct command *command, const struct option *options,
                          size_t option_count)
{
    struct completion_operands operands;
    struct completion_option o;
    size_t i;

    completion_operands(command, options, option_count, &operands);
    printf("    %s)\n        options='--help", command->name);
    for (i = 0; i < option_count; i++) {
        printf(" --%s", options[i].name);
    }
    printf("'\n        takes='");
    for (i = 0; i < option_count; i++) {
        printf(options[i].kind != OPTION_FLAG ? " --%s" : "", options[i].name);
    }
    printf("'\n        operands=(");
    for (i = 0; i < operands.count; i++) {
        printf("%s%s", i > 0 ? " " : "",
               operands.words[0] != '\0' ? "words" : completion_kind(operands.kinds[i]));
    }
    printf(")\n        rest='%s'\n        values='%s'\n        case $prev in\n",
           completion_kind(operands.rest), operands.words);
    for (i = 0; i < option_count; i++) {
        completion_option(command, &options[i], &o);
        if (o.words[0] != '\0') {
            printf("        --%s) _shmring_words '%s' ;;\n", o.name, o.words);
        } else if (o.takes_file) {
            printf("        --%s) _shmring_files ;;\n", o.name);
        }
    }
    puts("        esac\n        ;;");
}

static void end(void)
{
    puts("    *)\n"
         "        return\n"
         "        ;;\n"
         "    esac\n"
         "    if [[ \" $takes \" == *\" $prev \"* ]]; then\n"
         "        return\n"
         "    fi\n"
         "    if [[ $cur == -* ]]; then\n"
         "        _shmring_words \"$options\"\n"
         "        return\n"
         "    fi\n"
         "    _shmring_count\n"
         "    kind=${operands[n]:-$rest}\n"
         "    case $kind in\n"
         "    words) _shmring_words \"$values\" ;;\n"
         "    ring) _shmring_rings ;;\n"
         "    file) _shmring_files ;;\n"
         "    both) _shmring_rings && _shmring_files ;;\n"
         "    esac\n"
         "}\n"
         "\n"
         "complete -F _shmring shmring");
}

static void begin_all(void)
{
    begin();
    print_commands();
}

const struct completion_shell completion_bash = {"bash", begin_all, print_command, end};
