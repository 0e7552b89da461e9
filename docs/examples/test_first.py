#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs first_process and second_process: test_first.py FIRST SECOND [WRAPPER]

WRAPPER: the words that start a program of another system: wine.
"""
import os
import subprocess
import sys

from tap import check_equal, ring_file, run, unique

FIRST, SECOND = [[*sys.argv[3:], program] for program in sys.argv[1:3]]
WINDOWS = sys.argv[1].endswith(".exe")
RING = unique("first")
PATIENCE = 60
os.environ.setdefault("WINEDEBUG", "-all")


def run_program(program, ring):
    return subprocess.run([*program, ring], capture_output=True, text=True, timeout=PATIENCE,
                          check=False)


def second(ring):
    return run_program(SECOND, ring)


def name_exists():
    """On Windows a name is not a file: the second process knows."""
    if WINDOWS:
        return "start first_process first" not in second(RING).stderr
    return os.path.exists(ring_file(RING))


def start_first():
    """first_process, at the point where its message is in the ring."""
    process = subprocess.Popen([*FIRST, RING], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    process.stdout.readline()
    return process


def shouldSayThatTheFirstIsNotRunning():
    result = second(RING)
    check_equal(result.returncode, 1, "exit status")
    check_equal(result.stdout, "", "output")
    assert "start first_process first" in result.stderr, result.stderr


def shouldPassTheMessageAndLeaveNoName():
    first = start_first()
    if not WINDOWS:
        assert name_exists(), "the ring has no file while it lives"
    result = second(RING)
    output, errors = first.communicate(timeout=PATIENCE)
    check_equal(result.stdout, "Message from first process.\n", "output of the second")
    check_equal((result.returncode, result.stderr), (0, ""), "end of the second")
    check_equal((first.returncode, output, errors), (0, "It was read.\n", ""), "end of the first")
    assert not name_exists(), "the name is still there"


def shouldRefuseASecondProducerAndNameTheFirst():
    first = start_first()
    other = run_program(FIRST, RING)
    second(RING)
    first.communicate(timeout=PATIENCE)
    check_equal(other.returncode, 1, "exit status")
    # Wine counts its processes by itself.
    assert ("process " if WINDOWS else "process %d" % first.pid) in other.stderr, other.stderr


def shouldStartAfreshAfterTheFirstWasKilled():
    first = start_first()
    first.kill()
    first.communicate(timeout=PATIENCE)
    result = second(RING)
    check_equal(result.returncode, 1, "exit status")
    assert "start first_process first" in result.stderr, result.stderr
    assert not name_exists(), "the dead process's ring is still there"


run([shouldSayThatTheFirstIsNotRunning, shouldPassTheMessageAndLeaveNoName,
     shouldRefuseASecondProducerAndNameTheFirst, shouldStartAfreshAfterTheFirstWasKilled])
