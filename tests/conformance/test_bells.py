# SPDX-License-Identifier: MIT
"""test_bells.py LIBRARY - sleeping, waking and descriptors between the library and the implementation that was
written from docs/protocol.md: a waiter is seen to wait, and only then the other side publishes. TAP."""
import select
import sys
import threading
import time

import library
import segment as s
from both import PATIENCE, expect, page_consuming, page_producing, run, unique
from sides import ASLEEP, POLLED

CAPACITY = 1 << 16
CONSUMER_BELL, PRODUCER_BELL = s.DOORBELL + s.CONSUMER_BELL, s.DOORBELL + s.PRODUCER_BELL
FENCE = 1 << 32


def beside(call):
    """Runs the call in a thread of its own; the answer of what is returned is the call's."""
    answer = []
    thread = threading.Thread(target=lambda: answer.append(call()), daemon=True)
    thread.start()

    def join():
        thread.join(PATIENCE / 1e9)
        expect(len(answer), 1, "the call has ended")
        return answer[0]
    return join


def until_bell(name, bell, bits, start=0):
    """Until the other side is seen to wait."""
    deadline = time.monotonic_ns() + PATIENCE
    while not s.look(name, bell) & bits:
        expect(time.monotonic_ns() < deadline, True, "the bell was set")
        time.sleep(0.001)


def test_a_sleeping_consumer_of_the_library_is_woken():
    for fences in (False, True):
        name = unique()
        sender, reader = page_producing(name, fences, capacity=CAPACITY), library.Consumer(name, spin_ns=1)
        for number in range(20):
            waiting = beside(lambda: reader.recv(PATIENCE)[:2])
            until_bell(name, CONSUMER_BELL, ASLEEP)
            sender.send(b"%d" % number)
            expect(waiting(), (library.OK, b"%d" % number))
        expect(s.look(name, s.PRODUCER + s.P_WAKES) > 0, True, "wakes were counted")
        waiting = beside(lambda: reader.recv(PATIENCE)[0])
        until_bell(name, CONSUMER_BELL, ASLEEP)
        sender.close()
        expect(waiting(), library.CLOSED)
        reader.close()


def test_a_sleeping_consumer_of_the_page_is_woken():
    for fences in (False, True):
        name = unique()
        sender, reader = library.Producer(name, capacity=CAPACITY), page_consuming(name, fences)
        for number in range(20):
            waiting = beside(lambda: reader.wait_data(PATIENCE))
            until_bell(name, CONSUMER_BELL, ASLEEP)
            expect(sender.send(b"%d" % number), True)
            expect(waiting(), "there")
            expect(reader.recv().payload, b"%d" % number)
            expect(s.look(name, CONSUMER_BELL) & ASLEEP, 0, "cleared at the end of the wait")
        waiting = beside(lambda: reader.wait_data(PATIENCE))
        until_bell(name, CONSUMER_BELL, ASLEEP)
        sender.close()
        expect(waiting(), "closed")
        reader.close()


def test_a_sleeping_producer_of_either_is_woken():
    for library_waits in (False, True):
        name = unique()
        if library_waits:
            sender, reader = library.Producer(name, capacity=CAPACITY, spin_ns=1), page_consuming(name)
        else:
            sender, reader = page_producing(name, capacity=CAPACITY), library.Consumer(name)
        while sender.send(bytes(1000)):
            pass
        if library_waits:
            waiting = beside(lambda: sender.send_waiting(bytes(5000), PATIENCE))
        else:
            waiting = beside(lambda: sender.wait_space(5000, PATIENCE))
        until_bell(name, PRODUCER_BELL, ASLEEP)
        want = s.look(name, s.DOORBELL + s.PRODUCER_WANT)
        expect(want, s.look(name, s.PRODUCER + s.TAIL) + 5016 - CAPACITY, "producer_want")
        for _ in range(5):
            reader.recv()
        expect(waiting(), library.OK if library_waits else "there")
        waiting = beside(lambda: sender.send_waiting(bytes(10000), PATIENCE) if library_waits else
                         sender.wait_space(60000, PATIENCE))
        until_bell(name, PRODUCER_BELL, ASLEEP)
        reader.close()
        expect(waiting(), library.CLOSED if library_waits else "closed")
        sender.close()


def test_a_waiter_without_membarrier_asks_for_fences():
    name = unique()
    sender, reader = library.Producer(name, capacity=CAPACITY), page_consuming(name)
    reader.can_barrier = False
    waiting = beside(lambda: reader.wait_data(PATIENCE))
    until_bell(name, CONSUMER_BELL, FENCE)
    sender.send(b"one")
    expect(waiting(), "there")
    expect(bool(s.look(name, s.PRODUCER + s.P_ROLE + s.CAPABILITY) & s.FENCES), True, "the waker fences now")
    reader.close()
    sender.close()
    name = unique()
    sender, reader = page_producing(name, capacity=CAPACITY), library.Consumer(name)
    s.poke(name, CONSUMER_BELL, FENCE)
    sender.send(b"one")
    expect(bool(s.look(name, s.PRODUCER + s.P_ROLE + s.CAPABILITY) & s.FENCES), True, "the waker fences now")
    sender.close()
    reader.close()


def is_readable(fd, seconds):
    return bool(select.select([fd], [], [], seconds)[0])


def test_descriptors_of_the_library_become_readable():
    name = unique()
    sender, reader = page_producing(name, capacity=CAPACITY), library.Consumer(name)
    fd, bells = reader.fd(), sender.segment.bells  # by the mapping: to read the file would be a signal
    for number in range(10):
        expect(reader.recv()[0], library.EMPTY)
        expect(bool(bells.load(s.CONSUMER_BELL) & POLLED), True, "POLLED")
        expect(is_readable(fd, 0), False, "readable")
        sender.send(b"%d" % number)
        expect(bells.load(s.CONSUMER_BELL) & POLLED, 0, "POLLED")
        expect(is_readable(fd, PATIENCE / 1e9), True, "readable")
        expect(reader.recv()[1], b"%d" % number)
    expect(reader.recv()[0], library.EMPTY)
    sender.die()
    expect(is_readable(fd, PATIENCE / 1e9), True, "a death")
    reader.close()
    name = unique()
    sender, reader = library.Producer(name, capacity=CAPACITY), page_consuming(name)
    fd = sender.fd()
    while sender.send(bytes(1000)):
        pass
    expect(is_readable(fd, 0), False, "readable")
    reader.recv()
    expect(is_readable(fd, PATIENCE / 1e9), True, "readable")
    expect(sender.send(bytes(1000)), True)
    sender.close()
    reader.close()


def test_a_close_clears_its_own_polled():
    name = unique()
    sender, reader = page_producing(name, capacity=CAPACITY), library.Consumer(name)
    reader.fd()
    expect(bool(sender.segment.bells.load(s.CONSUMER_BELL) & POLLED), True)
    reader.close()
    expect(sender.segment.bells.load(s.CONSUMER_BELL) & POLLED, 0)
    sender.close()
    sender, reader = library.Producer(name, capacity=CAPACITY), page_consuming(name)
    sender.fd()
    while sender.send(bytes(1000)):
        pass
    expect(bool(reader.segment.bells.load(s.PRODUCER_BELL) & POLLED), True)
    sender.close()
    expect(reader.segment.bells.load(s.PRODUCER_BELL) & POLLED, 0)
    reader.close()


if __name__ == "__main__":
    sys.exit(run([test for name, test in sorted(globals().items()) if name.startswith("test_")]))
