# SPDX-License-Identifier: MIT
"""What stamps cost, by clock, and how far the processor's counter runs away from the clock."""
import shutil
import subprocess

import technique
from rows import figure, median, ratio, table

CLOCKS = (('none', 'none'), ('monotonic', '`SHMRING_STAMP_MONOTONIC`'),
          ('tsc', '`SHMRING_STAMP_TSC`'))
WORKS = ('stream 64 B', 'stream 64 B in place', 'round trip 64 B', 'round trip 64 B in place')


def count_all(program):
    """{clock: instructions a message}, without those of the system's clock; None without
    valgrind. A clock that cannot be had is left out."""
    if shutil.which('valgrind') is None:
        return None
    there = [clock for clock, _ in CLOCKS if subprocess.run(
        [program, '--count', clock, '1'], check=False, timeout=60).returncode == 0]
    counted = {}
    for clock in there:
        try:
            counted[clock] = technique.instructions(program, clock)
        except RuntimeError:  # callgrind's processor may lack what this one has
            continue
    return counted


def costs(rows, counted):
    lines = []
    for clock, words in CLOCKS:
        cells = []
        for work in WORKS:
            base = rows.find(study='stamps', clock='none', work=work)
            here = rows.find(study='stamps', clock=clock, work=work)
            cells.append('' if not here else f'{figure(median(here), 1)} ns' if clock == 'none'
                         else f'{figure(median(here), 1)} ns ({figure(ratio(here, base))})')
        lines.append([words] + cells + [figure((counted or {}).get(clock), 0)])
    return table(['stamps'] + list(WORKS) + ['instructions'], lines)


def drift(rows):
    values = rows.find(study='stamps', clock='tsc', work='drift')
    if not values:
        return 'This processor has no counter for TSC stamps.'
    return (f'TSC stamps ran away from the monotonic clock by {median(values):.0f} ns in each second '
            f'(median of {len(values)} new rings; at most {max(values):.0f}).')


def blocks(rows, counted):
    return {'stamps': costs(rows, counted), 'stamps-drift': drift(rows)}
