#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a loop over the records of telemetry_sampler: test_loop.py SAMPLER LOOP"""
import os
import re
import subprocess
import sys

from tap import check_equal, ring_file, run, unique

SAMPLER, LOOP = sys.argv[1:3]
RING = unique("loop")


def start(*command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end_of(loop):
    out, errors = loop.communicate(timeout=30)
    check_equal(errors, "", "errors of the loop")
    found = re.search(r"^read (\d+) records: (.*)$", out, re.M)
    assert found, out
    return int(found.group(1)), found.group(2), out


def shouldReadEveryRecordBesideATimer():
    loop = start(LOOP, RING)
    loop.stdout.readline()  # a tick: the loop runs, with nobody on the other side
    sampler = start(SAMPLER, "--ring", RING, "--rate", "1000", "--seconds", "1")
    sampler_out, errors = sampler.communicate(timeout=30)
    found = re.search(r"sent (\d+) records", sampler_out)
    assert found, (sampler_out, errors)
    sent = int(found.group(1))
    count, how, out = end_of(loop)
    check_equal((count, loop.returncode), (sent, 0), "records read, and the exit status")
    assert "closed" in how, how
    assert out.count("tick: ") >= 1, out
    assert not os.path.exists(ring_file(RING)), "the name is still there"


def shouldEndWhenTheSenderIsKilled():
    loop = start(LOOP, RING)
    sampler = start(SAMPLER, "--ring", RING)
    while re.match(r"tick: 0 ", loop.stdout.readline()):
        pass
    sampler.kill()
    sampler.communicate(timeout=30)
    count, how, _ = end_of(loop)
    check_equal(loop.returncode, 1, "exit status")
    assert count > 0 and "died" in how, (count, how)


run([shouldReadEveryRecordBesideATimer, shouldEndWhenTheSenderIsKilled])
