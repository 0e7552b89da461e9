# SPDX-License-Identifier: MIT
"""turns.py BUILD TECHNIQUE [--seconds N] - the ring as shipped beside the ring without one technique, in turns.

Rounds are sorted by the state of the two processors, as the 8 B round trip of the ring as shipped shows it: near
below 180 ns, far above 250 ns; others are left out. It prints the medians of both, and how many times the ring
without the technique takes as long. BUILD: a build directory; its programs are built first."""
import argparse
import json
import os
import statistics
import subprocess
import time

NEAR_NS, FAR_NS = 180, 250


def measure(program):
    """{work: ns} of one round."""
    run = subprocess.run([program], capture_output=True, text=True, check=True, timeout=300)
    return {row['work']: row['ns'] for row in map(json.loads, run.stdout.splitlines())}


def state_of(shipped):
    trip = shipped['round trip 8 B']
    return 'near' if trip < NEAR_NS else 'far' if trip > FAR_NS else 'between'


def show(state, rounds):
    print(f'{state}: {len(rounds)} rounds')
    for work in rounds[0][0] if rounds else ():
        shipped, without = (statistics.median(pair[side][work] for pair in rounds) for side in (0, 1))
        ratio = statistics.median(pair[1][work] / pair[0][work] for pair in rounds)
        print(f'  {work:26} {shipped:8.1f} ns, without {without:8.1f} ns: {ratio:5.2f}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('build')
    parser.add_argument('technique')
    parser.add_argument('--seconds', type=float, default=120)
    args = parser.parse_args()
    names = ['shmring_technique', 'shmring_without_' + args.technique]
    subprocess.run(['ninja', '-C', args.build, '--quiet'] + ['bench/' + name for name in names], check=True)
    programs = [os.path.join(args.build, 'bench', name) for name in names]
    rounds = {'near': [], 'far': [], 'between': []}
    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        pair = [measure(program) for program in programs]
        rounds[state_of(pair[0])].append(pair)
    for state in ('near', 'far'):
        show(state, rounds[state])
    print(f'between, left out: {len(rounds["between"])} rounds')


if __name__ == '__main__':
    main()
