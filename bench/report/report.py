#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures everything that docs/performance.md publishes, in one run.

    bench/report/report.py BUILD [--rounds 9] [--brief]    measure; results in BUILD/bench/report
    bench/report/report.py BUILD --minutes 10              as many of the rounds as fit
    bench/report/report.py BUILD --publish                 put them into the documents

Each round runs every contender once, so that what drifts on the machine drifts for all of them;
tables show medians over the rounds, and ratios are formed within a round. Results: report.json
(every value), report.md (the tables), and plots. --publish replaces what stands between
<!-- begin: NAME --> and <!-- end: NAME --> in docs/performance.md and README.md and copies the
plots to docs/figures.
"""
import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time

import goals
import growth
import observers
import peers
import placement
import stamps
import technique
import waiting
from rows import Rows

OURS = ('shmring', 'shmring (byte framing)', 'shmring (in place)', peers.LINE)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCUMENTS = ('docs/performance.md', 'README.md')
WITHOUT = ('word_polling', 'lazy_head', 'adaptive_pause', 'asymmetric_barrier', 'predicted_size',
           'inline_copy', 'wide_copy', 'first_line_last', 'owned_next',
           'fetched_rest', 'long_pause', 'bound_by_ring', 'bell')


def say(words):
    print(f'{time.strftime("%H:%M:%S")} {words}', flush=True)


def variants(build, brief):
    """[name, program] of the ring as shipped and without each technique."""
    shipped = [('as shipped', os.path.join(build, 'bench', 'shmring_technique'))]
    return shipped if brief else shipped + [
        (name, os.path.join(build, 'bench', 'shmring_without_' + name)) for name in WITHOUT]


def run_program(command, rows):
    """Runs one round of a program that writes a line of JSON for each measurement."""
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if run.returncode != 0:
        sys.exit(f'{" ".join(command)} failed: {run.stderr}')
    for line in run.stdout.splitlines():
        item = json.loads(line)
        rows.add({k: v for k, v in item.items() if k != 'ns'}, item['ns'])


def compare(program, folder, extra, rows):
    """One round beside the peers; that program knows its own table, and writes an array."""
    path = os.path.join(folder, 'compare.json')
    run = subprocess.run([program, '--rounds', '1', '--json', path] + extra, check=False,
                         capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        sys.exit(f'{program} failed: {run.stderr}')
    with open(path, encoding='utf-8') as f:
        for item in json.load(f):
            rows.add({'study': 'peers', 'work': item['work'], 'contender': item['contender'],
                      'pause': item['pause']}, item['ns'][0])
    os.remove(path)


def measure(build, folder, args, rows):
    """Returns how many rounds it ran."""
    rounds, brief = 1 if args.brief else args.rounds, args.brief
    extra = ['--brief'] if brief else []
    start = time.monotonic()
    with_peers = os.path.join(build, 'bench', 'peers', 'shmring_compare')
    waiting_cost = [os.path.join(build, 'bench', 'shmring_wait_cost'), '--json']
    for number in range(rounds):
        so_far = (time.monotonic() - start) / 60
        if number and args.minutes and so_far * (number + 1) / number > args.minutes:
            say(f'{number} rounds took {so_far:.1f} minutes: no more')
            rounds = number
            break
        say(f'round {number + 1} of {rounds}')
        if os.path.exists(with_peers):
            compare(with_peers, folder, extra, rows)
        for name in ('placement', 'floors', 'growth', 'observers', 'stamps'):
            run_program([os.path.join(build, 'bench', 'shmring_' + name)] + extra, rows)
        for _, program in variants(build, brief):
            run_program([program] + extra, rows)
        run_program(waiting_cost + ['--rounds', '1', '--idle', '0'], rows)
    run_program(waiting_cost + ['--rounds', '0', '--idle', '1' if brief else '10'], rows)
    return rounds


def host_line(build, rounds):
    model = 'unknown processor'
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as f:
            model = re.search(r'model name\s*: (.*)', f.read()).group(1)
    except (OSError, AttributeError):
        model = platform.machine()
    flags = json.loads(subprocess.run(['meson', 'introspect', '--buildoptions', build],
                                      capture_output=True, text=True, check=True).stdout)
    kind = next(o['value'] for o in flags if o['name'] == 'buildtype')
    targets = json.loads(subprocess.run(['meson', 'introspect', '--targets', build],
                                        capture_output=True, text=True, check=True).stdout)
    command = next(t['target_sources'][0]['compiler'] for t in targets
                   if t['name'] == 'shmring_technique')
    compiler = subprocess.run(command + ['--version'], capture_output=True, text=True,
                              check=False).stdout.split('\n')[0]
    return (f'Host: {model}, {os.cpu_count()} processors, {platform.system()} '
            f'{platform.release()}, {compiler or "compiler unknown"}, buildtype {kind}. '
            f'Measured {time.strftime("%Y-%m-%d", time.gmtime())} by '
            f'`bench/report/report.py build --rounds {rounds}`.')


def make_blocks(result, rows, folder):
    blocks = {'host': result['host']}
    blocks.update(placement.blocks(rows, folder))
    blocks.update(technique.blocks(rows, result['instructions']))
    blocks.update(stamps.blocks(rows, result['stamp_instructions']))
    blocks.update(growth.blocks(rows, folder))
    blocks.update(waiting.blocks(rows))
    blocks.update(observers.blocks(rows))
    if rows.names('work', study='peers'):
        blocks['host'] += peers.steadiness(rows)
        blocks.update(peers.blocks(rows, folder))
        blocks.update(goals.blocks(rows, blocks['host']))
    return blocks


def publish(folder):
    with open(os.path.join(folder, 'report.json'), encoding='utf-8') as f:
        blocks = json.load(f)['blocks']
    unused = set(blocks)
    for name in DOCUMENTS:
        path = os.path.join(ROOT, name)
        with open(path, encoding='utf-8') as f:
            text = f.read()
        for block in re.findall(r'<!-- begin: ([\w-]+) -->', text):
            if block not in blocks:
                sys.exit(f'{name} wants the block {block}, which was not measured')
            pattern = rf'(<!-- begin: {block} -->\n).*?(<!-- end: {block} -->)'
            text = re.sub(pattern, lambda m, b=block: m[1] + blocks[b] + '\n' + m[2], text,
                          flags=re.S)
            unused.discard(block)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
    figures = os.path.join(ROOT, 'docs', 'figures')
    os.makedirs(figures, exist_ok=True)
    for name in sorted(os.listdir(folder)):
        if name.endswith('.svg'):
            shutil.copy(os.path.join(folder, name), figures)
    if unused:
        say(f'measured, and shown in no document: {", ".join(sorted(unused))}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('build')
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--minutes', type=float, help='start no round that would end later')
    parser.add_argument('--brief', action='store_true', help='one short round: does it work?')
    parser.add_argument('--no-build', action='store_true', help='the programs are built already')
    parser.add_argument('--output', help='folder of the results; BUILD/bench/report')
    parser.add_argument('--publish', action='store_true')
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    folder = args.output or os.path.join(build, 'bench', 'report')
    os.makedirs(folder, exist_ok=True)
    if args.publish:
        publish(folder)
        return
    if not args.no_build:
        subprocess.run(['meson', 'compile', '-C', build, 'bench-programs'], check=True)
    rows = Rows()
    rounds = measure(build, folder, args, rows)
    say('counting instructions')
    result = {'host': host_line(build, rounds), 'rounds': rounds,
              'instructions': technique.count_all(variants(build, args.brief), args.brief),
              'stamp_instructions': stamps.count_all(os.path.join(build, 'bench', 'shmring_stamps')),
              'rows': rows.as_json()}
    if args.brief:  # as where no other ring is installed
        make_blocks(result, rows.only(lambda fields: fields.get('contender', 'shmring') in OURS), folder)
    result['blocks'] = make_blocks(result, rows, folder)
    with open(os.path.join(folder, 'report.json'), 'w', encoding='utf-8') as f:
        json.dump(result, f, indent=1)
    with open(os.path.join(folder, 'report.md'), 'w', encoding='utf-8') as f:
        for name, block in result['blocks'].items():
            f.write(f'## {name}\n\n{block}\n\n')
    say(f'done: {folder}')


if __name__ == '__main__':
    main()
