# SPDX-License-Identifier: MIT
"""The library of this build, called through its real symbols."""
import ctypes
import sys

OK, EMPTY, FULL, TIMEOUT, CLOSED, PEER_DEAD, LAPPED = range(7)
E_NOT_FOUND, E_BUSY, E_ACCESS, E_VERSION, E_CORRUPT, E_UNSUPPORTED = -3, -5, -6, -10, -12, -14
OLDEST, NEWEST = 0, 1

c = ctypes.CDLL(sys.argv[1])
U16, U32, U64, P = ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p


class Options(ctypes.Structure):
    _fields_ = [("struct_size", U32), ("open_mode", U32), ("capacity", U64), ("framing", U32), ("overflow", U32),
                ("lifetime", U32), ("permissions", U32), ("stamp", U32), ("flags", U32), ("schema", U64),
                ("max_record", U32), ("spin_ns", U32), ("start_position", U64), ("security", ctypes.c_char_p)]


class Record(ctypes.Structure):
    _fields_ = [("data", P), ("len", U32), ("kind", U16), ("flags", U16), ("stamp", U64), ("position", U64)]


for _name, _result, _arguments in (
        ("producer_open", ctypes.c_int, [P, ctypes.c_char_p, P]), ("consumer_open", ctypes.c_int, [P, ctypes.c_char_p, P]),
        ("observer_open", ctypes.c_int, [P, ctypes.c_char_p, P]), ("error_detail", ctypes.c_char_p, []),
        ("producer_close", None, [P]), ("consumer_close", None, [P]), ("observer_close", None, [P]),
        ("try_send", ctypes.c_int, [P, P, U32, U16]), ("stage", ctypes.c_int, [P, P, U32, U16]),
        ("send", ctypes.c_int, [P, P, U32, U16, U64]), ("recv", ctypes.c_int, [P, P, U32, P, U64]),
        ("try_recv", ctypes.c_int, [P, P, U32, P]), ("observe", ctypes.c_int, [P, P, U32, P]),
        ("observer_seek", ctypes.c_int, [P, ctypes.c_int]),
        ("observer_wait", ctypes.c_int, [P, U64]), ("observer_lost", U64, [P]),
        ("observer_lost_records", U64, [P]), ("consumer_lost", U64, [P]), ("publish", None, [P]),
        ("producer_relax", None, [P]), ("try_write", U64, [P, P, U64]), ("try_read", U64, [P, P, U64]),
        ("wait_data", ctypes.c_int, [P, U64]), ("wait_space", ctypes.c_int, [P, U32, U64]),
        ("consumer_fd", ctypes.c_int, [P]), ("producer_fd", ctypes.c_int, [P]), ("remove", ctypes.c_int, [ctypes.c_char_p]),
        ("prune", ctypes.c_int, [P]), ("latency_bucket", U32, [U64])):
    _function = getattr(c, "shmring_" + _name)
    _function.restype, _function.argtypes = _result, _arguments


class Error(Exception):
    """What a call answered; status and sentence."""

    def __init__(self, status):
        super().__init__(status, c.shmring_error_detail().decode())
        self.status = status


class Handle:
    """An open producer, consumer or observer. options: fields of shmring_options."""

    def __init__(self, what, name, **options):
        self.what, self.pointer = what, P()
        status = getattr(c, "shmring_%s_open" % what)(
            ctypes.byref(self.pointer), name.encode(),
            ctypes.byref(Options(struct_size=ctypes.sizeof(Options), **options)))
        if status != OK:
            raise Error(status)

    def close(self):
        getattr(c, "shmring_%s_close" % self.what)(self.pointer)
        self.pointer = P()

    def fd(self):
        return getattr(c, "shmring_%s_fd" % self.what)(self.pointer)


def fitted(status):
    """Whether a record was taken; FULL is no error."""
    if status not in (OK, FULL):
        raise Error(status)
    return status == OK


class Producer(Handle):
    def __init__(self, name, **options):
        super().__init__("producer", name, **options)

    def send(self, payload, kind=0):
        return fitted(c.shmring_try_send(self.pointer, payload, len(payload), kind))

    def send_waiting(self, payload, timeout_ns):
        return c.shmring_send(self.pointer, payload, len(payload), 0, timeout_ns)

    def stage(self, payload, kind=0):
        return fitted(c.shmring_stage(self.pointer, payload, len(payload), kind))

    def publish(self):
        c.shmring_publish(self.pointer)

    def write(self, data):
        return c.shmring_try_write(self.pointer, data, len(data))


class Reader(Handle):
    """A consumer or an observer."""

    def __init__(self, what, name, **options):
        super().__init__(what, name, **options)
        self.buffer = ctypes.create_string_buffer(1 << 20)
        self.record = Record()

    def recv(self, timeout_ns=0):
        """(status, payload, kind, gap)"""
        where = ctypes.byref(self.record)
        if self.what == "observer":
            status = c.shmring_observe(self.pointer, self.buffer, len(self.buffer), where)
        elif timeout_ns == 0:
            status = c.shmring_try_recv(self.pointer, self.buffer, len(self.buffer), where)
        else:
            status = c.shmring_recv(self.pointer, self.buffer, len(self.buffer), where, timeout_ns)
        if status != OK:
            return status, b"", 0, False
        return status, self.buffer.raw[:self.record.len], self.record.kind, bool(self.record.flags & 1)

    def wait(self, timeout_ns):
        call = c.shmring_observer_wait if self.what == "observer" else c.shmring_wait_data
        return call(self.pointer, timeout_ns)

    def read(self, most):
        n = c.shmring_try_read(self.pointer, self.buffer, min(most, len(self.buffer)))
        return self.buffer.raw[:n]


class Consumer(Reader):
    def __init__(self, name, **options):
        super().__init__("consumer", name, **options)


class Observer(Reader):
    def __init__(self, name, oldest=False, **options):
        super().__init__("observer", name, **options)
        if oldest:
            status = c.shmring_observer_seek(self.pointer, OLDEST)
            if status != OK:
                self.close()
                raise Error(status)
