#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs imu_sender and imu_reader: test_imu.py SENDER READER READER_OF_ANOTHER_VERSION [WORDS...]"""
import os
import re
import subprocess
import sys

from tap import check_equal, ring_file, run, unique

SENDER, READER, OTHER = ([*sys.argv[4:], name] for name in sys.argv[1:4])
RING = unique("imu")


def start(*command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def numbers(pattern, text):
    found = re.search(pattern, text)
    assert found, "no %r in %r" % (pattern, text)
    return [int(group) for group in found.groups()]


def shouldReadEachStructThatWasSent():
    reader = start(*READER, RING)
    sender = start(*SENDER, RING, "1000", "1")
    out, errors = sender.communicate(timeout=60)
    check_equal((sender.returncode, errors), (0, ""), "end of the sender")
    sent, dropped = numbers(r"sent (\d+), dropped (\d+)", out)
    out, errors = reader.communicate(timeout=60)
    check_equal((reader.returncode, errors), (0, ""), "end of the reader")
    last = out.splitlines()[-1]
    motions, lost, healths, others = numbers(
        r"^(\d+) motions, (\d+) lost, mean acceleration 9.81 .*; (\d+) healths, 41.5 C; (\d+) others",
        last)
    check_equal((sent + dropped, motions + healths, others), (1010, sent, 0), "records")
    if dropped == 0:
        check_equal(lost, 0, "lost")


def shouldRefuseAProgramOfAnotherVersion():
    reader = start(*READER, RING)
    assert reader.stdout.readline().startswith("0 motions")  # so it has the ring open
    other = start(*OTHER, RING)  # the schema is looked at before the role
    _, errors = other.communicate(timeout=60)
    reader.kill()
    reader.communicate(timeout=60)
    if os.path.exists(ring_file(RING)):
        os.unlink(ring_file(RING))  # of a killed process: the next opener would take it away
    check_equal(other.returncode, 1, "exit status")
    assert "schema" in errors and RING in errors, errors


run([shouldReadEachStructThatWasSent, shouldRefuseAProgramOfAnotherVersion])
