# SPDX-License-Identifier: MIT
"""What the tests of the examples share: TAP output, and looking for a ring's name."""
import os
import sys
import traceback


def ring_file(name):
    """The file behind the Local ring `name` of this user."""
    return "/dev/shm/shmring.%d.%s" % (os.geteuid(), name)


def unique(name):
    """A ring name that no other run of the tests uses."""
    return "test.%s.%d" % (name, os.getpid())


def check_equal(got, want, what):
    if got != want:
        raise AssertionError("%s is %r, should be %r" % (what, got, want))


class Skip(Exception):
    """A test that cannot run here; the reason."""


def run(tests):
    """Runs the functions in order, prints TAP, and ends the program."""
    failures = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
            print("ok %d - %s" % (number, test.__name__))
        except Skip as reason:
            print("ok %d - %s # SKIP %s" % (number, test.__name__, reason))
        except Exception:  # a test may fail in any way, and the next one still runs
            failures += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print("not ok %d - %s" % (number, test.__name__))
        sys.stdout.flush()
    print("1..%d" % len(tests))
    sys.exit(1 if failures else 0)
