# SPDX-License-Identifier: MIT
"""What a command waits for is said after a second; what a sender was refused is told by record."""
import json
import os
import struct
import subprocess
import tempfile

from rig import (contains, create, damage, equal, finish, main, not_on_windows, remove, run, start, stat, stop, unique,
                 wait_until)

REJECTED_AT = 0x4000 + 0x200  # of docs/protocol.md: the producer's page, and the counter in it


def aWaitIsSaidOnce():
    for words, says in [(["recv"], "a sender of ring"), (["recv", "--frame", "raw"], "a sender of ring"),
                        (["send"], "a receiver of ring"), (["flood", "--drain"], "a sender of ring"),
                        (["record", "FILE"], "the ring")]:
        name = unique()
        with tempfile.TemporaryDirectory() as folder:
            words = [folder + "/file" if word == "FILE" else word for word in words]
            process = start(words[0], *([name, *words[1:]] if words[0] == "record" else [*words[1:], name]))
            line = process.stderr.readline().decode()
            equal(line, "shmring: waiting for %s '%s'\n" % (says, name), " ".join(words))
            stop(process)
            finish(process)
            equal(process.said.count("waiting for"), 0, "said once")


def nothingIsSaidOfASenderThatIsThere():
    name = unique()
    sender = start("send", name, stdin=subprocess.PIPE)
    wait_until(lambda: stat(name), "the sender is there")
    status, out, err = run("recv", name, "--timeout", "1500ms")
    equal((status, out), (1, b""), "recv")
    equal(err.count("\n"), 1, "it says only that nothing came: %r" % err)
    sender.kill()


def aRecordingTellsWhatTheSenderWasRefused():
    name = unique()
    create(name, "--capacity", "64K")
    with tempfile.TemporaryDirectory() as folder:
        for form, refused in (("--json", 7), ("--json", 0), (None, 9)):
            file = "%s/%s%d" % (folder, form, refused)
            recorder = start("record", name, file, *([form] if form else []))
            wait_until(lambda f=file: os.path.exists(f), "the recorder is there")
            # As a sender would that counts what is refused.
            damage(name, REJECTED_AT, struct.pack("<Q", stat(name)["counters"]["rejected"] + refused))
            stop(recorder)
            status, out, _ = finish(recorder)
            equal(status, 0, "record")
            if form:
                equal(json.loads(out)["refused"], refused, "what the ring has counted")
            else:
                contains(out.decode(), "; a full ring refused its sender %d records" % refused, "sums")
    remove(name)


def aSenderMayAskForAnythingOfARingThatAReceiverMade():
    not_on_windows("the first one's options stand")
    for words in (["--stamp", "monotonic"], ["--persistent"], ["--capacity", "128K"], ["--frame", "raw"]):
        name = unique()
        receiver = start("recv", name, "--timeout", "20s")
        wait_until(lambda n=name: stat(n), "the receiver is there")
        status, _, err = run("send", name, *words, data=b"hello\n")
        equal((status, err), (0, ""), "send %s" % words)
        status, out, err = finish(receiver)
        equal((status, out.strip()), (0, b"hello"), "recv for %s: %s" % (words, err))
        if words == ["--persistent"]:
            remove(name)


def aReceiverFollowsRestartsOfItsSender():
    for end in ("close", "kill"):
        name = unique()
        receiver = start("recv", name, "--follow", "--count", "3")
        wait_until(lambda n=name: stat(n), "the receiver is there")
        for word in (b"one", b"two", b"three"):
            sender = start("send", name, stdin=subprocess.PIPE)
            sender.stdin.write(word + b"\n")
            sender.stdin.flush()
            equal(receiver.stdout.readline().strip(), word, "what was sent")
            if end == "kill":
                sender.kill()
            sender.stdin.close()
            sender.wait()
            if end == "kill" and word != b"three":
                wait_until(lambda r=receiver: b" died; " in r.stderr.readline(), "the death is told")
        status, out, err = finish(receiver)
        equal((status, out), (0, b""), "recv --follow")
        equal(err.count("died"), 0, "each death is told once: %s" % err)


def aFollowedSilenceStillTimesOut():
    name = unique()
    receiver = start("recv", name, "--follow", "--timeout", "500ms")
    wait_until(lambda: stat(name), "the receiver is there")
    status, _, err = run("send", name, data=b"x\n")
    equal((status, err), (0, ""), "send")
    status, out, err = finish(receiver)
    equal((status, out), (1, b"x\n"), "recv")
    contains(err, "nothing came", "why it ends")


main([aReceiverFollowsRestartsOfItsSender, aFollowedSilenceStillTimesOut,
      aSenderMayAskForAnythingOfARingThatAReceiverMade, aWaitIsSaidOnce, nothingIsSaidOfASenderThatIsThere,
      aRecordingTellsWhatTheSenderWasRefused])
