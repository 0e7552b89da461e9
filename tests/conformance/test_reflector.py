# SPDX-License-Identifier: MIT
"""test_reflector.py LIBRARY TOOL - `shmring ping` against a reflector of the implementation that was written from
docs/protocol.md: one that sends everything back, and ones that change a byte. TAP."""
import subprocess
import sys
import threading

from both import PATIENCE, expect, page_consuming, page_producing, run, unique

TOOL = sys.argv[2]


def reflect(base, change):
    """Sends back what comes until the pinger goes; change: the place where a byte is another one, or None."""
    reader = page_consuming(base + ".ping", capacity=1 << 20)
    sender = page_producing(base + ".pong", capacity=1 << 20)

    def serve():
        while reader.wait_data(PATIENCE) == "there":
            record = reader.recv()
            payload = bytearray(record.payload)
            if record.kind & 0x8000 and change is not None:
                payload[change] ^= 0x40
            while not sender.send(bytes(payload), record.kind):
                sender.retry()
        reader.close()
        sender.close()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def ping(change, *args):
    base = unique("ping")
    thread = reflect(base, change)
    done = subprocess.run([TOOL, "ping", base, "--count", "50", *args], capture_output=True, text=True, check=False,
                          timeout=PATIENCE / 1e9)
    thread.join(PATIENCE / 1e9)
    return done


def test_a_true_reflector():
    for size in ("1", "8", "15", "16", "17", "1000"):
        for more in ((), ("--rate", "1000")):
            done = ping(None, "--size", size, *more)
            expect((done.returncode, done.stderr), (0, ""), "size " + size)


def test_a_reflector_that_changes_a_byte():
    for size, change in ((9, 8), (100, 99), (1000, 16), (1000, 500)):
        for more in ((), ("--rate", "1000")):
            done = ping(change, "--size", str(size), *more)
            expect(done.returncode, 1, "exit status")
            expect("has bytes that were not sent" in done.stderr, True, done.stderr)


if __name__ == "__main__":
    sys.exit(run([test for name, test in sorted(globals().items()) if name.startswith("test_")]))
