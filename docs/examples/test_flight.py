#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs flight_recorder and reads what it leaves: test_flight.py FLIGHT_RECORDER SHMRING"""
import subprocess
import sys

from tap import check_equal, run, unique

RECORDER, SHMRING = sys.argv[1:3]
RING = unique("flight")


def shmring(*args):
    done = subprocess.run([SHMRING, *args], capture_output=True, text=True, timeout=20, check=False)
    check_equal((done.returncode, done.stderr), (0, ""), "shmring " + args[0])
    return done.stdout.splitlines()


def shouldLeaveItsLastRecordsWhenItDies():
    crashed = subprocess.run([RECORDER, RING], capture_output=True, timeout=20, check=False,
                             preexec_fn=no_core)
    assert crashed.returncode < 0, "it did not crash: %d" % crashed.returncode
    lines = shmring("tap", RING, "--from", "oldest", "--frame", "line")
    check_equal(lines[-3:], ["average: weight 1", "average: result 1000000", "average: weight 0"],
                "the last records")
    assert len(lines) > 1000, "only %d records are left" % len(lines)
    results = shmring("tap", RING, "--from", "oldest", "--frame", "line", "--type", "2")
    check_equal([line for line in lines if "result" in line], results, "records of type 2")
    shmring("rm", RING)


def no_core():
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


run([shouldLeaveItsLastRecordsWhenItDies])
