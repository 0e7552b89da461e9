# SPDX-License-Identifier: MIT
"""What each technique brings: the ring without it, in turns with the ring as shipped; and what
callgrind counts."""
import concurrent.futures
import os
import re
import shutil
import subprocess

from rows import figure, median, ratio, table

WORKS = ('stream 8 B', 'stream 64 B', 'stream 256 B', 'stream 1024 B', 'stream 4096 B',
         'round trip 8 B', 'round trip 64 B', 'round trip 256 B', 'round trip 1024 B',
         'round trip 4096 B', 'stream 8 B, byte framing')
COUNTED = (8, 56, 64, 120, 128, 256, 1024, 4096)
COUNTED_WITHOUT = (8, 64, 256, 4096)


def macro(variant):
    return variant if variant == 'as shipped' else f'`{variant}`'


def effects(rows):
    lines = []
    for variant in rows.names('variant', study='technique'):
        cells = []
        for work in WORKS:
            base = rows.find(study='technique', variant='as shipped', work=work)
            here = rows.find(study='technique', variant=variant, work=work)
            cells.append(f'{figure(median(here), 1)} ns' if variant == 'as shipped'
                         else figure(ratio(here, base)))
        lines.append([macro(variant)] + cells)
    return table(['time / as shipped'] + list(WORKS), lines)


def instructions(program, size):
    """For one message in and out: what a longer run counts more than a shorter one."""
    counts = []
    for messages in (200, 2200):
        run = subprocess.run(
            ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', program, '--count',
             str(size), str(messages)], capture_output=True, text=True, check=False, timeout=300)
        found = re.search(r'Collected : (\d+)', run.stderr)
        if run.returncode != 0 or not found:
            raise RuntimeError(f'callgrind failed: {run.stderr[-300:]}')
        counts.append(int(found.group(1)))
    return (counts[1] - counts[0]) / 2000


def count_all(programs, brief):
    """[[variant, {size: instructions}]...], or None without valgrind."""
    if shutil.which('valgrind') is None:
        return None
    jobs = [(variant, program, size) for variant, program in programs
            for size in (COUNTED[:1] if brief else COUNTED)
            if variant == 'as shipped' or size in COUNTED_WITHOUT]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = list(pool.map(lambda job: instructions(job[1], job[2]), jobs))
    counted = {}
    for (variant, _, size), count in zip(jobs, counts):
        counted.setdefault(variant, {})[str(size)] = count
    return list(counted.items())


def instruction_table(counted):
    if not counted:
        return 'valgrind is not installed: instructions were not counted.'
    sizes = list(counted[0][1])
    return table(['instructions a message'] + [f'{size} B' for size in sizes],
                 [[macro(variant)] + [figure(by_size.get(size), 0) for size in sizes]
                  for variant, by_size in counted])


def blocks(rows, counted):
    return {'techniques': effects(rows), 'instructions': instruction_table(counted)}
