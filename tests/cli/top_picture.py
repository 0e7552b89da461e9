#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes docs/figures/top.svg: `shmring top` on three rings at once, in a terminal of 80x24, as tmux
shows it. Usage: top_picture.py TOOL > docs/figures/top.svg"""
import os
import signal
import subprocess
import sys

import screen_svg
from rig import clear_up, contains, create, remove, start, wait_stat
from terminal import Terminal

NAMES = ["app.log", "camera.frames", "motor.commands"]
TITLE = "shmring top, on three rings"


def scene():
    """A stamped ring with traffic, what a dead program left, and a reader that somebody stopped."""
    log, frames, commands = NAMES
    create(log, "--stamp", "monotonic", "--capacity", "1M")
    source = subprocess.Popen(["yes", "a line of some length, again and again"], stdout=subprocess.PIPE)
    start("send", log, stdin=source.stdout)
    start("recv", log, stdout=subprocess.DEVNULL)
    create(frames, "--capacity", "64K")
    camera = start("send", frames, "--frame", "length", stdin=subprocess.PIPE)
    for _ in range(5):
        camera.stdin.write((7000).to_bytes(4, "little") + bytes(7000))
    camera.stdin.flush()
    wait_stat(frames, lambda s: s["counters"]["sent"] == 5, "the frames are there")
    camera.kill()
    camera.wait()
    reader = start("recv", commands)
    wait_stat(commands, lambda s: s["consumer"]["alive"], "the reader is there")
    os.kill(reader.pid, signal.SIGSTOP)
    return source, camera, reader


def main():
    processes = scene()
    camera, reader = processes[1:]
    with Terminal() as t:
        t.run("top", *NAMES, "--interval", "1s")
        t.wait(r"app\.log +\d\S* +\d\S*[KMG] (?s:.)* p99 (?s:.)*%d shmring died(?s:.)*%d shmring paused"
               % (camera.pid, reader.pid))
        lines = t.styled_lines()
        contains(t.lines()[23], "q quit", "last line")
        t.type("q")
        t.wait("ready> *$")
    processes[0].kill()
    clear_up()
    for name in NAMES:
        remove(name)
    sys.stdout.write(screen_svg.picture(lines, 80, TITLE))


main()
