# SPDX-License-Identifier: MIT
"""tap: watching without taking part, overwrite rings, and what a dead process leaves."""
import os
import re
import signal
import struct
import subprocess
import time

from rig import (PATIENCE, WINDOWS, contains, create, equal, feed, finish, kill, main, not_on_windows,
                 remove, run, run_ok, send_and_leave, start, stat, stop, true, unique, wait_stat)


def numbered(first, last):
    return b"".join(b"%08d\n" % i for i in range(first, last))


def overwrite_ring():
    name = unique()
    create(name, "--overflow", "overwrite", "--capacity", "64K")
    return name


def whatIsWatchedStaysForItsReader():
    name = unique()
    create(name, "--capacity", "64K")
    send_and_leave(name, numbered(0, 1000))
    before = stat(name)
    for _ in range(3):
        equal(run_ok("tap", name, "--from", "oldest"), numbered(0, 1000), "tap")
    equal(stat(name), before, "the ring's state")
    equal(run_ok("recv", name, "--count", "1000"), numbered(0, 1000), "recv")
    equal(run_ok("tap", name, "--from", "oldest"), numbered(0, 1000), "tap of what was read")
    remove(name)


def aTapOnALiveRingSeesEveryRecordBesideTheReader():
    name = unique()
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"first\n")
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == 1, "the first is there")
    tap = start("tap", name, "--from", "oldest")
    equal(tap.stdout.read(6), b"first\n", "tap has begun")
    receiver = start("recv", name)
    sender.stdin.write(numbered(0, 2000))
    sender.stdin.close()
    equal(finish(receiver), (0, b"first\n" + numbered(0, 2000), ""), "receiver")
    equal(finish(tap), (0, numbered(0, 2000), ""), "tap")


def theNewestIsWhatComesLater():
    name = unique()
    create(name)
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"old\n")
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == 1, "the first is there")
    # It ends by the count: whatever it saw first was sent after it had begun.
    tap = start("tap", name, "--count", "1")
    while tap.poll() is None:
        sender.stdin.write(b"new\n")
        sender.stdin.flush()
        try:
            tap.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            pass
    equal(finish(tap)[:2], (0, b"new\n"), "tap")
    stop(sender)
    finish(sender)
    remove(name)


def framesAndTypesAndCountsChoose():
    name = unique()
    create(name)
    send_and_leave(name, b"one\n\nthree\n")
    tap = ["tap", name, "--from", "oldest"]
    equal(run_ok(*tap, "--frame", "length"),
          b"".join(struct.pack("<I", len(p)) + p for p in [b"one", b"", b"three"]), "length")
    equal(run_ok(*tap, "--frame", "raw"), b"onethree", "raw")
    equal(run_ok(*tap, "--count", "2"), b"one\n\n", "count")
    equal(run_ok(*tap, "--type", "0"), b"one\n\nthree\n", "type 0")
    equal(run_ok(*tap, "--type", "7"), b"", "type 7")
    remove(name)


def peopleSeePositionsAndBytes():
    name = unique()
    create(name)
    send_and_leave(name, bytes(range(20)) + b"shmring", "--frame", "raw", records=1)
    out = run_ok("tap", name, "--from", "oldest", "--frame", "hex").decode().splitlines()
    true(re.fullmatch(r"at \d+  type 0  27 bytes", out[0]), "head: " + out[0])
    contains(out[1], "00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|", "row")
    contains(out[2], "10 11 12 13 73 68 6d 72  69 6e 67", "row")
    contains(out[2], "|....shmring|", "row")
    equal(len(out), 3, "lines")
    remove(name)


def peopleSeeWhenARecordWasSent():
    name = unique()
    create(name, "--stamp", "monotonic")
    before = time.monotonic()
    send_and_leave(name, b"one\n")
    after = time.monotonic()
    out = run_ok("tap", name, "--from", "oldest", "--frame", "hex").decode().splitlines()
    found = re.fullmatch(r"at 0  type 0  3 bytes  stamp (\d+\.\d{9}) s", out[0])
    true(found, "head: " + out[0])
    # Wine's clock is another one than Python's.
    true(WINDOWS or before <= float(found.group(1)) <= after, "the time of the commit")
    remove(name)


def aByteRingIsWatchedRaw():
    name = unique()
    create(name, "--framing", "bytes")
    send_and_leave(name, b"x" * 5000, "--frame", "raw")
    equal(run_ok("tap", name, "--from", "oldest", "--frame", "raw"), b"x" * 5000, "tap")
    status, _, err = run("tap", name, "--from", "oldest", "--frame", "line")
    equal(status, 1, "line")
    contains(err, "byte framing", "line")
    remove(name)


def anOverwriteRingKeepsTheNewestForTapAndReader():
    name = overwrite_ring()
    data = numbered(0, 50000)
    send_and_leave(name, data)
    out = run_ok("tap", name, "--from", "oldest")
    true(data.endswith(out) and len(out) > 40000 * 9 // 24, "the newest, whole: %d bytes" % len(out))
    receiver = run("recv", name)
    equal(receiver[:2], (0, out), "recv")
    contains(receiver[2], "overwritten before they could be read", "recv")
    equal(stat(name)["counters"]["lapped"], 1, "lapped")
    remove(name)


def aReaderOfAnOverwriteRingTakesWhatComesAndTellsWhatItMissed():
    name = overwrite_ring()
    receiver = start("recv", name)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver is there")
    sender = start("send", name, stdin=subprocess.PIPE)
    feed(sender, numbered(0, 300000))
    status, out, _ = finish(receiver)
    equal(status, 0, "receiver")
    got = [int(line) for line in out.split()]
    true(all(a < b for a, b in zip(got, got[1:])), "in order")
    equal(got[-1], 299999, "the last one")
    lapped = stat(name)["counters"]
    equal(len(got) * 16 + lapped["lapped_bytes"], 300000 * 16, "delivered and lost are all")
    remove(name)


def overtaken(name, frame, times, want):
    """What a tap says and shows that is stopped so many times, each while 50,000 records pass."""
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(numbered(0, 1))
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == 1, "the first is there")
    tap = start("tap", name, "--from", "oldest", "--frame", frame)
    out = b""
    while not out.endswith(b"\n"):  # it has begun, and shown one record
        out += os.read(tap.stdout.fileno(), 1 << 16)
    for number in range(times):
        os.kill(tap.pid, signal.SIGSTOP)
        first = 1 + 50000 * number
        sender.stdin.write(numbered(first, first + 50000))
        sender.stdin.flush()
        wait_stat(name, lambda s, last=first + 50000: s["counters"]["sent"] == last, "they have passed")
        os.kill(tap.pid, signal.SIGCONT)
        while want % (first + 49999) not in out:
            more = os.read(tap.stdout.fileno(), 1 << 16)
            true(more, "tap goes on")
            out += more
    sender.stdin.close()
    equal(finish(sender)[0], 0, "sender")
    status, rest, err = finish(tap)
    equal(status, 0, "tap")
    return out + rest, err


def figures(text):
    return [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) (?:records|bytes)", text)]


def whatATapMissedIsToldInSums():
    not_on_windows("a process is stopped by a signal")
    name = overwrite_ring()
    out, err = overtaken(name, "line", 3, b"%08d\n")
    said = err.splitlines()
    true(1 <= len(said) <= 3, "sentences: %r" % said)
    form = (r"shmring: ring '%s': fell behind( [23] times)?; lost [\d,]+ records, [\d,]+ bytes, "
            r"overwritten before they were seen" % re.escape(name))
    true(all(re.fullmatch(form, line) for line in said), "sentences: %r" % said)
    lost = [sum(figures(line)[at] for line in said) for at in (0, 1)]
    equal((out.count(b"\n") + lost[0], lost[1]), (150001, 16 * lost[0]), "seen and lost are all")
    remove(name)


def peopleSeeALossInItsPlace():
    not_on_windows("a process is stopped by a signal")
    name = overwrite_ring()
    out, err = overtaken(name, "hex", 1, b"|%08d|")
    equal(err, "", "nothing elsewhere")
    lines = out.decode().splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.startswith("lost ")]
    records, lost = figures(lines[at])
    contains(lines[at - 1], "|00000000|", "before the loss")
    equal(lines[at + 1].split()[1], str(16 + lost), "the place behind the loss")
    contains(lines[at + 2], "|%08d|" % (1 + records), "behind the loss")
    remove(name)


def aTapEndsWhenItsReaderHasGone():
    not_on_windows("a pipe tells it to the next write")
    name = unique()
    create(name)
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"one\n")
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == 1, "the first is there")
    tap = start("tap", name, "--from", "oldest")
    equal(tap.stdout.readline(), b"one\n", "tap has begun")
    tap.stdout.close()
    equal(tap.wait(timeout=PATIENCE), 1, "it ends, though nothing comes")
    stop(sender)
    finish(sender)
    remove(name)


def theLastRecordsOfADeadSenderAreThere():
    name = overwrite_ring()
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(numbered(0, 20000))
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == 20000, "all are committed")
    kill(sender)
    out = run_ok("tap", name, "--from", "oldest")
    true(numbered(0, 20000).endswith(out) and len(out) > 9 * 3000, "the last ones")
    status, out, err = run("tap", name)  # for what comes, and nothing will
    equal((status, out), (0, b""), "from the newest")
    contains(err, "its sender died, and nothing new came; --from oldest shows", "a hint")
    remove(name)


def silenceEndsATapThatGaveATime():
    name = unique()
    create(name)
    status, _, err = run("tap", name, "--timeout", "50ms")
    equal(status, 1, "status")
    contains(err, "nothing came", "sentence")
    contains(err, name, "sentence")
    remove(name)


def whoHearsNothingIsToldOfWhatIsThere():
    name = unique()
    create(name)
    send_and_leave(name, b"one\n")
    status, out, err = run("tap", name)
    equal((status, out), (0, b""), "from the newest")
    contains(err, "its sender has closed", "a hint")
    equal(run_ok("tap", name, "--from", "oldest", "--type", "5"), b"", "who asked for all needs none")
    remove(name)


def aRingThatIsNotThereIsAFailure():
    name = unique()
    status, _, err = run("tap", name)
    equal(status, 1, "status")
    contains(err, name, "sentence")


main([whatIsWatchedStaysForItsReader, aTapOnALiveRingSeesEveryRecordBesideTheReader,
      theNewestIsWhatComesLater, framesAndTypesAndCountsChoose, peopleSeePositionsAndBytes,
      peopleSeeWhenARecordWasSent, aByteRingIsWatchedRaw, anOverwriteRingKeepsTheNewestForTapAndReader,
      aReaderOfAnOverwriteRingTakesWhatComesAndTellsWhatItMissed, theLastRecordsOfADeadSenderAreThere,
      whatATapMissedIsToldInSums, peopleSeeALossInItsPlace, aTapEndsWhenItsReaderHasGone,
      silenceEndsATapThatGaveATime, whoHearsNothingIsToldOfWhatIsThere, aRingThatIsNotThereIsAFailure])
