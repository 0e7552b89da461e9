# SPDX-License-Identifier: MIT
"""record and replay: contents, pace, rotation, limits and deaths."""
import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import time

import recordings
from recording_rig import content, frames, make, path, replay, save, some_records
from recordings import Recording, about, block, crc32c, end, entry, loss
from rig import (COMMAND, WINDOWS, Skip, contains, create, equal, feed, feed_in_two, finish, kill, main, remove,
                 run, run_ok, send_and_leave, start, stat, stop, true, unique, wait_stat, wait_until)


# ---- contents ----

def shouldReplayWhatWasRecorded():
    records = some_records(3000) + [bytes(200000), b""]
    file, said = make(records)
    equal((said["records"], said["bytes"], said["losses"], said["lost_records"]),
          (len(records), sum(map(len, records)), 0, 0), "what record said")
    got, said, err = replay(file)
    equal((got == records, said["records"], err), (True, len(records), ""), "replayed")
    equal([said[key] for key in ("gaps", "losses", "damaged_places", "files_without_end")],
          [0, 0, 0, 0], "what is missing")


def shouldWriteTheDocumentedFormat():
    records = some_records(50)
    file, _ = make(records)
    r = Recording(content(file))
    equal(r.records(), records, "records")
    equal((r.about["capacity"], r.about["framing"], r.about["stamp"], r.about["file"],
           r.about["source"] in (1, 2)), (1 << 20, 0, 0, 0, True), "about")
    equal((r.about["name"].split("\\")[-1].startswith("tools."), r.end[5]),
          (True, recordings.CLOSED), "name and reason")
    positions = [e[3] for e in r.entries]
    equal([b - a for a, b in zip(positions, positions[1:])],
          [8 + len(recordings.padded(x)) for x in records[:-1]], "positions go on without a hole")
    times = [e[2] for e in r.entries]
    true(times == sorted(times) and times[0] > 0, "times do not go back")


def syncs_of(*args):
    """How often the disk was asked to confirm, by a recorder of records that fill several blocks."""
    name, file, trace = unique(), path(), path("trace")
    # A leak checker in the program traces it, which strace does already.
    asan = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "detect_leaks=0"]))
    recorder = start("record", name, file, "--consume", *args, env={**os.environ, "ASAN_OPTIONS": asan},
                     command=["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", trace, *COMMAND])
    wait_stat(name, lambda s: s["consumer"]["alive"], "the recorder is there")
    run_ok("send", name, "--frame", "length", data=frames([bytes(100000)] * 12))
    equal(finish(recorder)[0], 0, "record")
    return content(trace).count(b"sync(")


def shouldHaveTheDiskConfirmWhenItIsAsked():
    if WINDOWS or shutil.which("strace") is None or \
            subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False).returncode != 0:
        raise Skip("strace cannot be used")
    equal(syncs_of(), 0, "nobody asked")
    equal(syncs_of("--sync", "never"), 0, "never")
    equal(syncs_of("--sync", "file"), 1, "one file")
    true(syncs_of("--sync", "block") >= 4, "each block of 256 KiB")


def shouldKeepTypesTimesAndGapMarks():
    entries = [entry(b"x%d" % n, type_=60000 + n, flags=recordings.GAP if n == 2 else 0,
                     time_ns=1000 * n) for n in range(5)]
    made = save(path(), about(schema=9, max_record=5000) + block(2, b"".join(entries), 1) +
                block(2, loss(1000, 10) + loss(24, recordings.UNKNOWN), 2) + end(3))
    name, file = unique(), path()
    create(name)
    status, _, err = run("replay", made, name)
    equal(status, 1, "a ring without the schema number is another ring")
    contains(err, "schema", "sentence")
    remove(name)
    player = start("replay", made, name, "--json")
    wait_stat(name, lambda s: s["counters"]["sent"] == 5, "all is in the ring")
    s = stat(name)
    equal((s["schema"], s["max_record"]), ("0x9", 5000), "the ring is as the recorded one")
    run_ok("record", name, file + ".2", "--consume")
    status, out, err = finish(player)
    equal((status, err), (0, ""), "replay")
    said = json.loads(out)
    equal([said[key] for key in ("records", "gaps", "losses", "lost_bytes", "lost_records")],
          [5, 1, 2, 1024, None], "what is missing")
    r = Recording(content(file + ".2"))
    equal([(e[0], e[4]) for e in r.entries], [(60000 + n, b"x%d" % n) for n in range(5)], "types")


def shouldRecordCommitTimesOfAStampedRing():
    name, file = unique(), path()
    create(name, "--stamp", "monotonic")
    send_and_leave(name, b"early\n")
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) if not WINDOWS else 0
    send_and_leave(name, b"late\n")
    run_ok("record", name, file, "--consume", "--count", "2")
    early, late = Recording(content(file)).entries
    true(early[2] < late[2], "times go on")
    true(WINDOWS or early[2] < before < late[2], "times of the commits, not of the recording")
    true(early[1] & late[1] & recordings.COMMIT_TIME, "and they say so")
    remove(name)


def shouldRecordAByteRing():
    name, file = unique(), path()
    data = random.Random(5).randbytes(300000)
    create(name, "--framing", "bytes", "--capacity", "1M")
    sender = start("send", name, "--frame", "raw", stdin=-1)
    feed(sender, data)
    wait_stat(name, lambda s: s["tail"] > 0, "the sender was there")
    run_ok("record", name, file, "--consume")
    equal(finish(sender)[0], 0, "sender")
    remove(name)
    r = Recording(content(file))
    equal((r.about["framing"], b"".join(r.records()) == data), (1, True), "the stream")
    reader = start("recv", name, "--frame", "raw", "--timeout", "60s")
    wait_stat(name, lambda s: s["consumer"]["alive"], "the reader has made the ring")
    status, _, err = run("replay", file, name)
    equal(status, 1, "into a ring of records")
    contains(err, "framing", "sentence")
    stop(reader)
    finish(reader)
    player = start("replay", file, name, "--speed", "max")
    wait_stat(name, lambda s: s["producer"]["alive"] and s["used"] > 0, "the stream is there")
    equal(run_ok("recv", name, "--frame", "raw") == data, True, "replayed")
    equal(finish(player)[0], 0, "replay")


# ---- the pace ----

def shouldKeepThePauses():
    hour = 3600 * 10**9
    file = save(path(), about() + block(2, entry(b"now", time_ns=hour) +
                                        entry(b"soon", time_ns=hour + 10**6) +
                                        entry(b"back", time_ns=5) +
                                        entry(b"later", time_ns=2 * hour), 1) + end(2))
    name = unique()
    reader = start("recv", name)
    player = start("replay", file, name)
    equal([reader.stdout.readline() for _ in range(3)], [b"now\n", b"soon\n", b"back\n"], "at once")
    equal(stat(name)["counters"]["sent"], 3, "the last is not due for an hour")
    stop(player)
    equal(finish(player)[0], 0, "replay, stopped")
    equal(finish(reader)[1], b"", "the rest")
    got, _, _ = replay(file)
    equal(got, [b"now", b"soon", b"back", b"later"], "as fast as it goes")
    got, _, _ = replay(file, args=("--speed", "1000000"))
    equal(len(got), 4, "an hour in 3.6 ms")


# ---- rotation and limits ----

def shouldRotateBySize():
    records, file, name = some_records(6000, longest=1000), path(), unique()
    sender = start("send", name, "--frame", "length", stdin=-1)
    feed(sender, frames(records[:5000]))
    run_ok("record", name, file, "--consume", "--rotate-size", "64K")
    equal(finish(sender)[0], 0, "sender")
    files = sorted(os.listdir(os.path.dirname(file)))
    equal(files, ["recording.%06d" % (n + 1) for n in range(len(files))], "names")
    true(len(files) > 5, "there are several")
    folder = os.path.dirname(file)
    found = []
    for number, f in enumerate(files, 1):
        data = content(os.path.join(folder, f))
        r = Recording(data)
        true(len(data) <= 65536, "%s has %d bytes" % (f, len(data)))
        equal((r.about["file"], r.end[5]), (number, 1 if f != files[-1] else 2), "about and end")
        found += r.records()
    equal(found == records[:5000], True, "contents of all files")
    got, _, _ = replay(*(os.path.join(folder, f) for f in files))
    equal(got == records[:5000], True, "replayed one after the other")
    sender = start("send", name, "--frame", "length", stdin=-1)
    feed(sender, frames(records[5000:]))
    run_ok("record", name, file, "--consume", "--rotate-size", "64K", "--keep", "3")
    equal(finish(sender)[0], 0, "sender")
    more = sorted(os.listdir(folder))
    equal(len(more), 3, "files that were kept")
    true(more[-1] > files[-1], "a later run goes on behind the last")
    equal(Recording(content(os.path.join(folder, more[-1]))).records()[-1:], records[-1:], "last")


def shouldRotateByTime():
    name, file = unique(), path()
    sender = start("send", name, stdin=-1)
    recorder = start("record", name, file, "--consume", "--rotate-time", "100ms")
    for n in range(1, 4):
        sender.stdin.write(b"%d\n" % n)
        sender.stdin.flush()
        wait_until(lambda: os.path.exists("%s.%06d" % (file, n + 1)), "file %d" % (n + 1))
    sender.stdin.close()
    equal((finish(sender)[0], finish(recorder)[0]), (0, 0), "ends")
    equal([Recording(content("%s.%06d" % (file, n))).records() for n in range(1, 5)],
          [[b"1"], [b"2"], [b"3"], []], "a record in each")


def shouldEndAtALimit():
    name, file = unique(), path()
    create(name)
    send_and_leave(name, b"a\nb\nc\n")
    out = run_ok("record", name, file, "--consume", "--count", "2", "--sync", "block").decode()
    contains(out, "recorded 2 records, 2 bytes\n", "sum")
    run_ok("record", name, file + ".2", "--consume", "--duration", "50ms", "--sync", "file")
    status, _, err = run("record", name, file + ".3", "--consume", "--timeout", "50ms")
    equal([Recording(content(f)).records() for f in (file, file + ".2", file + ".3")],
          [[b"a", b"b"], [b"c"], []], "records")
    equal(status, 1, "silence")
    contains(err, "nothing came", "sentence")
    remove(name)


def shouldNotOverwriteAFile():
    name, file = unique(), save(path(), b"precious")
    create(name)
    send_and_leave(name, b"a\n")
    status, out, err = run("record", name, file, "--consume")
    equal((status, out, content(file)), (1, b"", b"precious"), "record")
    contains(err, file + " is there already", "sentence")
    contains(err, "choose another name", "what to do")
    equal(stat(name)["counters"]["received"], 0, "nothing was taken from the ring")
    remove(name)


def shouldRefuseWrongWords():
    for words, says in [(("record",), "a NAME and a FILE"), (("record", "x"), "a NAME and a FILE"),
                        (("record", "x", "y", "z"), "'z.mcap'"),
                        (("record", "x", "y", "--keep", "2"), "--keep needs"),
                        (("record", "x", "y", "--rotate-size", "1K"), "at least 64K"),
                        (("record", "x/y", "z"), "x/y"), (("replay",), "a FILE"),
                        (("replay", "x", "y", "--speed", "0"), "--speed"),
                        (("replay", "x", "y", "--speed", "fast"), "--speed")]:
        status, out, err = run(*words)
        equal((status, out), (2, b""), "status of %r" % (words,))
        contains(err, says, "sentence")


# ---- deaths ----

def shouldHaveEverythingWhenTheSenderDies():
    name, file = unique(), path()
    sender = start("send", name, stdin=-1)
    recorder = start("record", name, file, "--consume")
    sender.stdin.write(b"one\ntwo\n")
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == 2 and s["consumer"]["alive"], "it is sent, and will be read")
    kill(sender)
    status, _, err = finish(recorder)
    equal(status, 1, "status")
    contains(err, "died", "sentence")
    r = Recording(content(file))
    equal((r.records(), r.end[5]), ([b"one", b"two"], recordings.DIED), "recorded")


def shouldLoseNothingWhenTheRecorderDies():
    name, file, count = unique(), path(), 300000
    records = [b"%d" % n for n in range(count)]
    sender = start("send", name, stdin=-1)
    go_on = feed_in_two(sender, b"\n".join(records[:200000]) + b"\n", b"\n".join(records[200000:]) + b"\n")
    recorder = start("record", name, file, "--consume")
    wait_until(lambda: os.path.exists(file) and os.path.getsize(file) > 100000, "it records")
    kill(recorder)
    go_on()
    got, _, err = replay(file)
    contains(err, "has no end", "sentence")
    run_ok("record", name, file + ".2", "--consume")
    equal(finish(sender)[0], 0, "sender")
    rest, _, _ = replay(file + ".2")
    equal(got == records[:len(got)], True, "what the first had")
    overlap = len(got) + len(rest) - count
    true(0 <= overlap <= 256, "%d records come again" % overlap)
    equal(rest == records[count - len(rest):], True, "what the second had")


def shouldEndInOrderWhenItIsStopped():
    name, file = unique(), path()
    sender = start("send", name, stdin=-1)
    recorder = start("record", name, file, "--consume")
    sender.stdin.write(b"one\n")
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["received"] == 1, "it is recorded")
    stop(recorder)
    status, out, err = finish(recorder)
    equal((status, err), (0, ""), "end")
    r = Recording(content(file))
    equal((r.records(), r.end[5]), ([b"one"], recordings.STOPPED), "recorded")
    kill(sender)
    finish(sender)


def shouldSayThatTheDiskIsFull():
    name, file = unique(), path()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    records = some_records(2000, longest=1000)
    sender = start("send", name, "--frame", "length", stdin=-1)
    wait_stat(name, lambda s: s["producer"]["alive"], "the ring is there")  # the limit is one of rings too
    feed(sender, frames(records))
    recorder = start("record", name, file, "--consume", preexec_fn=limit, restore_signals=False)
    status, _, err = finish(recorder)
    equal(status, 1, "status")
    contains(err, "cannot write " + file, "sentence")
    equal(err.count("\n"), 1, "sentences: " + err)
    got, _, _ = replay(file)
    equal(got == records[:len(got)] and len(got) > 10, True, "what fitted")
    run_ok("record", name, file + ".2", "--consume")
    equal(finish(sender)[0], 0, "sender")
    rest = Recording(content(file + ".2")).records()
    equal(rest == records[len(records) - len(rest):] and len(rest) >= len(records) - len(got), True,
          "the ring had the rest")


def shouldHaveTheChecksumOfTheStandard():
    file, _ = make([b"123456789"])
    data = content(file)
    equal(data.count(recordings.MAGIC), 3, "about, records, end")
    at = data.index(recordings.MAGIC, 1)
    length = struct.unpack("<I", data[at + 20:at + 24])[0]
    equal(struct.unpack("<I", data[at + 32:at + 36])[0], crc32c(data[at + 40:at + 40 + length]), "CRC")


main([shouldReplayWhatWasRecorded, shouldHaveTheDiskConfirmWhenItIsAsked, shouldWriteTheDocumentedFormat, shouldKeepTypesTimesAndGapMarks,
      shouldRecordCommitTimesOfAStampedRing, shouldRecordAByteRing, shouldKeepThePauses,
      shouldRotateBySize, shouldRotateByTime, shouldEndAtALimit,
      shouldNotOverwriteAFile, shouldRefuseWrongWords, shouldHaveEverythingWhenTheSenderDies,
      shouldLoseNothingWhenTheRecorderDies, shouldEndInOrderWhenItIsStopped,
      shouldSayThatTheDiskIsFull, shouldHaveTheChecksumOfTheStandard])
