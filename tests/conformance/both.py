# SPDX-License-Identifier: MIT
"""What the conformance tests share: rings of their own, either implementation for each side, TAP."""
import glob
import os
import random
import sys
import traceback

import library
import producer as page_producer
import readers
import segment as s
import system

PATIENCE = 60 * 10**9
_names = []


def unique(what="ring"):
    _names.append("conformance.%d.%s%d" % (os.getpid(), what, len(_names)))
    return _names[-1]


def page_open(role, name, **options):
    """Attach, or create if there is none; as the library does."""
    while True:
        try:
            return s.Segment(name, role).attach()
        except s.Refused as refused:
            if refused.args[0] != "not found" or not options.pop("create", True):
                raise
        try:
            return s.Segment(name, role).create(**options)
        except FileExistsError:
            pass


def page_producing(name, fences=False, **options):
    return page_producer.Producer(page_open(s.PRODUCER_ROLE, name, **options), fences)


def page_consuming(name, fences=False, **options):
    return readers.Consumer(page_open(s.CONSUMER_ROLE, name, **options), fences)


def page_observing(name, oldest=False):
    return readers.Observer(s.Segment(name, None).attach(), oldest)


def payload_of(number, length):
    """Bytes that differ by number, at every place."""
    return random.Random(number).randbytes(length)


def expect(value, wanted, what=""):
    if value != wanted:
        raise AssertionError("%s: %r, not %r" % (what, value, wanted))


def expect_corrupt(call):
    """The call of either implementation must find the ring corrupt."""
    try:
        call()
    except s.Corrupt:
        return
    except library.Error as error:
        expect(error.status, library.E_CORRUPT, "status")
        return
    raise AssertionError("was not found corrupt")


def run(tests):
    if not system.is_supported():
        print("1..0 # SKIP the Python side needs Linux on x86-64")
        return 0
    failed = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
            print("ok %d - %s" % (number, test.__name__), flush=True)
        except Exception:  # the next test runs in any case
            traceback.print_exc()
            failed += 1
            print("not ok %d - %s" % (number, test.__name__), flush=True)
    left = [path for name in _names for path in glob.glob(s.file_of(name))]
    print("%sok %d - nothing is left in /dev/shm %s" % ("not " if left else "", len(tests) + 1, left or ""))
    print("1..%d" % (len(tests) + 1))
    sys.stdout.flush()
    return 1 if failed or left else 0
