#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs hand_over: test_hand_over.py PROGRAM"""
import os
import subprocess
import sys

from tap import check_equal, run

PROGRAM = sys.argv[1]
PATIENCE = 60


def rings():
    return {name for name in os.listdir("/dev/shm") if name.endswith("handed-over")}


def hand_over(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE,
                          check=False)


def shouldPassEachRecordFromAChildThatMayNotOpenFiles():
    result = hand_over("20000")
    check_equal((result.returncode, result.stderr), (0, ""), "end")
    check_equal(result.stdout.split("; then: ")[0],
                "20000 records from the child, sum %d" % (20000 * 19999 // 2), "output")


def shouldLeaveNoName():
    check_equal(hand_over("1").returncode, 0, "exit status")
    check_equal(rings(), set(), "names")


run([shouldPassEachRecordFromAChildThatMayNotOpenFiles, shouldLeaveNoName])
