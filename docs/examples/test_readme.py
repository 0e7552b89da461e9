#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles the two programs of README.md and runs them against each other.

test_readme.py README STATIC_LIBRARY -IFOLDER... -- COMPILER...
A program is the C block that follows the line <!-- example: NAME -->.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

from tap import check_equal, ring_file, run

README, LIBRARY = sys.argv[1:3]
INCLUDES = sys.argv[3:sys.argv.index("--")]
COMPILER = sys.argv[sys.argv.index("--") + 1:]
RING = "temps"  # as the README has it


def programs():
    with open(README, encoding="utf-8") as f:
        text = f.read()
    return dict(re.findall(r"<!-- example: (\w+) -->\n```c\n(.*?)```", text, re.DOTALL))


def compile_program(folder, name, source):
    path = os.path.join(folder, name)
    with open(path + ".c", "w", encoding="utf-8") as f:
        f.write(source)
    subprocess.run(COMPILER + ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"] + INCLUDES +
                   [path + ".c", LIBRARY, "-o", path], check=True)
    return path


def shouldHaveTwelveLinesAtMost():
    found = programs()
    check_equal(sorted(found), ["reader", "sender"], "programs in the README")
    for name, source in found.items():
        assert len(source.splitlines()) <= 12, "%s has more than 12 lines" % name


def shouldCompileAndPassAValue():
    with tempfile.TemporaryDirectory() as folder:
        paths = {n: compile_program(folder, n, source) for n, source in programs().items()}
        reader = subprocess.Popen([paths["reader"]], stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 5
        while not os.path.exists(ring_file(RING)) and time.monotonic() < deadline:
            time.sleep(0.005)
        sender = subprocess.run([paths["sender"]], timeout=5)
        output, _ = reader.communicate(timeout=5)
    check_equal((sender.returncode, reader.returncode), (0, 0), "exit statuses")
    check_equal(output, "21.5\n", "output of the reader")
    assert not os.path.exists(ring_file(RING)), "the name is still there"


run([shouldHaveTwelveLinesAtMost, shouldCompileAndPassAValue])
