# SPDX-License-Identifier: MIT
"""evidence.py ROOT - every test that docs/reliability.md names as evidence is there, by the names that the
build files give to tests. A name with * stands for at least one. TAP."""
import fnmatch
import glob
import os
import re
import sys


def names_of_tests(root):
    """Quoted words of the tests' build files, and those put together from one that ends in _ and another."""
    words = set()
    for path in glob.glob(os.path.join(root, 'tests', '**', 'meson.build'), recursive=True):
        with open(path, encoding='utf-8') as f:
            found = re.findall(r"'(\w+)'", f.read())
            words |= set(found) | {word.lower() for word in found}  # plant.to_lower()
    heads = [w for w in words if w.endswith('_')]
    return words | {head + word for head in heads for word in words}


def evidence(root):
    """(row, name) of the last column of the table of faults."""
    with open(os.path.join(root, 'docs', 'reliability.md'), encoding='utf-8') as f:
        for row, cell in re.findall(r'^\| (\d+) \|.*\| (.*) \|$', f.read(), re.M):
            for name in re.findall(r'`([\w*]+)`', cell):
                yield row, name


def main():
    known, failed, count = names_of_tests(sys.argv[1]), 0, 0
    for count, (row, name) in enumerate(evidence(sys.argv[1]), 1):
        good = bool(fnmatch.filter(known, name))
        failed += not good
        print('%sok %d - row %s: %s' % ('' if good else 'not ', count, row, name))
    good = count >= 22 and 'no_such_test' not in known
    print('%sok %d - the table was found, and not every name is a test' % ('' if good else 'not ', count + 1))
    print('1..%d' % (count + 1))
    return 1 if failed or not good else 0


if __name__ == '__main__':
    sys.exit(main())
