# SPDX-License-Identifier: MIT
"""Much data through the program: an archive of this system byte by byte, five million lines of text."""
import hashlib
import os
import subprocess
import tarfile
import threading

from rig import equal, gone, main, start, true, unique

ARCHIVE_BYTES = 1 << 30
LINES = 5000000
PATIENCE = 800


class Hashed:
    """A file to write to, that counts, hashes, and passes on until it has had enough."""

    class Enough(Exception):
        pass

    def __init__(self, to):
        self.to, self.hash, self.count = to, hashlib.sha256(), 0

    def write(self, data):
        data = bytes(data[:ARCHIVE_BYTES - self.count])
        self.to.write(data)
        self.hash.update(data)
        self.count += len(data)
        if self.count == ARCHIVE_BYTES:
            raise Hashed.Enough
        return len(data)


def pair(name, frame, receiver_first):
    """A sender and a receiver, with a thread that hashes what comes out."""
    result = {}

    def take(stream):
        digest, count, newlines = hashlib.sha256(), 0, 0
        while data := stream.read(1 << 20):
            digest.update(data)
            count += len(data)
            newlines += data.count(b"\n")
        result.update(digest=digest.hexdigest(), count=count, lines=newlines)

    def sender():
        return start("send", name, "--frame", frame, stdin=subprocess.PIPE)

    def receiver():
        return start("recv", name, "--frame", frame)
    both = [receiver(), sender()] if receiver_first else [sender(), receiver()]
    send, recv = reversed(both) if receiver_first else both
    thread = threading.Thread(target=take, args=[recv.stdout])
    thread.start()
    return send, recv, thread, result


def end(name, send, recv, thread):
    send.stdin.close()
    equal((send.wait(timeout=PATIENCE), recv.wait(timeout=PATIENCE)), (0, 0), "exit statuses")
    thread.join(timeout=PATIENCE)
    equal((send.stderr.read(), recv.stderr.read()), (b"", b""), "sentences")
    gone(name)


def anArchiveOfThisSystemComesOutTheSame():
    name = unique()
    send, recv, thread, result = pair(name, "raw", False)
    sink = Hashed(send.stdin)
    try:
        with tarfile.open(fileobj=sink, mode="w|", dereference=False) as tar:
            tar.add("/usr", filter=lambda m: m if m.isreg() or m.isdir() else None)
    except Hashed.Enough:
        pass
    except OSError as error:
        print("# the archive ends early: %s" % error)
    end(name, send, recv, thread)
    print("# %d bytes" % sink.count)
    true(sink.count > 0, "there was something to send")
    equal((result["count"], result["digest"]), (sink.count, sink.hash.hexdigest()), "what came out")


def texts():
    """Lines of whatever text this system has, for ever."""
    while True:
        some = False
        for folder, folders, files in os.walk("/usr/share"):
            folders.sort()
            for file in sorted(files):
                path = os.path.join(folder, file)
                if not file.endswith((".gz", ".mo", ".png", ".xz", ".zst")) and os.path.isfile(path):
                    try:
                        with open(path, "rb") as f:
                            data = f.read(4 << 20)
                    except OSError:
                        continue
                    if b"\0" not in data:
                        some = True
                        yield from (line for line in data.split(b"\n") if len(line) < 100000)
        if not some:
            yield from (b"%d little lines of no text" % i for i in range(LINES))


def fiveMillionLinesOfTextComeOutTheSame():
    name = unique()
    send, recv, thread, result = pair(name, "line", True)
    digest, count, batch = hashlib.sha256(), 0, []
    for _, line in zip(range(LINES), texts()):
        batch.append(line)
        if len(batch) == 10000:
            data = b"\n".join(batch) + b"\n"
            digest.update(data)
            count += len(data)
            send.stdin.write(data)
            batch = []
    end(name, send, recv, thread)
    print("# %d bytes" % count)
    equal((result["lines"], result["count"], result["digest"]), (LINES, count, digest.hexdigest()),
          "what came out")


main([anArchiveOfThisSystemComesOutTheSame, fiveMillionLinesOfTextComeOutTheSame], PATIENCE)
