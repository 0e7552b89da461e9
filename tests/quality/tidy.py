# SPDX-License-Identifier: MIT
"""Small house rules. Usage: tidy.py format|length|manual|version ROOT [VERSION]; 77 is a skip."""
import os
import re
import shutil
import subprocess
import sys

FORMAT_VERSION = 14
LINES_MAX = 450
SKIP = 77


def tracked(root, endings):
    """The files git knows; in a release tarball, without git, all there are."""
    try:
        names = subprocess.run(['git', '-C', root, 'ls-files', '-z'], capture_output=True,
                               check=True, text=True).stdout.split('\0')
    except (OSError, subprocess.CalledProcessError):
        names = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, files in os.walk(root) for name in files]
    return sorted(os.path.join(root, name) for name in names
                  if name.endswith(endings) and os.path.exists(os.path.join(root, name)))


def check_format(root):
    program = shutil.which(f'clang-format-{FORMAT_VERSION}') or shutil.which('clang-format')
    version = program and subprocess.run([program, '--version'], capture_output=True,
                                         check=False, text=True).stdout
    if not program or f'version {FORMAT_VERSION}.' not in version:
        print(f'clang-format {FORMAT_VERSION} is not installed; another version wants other breaks')
        return SKIP
    files = tracked(root, ('.c', '.h', '.cc', '.hh', '.hpp'))
    return subprocess.run([program, '--dry-run', '-Werror', *files], check=False).returncode


def check_length(root):
    bad = 0
    for name in tracked(root, ('.c', '.h', '.hpp', '.py')):
        with open(name, encoding='utf-8') as f:
            n = sum(1 for _ in f)
        if n >= LINES_MAX:
            print(f'{os.path.relpath(name, root)} has {n} lines: split it by purpose')
            bad = 1
    return bad


def check_manual(root):
    page = os.path.join(root, 'docs', 'man', 'shmring.1')
    if shutil.which('mandoc') is None or not os.path.exists(page):
        print('mandoc is not installed, or there is no manual page')
        return SKIP
    return 1 if subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', page],
                               check=False).returncode else 0


def check_version(root, version):
    name = os.path.join(root, 'CHANGELOG.md')
    if not os.path.exists(name):
        print('there is no CHANGELOG.md')
        return SKIP
    with open(name, encoding='utf-8') as f:
        entries = re.findall(r'^## \[?v?(\d+\.\d+\.\d+)', f.read(), re.M)
    if not entries or entries[0] != version:
        print(f'meson.build says {version} and the top of CHANGELOG.md {entries[:1]}')
        return 1
    return 0


CHECKS = {'format': check_format, 'length': check_length, 'manual': check_manual,
          'version': check_version}
sys.exit(CHECKS[sys.argv[1]](*sys.argv[2:]))
