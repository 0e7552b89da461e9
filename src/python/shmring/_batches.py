# SPDX-License-Identifier: MIT
"""Records as structured numpy arrays: in place over the ring, or copied."""
import numpy as np

from ._errors import Closed, Error, Status


class Batch:
    """Records of one type in the ring's memory, read-only. It acts as the structured array that it holds:
    batch['field'], len(batch), np.asarray(batch). The records go back to the producer when the next batch is asked
    for. From then on each use of the batch raises, and while arrays made of it live, the next is refused."""
    __slots__ = ('_array', '_ring', '__weakref__', 'dtype', 'gap', 'position', 'stamps', 'type')

    def __init__(self, ring, kind, dtype, span, count, stride, position, gap, stamps):
        raw = np.frombuffer(span, np.uint8)  # holds the view, and with it the ring
        self._array = np.ndarray((count,), dtype, raw, 0, (stride,))
        self._ring = ring
        ring._last = position
        self.type = kind
        self.dtype = dtype
        self.position = position
        self.gap = gap
        self.stamps = None if stamps is None else np.frombuffer(stamps, np.uint64)

    def _drop(self):
        self._array = None

    def _whole(self):
        if self._array is None:
            raise Error('the batch was released: its records went back to the ring', Status.E_INVALID)
        return self._array

    def release(self):
        """Gives the records back now. BufferError while arrays made of the batch live."""
        if self._ring._last == self.position:
            self._ring._release()
            self._ring._last = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.release()

    def __getitem__(self, key):
        return self._whole()[key]

    def __len__(self):
        return len(self._whole())

    def __iter__(self):
        return iter(self._whole())

    def __getattr__(self, name):
        if name.startswith('_'):
            raise AttributeError(name)
        return getattr(self._whole(), name)

    def __array__(self, dtype=None, copy=None):
        array = self._whole()
        array = array if dtype is None else array.astype(dtype)
        return array.copy() if copy else array

    def __repr__(self):
        state = 'released' if self._array is None else '%d records' % len(self._array)
        return '<shmring.Batch of type %d, %s>' % (self.type, state)


class Batches:
    """An iterator, and an asynchronous one. It ends when the producer closes."""

    def __init__(self, ring, dtype, limit, timeout, copy):
        if limit < 1:
            raise ValueError('a batch has at least one record')
        self._ring, self._limit, self._timeout = ring, limit, timeout
        self._copy = copy or ring._copies
        self._given = None if dtype is None else np.dtype(dtype)
        self._dtypes = {}

    def __iter__(self):
        return self

    def __aiter__(self):
        return self

    def __next__(self):
        try:
            kind = self._ring._kind(self._timeout)
        except Closed:
            raise StopIteration from None
        if kind is None:
            raise Error("ring %r: no record is there" % self._ring.name, Status.EMPTY)
        return self._take(*kind)

    async def __anext__(self):
        try:
            kind = await self._ring._until(lambda: self._ring._kind(0), self._timeout)
        except Closed:
            raise StopAsyncIteration from None
        return self._take(*kind)

    def _take(self, kind, size):
        dtype = self._dtype_of(kind, size)
        if not self._copy:
            return self._ring._show(self._limit, lambda *shown: Batch(self._ring, kind, dtype, *shown))
        if self._ring._copies:
            raw = bytearray(size * self._limit)
            count, _, _ = self._ring._gather(raw, size)
            if count < self._limit:
                raw = raw[:count * size]
            return np.ndarray((count,), dtype, raw, 0, (size,))
        batch = self._ring._show(self._limit, lambda *shown: Batch(self._ring, kind, dtype, *shown))
        array = batch._array.copy()
        batch.release()
        return array

    def _dtype_of(self, kind, size):
        dtype = self._given
        if dtype is None:
            dtype = self._dtypes.get(kind)
        if dtype is None:
            description = self._ring.description
            if description is None:
                raise ValueError('ring %r has no description: give batches(dtype=...)' % self._ring.name)
            dtype = self._dtypes[kind] = description.dtype(kind)
        if not 0 <= size - dtype.itemsize < 8 or size == 0:  # a struct may be padded at its end
            raise Error('ring %r: a record of type %d has %d bytes, and the dtype %d' %
                        (self._ring.name, kind, size, dtype.itemsize), Status.E_MISMATCH)
        return dtype
