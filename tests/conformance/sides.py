# SPDX-License-Identifier: MIT
"""What producer, consumer and observer share by docs/protocol.md: words, roles, bells, and how ends are told."""
import os
import struct

import segment as s
import system
from system import MASK

COMMITTED, GAP, RESERVED, LENGTH = 1 << 63, 1 << 48, 0x7FFE << 48, 0xFFFFFFFF
ASLEEP, POLLED, FENCE_HIGH = 1, 2, 1  # FENCE is bit 32: bit 0 of the high half
SLICE, SHORT_SLICE = 90 * 10**6, 10**6


def diff(a, b):
    """The distance of two positions: unsigned, modulo 2^64."""
    return (a - b) & MASK


def size_of(header, length):
    return (header + length + 7) & ~7


def is_valid(word, max_record):
    return word & (COMMITTED | RESERVED) == COMMITTED and word & LENGTH <= max_record


def bucket_of(ns):
    """The bucket of a latency."""
    e = max(ns.bit_length() - 1, 5)
    return min((e - 5) * 32 + (ns >> (e - 5)), 1407)


def stamp_ns(geometry, stamp):
    """A stamp as nanoseconds of the monotonic clock."""
    if geometry["stamp"] != 2:
        return stamp
    ticks = diff(stamp, geometry["stamp_base_tick"])
    ticks -= (ticks >> 63) << 64
    return (geometry["stamp_base_ns"] + ticks * 10**9 // geometry["stamp_hz"]) & MASK


def peer_of(segment, theirs, block, role, ignored):
    """'lives', 'absent', 'closed' or 'dead', with the epoch whose end it is."""
    epoch = theirs.load(block + s.EPOCH)
    held = system.is_locked(segment.probe, role)
    state = theirs.load(block + s.STATE)
    if held and state != s.CLOSED:
        return "lives", epoch
    if state == s.NONE or epoch == ignored:
        return ("lives" if held else "absent"), epoch
    if state == s.CLOSED:
        return "closed", epoch
    if system.is_locked(segment.probe, role) or theirs.load(block + s.EPOCH) != epoch:
        return "lives", epoch
    return "dead", epoch


class Side:
    """A role that is held: its block, its bell, its peer's."""

    def __init__(self, segment, fences=False):
        self.segment, self.geometry = segment, segment.geometry
        self.header, self.max_record = self.geometry["record_header"], self.geometry["max_record"]
        self.capacity, self.records_ring = segment.capacity, self.geometry["framing"] == s.RECORDS
        producer = segment.role == s.PRODUCER_ROLE
        self.ours, self.theirs = (segment.page_p, segment.page_c) if producer else (segment.page_c, segment.page_p)
        self.block, self.their_block = (s.P_ROLE, s.C_ROLE) if producer else (s.C_ROLE, s.P_ROLE)
        self.their_role = s.CONSUMER_ROLE if producer else s.PRODUCER_ROLE
        self.bell, self.their_bell = ((s.PRODUCER_BELL, s.CONSUMER_BELL) if producer else
                                      (s.CONSUMER_BELL, s.PRODUCER_BELL))
        self.stalls, self.sleeps, self.wakes = ((s.P_STALLS, s.P_SLEEPS, s.P_WAKES) if producer else
                                                (s.C_STALLS, s.C_SLEEPS, s.C_WAKES))
        self.ignored = self.ours.load(self.block + s.ENDED_EPOCH)
        try:
            self.take_over()
        except Corrupt:
            segment.close()
            raise
        self.enter(s.ANNOUNCES if producer else 0, fences)

    def take_over(self):
        raise NotImplementedError

    def count(self, word, more=1):
        self.ours.store(word, self.ours.load(word) + more)

    # ---- the role block ----

    def enter(self, capability, fences):
        self.fences = fences or not system.barrier_register()
        self.can_barrier = system.barrier()
        address = self.segment.bells.address + self.bell
        system.atomic_and_not(address, ASLEEP | POLLED)
        (system.atomic_and_not if self.can_barrier else system.atomic_or)(address + 4, FENCE_HIGH)
        program = struct.unpack("=QQ", b"conformance".ljust(16, b"\0"))
        for at, value in ((s.PID, os.getpid()), (s.START_TIME, system.start_time()), (s.PROGRAM, program[0]),
                          (s.PROGRAM + 8, program[1]),
                          (s.CAPABILITY, capability | (s.FENCES if self.fences else s.CAN_MEMBARRIER))):
            self.ours.store(self.block + at, value)
        self.ours.store(self.block + s.STATE, s.ATTACHED)
        self.count(self.block + s.EPOCH)
        system.full_barrier()

    def close(self):
        if self.segment.groups:
            self.publish_all()
            self.ours.store(self.block + s.STATE, s.CLOSED)
            system.atomic_and_not(self.segment.bells.address + self.bell, POLLED)
            self.ring(self.segment.bells.load(self.their_bell))
            self.segment.close()

    def die(self):
        """The process ends here, as far as the shared bytes and locks tell."""
        self.segment.drop()

    def publish_all(self):
        raise NotImplementedError

    # ---- the waker ----

    def ring(self, seen):
        """Clears the bits that were seen in the other side's bell, and wakes for each."""
        address = self.segment.bells.address + self.their_bell
        bits = seen & (ASLEEP | POLLED)
        if bits & ASLEEP:
            system.atomic_and_not_and_wake(address, bits)
        elif bits:
            system.atomic_and_not(address, bits)
        if bits & POLLED and self.their_role == s.CONSUMER_ROLE:
            os.pread(self.segment.probe, 1, 0)
        elif bits & POLLED:
            os.pwrite(self.segment.probe, b"\0", s.DOORBELL + s.SIGNAL)

    def wake(self):
        """After each publication."""
        bell = self.segment.bells.load(self.their_bell)
        if bell == 0 and not self.fences:
            return
        if bell >> 32 & FENCE_HIGH and not self.fences:
            self.fences = True  # and for good: the page lets a waker go on fencing
            self.ours.store(self.block + s.CAPABILITY, self.ours.load(self.block + s.CAPABILITY) | s.FENCES)
        if self.fences:
            system.full_barrier()
            bell = self.segment.bells.load(self.their_bell)
        if bell & (ASLEEP | POLLED) and self.is_wanted():
            self.count(self.wakes)
            self.ring(bell)

    def is_wanted(self):
        return True

    # ---- the waiter ----

    def peer(self):
        return peer_of(self.segment, self.theirs, self.their_block, self.their_role, self.ignored)

    def choose_slice(self):
        """Step 3 of the waiter."""
        capability = self.theirs.load(self.their_block + s.CAPABILITY)
        if capability & s.CAN_MEMBARRIER:
            if self.can_barrier and system.barrier():
                return SLICE
            system.atomic_or(self.segment.bells.address + self.bell + 4, FENCE_HIGH)
            system.full_barrier()
            capability = self.theirs.load(self.their_block + s.CAPABILITY)
        return SLICE if capability == 0 or capability & s.FENCES else SHORT_SLICE

    def wait(self, there, timeout_ns, before_sleep=lambda: None):
        """Waits until there(); returns 'there', 'closed', 'dead', 'removed' or 'timeout'."""
        if there():
            return "there"
        deadline, address = system.now() + timeout_ns, self.segment.bells.address + self.bell
        self.count(self.stalls)
        try:
            while True:
                before_sleep()
                system.atomic_or(address, ASLEEP)
                expected = self.segment.bells.load(self.bell) & 0xFFFFFFFF
                system.full_barrier()
                length = self.choose_slice()
                if there():
                    return "there"
                if expected & ASLEEP:
                    self.count(self.sleeps)
                    system.futex_wait(address, expected, max(0, min(length, deadline - system.now())))
                if there():
                    return "there"
                peer, epoch = self.peer()
                if peer != "lives" and there():  # what it did before it went comes first
                    return "there"
                if peer in ("closed", "dead"):
                    self.ours.store(self.block + s.ENDED_EPOCH, epoch)
                    return peer
                if peer == "absent" and (self.segment.bells.load(s.LIFECYCLE) & 1 or self.segment.has_no_name()):
                    return "removed"
                if system.now() >= deadline:
                    return "timeout"
        finally:
            system.atomic_and_not(address, ASLEEP)


Corrupt = s.Corrupt
