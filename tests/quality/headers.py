# SPDX-License-Identifier: MIT
"""What an includer can compile, compiles without a warning, in every language and mode.

Usage: headers.py ROOT BUILD COMPILER...
COMPILER is a C compiler, or a C++ one where its name has ++; one that is missing is skipped.

Each public header alone, twice, in the oldest languages; then, in every language and at every level
of optimization, a file that passes its arguments on to each public function (made here from the
headers), and calls.c.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wsign-conversion', '-Wshadow',
            '-Wundef', '-Wcast-align', '-Werror']
ONLY_C = ['-Wstrict-prototypes', '-Wmissing-prototypes']
ONLY_CXX = ['-Wold-style-cast', '-Wnon-virtual-dtor', '-Woverloaded-virtual']
LANGUAGES = {False: ['c11', 'c17', 'c2x', 'gnu11', 'gnu2x'], True: ['c++17', 'c++20', 'gnu++17']}
LEVELS = ['-O0', '-O1', '-O2', '-O3', '-Os']
FUNCTION = re.compile(r'^SHMRING_(?:API|INLINE(?:_HOT)?)\s([^;{}()]*?)\b(shmring_\w+)\s*\((.*?)\)\s*[;{]',
                      re.M | re.S)


def functions(folder):
    """(type, name, parameters) of every public function, each once."""
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, '**', '*.h'), recursive=True)):
        with open(path, encoding='utf-8') as f:
            text = re.sub(r'/\*.*?\*/', ' ', f.read(), flags=re.S)
        for kind, function, parameters in FUNCTION.findall(text):
            if not function.endswith('_'):
                found[function] = (kind.strip(), function, ' '.join(parameters.split()))
    return list(found.values())


def argument(parameter):
    pointer_to_function = re.search(r'\(\*(\w+)\)', parameter)
    return (pointer_to_function or re.search(r'(\w+)(?:\[\w*\])?$', parameter)).group(1)


def split(parameters):
    """At the commas that are in no parentheses."""
    return [p.strip() for p in re.split(r',(?![^()]*\))', parameters)]


def passing_on(folder, header):
    """A file that calls each public function with what it was given."""
    lines = [f'#include <shmring/{header}>']
    for kind, function, parameters in functions(folder):
        names = '' if parameters == 'void' else ', '.join(map(argument, split(parameters)))
        back = '' if kind == 'void' else 'return '
        lines += [f'extern {kind} pass_on_{function}({parameters});',
                  f'{kind} pass_on_{function}({parameters})',
                  f'{{ {back}{function}({names}); }}']
    return '\n'.join(lines) + '\n'


def compile_one(compiler, flags, includes, source):
    cxx = '++' in compiler
    only = ONLY_CXX + (['-Wuseless-cast'] if compiler.startswith('g') else []) if cxx else ONLY_C
    done = subprocess.run([compiler, *WARNINGS, *only, *flags, *includes, '-x', 'c++' if cxx else 'c',
                           '-', '-o', os.devnull], input=source, text=True, check=False)
    if done.returncode != 0:
        print(f'no clean compilation: {compiler} {" ".join(flags)}')
    return done.returncode != 0


def alone(compiler, names, includes):
    """Each header, twice: the guard is tried too."""
    cxx = '++' in compiler
    bad = []
    for name in names:
        if cxx or not name.endswith('.hpp'):
            source = f'#include <shmring/{name}>\n' * 2 + 'extern int not_empty;\n'
            bad.append(compile_one(compiler, ['-fsyntax-only', '-std=c++17' if cxx else '-std=c11'],
                                   includes, source))
            if bad[-1]:
                print(f'<shmring/{name}> does not compile alone with {compiler}')
    return bad


def everywhere(compiler, public, calls, includes):
    cxx = '++' in compiler
    source = passing_on(os.path.join(public, 'shmring'), 'shmring.hpp' if cxx else 'shmring.h') + calls
    # Code is made where the optimizer's warnings are wanted: gcc has most of its own there.
    levels = LEVELS if compiler.startswith('g') else ['-O2']
    return [compile_one(compiler, ['-fsyntax-only', '-std=' + language], includes, source)
            for language in LANGUAGES[cxx]] + \
           [compile_one(compiler, ['-S', '-std=' + LANGUAGES[cxx][0], level], includes, source)
            for level in levels]


def main():
    root, build, compilers = sys.argv[1], sys.argv[2], sys.argv[3:]
    public = os.path.join(root, 'include')
    includes = ['-I', public, '-I', os.path.join(build, 'include')]
    names = sorted(os.path.relpath(n, os.path.join(public, 'shmring'))
                   for n in glob.glob(os.path.join(public, 'shmring', '**', '*.h*'), recursive=True)
                   if n.endswith(('.h', '.hpp'))) + ['version.h']
    with open(os.path.join(root, 'tests', 'quality', 'calls.c'), encoding='utf-8') as f:
        calls = f.read()
    found = len(functions(os.path.join(public, 'shmring')))
    results = [found < 50]
    for compiler in compilers:
        if shutil.which(compiler) is None:
            print(f'{compiler} is not installed')
            continue
        results += alone(compiler, names, includes) + everywhere(compiler, public, calls, includes)
    print(f'{found} functions, {len(results) - 1} compilations, {sum(results)} bad')
    return 77 if len(results) == 1 else 1 if any(results) else 0


sys.exit(main())
