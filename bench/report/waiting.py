# SPDX-License-Identifier: MIT
"""What waiting costs."""
from rows import figure, median, ratio, table

NEVER = 'stream 64 B, the consumer never sleeps'
MAY = 'stream 64 B, the consumer may sleep'
FUTEX = 'bare futex, round trip'
ASLEEP = 'shmring, both sleep at once'
IDLE = 'blocked consumer, ns of a processor each second'
AGAINST = {MAY: NEVER, NEVER: None, FUTEX: None, IDLE: None} # the others: against the futex


def values(rows, work):
    return rows.find(study='waiting', work=work)


def against(rows, work, base):
    return ratio(values(rows, work), values(rows, base))


def idle_percent(rows):
    ns = median(values(rows, IDLE))
    return None if ns is None else ns / 1e7


def blocks(rows):
    lines = []
    for work in rows.names('work', study='waiting'):
        if work != IDLE:
            base = AGAINST.get(work, FUTEX)
            lines.append([work, figure(median(values(rows, work)), 0),
                          figure(against(rows, work, base)) if base else ''])
    idle = idle_percent(rows)
    words = '' if idle is None else (
        f'\n\nA consumer blocked on an idle ring used {figure(idle, 3)} % of a processor.')
    return {'waiting': table(['work', 'ns each', 'ratio'], lines) + words}
