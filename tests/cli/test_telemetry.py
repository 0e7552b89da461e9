# SPDX-License-Identifier: MIT
"""A stamped stream of 1 MHz, recorded and replayed: contents, times, and an account of every record.
Usage: test_telemetry.py TOOL SENDER RECORDS [WORDS...]; the suite runs 100,000, the stress suite
3,000,000, and docs/recording.md has a longer run."""
import collections
import itertools
import json
import os
import struct
import sys
import time

SENDER = sys.argv.pop(2)
COUNT = int(sys.argv.pop(2))

import recordings
import rig
from recording_rig import path
from rig import COMMAND, WINDOWS, equal, finish, main, start, true, unique, wait_stat, wait_until

RECORD = 80  # bytes of the ring for one of 64, in a stamped ring
INTERVAL_NS = 1000
rig.PATIENCE += COUNT // 20000  # seconds; a busy machine is much slower than its clock


def entries(file):
    """(type, flags, time, position, payload) of each record or loss. Whether blocks are whole is for
    replay to check; files are too long here to do it in Python."""
    with open(file, "rb") as f:
        while head := f.read(40):
            kind, length = struct.unpack("<HI", head[18:24])
            body, at = f.read(length), 0
            while kind == recordings.RECORDS and at < length:
                size, *fields = struct.unpack_from("<IHHQQ", body, at)
                yield (*fields, body[at + 24:at + 24 + size])
                at += 24 + (size + 7) // 8 * 8


def span(file):
    """The times of the first and the last entry."""
    times = [e[2] for e in itertools.islice(entries(file), 1)]
    times += collections.deque((e[2] for e in entries(file)), 1)
    return times


def same(one, other):
    """Whether two files have the same records and types, and how many."""
    n = 0
    for a, b in itertools.zip_longest(*(((e[0], e[4]) for e in entries(f)
                                         if not e[1] & recordings.LOSS) for f in (one, other))):
        if a != b:
            return "record %d differs" % n
        n += 1
    return n


def sums(process):
    status, out, err = finish(process)
    equal((status, err), (0, ""), "status and errors")
    return json.loads(out)


def stream(name, file, overflow, capacity, *record_args):
    """A recording of the stream: what the sender and the recorder say."""
    sender = start(name, overflow, str(COUNT), str(INTERVAL_NS), str(capacity), stdin=-1,
                   command=[*COMMAND[:-1], SENDER])
    wait_stat(name, lambda s: s["producer"]["alive"], "the sender is there")
    recorder = start("record", name, file, "--json", *record_args)
    wait_until(lambda: os.path.exists(file), "the recorder has found the ring")
    sender.stdin.write(b"go\n")
    sender.stdin.flush()
    said = json.loads(sender.stdout.readline())
    sender.stdin.close()
    equal(finish(sender)[::2], (0, ""), "sender")
    return said, sums(recorder)


def check_records(file):
    """Numbers go up, contents follow from them, and each time is of the commit: between the times at
    which the sender began this record and the next. Returns the numbers that are not there."""
    last, last_time, missing = -1, 0, 0
    for type_, flags, time_ns, _, payload in entries(file):
        if flags & recordings.LOSS:
            continue
        number, sent_ns = struct.unpack_from("<QQ", payload)
        if (number <= last or type_ != number & 0xFFFF or not flags & recordings.COMMIT_TIME or
                payload[16:] != payload[:8] * 6):
            raise AssertionError("record %d behind %d: %r" % (number, last, (type_, flags, payload)))
        if not (last_time <= sent_ns <= time_ns):
            raise AssertionError("record %d: times %d, %d, %d" % (number, last_time, sent_ns, time_ns))
        if (number != last + 1) != bool(flags & recordings.GAP):
            raise AssertionError("a hole and its mark, at record %d behind %d" % (number, last))
        missing += number - last - 1
        last, last_time = number, time_ns
    return missing + COUNT - 1 - last


def shouldKeepContentsAndTimesThereAndBack():
    name, first, second, third = unique(), path(), path(), path()
    said, recorded = stream(name, first, "reject", 1 << 22, "--consume")
    print("# sent %(sent)d, refused %(rejected)d in %(took_ns)d ns, late by at most %(late_ns)d ns"
          % said)
    equal((said["sent"] + said["rejected"], recorded["records"], recorded["losses"]),
          (COUNT, said["sent"], 0), "accounts of the sender and the recorder")
    equal(check_records(first), said["rejected"], "holes are what was refused")
    began_ns, ended_ns = span(first)
    gaps = sum(1 for e in entries(first) if e[1] & recordings.GAP)
    for file, speed in ((second, "1"), (third, "max")):
        name, before = unique(), time.monotonic_ns()
        player = start("replay", first, name, "--speed", speed, "--json")
        wait_stat(name, lambda s: s["producer"]["alive"], "the ring is there")
        recorder = start("record", name, file, "--consume", "--json")
        again = sums(player)
        equal((again["records"], again["gaps"], again["losses"], again["damaged_places"]),
              (said["sent"], gaps, 0, 0), "what was replayed")
        equal(sums(recorder)["records"], said["sent"], "what was recorded of it")
        equal(same(first, file), said["sent"], "contents at speed " + speed)
        print("# replayed at speed %s, late by at most %d ns" % (speed, again["late_ns"]))
        if speed == "1" and not WINDOWS:  # its clock is another one than Python's
            true(span(file)[1] >= before + ended_ns - began_ns, "nothing comes before its time")


def shouldAccountForWhatAnObserverMissed():
    name, first, second = unique(), path(), path()
    said, recorded = stream(name, first, "overwrite", 1 << 16)
    equal((said["sent"], said["rejected"]), (COUNT, 0), "the sender never waits")
    equal(recorded["records"] + recorded["lost_bytes"] // RECORD, COUNT, "recorded and lost")
    print("# recorded %d, lost %d in %d places"
          % (recorded["records"], recorded["lost_bytes"] // RECORD, recorded["losses"]))
    holes, expected = [], 0
    for type_, flags, _, position, payload in entries(first):
        if flags & recordings.LOSS:
            lost, records = struct.unpack("<QQ", payload)
            true(records in (lost // RECORD, recordings.UNKNOWN), "a loss counted right")
            holes.append(lost // RECORD)
            expected += lost // RECORD
            continue
        equal((struct.unpack_from("<Q", payload)[0], position), (expected, expected * RECORD),
              "a record and its place")
        expected += 1
    equal((len(holes), sum(holes) * RECORD), (recorded["losses"], recorded["lost_bytes"]), "holes")
    name = unique()
    player = start("replay", first, name, "--speed", "max", "--json")
    wait_stat(name, lambda s: s["producer"]["alive"], "the ring is there")
    recorder = start("record", name, second, "--consume", "--json")
    again = sums(player)
    sums(recorder)
    equal((again["records"], again["losses"], again["lost_bytes"]),
          (recorded["records"], recorded["losses"], recorded["lost_bytes"]), "replayed, and lost")
    equal(same(first, second), recorded["records"], "contents")


main([shouldKeepContentsAndTimesThereAndBack, shouldAccountForWhatAnObserverMissed],
     limit=10 * rig.PATIENCE)
