# SPDX-License-Identifier: MIT
"""Pipes and standard output in the place of files: recordings and figures."""
import fcntl
import os
import struct
import tempfile
import termios

from rig import PATIENCE, contains, equal, finish, main, remove, run, run_ok, start, true, unique, wait_until
from test_stop import BOTH, PIPE, Pipe, create, ends, filled, goes


def blockedFilesEndRecordAndReplay():
    name = unique()
    filled(name, 1000)
    with tempfile.TemporaryDirectory() as folder:
        fifo = folder + "/fifo"
        os.mkfifo(fifo)
        for number in BOTH:
            for more in ([], ["--consume"]):
                process = start("record", name, fifo, *more)
                ends(process, number, (1,), "stopped before")  # nobody reads the FIFO
                reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
                fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE)
                process = start("record", name, fifo, *more)
                wait_until(lambda r=reader: struct.unpack("i", fcntl.ioctl(r, termios.FIONREAD, b"\0" * 4))[0]
                           > 0, "the FIFO has its one page")
                ends(process, number, (1,), "took nothing")
                os.close(reader)
            process = start("replay", fifo, unique())
            ends(process, number)
            target = unique()
            writer_ready = os.open(fifo, os.O_RDWR)
            process = start("replay", fifo, target)
            ends(process, number)
            os.close(writer_ready)
    remove(name)


def recordingsGoThroughPipes():
    name, copy = unique(), unique()
    filled(name, 100)
    run_ok("create", copy)
    recorded = run("record", name, "-", "--count", "100")
    equal(recorded[0], 0, "record -")
    contains(recorded[2], "recorded 100 records", "what it says, and not on standard output")
    true(not os.path.exists("-"), "no file of that name")
    contains(run_ok("replay", "-", copy, "--speed", "max", data=recorded[1]).decode(), "100 records",
             "replay -")
    equal(run_ok("recv", copy, "--count", "100"), (b"x" * 99 + b"\n") * 100, "the same records")
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(folder + "/fifo")
        writer = start("record", name, folder + "/fifo", "--count", "100")
        reader = start("replay", folder + "/fifo", copy, "--speed", "max")
        equal(finish(writer)[::2], (0, ""), "record into a FIFO")
        equal(finish(reader)[::2], (0, ""), "replay from it")
        equal(run_ok("recv", copy, "--count", "100"), (b"x" * 99 + b"\n") * 100, "the same records")
        writer = start("record", name, folder + "/fifo", "--rotate-size", "64K", "--count", "1")
        status, _, err = finish(writer)
        equal(status, 0, "FILE.000001 is another file: %r" % err)
        with open(folder + "/there", "wb"):
            pass
        status, _, err = run("record", name, folder + "/there", "--count", "1")
        equal(status, 1, "a file that is there")
        contains(err, "is there already", "sentence")
    status, _, err = run("record", name, "-", "--rotate-size", "64K")
    equal(status, 2, "rotating standard output")
    remove(name)
    remove(copy)


def figuresGoToStandardOutput():
    out = run_ok("ping", "--count", "1000", "--hgrm", "-").decode()
    contains(out, "Percentile", "percentiles")
    true("shmring" not in out, "and nothing else")
    true(not os.path.exists("-"), "no file of that name")
    equal(run("ping", "--count", "10", "--hgrm", "-", "--json")[0], 2, "two things at once")


def aReaderThatGoesEndsARecording():
    for more in ([], ["--consume"]):
        name, out = unique(), Pipe()
        create(name)
        goes(start("record", name, "-", *more, stdout=out.writer), out)
        remove(name)
    name = unique()
    filled(name, 5000)
    process = start("record", name, "-")
    process.stdout.read(1)
    process.stdout.close()
    equal((process.wait(timeout=PATIENCE), process.stderr.read()), (1, b""), "record -")
    remove(name)


main([blockedFilesEndRecordAndReplay, aReaderThatGoesEndsARecording, recordingsGoThroughPipes,
      figuresGoToStandardOutput], 4 * PATIENCE)
