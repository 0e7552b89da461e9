# SPDX-License-Identifier: MIT
"""top on a real terminal of 80x24 and other sizes, inside tmux; and its picture in the documentation.
Usage: test_top_screen.py TOOL PICTURE [WORDS...]"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

PICTURE = sys.argv.pop(2)

import screen_svg
from rig import (contains, create, equal, kill, main, not_on_windows, remove, run_ok, start, true, unique,
                 unique_short, wait_stat, wait_until)
from terminal import Terminal
from traffic import Traffic


def rows(terminal, name):
    """The two lines of a ring: (cells, owners), or None."""
    lines = terminal.lines()
    for at, text in enumerate(lines):
        if text.startswith(name + " "):
            return text, lines[at + 1]
    return None


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
        true(re.match(r"  \d+ shmring closed → nobody yet$", owners), "its sides: %r" % owners)
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
        for by in ("rate", "bytes", "fill", "high", "rejected", "lapped", "latency", "name"):
            t.type("s")
            t.wait("; by %s$" % by)
        t.type("x", "l", "p", "h", "b", "r", " ")
        t.wait("by rate; FROZEN$")
        t.type("Escape")
        t.wait("ready> *$")
        t.is_normal()
    for name in names:
        remove(name)


def shouldExplainItselfOnAKey():
    not_on_windows("tmux has no Windows console")
    name = unique_short("help")
    create(name)
    with Terminal() as t:
        t.run("top", name, "--interval", "50ms")
        t.wait("^" + re.escape(name))
        t.type("?")
        t.wait("any other key: back")
        shown = t.lines()
        for key in ("q or Esc", "n  r  b", "f  h", "x  l  p", "s  ", "i  ", "d  ", "space", "arrows"):
            true(any(line.startswith("  " + key) for line in shown), "the key %r is named" % key)
        true(all(len(line) < 80 for line in shown[2:23]), "no sentence is cut")
        time.sleep(0.2)  # some looks later it is still there
        contains("\n".join(t.lines()), "any other key: back", "after some looks")
        t.type("i")
        t.wait("^" + re.escape(name))
        contains(t.lines()[0], "; by name", "the key only went back")
        true("inverted" not in t.lines()[0], "the key only went back")
        t.type("?")
        t.wait("any other key: back")
        t.type("q")
        t.wait("ready> *$")
        t.is_normal()
    remove(name)


def shouldSayWhatIsNotThereAndWhatGoes():
    not_on_windows("tmux has no Windows console")
    here, later = unique_short("here"), unique_short("later")
    create(here)
    with Terminal() as t:
        t.run("top", here, later, "--interval", "50ms")
        t.wait("^shmring top: 1 ring, 1 not there, ")
        create(later)
        t.wait("^shmring top: 2 rings, ")
        t.wait("^" + re.escape(later))
        remove(here)
        t.wait("^shmring top: 1 ring, 1 not there, ")
        wait_until(lambda: rows(t, here) is None, "its line is gone")
        remove(later)
        t.wait("^not there yet")
        t.type("q")
        t.wait("ready> *$")


def shouldMarkTroubleByColourUnlessToldNotTo():
    not_on_windows("tmux has no Windows console")
    name = unique_short("red")
    create(name, "--capacity", "64K")
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"x" * 16000 + b"\n")
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == 1, "it is in the ring")
    kill(sender)
    with Terminal() as t:
        for before, coloured in (("", True), ("NO_COLOR= ", True), ("NO_COLOR=1 ", False)):
            t.type("clear", "Enter")
            t.run("top", name, "--interval", "50ms", before=before)
            t.wait("%d shmring died" % sender.pid)
            shown = "\n".join(t.styled_lines())
            equal(bool(re.search(r"\x1b\[[0-9;]*31m%d shmring died" % sender.pid, shown)), coloured,
                  "a death in red, with %r" % before)
            equal(bool(re.search(r"\x1b\[[0-9;]*32m██▌", shown)), coloured, "the bar in green")
            t.type("q")
            t.wait("ready> *$")
        t.type("clear", "Enter")
        t.run("top", name, "--interval", "200ms", before="TERM=dumb ")
        t.wait(r"^ +\d+\.\d %s +(0|-) " % re.escape(name))
        equal(t.says("#{alternate_on}"), "0", "a terminal that cannot be a screen is none")
        t.type("C-c")
        t.wait("ready> *$")
    remove(name)


def shouldScrollThroughManyRings():
    not_on_windows("tmux has no Windows console")
    names = [unique_short("m%03d." % n) for n in range(100)]
    for name in names:
        create(name, "--capacity", "64K")
    with Terminal() as t, tempfile.NamedTemporaryFile("w") as words:
        words.write(" ".join(names))
        words.flush()
        t.run("top", "$(cat %s)" % words.name, "--interval", "200ms")
        t.wait("^shmring top: 100 rings, ")
        t.wait("^" + re.escape(names[0]))
        t.type("End")
        t.wait("^" + re.escape(names[-1]))
        t.type("d", "Home")
        wait_until(lambda: rows(t, names[20]) is not None, "a screen full of lines")
        t.type("q")
        t.wait("ready> *$")
    for name in names:
        remove(name)


def shouldFollowTheSizeOfTheWindow():
    not_on_windows("tmux has no Windows console")
    name = unique("r" * 60)
    create(name)
    with Terminal() as t:
        t.run("top", name, "--interval", "10s")
        t.wait(r"^%s~ " % name[:17])
        t.tmux("resize-window", "-x", "100", "-y", "30")
        t.wait(r"^%s~ " % name[:37])
        t.tmux("resize-window", "-x", "150", "-y", "30")
        t.wait(r"^%s +-? +\S+ +-?" % re.escape(name))
        true(" LAPPED STATE" in t.lines()[1], "all columns behind a name as long as it is")
        wait_until(lambda: "q quit" in t.lines()[29], "the last line is at the bottom")
        equal(len([line for line in t.lines() if "q quit" in line]), 1, "last lines")
        t.tmux("resize-window", "-x", "40", "-y", "8")
        wait_until(lambda: "q quit" in t.lines()[7], "a small window")
        true(all(len(line) <= 40 for line in t.lines()), "within 40 columns")
        wait_until(lambda: t.lines()[1].split() == ["NAME", "RATE", "BYTES/S", "FILL"],
                   "the columns that fit")
        true(re.fullmatch(r"%s~ +\S+ +\S+ +0%%" % name[:17], t.lines()[2]), "whole figures in them")
        for columns in (40, 36, 33, 32, 30, 24):
            t.tmux("resize-window", "-x", str(columns), "-y", "8")
            wait_until(lambda n=columns: re.fullmatch(
                "shmring top: 1 ring(, 0 records/s)?(, 0 bytes/s)?(; by name)?", t.lines()[0])
                and len(t.lines()[0]) <= n, "a title of whole parts in %d columns" % columns)
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


# ---- the picture ----

def shouldDrawWhatATerminalShows():
    red, faint, reverse = "\x1b[1m\x1b[31m", "\x1b[0;2m", "\x1b[7m"
    svg = screen_svg.picture(["a <b> %s12%s ██" % (red, faint), "", reverse + "NAME  "], 20, "a & b")
    equal(screen_svg.text_of(svg), ["a <b> 12 ██", "", "NAME"], "text")
    contains(svg, 'fill="%s" font-weight="bold">12<' % screen_svg.COLOURS[31], "red and bold")
    contains(svg, 'fill="%s"> ██<' % screen_svg.FAINT, "faint")
    contains(svg, '<rect x="12.0" y="48" width="50.4" height="18" fill="%s"/>' % screen_svg.FAINT,
             "reversed, to the end of its spaces")
    contains(svg, "<title>a &amp; b</title>", "title")
    try:
        screen_svg.picture(["\x1b[35mx"], 1, "")
    except ValueError:
        return
    raise AssertionError("a colour that is not known is no picture")


def shouldBePicturedAsItIs():
    """docs/figures/top.svg is of this version: its fixed lines, and the forms of the others."""
    not_on_windows("tmux has no Windows console")
    with open(PICTURE, encoding="utf-8") as f:
        svg = f.read()
    pictured = screen_svg.text_of(svg)
    xml.etree.ElementTree.fromstring(svg)
    name = unique_short("pic")
    create(name)
    with Terminal() as t:
        t.run("top", name)
        t.wait("^" + re.escape(name))
        shown = t.lines()
        t.type("q")
        t.wait("ready> *$")
    remove(name)
    equal((pictured[1], pictured[23]), (shown[1].rstrip(), shown[23].rstrip()), "head and keys")
    contains(pictured[0], "shmring top: 3 rings, ", "rings")
    for row, form in enumerate([
            r"app\.log +\S+[kM] +\S+[MG] .* \d+% +\d+% +0 +0 alive", r"  \d+ shmring( asleep)? → \d+ shmring( asleep)? .*p99.*",
            r"camera\.frames .* persistent", r"  \d+ shmring died → .*",
            r"motor\.commands .* alive", r"  nobody yet → \d+ shmring paused"], 2):
        true(re.fullmatch(form, pictured[row]), "the form of %r" % pictured[row])


main([shouldShowThreeRingsAtOnce, shouldShowLatenciesAtTheRight, shouldSortMoveAndHideByKeys,
      shouldFollowTheSizeOfTheWindow, shouldExplainItselfOnAKey, shouldSayWhatIsNotThereAndWhatGoes,
      shouldMarkTroubleByColourUnlessToldNotTo, shouldScrollThroughManyRings,
      shouldDrawWhatATerminalShows, shouldBePicturedAsItIs,
      shouldGiveTheTerminalBackHoweverItEnds, shouldStopAndGoOn])
