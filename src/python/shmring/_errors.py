# SPDX-License-Identifier: MIT
"""Statuses of the library as exceptions."""
import enum


class Status(enum.IntEnum):
    """The statuses of <shmring/status.h>."""
    OK = 0
    EMPTY = 1
    FULL = 2
    TIMEOUT = 3
    CLOSED = 4
    PEER_DEAD = 5
    LAPPED = 6
    E_INVALID = -1
    E_NAME = -2
    E_NOT_FOUND = -3
    E_EXISTS = -4
    E_BUSY = -5
    E_ACCESS = -6
    E_PRIVILEGE = -7
    E_NO_SPACE = -8
    E_NO_MEMORY = -9
    E_VERSION = -10
    E_MISMATCH = -11
    E_CORRUPT = -12
    E_TOO_BIG = -13
    E_UNSUPPORTED = -14
    E_OS = -15


class Error(Exception):
    """A call of the library failed: its sentence, and `.status`."""

    def __init__(self, message, status=Status.E_INVALID):
        super().__init__(message)
        self.status = Status(status)

    def __reduce__(self):
        return type(self), (str(self), int(self.status))


class Closed(Error):
    """The other side closed in order, and everything was read."""


class PeerDead(Error):
    """The other side's process died; everything that it committed was read."""


class Lapped(Error):
    """Records were overwritten before they were read: `.lost_bytes`, `.lost_records` (None: unknown)."""
    lost_bytes = 0
    lost_records = None


class Timeout(Error, TimeoutError):
    """The time was over first. `.status` tells EMPTY and FULL, which a timeout of 0 gives."""


class Interrupted(Error):
    """interrupt() ended the wait."""


CLASSES = {Status.CLOSED: Closed, Status.PEER_DEAD: PeerDead, Status.LAPPED: Lapped, Status.TIMEOUT: Timeout}


def make(status, message):
    """The exception of a status."""
    if status in (Status.EMPTY, Status.FULL):
        kind = Interrupted if 'interrupt()' in message else Timeout
    else:
        kind = CLASSES.get(status, Error)
    return kind(message, status)
