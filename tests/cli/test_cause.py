# SPDX-License-Identifier: MIT
"""A ring that is refused: the sentence has what was found first, and what to do."""
from rig import contains, create, damage, equal, main, remove, run, send_and_leave, unique


def theFirstCauseIsSaid():
    for words, by in [(["recv"], "recv"), (["record", "--consume"], "record"), (["tap", "--from", "oldest"], "tap"),
                      (["recv", "--frame", "length"], "recv")]:
        name = unique()
        create(name)
        send_and_leave(name, b"a\nb\nc\n")
        damage(name, 65536, b"\xff" * 8)
        status, _, err = run(words[0], name, *words[1:], *(["-"] if by == "record" else []))
        equal(status, 1, by)
        contains(err, "found 0xffffffffffffffff", by)
        contains(err, "shmring repair", by)
        contains(run("verify", name)[2], "shmring repair", "verify")
        remove(name)


main([theFirstCauseIsSaid])
