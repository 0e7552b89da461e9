# SPDX-License-Identifier: MIT
"""The demo: figures, JSON, one core, a partner that dies, and nothing left behind."""
import glob
import json
import os
import shutil
import signal
import time

from rig import (WAS_KILLED, WINDOWS, contains, equal, finish, main, partner, run_ok, start, stop,
                 true, wait_until)


def leavesNothing(pid):
    """Windows keeps no list of names, and no name beyond its processes."""
    if not WINDOWS:
        equal(glob.glob("/dev/shm/shmring.*demo.%d.*" % pid), [], "names of demo %d" % pid)


def checkFigures(d, size):
    equal(d["size"], size, "size")
    true(d["messages_per_second"] > 0, "messages per second")
    true(abs(d["bytes_per_second"] - d["messages_per_second"] * size) < size, "bytes per second")
    true(d["messages_checked"] > 0, "messages checked")
    true(d["line_floor_ns"] > 0, "line floor")
    equal("socket" in d, not WINDOWS, "Unix sockets are measured where there are any")
    for way in [d, d["pipe"]] + ([d["socket"]] if "socket" in d else []):
        trip = way["round_trip_ns"]
        true(0 < trip["p50"] <= trip["p90"] <= trip["p99"] <= trip["p99.9"] <= trip["max"],
             "percentiles in order: %r" % trip)
        true(way["messages_per_second"] > 0 and way["messages_checked"] > 0, "a stream")


def demoPrintsItsTable():
    demo = start("demo", "--seconds", "1")
    status, out, err = finish(demo)
    equal((status, err), (0, ""), "demo")
    lines = out.decode().splitlines()
    for words in ["messages/s", "shmring  ", "pipe  ", "bare cache line",
                  "Unix sockets are not measured" if WINDOWS else "Unix socket  "]:
        true(any(words in line for line in lines), "a line with %r" % words)
    contains(out.decode(), "each checked", "demo")
    leavesNothing(demo.pid)


def demoGivesItsFiguresAsJson():
    d = json.loads(run_ok("demo", "--seconds", "1", "--json"))
    checkFigures(d, 64)
    equal(d["round_trip_size"], 8, "size of the round trip")
    true(d["cores"] >= 1 and d["cpu"] != "" and d["system"] != "", "the machine")


def demoTakesAnySize():
    for text, size in [("1", 1), ("1000", 1000), ("64K", 65536)]:
        d = json.loads(run_ok("demo", "--seconds", "0.5", "--size", text, "--json"))
        checkFigures(d, size)
        equal(d["round_trip_size"], size, "size of the round trip")


def demoWorksOnOneCore():
    if shutil.which("taskset") is None:
        return
    cpu = min(os.sched_getaffinity(0))
    demo = start("demo", "--seconds", "0.5", "--json",
                 preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    status, out, err = finish(demo)
    equal((status, err), (0, ""), "demo")
    d = json.loads(out)
    equal((d["cores"], d["pinned"]), (1, False), "cores")
    checkFigures(d, 64)


def is_gone(pid):
    """Ended, whoever has still to ask how."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def inTheMidstOf(phase):
    """A demo that stands still, and its partner, which cannot end the phase without it."""
    while True:
        demo = start("demo", "--seconds", "2")
        pid = partner(demo, phase)
        os.kill(demo.pid, signal.SIGSTOP)
        time.sleep(0.5)  # for a partner that was at its end already
        if not is_gone(pid):
            return demo, pid
        os.kill(demo.pid, signal.SIGCONT)
        equal(finish(demo)[0], 0, "a demo that was too fast for us")


def aPartnerThatDiesEndsTheDemo():
    # At the end of a pipe's stream, the status that wine gives is that of an end in order.
    for phase in ["stream", "trip", "line", "link-trip"] + (["link-stream"] if not WINDOWS else []):
        demo, pid = inTheMidstOf(phase)
        os.kill(pid, signal.SIGKILL)
        os.kill(demo.pid, signal.SIGCONT)
        status, out, err = finish(demo)
        equal((status, out), (1, b""), "demo in phase " + phase)
        contains(err, WAS_KILLED, "sentence")
        leavesNothing(demo.pid)


def aStopEndsTheDemoInEveryPhase():
    for phase in ["first line", "stream", "trip", "line", "link-stream", "link-trip"]:
        # So long that a phase which does not look for the stop outlasts the test's patience.
        demo = start("demo", "--seconds", "2" if phase != "stream" else "1000")
        if phase == "line":  # the second of its name
            partner(demo, "trip")
        pid = partner(demo, phase.split()[-1])
        stop(demo)
        status, out, err = finish(demo)
        if status == 0:  # what there was
            equal(err, "", "demo stopped in phase " + phase)
            contains(out.decode(), "\nshmring  ", "table")
        else:
            equal((status, out), (1, b""), "demo stopped in phase " + phase)
            true(phase in ("first line", "stream"), "no figures, stopped in phase " + phase)
            contains(err, "stopped", "sentence")
        wait_until(lambda pid=pid: is_gone(pid), "its partner is gone")
        leavesNothing(demo.pid)


def aKilledDemoTakesItsPartnerAlong():
    demo = start("demo", "--seconds", "60")
    pid = partner(demo, "stream")
    if not WINDOWS:
        wait_until(lambda: glob.glob("/dev/shm/shmring.*demo.%d.*" % demo.pid), "its ring is there")
    demo.kill()
    demo.wait()
    wait_until(lambda: is_gone(pid), "the second process is gone")
    if not WINDOWS:
        run_ok("prune")
    leavesNothing(demo.pid)


main([demoPrintsItsTable, demoGivesItsFiguresAsJson, demoTakesAnySize, demoWorksOnOneCore,
      aPartnerThatDiesEndsTheDemo, aStopEndsTheDemoInEveryPhase,
      aKilledDemoTakesItsPartnerAlong])
