# SPDX-License-Identifier: MIT
"""The shared library as others than C see it: its soname, its symbols' node, and the plain names,
called without a header. Usage: library.py LIBRARY SOVERSION"""
import ctypes
import os
import re
import shutil
import subprocess
import sys

LIBRARY, SOVERSION = sys.argv[1:]
failures = 0
number = 0


def tool(*command):
    if shutil.which(command[0]) is None:
        return None
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def shouldHaveASonameOfItsMinorVersion():
    out = tool('readelf', '-d', LIBRARY)
    assert out is None or f'Library soname: [libshmring.so.{SOVERSION}]' in out, out


def shouldHaveOneNodeOfThatVersion():
    out = tool('nm', '-D', '--defined-only', '--with-symbol-versions', LIBRARY)
    if out is None:
        return
    names = [line.split()[-1] for line in out.splitlines() if ' A ' not in line]
    odd = [name for name in names if re.sub(r'^\w+', '', name) != f'@@SHMRING_{SOVERSION}']
    assert len(names) > 50 and not odd, odd


def shouldSendAndReceiveByPlainNames():
    lib = ctypes.CDLL(LIBRARY)
    lib.shmring_error_detail.restype = ctypes.c_char_p
    p, c, o = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    name = b'abi.%d' % os.getpid()
    for handle, function in (p, lib.shmring_producer_open), (c, lib.shmring_consumer_open), \
            (o, lib.shmring_observer_open):
        status = function(ctypes.byref(handle), name, None)
        assert status == 0, lib.shmring_error_detail()
    got = ctypes.create_string_buffer(16)
    info = ctypes.create_string_buffer(4096)
    assert lib.shmring_try_send(p, b'hello', 5, 1) == 0, lib.shmring_error_detail()
    assert lib.shmring_observe(o, got, 16, None) == 0 and got.value == b'hello'
    assert lib.shmring_try_recv(c, got, 16, None) == 0 and got.value == b'hello'
    assert lib.shmring_inspect(name, info) == 0 and name in info.value
    assert lib.shmring_verify(name, info) == 0
    lib.shmring_producer_close(p), lib.shmring_consumer_close(c), lib.shmring_observer_close(o)


for test in (shouldHaveASonameOfItsMinorVersion, shouldHaveOneNodeOfThatVersion,
             shouldSendAndReceiveByPlainNames):
    number += 1
    try:
        test()
        print(f'ok {number} - {test.__name__}')
    except AssertionError as why:
        print(f'# {why}\nnot ok {number} - {test.__name__}')
        failures += 1
print(f'1..{number}')
sys.exit(1 if failures else 0)
