# SPDX-License-Identifier: MIT
"""flood: rows, named rings and their readers, what dies, and what is refused."""
import glob
import json
import os
import signal
import subprocess

from rig import (WAS_KILLED, contains, create, equal, finish, gone, kill, main, partner, partners_ring,
                 remove, run, run_ok, start, stat, stop, true, unique, wait_stat)

TWO = len(os.sched_getaffinity(0)) >= 2


def leavesNothing(pid):
    equal(glob.glob("/dev/shm/shmring.*flood.%d" % pid), [], "names of flood %d" % pid)


def checkRow(row, size, batch):
    equal((row["size"], row["batch"]), (size, batch), "row")
    true(row["messages_per_second"] > 0, "messages per second")
    # Both figures are rounded.
    true(abs(row["bytes_per_second"] - row["messages_per_second"] * size) <= size, "bytes")
    true(row["messages_checked"] > 0, "messages checked")


def flood(*args, **more):
    process = start("flood", "--json", *args, **more)
    status, out, err = finish(process)
    equal((status, err), (0, ""), "flood " + " ".join(args))
    leavesNothing(process.pid)
    return json.loads(out)


def floodPrintsATableOfSizes():
    process = start("flood", "--seconds", "1.4")
    status, out, err = finish(process)
    equal((status, err), (0, ""), "flood")
    lines = [line.split() for line in out.decode().splitlines()]
    contains(lines, ["size", "batch", "messages/s", "GB/s", "state"], "heads")
    rows = [line[:2] for line in lines if len(line) in (5, 6, 7) and line[1] in ("1", "64")]
    sizes = ["8", "64", "256", "1024", "4096", "16384", "65536"]
    equal(rows, [[size, batch] for size in sizes for batch in ("1", "64")], "rows")
    contains(out.decode(), "every byte of each checked", "flood")
    equal(len({line[3] for line in lines if len(line) in (6, 7) and line[1] in ("1", "64")}), 1, "units of the rates")
    leavesNothing(process.pid)


def floodGivesItsTableAsJson():
    d = flood("--seconds", "0.7", "--batch", "16")
    sizes = [8, 64, 256, 1024, 4096, 16384, 65536]
    equal([row["size"] for row in d["rows"]], sizes, "sizes")
    for row, size in zip(d["rows"], sizes):
        checkRow(row, size, 16)
    equal(d["pinned"], TWO, "pinned")
    # Of a small ring, only the sizes that fit.
    d = flood("--seconds", "0.5", "--batch", "2", "--capacity", "64K")
    equal([row["size"] for row in d["rows"]], sizes[:6], "sizes")
    equal({row["capacity"] for row in d["rows"]}, {65536}, "capacity")


def messagesMayHaveAnySizeAndBatch():
    for text, size in [("1", 1), ("7", 7), ("8", 8), ("13", 13), ("64", 64), ("257", 257),
                       ("1M", 1 << 20)]:
        for batch in [1, 3, 256]:
            d = flood("--size", text, "--batch", str(batch), "--seconds", "0.1")
            checkRow(d, size, batch)


def aBatchLargerThanTheRingGoesInParts():
    d = flood("--size", "16K", "--batch", "256", "--capacity", "64K", "--seconds", "0.2")
    checkRow(d, 16384, 256)


def floodWorksOnOneCore():
    cpu = min(os.sched_getaffinity(0))
    for batch in ["1", "64"]:
        d = flood("--size", "64", "--seconds", "0.2", "--batch", batch,
                  preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        equal((d["cores"], d["pinned"]), (1, False), "cores")
        checkRow(d, 64, int(batch))
    equal(flood("--size", "8", "--seconds", "0.1", "--cpus", "%d,%d" % (cpu, cpu))["cpus"],
          [cpu, cpu], "cpus")


def drained(name, *args):
    """A reader of the ring, which is there."""
    reader = start("flood", "--drain", name, "--json", *args)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the reader is there")
    return reader


def aDrainChecksWhatANamedFloodSends():
    for size, batch in [(1, 1), (64, 1), (64, 32), (3000, 5)]:
        name = unique()
        reader = drained(name)
        out = run_ok("flood", name, "--seconds", "0.2", "--json", "--size", str(size), "--batch",
                     str(batch))
        sent = json.loads(out)
        status, out, err = finish(reader)
        equal((status, err), (0, ""), "reader")
        read = json.loads(out)
        equal((sent["size"], read["size"]), (size, size), "size")
        equal(sent["messages_sent"], read["messages_checked"], "messages")
        equal((sent["ring"], read["ring"]), (name, name), "ring")
        gone(name)


def theSenderMayComeFirst():
    name = unique()
    sender = start("flood", name, "--seconds", "0.2", "--json")
    notice = sender.stderr.readline().decode()  # it has looked, and nobody was there
    contains(notice, "waiting for a reader of ring '%s'" % name, "notice")
    read = json.loads(run_ok("flood", "--drain", name, "--json", "--batch", "1"))
    status, out, err = finish(sender)
    equal((status, err), (0, ""), "sender")
    equal(json.loads(out)["messages_sent"], read["messages_checked"], "messages")


def recvReadsAFloodToo():
    name = unique()
    receiver = start("recv", name, "--frame", "raw", stdout=subprocess.DEVNULL)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver is there")
    sent = json.loads(run_ok("flood", name, "--size", "100", "--seconds", "0.1", "--json"))
    equal(receiver.wait(timeout=60), 0, "receiver")
    true(sent["messages_sent"] > 0, "messages")


def aDrainRefusesWhatIsOutOfPlace():
    def says(data, text):
        name = unique()
        reader = start("flood", "--drain", name)
        wait_stat(name, lambda s: s["consumer"]["alive"], "the reader is there")
        sender = start("send", name, "--frame", "length", stdin=subprocess.PIPE)
        sender.stdin.write(data)
        sender.stdin.close()
        status, out, err = finish(reader)
        kill(sender)
        equal((status, out), (1, b""), "reader")
        contains(err, text, "sentence")

    def pattern(number):
        """The byte behind the number, of the part of the pattern that message `number` has."""
        return bytes([(number % 61 + 2) * 0x9E3779B97F4A7C15 & 0xFF])

    def message(number, size=9, tail=None):
        return (size.to_bytes(4, "little") + number.to_bytes(8, "little") + (tail or pattern(number)))
    first, second = message(0), message(1)
    says(first + message(2), "message 1 is not the one")
    says(first + first, "message 1 is not the one")
    says(first + message(1, tail=b"9"), "message 1 is not the one")
    says(first + message(1, tail=pattern(0)), "message 1 is not the one")  # behind it the bytes of message 0
    says(b"".join(message(i) for i in range(130)) + message(130, tail=pattern(129)), "message 130 is not the one")
    says(first + second + message(2, 10, pattern(2) + b"?"), "message 2 is not the one")
    says(message(7, tail=b"?"), "message 7 is not the one")
    says(b"\0\0\0\0", "an empty message is not one")


def aKilledSenderEndsTheDrain():
    name = unique()
    reader = drained(name)
    sender = start("flood", name, "--seconds", "1000")
    wait_stat(name, lambda s: s["counters"]["received"] > 1000, "messages come")
    kill(sender)
    status, out, err = finish(reader)
    equal((status, out), (1, b""), "reader")
    contains(err, "the sender of ring '%s' died" % name, "sentence")
    gone(name)


def aKilledReaderEndsTheFloodAndTheNextOneGoesOn():
    name = unique()
    create(name)
    reader = drained(name)
    sender = start("flood", name, "--seconds", "1000")
    wait_stat(name, lambda s: s["counters"]["received"] > 1000, "messages come")
    reader.send_signal(signal.SIGSTOP)  # it takes nothing any more
    wait_stat(name, lambda s: s["used"] > s["capacity"] // 2, "the ring fills")
    kill(reader)
    status, out, err = finish(sender)
    equal((status, out), (1, b""), "sender")
    contains(err, "the reader of ring '%s' is gone" % name, "sentence")
    true(stat(name)["used"] > 0, "something is left")
    d = json.loads(run_ok("flood", "--drain", name, "--json"))
    true(d["messages_checked"] > 0, "what was left is in its place")
    remove(name)


def aPartnerThatDiesEndsTheFlood():
    process = start("flood", "--seconds", "1000")
    os.kill(partner(process, "flood"), signal.SIGKILL)
    status, out, err = finish(process)
    equal((status, out), (1, b""), "flood")
    contains(err, WAS_KILLED, "sentence")
    leavesNothing(process.pid)


def aStopShowsWhatThereIs():
    process = start("flood", "--seconds", "1000", "--size", "8", "--json")
    wait_stat(partners_ring(process, "flood"), lambda s: s["counters"]["received"] > 100000,
              "messages come")
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    equal((status, err), (0, ""), "flood")
    checkRow(json.loads(out), 8, 1)
    leavesNothing(process.pid)
    name = unique()
    reader = drained(name)
    sender = start("flood", name, "--seconds", "1000", "--json")
    wait_stat(name, lambda s: s["counters"]["received"] > 100000, "messages come")
    sender.send_signal(signal.SIGINT)
    for side in [sender, reader]:
        status, out, err = finish(side)
        equal((status, err), (0, ""), "a side")
        true(json.loads(out)["messages_per_second"] > 0, "figures")
    gone(name)


def aStopWhileNobodyIsThereLeavesNothing():
    name = unique()
    for args, role in [(["--drain", name], "consumer"), ([name], "producer")]:
        process = start("flood", *args)
        wait_stat(name, lambda s, role=role: s[role]["alive"], "it waits")
        stop(process)
        status, out, err = finish(process)
        equal((status, out), (1, b""), "flood " + " ".join(args))
        contains(err, "stopped before", "sentence")
        gone(name)


def refused(status, *args, says):
    got, out, err = run("flood", *args)
    equal((got, out), (status, b""), "flood " + " ".join(args))
    equal(err.count("\n"), 1, "lines of %r" % err)
    contains(err, says, "sentence")


def wrongUsageIsRefused():
    refused(2, "--size", "17M", says="too large")
    refused(2, "--size", "0", says="too small")
    refused(2, "--seconds", "0", says="too short")
    refused(2, "--seconds", "9999999", says="too long")
    refused(2, "--batch", "257", says="256 at most")
    refused(2, "--batch", "0", says="more than 0")
    refused(2, "--capacity", "100K", "--size", "8", says="power of two")
    refused(2, "--capacity", "64K", "--size", "32K", says="more than a quarter of a ring of 64K")
    refused(2, "--cpus", "0", says="is not two processors")
    refused(2, "--drain", says="needs a NAME")
    refused(2, "x", "--drain", "--size", "8", says="the sender's")
    refused(2, "one", "two", says="'two'")
    refused(2, "a/b", says="is not a ring name")
    refused(1, "--cpus", "0,1000", says="processor 1000 cannot be used")


def ringsThatCannotTakeAFloodAreRefused():
    name = unique()
    create(name, "--framing", "bytes")
    refused(1, name, says="byte framing")
    refused(1, "--drain", name, says="byte framing")
    remove(name)
    create(name, "--max-record", "1K")
    reader = start("recv", name)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the reader is there")
    refused(1, name, "--size", "1025", says="at most 1024")
    true(reader.poll() is None, "its reader was not told that the stream has ended")
    kill(reader)
    remove(name)


main([floodPrintsATableOfSizes, floodGivesItsTableAsJson, messagesMayHaveAnySizeAndBatch,
      aBatchLargerThanTheRingGoesInParts, floodWorksOnOneCore, aDrainChecksWhatANamedFloodSends,
      theSenderMayComeFirst, recvReadsAFloodToo, aDrainRefusesWhatIsOutOfPlace,
      aKilledSenderEndsTheDrain, aKilledReaderEndsTheFloodAndTheNextOneGoesOn,
      aPartnerThatDiesEndsTheFlood, aStopShowsWhatThereIs, aStopWhileNobodyIsThereLeavesNothing,
      wrongUsageIsRefused, ringsThatCannotTakeAFloodAreRefused])
