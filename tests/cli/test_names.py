# SPDX-License-Identifier: MIT
"""Names as people type them, and rings of other users."""
import os

from rig import Skip, contains, create, equal, finish, main, not_on_windows, remove, run, run_ok, start, true, unique


def globalNamesNeedNoQuotes():
    not_on_windows("a right of its own is needed there")
    name = unique()
    try:
        for typed in ("global:" + name, "Global/" + name, "GLOBAL:" + name, "Global\\" + name):
            run_ok("create", typed)
            for other in ("global:" + name, "Global\\" + name):
                contains(run_ok("stat", other).decode(), "Global\\" + name, "stat")
                run_ok("verify", other)
                run_ok("top", other, "--count", "1", "--interval", "10ms")
            run_ok("send", typed, data=b"x\n")
            equal(run_ok("recv", typed, "--count", "1"), b"x\n", "recv")
            run_ok("rm", typed)
    finally:
        run("rm", "global:" + name)
    create(name)
    for typed in ("local:" + name, "Local/" + name, "Local\\" + name):
        contains(run_ok("stat", typed).decode(), "Local\\" + name, "stat")
    remove(name)


def aLostBackslashIsExplained():
    base = unique()
    for word, prefix in (("Global", "global:"), ("Local", "local:")):
        for command in (["stat"], ["verify"], ["recv", "--timeout", "10ms"]):
            _, _, err = run(*command, word + base)
            contains(err, prefix + base, " ".join(command))
    name = "Globals." + base
    try:
        _, _, err = run("create", name)
        contains(err, "global:s." + base, "create")
        run_ok("stat", name)  # nothing is said of a ring that is there
    finally:
        run("rm", name)


def ringsOfOthersNeedAWord():
    not_on_windows("who may open a ring is a security descriptor there")
    if os.geteuid() != 0:
        raise Skip("only root can be two users")
    name = "global:" + unique()
    run_ok("create", name, "--mode", "0666")
    try:
        tools = [["recv", name, "--count", "1"], ["tap", name, "--from", "oldest", "--count", "1"],
                 ["send", name], ["flood", "--drain", name],
                 ["record", name, "-", "--count", "1"], ["record", "--consume", name, "-", "--count", "1"]]
        for words in tools:
            status, _, err = finish(start(*words, user=65534))
            equal(status, 1, " ".join(words))
            contains(err, "--any-owner", " ".join(words))
            true("SHMRING_" not in err, "no word of C's in %r" % err)
        run_ok("send", name, data=b"one\ntwo\nthree\nfour\n")
        for words in [tools[1], tools[0], tools[4]]:
            status, out, err = finish(start(*words, "--any-owner", user=65534))
            equal(status, 0, "%s: %s" % (" ".join(words), err))
            true(out != b"", "its output")
        sender = start("send", name, "--any-owner", stdin=-1, user=65534)
        equal(finish(sender, b"five\n")[::2], (0, ""), "send")
    finally:
        run("rm", name)


main([globalNamesNeedNoQuotes, aLostBackslashIsExplained, ringsOfOthersNeedAWord])
