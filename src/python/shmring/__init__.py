# SPDX-License-Identifier: MIT
"""shmring: a lock-free ring between two processes, over named shared memory. docs/python.md is the tutorial."""
from ._native import FLAG_GAP, Record, describe, inspect, list, remove
from ._native import version as __version__
from ._errors import Closed, Error, Interrupted, Lapped, PeerDead, Status, Timeout
from ._description import Description, describe_dtype
from ._handles import Consumer, Observer, Producer

__all__ = ['Closed', 'Consumer', 'Description', 'Error', 'FLAG_GAP', 'Interrupted', 'Lapped', 'Observer', 'PeerDead',
           'Producer', 'Record', 'Status', 'Timeout', 'describe', 'describe_dtype', 'inspect', 'list', 'remove']
