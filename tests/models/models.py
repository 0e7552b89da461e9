# SPDX-License-Identifier: MIT
"""models.py [--long] MODEL.pml - checks a Promela model with Spin, exhaustively, and then that each of
its mutants fails. TAP. Needs spin and gcc. --long: also the configurations that take minutes."""
import os
import re
import subprocess
import sys
import tempfile
import time

# Configurations that must hold: (what it is, macros). The first of each model is quick.
HOLDS = {
    'wake': [
        ('nobody dies, every system', 'BUFFER=2'),
        ('on descriptors, every system', 'BUFFER=2 DESCRIPTOR=1'),
        ('the consumer closes early', 'BUFFER=2 EARLY_END=1'),
        ('one death, membarrier everywhere', 'BUFFER=2 KILLS=1 SYSTEMS=1'),
        ('one death, fences everywhere', 'BUFFER=2 KILLS=1 SYSTEMS=8'),
        ('one death, nobody may call membarrier', 'BUFFER=2 KILLS=1 SYSTEMS=2'),
        ('one death on descriptors', 'BUFFER=2 KILLS=1 SYSTEMS=2 DESCRIPTOR=1'),
        ('a fence request ends', WISH := 'BUFFER=2 KILLS=1 VICTIMS=2 SYSTEMS=2 MESSAGES=3 '
                                           'CAPACITY=3 REVIEW=1'),
    ],
    'wake --long': [
        ('three messages, room for two, three stores held back', 'MESSAGES=3 CAPACITY=2'),
        ('two deaths, membarrier everywhere', 'BUFFER=2 KILLS=2 SYSTEMS=1'),
        ('one death, every system', 'BUFFER=2 KILLS=1'),
    ],
    'life': [
        ('nobody dies', 'KILLS=0'),
        ('one cannot map it', 'KILLS=0 MAP_FAILURES=1'),
        ('one death, persistent', 'KILLS=1 PERSISTENT=1'),
        ('one death', 'KILLS=1'),
        ('removed on request', 'KILLS=0 REMOVALS=1'),
    ],
    'life --long': [
        ('one death, and one cannot map it', 'KILLS=1 MAP_FAILURES=1'),
        ('one death, removed on request, persistent', 'KILLS=1 REMOVALS=1 PERSISTENT=1'),
    ],
}

# Each must fail: (what is wrong, macros).
MUTANTS = {
    'wake': [
        ('no look after the bell was set', 'BUFFER=2 NO_RECHECK=1'),
        ('no fence and no membarrier', 'BUFFER=2 NO_MEMBARRIER=1 NO_WAKER_FENCE=1'),
        ('no membarrier', 'BUFFER=2 NO_MEMBARRIER=1'),
        ('no fence of the waker', 'BUFFER=2 NO_WAKER_FENCE=1'),
        ('no fence of a waker that is not registered', 'BUFFER=2 UNREGISTERED_TRUSTED=1'),
        ('no short slice before the fence request is seen', 'BUFFER=2 NO_SHORT_SLICE=1'),
        ('the bell is not cleared', 'BUFFER=2 BELL_NOT_CLEARED=1'),
        ('the wake comes before the publication', 'BUFFER=2 WAKE_BEFORE_PUBLISH=1'),
        ('the sleep does not compare the bell', 'BUFFER=2 NO_COMPARISON=1'),
        ('a close rings no bell', 'BUFFER=2 NO_RING_AT_CLOSE=1'),
        ('an end is told without a last look', 'BUFFER=2 NO_LAST_LOOK=1'),
        ('no barrier between request and answer', WISH + ' NO_WISH_BARRIER=1'),
    ],
    'life': [
        ('no lock of openers and closers', 'KILLS=0 NO_ADMIN_LOCK=1'),
        ('the name is not looked at again', 'KILLS=0 NO_NAME_CHECK=1'),
        ('the same, when rings are persistent and one is removed',
         'KILLS=0 NO_NAME_CHECK=1 PERSISTENT=1 REMOVALS=1'),
        ('a closer unlinks without asking whether it is the last', 'KILLS=0 CLOSE_UNTESTED=1'),
        ('an opener reaps without asking whether it is held', 'KILLS=0 REAP_UNTESTED=1'),
        ('held only after it has its name', 'KILLS=0 HOLD_AFTER_NAME=1'),
        ('naming replaces another', 'KILLS=0 NAME_REPLACES=1'),
        ('roles are not locked', 'KILLS=0 NO_ROLE_LOCK=1'),
        ('unlinks whatever has the name', 'KILLS=0 REMOVALS=1 UNLINK_UNSEEN=1'),
        ('a creator that cannot map takes the name away without the lock',
         'KILLS=0 MAP_FAILURES=1 UNNAME_UNLOCKED=1'),
    ],
}


def check(model, macros, folder, effort):
    """Returns (errors or None, states, the first complaint, seconds). effort: -O0 when there is little
    to run, for the compiler takes longer then."""
    def run(*command):
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1500)

    start = time.monotonic()
    made = run('spin', *['-D' + m for m in macros.split()], '-a', model)
    if made.returncode == 0:
        made = run('gcc', '-w', effort, '-DSAFETY', '-DCOLLAPSE', '-DMEMLIM=6000', '-o', 'pan', 'pan.c')
    if made.returncode != 0:
        return None, 0, (made.stdout + made.stderr).strip(), 0
    out = run('./pan', '-m1000000', '-w23').stdout
    errors = re.search(r'errors: (\d+)', out)
    states = re.search(r'(\d+) states, stored', out)
    complaint = re.search(r'^pan:1: (.*)', out, re.M)
    whole = 'Search not completed' not in out and 'max search depth too small' not in out
    trail = os.path.exists(os.path.join(folder, os.path.basename(model) + '.trail'))
    if not errors or not states or (errors.group(1) == '0' and not whole) or \
            (errors.group(1) != '0' and not trail):
        return None, 0, 'the search did not end: ' + out[-300:], 0
    return (int(errors.group(1)), int(states.group(1)), complaint.group(1) if complaint else '',
            time.monotonic() - start)


def main():
    model = os.path.abspath(sys.argv[-1])
    name = os.path.splitext(os.path.basename(model))[0]
    runs = [(True, *h) for h in HOLDS[name]]
    if '--long' in sys.argv[1:-1]:
        runs += [(True, *h) for h in HOLDS[name + ' --long']]
    runs += [(False, *m) for m in MUTANTS[name]]
    failed = 0
    print('1..%d' % len(runs))
    for i, (holds, what, macros) in enumerate(runs, 1):
        with tempfile.TemporaryDirectory() as folder:
            errors, states, complaint, seconds = check(model, macros, folder, '-O2' if holds else '-O0')
        good = errors == 0 if holds else bool(errors)
        failed += not good
        print('%sok %d - %s: %s' % ('' if good else 'not ', i, name if holds else 'mutant', what))
        print('# %s: %d states, %.1f s%s' % (macros, states, seconds,
                                             complaint and '; ' + complaint[:300]), flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
