# SPDX-License-Identifier: MIT
"""The public headers without one technique: patches of bench/programs/techniques.txt, made in a copy.

  without.py SOURCE NAME FOLDER HEADER DEPFILE    the copy into FOLDER; HEADER gets the name as a macro,
                                          DEPFILE for ninja what the copy depends on
  without.py SOURCE --check BUILD CC...   every patch applies, and compiles; no header knows a switch"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.abspath(sys.argv[1])
TABLE = os.path.join(SOURCE, 'bench', 'programs', 'techniques.txt')
sys.path.insert(0, os.path.join(SOURCE, 'tests', 'mutants'))
from table import rows  # pylint: disable=wrong-import-position


def make(name, folder, patches, source=SOURCE):
    """include/ in `folder`, with the rows of that name made one after the other."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(source, 'include'), folder)
    chosen = [row for row in patches if row.test == name]
    if not chosen:
        sys.exit('techniques.txt: there is no technique %s' % name)
    for row in chosen:
        path = os.path.join(folder, os.path.relpath(row.file, 'include'))
        with open(path, encoding='utf-8') as f:
            text = f.read()
        if text.count(row.old) != 1:
            sys.exit('techniques.txt: rows of %s are in one another\'s way: %s' % (name, row.old))
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text.replace(row.old, row.new))


def compiles(cc, folders):
    """A program that uses every in-line call, with all warnings that the project's own sources have."""
    flags = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-fsyntax-only']
    unit = os.path.join(SOURCE, 'src', 'endpoint', 'exports.c')
    return subprocess.run([*cc, *flags, *('-I' + folder for folder in [*folders, os.path.join(SOURCE, 'src')]), unit], check=False).returncode == 0


def files_below(folder):
    return [os.path.join(where, name) for where, _, names in sorted(os.walk(folder)) for name in sorted(names)]


def switches():
    """Names of techniques that a public header asks the preprocessor for."""
    found, headers = [], os.path.join(SOURCE, 'include', 'shmring')
    for path in files_below(headers):
        with open(path, encoding='utf-8') as f:
            found += re.findall(r'^\s*#\s*(?:el)?if.*\bSHMRING_NO_\w+', f.read(), re.M)
    return found


def notices_a_stale_patch(folder):
    """A table whose text stands nowhere must be refused."""
    stale = os.path.join(folder, 'stale.txt')
    with open(stale, 'w', encoding='utf-8') as f:
        f.write('include/shmring\nname | this stands nowhere => nothing\n')
    try:
        rows(SOURCE, stale)
    except SystemExit:
        return True
    return False


def check(build, cc):
    patches = rows(SOURCE, TABLE)
    names = list(dict.fromkeys(row.test for row in patches))
    print('1..%d' % (len(names) + 2))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names, 1):
            make(name, os.path.join(folder, name), patches)
            good = compiles(cc, [os.path.join(folder, name), os.path.join(build, 'include')])
            failed += not good
            print('%sok %d - without %s' % ('' if good else 'not ', number, name))
        good = notices_a_stale_patch(folder)
        failed += not good
        print('%sok %d - a patch that fits nowhere is refused' % ('' if good else 'not ', len(names) + 1))
    found = switches()
    print('%sok %d - no public header has a switch %s' % ('not ' if found else '', len(names) + 2, found or ''))
    return 1 if failed or found else 0


def main():
    if sys.argv[2] == '--check':
        return check(sys.argv[3], sys.argv[4:])
    name, folder, header, depfile = sys.argv[2:]
    make(name, folder, rows(SOURCE, TABLE))
    with open(header, 'w', encoding='utf-8') as f:
        f.write('#define TECHNIQUE "%s"\n' % name)
    inputs = files_below(os.path.join(SOURCE, 'include')) + [TABLE, os.path.join(SOURCE, 'tests', 'mutants', 'table.py'),
                                                             os.path.join(SOURCE, 'bench', 'programs', 'without.py')]
    with open(depfile, 'w', encoding='utf-8') as f:
        f.write('%s: %s\n' % (header, ' '.join(path.replace(' ', '\\ ') for path in inputs)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
