# SPDX-License-Identifier: MIT
"""What ping writes for other programs, read by them; and runs. test_measurements.py TOOL SCHEMA READER FOLDER ..."""
import csv
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

SCHEMA, READER, FOLDER = (sys.argv.pop(2) for _ in range(3))  # before rig takes the rest

# pylint: disable=wrong-import-position
from rig import (Skip, WINDOWS, contains, equal, finish, main, not_on_windows, partners, run, run_ok, start, stop, true,
                 wait_until, wait_stat)
from pinging import PERCENTILES, inOrder, leavesNothing, reflector, stopReflector

WHATS = ["round_trip", "one_way", "line", "jitter"]
VERSION = "3.0.1"  # of hdr-histogram-js


def measured(*args, count=2000):
    """JSON of a ping that must succeed."""
    process = start("ping", "--json", "--count", str(count), *args)
    status, out, err = finish(process)
    equal((status, err), (0, ""), "ping " + " ".join(args))
    leavesNothing(process.pid)
    return json.loads(out)


def hdr():
    """Where npm's reader is; installed once for a build."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Skip("there is no node with npm")
    place = os.path.join(os.path.abspath(FOLDER), "hdr")
    module = os.path.join(place, "node_modules", "hdr-histogram-js")
    if not os.path.isdir(module):
        os.makedirs(place, exist_ok=True)
        got = subprocess.run(["npm", "install", "--prefix", place, "--no-audit", "--no-fund", "--ignore-scripts",
                              "hdr-histogram-js@" + VERSION], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             check=False)
        if got.returncode != 0:
            raise Skip("npm cannot install hdr-histogram-js: " + got.stdout.decode().split("\n")[0])
    return module


def theJsonIsOfItsSchema():
    try:
        import jsonschema  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise Skip("there is no python3-jsonschema")  # pylint: disable=raise-missing-from
    with open(SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    process, name = reflector()
    for args in [[], ["--runs", "3"], ["--size", "1"], ["--rate", "20000"], [name]]:
        jsonschema.validate(measured(*args), schema)
    stopReflector(process, name)
    for args in [["--size", "64"], [], ["--size", "8", "--runs", "2"]]:
        jsonschema.validate(json.loads(run_ok("flood", "--json", "--seconds", "0.3", *args)), schema)
    broken = measured()
    del broken["runs"][0]["state"]
    try:
        jsonschema.validate(broken, schema)
    except jsonschema.ValidationError:
        return
    raise AssertionError("the schema takes a run without its state")


def theJsonHasTheWholeHistograms():
    d = measured(count=3000)
    (only,) = d["runs"]
    for what in WHATS:
        h = only[what + "_ns"]
        values = [value for value, _ in h["buckets"]]
        equal(values, sorted(set(values)), "values of " + what)
        equal(sum(count for _, count in h["buckets"]), h["count"], "count of " + what)
        equal(values[-1], h["max"], "largest of " + what)
        seen = 0
        for value, count in h["buckets"]:
            seen += count
            if 2 * seen >= h["count"]:
                equal(value, h["p50"], "median of " + what)
                break
        equal({p: h[p] for p in PERCENTILES}, {p: d[what + "_ns"][p] for p in PERCENTILES}, what)


def theCsvHasALineForEachRunAndQuantity():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "runs.csv")
        d = measured("--runs", "3", "--csv", path)
        with open(path, newline="", encoding="ascii") as f:
            rows = list(csv.DictReader(f))
    equal([(row["run"], row["what"]) for row in rows], [(str(run), what) for run in [1, 2, 3] for what in WHATS],
          "lines")
    for row in rows:
        one = d["runs"][int(row["run"]) - 1]
        h = one[row["what"] + "_ns"]
        equal({p: int(row[p + "_ns"]) for p in PERCENTILES}, {p: h[p] for p in PERCENTILES}, "percentiles")
        equal((int(row["count"]), row["state"], row["size"]), (h["count"], one["state"], "8"), "the rest")
        equal(row["began"].replace(".", ""), str(one["began_ns"]), "when it began")


def theSamplesAreThoseOfTheHistogram():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trips.samples")
        d = measured("--runs", "2", "--samples", path, count=1000)
        with open(path, "rb") as f:
            data = f.read()
    for number, one in enumerate(d["runs"], 1):
        head, data = data[:48], data[48:]
        magic, size, which, kept, dropped, began, each = struct.unpack("<8sIIQQQQ", head)
        equal((magic, size, which, kept, dropped, began, each),
              (b"shmrsmp1", 48, number, 1000, 0, one["began_ns"], 16), "head")
        samples = list(struct.iter_unpack("<QQ", data[:16 * kept]))
        data = data[16 * kept:]
        took = sorted(took for _, took in samples)
        at = [at for at, _ in samples]
        equal(at, sorted(at), "times ascend")
        equal(took[-1], one["round_trip_ns"]["max"], "largest")
        true(took[499] <= one["round_trip_ns"]["p50"] <= took[499] * 1.005 + 1, "median")
    equal(data, b"", "what is behind the last")


def hdrHistogramReadsTheSame():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "runs.hlog")
        status, out, err = run("ping", "--json", "--count", "5000", "--runs", "2", "--hlog", path)
        if status == 2 and "built without" in err:
            raise Skip("this build has no zlib")
        equal((status, err), (0, ""), "ping")
        with open(path, encoding="ascii") as f:
            contains(f.read(), "#[Histogram log format version 1.3]", "head")
        module = hdr()
        got = subprocess.run(["node", READER, path], stdout=subprocess.PIPE, check=True,
                             env={**os.environ, "SHMRING_TEST_HDR": module})
    read = json.loads(got.stdout)
    ours = [(what, one[what + "_ns"]) for one in json.loads(out)["runs"] for what in WHATS]
    equal([h["tag"] for h in read], [what for what, _ in ours], "tags")
    for h, (what, want) in zip(read, ours):
        equal(h["count"], want["count"], "count of " + what)
        for p, value in h["values"].items():
            if want[p] < want["max"]:
                equal(value, want[p], "%s of %s" % (p, what))
            else:  # the largest is known to 0.1 %
                true(want["max"] <= value <= want["max"] * 1.001, "%s of %s" % (p, what))
        true(want["max"] <= h["max"] <= want["max"] * 1.001, "largest of " + what)


def runsAreOfProcessesOfTheirOwn():
    with tempfile.TemporaryFile() as output:  # longer than a pipe holds, where the machine is busy
        process = start("ping", "--json", "--runs", "3", "--count", "1000", stdout=output)
        runners = set()

        def look():
            runners.update(pid for pid, words in partners(process) if words[2] == "ping-run")
            return process.poll() is not None
        wait_until(look, "ping ends")
        status, _, err = finish(process)
        equal((status, err), (0, ""), "ping")
        output.seek(0)
        out = output.read()
    true(len(runners) >= 3, "processes of runs: %r" % runners)  # more: one that has forked, and looks like two
    d = json.loads(out)
    equal(len(d["runs"]), 3, "runs")
    equal(d["count"], 3000, "round trips")
    middle = sorted(one["round_trip_ns"]["p50"] for one in d["runs"])[1]
    equal(d["round_trip_ns"]["p50"], middle, "median of medians")
    equal(sum(s["runs"] for s in d["states"].values()), 3, "runs of all states")
    for state, s in d["states"].items():
        equal(s["runs"], len([one for one in d["runs"] if one["state"] == state]), "runs that were " + state)
        equal(s["round_trip_ns"]["p50"]["interval_95"], False, "three runs give no interval")


def theTextTellsStateAndIntervals():
    out = run_ok("ping", "--count", "1000").decode()
    for words in ["state: ", "empty loop"]:
        contains(out, words, "one run")
    out = run_ok("ping", "--runs", "6", "--count", "200").decode()
    contains(out, "in 6 runs", "runs")
    contains(out, "medians of them", "runs")
    true("95 % interval" in out or "too few runs" in out, "intervals: " + out)


def aReflectorServesManyRuns():
    process, name = reflector()
    d = measured(name, "--runs", "3", count=300)
    equal((d["reflector"], len(d["runs"])), (name, 3), "runs")
    contains(stopReflector(process, name), "for 3 pingers", "what it says in the end")


def aStopShowsTheRunsUntilThen():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "runs.csv")
        process = start("ping", "--json", "--runs", "100", "--count", "1000", "--csv", path)
        wait_until(lambda: third(process), "some runs")
        process.send_signal(signal.SIGINT)
        status, out, err = finish(process)
        equal((status, err), (0, ""), "ping")
        done = len(json.loads(out)["runs"])
        true(1 <= done < 100, "runs: %d" % done)
        with open(path, encoding="ascii") as f:
            equal(len(f.readlines()) - 1, 4 * done, "lines of as many runs")
    leavesNothing(process.pid)


_seen = {}


def third(process):
    """Whether three processes of runs have been there."""
    seen = _seen.setdefault(process.pid, set())
    seen.update(pid for pid, words in partners(process) if words[2] == "ping-run")
    return len(seen) >= 3


def killed(process):
    for pid, words in partners(process):
        if words[2] == "ping-run":
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            return True
    return process.poll() is not None


def aRunThatDiesIsAFailure():
    not_on_windows("under wine a process that has done its run is there for a while")
    process = start("ping", "--runs", "50", "--count", "1000")
    wait_until(lambda: third(process), "some runs")
    wait_until(lambda: killed(process), "a run is killed")
    status, out, err = finish(process)
    equal((status, out), (1, b""), "ping")
    contains(err, "the process of a run was killed", "sentence")
    # One sentence also when it is the run that says it.
    mirror, name = reflector()
    process = start("ping", name, "--runs", "50", "--count", "1000")
    wait_stat(name + ".ping", lambda s: s["counters"]["sent"] > 5, "messages are on their way")
    mirror.kill()
    status, out, err = finish(process)
    equal((status, out, err.count("\n")), (1, b"", 1), "ping: " + err)


def aPartnerWhoseStarterIsGoneEnds():
    """Also one that was started, and had not yet asked to be killed with its starter."""
    not_on_windows("there a job ends it")
    process = start("ping", "--count", "10000000")
    words = wait_until(lambda: [words for _, words in partners(process)], "a partner")[0]
    stop(process)
    finish(process)
    orphan = start(*words[1:-1], env={**os.environ, "SHMRING_PARENT": "1"})
    equal(finish(orphan), (1, b"", ""), "the partner of another process")
    other = start(*words[1:-1], env={**os.environ, "SHMRING_PARENT": str(os.getpid())})
    true(finish(other)[2] != "", "the partner of this process finds no ring, and says so")


def floodRepeatsItselfAndWritesLines():
    with tempfile.TemporaryDirectory() as folder:
        lines, looks = os.path.join(folder, "runs.csv"), os.path.join(folder, "looks")
        d = json.loads(run_ok("flood", "--json", "--size", "64", "--runs", "3", "--seconds", "0.2", "--csv", lines,
                              "--samples", looks))
        with open(lines, newline="", encoding="ascii") as f:
            rows = list(csv.DictReader(f))
        with open(looks, "rb") as f:
            data = f.read()
    equal([(row["run"], row["size"], row["batch"]) for row in rows], [("%d" % n, "64", "1") for n in [1, 2, 3]], "lines")
    rates = [float(row["messages_per_second"]) for row in rows]
    equal(rates, [one["messages_per_second"] for one in d["runs"]], "rates")
    equal(d["messages_per_second"], sorted(rates)[1], "median")
    equal([row["state"] for row in rows], [one["state"] for one in d["runs"]], "states")
    for number in [1, 2, 3]:
        magic, _, which, kept, _, began, _ = struct.unpack("<8sIIQQQQ", data[:48])
        equal((magic, which, began), (b"shmrsmp1", number, d["runs"][number - 1]["began_ns"]), "head")
        looks = list(struct.iter_unpack("<QQ", data[48:48 + 16 * kept]))
        equal(looks, sorted(looks), "looks ascend")
        true(kept > 0 and looks[-1][1] > 0, "messages came")
        data = data[48 + 16 * kept:]
    equal(data, b"", "what is behind the last")
    out = run_ok("flood", "--size", "64", "--runs", "2", "--seconds", "0.1").decode()
    for words in [r"state +runs", r" [12]\*", "state: near"]:  # one state for both runs, or each one of its own
        true(re.search(words, out), "%s in %r" % (words, out))
    contains(run_ok("demo", "--seconds", "0.2").decode(), "state: ", "demo")


def wrongUsageAndWrongFilesAreRefused():
    for args, says in [(["--runs", "0"], "more than 0"), (["--runs", "201"], "200 at most"),
                       (["--reflect", "x", "--runs", "2"], "measures nothing"),
                       (["--matrix", "--hlog", "x"], "do not go with it"),
                       (["--csv", "-", "--json"], "two things"), (["--csv", "-", "--samples", "-"], "two things"),
                       (["--csv", ""], "is empty")]:
        status, out, err = run("ping", *args)
        equal((status, out, err.count("\n")), (2, b"", 1), "ping %s: %s" % (" ".join(args), err))
        contains(err, says, "sentence")
    for args, says in [(["--runs", "0"], "more than 0"), (["x", "--runs", "2"], "without NAME"),
                       (["--samples", "x"], "give it with --size"), (["--csv", "-", "--json"], "two things")]:
        status, out, err = run("flood", *args)
        equal((status, out, err.count("\n")), (2, b"", 1), "flood %s: %s" % (" ".join(args), err))
        contains(err, says, "sentence")
    for option in ["--csv", "--samples", "--hlog"]:
        for path in ["/nowhere/x"] + ([] if WINDOWS else ["/dev/full"]):
            status, out, err = run("ping", "--count", "100", option, path)
            if "built without" not in err:
                equal((status, out, err.count("\n")), (1, b"", 1), "%s %s: %s" % (option, path, err))
                contains(err, path, "sentence")


def aFileMayBeStandardOutput():
    rows = list(csv.DictReader(run_ok("ping", "--count", "500", "--csv", "-").decode().splitlines()))
    equal([row["what"] for row in rows], WHATS, "lines")
    inOrder({p: int(rows[0][p + "_ns"]) for p in PERCENTILES}, "percentiles")


if __name__ == "__main__":
    main([theJsonIsOfItsSchema, theJsonHasTheWholeHistograms, theCsvHasALineForEachRunAndQuantity,
          theSamplesAreThoseOfTheHistogram, hdrHistogramReadsTheSame, runsAreOfProcessesOfTheirOwn,
          theTextTellsStateAndIntervals, aReflectorServesManyRuns, aStopShowsTheRunsUntilThen,
          aRunThatDiesIsAFailure, aPartnerWhoseStarterIsGoneEnds, floodRepeatsItselfAndWritesLines,
          wrongUsageAndWrongFilesAreRefused, aFileMayBeStandardOutput])
