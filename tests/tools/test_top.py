# SPDX-License-Identifier: MIT
"""top: as lines, and on a real terminal of 80x24 and other sizes, inside tmux."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

from rig import (WINDOWS, PATIENCE, TOOL, Skip, contains, create, equal, finish, kill, main,
                 not_on_windows, remove, run, run_ok, send_and_leave, start, stat, stop, true, unique,
                 unique_short, wait_stat, wait_until)


class Terminal:
    """A shell in a terminal of its own; what it shows, and keys."""

    def __init__(self, columns=80, rows=24):
        not_on_windows("tmux has no Windows console")
        if shutil.which("tmux") is None:
            raise Skip("tmux is not installed")
        self.socket = "shmring-test-%d-%d" % (os.getpid(), time.monotonic_ns())
        env = dict(os.environ, LC_ALL="C.UTF-8", TERM="screen")
        env.pop("TMUX", None)
        self.env = env
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "env PS1='ready> ' bash --norc --noprofile -i")
        self.wait("ready>")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-L", self.socket, *args], env=self.env, check=True,
                              timeout=PATIENCE, capture_output=True, text=True).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], env=self.env, timeout=PATIENCE,
                       check=False)

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def lines(self):
        return self.tmux("capture-pane", "-p").split("\n")[:-1]

    def says(self, format_):
        return self.tmux("display-message", "-p", format_).strip()

    def wait(self, pattern):
        """Until the screen has a match; returns it."""
        try:
            return wait_until(lambda: re.search(pattern, "\n".join(self.lines()), re.M),
                              "%r on the screen" % pattern)
        except AssertionError:
            print("# the screen:\n# " + "\n# ".join(self.lines()))
            raise

    def run(self, *words):
        self.type(" ".join([os.path.abspath(TOOL), *words]) + " # top", "Enter")

    def is_normal(self):
        """The shell's screen, with cursor and echo."""
        equal(self.says("#{alternate_on} #{cursor_flag}"), "0 1", "screen and cursor")
        self.type("stty -a | tr ' ' '\\n' | grep -c -E '^-?(icanon|echo);?$'; "
                  "stty -a | tr ' ' '\\n' | grep -E '^-(icanon|echo);?$' || echo all-normal",
                  "Enter")
        self.wait("^all-normal")


def rows(terminal, name):
    """The two lines of a ring: (cells, owners), or None."""
    lines = terminal.lines()
    for at, text in enumerate(lines):
        if text.startswith(name + " "):
            return text, lines[at + 1]
    return None


class Traffic:
    """A sender that does not end, and its receiver."""

    def __init__(self, name):
        self.source = subprocess.Popen(["yes", "a line of some length, again and again"],
                                       stdout=subprocess.PIPE)
        self.send = start("send", name, stdin=self.source.stdout)
        self.recv = start("recv", name, stdout=subprocess.DEVNULL)
        wait_stat(name, lambda s: s["counters"]["received"] > 0, "records pass")

    def end(self):
        self.source.kill()
        self.source.stdout.close()
        self.source.wait(timeout=PATIENCE)
        equal(finish(self.send)[0], 0, "sender")
        equal(finish(self.recv)[0], 0, "receiver")


# ---- lines ----

def shouldPrintLinesWhereThereIsNoTerminal():
    one, two = unique("a"), unique("b")
    create(one)
    create(two, "--capacity", "64K")
    send_and_leave(two, b"x" * 8000 + b"\n" + b"y" * 8000 + b"\n")
    lines = run_ok("top", one, two, "--interval", "20ms", "--count", "2").decode().split("\n")[:-1]
    equal(len(lines), 5, "a head, and two lines each time")
    contains(lines[0], "RATE", "head")
    cells = lines[4].split()
    equal(cells[1], two, "name")
    equal((cells[2], cells[4], cells[6:13]),
          ("0", "24%", ["0", "0", "-", "-", "-", "-", "alive" if WINDOWS else "persistent"]),
          "rate, fill, rejected, lapped, latencies and state")
    true(re.search(r" \d+ shmring\S* closed -> ", lines[4]), "the sender closed: " + lines[4])
    remove(one)
    remove(two)


def shouldPrintJson():
    name = unique()
    create(name)
    out = run_ok("top", name, "--interval", "10ms", "--count", "2", "--json").decode()
    first, end = json.JSONDecoder().raw_decode(out)
    second = json.loads(out[end:])
    for update in (first, second):
        (ring,) = update["rings"]
        equal((ring["name"], ring["capacity"], ring["used"]), (name, 1 << 20, 0), "ring")
        true(ring["records_per_second"] == 0 and not ring["producer_paused"], "at rest")
    remove(name)


def shouldMeasureRates():
    name = unique()
    traffic = Traffic(name)
    out = run_ok("top", name, "--interval", "200ms", "--count", "3", "--json").decode()
    at, updates = 0, []
    while out[at:].strip():
        update, n = json.JSONDecoder().raw_decode(out[at:].lstrip())
        at += n + len(out[at:]) - len(out[at:].lstrip())
        updates.append(update)
    equal(len(updates), 3, "updates")
    for update in updates:
        (ring,) = update["rings"]
        true(ring["bytes_per_second"] >= 8 * ring["records_per_second"] >= 0, "a rate")
    true(any(u["rings"][0]["records_per_second"] > 0 for u in updates), "records passed")
    traffic.end()


def next_count(top):
    """How many latencies the next look of a --json top has."""
    lines = []
    while lines[-1:] != [b"}\n"]:
        lines.append(top.stdout.readline())
        true(lines[-1], "top goes on")
    (ring,) = json.loads(b"".join(lines))["rings"]
    latency = ring["latency"]
    equal(0 < latency["p50_ns"] <= latency["p99_ns"] <= latency["p999_ns"] <= latency["max_ns"],
          latency["count"] > 0, "%r" % latency)
    return latency["count"]


def shouldTellLatenciesBetweenTwoLooks():
    not_on_windows("a sender stays until everything is read")
    name = unique()
    create(name, "--stamp", "monotonic")
    for number in range(1, 4):
        run_ok("send", name, data=b"a line\n" * number)
        top = start("top", name, "--interval", "50ms", "--json")
        equal(next_count(top), 0, "nothing was read meanwhile")
        run_ok("recv", name, "--count", str(number))
        seen = 0
        while seen < number:
            seen += next_count(top)
        equal((seen, next_count(top)), (number, 0), "what was read meanwhile, once")
        stop(top)
        equal(finish(top)[0], 0, "top")
    equal(stat(name)["latency"]["count"], 6, "of its whole life")
    remove(name)


def shouldSortLines():
    names = [unique("s") for _ in range(3)]
    for number, name in enumerate(names):
        create(name, "--capacity", "64K")
        if number:
            send_and_leave(name, b"z" * 1000 * number + b"\n")

    def order(*words):
        out = run_ok("top", *names, "--interval", "10ms", "--count", "1", *words).decode()
        return [names.index(line.split()[1]) for line in out.split("\n")[1:-1]]
    equal(order(), [0, 1, 2], "by name")
    equal(order("--invert"), [2, 1, 0], "by name, inverted")
    equal(order("--sort", "fill"), [2, 1, 0], "by fill")
    equal(order("--sort", "fill", "--invert"), [0, 1, 2], "by fill, inverted")
    equal(order("--sort", "rejected"), [0, 1, 2], "equals by name")
    for name in names:
        remove(name)


def shouldEndOnARequestAndWhenNobodyReads():
    name = unique()
    create(name)
    top = start("top", name, "--interval", "10ms")
    true(top.stdout.readline() and top.stdout.readline(), "it prints")
    stop(top)
    equal(finish(top)[::2], (0, ""), "end on request")
    top = start("top", name, "--interval", "10ms")
    top.stdout.readline()
    top.stdout.close()
    equal(top.wait(timeout=PATIENCE), 1, "end without a reader")
    remove(name)


def shouldRefuseWrongWords():
    for words, says in [(("--interval", "1ms"), "at least 10 ms"), (("--sort", "size"), "sort"),
                        (("no/ring",), "no/ring")]:
        status, out, err = run("top", *words)
        equal(status, 2, "status of %r" % (words,))
        contains(err, says, "sentence")


# ---- on a screen ----

def shouldShowThreeRingsAtOnce():
    not_on_windows("tmux has no Windows console")
    busy, idle, waiting = names = [unique_short(n) for n in ("busy", "idle", "wait")]
    create(idle, "--capacity", "64K")
    run_ok("send", idle, data=b"x" * 16000 + b"\n")
    traffic, reader = Traffic(busy), start("recv", waiting)
    wait_stat(waiting, lambda s: s["consumer"]["waiting"], "the reader sleeps")
    with Terminal() as t:
        t.run("top", *names, "--interval", "200ms")
        t.wait(r"^%s +\d\S* +\d\S*[KMG] " % re.escape(busy))
        shown = t.lines()
        equal([len(line) <= 80 for line in shown], [True] * len(shown), "within 80 columns")
        contains(shown[0], "shmring top: 3 rings", "first line")
        cells, owners = rows(t, idle)
        true(re.match(re.escape(idle) + r" +0 +0 ██▌\s+24%   24%      0      0 persistent$",
                      cells), "idle ring: %r" % cells)
        true(re.match(r"  \d+ shmring closed → \d+ shmring closed$", owners), "its sides: %r" % owners)
        contains(rows(t, waiting)[1], "nobody yet → %d shmring asleep" % reader.pid, "reader")
        contains(rows(t, busy)[1], "%d shmring" % traffic.send.pid, "sender")
        contains(shown[23], "q quit", "last line")
        os.kill(traffic.recv.pid, signal.SIGSTOP)
        t.wait(r"→ %d shmring paused" % traffic.recv.pid)
        os.kill(traffic.recv.pid, signal.SIGCONT)
        t.wait(r"→ %d shmring( asleep)?$" % traffic.recv.pid)
        kill(reader)
        t.wait(r"→ %d shmring died" % reader.pid)
        t.type("q")
        t.wait("ready> *$")
        t.is_normal()
    traffic.end()
    remove(idle)


def shouldShowLatenciesAtTheRight():
    not_on_windows("tmux has no Windows console")
    name = unique_short("stamped")
    create(name, "--stamp", "monotonic")
    traffic = Traffic(name)
    with Terminal() as t:
        t.run("top", name, "--interval", "200ms", "--sort", "latency")
        t.wait(r"^  %d shmring.* p50 [0-9.]+[nums] p99 [0-9.]+[nums] p99.9 [0-9.]+[nums] "
               r"max [0-9.]+[nums]$" % traffic.send.pid)
        owners = rows(t, name)[1]
        equal(len(owners), 80, "columns")
        t.type("q")
        t.wait("ready> *$")
    traffic.end()
    remove(name)


def shouldSortMoveAndHideByKeys():
    not_on_windows("tmux has no Windows console")
    names = [unique_short("k%02d." % n) for n in range(14)]
    for number, name in enumerate(names):
        create(name, "--capacity", "64K")
        run_ok("send", name, data=b"z" * 500 * (number + 1) + b"\n")
    with Terminal() as t:
        def first():
            return next((n for n in names if any(line.startswith(n + " ") for line in t.lines()[2:3])),
                        None)

        def shown():
            return sum(any(line.startswith(n + " ") for n in names) for line in t.lines())
        t.run("top", *names, "--interval", "100ms")
        for keys, top_one, count in [((), 0, 10), (("Down",), 1, 10), (("NPage",), 4, 10),
                                     (("Up",), 3, 10), (("Home",), 0, 10), (("End",), 4, 10),
                                     (("PPage",), 0, 10), (("f",), 13, 10), (("i",), 0, 10),
                                     (("i", "n"), 0, 10), (("i",), 13, 10), (("d",), 13, 14),
                                     (("d", "i"), 0, 10)]:
            t.type(*keys) if keys else None
            wait_until(lambda: first() == names[top_one] and shown() == count,
                       "%s at the top of %d after %r" % (names[top_one], count, keys))
        t.type("x", "l", "p", "h", "b", "r", " ")
        t.wait("by rate; FROZEN$")
        t.type("Escape")
        t.wait("ready> *$")
        t.is_normal()
    for name in names:
        remove(name)


def shouldFollowTheSizeOfTheWindow():
    not_on_windows("tmux has no Windows console")
    name = unique("r" * 60)
    create(name)
    with Terminal() as t:
        t.run("top", name, "--interval", "10s")
        t.wait(r"^%s~ " % name[:17])
        t.tmux("resize-window", "-x", "130", "-y", "30")
        t.wait(r"^%s~? " % name[:59])
        wait_until(lambda: "q quit" in t.lines()[29], "the last line is at the bottom")
        equal(len([line for line in t.lines() if "q quit" in line]), 1, "last lines")
        t.tmux("resize-window", "-x", "40", "-y", "8")
        wait_until(lambda: "q quit" in t.lines()[7], "a small window")
        true(all(len(line) <= 40 for line in t.lines()), "within 40 columns")
        t.tmux("resize-window", "-x", "20", "-y", "2")
        t.tmux("resize-window", "-x", "80", "-y", "24")
        wait_until(lambda: "q quit" in t.lines()[23] and t.lines()[2].startswith(name[:17]),
                   "back in 80x24")
        t.type("q")
        t.wait("ready> *$")
    remove(name)


def shouldGiveTheTerminalBackHoweverItEnds():
    not_on_windows("tmux has no Windows console")
    name = unique()
    create(name)
    with Terminal() as t:
        for how in ("C-c", signal.SIGTERM, signal.SIGHUP):
            t.type("clear", "Enter")
            t.run("top", name, "--interval", "10s")
            t.wait("^NAME")
            equal(t.says("#{alternate_on} #{cursor_flag}"), "1 0", "the screen is taken")
            if how == "C-c":
                t.type(how)
            else:
                shell = int(t.says("#{pane_pid}"))
                (child,) = map(int, open("/proc/%d/task/%d/children" % (shell, shell),
                                         encoding="ascii").read().split())
                os.kill(child, how)
            t.wait("ready> *$")
            t.is_normal()
    remove(name)


def shouldStopAndGoOn():
    not_on_windows("tmux has no Windows console")
    name = unique()
    create(name)
    with Terminal() as t:
        t.run("top", name, "--interval", "10s")
        t.wait("^NAME")
        t.type("C-z")
        t.wait("Stopped")
        t.is_normal()
        t.type("fg", "Enter")
        t.wait("^NAME")
        equal(t.says("#{alternate_on} #{cursor_flag}"), "1 0", "the screen is taken again")
        t.type("q")
        t.wait("ready> *$")
        t.is_normal()
    remove(name)


main([shouldPrintLinesWhereThereIsNoTerminal, shouldPrintJson, shouldMeasureRates,
      shouldTellLatenciesBetweenTwoLooks, shouldSortLines,
      shouldEndOnARequestAndWhenNobodyReads, shouldRefuseWrongWords, shouldShowThreeRingsAtOnce,
      shouldShowLatenciesAtTheRight, shouldSortMoveAndHideByKeys, shouldFollowTheSizeOfTheWindow,
      shouldGiveTheTerminalBackHoweverItEnds, shouldStopAndGoOn])
