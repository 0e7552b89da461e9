# SPDX-License-Identifier: MIT
"""One record at a time: sending, receiving, waiting, and what is raised."""
import os
import pickle
import signal
import threading
import time

import pytest

import shmring


def test_a_record_passes_with_its_type(name):
    with shmring.Producer(name) as p, shmring.Consumer(name) as c:
        p.send(b'hello', type=7)
        p.send(bytearray(b''))
        record = c.recv(timeout=5)
        assert (record.data, record.type, record.flags, record.stamp) == (b'hello', 7, 0, 0)
        second = c.recv()
        assert second.data == b'' and second.type == 1 and second.position > record.position
        assert pickle.loads(pickle.dumps(record)) == record
        assert 'type=7' in repr(record)


def test_long_records_pass_whole(name):
    data = os.urandom(200000)
    with shmring.Producer(name, capacity=1 << 20) as p, shmring.Consumer(name) as c:
        p.send(data)
        assert c.recv().data == data


def test_an_empty_ring_times_out(name):
    with shmring.Consumer(name) as c:
        assert c.try_recv() is None
        with pytest.raises(shmring.Timeout) as seen:
            c.recv(timeout=0.02)
        assert seen.value.status == shmring.Status.TIMEOUT and isinstance(seen.value, TimeoutError)
        assert name in str(seen.value)
        with pytest.raises(shmring.Timeout):
            c.recv(timeout=0)
        with pytest.raises(ValueError):
            c.recv(timeout=-1)


def test_a_full_ring_refuses_and_waits(name):
    with shmring.Producer(name, capacity=1 << 16) as p, shmring.Consumer(name) as c:
        while p.try_send(bytes(1000)):
            pass
        with pytest.raises(shmring.Timeout):
            p.send(bytes(1000), timeout=0.02)
        with pytest.raises(shmring.Error) as seen:
            p.send(bytes(40000))
        assert seen.value.status == shmring.Status.E_TOO_BIG
        got = []
        reader = threading.Thread(target=lambda: got.extend(c.recv() for _ in range(40)))
        reader.start()
        p.send(b'after', timeout=30)
        reader.join()
        assert len(got) == 40


def test_iteration_ends_when_the_producer_closes(name):
    with shmring.Consumer(name) as c:
        with shmring.Producer(name) as p:
            for i in range(3):
                p.send(b'%d' % i)
        assert [record.data for record in c] == [b'0', b'1', b'2']
        with pytest.raises(shmring.Closed) as seen:
            c.recv()
        assert seen.value.status == shmring.Status.CLOSED


def test_a_death_is_an_exception_of_its_own(name, child):
    with shmring.Consumer(name) as c:
        one = child('import shmring, sys, time\np = shmring.Producer(sys.argv[1])\n'
                    'for i in range(1000): p.send(b"%d" % i)\nprint("sent", flush=True)\ntime.sleep(600)', name)
        assert one.stdout.readline() == 'sent\n'
        one.kill()
        got = []
        with pytest.raises(shmring.PeerDead):
            for record in c:
                got.append(int(record.data))
        assert got == list(range(1000))


def test_errors_have_the_librarys_sentence(name):
    with pytest.raises(shmring.Error) as seen:
        shmring.Consumer(name, mode='open')
    assert seen.value.status == shmring.Status.E_NOT_FOUND and name in str(seen.value)
    again = pickle.loads(pickle.dumps(seen.value))
    assert str(again) == str(seen.value) and again.status == seen.value.status
    with shmring.Producer(name, capacity=1 << 16):
        with pytest.raises(shmring.Error) as seen:
            shmring.Producer(name)
        assert seen.value.status == shmring.Status.E_BUSY
        with pytest.raises(shmring.Error) as seen:
            shmring.Consumer(name, capacity=1 << 20)
        assert seen.value.status == shmring.Status.E_MISMATCH
    for wrong in ({'colour': 1}, ):
        with pytest.raises(TypeError):
            shmring.Producer(name, **wrong)
    with pytest.raises(ValueError):
        shmring.Producer(name, overflow='maybe')


def test_a_closed_handle_says_so(name):
    c = shmring.Consumer(name)
    assert 'absent' in repr(c) and name in repr(c) and not c.closed
    c.close()
    c.close()
    assert 'closed' in repr(c) and c.closed
    with pytest.raises(ValueError):
        c.recv()
    with pytest.raises(TypeError):
        pickle.dumps(c)


def test_interrupt_ends_a_wait(name):
    with shmring.Consumer(name) as c:
        threading.Timer(0.05, c.interrupt).start()
        with pytest.raises(shmring.Interrupted):
            c.recv()


def test_another_thread_is_refused_while_one_waits(name):
    with shmring.Consumer(name) as c:
        began = threading.Event()

        def wait():
            began.set()
            with pytest.raises(shmring.Interrupted):
                c.recv()
        waiter = threading.Thread(target=wait)
        waiter.start()
        began.wait()
        refused = False
        while not refused:
            try:
                c.try_recv()
            except RuntimeError:
                refused = True
            time.sleep(0.001)
        with pytest.raises(RuntimeError):
            c.close()
        c.interrupt()
        waiter.join()


@pytest.mark.parametrize('what', ['recv', 'send', 'observe', 'drain'])
def test_keyboard_interrupt_ends_a_wait(name, what):
    with shmring.Producer(name, capacity=1 << 16) as p, shmring.Observer(name) as o:
        if what != 'observe':
            p.send(b'')
        while what == 'send' and p.try_send(bytes(1000)):
            pass
        c = shmring.Consumer(name) if what == 'recv' else None
        if c:
            c.recv()
        wait = {'recv': lambda: c.recv(), 'send': lambda: p.send(bytes(1000)), 'observe': o.recv, 'drain': p.drain}[what]
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            wait()
        if c:
            c.close()


def test_other_threads_run_while_one_waits(name):
    with shmring.Consumer(name) as c:
        seen = []
        worker = threading.Thread(target=lambda: (seen.append(1), c.interrupt()))
        threading.Timer(0.01, worker.start).start()
        with pytest.raises(shmring.Interrupted):
            c.recv()
        assert seen == [1]


def test_a_reservation_is_filled_in_place(name):
    with shmring.Producer(name) as p, shmring.Consumer(name) as c:
        with p.reserve(4, type=3) as view:
            view[:] = b'abcd'
        assert c.recv()[:2] == (b'abcd', 3)
        with pytest.raises(KeyError):
            with p.reserve(4) as view:
                raise KeyError
        slot = p.reserve(100)
        memoryview(slot)[:3] = b'xyz'
        with pytest.raises(ValueError):
            slot.commit(101)
        slot.commit(3)
        assert c.recv().data == b'xyz' and c.try_recv() is None
        with pytest.raises(ValueError):
            slot.commit()
        with pytest.raises(BufferError):
            memoryview(slot)


def test_a_reservation_outlives_no_view(name):
    with shmring.Producer(name) as p, shmring.Consumer(name) as c:
        slot = p.reserve(4)
        view = memoryview(slot)
        for refused in (slot.commit, slot.abort, p.close):
            with pytest.raises(BufferError):
                refused()
        view[:] = b'1234'
        view.release()
        slot.commit()
        assert c.recv().data == b'1234'
        del slot
        p.reserve(4)  # dropped at once
        p.send(b'next')
        assert c.recv().data == b'next'


def test_rings_are_seen_from_outside(name):
    text = 'type 1 Point\nfloat64 x  # [m]\n'
    with shmring.Producer(name, description=text, capacity=1 << 17, stamp='monotonic') as p, shmring.Consumer(name) as c:
        p.send(bytes(8))
        assert c.recv().stamp > 0
        info = shmring.inspect(name)
        assert info['capacity'] == 1 << 17 and info['counters']['sent'] == 1 and info['stamp'] == 'monotonic'
        assert info['producer']['pid'] == os.getpid() and info['producer']['alive']
        assert any(one.endswith(name) for one in shmring.list())
        assert shmring.describe(name) == text and c.description.hash == info['schema']
        shmring.remove(name)
        assert not any(one.endswith(name) for one in shmring.list())
    with pytest.raises(shmring.Error):
        shmring.inspect(name)


def test_an_observer_sees_all_and_counts_losses(name):
    with shmring.Producer(name, overflow='overwrite', capacity=1 << 16) as p:
        for i in range(10):
            p.send(b'%d' % i)
        with shmring.Observer(name, start='oldest') as o, shmring.Observer(name) as late:
            assert [o.recv().data for _ in range(10)] == [b'%d' % i for i in range(10)]
            assert late.try_recv() is None
            for _ in range(200):
                p.send(bytes(1000))
            with pytest.raises(shmring.Lapped) as seen:
                o.recv()
            assert seen.value.lost_bytes > 0 and o.lost == seen.value.lost_bytes
            assert o.recv(timeout=1).data == bytes(1000)
            assert next(late).data == bytes(1000) and late.lost > 0
