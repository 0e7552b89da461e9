# SPDX-License-Identifier: MIT
"""test_observers.py LIBRARY - what observers learn of ends, removals and repairs, between the library and the
implementation that was written from docs/protocol.md. TAP."""
import os
import sys

import library
import readers
import segment as s
from both import PATIENCE, expect, page_consuming, page_observing, page_producing, run, unique

CAPACITY = 1 << 16
REPAIRS = s.PRODUCER + s.REPAIRS


def observe(observer):
    """What either observer says: the payload, None, 'closed' or 'lapped'."""
    if isinstance(observer, library.Observer):
        status, payload, _, _ = observer.recv()
        return {library.OK: payload, library.EMPTY: None, library.CLOSED: "closed", library.LAPPED: "lapped"}[status]
    try:
        record = observer.observe()
    except readers.Lapped:
        return "lapped"
    return record if record in (None, "closed") else getattr(record, "payload", record)


def wait(observer, timeout_ns=PATIENCE):
    """How either observer's wait ends."""
    if isinstance(observer, library.Observer):
        return {library.OK: "there", library.CLOSED: "closed", library.PEER_DEAD: "dead", library.TIMEOUT: "timeout",
                library.E_NOT_FOUND: "removed"}[observer.wait(timeout_ns)]
    answer = observer.wait(timeout_ns)
    return answer if isinstance(answer, str) else "there"


def both_observers(name, oldest=False):
    return page_observing(name, oldest), library.Observer(name, oldest)


def close(*handles):
    for handle in handles:
        handle.close()


def test_each_end_is_told_once():
    for framing in (s.RECORDS, s.BYTES):
        for producing in (page_producing, library.Producer):
            name = unique()
            keeper = page_consuming(name, capacity=CAPACITY, framing=framing)
            observers = both_observers(name)
            for _ in range(3):
                sender = producing(name)
                sender.write(b"words") if framing == s.BYTES else sender.send(b"words")
                sender.close()
                late = both_observers(name)
                for observer in (*observers, *late):
                    if observer in observers:
                        expect(observe(observer), b"words", "what was committed comes first")
                    expect(observe(observer), "closed")
                    expect(observe(observer), None, "told once")
                close(*late)
            close(*observers, keeper)


def test_a_death_is_told_once_to_each():
    name = unique()
    keeper = library.Consumer(name, capacity=CAPACITY)
    sender = page_producing(name)
    observers = both_observers(name)
    sender.send(b"last words")
    sender.die()
    for observer in observers:
        expect(wait(observer), "there")
        if isinstance(observer, library.Observer):
            expect(observe(observer), b"last words")
        expect(wait(observer), "dead")
        expect(wait(observer, 1000), "timeout", "told once")
    close(*observers, keeper)


def test_a_removed_name_is_noticed():
    for by_hand in (True, False):
        name = unique()
        keeper = page_consuming(name, capacity=CAPACITY)
        observers = both_observers(name)
        os.unlink(s.file_of(name)) if by_hand else s.remove(name)
        for observer in observers:
            expect(wait(observer), "removed")
        close(*observers, keeper)


def test_a_repair_is_waited_for_and_is_a_lap():
    for framing in (s.RECORDS, s.BYTES):
        name = unique()
        sender = page_producing(name, capacity=CAPACITY, framing=framing)
        observers = both_observers(name)
        put = sender.write if framing == s.BYTES else sender.send
        put(b"words")
        s.poke(name, REPAIRS, 1)
        for observer in observers:
            expect(observe(observer), None, "while a repair is under way")
            expect(observe(observer), None, "while a repair is under way")
        s.poke(name, REPAIRS, 2)
        for observer in observers:
            expect(observe(observer), "lapped", "after a repair")
            expect(observe(observer), b"words", "from evict")
            expect(observe(observer), None)
        close(*observers, sender)


def test_a_producer_ends_a_repair_that_died():
    for producing in (page_producing, library.Producer):
        name = unique()
        keeper = page_consuming(name, capacity=CAPACITY)
        s.poke(name, REPAIRS, 5)
        sender = producing(name)
        expect(s.look(name, REPAIRS), 6)
        close(sender, keeper)


if __name__ == "__main__":
    sys.exit(run([test for name, test in sorted(globals().items()) if name.startswith("test_")]))
