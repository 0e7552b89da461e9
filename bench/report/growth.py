# SPDX-License-Identifier: MIT
"""What becomes of the ring as it grows."""
import math
import os
import re

import svg
from rows import figure, median, table


def bytes_of(n):
    for unit, name in ((1 << 30, 'GiB'), (1 << 20, 'MiB'), (1 << 10, 'KiB')):
        if n >= unit:
            return f'{n // unit} {name}'
    return f'{n} B'


def caches():
    """(level, bytes) of processor 0's data caches, the smallest first."""
    found = []
    folder = '/sys/devices/system/cpu/cpu0/cache'
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        try:
            kind, level, size = (read(os.path.join(folder, name, what))
                                 for what in ('type', 'level', 'size'))
            if kind != 'Instruction':
                found.append((int(level), int(re.match(r'(\d+)K', size).group(1)) << 10))
        except (OSError, AttributeError):
            continue
    return sorted(found)


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read().strip()


def cache_notes(rings):
    """Where the caches end on an axis of ring sizes that grow by one factor."""
    step = math.log(rings[1] / rings[0]) if len(rings) > 1 else 1
    places = [(math.log(size / rings[0]) / step, f'L{level}') for level, size in caches()]
    return [(place, words) for place, words in places if 0 <= place <= len(rings) - 1]


def ring_axis(rows, folder):
    sizes = rows.names('size', study='growth', axis='ring')
    pages = rows.names('pages', study='growth', axis='ring')
    rings = sorted(rows.names('ring', study='growth', axis='ring'))
    head, columns = ['ring'], []
    for work, short in (('stream', 'stream'), ('round trip', 'trip')):
        plots = {}
        for size in sizes:
            for page in pages:
                values = [median(rows.find(study='growth', axis='ring', work=work, size=size,
                                           pages=page, ring=ring)) for ring in rings]
                head.append(f'{work} {size} B, {page} pages')
                columns.append(values)
                plots[f'{size} B, {page} pages'] = values
        svg.lines(os.path.join(folder, f'growth-ring-{short}.svg'),
                  f'{work} by the size of the ring', 'ns a message',
                  [bytes_of(r) for r in rings], plots, notes=cache_notes(rings))
    lines = [[bytes_of(ring)] + [figure(column[i], 1) for column in columns]
             for i, ring in enumerate(rings)]
    words = '' if 'huge' in pages else (
        '\n\nNo huge pages in this run: the file system gives none until root says '
        '`mount -o remount,huge=advise /dev/shm`.')
    return table(head, lines) + words


def record_axis(rows, folder):
    sizes = rows.names('size', study='growth', axis='record')
    lines, speed = [], []
    for size in sizes:
        stream, trip = (median(rows.find(study='growth', axis='record', work=work, size=size))
                        for work in ('stream', 'round trip'))
        speed.append(size / stream)
        lines.append([bytes_of(size), figure(stream, 1), figure(size / stream), figure(trip, 0)])
    svg.lines(os.path.join(folder, 'growth-record.svg'), 'stream by the size of the record',
              'GB/s', [bytes_of(s) for s in sizes], {'GB/s, copied in and out': speed}, True)
    return table(['record', 'stream, ns', 'stream, GB/s', 'round trip, ns'], lines)


def number_axis(rows, folder):
    rings = rows.names('rings', study='growth', axis='number')
    values = [median(rows.find(study='growth', axis='number', rings=n)) for n in rings]
    svg.lines(os.path.join(folder, 'growth-number.svg'),
              'rings drained by one process, records of 64 B', 'ns a record', rings,
              {'ns a record': values})
    return table(['rings'] + [str(n) for n in rings],
                 [['ns a record'] + [figure(v, 1) for v in values]])


def attach(rows):
    """Attaching to the largest ring, on pages of both kinds."""
    lines = []
    for work in rows.names('work', study='floors'):
        if work.startswith('attach'):
            for contender in rows.names('contender', study='floors', work=work):
                ns = median(rows.find(study='floors', work=work, contender=contender))
                lines.append([f'{work}, {"huge" if "huge" in contender else "small"} pages',
                              figure(ns / 1e6)])
    return table(['every page faulted in', 'ms'], lines)


def blocks(rows, folder):
    return {'attach': attach(rows), 'growth-ring': ring_axis(rows, folder),
            'growth-record': record_axis(rows, folder),
            'growth-number': number_axis(rows, folder)}
