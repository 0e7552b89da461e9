# SPDX-License-Identifier: MIT
"""The pages about the program and its own help name the same commands and options. test_pages.py TOOL README MANUAL ..."""
import re
import sys

FILES = {name: sys.argv.pop(2) for name in ("README", "manual")}  # before rig takes the rest

from rig import equal, main, run_ok, true  # pylint: disable=wrong-import-position

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
EVERYWHERE = {"--help", "--version"}


def page(name):
    with open(FILES[name], encoding="utf-8") as f:
        return f.read()


def commands():
    return re.findall(r"^  ([a-z]+) +\S", run_ok("--help").decode().split("\nTry it")[0], re.M)


def options_of(command):
    return set(OPTION.findall(run_ok(command, "--help").decode()))


def section(title):
    """The README's text below that title, to the next of its kind."""
    return page("README").split("\n## %s\n" % title)[1].split("\n## ")[0]


def theReadmeNamesEveryCommandAndNoOther():
    named = set(re.findall(r"`shmring ([a-z]+)", section("The program"))) - {"help"}
    equal(sorted(named), sorted(commands()), "commands in the README")


def theReadmeNamesOnlyOptionsOfTheCommandsBesideThem():
    rows = [row.split(" | ") for row in section("The program").split("\n") if row.startswith("| `--")]
    true(len(rows) > 3, "the README has the table")
    for options, where, *_ in rows:
        for command in re.findall(r"`([a-z]+)`", where):
            lost = set(OPTION.findall(options)) - options_of(command)
            equal(sorted(lost), [], "options that the README gives to %s" % command)


def theReadmeNamesOnlyOptionsThatAreThere():
    there = set().union(*map(options_of, commands()))
    for block in re.findall(r"`(shmring [^`]*)`", page("README")):
        equal(sorted(set(OPTION.findall(block)) - there - EVERYWHERE), [], "options in %r" % block)


def theManualNamesEveryOptionAndNoOther():
    there = set().union(*map(options_of, commands()))
    named = {"-" + one.replace("\\", "") for one in re.findall(r"\\-[a-z][a-z\\-]+", page("manual"))}
    equal(sorted(named - EVERYWHERE), sorted(there - EVERYWHERE), "options in the manual")


def theManualNamesEveryCommand():
    named = set(re.findall(r"^\.(?:Cm|It Cm|Nm Cm|Nm shmring Cm) ([a-z]+)", page("manual"), re.M))
    equal(sorted(set(commands()) - named), [], "commands that the manual has not")


main([theReadmeNamesEveryCommandAndNoOther, theReadmeNamesOnlyOptionsOfTheCommandsBesideThem,
      theReadmeNamesOnlyOptionsThatAreThere, theManualNamesEveryOptionAndNoOther, theManualNamesEveryCommand])
