# SPDX-License-Identifier: MIT
"""The alignment study: where the words and the data lie."""
import os

import svg
from rows import figure, median, ratio, table

WORDS = ('one line', '64 bytes', '128 bytes', 'as shipped')
# As the ring is shipped: a record's payload is 8 bytes off where its word is on a line.
SHIPPED = {'records': {'records': 'packed', 'payload': '8 off'},
           'bytes': {'records': 'packed', 'payload': 'on a line'}}
DATA = [(records, payload) for records in ('packed', 'whole lines')
        for payload in ('8 off', 'on a line')]


def value(rows, work, framing, words, size, **data):
    return rows.find(study='placement', work=work, framing=framing, words=words, size=size, **data)


def words_table(rows, work, sizes, path):
    lines, plots = [], {}
    for framing in ('records', 'bytes'):
        for words in WORDS:
            cells = []
            for size in sizes:
                base = value(rows, work, framing, 'as shipped', size, **SHIPPED[framing])
                here = value(rows, work, framing, words, size, **SHIPPED[framing])
                cells.append((median(here), ratio(here, base)))
            lines.append([f'{framing}, {words}'] + [
                f'{figure(r)} ({figure(ns, 0)} ns)' for ns, r in cells])
            plots[f'{framing}, {words}'] = [r for _, r in cells]
    svg.bars(path, f'{work}: time by the distance of tail and cursor', 'time / as shipped',
             [f'{size} B' for size in sizes], plots, 1)
    return table([work] + [f'{size} B' for size in sizes], lines)


def data_table(rows, work, sizes, path):
    lines, plots = [], {}
    for framing in ('records', 'bytes'):
        for records, payload in DATA:
            row = []
            for size in sizes:
                base = value(rows, work, framing, 'as shipped', size, **SHIPPED[framing])
                row.append(ratio(value(rows, work, framing, 'as shipped', size, records=records,
                                       payload=payload), base))
            name = f'{framing}, {records}, payload {payload}'
            lines.append([name] + [figure(r) for r in row])
            if framing == 'records':
                plots[f'{records}, {payload}'] = row
    svg.bars(path, f'{work}, records: time by the alignment of the data', 'time / as shipped',
             [f'{size} B' for size in sizes], plots, 1)
    return table([work] + [f'{size} B' for size in sizes], lines)


def blocks(rows, folder):
    sizes = rows.names('size', study='placement')
    made = {}
    for work, short in (('stream', 'stream'), ('round trip', 'trip')):
        made['words-' + short] = words_table(
            rows, work, sizes, os.path.join(folder, f'words-{short}.svg'))
        made['data-' + short] = data_table(
            rows, work, sizes, os.path.join(folder, f'data-{short}.svg'))
    return made
