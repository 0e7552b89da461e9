# SPDX-License-Identifier: MIT
"""Reads tables of small changes: table.txt here, bench/programs/techniques.txt. The head of table.txt says what stands in
them."""
import collections
import os
import sys

Mutant = collections.namedtuple('Mutant', 'file old new test')


def stands_in(source, where, text, table='table.txt'):
    """The file with the text, which stands there once, or an error to show."""
    path = os.path.join(source, where)
    files = [where]
    if os.path.isdir(path):
        files = [os.path.relpath(os.path.join(folder, name), source) for folder, _, names in sorted(os.walk(path))
                 for name in sorted(names) if name.endswith('.h')]
    found = []
    for file in files:
        with open(os.path.join(source, file), encoding='utf-8') as f:
            found += [file] * f.read().count(text)
    if len(found) != 1:
        sys.exit('%s: this stands in %s %d times, and should once: %s' % (table, where, len(found), text))
    return found[0]


def rows(source, table):
    """The table's rows. What is in front of a row's first bar is its `test`."""
    found, where = [], None
    with open(table, encoding='utf-8') as f:
        for line in f:
            if line[0] == '#' or not line.strip():
                continue
            if ' | ' not in line:
                where = line.strip() if '/' in line else where  # else a heading
                continue
            test, change = line.rstrip('\n').replace('\\n', '\n').split('| ', 1)
            old, new = change.replace('\\|', '|').split(' =>', 1)
            found.append(Mutant(stands_in(source, where, old, os.path.basename(table)), old, new[1:], test.strip()))
    return found


def mutants(source):
    return rows(source, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'table.txt'))


if __name__ == '__main__':  # SOURCE - whether every line of the table is there
    print('%d mutants' % len(mutants(sys.argv[1])))
