# SPDX-License-Identifier: MIT
"""ping: percentiles, schedules, files, reflectors by name, and what dies."""
import json
import os
import random
import re
import signal
import struct
import subprocess
import tempfile
import time
import xml.etree.ElementTree

from pinging import PERCENTILES, inOrder, leavesNothing, reflector, stopReflector
from rig import (WAS_KILLED, contains, equal, finish, gone, kill, main, not_on_windows, partner,
                 partners_ring, pid_of, run, run_ok, start, stop, true, unique, wait_stat)

TWO = len(os.sched_getaffinity(0)) >= 2


def ping(*args, count=2000, **more):
    """Figures of a run that must succeed."""
    process = start("ping", "--json", "--count", str(count), *args, **more)
    status, out, err = finish(process)
    equal((status, err), (0, ""), "ping " + " ".join(args))
    leavesNothing(process.pid)
    d = json.loads(out)
    for key in ["round_trip_ns", "line_ns"]:
        inOrder(d[key], key)
    equal((d["count"], d["round_trip_ns"]["count"]), (count, count), "round trips")
    equal(d["line_floor_ns"], d["line_ns"]["p50"], "line floor")
    true(d["elapsed_ns"] > 0, "time passed")
    equal(d["clock"], "monotonic", "clock")
    return d


def pingShowsPercentilesTheFloorAndBars():
    process = start("ping", "--count", "5000", env={**os.environ, "LC_ALL": "C"})
    status, out, err = finish(process)
    equal((status, err), (0, ""), "ping")
    lines = out.decode("ascii").splitlines()
    heads = [line.split() for line in lines if "p99.99" in line]
    equal(heads, [PERCENTILES], "heads of the table")
    for words in ["round trip  ", "one way  ", "bare cache line  ", "monotonic clock"]:
        true(any(words in line for line in lines), "a line with %r" % words)
    bars = [line for line in lines if line.startswith("<=")]
    true(len(bars) >= 1 and any("####" in bar for bar in bars), "bars: %r" % bars)
    parts = [float(bar.split("%")[0].split()[-1]) for bar in bars]
    true(abs(sum(parts) - 100) < 0.01 * len(bars), "all of the bars: %r" % parts)
    leavesNothing(process.pid)


def aColumnHasOneUnit():
    out = run_ok("ping", "--count", "2000").decode()
    rows = [re.findall(r"[0-9.]+ (ns|us|ms)\b", line) for line in out.splitlines()
            if line.startswith(("round trip", "one way", "bare cache"))]
    equal([len(row) for row in rows], [6, 6, 6], "three rows: %s" % out)
    for column in zip(*rows):
        equal(len(set(column)), 1, "units of a column: %s" % out)


def barsAreBlocksWhereTheLocaleIsUtf8():
    not_on_windows("there is a code page of the console, and no console here")
    if "C.utf8" not in subprocess.run(["locale", "-a"], stdout=subprocess.PIPE,
                                      check=False).stdout.decode():
        print("# skipped: there is no locale C.utf8")
        return
    out = run_ok("ping", "--count", "1000", env={**os.environ, "LC_ALL": "C.utf8"}).decode()
    contains(out, "\u2588", "bars")
    contains(out, "\u2264", "bars")


def pingGivesItsFiguresAsJson():
    d = ping(count=3000)
    equal(d["size"], 8, "size")
    inOrder(d["one_way_ns"], "one way")
    true(0 < d["one_way_ns"]["count"] <= 3000, "one way")
    true(d["cores"] >= 1 and d["cpu"] != "" and d["system"] != "", "the machine")
    equal(d["pinned"], TWO, "pinned")


def messagesMayHaveAnySize():
    for text, size in [("1", 1), ("7", 7), ("8", 8), ("15", 15), ("4K", 4096), ("1M", 1 << 20)]:
        d = ping("--size", text, count=200)
        equal(d["size"], size, "size")
        equal("one_way_ns" in d, size >= 8, "a time fits into %d bytes" % size)


def aRateKeepsItsSchedule():
    d = ping("--rate", "2000", count=500)
    equal(d["rate"], 2000, "rate")
    true(d["elapsed_ns"] >= 499 * 500000, "no message was sent before it was due")
    equal(d["one_way_ns"]["count"], 500, "one way")


def aRateBeyondTheMachineIsCountedFromWhenMessagesWereDue():
    d = ping("--rate", "10000000", count=20000)
    true(d["round_trip_ns"]["max"] + 20000 * 100 >= d["elapsed_ns"] // 2, "the last was late")


def aReflectorThatStopsIsLateForEveryMessageOfThatTime():
    process, name = reflector()
    pinger = start("ping", name, "--rate", "1000", "--count", "4000", "--json")

    def sent(least):
        return wait_stat(name + ".ping", lambda s: s["counters"]["sent"] > least and
                         s["producer"]["alive"], "messages are sent")["counters"]["sent"]
    # The warm-up waits for each answer: a pause longer than it ends it.
    sent(0)
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    process.send_signal(signal.SIGCONT)
    on_schedule = sent(sent(0) + 20)
    # On schedule, messages are sent although nothing comes back.
    process.send_signal(signal.SIGSTOP)
    sent(on_schedule + 600)
    process.send_signal(signal.SIGCONT)
    status, out, err = finish(pinger)
    equal((status, err), (0, ""), "pinger")
    late = json.loads(out)
    equal(late["count"], 4000, "all were sent")
    # The first of the 600 waited for at least as long as the others took, and many more waited long.
    true(late["round_trip_ns"]["max"] >= 400e6, "one was very late: %r" % late["round_trip_ns"])
    true(late["round_trip_ns"]["p99"] >= 100e6, "many were late: %r" % late["round_trip_ns"])
    stopReflector(process, name)


def percentileFileParsesAndCountsEverything():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trips.hgrm")
        d = ping("--hgrm", path, count=4000)
        with open(path, encoding="ascii") as f:
            lines = f.read().splitlines()
    equal(lines[0].split(), ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"], "head")
    rows = [[float(word) for word in line.split()] for line in lines[2:] if line[0] != "#"]
    for column in range(3):
        values = [row[column] for row in rows]
        equal(values, sorted(values), "column %d ascends" % column)
    equal(rows[-1], [d["round_trip_ns"]["max"], 1.0, 4000.0], "last row")
    equal(rows[0][1], 0.0, "first percentile")
    for row in rows[:-1]:
        true(row[2] >= row[1] * 4000, "as many as the percentile says: %r" % row)
        true(abs(row[3] - 1 / (1 - row[1])) < 0.01 * row[3], "inverse: %r" % row)
    median = [row for row in rows if row[1] == 0.5]
    equal([row[0] for row in median], [d["round_trip_ns"]["p50"]], "median")
    for p in PERCENTILES[:-1]:  # what the file says just below, and at or just above
        part, got = float(p[1:]) / 100, d["round_trip_ns"][p]
        low = max([row[0] for row in rows if row[1] <= part - 1e-9])
        high = min([row[0] for row in rows if row[1] >= part - 1e-9])
        true(low <= got <= high, "%s is %d, and lies between %d and %d" % (p, got, low, high))
    foot = "\n".join(line for line in lines if line[0:1] == "#")
    for words in ["#[Mean    =", "StdDeviation   =", "#[Max     =", "Total count    =         4000]",
                  "#[Buckets ="]:
        contains(foot, words, "foot")


def filesThatCannotBeWrittenAreFailures():
    cases = [["--hgrm", "/nowhere/x"], ["--count", "10", "--hgrm", "/dev/full"]]
    for args in cases + ([["--matrix", "--svg", "/nowhere/x"]] if TWO else []):
        status, out, err = run("ping", *args)
        equal((status, out), (1, b""), " ".join(args))
        contains(err, args[-1], "sentence")


def reflectorServesOnePingerAfterTheOther():
    process, name = reflector()
    for count in [100, 700]:
        d = ping(name, count=count)
        equal(d["reflector"], name, "reflector")
    ping(name, "--size", "64K", count=50)
    contains(stopReflector(process, name), "for 3 pingers", "what it says in the end")


def aReflectorSendsBackEveryByte():
    process, name = reflector()
    rng = random.Random(1)
    records = [rng.randbytes(n) for n in [1, 7, 8, 9, 16, 17, 64, 1000, 4096]]
    data = b"".join(struct.pack("<I", len(r)) + r for r in records)
    receiver = start("recv", name + ".pong", "--frame", "length", "--count", str(len(records)))
    wait_stat(name + ".pong", lambda s: s["consumer"]["alive"], "somebody reads the answers")
    run_ok("send", name + ".ping", "--frame", "length", data=data)
    status, out, err = finish(receiver)
    equal((status, err), (0, ""), "receiver")
    equal(out == data, True, "every byte came back")
    stopReflector(process, name)


def twoPingersAtOnceAreRefused():
    process, name = reflector()
    first = start("ping", name, "--rate", "10", "--count", "100000")
    wait_stat(name + ".ping", lambda s: s["producer"]["alive"], "the first is there")
    status, out, err = run("ping", name, "--count", "1")
    equal((status, out), (1, b""), "the second")
    contains(err, str(pid_of(first, name + ".ping", "producer")), "sentence")
    first.send_signal(signal.SIGINT)
    equal(finish(first)[0], 0, "the first")
    stopReflector(process, name)


def aReflectorSurvivesAKilledPinger():
    process, name = reflector()
    for _ in range(3):
        pinger = start("ping", name, "--rate", "10000000", "--count", "100000000")
        wait_stat(name + ".ping", lambda s: s["counters"]["sent"] > 1000 and s["producer"]["alive"],
                  "messages are on their way")
        kill(pinger)
        ping(name, count=500)
    stopReflector(process, name)


def aKilledReflectorEndsThePinger():
    for more in [[], ["--rate", "100"]]:
        process, name = reflector()
        pinger = start("ping", name, "--count", "1000000000", *more)
        wait_stat(name + ".ping", lambda s: s["counters"]["sent"] > 5 and s["producer"]["alive"],
                  "messages are on their way")
        kill(process)
        status, out, err = finish(pinger)
        equal((status, out), (1, b""), "pinger")
        contains(err, "the reflector of '%s' is gone" % name, "sentence")
        gone(name + ".ping")
        gone(name + ".pong")


def aPingToNobodyIsAFailure():
    name = unique("nobody")
    status, out, err = run("ping", name)
    equal((status, out), (1, b""), "ping")
    contains(err, "shmring ping --reflect " + name, "sentence")


def aMessageThatTheReflectorCannotTakeIsAFailure():
    process, name = reflector()
    status, out, err = run("ping", name, "--size", "1M")
    equal((status, out), (1, b""), "ping")
    contains(err, "1048576 bytes is too large", "sentence")
    stopReflector(process, name)
    process, name = reflector("--size", "1M")
    ping(name, "--size", "1M", count=20)
    stopReflector(process, name)


def aPartnerThatDiesEndsThePing():
    for name in ["line", "trip"]:
        process = start("ping", "--count", "1000000000")
        os.kill(partner(process, name), signal.SIGKILL)
        status, out, err = finish(process)
        equal((status, out), (1, b""), "ping in phase " + name)
        contains(err, WAS_KILLED, "sentence")
        leavesNothing(process.pid)


def aStopShowsWhatThereIs():
    for more in [[], ["--rate", "1000"]]:
        process = start("ping", "--json", "--count", "1000000000", *more)
        ring = partners_ring(process, "trip", ".ping")
        # The warm-up has passed when it has sent for longer than that.
        wait_stat(ring, lambda s: s["counters"]["sent"] > 100, "messages are on their way")
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        status, out, err = finish(process)
        if status == 0:
            equal(err, "", "errors")
            true(json.loads(out)["count"] > 0, "round trips")
        else:  # it was still warming up, on a busy machine
            contains(err, "stopped before anything came back", "sentence")
        leavesNothing(process.pid)


def aStopAtTheStartLeavesNothing():
    process = start("ping")
    partner(process, "line")
    stop(process)
    status, out, err = finish(process)
    equal((status, out), (1, b""), "ping")
    contains(err, "stopped before anything came back", "sentence")
    leavesNothing(process.pid)


def pingWorksOnOneCore():
    cpu = min(os.sched_getaffinity(0))
    one = {"preexec_fn": lambda: os.sched_setaffinity(0, {cpu})}
    d = ping(count=300, **one)
    equal((d["cores"], d["pinned"]), (1, False), "cores")
    ping("--rate", "2000", count=200, **one)
    d = ping("--cpus", "%d,%d" % (cpu, cpu), count=300)
    equal(d["cpus"], [cpu, cpu], "cpus")
    status, out, err = finish(start("ping", "--matrix", **one))
    equal((status, out), (1, b""), "a matrix of one")
    contains(err, "a matrix needs two", "sentence")


def theMatrixIsSquareAndItsPictureIsXml():
    if not TWO:
        print("# skipped: there is one processor")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "matrix.svg")
        process = start("ping", "--matrix", "--count", "200", "--json", "--svg", path)
        status, out, err = finish(process)
        equal((status, err), (0, ""), "matrix")
        leavesNothing(process.pid)
        picture = xml.etree.ElementTree.parse(path).getroot()
    d = json.loads(out)
    cpus = sorted(os.sched_getaffinity(0))
    equal(d["cpus"], cpus, "cpus")
    for key in ["round_trip_ns", "line_floor_ns"]:
        equal([len(row) for row in d[key]], [len(cpus)] * len(cpus), "rows of " + key)
        for a, row in enumerate(d[key]):
            for b, value in enumerate(row):
                true((value is None) if a == b else value == d[key][b][a] and value > 0, key)
    svg = "{http://www.w3.org/2000/svg}"
    titles = [g.find(svg + "title").text for g in picture.iter(svg + "g")]
    equal(len(titles), len(cpus) * (len(cpus) - 1), "cells")
    contains(titles[0], "cores %d and %d: %d ns" % (cpus[0], cpus[1], d["round_trip_ns"][0][1]),
             "title of a cell")
    texts = "".join(text.text or "" for text in picture.iter(svg + "text"))
    contains(texts, "Round trip between two cores", "text")
    out = run_ok("ping", "--matrix", "--count", "200").decode()
    contains(out, "core ", "table")
    contains(out, "bare cache line", "table")


def refused(*args, says):
    status, out, err = run("ping", *args)
    equal((status, out), (2, b""), "ping " + " ".join(args))
    equal(err.count("\n"), 1, "lines of %r" % err)
    contains(err, says, "sentence")


def wrongUsageIsRefused():
    refused("--size", "17M", says="too large")
    refused("--count", "0", says="more than 0")
    for rate, says in [("0", "more than 0"), ("fast", "not a number"), ("-1", "negative"),
                       ("10000001", "too large"), ("1.5", "not a number")]:
        refused("--rate", rate, says=says)
    for cpus in ["0", "0,", ",1", "a,b", "0,1,2", ""]:
        refused("--cpus", cpus, says="is not two processors")
    refused("--cpus", "0,99999999999", says="too large")
    refused("--hgrm", "", says="is empty")
    refused("--reflect", says="needs a NAME")
    refused("--reflect", "x", "--json", says="measures nothing")
    refused("--matrix", "x", says="do not go with it")
    refused("--matrix", "--rate", "5", says="do not go with it")
    refused("--svg", "x", says="--matrix")
    refused("one", "two", says="'two'")
    refused("a/b", "--count", "1", says="is not a ring name")
    status, out, err = run("ping", "--cpus", "0,1000")
    equal((status, out), (1, b""), "a processor that is not there")
    contains(err, "processor 1000 cannot be used", "sentence")


main([aColumnHasOneUnit, pingShowsPercentilesTheFloorAndBars, barsAreBlocksWhereTheLocaleIsUtf8,
      pingGivesItsFiguresAsJson, messagesMayHaveAnySize, aRateKeepsItsSchedule,
      aRateBeyondTheMachineIsCountedFromWhenMessagesWereDue,
      aReflectorThatStopsIsLateForEveryMessageOfThatTime, percentileFileParsesAndCountsEverything,
      filesThatCannotBeWrittenAreFailures, reflectorServesOnePingerAfterTheOther,
      aReflectorSendsBackEveryByte,
      twoPingersAtOnceAreRefused, aReflectorSurvivesAKilledPinger, aKilledReflectorEndsThePinger,
      aPingToNobodyIsAFailure, aMessageThatTheReflectorCannotTakeIsAFailure,
      aPartnerThatDiesEndsThePing, aStopShowsWhatThereIs, aStopAtTheStartLeavesNothing,
      pingWorksOnOneCore, theMatrixIsSquareAndItsPictureIsXml, wrongUsageIsRefused])
