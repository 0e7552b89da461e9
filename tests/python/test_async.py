# SPDX-License-Identifier: MIT
"""An event loop waits on a ring's descriptor."""
import asyncio

import numpy as np
import pytest

import shmring


def test_records_come_while_the_loop_runs(name):
    async def both():
        got = []
        with shmring.Consumer(name, capacity=1 << 16) as c, shmring.Producer(name) as p:
            async def send():
                for i in range(2000):
                    await p.send_async(b'%100d' % i, timeout=30)
                    if i % 100 == 0:
                        await asyncio.sleep(0)
                p.close()
            task = asyncio.create_task(send())
            async for record in c:
                got.append(int(record.data))
            await task
        return got
    assert asyncio.run(both()) == list(range(2000))


def test_batches_and_timeouts_in_a_loop(name):
    async def run():
        with shmring.Consumer(name) as c:
            with pytest.raises(shmring.Timeout):
                await c.recv_async(timeout=0.02)
            with shmring.Producer(name) as p:
                asyncio.get_running_loop().call_later(0.02, p.send_array, np.arange(50))
                total = (await c.batches('i8').__anext__()).sum()
                return int(total)
    assert asyncio.run(run()) == sum(range(50))


def test_an_observer_in_a_loop(name):
    async def run():
        with shmring.Producer(name) as p, shmring.Observer(name) as o:
            asyncio.get_running_loop().call_later(0.02, p.send, b'seen')
            return (await o.recv_async(timeout=30)).data
    assert asyncio.run(run()) == b'seen'
