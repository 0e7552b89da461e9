# SPDX-License-Identifier: MIT
"""Command lines: help, wrong usage, and output that cannot be written."""
import subprocess

from rig import (WINDOWS, contains, create, equal, exists, main, remove, run, run_ok, start, true,
                 unique, wait_stat)

COMMANDS = ["demo", "ping", "flood", "doctor", "compare", "send", "recv", "tap", "record", "replay", "bridge", "create",
            "ls", "stat", "top", "verify", "repair", "rm", "prune", "completion"]


def refused(*args, says):
    """Wrong usage: status 2, one sentence, nothing on standard output."""
    status, out, err = run(*args)
    equal((status, out), (2, b""), "shmring %s, which said %r" % (" ".join(args), err))
    equal(err.count("\n"), 1, "lines of %r" % err)
    true(err.startswith("shmring: "), "%r starts with the program's name" % err)
    contains(err, says, "sentence")
    command = args[0] + " " if args and args[0] in COMMANDS else ""
    true(err.endswith("; see shmring %s--help\n" % command), "%r says where there is more" % err)


def helpNamesEveryCommandAndItsStatuses():
    out = run_ok("--help").decode()
    for command in COMMANDS:
        contains(out, "\n  " + command + " ", "help")
    contains(out, "shmring send", "help")
    contains(out, "shmring recv", "help")
    contains(out, "0 success, 1 failure, 2 wrong usage", "help")
    contains(out, "man shmring", "help")
    true("partner" not in out, "the hidden command is hidden")


def everyCommandHasHelpOfItsOwn():
    for command in COMMANDS:
        out = run_ok(command, "--help").decode()
        true(out.startswith("usage: shmring " + command), "help of " + command)
        true(out.endswith("\n"), "help of %s ends its line" % command)


def versionIsThreeNumbers():
    words = run_ok("--version").decode().split()
    equal(words[0], "shmring", "first word")
    equal(len([int(n) for n in words[1].split(".")]), 3, "numbers of the version")


def missingAndUnknownWordsAreWrongUsage():
    refused(says="command is missing")
    refused("sned", "x", says="'sned' is not a command")
    for command in ["send", "recv", "create", "stat", "verify", "repair", "rm"]:
        refused(command, says="needs a NAME")
        refused(command, "one", "two", says="'two'")
        refused(command, "one", "--colour", says="no option --colour")
        refused(command, "one", "-x", says="no option -x")
    for command in ["ls", "prune", "demo", "doctor"]:
        refused(command, "one", says="'one'")


def mistypedWordsAreToldWhatWasMeant():
    for word, meant in [("sned", "send"), ("sen", "send"), ("snd", "send"), ("stats", "stat"),
                        ("recrod", "record"), ("pruen", "prune"), ("recvs", "recv")]:
        refused(word, says="'%s' is not a command; '%s' is;" % (word, meant))
    for word, meant in [("list", "ls"), ("remove", "rm"), ("delete", "rm"), ("receive", "recv"),
                        ("status", "stat"), ("check", "verify"), ("watch", "tap")]:
        refused(word, says="'%s' is not a command; '%s' is;" % (word, meant))
    for word in ["x", "xyzzy", "partn", "-x", "--json", "s" * 30]:
        refused(word, says="'%s' is not a command; see" % word)
    for word, meant in [("--fram", "--frame"), ("--farme", "--frame"), ("--persist", "--persistent"),
                        ("--capacity-size", "--capacity"), ("--frmae=raw", "--frame")]:
        refused("send", "x", word, says="no option %s; it has %s;" % (word.split("=")[0], meant))
    refused("send", "x", "--json", says="no option --json; see")


def whatWasTypedDoesNotReachTheTerminalRaw():
    refused("a\033[31mb", says="'a?[31mb' is not a command")
    refused("stat", "a\nb", says="'a?b' is not a ring name")


def badSizesAreWrongUsage():
    name = unique()
    for size, says in [("12X", "not a size"), ("-5", "negative"), ("", "not a size"),
                       ("K", "not a size"), ("1KB", "not a size"), ("1.5K", "not a size"),
                       ("1KiBs", "not a size"), ("1iB", "not a size"), ("1Kb", "not a size"),
                       ("99999999999999999999", "too large"), ("18014398509481984K", "too large"),
                       ("17179869184G", "too large"), ("0", "more than 0"), ("-", "not a number")]:
        for command in ["create", "send", "recv"]:
            refused(command, name, "--capacity", size, says=says)
    refused("create", name, "--capacity", says="--capacity needs a value")
    refused("create", name, "--capacity", "100K", says="power of two")
    refused("create", name, "--max-record", "4G", says="too large")
    true(not exists(name), "no ring was made")


def badValuesOfOtherOptionsAreWrongUsage():
    refused("send", "x", "--frame", "word", says="must be line, length or raw")
    refused("recv", "x", "--count", "0", says="more than 0")
    refused("recv", "x", "--count", "-1", says="negative")
    refused("recv", "x", "--count", "many", says="not a number")
    refused("recv", "x", "--timeout", "5 s", says="not a time")
    refused("recv", "x", "--timeout", "5w", says="not a time")
    refused("recv", "x", "--timeout", "5minutes", says="not a time")
    refused("recv", "x", "--timeout", "1.s", says="not a time")
    refused("recv", "x", "--timeout", "99999999999999999999s", says="too large")
    refused("recv", "x", "--persistent=yes", says="takes no value")
    refused("create", "x", "--mode", "0999", says="not a mode")
    refused("create", "x", "--mode", "7777", says="not a mode")
    refused("create", "x", "--schema", "0xfg", says="not a number")
    refused("create", "x", "--framing", "lines", says="must be records or bytes")
    refused("demo", "--seconds", "0", says="too short")
    refused("demo", "--size", "17M", says="too large")


def namesThatNoRingCanHaveAreWrongUsage():
    for name in ["a/b", ".hidden", "", "x" * 201, "a b", "Global\\1.x"]:
        refused("stat", name, says="is not a ring name")


def unitsMeanWhatTheySay():
    for text, capacity in [("65536", 65536), ("64K", 65536), ("1m", 1 << 20), ("2M", 2 << 20),
                           ("64KiB", 65536), ("1mib", 1 << 20), ("128Ki", 131072)]:
        name = unique()
        create(name, "--capacity=" + text)
        out = run_ok("stat", name, "--json").decode()
        remove(name)
        contains(out, '"capacity": %d,' % capacity, "capacity " + text)


def helpAndVersionGoByTheirUsualNames():
    for words in (["-V"], ["version"]):
        equal(run_ok(*words), run_ok("--version"), " ".join(words))
    for command in COMMANDS:
        for words in (["help", command], [command, "-h"]):
            equal(run_ok(*words), run_ok(command, "--help"), " ".join(words))
    refused("help", "sned", says="'send' is;")
    refused("help", "partner", says="not a command")


def helpFitsEightyColumns():
    for words in [["--help"]] + [[command, "--help"] for command in COMMANDS]:
        for line in run_ok(*words).decode().split("\n"):
            true(len(line) <= 80 and line == line.rstrip(), "%s: %r" % (" ".join(words), line))


def limitsAreSaidInWholeSentences():
    for words, says in [(["top", "--interval", "0"], "--interval: '0' is too short: an interval is at least 10ms;"),
                        (["top", "--interval", "2h"], "'2h' is too long: an interval is at most 1h;"),
                        (["record", "x", "f", "--rotate-size", "1K"], "'1K' is too small: a file has"),
                        (["record", "x", "f", "--rotate-time", "1ms"], "'1ms' is too short: a file takes"),
                        (["tap", "x", "--type", "70000"], "'70000' is too large: a type is"),
                        (["demo", "--seconds", "0"], "'0' is too short"),
                        (["create", "x", "--capacity", "2T"], "power of two")]:
        refused(*words, says=says)


def timesMayBeMinutesHoursAndDays():
    name = unique()
    for text in ("5m", "1h", "1.5h", "2d", "1min"):
        receiver = start("recv", name, "--timeout", text)
        wait_stat(name, lambda s: s["consumer"]["alive"], "it accepts " + text)
        receiver.kill()
        receiver.wait()


def aRingThatIsNotThereIsSaidToBeThat():
    if not WINDOWS:
        status, out, err = run("rm", "nope")
        equal((status, out), (1, b""), "rm")
        contains(err, "there is no ring 'nope'", "sentence")
        true("start the process" not in err, "nobody wants to start what makes it")
    for form in ("--lines", "--json"):
        status, _, err = run("top", "nope", form, "--count", "2", "--interval", "10ms")
        equal(status, 1, "top " + form)
        contains(err, "there is no ring 'nope' yet", "top " + form)


def aMissingRingIsAFailureAndNotWrongUsage():
    for command in ["stat", "verify", "repair"] + (["rm"] if not WINDOWS else []):
        status, out, err = run(command, unique("missing"))
        equal((status, out), (1, b""), command)
        equal(err.count("\n"), 1, "lines of %r" % err)
        contains(err, "missing", command)


def outputThatCannotBeWrittenIsAFailure():
    lists = [["ls"], ["ls", "--json"], ["prune"]]
    for args in [["--help"], ["send", "--help"]] + (lists if not WINDOWS else []):
        with open("/dev/full", "wb") as full:
            status, _, err = run(*args, stdout=full)
        equal(status, 1, " ".join(args))
        contains(err, "standard output", " ".join(args))


def aReaderThatWentAwayIsAQuietFailureAndNotASignal():
    name = unique()
    receiver = start("recv", name)
    receiver.stdout.close()
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"nobody will see this\n")
    sender.stdin.flush()
    equal(receiver.wait(timeout=60), 1, "exit status")
    equal(receiver.stderr.read(), b"", "what it says")
    sender.kill()


main([helpNamesEveryCommandAndItsStatuses, everyCommandHasHelpOfItsOwn, versionIsThreeNumbers,
      missingAndUnknownWordsAreWrongUsage, helpAndVersionGoByTheirUsualNames, helpFitsEightyColumns,
      limitsAreSaidInWholeSentences, timesMayBeMinutesHoursAndDays, aRingThatIsNotThereIsSaidToBeThat,
      mistypedWordsAreToldWhatWasMeant,
      *([whatWasTypedDoesNotReachTheTerminalRaw] if not WINDOWS else []), badSizesAreWrongUsage,
      badValuesOfOtherOptionsAreWrongUsage, namesThatNoRingCanHaveAreWrongUsage,
      unitsMeanWhatTheySay, aMissingRingIsAFailureAndNotWrongUsage,
      outputThatCannotBeWrittenIsAFailure, aReaderThatWentAwayIsAQuietFailureAndNotASignal])
