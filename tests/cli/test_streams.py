# SPDX-License-Identifier: MIT
"""send and recv: what goes in comes out, in either order and every frame."""
import random
import struct
import subprocess

from rig import (WINDOWS, contains, create, equal, feed, finish, gone, kill, main, not_on_windows, pid_of,
                 remove, run, run_ok, start, stat, stop, transfer, true, unique, wait_stat, wait_until)


def framed(payloads):
    return b"".join(struct.pack("<I", len(p)) + p for p in payloads)


def linesComeOutAsTheyWentInWhoeverIsFirst():
    lines = b"".join(b"line %d %s\n" % (i, b"x" * (i % 97)) for i in range(100000))
    for receiver_first in [False, True]:
        name = unique()
        equal(transfer(name, lines, "line", receiver_first) == lines, True, "identity")
        gone(name)


def emptyLinesAreEmptyRecords():
    equal(transfer(unique(), b"\n\na\n\n", "line"), b"\n\na\n\n", "lines")


def theLastLineCountsWithoutItsNewline():
    equal(transfer(unique(), b"a\nb", "line"), b"a\nb\n", "lines")


def anEmptyInputEndsBothSidesInEitherOrder():
    for frame in ["line", "length", "raw"]:
        for receiver_first in [False, True]:
            name = unique()
            equal(transfer(name, b"", frame, receiver_first), b"", frame)
            gone(name)


def lengthFramesComeOutAsTheyWentInFromNothingToTheLargest():
    rng = random.Random(7)
    sizes = [0, 1, 7, 8, 9, 0, 16384, 0] + [rng.randrange(3000) for _ in range(3000)] + [16384]
    data = framed([rng.randbytes(n) for n in sizes])
    for receiver_first in [False, True]:
        out = transfer(unique(), data, "length", receiver_first, ["--capacity", "64K"],
                       ["--capacity", "64K"])
        true(out == data, "identity")


def rawBytesComeOutAsTheyWentIn():
    data = random.Random(8).randbytes(5000001)
    for receiver_first in [False, True]:
        true(transfer(unique(), data, "raw", receiver_first) == data, "identity")


def aByteRingCarriesRawAndRefusesRecords():
    data = random.Random(9).randbytes(3000001)
    name = unique()
    create(name, "--framing", "bytes", "--capacity", "64K")
    for frame in ["line", "length"]:
        status, _, err = run("send", name, "--frame", frame, data=b"x\n")
        equal(status, 1, "send --frame " + frame)
        contains(err, "byte framing", "send")
        status, _, err = run("recv", name, "--frame", frame)
        equal(status, 1, "recv --frame " + frame)
        contains(err, "byte framing", "recv")
    true(transfer(name, data, "raw", receiver_first=True) == data, "identity")
    remove(name)


def framesOfTheTwoSidesNeedNotAgree():
    name = unique()
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"one\n\nthree\n")
    sender.stdin.close()
    equal(run_ok("recv", name, "--frame", "length"), framed([b"one", b"", b"three"]), "frames")
    equal(sender.wait(timeout=60), 0, "sender")


def theLargestRecordPassesAndOneByteMoreIsRefused():
    for frame in ["line", "length"]:
        def record(n, frame=frame):
            return b"x" * n + b"\n" if frame == "line" else framed([b"x" * n])
        name = unique()
        largest = record(16384)
        equal(transfer(name, largest, frame, False, ["--capacity", "64K"]), largest, frame)
        name = unique()
        receiver = start("recv", name, "--frame", frame, "--capacity", "64K")
        wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver has made the ring")
        status, _, err = run("send", name, "--frame", frame,
                             data=record(1) + record(2) + record(16385) + record(3))
        equal(status, 1, "send")
        contains(err, "%s 3 has 16385 bytes" % ("line" if frame == "line" else "frame"), "send")
        contains(err, "16384", "send")
        equal(finish(receiver), (0, record(1) + record(2), ""), "what came before")


def aLineWithoutEndIsRefusedBeforeItFillsTheMemory():
    name = unique()
    receiver = start("recv", name, "--capacity", "64K")
    wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver has made the ring")
    sender = start("send", name, stdin=subprocess.PIPE)
    try:
        sender.stdin.write(b"first\n" + b"x" * 10000000)
        sender.stdin.close()
    except BrokenPipeError:
        pass
    equal(sender.wait(timeout=60), 1, "sender")
    contains(sender.stderr.read().decode(), "line 2 has at least", "sender")
    equal(finish(receiver), (0, b"first\n", ""), "receiver")


def aFrameThatIsCutOffIsAFailureAndTheOthersArrive():
    for rest in [b"\x05", b"\x05\0\0\0", b"\x05\0\0\0abcd"]:
        name = unique()
        receiver = start("recv", name, "--frame", "length")
        status, _, err = run("send", name, "--frame", "length", data=framed([b"whole"]) + rest)
        equal(status, 1, "sender")
        contains(err, "frame 2 is cut off", "sender")
        equal(finish(receiver), (0, framed([b"whole"]), ""), "receiver")


def aLineIsNotHeldBackWhileTheInputIsSlow():
    name = unique()
    receiver = start("recv", name)
    sender = start("send", name, stdin=subprocess.PIPE)
    for word in [b"one\n", b"two\n", b"three\n"]:
        sender.stdin.write(word)
        sender.stdin.flush()
        equal(receiver.stdout.readline(), word, "the line, before the next is written")
    sender.stdin.write(b"half a li")
    sender.stdin.flush()
    wait_stat(name, lambda s: s["consumer"]["waiting"], "the receiver waits")
    sender.stdin.write(b"ne\n")
    sender.stdin.close()
    equal(receiver.stdout.readline(), b"half a line\n", "the line in two parts")
    equal((sender.wait(timeout=60), receiver.wait(timeout=60)), (0, 0), "exit statuses")


def countEndsTheReceiverAndLeavesTheRest():
    name = unique()
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"".join(b"%d\n" % i for i in range(1000)))
    sender.stdin.close()
    equal(run_ok("recv", name, "--count", "10"), b"".join(b"%d\n" % i for i in range(10)), "ten")
    equal(sender.poll(), None, "the sender waits for the next receiver")
    equal(run_ok("recv", name), b"".join(b"%d\n" % i for i in range(10, 1000)), "the rest")
    equal(finish(sender), (0, b"", ""), "sender")
    gone(name)


def aFullRingWaitsForTheNextReceiver():
    lines = b"".join(b"%06d\n" % i for i in range(50000))
    name = unique()
    sender = start("send", name, "--capacity", "64K", stdin=subprocess.PIPE)
    wait_stat(name, lambda s: s["producer"]["alive"], "the ring has the sender's capacity")
    sender.stdin.write(lines[:70])
    sender.stdin.flush()
    equal(run_ok("recv", name, "--count", "5"), lines[:35], "the first receiver's")
    feed(sender, lines[70:])
    contains(sender.stderr.readline().decode(), "waiting for a receiver", "notice")
    equal(run_ok("recv", name, "--count", "20000"), lines[35:35 + 140000], "the second receiver's")
    equal(run_ok("recv", name), lines[35 + 140000:], "the third receiver's")
    equal(sender.wait(timeout=60), 0, "sender")


def silenceEndsAReceiverThatGaveATime():
    name = unique()
    status, out, err = run("recv", name, "--timeout", "50ms")
    equal((status, out), (1, b""), "nobody ever came")
    contains(err, "nothing came", "sentence")
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"word\n")
    sender.stdin.flush()
    status, out, err = run("recv", name, "--timeout", "200ms")
    equal((status, out), (1, b"word\n"), "the sender went silent")
    contains(err, "nothing came", "sentence")
    sender.stdin.close()
    equal(sender.wait(timeout=60), 0, "sender")


def aPersistentRingNeedsNoReaderAndKeepsWhatWasSent():
    not_on_windows("no ring is there without a process, and a sender waits for its reader")
    name = unique()
    run_ok("send", name, "--persistent", data=b"a\nb\n")
    run_ok("send", name, data=b"c\n")
    equal(stat(name)["used"], 48, "bytes in the ring")
    equal(run_ok("recv", name), b"a\nb\nc\n", "all of it")
    status, _, _ = run("recv", name, "--timeout", "20ms")
    equal(status, 1, "an end that was told once is not told again")
    run_ok("rm", name)
    gone(name)


def aNewPersistentRingWaitsForItsFirstSender():
    name = unique()
    create(name)
    receiver = start("recv", name)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver is there")
    run_ok("send", name, data=b"hello\n")
    equal(finish(receiver), (0, b"hello\n", ""), "receiver")
    remove(name)


def aStopEndsBothSidesInOrder():
    for how in [2] if WINDOWS else [2, 15]:
        name = unique()
        receiver = start("recv", name)
        sender = start("send", name, stdin=subprocess.PIPE)
        sender.stdin.write(b"word\n")
        sender.stdin.flush()
        equal(receiver.stdout.readline(), b"word\n", "the stream runs")
        sender.send_signal(how)
        equal(sender.wait(timeout=60), 0, "sender")
        equal(finish(receiver), (0, b"", ""), "the receiver sees an end in order")
        receiver = start("recv", name)
        wait_stat(name, lambda s: s["consumer"]["waiting"], "the receiver sleeps")
        receiver.send_signal(how)
        equal(receiver.wait(timeout=60), 0, "a receiver that waits")
        gone(name)


def aStoppedSenderSaysThatItsRecordsAreLost():
    name = unique()
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"word\n")
    sender.stdin.close()
    wait_stat(name, lambda s: s["used"] > 0, "the line is in the ring")
    stop(sender)
    equal(sender.wait(timeout=60), 1, "sender")
    contains(sender.stderr.read().decode(), "nobody has read", "sentence")
    gone(name)


def aRoleThatIsTakenNamesItsHolder():
    name = unique()
    receiver = start("recv", name)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver is there")
    status, _, err = run("recv", name)
    equal(status, 1, "second receiver")
    contains(err, str(pid_of(receiver, name, "consumer")), "sentence")


def thePidIsThereAsSoonAsTheRoleIsTaken():
    for _ in range(20):
        name = unique()
        both = [start("recv", name), start("recv", name)]
        first_end = wait_until(lambda: next((p for p in both if p.poll() is not None), None),
                               "one of the two is refused")
        status, _, err = finish(first_end)
        other = both[1 - both.index(first_end)]
        equal(status, 1, "the loser")
        contains(err, str(pid_of(other, name, "consumer")), "sentence")
        kill(other)


main([linesComeOutAsTheyWentInWhoeverIsFirst, emptyLinesAreEmptyRecords,
      theLastLineCountsWithoutItsNewline, anEmptyInputEndsBothSidesInEitherOrder,
      lengthFramesComeOutAsTheyWentInFromNothingToTheLargest, rawBytesComeOutAsTheyWentIn,
      aByteRingCarriesRawAndRefusesRecords, framesOfTheTwoSidesNeedNotAgree,
      theLargestRecordPassesAndOneByteMoreIsRefused,
      aLineWithoutEndIsRefusedBeforeItFillsTheMemory,
      aFrameThatIsCutOffIsAFailureAndTheOthersArrive, aLineIsNotHeldBackWhileTheInputIsSlow,
      countEndsTheReceiverAndLeavesTheRest, aFullRingWaitsForTheNextReceiver,
      silenceEndsAReceiverThatGaveATime, aPersistentRingNeedsNoReaderAndKeepsWhatWasSent,
      aNewPersistentRingWaitsForItsFirstSender, aStopEndsBothSidesInOrder,
      aStoppedSenderSaysThatItsRecordsAreLost, aRoleThatIsTakenNamesItsHolder,
      thePidIsThereAsSoonAsTheRoleIsTaken])
