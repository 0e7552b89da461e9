# SPDX-License-Identifier: MIT
"""A list of members that is not the struct's does not compile, and the compiler says which member.
Usage: typed_refused.py -IFOLDER..."""
import shutil
import subprocess
import sys

STRUCT = 'struct s { uint32_t a; float b; uint8_t c[4]; double d; };\n'
LIST = 'M(uint32, a, , "") M(float32, b, , "") M(uint8, c, [4], "") M(float64, d, , "")'
CASES = {  # what is changed in the list, and the words of the compiler
    'nothing': (('', ''), None),
    'a sign': (('uint32, a', 'int32, a'), 'a: this member of the struct is no int32'),
    'an integer for a float': (('float32, b', 'uint32, b'), 'b: this member of the struct is no uint32'),
    'a count': (('[4]', '[3]'), 'c: this member of the struct is no uint8[3]'),
    'an array for none': (('c, [4]', 'c, '), 'c: this member of the struct is no uint8'),
    'a width': (('uint32, a', 'uint16, a'), 'a: this member of the struct is no uint16'),
    'an order': (('M(uint32, a, , "") M(float32, b, , "")', 'M(float32, b, , "") M(uint32, a, , "")'),
                 'b: the struct has this member at another place'),
    'a member too few': ((' M(float64, d, , "")', ''), 'S: the struct has members that the description has not'),
    'a name': (('a, ,', 'z, ,'), 'z'),
    'an unknown type': (('float64, d', 'float46, d'), 'float46'),
}


def errors(compiler, includes, members):
    source = ('#include <shmring/typed.h>\n' + STRUCT + '#define L(M) ' + members +
              '\nSHMRING_DESCRIBES(S, struct s, L)\nextern int more;\n')
    done = subprocess.run([compiler, '-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fsyntax-only',
                           *includes, '-x', 'c', '-'], input=source, capture_output=True, text=True, check=False,
                          timeout=60)
    return done.stderr if done.returncode != 0 else None


def main():
    failures = number = 0
    for compiler in ('gcc', 'clang'):
        for what, ((old, new), words) in CASES.items():
            number += 1
            name = f'{number} - shouldRefuse {what} by {compiler}'
            if shutil.which(compiler) is None:
                print(f'ok {name} # SKIP {compiler} is not installed')
                continue
            assert old in LIST
            said = errors(compiler, sys.argv[1:], LIST.replace(old, new, 1) if old else LIST)
            good = said is None if words is None else said is not None and words in said
            if not good:
                print('# ' + str(said).replace('\n', '\n# '))
            print(('ok ' if good else 'not ok ') + name)
            failures += not good
    print(f'1..{number}')
    return 1 if failures else 0


sys.exit(main())
