#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completion: the scripts have every command and option, and real shells complete with them."""
import os
import re
import shutil
import subprocess
import tempfile

from rig import (PATIENCE, TOOL, Skip, contains, equal, main, not_on_windows, run, run_ok, true,
                 unique)
from terminal import Terminal

SHELLS = ["bash", "zsh", "fish"]
FOLDER = tempfile.TemporaryDirectory()
# The scripts call shmring, which is this build's; what a shell keeps at home stays in the folder.
os.environ.update(PATH=os.path.dirname(os.path.abspath(TOOL)) + os.pathsep + os.environ["PATH"],
                  HOME=FOLDER.name, ZDOTDIR=FOLDER.name, XDG_CONFIG_HOME=FOLDER.name,
                  XDG_DATA_HOME=FOLDER.name, LC_ALL="C.UTF-8")


def commands():
    return re.findall(r"^  ([a-z]+) +\S", run_ok("--help").decode().split("\n\n")[2], re.M)


def options(command):
    return set(re.findall(r"^  --([a-z-]+)", run_ok(command, "--help").decode(), re.M)) - {"help"}


def script(shell):
    """The path of a file with the shell's script, as an installation has it."""
    path = os.path.join(FOLDER.name, "_shmring" if shell == "zsh" else "shmring." + shell)
    with open(path, "wb") as f:
        f.write(run_ok("completion", shell))
    return path


def need(shell):
    not_on_windows("these shells are not there")
    if shutil.which(shell) is None:
        raise Skip(shell + " is not installed")


def said(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=PATIENCE, check=False, cwd=FOLDER.name, stdin=subprocess.DEVNULL)
    equal((done.returncode, done.stderr), (0, ""), "status and errors of " + words[0])
    return done.stdout


def in_bash(*words):
    """What bash offers for the last of the words."""
    line = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shmring; ' \
           'printf "%s\\n" "${COMPREPLY[@]}"'
    return said("bash", "--norc", "-c", line, "bash", script("bash"), "shmring", *words).split()


def in_fish(*words):
    line = "source %s; complete -C '%s'" % (script("fish"), " ".join(["shmring", *words]))
    return [at.split("\t")[0] for at in said("fish", "--no-config", "-c", line).splitlines()]


class Rings:
    """Two rings with a common beginning."""

    def __enter__(self):
        self.start = unique("tab")
        self.names = [self.start + end for end in (".one", ".two")]
        for name in self.names:
            run_ok("create", name, "--capacity", "64K")
        with open(os.path.join(FOLDER.name, "data.shmr"), "w", encoding="utf-8"):
            pass
        return self

    def __exit__(self, *_):
        for name in self.names:
            run_ok("rm", name)


def scriptsHaveEveryCommandAndOption():
    true(len(commands()) > 15, "commands were found in the help")
    true(options("recv") >= {"frame", "count"}, "options were found in the help")
    for shell in SHELLS:
        text = run_ok("completion", shell).decode()
        for command in commands():
            true(re.search(r"\b%s\b" % command, text), "%s: %s is missing" % (shell, command))
            of_command = {"bash": r"^    %s\)\n(.*?)^        ;;", "zsh": r"^    %s\)\n(.*?)^        ;;",
                          "fish": r"^(complete -c shmring -n '__shmring_is %s'.*?)(?=^complete "
                                  r"-c shmring -n '__shmring_is (?!%s')|\Z)"}[shell]
            part = re.search(of_command.replace("%s", command), text, re.M | re.S)
            true(part, "%s: no part for %s" % (shell, command))
            for option in options(command):
                true(re.search(r"(--|-l )%s\b" % option, part.group(1)),
                     "%s: %s has no --%s" % (shell, command, option))


def everyOptionIsExplained():
    text = run_ok("completion", "fish").decode()
    equal(re.findall(r"^.* -l .* -d ''$", text, re.M), [], "options without a description")
    equal(re.findall(r"^complete .* -l .*[^']$", text, re.M), [], "options without a description")
    contains(text, "-l frame -x -a 'line length raw' -d 'line, length or raw'", "choices")


def otherShellsAreWrongUsage():
    refused("completion", says="needs a shell: bash, zsh or fish")
    refused("completion", "ksh", says="'ksh' is not bash, zsh or fish")
    refused("completion", "bash", "zsh", says="does not know what to do with 'zsh'")


def refused(*args, says):
    status, out, err = run(*args)
    equal((status, out), (2, b""), "status and output of " + " ".join(args))
    contains(err, says, "sentence")


def namesAloneAreForScripts():
    with Rings() as rings:
        found = [name for name in run_ok("ls", "--names").decode().splitlines()
                 if name.startswith(rings.start)]
        equal(found, rings.names, "names in lines")
    refused("ls", "--names", "--json", says="--names goes without --json")


def globalNamesNeedNoQuotes():
    name = unique("global")
    run_ok("create", "global:" + name, "--capacity", "64K")
    try:
        contains(run_ok("ls", "--names").decode(), "Global/%s\n" % name, "names")
        equal(run_ok("stat", "Global/" + name, "--json") != b"", True, "it names the ring")
    finally:
        run_ok("rm", "Global/" + name)


def check_offers(offer):
    """What every shell must offer; `offer` returns what it does."""
    with Rings() as rings:
        true(set(commands()) <= set(offer("")), "commands at the first word")
        equal(offer("pru"), ["prune"], "a command that was begun")
        true({"--frame", "--count", "--persistent"} <= set(offer("recv", "--")), "options")
        equal(sorted(offer("send", "--frame", "")), ["length", "line", "raw"], "choices")
        for words in (["recv"], ["recv", "--count", "3"], ["recv", "--persistent"],
                      ["tap", "--frame", "raw"], ["top", "x"], ["record"], ["recv", "--"],
                      ["ping", "--reflect"]):
            equal(offer(*words, rings.start), rings.names, "rings behind " + " ".join(words))
        equal(offer("record", "x", "data."), ["data.shmr"], "a file as the second word")
        equal(offer("replay", "x", rings.start), rings.names, "a ring behind files")
        equal(offer("replay", "data."), ["data.shmr"], "a file as the first word")
        equal(offer("replay", "data.shmr", "data."), ["data.shmr"], "another file")
        equal(offer("verify", "data."), ["data.shmr"], "a recording")
        equal(offer("ping", "--svg", "data."), ["data.shmr"], "a file as a value")
        equal(offer("recv", "--count", rings.start), [], "a number is no ring")
        equal(offer("recv", rings.names[0], rings.start), [], "recv takes one ring")
        equal(offer("ls", rings.start), [], "ls takes no ring")
        equal(sorted(offer("completion", "")), sorted(SHELLS), "words of a command's own")
        equal(offer("help", "pru"), ["prune"], "help takes a command")
        equal(offer("nonsense", rings.start), [], "an unknown command")


def bashOffersWhatFits():
    need("bash")
    check_offers(in_bash)
    equal(in_bash("send", "--frame", "=", "l"), ["line", "length"], "a value behind =")


def fishOffersWhatFits():
    need("fish")
    check_offers(in_fish)


def at_the_prompt(start):
    """Tab completes a command, an option, its value, and names, in a shell in a terminal."""
    with Rings() as rings, Terminal(columns=150) as t:
        t.type(start, "Enter")
        t.wait("^set-up>")
        t.type("shmring pru", "Tab")
        t.wait("> shmring prune ?$")
        t.type("C-u", "shmring send --fram", "Tab")
        t.wait("> shmring send --frame[ =]?$")
        t.type("C-u", "shmring recv --frame len", "Tab")
        t.wait("> shmring recv --frame length ?$")
        t.type("C-u", "shmring recv " + rings.start + ".o", "Tab")
        t.wait(r"> shmring recv " + re.escape(rings.names[0]) + " ?$")
        t.type("C-u", "shmring replay %s/data" % FOLDER.name, "Tab")
        t.wait("> shmring replay .*/data.shmr ?$")
        t.type("C-u", "shmring stat " + rings.start + ".", "Tab", "Tab")
        t.wait(r"\.one\s[^>]*\.two\b")


def settings(name, *lines):
    """What a shell reads when it starts."""
    path = os.path.join(FOLDER.name, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    return path


def bash_with(*lines):
    need("bash")
    at_the_prompt("bash --noprofile --rcfile %s -i" % settings("rc", "PS1='set-up> '", *lines))


def zsh_with(*lines):
    need("zsh")
    settings(".zshrc", "PS1='set-up> '", *lines)
    at_the_prompt("zsh -d -i")


def tabCompletesInBash():
    bash_with("source " + script("bash"))


def tabCompletesWithBashCompletion():
    loader = "/usr/share/bash-completion/bash_completion"
    if not os.path.exists(loader):
        raise Skip("bash-completion is not installed")
    where = os.path.join(FOLDER.name, "bash-completion", "completions")
    os.makedirs(where, exist_ok=True)
    shutil.copy(script("bash"), os.path.join(where, "shmring.bash"))
    bash_with("source " + loader)


def tabCompletesInZsh():
    zsh_with("autoload -U compinit; compinit -u -D", "source " + script("zsh"))


def tabCompletesInZshFromItsFunctionPath():
    script("zsh")
    zsh_with("fpath=(%s $fpath)" % FOLDER.name, "autoload -U compinit; compinit -u -D")


def fishFindsTheFileOfAnInstallation():
    need("fish")
    where = os.path.join(FOLDER.name, "fish", "vendor_completions.d")
    os.makedirs(where, exist_ok=True)
    shutil.copy(script("fish"), os.path.join(where, "shmring.fish"))
    found = said("env", "XDG_DATA_DIRS=" + FOLDER.name, "fish", "-c", "complete -C 'shmring pru'")
    equal(found.split("\t")[0], "prune", "what fish offers")


def tabCompletesInFish():
    need("fish")
    at_the_prompt("fish --no-config -C 'source %s'" % settings(
        "start.fish", "set -g fish_autosuggestion_enabled 0", "function fish_prompt",
        "echo -n 'set-up> '", "end", "source " + script("fish")))


try:
    main([scriptsHaveEveryCommandAndOption, everyOptionIsExplained, otherShellsAreWrongUsage,
          namesAloneAreForScripts, globalNamesNeedNoQuotes, bashOffersWhatFits, fishOffersWhatFits,
          tabCompletesInBash, tabCompletesWithBashCompletion, tabCompletesInZsh,
          tabCompletesInZshFromItsFunctionPath, fishFindsTheFileOfAnInstallation, tabCompletesInFish])
finally:
    FOLDER.cleanup()
