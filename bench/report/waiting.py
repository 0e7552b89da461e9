# SPDX-License-Identifier: MIT
"""What waiting costs."""
from rows import figure, median, ratio, table

NEVER = 'stream 64 B, the consumer never sleeps'
MAY = 'stream 64 B, the consumer may sleep'
FUTEX = 'bare futex, round trip'
ASLEEP = 'shmring, both sleep at once'
IDLE = 'idle' # ns of a processor each second
AGAINST = {MAY: NEVER, NEVER: None, FUTEX: None} # the others: against the futex


def values(rows, work):
    return rows.find(study='waiting', work=work)


def against(rows, work, base):
    return ratio(values(rows, work), values(rows, base))


def idle_percent(rows, rings=1):
    ns = median(rows.find(study='waiting', work=IDLE, rings=rings))
    return None if ns is None else ns / 1e7


def idle_words(rows):
    said = [f'{figure(idle_percent(rows, rings), 3)} % on {rings:,} ring{"s" * (rings > 1)}'
            for rings in rows.names('rings', study='waiting', work=IDLE)]
    return '\n\nA consumer blocked where nothing comes used of a processor: ' + ', '.join(said) + '.' if said else ''


def blocks(rows):
    lines = []
    for work in rows.names('work', study='waiting'):
        if work != IDLE:
            base = AGAINST.get(work, FUTEX)
            lines.append([work, figure(median(values(rows, work)), 0),
                          figure(against(rows, work, base)) if base else ''])
    return {'waiting': table(['work', 'ns each', 'ratio'], lines) + idle_words(rows)}
