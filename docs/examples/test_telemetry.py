#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs telemetry_sampler and telemetry_reader: test_telemetry.py SAMPLER READER"""
import os
import re
import subprocess
import sys

from tap import check_equal, ring_file, run, unique

SAMPLER, READER = sys.argv[1:3]
RING = unique("telemetry")


def start(*command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def numbers(pattern, text):
    found = re.search(pattern, text)
    assert found, "no %r in %r" % (pattern, text)
    return [int(group) for group in found.groups()]


def run_pair(rate, seconds):
    """Both, the reader first. Returns (sent, dropped, output of the reader)."""
    reader = start(READER, RING)
    sampler = start(SAMPLER, "--ring", RING, "--rate", str(rate), "--seconds", str(seconds))
    sampler_out, sampler_errors = sampler.communicate(timeout=20)
    reader_out, reader_errors = reader.communicate(timeout=20)
    check_equal((sampler.returncode, sampler_errors), (0, ""), "end of the sampler")
    check_equal((reader.returncode, reader_errors), (0, ""), "end of the reader")
    sent, dropped = numbers(r"sent (\d+) records: .* (\d+) dropped", sampler_out)
    return sent, dropped, reader_out


def shouldReadExactlyWhatWasSent():
    sent, dropped, out = run_pair(1000, 2)
    read, cpu, memory, unknown = numbers(
        r"read (\d+) records: (\d+) cpu, (\d+) memory, (\d+) of unknown", out)
    check_equal((read, unknown), (sent, 0), "records read and of unknown type")
    check_equal(cpu + memory, sent, "sum of the types")
    if dropped == 0:
        check_equal(numbers(r"(\d+) gaps, (\d+) lost", out), [0, 0], "gaps and losses")
    assert sent >= 100, "a sampler at 1000 Hz sent %d records in 2 s" % sent
    assert re.search(r"cpu \d+/s  memory \d+/s  gaps \d+ .* MiB available", out), out
    assert not os.path.exists(ring_file(RING)), "the name is still there"


def shouldRunFasterThanAThousandHertz():
    sent, _, out = run_pair(4000, 1)
    check_equal(numbers(r"read (\d+) records", out), [sent], "records read")


def shouldSayThatProcIsMissing():
    sampler = start(SAMPLER, "--ring", RING, "--proc", "/nonexistent")
    _, errors = sampler.communicate(timeout=8)
    check_equal(sampler.returncode, 1, "exit status")
    assert "cannot open /nonexistent/stat" in errors and "is /proc mounted?" in errors, errors


def shouldTellTheReaderThatTheSamplerDied():
    reader = start(READER, RING)
    sampler = start(SAMPLER, "--ring", RING)
    reader.stdout.readline()
    sampler.kill()
    sampler.communicate(timeout=8)
    out, errors = reader.communicate(timeout=8)
    check_equal((reader.returncode, errors), (1, "telemetry_reader: other side died\n"),
                "end of the reader")
    assert "records:" in out, out


def shouldRefuseWrongArguments():
    sampler = start(SAMPLER, "--rate", "0")
    _, errors = sampler.communicate(timeout=8)
    check_equal(sampler.returncode, 2, "exit status")
    assert errors.startswith("usage: "), errors


run([shouldReadExactlyWhatWasSent, shouldRunFasterThanAThousandHertz, shouldSayThatProcIsMissing,
     shouldTellTheReaderThatTheSamplerDied, shouldRefuseWrongArguments])
