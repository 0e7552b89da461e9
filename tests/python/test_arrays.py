# SPDX-License-Identifier: MIT
"""Records as numpy arrays."""
import gc

import numpy as np
import pytest

import shmring

DTYPE = np.dtype([('n', 'u8'), ('x', 'f4', (3,)), ('flag', '?')], align=True)
TEXT = 'type 1 Sample\nuint64 n\nfloat32[3] x  # [m]\nbool flag\n'


def sample(count, first=0):
    rows = np.zeros(count, DTYPE)
    rows['n'] = np.arange(first, first + count)
    rows['x'] = rows['n'][:, None] * np.float32(0.5)
    return rows


@pytest.mark.parametrize('given', [True, False])
@pytest.mark.parametrize('copy', [True, False])
@pytest.mark.parametrize('overflow', ['reject', 'overwrite'])
def test_rows_come_back_as_arrays(name, given, copy, overflow):
    options = {} if given else {'description': TEXT}
    with shmring.Consumer(name, capacity=1 << 17, overflow=overflow, **options) as c:
        with shmring.Producer(name) as p:
            got = []
            for first in range(0, 10000, 1000):
                p.send_array(sample(1000, first))
                it = c.batches(DTYPE if given else None, timeout=5, copy=copy)
                while len(got) < first + 1000:
                    got.extend(next(it)['n'].tolist())
        assert got == list(range(10000))
        assert list(c.batches(DTYPE)) == []


def test_a_batch_is_in_place_and_read_only(name):
    with shmring.Producer(name) as p, shmring.Consumer(name) as c:
        p.send_array(sample(100))
        used = shmring.inspect(name)['used']
        batches = c.batches(DTYPE, timeout=1)
        batch = next(batches)
        assert len(batch) == 100 and batch['x'].mean(axis=0).tolist() == [24.75] * 3
        assert shmring.inspect(name)['used'] == used
        with pytest.raises(ValueError):
            batch['n'][0] = 1
        batch.release()
        assert shmring.inspect(name)['used'] == 0
        with pytest.raises(shmring.Error):
            batch['n']
        p.send_array(sample(3))
        with next(batches) as batch:
            assert np.asarray(batch)['n'].tolist() == [0, 1, 2]
        assert 'released' in repr(batch)


def test_a_view_that_outlives_its_batch_is_refused(name):
    with shmring.Producer(name) as p, shmring.Consumer(name) as c:
        p.send_array(sample(10))
        batches = c.batches(DTYPE, timeout=1)
        batch = next(batches)
        kept = memoryview(batch['n'][2:])
        p.send_array(sample(5, 10))
        for refused in (lambda: next(batches), c.recv, c.try_recv, batch.release, c.close):
            with pytest.raises(BufferError):
                refused()
        assert kept.tolist() == list(range(2, 10))
        del kept
        assert next(batches)['n'].tolist() == list(range(10, 15))


def test_an_exception_in_a_loop_passes_with_views_alive(name):
    with shmring.Producer(name) as p:
        p.send_array(sample(10))
        with pytest.raises(KeyError):
            with shmring.Consumer(name) as c:
                for batch in c.batches(DTYPE):
                    kept = batch['n']
                    raise KeyError
        assert c.closed and kept.tolist() == list(range(10))
        del kept
        gc.collect()
        with shmring.Consumer(name) as c:  # nothing was released: it comes again
            assert len(next(c.batches(DTYPE))) == 10


def test_batches_split_at_other_types_and_sizes(name):
    with shmring.Producer(name) as p, shmring.Consumer(name) as c:
        p.send_array(np.arange(3, dtype='u4'), type=1)
        p.send_array(np.arange(2, dtype='u4'), type=2)
        p.send(bytes(16), type=2)
        batches = c.batches('u4', timeout=1)
        assert [(batch.type, len(batch)) for _, batch in zip(range(2), batches)] == [(1, 3), (2, 2)]
        with pytest.raises(shmring.Error) as seen:
            next(batches)
        assert seen.value.status == shmring.Status.E_MISMATCH
        assert len(c.recv().data) == 16
        with pytest.raises(shmring.Timeout):
            next(c.batches('u4', timeout=0.01))
        p.send(b'1234')
        with pytest.raises(ValueError):
            next(c.batches())


def test_observers_have_batches_of_their_own(name):
    with shmring.Producer(name, description=TEXT) as p, shmring.Observer(name, start='oldest') as o:
        p.send_array(sample(1000))
        kept = [next(o.batches(max=600, timeout=1)) for _ in range(2)]
        assert [len(one) for one in kept] == [600, 400]
        assert np.concatenate(kept)['n'].tolist() == list(range(1000))


def test_more_rows_than_the_ring_holds_wait_for_the_reader(name):
    with shmring.Producer(name, capacity=1 << 16) as p:
        with pytest.raises(shmring.Timeout):
            p.send_array(sample(10000), timeout=0.02)
        with pytest.raises(TypeError):
            p.send_array(np.array([object()]))
        p.send_array(sample(0))


def test_stamps_come_with_a_batch(name):
    with shmring.Producer(name, stamp='monotonic') as p, shmring.Consumer(name) as c:
        p.send_array(sample(20))
        batch = next(c.batches(DTYPE))
        assert batch.stamps.shape == (20,) and (np.diff(batch.stamps.astype('i8')) >= 0).all() and batch.stamps[0] > 0


def test_a_dtype_is_described_and_comes_back():
    dtype = np.dtype([('t', 'M8[ns]'), ('a', 'i2'), ('b', 'f8', (4,)), ('name', 'S12'), ('ok', '?')], align=True)
    text = shmring.describe_dtype(dtype, 'Sample', 5, {'b': 'm/s'})
    d = shmring.Description(text)
    back = d.dtype('Sample')
    assert d.types == {5: 'Sample'} and d.units(5) == {'t': 'ns-since-1970', 'b': 'm/s'}
    assert {name: back.fields[name] for name in back.names} == {name: dtype.fields[name][:2] for name in dtype.names}
    with pytest.raises(ValueError, match='align=True'):
        shmring.describe_dtype(np.dtype([('a', 'i1'), ('b', 'f8')]), 'Packed')
    with pytest.raises(ValueError):
        shmring.describe_dtype(np.dtype('f8'), 'Plain')
    with pytest.raises(ValueError):
        shmring.describe_dtype(np.dtype([('c', 'c16')]), 'Complex')


def test_descriptions_nest_and_are_judged():
    d = shmring.Description('type Vec\nfloat64 x\nfloat64 y\ntype 1 Pose\nVec[2] at\ntype 2 Log\nuint8 level\nstring text\n')
    assert d.dtype(1)['at'].subdtype[0].names == ('x', 'y') and d.dtype('Pose').itemsize == 32
    with pytest.raises(ValueError):
        d.dtype('Log')
    with pytest.raises(KeyError):
        d.dtype(9)
    with pytest.raises(shmring.Error) as seen:
        shmring.Description('type 1 X\nfloat63 y\n')
    assert 'line 2' in str(seen.value)
