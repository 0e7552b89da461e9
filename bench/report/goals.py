# SPDX-License-Identifier: MIT
"""The goals, each with what was reached."""
import waiting
from growth import caches
from peers import LINE, MADE, against, best, best_peer, time_of
from rows import figure, median, ratio, table


class Goals:
    def __init__(self):
        self.lines = []

    def row(self, work, against, limit, reached, at_most, form='{:.2f}'):
        against = against.replace('None', 'no other ring is installed')
        if reached is None:
            met = 'not measured'
        else:
            met = 'met' if (reached <= limit if at_most else reached >= limit) else '**not met**'
        self.lines.append([work, against, ('≤ ' if at_most else '≥ ') + form.format(limit),
                           '' if reached is None else form.format(reached), met])


def inverse(value):
    return None if value is None else 1 / value


def trips(goals, rows):
    for size in (8, 64, 256):
        work = f'round trip {size} B'
        peer = best_peer(rows, work)
        goals.row(work, f'time / {peer}', 0.8, inverse(against(rows, work, peer)), True)
        goals.row(work, 'time / bare cache line', 1.15, inverse(against(rows, work, LINE)), True)


def streams(goals, rows):
    for size in (64, 256):
        work = f'stream {size} B'
        peer = best_peer(rows, work)
        goals.row(work, f'speed / {peer}', 1.0, against(rows, work, peer), False)
        peer = best_peer(rows, work, pause=0)
        goals.row(work, f'speed / {peer} without a pause', 1.8,
                  against(rows, work, peer, pause=0), False)
    for size in (1024, 4096):
        work = f'stream {size} B'
        peer = best_peer(rows, work)
        goals.row(work + ', copying', f'speed / {peer}', 1.05, against(rows, work, peer), False)
        work = f'made and read {size} B'
        peer = best_peer(rows, work)
        goals.row(f'stream {size} B, in place', f'speed / {peer}, copying, every byte made and read', 1.3,
                  against(rows, work, peer, MADE), False)
    work, ours = 'stream 8 B', 'shmring (byte framing)'
    peer = best_peer(rows, work)
    goals.row(work + ', byte framing', f'speed / {peer}', 1.0, against(rows, work, peer, ours),
              False)
    goals.row('the same, 64 in a call', f'speed / {peer}, one in a call', 2.5,
              against(rows, work, peer, ours, work + ' by 64'), False)


def floors(goals, rows):
    def find(work, contender):
        return rows.find(study='floors', work=work, contender=contender)
    goals.row('spans of 64 KiB', 'speed / bare memcpy between the processors', 0.85,
              ratio(find('64 KiB span', 'bare memcpy'), find('64 KiB span', 'shmring')), False)
    goals.row('two wake-ups after 30 µs of rest', 'time / bare futex', 1.2,
              ratio(find('two wake-ups', 'shmring'), find('two wake-ups', 'bare futex')), True)
    shipped, without = (rows.find(study='technique', variant=v, work='stream 64 B')
                        for v in ('as shipped', 'bell'))
    goals.row('asking whether somebody sleeps', 'time / without asking, stream 64 B', 1.03,
              ratio(shipped, without), True)
    goals.row('a consumer that may sleep', 'time / one that never sleeps, stream 64 B', 1.03,
              waiting.against(rows, waiting.MAY, waiting.NEVER), True)
    goals.row('round trip, both sleep at once', 'time / bare futex', 1.2,
              waiting.against(rows, waiting.ASLEEP, waiting.FUTEX), True)
    goals.row('idle blocked consumer', 'percent of a processor', 0.1, waiting.idle_percent(rows),
              True, '{:.3f}')
    attach = median(find('attach to 1 GiB', 'shmring'))
    goals.row('attach to 1 GiB, every page faulted in', 'ms', 100,
              None if attach is None else attach / 1e6, True, '{:.1f}')


def growth(goals, rows):
    fields = {'study': 'growth', 'axis': 'ring', 'work': 'stream', 'size': 64, 'pages': 'small'}
    largest = max((size for _, size in caches()), default=1 << 20)
    rings = [r for r in rows.names('ring', **fields)
             if r != 65536 and 2 * r <= largest and r <= 64 << 20]
    base = rows.find(ring=65536, **fields)
    worst = max(((ratio(rows.find(ring=r, **fields), base), r) for r in rings),
                default=(None, 65536))
    goals.row(f'growth to {worst[1] >> 10} KiB, stream 64 B', 'time / ring of 64 KiB', 1.1,
              worst[0], True)


def blocks(rows, host):
    goals = Goals()
    trips(goals, rows)
    streams(goals, rows)
    floors(goals, rows)
    growth(goals, rows)
    met = sum(1 for line in goals.lines if line[-1] == 'met')
    head = '| work | measured as | goal | reached | |\n|---|---|---:|---:|---|\n'
    body = '\n'.join('| ' + ' | '.join(line) + ' |' for line in goals.lines)
    return {'goals': f'{head}{body}\n\n{met} of {len(goals.lines)} goals met in this run.',
            'summary': summary(rows) + '\n\n' + host}


def ns(value):
    return '' if value is None else f'{figure(value, 0)} ns'


def summary(rows):
    """The few rows for the README; our time is the one measured beside the peer's best setting."""
    lines = []
    for work in ('round trip 8 B', 'round trip 64 B', 'stream 64 B', 'stream 1024 B'):
        peer = best_peer(rows, work)
        lines.append([work, ns(time_of(rows, work, 'shmring', best(rows, work, peer))),
                      peer or 'none is installed', ns(time_of(rows, work, peer)),
                      figure(against(rows, work, peer))])
    return table(['', 'shmring', 'best of the other rings', 'its time', 'its time / shmring’s'],
                 lines)
