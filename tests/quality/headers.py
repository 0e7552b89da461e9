# SPDX-License-Identifier: MIT
"""Each public header compiles alone, in C11 and C++17. Usage: headers.py ROOT BUILD COMPILER...

COMPILER is a C compiler, or a C++ one where its name has ++; one that is missing is skipped.
"""
import os
import shutil
import subprocess
import sys

FLAGS = ['-fsyntax-only', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Wundef',
         '-Werror']


def main():
    root, build, compilers = sys.argv[1], sys.argv[2], sys.argv[3:]
    public = os.path.join(root, 'include')
    names = sorted(n for n in os.listdir(os.path.join(public, 'shmring'))
                   if n.endswith(('.h', '.hpp'))) + ['version.h']
    bad = tried = 0
    for compiler in compilers:
        if shutil.which(compiler) is None:
            print(f'{compiler} is not installed')
            continue
        cxx = '++' in compiler
        for name in names:
            if name.endswith('.hpp') and not cxx:
                continue
            tried += 1
            # Twice: the guard is tried too.
            done = subprocess.run(
                [compiler, *FLAGS, '-std=c++17' if cxx else '-std=c11', '-I', public, '-I',
                 os.path.join(build, 'include'), '-x', 'c++' if cxx else 'c', '-'],
                input=f'#include <shmring/{name}>\n' * 2 + 'extern int not_empty;\n', text=True,
                check=False)
            if done.returncode != 0:
                print(f'<shmring/{name}> does not compile alone with {compiler}')
                bad += 1
    print(f'{tried} compilations')
    return 77 if tried == 0 else 1 if bad else 0


sys.exit(main())
