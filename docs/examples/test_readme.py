#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles the two programs of README.md and runs them against each other.

test_readme.py README STATIC_LIBRARY -IFOLDER... -- COMPILER...
"""
import sys
import tempfile

from readme import STRICT, compile_program, on_ring, pass_a_value, programs
from tap import check_equal, run, unique

README, LIBRARY = sys.argv[1:3]
INCLUDES = sys.argv[3:sys.argv.index("--")]
COMPILER = sys.argv[sys.argv.index("--") + 1:]


def shouldHaveTwelveLinesAtMost():
    found = programs(README)
    check_equal(sorted(found), ["reader", "sender"], "programs in the README")
    for name, source in found.items():
        assert len(source.splitlines()) <= 12, "%s has more than 12 lines" % name


def shouldCompileAndPassAValue():
    ring = unique("readme")
    with tempfile.TemporaryDirectory() as folder:
        made = {name: compile_program(COMPILER, folder, name + ".c", on_ring(source, ring),
                                      ["-std=c11", *STRICT, *INCLUDES], [LIBRARY])
                for name, source in programs(README).items()}
        pass_a_value(made["sender"], made["reader"], ring)


run([shouldHaveTwelveLinesAtMost, shouldCompileAndPassAValue])
