# SPDX-License-Identifier: MIT
"""shmring beside other rings and the kernel's paths."""
import os

import svg
from rows import figure, median, ratio, table

SIZES = (8, 64, 256, 1024, 4096)
LINE = 'bare cache line'
# Not rings that poll: they sleep, or take a lock; shown, and never "the best peer".
SLOW = ('pipe', 'Unix socket', 'POSIX message queue', 'shared memory and eventfd',
        'Boost.Interprocess message_queue', 'iceoryx')
IN_PLACE = ('consume_one', 'in place')
MADE = 'shmring (in place)'
KNOWN = {'boost::lockfree::spsc_queue': 'libboost-dev',
         'Boost.Interprocess message_queue': 'libboost-dev',
         'atomic_queue (SPSC)': 'libatomic-queue-dev',
         'Concurrency Kit ck_ring (spsc)': 'libck-dev',
         'DPDK rte_ring (elements)': 'libdpdk-dev',
         'moodycamel ReaderWriterQueue': 'libreaderwriterqueue-dev',
         'iceoryx': 'iceoryx, libiceoryx-posh-dev'}


def settings(rows, work, contender):
    """{pause: a value for each round}. shmring has no use for a pause: it ran once beside each
    setting of the others."""
    return {} if contender is None else {
        pause: rows.find(study='peers', work=work, contender=contender, pause=pause)
        for pause in rows.names('pause', study='peers', work=work, contender=contender)}


def best(rows, work, contender):
    """The pause with the lowest median; None when there is no such contender."""
    found = settings(rows, work, contender)
    return min(found, key=lambda pause: median(found[pause]), default=None)


def time_of(rows, work, contender, pause=None):
    """Median of its time: ours over all it ran, another's at its best pause, or at this one."""
    found = settings(rows, work, contender)
    if not found:
        return None
    if is_ours(contender) and pause is None:
        return median(sum(found.values(), []))
    return median(found.get(best(rows, work, contender) if pause is None else pause))


def against(rows, work, contender, ours='shmring', our_work=None, pause=None):
    """Its time over ours, each value over the one of ours that was measured beside it."""
    if pause is None:
        pause = best(rows, work, contender)
    return ratio(settings(rows, work, contender).get(pause, []),
                 settings(rows, our_work or work, ours).get(pause, []))


def is_ours(contender):
    return contender.startswith('shmring')


def is_in_place(contender):
    return any(word in contender for word in IN_PLACE)


def best_peer(rows, work, pause=None):
    """The fastest ring that is not ours and copies, at its best pause, or all of them at one. None
    where no such ring is installed."""
    found = [name for name in rows.names('contender', study='peers', work=work)
             if not is_ours(name) and name not in SLOW + (LINE,) and not is_in_place(name)]
    return min(found, key=lambda name: time_of(rows, work, name, pause), default=None)


def cell(rows, work, contender):
    ns = time_of(rows, work, contender)
    if ns is None:
        return ''
    pause = best(rows, work, contender)
    if is_ours(contender):
        pooled = [settings(rows, work, contender), settings(rows, work, 'shmring')]
        value = ratio(*[sum((p[k] for k in pooled[0]), []) for p in pooled])
        pause = None
    else:
        value = against(rows, work, contender)
    text = f'{figure(value)} ({figure(ns, 0 if ns > 99 else 1)} ns'
    return text + (f', {pause})' if pause else ')')


def work_table(rows, work, path):
    works = [f'{work} {size} B' for size in SIZES]
    names = list(dict.fromkeys(n for w in works
                               for n in rows.names('contender', study='peers', work=w)))
    lines = [[name] + [cell(rows, w, name) for w in works] for name in names]
    plots = {name: [against(rows, w, name) for w in works] for name in names
             if name not in SLOW and not is_ours(name) and not is_in_place(name)}
    svg.bars(path, f'{work}: time of other rings, each at its best pause', "time / shmring's",
             [f'{size} B' for size in SIZES], plots, 1)
    return table([f'{work}: time / shmring’s'] + [f'{size} B' for size in SIZES], lines)


def many_table(rows):
    work = 'stream 8 B by 64'
    lines = []
    for name in rows.names('contender', study='peers', work=work):
        lines.append([name, '' if is_ours(name) else best(rows, work, name),
                      figure(time_of(rows, work, name)),
                      figure(against(rows, work, name, 'shmring (byte framing)'))])
    return table(['elements of 8 bytes, 64 in a call', 'pause', 'ns an element',
                  'time / shmring’s'], lines)


def made_table(rows):
    """Messages whose every byte is made and read, beside ours in place."""
    works = [w for w in rows.names('work', study='peers') if w.startswith('made and read')]
    names = list(dict.fromkeys(n for w in works
                               for n in rows.names('contender', study='peers', work=w)))
    lines = [[name] + [f'{figure(against(rows, w, name, MADE))} ({figure(time_of(rows, w, name), 0)} ns)'
                       for w in works] for name in names]
    return table(['time / shmring’s in place'] + works, lines)


def copy_floor(rows):
    """What copying alone costs, in by one process and out by the other."""
    found = [(work, median(rows.find(study='floors', work=work, contender='bare memcpy')))
             for work in ('1024 B', '4096 B', '64 KiB span')]
    return ('`memcpy` in by one process and out by the other, with a flag for each slot and no ring: '
            + ', '.join(f'{work} {figure(ns, 0)} ns' for work, ns in found) + '.')


def steadiness(rows):
    """Whether the two processors stayed where they were: the line's time in the fastest and the
    slowest measurement of it."""
    found = [ns for size in SIZES for ns in
             settings(rows, f'round trip {size} B', LINE).get(best(rows, 'round trip 8 B', LINE), [])]
    return (f' A bare cache line took {figure(median(found), 0)} ns there and back, '
            f'{figure(min(found), 0)} to {figure(max(found), 0)} in single measurements.'
            if found else '')


def missing(rows):
    there = rows.names('contender', study='peers')
    names = [f'{name} (package {package})' for name, package in KNOWN.items()
             if not any(t.startswith(name) for t in there)]
    return 'Not installed, and so not measured: ' + ', '.join(names) + '.' if names else (
        'Every peer that the build knows was installed.')


def blocks(rows, folder):
    return {
        'peers-trip': work_table(rows, 'round trip', os.path.join(folder, 'peers-trip.svg')),
        'peers-stream': work_table(rows, 'stream', os.path.join(folder, 'peers-stream.svg')),
        'peers-many': many_table(rows),
        'peers-made': made_table(rows),
        'peers-missing': missing(rows),
        'peers-copy': copy_floor(rows),
    }
