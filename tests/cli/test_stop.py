# SPDX-License-Identifier: MIT
"""The first request to stop ends every command, whatever it does, and so does a reader of its output
who goes away. A command that does not see the one signal outlasts the test's patience."""
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import tempfile
import termios

from rig import (PATIENCE, contains, create, equal, finish, main, partner, remove, ring_file, run, run_ok,
                 start, stat, true, unique, wait_stat, wait_until)

PIPE = 4096  # bytes that the pipes of this test hold
BOTH = (signal.SIGINT, signal.SIGTERM)


class Pipe:
    """A pipe that nobody reads."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, PIPE)

    def held(self):
        return struct.unpack("i", fcntl.ioctl(self.reader, termios.FIONREAD, b"\0" * 4))[0]

    def wait_full(self):
        """Until whoever writes to it has to wait: what it writes is a page, or a part of one."""
        wait_until(lambda: self.held() > PIPE // 2, "the pipe is full")

    def close(self):
        os.close(self.reader)
        os.close(self.writer)


def sleeps(process):
    """Whether it is blocked in a call."""
    with open("/proc/%d/stat" % process.pid, encoding="utf-8", errors="replace") as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "S"


def catches(process):
    """Whether it is up, and catches signals."""
    with open("/proc/%d/status" % process.pid, encoding="utf-8", errors="replace") as f:
        caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", f.read(), re.M)
    return caught is not None and int(caught.group(1), 16) >> (signal.SIGTERM - 1) & 1


def ends(process, number, statuses=(0,), says=""):
    """One signal, and its end."""
    wait_until(lambda: process.poll() is not None or catches(process), "it is up: %r" % process.args)
    process.send_signal(number)
    status, _, err = finish(process)
    true(status in statuses, "status %r after %s of %r, which said %r" % (status, number, process.args, err))
    if says:
        contains(err, says, "sentence")
    elif 0 in statuses:
        equal(err, "", "what %r says" % process.args)
    return status


def filled(name, lines, *args):
    create(name, *args)
    frame = ["--frame", "raw"] if "bytes" in args else []
    run_ok("send", name, *frame, data=(b"x" * 99 + b"\n") * lines)


def blockedOutputEndsReceivers():
    for args, command in [
            ([], ["recv"]), (["--framing", "bytes"], ["recv", "--frame", "raw"]),
            (["--overflow", "overwrite"], ["recv"]), ([], ["recv", "--frame", "length"]),
            ([], ["tap", "--from", "oldest"]), ([], ["tap", "--from", "oldest", "--frame", "hex"]),
            (["--framing", "bytes"], ["tap", "--from", "oldest", "--frame", "raw"])]:
        for number in BOTH:
            name, pipe = unique(), Pipe()
            filled(name, 1000, *args)
            process = start(command[0], name, *command[1:], stdout=pipe.writer)
            pipe.wait_full()
            ends(process, number)
            pipe.close()
            remove(name)


def blockedOutputKeepsWhatWasNotWritten():
    name, pipe = unique(), Pipe()
    filled(name, 1000)
    process = start("recv", name, stdout=pipe.writer)
    pipe.wait_full()
    ends(process, signal.SIGINT)
    true(stat(name)["counters"]["received"] * 100 <= PIPE, "records that nobody got are still there")
    pipe.close()
    remove(name)


def blockedOutputEndsTop():
    names = [unique() for _ in range(3)]
    for name in names:
        create(name, "--capacity", "64K")
    for form in ("--lines", "--json"):
        for number in BOTH:
            pipe = Pipe()
            process = start("top", *names, form, "--interval", "10ms", stdout=pipe.writer)
            pipe.wait_full()
            ends(process, number)
            pipe.close()
    for name in names:
        remove(name)


def blockedTerminalEndsTop():
    """The screen of a terminal that takes nothing more."""
    name = unique()
    create(name, "--capacity", "64K")
    for number in BOTH:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        process = start("top", "--interval", "10ms", stdin=theirs, stdout=theirs,
                        env=dict(os.environ, TERM="xterm"))
        os.set_blocking(ours, True)
        os.read(ours, 1)

        def held():
            return struct.unpack("i", fcntl.ioctl(ours, termios.FIONREAD, b"\0" * 4))[0]
        seen = []

        def full():
            seen.append(held())
            return len(set(seen[-50:])) == 1 and len(seen) >= 50 and sleeps(process)
        wait_until(full, "the terminal takes nothing more")
        ends(process, number)
        os.close(ours)
        os.close(theirs)
    remove(name)


def waitsEnd():
    for command, statuses in [(["recv"], (0,)), (["recv", "--frame", "raw"], (0,)),
                              (["recv", "--timeout", "1000000"], (0,)),
                              (["tap", "there"], (0,)), (["record"], (0,)), (["record", "there"], (0,)),
                              (["record", "--consume"], (0,)), (["flood", "--drain"], (1,)),
                              (["flood"], (1,)), (["ping", "--reflect"], (0,)),
                              (["top", "--lines", "--interval", "1000"], (0,))]:
        for number in BOTH:
            there = "there" in command
            words = [word for word in command if word != "there"]
            name = unique()
            if there:
                create(name)
            with tempfile.TemporaryDirectory() as folder:
                files = [folder + "/f"] if words[0] == "record" else []
                ends(start(*words, *([name] if words[0] != "top" else []), *files), number, statuses,
                     "" if 0 in statuses else "stopped")
            if there:
                remove(name)


def sendersEnd():
    for frame in ("line", "length", "raw"):
        for number in BOTH:
            name = unique()
            process = start("send", name, "--frame", frame, stdin=subprocess.PIPE)
            wait_stat(name, lambda s: s["producer"]["alive"], "the sender is there")
            ends(process, number)
            name = unique()  # a full ring that nobody reads
            process = start("send", name, "--frame", frame, "--capacity", "64K", stdin=subprocess.PIPE)
            length = struct.pack("<I", 999) + b"x" * 999
            data = length * 90 if frame == "length" else (b"x" * 999 + b"\n") * 90
            os.set_blocking(process.stdin.fileno(), False)
            process.stdin.write(data[:60000])
            process.stdin.flush()
            wait_stat(name, lambda s: s["used"] > 30000, "the ring fills")
            ends(process, number, (1,), "that nobody has read")


def opensEnd():
    """The ring's administration lock is held by somebody who was stopped in the middle."""
    for command in (["send"], ["recv"], ["flood", "--drain"], ["flood"], ["ping", "--reflect"]):
        name = unique()
        ring = name + ".pong" if "--reflect" in command else name
        create(ring, "--capacity", "64K")
        for number in BOTH:
            with open(ring_file(ring), "r+b") as f:
                fcntl.lockf(f, fcntl.LOCK_EX)
                process = start(*command, name, stdin=subprocess.PIPE)

                def has_it(process=process, ring=ring):
                    try:
                        return ring_file(ring) in [os.readlink("/proc/%d/fd/%s" % (process.pid, fd))
                                                   for fd in os.listdir("/proc/%d/fd" % process.pid)]
                    except OSError:
                        return False
                wait_until(has_it, "it opens the ring")
                process.send_signal(number)
                status, _, err = finish(process)
            true(status in (0, 1, 128 + number, -number), "status %r" % status)
            true("busy" not in err and "seconds" not in err, "it did not wait for the lock: %r" % err)
        remove(ring)


def measurementsShowWhatTheyHave():
    def stopped(number, *args):
        process = start("demo", "--seconds", "20", *args)  # of which a third goes by before round trips
        partner(process, "trip")
        process.send_signal(number)
        status, out, err = finish(process)
        equal((status, err), (0, ""), "demo")
        return out

    out = stopped(signal.SIGINT)
    true(re.search(rb"^shmring +[0-9.]+ [kMG]", out, re.M), "the ring's rate in %r" % out)
    true(re.search(rb"^pipe +- +-", out, re.M), "and not the pipe's in %r" % out)
    figures = json.loads(stopped(signal.SIGTERM, "--json"))
    true(figures["messages_per_second"] > 0, "the ring's rate")
    equal((figures["line_ns"], figures["pipe"]["round_trip_ns"]), (None, None), "not measured")


def aMatrixShowsWhatItHas():
    if len(os.sched_getaffinity(0)) < 2:
        return
    process = start("ping", "--matrix", "--count", "1000000000")
    partner(process, "trip")
    process.send_signal(signal.SIGINT)
    status, _, err = finish(process)
    equal(status, 1, "before the first pair")
    contains(err, "stopped before the first pair", "sentence")
    if len(os.sched_getaffinity(0)) < 3:
        return
    process = start("ping", "--matrix", "--json")
    seen = set()

    def second():
        seen.update(os.listdir("/proc/%d/task/%d" % (process.pid, process.pid)))
        return len(run_ok("ls", "--json")) > 0
    wait_until(second, "it goes on")
    process.send_signal(signal.SIGINT)
    finish(process)


def goes(process, out):
    """The reader of its output goes; it ends, and quietly."""
    wait_until(lambda: catches(process) and sleeps(process), "it waits")
    os.close(out.writer)
    os.close(out.reader)
    status = process.wait(timeout=PATIENCE)
    equal((status, process.stderr.read()), (1, b""), "end of %r" % process.args)


def aReaderThatGoesEndsThem():
    for args, command in [([], ["recv"]), (["--framing", "bytes"], ["recv", "--frame", "raw"]),
                          (["--overflow", "overwrite"], ["recv"]), ([], ["recv", "--timeout", "100000"]),
                          ([], ["tap"]), ([], ["tap", "--frame", "hex"]),
                          ([], ["top", "--lines", "--interval", "1000"]),
                          ([], ["top", "--json", "--interval", "1000"])]:
        name, out = unique(), Pipe()
        create(name, *args)
        process = start(command[0], *([name] if command[0] != "top" else []), *command[1:], stdout=out.writer)
        goes(process, out)
        remove(name)


def aReaderThatGoesAtOnceIsQuiet():
    name = unique()
    filled(name, 5000)
    for command in (["tap", name, "--from", "oldest"], ["recv", name]):
        process = start(*command)
        process.stdout.read(1)
        process.stdout.close()
        status = process.wait(timeout=PATIENCE)
        equal((status, process.stderr.read()), (1, b""), command[0])
    for command in (["--help"], ["ls"], ["ls", "--json"], ["stat", name], ["stat", "--prometheus"]):
        out = Pipe()
        process = start(*command, stdout=out.writer)
        out.close()
        status = process.wait(timeout=PATIENCE)
        true(status in (0, 1), "status %r" % status)
        equal(process.stderr.read(), b"", " ".join(command))
    remove(name)


if __name__ == "__main__":
    main([blockedOutputEndsReceivers, blockedOutputKeepsWhatWasNotWritten, blockedOutputEndsTop,
          blockedTerminalEndsTop, waitsEnd, sendersEnd, opensEnd, measurementsShowWhatTheyHave,
          aMatrixShowsWhatItHas, aReaderThatGoesEndsThem, aReaderThatGoesAtOnceIsQuiet], 4 * PATIENCE)
