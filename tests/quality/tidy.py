# SPDX-License-Identifier: MIT
"""Small house rules. Usage: tidy.py format|length|manual|version|since ROOT [VERSION]; 77 is a skip.
tidy.py planted: what is too long is found, in each language, and what is just short enough is not."""
import ast
import os
import re
import shutil
import subprocess
import sys

FORMAT_VERSION = 14
LINES_MAX = 450      # a file has fewer
FUNCTION_MAX = 70    # and a function, from its first line to its last
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


def functions_of_c(text):
    """(first line, last line) of each: its brace stands alone in a line, as else only those of types and namespaces do."""
    lines = text.split('\n')
    for i, line in enumerate(lines):
        if line.strip() != '{':
            continue
        first = i
        while first > 0 and re.search(r'[^;{}/:\\]$', lines[first - 1]) and not lines[first - 1].startswith('#'):
            first -= 1
        head = ' '.join(lines[first:i])
        last = next((j for j in range(i, len(lines)) if lines[j] == line.replace('{', '}')), None)
        if last is not None and re.search(r'\)( (const|noexcept|override|final|-> [\w:<> ]+))*$', head):
            yield first + 1, last + 1


def functions_of_python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno


def too_long(name, text):
    """Sentences about what is too long in a file."""
    count = len(text.splitlines())
    if count >= LINES_MAX:
        yield f'{name} has {count} lines: split it by purpose'
    for first, last in (functions_of_python if name.endswith('.py') else functions_of_c)(text):
        if last - first + 1 >= FUNCTION_MAX:
            yield f'{name}:{first} is a function of {last - first + 1} lines: split it by purpose'


def check_length(root):
    bad = 0
    for name in tracked(root, ('.c', '.h', '.cc', '.hh', '.hpp', '.py')):
        with open(name, encoding='utf-8') as f:
            for sentence in too_long(os.path.relpath(name, root), f.read()):
                print(sentence)
                bad = 1
    return bad


def check_planted():
    """The test of the test."""
    def body(indent, n, head):
        return head + '\n' + indent + '{\n' + (indent + '    f();\n') * n + indent + '}\n'
    def python(n):
        return 'def f():\n' + '    f()\n' * n
    planted = [(name, text * LINES_MAX, True) for name, text in (
        ('a.c', ';\n'), ('a.h', ';\n'), ('a.cc', ';\n'), ('a.hh', ';\n'), ('a.hpp', ';\n'), ('a.py', 'f()\n'))]
    planted += [('a.cc', ';\n' * (LINES_MAX - 1), False)]
    planted += [(name, body(indent, FUNCTION_MAX - 3, head), True) for name, indent, head in (
        ('a.c', '', 'static int f(void)'), ('a.cc', '    ', '    int f() const'), ('a.hpp', '    ', '    int f(int a,\n          int b)'))]
    planted += [('a.c', body('', FUNCTION_MAX - 4, 'static int f(void)'), False), ('a.py', python(FUNCTION_MAX - 1), True),
                ('a.py', python(FUNCTION_MAX - 2), False), ('a.hpp', body('', FUNCTION_MAX, 'namespace a'), False),
                ('a.hpp', body('', FUNCTION_MAX, 'class A("said") a : public b<a>'), False),
                ('a.hpp', body('', FUNCTION_MAX, 'explicit operator bool() const noexcept'), True)]
    wrong = [(name, len(text.splitlines())) for name, text, bad in planted if bool(list(too_long(name, text))) != bad]
    print(wrong or 'all found')
    return 1 if wrong else 0


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
        entries = re.findall(r'^## \[?v?(\d+\.\d+\.\d+|Unreleased)', f.read(), re.M)
    # Work on a version goes on under "Unreleased", and takes its number when it is released.
    if entries[:1] == ['Unreleased'] and entries[1:] and numbers(entries[1]) < numbers(version):
        return 0
    if entries[:1] != [version]:
        print(f'meson.build says {version} and the top of CHANGELOG.md {entries[:2]}')
        return 1
    return 0


def numbers(version):
    return tuple(int(part) for part in version.split('.'))


def check_since(root, version):
    """No "Since X" of a version that is still to come."""
    bad = seen = 0
    for name in tracked(root, ('.c', '.h', '.hpp', '.h.in', '.1', '.md')):
        with open(name, encoding='utf-8') as f:
            for line, text in enumerate(f, 1):
                for since in re.findall(r'\b[Ss]ince (?:version )?(\d+\.\d+(?:\.\d+)?)', text):
                    seen += 1
                    if numbers(since) > numbers(version):
                        print(f'{os.path.relpath(name, root)}:{line}: since {since}, and this is '
                              f'{version}')
                        bad += 1
    print(f'{seen} places')
    return 1 if bad or seen < 50 else 0


CHECKS = {'format': check_format, 'length': check_length, 'manual': check_manual,
          'version': check_version, 'since': check_since, 'planted': check_planted}
sys.exit(CHECKS[sys.argv[1]](*sys.argv[2:]))
