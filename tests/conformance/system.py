# SPDX-License-Identifier: MIT
"""What docs/protocol.md needs of Linux, without a line of C: shared words, futexes, barriers, locks.

A memoryview of 64-bit words is read and written by one instruction for each word. On x86-64 such a load is an
acquire and such a store a release, and the interpreter reorders none of them. Other processors need fences
that Python cannot give: is_supported() is then False.
"""
import ctypes
import errno
import fcntl
import mmap
import os
import platform
import struct
import sys
import time

MASK = (1 << 64) - 1
SYS_FUTEX, SYS_MEMBARRIER = 202, 324  # x86-64
FUTEX_WAIT, FUTEX_WAKE_OP = 0, 5
FUTEX_OP_OR, FUTEX_OP_ANDN = 2, 3
MEMBARRIER_CMD_GLOBAL_EXPEDITED, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED = 2, 4
F_OFD_GETLK, F_OFD_SETLK = 36, 37
F_RDLCK, F_WRLCK, F_UNLCK = 0, 1, 2
FLOCK = "@hhqqi4x"

_libc = ctypes.CDLL(None, use_errno=True)
_nobody_waits = mmap.mmap(-1, mmap.PAGESIZE)


def is_supported():
    return sys.platform == "linux" and platform.machine() == "x86_64" and sys.maxsize > 1 << 32


class Group:
    """One group of pages of the object, mapped shared; writable or not."""

    def __init__(self, fd, at, size, write):
        prot = mmap.PROT_READ | (mmap.PROT_WRITE if write else 0)
        self.map = mmap.mmap(fd, size, flags=mmap.MAP_SHARED, prot=prot, offset=at)
        self.bytes = memoryview(self.map)
        self.words = self.bytes.cast("Q")
        # the address of a word that a futex can use; only a writable group has one
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.map)) if write else None

    def load(self, at):
        return self.words[at // 8]

    def store(self, at, value):
        self.words[at // 8] = value & MASK

    def close(self):
        self.words.release()
        self.bytes.release()
        self.map.close()


def _address_of_nobody():
    return ctypes.addressof(ctypes.c_char.from_buffer(_nobody_waits))


def _wake_op(wake_at, number, at, operation, bits):
    """The kernel's atomic operation on the 32-bit word at `at`; then it wakes `number` at `wake_at`. The
    comparison (== 0x7FF) never holds, so that nobody who waits at `at` is woken for it."""
    code = operation << 28 | bits << 12 | 0x7FF
    return _libc.syscall(ctypes.c_long(SYS_FUTEX), ctypes.c_void_p(wake_at), ctypes.c_int(FUTEX_WAKE_OP),
                         ctypes.c_int(number), ctypes.c_void_p(0), ctypes.c_void_p(at), ctypes.c_int(code))


def atomic_or(address, bits):
    _wake_op(_address_of_nobody(), 0, address, FUTEX_OP_OR, bits)


def atomic_and_not(address, bits):
    _wake_op(_address_of_nobody(), 0, address, FUTEX_OP_ANDN, bits)


def atomic_and_not_and_wake(address, bits):
    """Clears the bits, then wakes one sleeper; returns how many slept there."""
    return _wake_op(address, 1, address, FUTEX_OP_ANDN, bits)


def full_barrier():
    atomic_or(_address_of_nobody() + 64, 0)  # a locked instruction, in the kernel


def futex_wait(address, expected, timeout_ns):
    """Sleeps while the 32-bit word is `expected`, for at most timeout_ns."""
    limit = struct.pack("@qq", timeout_ns // 10**9, timeout_ns % 10**9)
    _libc.syscall(ctypes.c_long(SYS_FUTEX), ctypes.c_void_p(address), ctypes.c_int(FUTEX_WAIT),
                  ctypes.c_uint32(expected), limit, ctypes.c_void_p(0), ctypes.c_int(0))


def barrier_register():
    return _libc.syscall(ctypes.c_long(SYS_MEMBARRIER), MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0


def barrier():
    """A full barrier here and in every registered process; False when the kernel refuses."""
    return _libc.syscall(ctypes.c_long(SYS_MEMBARRIER), MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0


def try_lock(fd, byte, kind):
    """One byte of the file, for this open file description."""
    try:
        fcntl.fcntl(fd, F_OFD_SETLK, struct.pack(FLOCK, kind, os.SEEK_SET, byte, 1, 0))
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        return False
    return True


def is_locked(fd, byte):
    """Whether another open file description holds the byte."""
    answer = fcntl.fcntl(fd, F_OFD_GETLK, struct.pack(FLOCK, F_WRLCK, os.SEEK_SET, byte, 1, 0))
    return struct.unpack(FLOCK, answer)[0] != F_UNLCK


def start_time():
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as f:
        return int(f.read().rpartition(")")[2].split()[19])


def now():
    return time.monotonic_ns()
