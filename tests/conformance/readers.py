# SPDX-License-Identifier: MIT
"""A consumer and an observer by docs/protocol.md."""
import time

import segment as s
import system
from sides import Corrupt, GAP, LENGTH, Side, bucket_of, diff, is_valid, peer_of, size_of, stamp_ns
from system import MASK


class Record:
    """What a reader sees of a record."""

    def __init__(self, position, word, payload, stamp):
        self.position, self.payload, self.stamp = position, payload, stamp
        self.kind, self.gap = word >> 32 & 0xFFFF, bool(word & GAP)


class Lapped(Exception):
    """Records were overwritten before they were read; args[0]: how many bytes."""


def copy_record(segment, geometry, position, before_check=lambda: None):
    """Reading what may be overwritten. Returns a Record, None for "empty"; raises Lapped with the new
    position, or Corrupt. before_check: what an observer asks behind 3. x86-64 keeps the order of loads."""
    word, record, header = segment.word(position), None, geometry["record_header"]
    if is_valid(word, geometry["max_record"]):
        stamp = segment.word(position + 8) if header == 16 else 0
        record = Record(position, word, segment.get(position + header, word & LENGTH), stamp)
    evict = segment.page_p.load(s.EVICT)
    before_check()
    if 1 <= diff(evict, position) <= (1 << 63) - 1:
        if evict & 7:
            raise Corrupt("evict")
        raise Lapped(evict)
    if record is None and word != 0:
        raise Corrupt("word %#x" % word)
    return record


class Consumer(Side):
    """cursor: every position below is released."""

    def take_over(self):
        cursor, tail = self.segment.page_c.load(s.CURSOR), self.segment.page_p.load(s.TAIL)
        self.overwrite = self.geometry["overflow"] == s.OVERWRITE
        behind, ahead = diff(tail, cursor), diff(cursor, tail) <= self.capacity
        if (behind > ((1 << 63) - 1 if self.overwrite else self.capacity) and not (self.records_ring and ahead) or
                self.records_ring and (cursor | (0 if self.overwrite else tail)) & 7):
            raise Corrupt("positions")
        self.cursor = self.head = self.shown = cursor  # shown: records below were counted already
        self.ours.store(s.HEAD, cursor)

    def publish_all(self):
        self.publish_head()

    def publish_head(self):
        self.head = self.cursor
        self.ours.store(s.HEAD, self.cursor)

    def is_wanted(self):
        return diff(self.cursor, self.segment.bells.load(s.PRODUCER_WANT)) <= self.capacity

    def release(self, size):
        self.cursor = (self.cursor + size) & MASK
        self.ours.store(s.CURSOR, self.cursor)
        self.count(s.C_RECORDS)
        if diff(self.cursor, self.head) >= self.capacity // 8:
            self.publish_head()
        self.wake()

    def peek(self):
        """The record at the cursor, or None."""
        if self.overwrite:
            try:
                record = copy_record(self.segment, self.geometry, self.cursor)
            except Lapped as lapped:
                self.go_on_at(lapped.args[0])
        else:
            word, record = self.segment.word(self.cursor), None
            if word != 0 and not is_valid(word, self.max_record):
                raise Corrupt("word %#x" % word)
            if word != 0:
                stamp = self.segment.word(self.cursor + 8) if self.header == 16 else 0
                record = Record(self.cursor, word, self.segment.get(self.cursor + self.header, word & LENGTH), stamp)
        if record is None and self.head != self.cursor:
            self.publish_head()
        if record is not None and self.shown == self.cursor:
            self.shown = (self.cursor + size_of(self.header, len(record.payload))) & MASK
            self.count_shown(record)
        return record

    def count_shown(self, record):
        if record.gap:
            self.count(s.GAPS)
        if self.header == 16:
            late = diff(system.now(), stamp_ns(self.geometry, record.stamp))
            self.count(s.HISTOGRAM + 8 * bucket_of(0 if late >> 63 else late))

    def go_on_at(self, evict):
        lost = diff(evict, self.cursor)
        self.count(s.LAPPED)
        self.count(s.LAPPED_BYTES, lost)
        self.cursor = self.head = self.shown = evict
        self.ours.store(s.CURSOR, evict)
        self.ours.store(s.HEAD, evict)
        raise Lapped(lost)

    def recv(self):
        """The next record, released; or None."""
        record = self.peek()
        if record is not None:
            self.release(size_of(self.header, len(record.payload)))
        return record

    def unread(self):
        there = diff(self.segment.page_p.load(s.TAIL), self.cursor)
        if there > self.capacity:
            raise Corrupt("tail")
        return there

    def read(self, most):
        """Up to `most` bytes of a byte ring."""
        data = self.segment.get(self.cursor, min(most, self.unread()))
        if data:
            self.release(len(data))
        elif self.head != self.cursor:
            self.publish_head()
        return data

    def has_data(self):
        if self.records_ring:
            try:
                return self.peek() is not None
            except Lapped:
                return True
        return self.unread() != 0

    def wait_data(self, timeout_ns):
        return self.wait(self.has_data, timeout_ns)


class Repaired(Exception):
    """The ring was repaired since the observer looked last; args[0]: `repairs` now."""


class Observer:
    """Reads without a lock, and writes nothing."""

    def __init__(self, segment, oldest=False):
        self.segment, self.geometry, self.ignored = segment, segment.geometry, 0
        self.check_producer()
        self.go_to(s.EVICT if oldest else s.TAIL)

    def go_to(self, word):
        self.repairs = self.segment.page_p.load(s.REPAIRS)
        self.position = self.segment.page_p.load(word)
        if self.geometry["framing"] == s.RECORDS and self.position & 7:
            raise Corrupt("start")

    def check_producer(self):
        block = self.segment.page_p
        if block.load(s.P_ROLE + s.STATE) != s.NONE and not block.load(s.P_ROLE + s.CAPABILITY) & s.ANNOUNCES:
            raise s.Refused("unsupported")

    def check_repairs(self):
        repairs = self.segment.page_p.load(s.REPAIRS)
        if repairs & 1 or repairs != self.repairs:
            raise Repaired(repairs)

    def observe(self, most=1 << 20):
        """A Record, or bytes; None when there is nothing, 'closed' when nothing will come from this producer."""
        self.check_producer()
        try:
            if self.geometry["framing"] == s.BYTES:
                return self.observe_bytes(most)
            record = copy_record(self.segment, self.geometry, self.position, self.check_repairs)
        except Lapped as lapped:
            lost, self.position = diff(lapped.args[0], self.position), lapped.args[0]
            raise Lapped(lost) from None
        except Repaired as repaired:
            if repaired.args[0] & 1:
                return None
            self.go_to(s.EVICT)
            raise Lapped(0) from None
        if record is None:
            return self.nothing(lambda: self.segment.word(self.position), 0)
        self.position = (self.position + size_of(self.geometry["record_header"], len(record.payload))) & MASK
        return record

    def observe_bytes(self, most):
        tail = self.segment.page_p.load(s.TAIL)
        there, data = diff(tail, self.position), b""
        if there <= self.segment.capacity:
            data = self.segment.get(self.position, min(there, most))
        evict = self.segment.page_p.load(s.EVICT)
        self.check_repairs()
        if 1 <= diff(evict, self.position) <= (1 << 63) - 1:
            raise Lapped(evict)
        if there > self.segment.capacity:
            raise Corrupt("tail")
        if there == 0:
            return self.nothing(lambda: self.segment.page_p.load(s.TAIL), tail)
        self.position = (self.position + len(data)) & MASK
        return data

    def nothing(self, load, seen):
        """Each producer's orderly end is told once."""
        epoch = self.segment.page_p.load(s.P_ROLE + s.EPOCH)
        if (self.segment.page_p.load(s.P_ROLE + s.STATE) != s.CLOSED or epoch == self.ignored or load() != seen):
            return None
        self.ignored = epoch
        return "closed"

    def wait(self, timeout_ns):
        """Looks until there is something; returns it, 'closed', 'dead', 'removed' or 'timeout'."""
        deadline = system.now() + timeout_ns
        while True:
            found = self.observe()
            if found not in (None, b""):
                return found
            peer, epoch = peer_of(self.segment, self.segment.page_p, s.P_ROLE, s.PRODUCER_ROLE, self.ignored)
            if peer != "lives":
                found = self.observe()  # what the producer did before it went comes first
                if found not in (None, b""):
                    return found
                if peer == "dead":
                    self.ignored = epoch
                    return "dead"
                if peer == "absent" and self.segment.has_no_name():
                    return "removed"
            if system.now() >= deadline:
                return "timeout"
            time.sleep(0.001)

    def close(self):
        self.segment.drop()
