# SPDX-License-Identifier: MIT
"""Processes: fork and spawn, random deaths, and what many opens leave behind."""
import gc
import multiprocessing
import os
import random
import signal
import sys
import time

import numpy as np
import pytest

import shmring


def send_numbers(name, count):
    with shmring.Producer(name) as p:
        p.send_array(np.arange(count))


@pytest.mark.parametrize('way', ['fork', 'spawn'])
def test_a_worker_opens_the_ring_by_its_name(name, way):
    context = multiprocessing.get_context(way)
    with shmring.Consumer(name) as c:
        worker = context.Process(target=send_numbers, args=(name, 5000))
        worker.start()
        total = 0
        for batch in c.batches('i8', timeout=60):
            total += int(batch.sum())
        worker.join()
    assert total == sum(range(5000))


def test_a_forked_childs_copy_is_refused_and_harmless(name):
    with shmring.Producer(name) as p, shmring.Consumer(name) as c:
        pid = os.fork()
        if pid == 0:
            try:
                p.send(b'from the child')
            except shmring.Error as error:
                p.close()
                os._exit(0 if 'fork' in str(error) else 2)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        p.send(b'from the parent')
        assert c.recv().data == b'from the parent'


def test_every_committed_record_once_over_random_deaths(name, child):
    """Each sender begins where the last recorded one ended, and is killed at a random moment."""
    program = ('import shmring, sys, itertools\np = shmring.Producer(sys.argv[1])\n'
               'print("open", flush=True)\nfor i in itertools.count(int(sys.argv[2])): p.send(i.to_bytes(8, "little"))')
    luck = random.Random(7)
    with shmring.Consumer(name, capacity=1 << 16) as c:
        expected = 0
        for _ in range(8):
            one = child(program, name, str(expected))
            assert one.stdout.readline() == 'open\n'
            expected_now, end = expected, time.monotonic() + luck.uniform(0.05, 0.3)
            with pytest.raises(shmring.PeerDead):
                while True:
                    assert int.from_bytes(c.recv(timeout=60).data, 'little') == expected_now
                    expected_now += 1
                    if one.returncode is None and time.monotonic() > end:
                        os.kill(one.pid, signal.SIGKILL)
                        one.wait()
            assert expected_now > expected
            expected = expected_now


def counts():
    gc.collect()
    with open('/proc/self/maps', encoding='ascii') as maps:
        return len(os.listdir('/proc/self/fd')), sum('shmring' in line for line in maps)


def test_opens_batches_and_exceptions_leave_nothing(name):
    """Descriptors and mappings are as before, and blocks of memory do not grow with the number of rounds."""
    def rounds(n):
        for _ in range(n):
            with shmring.Producer(name) as p, shmring.Consumer(name) as c:
                p.send_array(np.arange(100))
                with p.reserve(8) as view:
                    view[:] = bytes(8)
                batches = c.batches('i8', timeout=0)
                assert len(next(batches)) == 101
                for _ in range(20):
                    p.send(b'12345678')
                    assert c.recv().data == b'12345678'
                    with pytest.raises(shmring.Timeout):
                        c.recv(timeout=0)
    rounds(20)
    before, blocks = counts(), sys.getallocatedblocks()
    rounds(300)
    assert counts() == before
    assert sys.getallocatedblocks() - blocks < 300
