# SPDX-License-Identifier: MIT
"""test_roles.py LIBRARY - names, locks, roles, deaths and impossible words, between the library and the
implementation that was written from docs/protocol.md. TAP."""
import os
import subprocess
import sys

import library
import readers
import segment as s
import system
from both import (expect, expect_corrupt, page_consuming, page_observing, page_producing, payload_of, run,
                  unique)

CAPACITY = 1 << 16
PRODUCER_OPENS = (page_producing, library.Producer)
CONSUMER_OPENS = (page_consuming, library.Consumer)


def expect_refused(call, reason, status):
    """Both implementations have a word for it."""
    try:
        call()
    except s.Refused as refused:
        expect(refused.args[0], reason)
        return
    except library.Error as error:
        expect(error.status, status)
        return
    raise AssertionError("was not refused")


def child_of_the_library(role, name, work):
    """A process of the library that does `work` with the handle `h` and is killed."""
    code = ("import os, sys\nsys.argv = ['', %r]\nsys.path.insert(0, %r)\nimport library\n"
            "h = library.%s(%r)\n%s\nos.kill(os.getpid(), 9)\n"
            % (sys.argv[1], os.path.dirname(os.path.abspath(__file__)), role, name, work))
    expect(subprocess.run([sys.executable, "-B", "-c", code], check=False).returncode, -9, "the child's end")


# ---- names and attaching ----

def test_the_name_goes_with_the_last_of_either():
    for first, second in ((page_producing, library.Consumer), (library.Producer, page_consuming)):
        name = unique()
        one = first(name, capacity=CAPACITY)
        two = second(name)
        one.close()
        expect(os.path.exists(s.file_of(name)), True, "one is left")
        two.close()
        expect(os.path.exists(s.file_of(name)), False, "none is left")


def test_a_role_is_taken_once_and_the_holder_is_named():
    for holder in PRODUCER_OPENS:
        for other in PRODUCER_OPENS:
            name = unique()
            one = holder(name, capacity=CAPACITY)
            expect_refused(lambda: other(name), "busy", library.E_BUSY)
            one.close()
    name = unique()
    segment = s.Segment(name, s.PRODUCER_ROLE).create(capacity=CAPACITY)  # and has not entered the role
    expect(s.look(name, s.PRODUCER + s.P_ROLE + s.STATE), s.NONE)
    try:
        library.Producer(name)
        raise AssertionError("was not refused")
    except library.Error as error:
        expect("process %d:" % os.getpid() in error.args[1], True, "the pid is there before the state")
    segment.close()


def test_what_is_no_ring_of_ours_is_refused():
    def with_mode(path):
        os.chmod(path, 0o644)

    def with_wrong_size(path):
        os.truncate(path, s.DATA + CAPACITY - 4096)

    def with_unknown_feature(path):
        s.poke(os.path.basename(path).split(".", 2)[2], 0x38, 1 << 40)

    def with_other_name(path):
        s.poke(os.path.basename(path).split(".", 2)[2], 0xD8 + 8, 0)

    for change, reason, status in ((with_mode, "access", library.E_ACCESS),
                                   (with_wrong_size, "corrupt", library.E_CORRUPT),
                                   (with_unknown_feature, "version", library.E_VERSION), (with_other_name, "corrupt", library.E_CORRUPT)):
        name = unique()
        one = page_producing(name, capacity=CAPACITY)
        path = s.file_of(name)
        change(path)
        for other in CONSUMER_OPENS:
            expect_refused(lambda: other(name), reason, status)
        if change is with_mode:  # an observer does not compare the mode
            for observer in (page_observing(name), library.Observer(name)):
                observer.close()
        one.die()
        os.unlink(path)
    name = unique()
    os.symlink("/dev/null", s.file_of(name))
    for other in (*CONSUMER_OPENS, *PRODUCER_OPENS):
        expect_refused(lambda: other(name), "access", library.E_ACCESS)
    os.unlink(s.file_of(name))


def test_what_the_dead_leave_is_reaped():
    for opens in (*PRODUCER_OPENS, *CONSUMER_OPENS):
        name = unique()
        page_producing(name, capacity=CAPACITY).die()
        before = os.stat(s.file_of(name)).st_ino
        for observer in (page_observing(name), library.Observer(name)):  # takes no lock, reaps nothing
            observer.close()
        expect(os.stat(s.file_of(name)).st_ino, before)
        opens(name, capacity=CAPACITY * 2).close()
    for lifetime, left in ((s.UNTIL_LAST_CLOSE, False), (s.PERSISTENT, True)):
        name = unique()
        page_producing(name, capacity=CAPACITY, lifetime=lifetime).die()
        expect(library.c.shmring_prune(None), library.OK)
        expect(os.path.exists(s.file_of(name)), left, "pruned")
        if left:
            s.remove(name)


def test_pruning_takes_the_administration_lock():
    name = unique()
    one = page_producing(name, capacity=CAPACITY)
    with open(s.file_of(name), "r+b", buffering=0) as f:
        expect(system.try_lock(f.fileno(), s.ADMIN, system.F_WRLCK), True)
        one.die()
        expect(library.c.shmring_prune(None), library.OK)
        expect(os.path.exists(s.file_of(name)), True, "somebody is opening or closing it")
    expect(library.c.shmring_prune(None), library.OK)
    expect(os.path.exists(s.file_of(name)), False)


def test_a_removed_name_is_noticed():
    def by_the_library(name):
        expect(library.c.shmring_remove(name.encode()), library.OK)

    def by_hand(name):
        os.unlink(s.file_of(name))

    for take_away in (by_the_library, s.remove, by_hand):
        name = unique()
        reader = page_consuming(name, capacity=CAPACITY)
        take_away(name)
        expect(reader.wait_data(60 * 10**9), "removed")
        reader.close()
        name = unique()
        reader = library.Consumer(name, capacity=CAPACITY)
        take_away(name)
        expect(library.c.shmring_wait_data(reader.pointer, 60 * 10**9), library.E_NOT_FOUND)
        reader.close()


# ---- deaths and takeovers ----

def test_a_producer_that_died_at_each_store():
    for successor in PRODUCER_OPENS:
        for steps in range(3):
            for batch in (1, 3):
                name = unique()
                sender, reader = page_producing(name, capacity=CAPACITY), library.Consumer(name)
                sender.send(b"first")
                for number in range(batch):
                    sender.stage(payload_of(number, 100 * number))
                sender.publish(steps)
                sender.die()
                sender = successor(name)
                expect(sender.send(b"last"), True)
                expect(s.look(name, s.PRODUCER + s.RECOVERED), batch if steps == 1 else 0, "recovered")
                got = [reader.recv()[1] for _ in range(batch + 2)]
                batch_sent = [payload_of(number, 100 * number) for number in range(batch)] if steps else []
                expect([x for x in got if x], [x for x in [b"first", *batch_sent, b"last"] if x])
                reader.close()
                sender.close()


def test_a_killed_process_of_the_library():
    name = unique()
    reader = page_consuming(name, capacity=CAPACITY)
    child_of_the_library("Producer", name, "for i in range(500): h.send(b'%d' % i)")
    for number in range(500):
        expect(reader.recv().payload, b"%d" % number)
    expect(reader.recv(), None)
    expect(reader.wait_data(60 * 10**9), "dead")
    sender = page_producing(name)
    sender.send(b"next")
    expect(reader.recv().payload, b"next")
    reader.close()
    child_of_the_library("Consumer", name, "h.recv(); h.recv()")
    expect(sender.send(b"more"), True)
    reader = library.Consumer(name)
    expect(reader.recv()[1], b"more")
    reader.close()
    sender.close()


def test_ends_are_told_once():
    for end, told, status in (("close", "closed", library.CLOSED), ("die", "dead", library.PEER_DEAD)):
        name = unique()
        sender, reader = page_producing(name, capacity=CAPACITY), library.Consumer(name)
        sender.send(b"last words")
        getattr(sender, end)()
        expect(library.c.shmring_wait_data(reader.pointer, 60 * 10**9), library.OK, "what was committed comes first")
        expect(reader.recv()[1], b"last words")
        expect(library.c.shmring_wait_data(reader.pointer, 60 * 10**9), status)
        reader.close()
        name = unique()
        reader = page_consuming(name, capacity=CAPACITY, lifetime=s.PERSISTENT)
        sender = page_producing(name)
        sender.send(b"last words")
        getattr(sender, end)()
        expect(reader.wait_data(60 * 10**9), "there", "what was committed comes first")
        reader.recv()
        expect(reader.wait_data(60 * 10**9), told)
        expect(reader.wait_data(60 * 10**9), told, "told again to the same consumer")
        reader.close()
        for opens in CONSUMER_OPENS:  # but not to the next one
            reader = opens(name)
            answer = (reader.wait_data(1000) if opens is page_consuming else
                      library.c.shmring_wait_data(reader.pointer, 1000))
            expect(answer in ("timeout", library.TIMEOUT), True, answer)
            reader.close()
        s.remove(name)


def test_an_overwrite_ring_is_taken_over_from_far_behind():
    for producing in PRODUCER_OPENS:
        for opens in CONSUMER_OPENS:
            name = unique()
            sender = producing(name, capacity=CAPACITY, overflow=s.OVERWRITE)
            for number in range(1000):
                sender.send(b"%d " % number + bytes(1000))
            expect(s.look(name, s.PRODUCER + s.TAIL) > 10 * CAPACITY, True, "laps behind")
            reader = opens(name)
            try:
                lost = reader.recv()[0] == library.LAPPED
            except readers.Lapped:
                lost = True
            expect(lost, True, "lapped")
            record = reader.recv()
            payload = record[1] if opens is library.Consumer else record.payload
            expect(900 < int(payload.split()[0]) < 1000, True, "goes on at the oldest")
            reader.close()
            sender.close()


def test_an_overwrite_ring_goes_on_behind_a_dead_producer():
    for successor in PRODUCER_OPENS:
        name = unique()
        reader = library.Consumer(name, capacity=CAPACITY, overflow=s.OVERWRITE)
        sender = page_producing(name)
        for number in range(500):
            sender.send(b"%d " % number + bytes(1000))
        s.poke(name, s.PRODUCER + s.EVICT_COUNT, 0)  # it died between evict and its count
        evict = s.look(name, s.PRODUCER + s.EVICT)
        sender.die()
        sender = successor(name)
        expect(s.look(name, s.PRODUCER + s.EVICT), evict)
        expect(s.look(name, s.PRODUCER + s.EVICT_COUNT), evict // 1016 + 1 if evict % 1016 == 0 else None, "counted")
        for number in range(500, 1000):
            sender.send(b"%d " % number + bytes(1000))
        expect(reader.recv()[0], library.LAPPED)
        first = int(reader.recv()[1].split()[0])
        for number in range(first + 1, 1000):
            expect(int(reader.recv()[1].split()[0]), number)
        reader.close()
        sender.close()


def test_counts_go_on_behind_a_lap():
    name = unique()
    sender = library.Producer(name, capacity=CAPACITY, overflow=s.OVERWRITE)
    for opens in CONSUMER_OPENS * 2:
        for number in range(200):
            sender.send(bytes(1000))
        reader = opens(name)
        try:
            reader.recv()
        except readers.Lapped:
            pass
        reader.close()
    expect(s.look(name, s.CONSUMER + s.LAPPED), 4, "lapped")
    sender.close()


# ---- words that cannot be ----

def test_a_ring_that_never_had_a_producer():
    for start in (0, 2**64 - 4096):
        name = unique()
        reader = page_consuming(name, capacity=CAPACITY, start=start)
        observers = (page_observing(name), library.Observer(name), library.Observer(name, oldest=True))
        expect(observers[0].observe(), None, "empty, and not refused")
        expect([o.recv()[0] for o in observers[1:]], [library.EMPTY] * 2)
        sender = library.Producer(name)
        sender.send(b"first")
        expect(observers[0].observe().payload, b"first")
        expect([o.recv()[1] for o in observers[1:]], [b"first"] * 2)
        for observer in observers:
            observer.close()
        sender.close()
        reader.close()


def test_a_producer_that_does_not_announce():
    name = unique()
    sender = page_producing(name, capacity=CAPACITY)
    for number in range(300):
        sender.send(bytes(1000))
        if number == 40:
            reader = page_consuming(name)
        if number >= 40:
            while reader.recv():
                pass
    word = s.PRODUCER + s.P_ROLE + s.CAPABILITY
    s.poke(name, word, s.look(name, word) & ~s.ANNOUNCES)
    for opens in (page_observing, library.Observer):
        expect_refused(lambda: opens(name), "unsupported", library.E_UNSUPPORTED)
    sender.die()
    cursor = s.look(name, s.CONSUMER + s.CURSOR)
    for opens in PRODUCER_OPENS:
        s.poke(name, word, s.look(name, word) & ~s.ANNOUNCES)
        s.poke(name, s.PRODUCER + s.EVICT, 0)
        sender = opens(name)
        expect(s.look(name, s.PRODUCER + s.EVICT), cursor, "raised to the cursor")
        sender.close()
    reader.close()


def test_a_misaligned_evict():
    for overflow in (s.REJECT, s.OVERWRITE):
        name = unique()
        sender = page_producing(name, capacity=CAPACITY, overflow=overflow, lifetime=s.PERSISTENT)
        sender.send(b"first")
        observers = page_observing(name), library.Observer(name)
        s.poke(name, s.PRODUCER + s.EVICT, sender.tail + 4)
        for call in (lambda: page_observing(name, True), lambda: library.Observer(name, True), observers[0].observe):
            expect_corrupt(call)
        expect(observers[1].recv()[0], library.E_CORRUPT)
        for observer in observers:
            observer.close()
        if overflow == s.OVERWRITE:
            for opens in CONSUMER_OPENS:
                reader = opens(name)
                if opens is page_consuming:
                    expect_corrupt(reader.recv)
                else:
                    expect(reader.recv()[0], library.E_CORRUPT)
                reader.close()
        sender.die()
        s.poke(name, s.PRODUCER + s.EVICT, 4)
        for opens in PRODUCER_OPENS:
            if overflow == s.OVERWRITE:
                expect_corrupt(lambda: opens(name))
            else:
                s.poke(name, s.PRODUCER + s.EVICT, 4)
                opens(name).close()
                expect(s.look(name, s.PRODUCER + s.EVICT), 0, "raised to the cursor")
        s.remove(name)


def test_half_of_all_positions_is_no_lap():
    for distance, lapped in ((2**63 - 1, True), (2**63, False), (1, True), (0, False)):
        name = unique()
        sender = page_producing(name, capacity=CAPACITY, framing=s.BYTES)
        observers = page_observing(name), library.Observer(name)
        sender.write(b"bytes")
        s.poke(name, s.PRODUCER + s.EVICT, distance)
        try:
            got = observers[0].observe() != b"bytes"
        except readers.Lapped:
            got = True
        expect(got, lapped, "distance %d, by the page" % distance)
        expect(observers[1].recv()[0], library.LAPPED if lapped else library.OK, "distance %d" % distance)
        for observer in observers:
            observer.close()
        sender.close()


def test_positions_that_cannot_be():
    for word, value in ((s.PRODUCER + s.TAIL, CAPACITY * 3), (s.CONSUMER + s.CURSOR, CAPACITY * 3),
                        (s.CONSUMER + s.CURSOR, 4), (s.PRODUCER + s.TAIL, 4)):
        name = unique()
        sender = page_producing(name, capacity=CAPACITY, lifetime=s.PERSISTENT)
        sender.die()
        s.poke(name, word, value)
        for opens in (*PRODUCER_OPENS, *CONSUMER_OPENS):
            expect_corrupt(lambda: opens(name))
        s.remove(name)


if __name__ == "__main__":
    sys.exit(run([test for name, test in sorted(globals().items()) if name.startswith("test_")]))
