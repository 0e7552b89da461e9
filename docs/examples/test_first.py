#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs first_process and second_process: test_first.py FIRST SECOND"""
import os
import subprocess
import sys

from tap import check_equal, ring_file, run, unique

FIRST, SECOND = sys.argv[1:3]
RING = unique("first")


def second(ring):
    return subprocess.run([SECOND, ring], capture_output=True, text=True, timeout=8)


def start_first():
    """first_process, at the point where its message is in the ring."""
    process = subprocess.Popen([FIRST, RING], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
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
    assert os.path.exists(ring_file(RING)), "the ring has no file while it lives"
    result = second(RING)
    output, errors = first.communicate(timeout=8)
    check_equal(result.stdout, "Message from first process.\n", "output of the second")
    check_equal((result.returncode, result.stderr), (0, ""), "end of the second")
    check_equal((first.returncode, output, errors), (0, "It was read.\n", ""), "end of the first")
    assert not os.path.exists(ring_file(RING)), "the name is still there"


def shouldRefuseASecondProducerAndNameTheFirst():
    first = start_first()
    other = subprocess.run([FIRST, RING], capture_output=True, text=True, timeout=8)
    second(RING)
    first.communicate(timeout=8)
    check_equal(other.returncode, 1, "exit status")
    assert "process %d" % first.pid in other.stderr, other.stderr


def shouldStartAfreshAfterTheFirstWasKilled():
    first = start_first()
    first.kill()
    first.communicate(timeout=8)
    result = second(RING)
    check_equal(result.returncode, 1, "exit status")
    assert "start first_process first" in result.stderr, result.stderr
    assert not os.path.exists(ring_file(RING)), "the dead process's ring is still there"


run([shouldSayThatTheFirstIsNotRunning, shouldPassTheMessageAndLeaveNoName,
     shouldRefuseASecondProducerAndNameTheFirst, shouldStartAfreshAfterTheFirstWasKilled])
