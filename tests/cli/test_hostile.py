# SPDX-License-Identifier: MIT
"""What another user wrote into a ring's header does not reach the terminal as it stands, and JSON of
it is JSON."""
import json
import random
import re

from rig import (contains, create, damage, equal, finish, main, not_on_windows, remove,
                 ring_file, run, run_ok, start, true, unique, wait_stat)

# Every byte, and sequences that terminals obey or that are no UTF-8.
HOSTILE = [bytes(range(1, 17)), bytes(range(128, 144)), bytes(range(144, 160)), b"\x1b]0;owned\x07",
           b"\x9b31mred", b"\xc2\x9b31m", b"\xe2\x80\xaecod.exe", b"\xff\xfe\xfd", b"\xc3", b"\"\\\x7f"]


def is_harmless(text, what):
    """Valid UTF-8, and no character that a terminal would obey."""
    true(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]",
                       text.decode()), "%s: %r" % (what, text))


def offset_of(name, what):
    with open(ring_file(name), "rb") as f:
        return f.read(65536).index(what)


def everywhere(name, program):
    """All that shows a ring, with its name or its program overwritten."""
    for command in (["stat", name], ["verify", name], ["repair", name], ["ls"],
                    ["top", name, "--count", "1", "--interval", "10ms"]):
        status, out, err = run(*command)
        is_harmless(out, command[0])
        is_harmless(err.encode(), command[0])
        json_command = [*command, "--json"]
        status, out, err = run(*json_command)
        is_harmless(out, "%s --json" % command[0])
        if status == 0 or out:
            value = json.loads(out)
            if program and command[0] == "stat":
                equal(value["producer"]["program"].count("?") > 0, True, "program %r" % value["producer"])
    status, out, err = run("stat", name, "--prometheus")
    is_harmless(out + err.encode(), "prometheus")
    for frame in ("line", "hex"):
        status, out, err = run("tap", name, "--from", "oldest", "--frame", frame, "--timeout", "10ms")
        is_harmless(err.encode(), "tap")
        if frame == "hex":
            is_harmless(out, "tap")


def aHostileNameDoesNotReachTheTerminal():
    not_on_windows("the header is not a file there")
    name = unique()
    create(name)
    at = offset_of(name, b"Local\\" + name.encode())
    for text in HOSTILE + [random.Random(n).randbytes(16).replace(b"\0", b"\1") for n in range(10)]:
        damage(name, at, text + b"\0")
        everywhere(name, False)
        contains([ring.get("state") for ring in json.loads(run_ok("ls", "--json"))
                  if ring["name"] == name], "unreadable", "ls --json")
    run_ok("rm", name)


def aHostileProgramDoesNotReachTheTerminal():
    not_on_windows("the header is not a file there")
    name = unique()
    receiver = start("recv", name)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver is there")
    run_ok("send", name, data=b"x\n")
    equal(finish(receiver)[0], 0, "recv")
    create(name)
    run_ok("send", name, data=b"x\n")
    at = offset_of(name, b"shmring\0\0\0\0\0\0\0\0\0")
    for text in HOSTILE:
        damage(name, at, text.ljust(16, b"\0"))
        everywhere(name, b"\"" not in text)
    remove(name)


def wordsOfOtherScriptsAreShown():
    not_on_windows("the words of a command line are in the system's own encoding there")
    status, _, err = run("verify", "--file", "/nowhere/Größe.漢字")
    equal(status, 1, "verify")
    contains(err, "Größe.漢字", "sentence")
    status, _, err = run("verify", "--file", b"/nowhere/\xe2\x80\xae\x9b")
    contains(err, "/nowhere/????", "sentence")


main([aHostileNameDoesNotReachTheTerminal, aHostileProgramDoesNotReachTheTerminal,
      wordsOfOtherScriptsAreShown])
