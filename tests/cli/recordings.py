# SPDX-License-Identifier: MIT
"""Recordings as docs/recording.md has them, written and read without the program: what the tests of
record and replay compare it with."""
import struct

MAGIC = b"\x89SHMREC\n"
ABOUT, RECORDS, END = 1, 2, 3
GAP, LOSS, COMMIT_TIME = 1, 2, 4
ROTATED, CLOSED, DIED, STOPPED = 1, 2, 3, 4
UNKNOWN = 2**64 - 1
TABLE = []

for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for b in data:
        crc = crc >> 8 ^ TABLE[(crc ^ b) & 0xFF]
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283  # RFC 3720's kind of CRC


def padded(data):
    return data + bytes(-len(data) % 8)


def block(kind, body, sequence, number=77, version=1):
    head = MAGIC + struct.pack("<QHHIQI", number, version, kind, len(body), sequence, crc32c(body))
    return head + struct.pack("<I", crc32c(head)) + body


def about(sequence=0, name=b"Local\\made", capacity=1 << 20, schema=0, framing=0, stamp=0,
          max_record=1 << 18, **more):
    return block(ABOUT, padded(struct.pack("<QQIIII16sQQQII", capacity, schema, framing, 0, stamp,
                                           max_record, b"i" * 16, 0, 1, 2, 1, len(name)) + name),
                 sequence, **more)


def entry(payload, type_=0, flags=0, time_ns=0, position=0):
    return padded(struct.pack("<IHHQQ", len(payload), type_, flags, time_ns, position) + payload)


def loss(size, records, **more):
    return entry(struct.pack("<QQ", size, records), flags=LOSS, **more)


def end(sequence, records=0, size=0, reason=CLOSED, **more):
    return block(END, struct.pack("<QQQQQII", records, size, 0, 0, 0, reason, 0), sequence, **more)


class Recording:
    """A file that must be whole: blocks, what the ring was, entries, and the end if it has one."""

    def __init__(self, data):
        self.blocks, self.entries, self.about, self.end = [], [], None, None
        at, numbers = 0, set()
        while at < len(data):
            head = data[at:at + 40]
            number, version, kind, length, sequence, body_crc = struct.unpack("<QHHIQI", head[8:36])
            body = data[at + 40:at + 40 + length]
            assert head[:8] == MAGIC and version == 1 and length % 8 == 0, "block at %d" % at
            assert struct.unpack("<I", head[36:]) == (crc32c(head[:36]),), "header at %d" % at
            assert len(body) == length and crc32c(body) == body_crc, "body at %d" % at
            assert sequence == len(self.blocks) and self.end is None, "order at %d" % at
            numbers.add(number)
            self.blocks.append((at, 40 + length, kind))
            self.take(kind, body)
            at += 40 + length
        assert len(numbers) == 1 and self.blocks[0][2] == ABOUT, "one recording, about first"
        if self.end is not None:
            records = self.records()
            assert self.end[:2] == (len(records), sum(map(len, records))), "sums at the end"

    def take(self, kind, body):
        if kind == ABOUT:
            found = struct.unpack("<QQIIII16sQQQII", body[:80])
            keys = ("capacity", "schema", "framing", "overflow", "stamp", "max_record",
                    "incarnation", "file", "wall", "clock", "source", "name_length")
            self.about = dict(zip(keys, found), name=body[80:80 + found[-1]].decode())
        elif kind == END:
            self.end = struct.unpack("<QQQQQII", body)
        while kind == RECORDS and body:
            length, type_, flags, time_ns, position = struct.unpack("<IHHQQ", body[:24])
            self.entries.append((type_, flags, time_ns, position, body[24:24 + length]))
            size = len(padded(body[:24 + length]))
            assert not any(body[24 + length:size]), "padding is zero"
            body = body[size:]

    def records(self):
        return [e[4] for e in self.entries if not e[1] & LOSS]
