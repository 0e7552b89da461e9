#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pair runs the same instructions whether nobody, one or eight look on; counted by callgrind.
observed.py OBSERVED SHMRING"""
import os
import re
import shutil
import subprocess
import sys

OBSERVED, SHMRING = sys.argv[1:3]
MESSAGES = 100000


def count(observers):
    """Instructions of pair_work() beside so many observers, and the records they missed or saw."""
    ring = "observed.%d.%d" % (os.getpid(), observers)
    pair = subprocess.Popen(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=pair_work",
         OBSERVED, ring], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    taps = []
    try:
        while subprocess.run([SHMRING, "tap", ring, "--from", "oldest", "--count", "1"],
                             capture_output=True, check=False, timeout=60).returncode != 0:
            if pair.poll() is not None:
                raise RuntimeError(pair.stderr.read().decode())
        for _ in range(observers):
            taps.append(subprocess.Popen(
                [SHMRING, "tap", ring, "--from", "oldest", "--frame", "length"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
        for tap in taps:  # each has seen the first record: it is there
            assert len(tap.stdout.read(12)) == 12
        _, err = pair.communicate(b"\n", timeout=200)
        assert pair.returncode == 0, err.decode()
        for tap in taps:
            assert len(tap.stdout.read()) > 0 and tap.wait(timeout=60) == 0, "a tap saw nothing"
    finally:
        for process in [pair, *taps]:
            if process.poll() is None:
                process.kill()
    return int(re.search(rb"Collected : (\d+)", err).group(1))


if shutil.which("valgrind") is None:
    print("1..0 # SKIP there is no valgrind to count instructions with")
    sys.exit(0)
counts = {n: count(n) for n in (0, 1, 8)}
for n, instructions in counts.items():
    print("# %d observers: %d instructions, %.2f for a message in and out"
          % (n, instructions, instructions / MESSAGES))
good = len(set(counts.values())) == 1 and counts[0] > MESSAGES
print("%s 1 - thePairRunsTheSameInstructionsWhoeverLooksOn" % ("ok" if good else "not ok"))
print("1..1")
sys.exit(0 if good else 1)
