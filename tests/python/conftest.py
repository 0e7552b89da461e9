# SPDX-License-Identifier: MIT
"""A ring name for each test, removed at its end; children end with it, and so do their rings."""
import os
import subprocess
import sys

import pytest

import shmring

COUNT = [0]


@pytest.fixture
def name():
    COUNT[0] += 1
    own = 'pytest%d.%d' % (os.getpid(), COUNT[0])
    yield own
    for one in shmring.list():
        if one.split('\\')[-1] == own:
            shmring.remove(one)


@pytest.fixture
def child():
    """Starts Python with a program; its name for the ring is argv[1]."""
    started = []

    def start(program, *arguments):
        started.append(subprocess.Popen([sys.executable, '-c', program, *arguments], stdout=subprocess.PIPE, text=True))
        return started[-1]
    yield start
    for one in started:
        one.kill()
        one.communicate()
