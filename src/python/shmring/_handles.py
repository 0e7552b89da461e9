# SPDX-License-Identifier: MIT
"""Producer, Consumer and Observer: the native handles, and what is plainer in Python."""
import asyncio

from . import _native
from ._errors import Closed, Error, Timeout

MODES = ('open_or_create', 'create', 'open')
STAMPS = ('none', 'monotonic', 'tsc')
FLAGS = {'huge_pages': 1, 'any_owner': 2, 'prefault': 4, 'no_prefault': 8, 'exact': 16, 'no_membarrier': 32}


def _word(words, value, what):
    if value not in words:
        raise ValueError('%s is one of %s, not %r' % (what, ', '.join(words), value))
    return words.index(value)


def _options(name, *, mode='open_or_create', capacity=0, overflow='reject', persistent=False, permissions=0,
             stamp='none', schema=0, max_record=0, spin=None, owner=None, description=None, **flags):
    """The native tuple. spin: seconds that a wait polls before it sleeps; None is the library's choice."""
    unknown = set(flags) - set(FLAGS)
    if unknown:
        raise TypeError('no such option: %s' % ', '.join(sorted(unknown)))
    bits = sum(FLAGS[flag] for flag, on in flags.items() if on)
    spin_ns = 0 if spin is None else min(max(int(spin * 1e9), 1), 0xffffffff)
    return (name, _word(MODES, mode, 'mode'), capacity, 0, _word(('reject', 'overwrite'), overflow, 'overflow'),
            int(persistent), permissions, _word(STAMPS, stamp, 'stamp'), bits, schema, max_record, spin_ns,
            0 if owner is None else owner + 1, description)


class _Handle:
    """What all three have."""
    __slots__ = ()

    def close(self):
        """Gives the role back. BufferError while views of the ring's memory live."""
        self._close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self._leave(kind is not None)

    def __reduce_ex__(self, protocol):
        raise TypeError('a ring is not sent to another process: open %r there by its name' % self.name)

    @property
    def description(self):
        """The ring's description, or None."""
        from ._description import Description
        text = self._description()
        return None if text is None else Description(text)

    def __repr__(self):
        words = '<shmring.%s %r' % (type(self).__name__, self.name)
        if self.closed:
            return words + ' closed>'
        info = self._info()
        if info is not None:
            state, pid, program, removed = info[7]
            side = 'consumer' if isinstance(self, Producer) else 'producer'
            words += ' capacity=%d %s=%s' % (info[0], side, state)
            words += '(%s, pid %d)' % (program, pid) if pid else ''
            words += ' removed' if removed else ''
        return words + '>'

    async def _until(self, attempt, timeout):
        """Calls attempt() until it gives something but None, and between two calls waits for the descriptor."""
        fd, loop = self.fileno(), asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        while (found := attempt()) is None:
            ready = loop.create_future()
            loop.add_reader(fd, lambda ready=ready: ready.done() or ready.set_result(None))
            try:
                await asyncio.wait_for(ready, None if end is None else max(0, end - loop.time()))
            except asyncio.TimeoutError:
                raise Timeout('ring %r: nothing to do in the time given' % self.name, 3) from None
            finally:
                loop.remove_reader(fd)
        return found


class Producer(_Handle, _native.Producer):
    """The one side that sends. Options make a new ring, or must agree with the ring that is there."""

    def __init__(self, name, **options):
        super().__init__(*_options(name, **options))

    def send_array(self, array, type=1, timeout=None):
        """Sends each row of an array as one record; a reader sees them in groups, each as a whole or not at all."""
        import numpy as np
        rows = np.ascontiguousarray(array)
        if rows.ndim == 0:
            rows = rows.reshape(1)
        if len(rows) == 0:
            return
        if rows.dtype.hasobject:
            raise TypeError('an array of Python objects has no bytes to send')
        size = rows.nbytes // len(rows)
        left = self._send_rows(rows.reshape(-1).view(np.uint8), size, type, timeout)
        if left:
            raise Timeout('ring %r: no space for %d of %d rows' % (self.name, left, len(rows)), 2)

    async def send_async(self, data, type=1, timeout=None):
        """send() that lets an event loop run meanwhile."""
        await self._until(lambda: True if self.try_send(data, type) else None, timeout)


class _Reader(_Handle):
    __slots__ = ()

    def batches(self, dtype=None, max=4096, timeout=None, copy=False):
        """Iterates over batches of records; see Batches."""
        from ._batches import Batches
        return Batches(self, dtype, max, timeout, copy)

    async def recv_async(self, timeout=None):
        """recv() that lets an event loop run meanwhile."""
        return await self._until(self.try_recv, timeout)

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return await self._until(self._try_next, None)
        except Closed:
            raise StopAsyncIteration from None


class Consumer(_Reader, _native.Consumer):
    """The one side that takes records out."""

    def __init__(self, name, **options):
        super().__init__(*_options(name, **options))


class Observer(_Reader, _native.Observer):
    """Watches an existing ring; the pair does not notice. It begins at the oldest record, or the newest."""

    def __init__(self, name, start='newest', **options):
        super().__init__(*_options(name, **options))
        self.seek(start)

    def seek(self, where):
        """Goes to 'oldest' or 'newest'."""
        self._seek(_word(('oldest', 'newest'), where, 'a place'))


__all__ = ['Consumer', 'Error', 'Observer', 'Producer']
