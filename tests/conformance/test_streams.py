# SPDX-License-Identifier: MIT
"""test_streams.py LIBRARY - records and bytes between the library and the implementation that was written from
docs/protocol.md, both ways: every framing, over several laps, read by consumers and observers. TAP."""
import random
import sys

import library
import readers
import segment as s
from both import (expect, page_consuming, page_observing, page_producing, payload_of, run, unique)

CAPACITY = 1 << 16
STARTS = (0, 2**64 - 2**17)  # positions that wrap, too


def lengths(seed, largest):
    rng = random.Random(seed)
    while True:
        yield rng.choice((0, 1, 7, 8, 9, rng.randrange(300), rng.randrange(largest + 1)))


def library_record(reader, wanted, kind=None):
    status, payload, got_kind, gap = reader.recv()
    expect(status, library.OK, "status")
    expect(payload, wanted, "payload")
    expect(kind is None or got_kind == kind, True, "type")
    return gap


def test_records_from_the_page_to_the_library():
    for start in STARTS:
        for stamp in (0, 1):
            name = unique()
            sender, reader = page_producing(name, capacity=CAPACITY, start=start, stamp=stamp), library.Consumer(name)
            observer = library.Observer(name)
            for number, length in zip(range(600), lengths(1, 16384)):
                expect(sender.send(payload_of(number, length), number & 0xFFFF), True, "sent")
                library_record(reader, payload_of(number, length), number & 0xFFFF)
                library_record(observer, payload_of(number, length), number & 0xFFFF)
            expect(reader.recv()[0], library.EMPTY)
            sender.close()
            expect(reader.recv()[0], library.CLOSED)
            expect(observer.recv()[0], library.CLOSED)
            observer.close()
            reader.close()


def test_records_from_the_library_to_the_page():
    for start in STARTS:
        for stamp in (0, 1):
            name = unique()
            sender = library.Producer(name, capacity=CAPACITY, start_position=start, stamp=stamp)
            reader, observer = page_consuming(name), page_observing(name)
            for number, length in zip(range(600), lengths(2, 16384)):
                expect(sender.send(payload_of(number, length), number & 0xFFFF), True, "sent")
                for record in (reader.recv(), observer.observe()):
                    expect((record.payload, record.kind, record.gap),
                           (payload_of(number, length), number & 0xFFFF, False), "record")
            sender.close()
            expect((reader.recv(), observer.observe()), (None, "closed"))
            if stamp:
                counts = sum(reader.ours.load(s.HISTOGRAM + 8 * i) for i in range(1408))
                expect(counts, 600, "latencies")
            observer.close()
            reader.close()


def test_batches_both_ways():
    name = unique()
    sender, reader = page_producing(name, capacity=CAPACITY), library.Consumer(name)
    for turn in range(200):
        for number in range(turn % 7 + 1):
            expect(sender.stage(payload_of(turn + number, turn * 7)), True, "staged")
        expect(reader.recv()[0], library.EMPTY, "before the publication")
        sender.publish()
        for number in range(turn % 7 + 1):
            library_record(reader, payload_of(turn + number, turn * 7))
    reader.close()
    sender.close()
    sender, reader = library.Producer(name, capacity=CAPACITY), page_consuming(name)
    for turn in range(200):
        for number in range(turn % 7 + 1):
            expect(sender.stage(payload_of(turn + number, turn * 7)), True, "staged")
        expect(reader.recv(), None, "before the publication")
        sender.publish()
        for number in range(turn % 7 + 1):
            expect(reader.recv().payload, payload_of(turn + number, turn * 7))
    reader.close()
    sender.close()


def test_a_drained_ring_takes_the_largest_record():
    for first in range(0, 64, 8):
        name = unique()
        sender = page_producing(name, capacity=CAPACITY, max_record=CAPACITY - 16)
        reader = library.Consumer(name)
        sender.send(bytes(first))
        reader.recv()
        expect(sender.send(payload_of(first, CAPACITY - 16)), True, "sent")
        library_record(reader, payload_of(first, CAPACITY - 16))
        reader.close()
        sender.close()


def test_gaps_and_retries_both_ways():
    name = unique()
    sender, reader = page_producing(name, capacity=CAPACITY), library.Consumer(name)
    while sender.send(bytes(1000)):
        pass
    expect(sender.send(bytes(1000)), False)
    expect(s.look(name, s.PRODUCER + s.REJECTED), 2, "rejected")
    sender.retry()
    expect(s.look(name, s.PRODUCER + s.REJECTED), 1, "rejected, one retried")
    expect(library_record(reader, bytes(1000)), False)
    expect(sender.send(b"after"), True)
    while True:
        status, payload, _, gap = reader.recv()
        if payload == b"after":
            break
        expect((status, gap), (library.OK, False))
    expect(gap, True, "the record behind the refusal has GAP")
    expect(s.look(name, s.CONSUMER + s.GAPS), 1, "gaps")
    expect(sender.send(b"plain"), True)
    expect(library_record(reader, b"plain"), False, "only the record directly behind the refusal")
    reader.close()
    sender.close()

    sender, reader = library.Producer(name, capacity=CAPACITY), page_consuming(name)
    while sender.send(bytes(1000)):
        pass
    reader.recv()
    expect(sender.send(b"after"), True)
    while True:
        record = reader.peek()
        again = reader.peek()
        expect(again.gap, record.gap)
        if record.gap:
            break
        reader.recv()
    expect(record.payload, b"after")
    expect(s.look(name, s.CONSUMER + s.GAPS), 1, "shown twice, counted once")
    reader.die()
    reader = library.Consumer(name)
    reader.recv()
    expect(s.look(name, s.CONSUMER + s.GAPS), 2, "counted again by the next consumer")
    reader.close()
    sender.close()


def test_bytes_both_ways():
    for start in STARTS:
        name = unique()
        sender = page_producing(name, capacity=CAPACITY, framing=s.BYTES, start=start)
        reader, observer = library.Consumer(name), library.Observer(name)
        for number, length in zip(range(300), lengths(3, CAPACITY)):
            expect(sender.write(payload_of(number, length)), length, "written")
            expect(reader.read(CAPACITY), payload_of(number, length), "read")
            if length:
                expect(observer.recv()[1], payload_of(number, length), "observed")
        observer.close()
        reader.close()
        sender.close()
        name = unique()
        sender = library.Producer(name, capacity=CAPACITY, framing=s.BYTES, start_position=start)
        reader, observer = page_consuming(name), page_observing(name)
        for number, length in zip(range(300), lengths(4, CAPACITY)):
            expect(sender.write(payload_of(number, length)), length, "written")
            expect(reader.read(CAPACITY), payload_of(number, length), "read")
            expect(observer.observe() or b"", payload_of(number, length), "observed")
        expect(sender.write(bytes(CAPACITY + 1)), CAPACITY, "all of the capacity")
        expect(sender.write(b"x"), 0, "full")
        observer.close()
        reader.close()
        sender.close()


def test_a_head_that_is_left_far_behind():
    """A consumer that dies between its stores of cursor and head, at the largest release."""
    for producing in (page_producing, library.Producer):
        name = unique()
        sender, reader = producing(name, capacity=CAPACITY, framing=s.BYTES), page_consuming(name)
        expect(sender.write(bytes(CAPACITY // 8 - 1)), CAPACITY // 8 - 1)
        expect(len(reader.read(CAPACITY)), CAPACITY // 8 - 1)
        expect(s.look(name, s.CONSUMER + s.HEAD), 0, "head, an eighth behind")
        expect(sender.write(bytes(CAPACITY)), CAPACITY)
        reader.ours.store(s.CURSOR, reader.cursor + CAPACITY)
        reader.die()
        for free in (CAPACITY // 2, CAPACITY // 2, 0):
            expect(sender.write(bytes(CAPACITY // 2)), free, "the cursor counts")
        if producing is library.Producer:
            expect(library.c.shmring_wait_space(sender.pointer, 1, 0), library.FULL, "full, not corrupt")
        sender.close()


def numbers_of(read, lapped):
    """Reads numbered records to the end; returns them, and how many laps there were."""
    found, laps = [], 0
    while True:
        got = read()
        if got is lapped:
            laps += 1
        elif got is None:
            return found, laps
        else:
            found.append(int(got))


def page_read(call):
    def read():
        try:
            record = call()
        except readers.Lapped:
            return "lapped"
        return None if record in (None, "closed") else record.payload.split()[0]
    return read


def library_read(reader):
    def read():
        status, payload, _, _ = reader.recv()
        if status == library.LAPPED:
            return "lapped"
        return payload.split()[0] if status == library.OK else None
    return read


def expect_newest(found, laps, sent):
    expect(laps, 1, "laps")
    expect(found, list(range(sent - len(found), sent)), "the newest, without a hole")
    expect(len(found) > 20, True, "most of a ring")


def test_overwriting_both_ways():
    sent = 1000
    for start in STARTS:
        for by_page in (True, False):
            name = unique()
            if by_page:
                sender = page_producing(name, capacity=CAPACITY, overflow=s.OVERWRITE, start=start)
                reader, observer = library.Consumer(name), library.Observer(name)
            else:
                sender = library.Producer(name, capacity=CAPACITY, overflow=s.OVERWRITE, start_position=start)
                reader, observer = page_consuming(name), page_observing(name)
            for number in range(sent):
                expect(sender.send(b"%d " % number + bytes(number % 1500)), True)
            reads = ((library_read(reader), library_read(observer)) if by_page else
                     (page_read(reader.recv), page_read(observer.observe)))
            for read in reads:
                expect_newest(*numbers_of(read, "lapped"), sent)
            expect(s.look(name, s.CONSUMER + s.LAPPED), 1)
            expect(s.look(name, s.CONSUMER + s.CURSOR), s.look(name, s.PRODUCER + s.TAIL), "read to the end")
            observer.close()
            reader.close()
            sender.close()


def test_counts_of_what_was_overwritten():
    name = unique()
    sender, reader = page_producing(name, capacity=CAPACITY), library.Consumer(name)
    observer = library.Observer(name, oldest=True)
    for number in range(500):
        sender.send(b"%d " % number + bytes(1000))
        reader.recv()
    expect(observer.recv()[0], library.LAPPED)
    lost = library.c.shmring_observer_lost_records(observer.pointer)
    expect(int(observer.recv()[1].split()[0]), lost, "the first after the lap")
    observer.close()
    reader.close()
    sender.close()


def test_latency_buckets():
    rng = random.Random(5)
    for ns in [*range(5000), *(rng.getrandbits(rng.randrange(1, 65)) for _ in range(20000))]:
        expect(readers.bucket_of(ns), library.c.shmring_latency_bucket(ns), "bucket of %d" % ns)


if __name__ == "__main__":
    sys.exit(run([test for name, test in sorted(globals().items()) if name.startswith("test_")]))
