# SPDX-License-Identifier: MIT
"""What the tests of record and replay share: files, and records there and back."""
import json
import os
import random
import struct
import tempfile

from rig import equal, finish, run_ok, start, stop, unique, wait_stat

FOLDER = tempfile.TemporaryDirectory()


def path(name="recording"):
    """A file of its own for each call."""
    return os.path.join(tempfile.mkdtemp(dir=FOLDER.name), name)


def content(name):
    with open(name, "rb") as f:
        return f.read()


def save(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


def frames(records):
    return b"".join(struct.pack("<I", len(r)) + r for r in records)


def make(records, *args, send=()):
    """A recording of these records, by the program: its path and what it said."""
    name, file = unique(), path()
    recorder = start("record", name, file, "--consume", "--json", *args)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the recorder is there")
    run_ok("send", name, "--frame", "length", *send, data=frames(records))
    status, out, err = finish(recorder)
    equal((status, err), (0, ""), "record")
    return file, json.loads(out)


def replay(*files, args=(), want_status=0):
    """What a reader gets of them, as records, and what replay said: (records, sums, sentences)."""
    name, out_file = unique(), tempfile.TemporaryFile()
    reader = start("recv", name, "--frame", "length", stdout=out_file)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the reader is there")
    player = start("replay", *files, name, "--json", "--speed", "max", "--capacity", "1M", *args)
    status, out, err = finish(player)
    equal(status, want_status, "status of replay, which said %r" % err)
    if want_status != 0 and not out:
        stop(reader)
        finish(reader)
        return [], None, err
    equal(finish(reader)[::2], (0, ""), "reader")
    out_file.seek(0)
    data, records, at = out_file.read(), [], 0
    while at < len(data):
        size = struct.unpack_from("<I", data, at)[0]
        records.append(data[at + 4:at + 4 + size])
        at += 4 + size
    return records, json.loads(out), err


def some_records(count, seed=1, longest=2000):
    rng = random.Random(seed)
    return [rng.randbytes(rng.choice([0, 1, 7, 8, 9, 64, rng.randrange(longest)]))
            for _ in range(count)]
