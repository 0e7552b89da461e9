# SPDX-License-Identifier: MIT
"""A producer by docs/protocol.md."""
import collections

import segment as s
import system
from sides import COMMITTED, Corrupt, GAP, LENGTH, Side, diff, is_valid, size_of
from system import MASK


class Producer(Side):
    """tail: where the next record goes; published: `tail` as everybody may know it."""

    # ---- taking over ----

    def take_over(self):
        page = self.segment.page_p
        tail, cursor = page.load(s.TAIL), self.segment.page_c.load(s.CURSOR)
        self.overwrite = self.geometry["overflow"] == s.OVERWRITE
        self.evict = page.load(s.EVICT)
        if self.overwrite:
            cursor = self.evict
        behind, ahead = diff(tail, cursor) <= self.capacity, diff(cursor, tail) <= self.capacity
        if not behind and not (self.records_ring and ahead) or self.records_ring and (tail | cursor) & 7:
            raise Corrupt("positions")
        self.tail, found = tail, 0
        while self.records_ring and self.segment.word(self.tail) != 0:
            after = (self.tail + size_of(self.header, self.valid_length(self.tail))) & MASK
            if diff(after, tail) > self.capacity or min(diff(after, cursor), diff(cursor, after)) > self.capacity:
                raise Corrupt("walk")
            self.tail, found = after, found + 1
        if diff(self.tail, cursor) > self.capacity:
            raise Corrupt("positions")
        self.records, self.consumer_at = page.load(s.P_RECORDS) + found, cursor
        self.starts = collections.deque()  # (position, records below it): where evict may go
        self.batch, self.gap, self.refused = [], False, False
        self.take_over_evict(page, cursor)
        if self.tail != tail:
            page.store(s.TAIL, self.tail)
            page.store(s.P_RECORDS, self.records)
            self.count(s.RECOVERED, found)
        if page.load(s.REPAIRS) & 1:  # a repair died, and the ring is sound
            self.count(s.REPAIRS)

    def valid_length(self, position):
        word = self.segment.word(position)
        if not is_valid(word, self.max_record):
            raise Corrupt("word %#x" % word)
        return word & LENGTH

    def take_over_evict(self, page, cursor):
        possible = diff(self.tail, self.evict) <= self.capacity and not (self.records_ring and self.evict & 7)
        if self.overwrite:
            if not possible:
                raise Corrupt("evict")
            at, places = self.evict, []
            while at != self.tail:
                places.append(at)
                at = (at + size_of(self.header, self.valid_length(at))) & MASK
                if diff(self.tail, at) > self.capacity:
                    raise Corrupt("walk from evict")
            below = self.records - len(places)
            self.starts.extend((place, below + i) for i, place in enumerate(places))
            page.store(s.EVICT_COUNT, below + 1)
            return
        announced = (page.load(s.P_ROLE + s.STATE) == s.NONE or
                     page.load(s.P_ROLE + s.CAPABILITY) & s.ANNOUNCES)
        if not possible or not announced or diff(cursor, self.evict) > self.capacity:
            self.announce(cursor, None)

    # ---- space ----

    def announce(self, evict, records):
        """Edge G. records: how many are below, or None. x86-64 keeps the order of stores."""
        page = self.segment.page_p
        self.evict = evict
        page.store(s.EVICT_COUNT, 0)
        page.store(s.EVICT, evict)
        page.store(s.EVICT_COUNT, 0 if records is None else records + 1)

    def raise_evict(self, end):
        """Makes evict + capacity reach `end`."""
        need = (end - self.capacity) & MASK
        if diff(end, self.evict) <= self.capacity:
            return
        if not self.records_ring:
            self.announce(need, None)
            return
        while self.starts and 0 < diff(need, self.starts[0][0]) < 1 << 63:
            self.starts.popleft()
        most = self.first_unpublished() if self.overwrite else self.consumer_at
        if self.starts and diff(most, self.starts[0][0]) < 1 << 63:
            self.announce(*self.starts.popleft())
        else:
            self.announce(most, None)

    def first_unpublished(self):
        return self.batch[0][0] if self.batch else self.tail

    def accept(self, position, exact):
        """A consumer position just loaded, by the rules under *head and cursor*. A head behind the newest
        position is ignored, within 9/8 of the capacity; a cursor never is behind it."""
        if not exact and diff(self.consumer_at, position) <= self.capacity + self.capacity // 8:
            return
        if diff(self.tail, position) > diff(self.tail, self.consumer_at) or self.records_ring and position & 7:
            raise Corrupt("consumer at %d" % position)
        self.consumer_at = position

    def free(self):
        most = self.first_unpublished() if self.overwrite else self.consumer_at
        return self.capacity - diff(self.tail, most)

    def has_space(self, need):
        if not self.overwrite and need > self.free():
            self.accept(self.segment.page_c.load(s.HEAD), False)
            if need > self.free():
                self.accept(self.segment.page_c.load(s.CURSOR), True)
            used = diff(self.tail, self.consumer_at)
            if used > self.ours.load(s.HIGH_WATER):
                self.ours.store(s.HIGH_WATER, used)
        return need <= self.free()

    # ---- records ----

    def stage(self, payload, kind=0):
        """Adds a record to the batch; False when the ring is full."""
        size = size_of(self.header, len(payload))
        if len(payload) > self.max_record:
            raise ValueError("too big")
        if not self.has_space(size + 8):
            self.refused_with = self.gap if not self.refused else True
            self.refused = self.gap = True
            self.count(s.REJECTED)
            return False
        self.raise_evict((self.tail + size + 8) & MASK)
        word = len(payload) | kind << 32 | COMMITTED | (GAP if self.gap else 0)
        self.gap = self.refused = False
        if self.header == 16:
            self.segment.put_word(self.tail + 8, system.now())
        self.segment.put(self.tail + self.header, payload)
        if self.batch:
            self.segment.put_word(self.tail, word)
        self.batch.append((self.tail, word))
        self.tail = (self.tail + size) & MASK
        return True

    def publish(self, steps=3):
        """Commits the batch. steps: after how many stores the process dies; 3 is all."""
        if not self.batch:
            return
        first, word = self.batch[0]
        self.segment.put_word(self.tail, 0)
        if steps > 0:
            self.segment.put_word(first, word)
        if steps > 1:
            self.ours.store(s.TAIL, self.tail)
        for position, _ in self.batch:
            self.starts.append((position, self.records))
            self.records += 1
        self.batch = []
        if steps > 2:
            self.ours.store(s.P_RECORDS, self.records)
            self.wake()

    publish_all = publish

    def send(self, payload, kind=0):
        """One record; False when the ring is full."""
        self.publish()
        if not self.stage(payload, kind):
            return False
        self.publish()
        return True

    def retry(self):
        """The caller tries the refused record again: nothing was lost."""
        if self.refused:
            self.refused, self.gap = False, self.refused_with
            self.count(s.REJECTED, -1)

    # ---- bytes ----

    def write(self, data):
        """Writes what fits; returns how many bytes."""
        self.has_space(len(data))
        n = min(len(data), self.free())
        if n:
            self.raise_evict((self.tail + n) & MASK)
            self.segment.put(self.tail, data[:n])
            self.tail = (self.tail + n) & MASK
            self.ours.store(s.TAIL, self.tail)
            self.wake()
        return n

    # ---- waiting ----

    def wait_space(self, length, timeout_ns):
        """Waits for space for one record of `length` bytes, or for so many bytes."""
        self.publish()
        self.retry()
        need = size_of(self.header, length) + 8 if self.records_ring else length
        self.ignored = self.ours.load(self.block + s.ENDED_EPOCH)
        return self.wait(lambda: self.has_space(need), timeout_ns, lambda: self.segment.bells.store(
            s.PRODUCER_WANT, self.tail + need - self.capacity))
