# SPDX-License-Identifier: MIT
"""The shared library exports what the headers declare, no more and no less: every SHMRING_API
function, and the in-line ones (SHMRING_INLINE, public ones without a trailing underscore) as real
symbols. Usage: symbols.py ROOT BUILD LIBRARY"""
import glob
import os
import re
import shutil
import subprocess
import sys


def declared(folders):
    names = set()
    for folder in folders:
        for path in glob.glob(os.path.join(folder, '**', '*.h'), recursive=True):
            with open(path, encoding='utf-8') as f:
                text = re.sub(r'/\*.*?\*/', ' ', f.read(), flags=re.S)
            names.update(re.findall(r'^SHMRING_API\s[^;{(]*?\b(shmring_\w+)\s*\(', text, re.M))
            names.update(n for n in re.findall(
                r'^SHMRING_INLINE(?:_HOT)?\s[^;{(]*?\b(shmring_\w+)\s*\(', text, re.M) if n[-1] != '_')
    return names


def main():
    root, build, library = sys.argv[1:]
    if shutil.which('nm') is None:
        print('nm is not installed')
        return 77
    out = subprocess.run(['nm', '-D', '--defined-only', library], capture_output=True, text=True,
                         check=True).stdout
    exported = {line.split()[-1].split('@')[0] for line in out.splitlines()
                if line.split() and ' A ' not in line}  # a node of the version script
    exported = {name for name in exported if not name.startswith(('__asan', '__odr_asan', '__ubsan'))}
    wanted = declared([os.path.join(root, 'include', 'shmring'),
                       os.path.join(build, 'include', 'shmring')])
    for name in sorted(wanted - exported):
        print(f'{name} is declared and not exported')
    for name in sorted(exported - wanted):
        print(f'{name} is exported and not declared')
    print(f'{len(wanted)} functions')
    return 0 if exported == wanted and len(wanted) > 40 else 1


sys.exit(main())
