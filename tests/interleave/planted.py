# SPDX-License-Identifier: MIT
"""planted.py SOURCE BUILD [PART] - do the interleaving fuzzers find what they are for? Each error of
planted.txt is made in a copy of the sources, wherever its text stands there, the fuzzer is built around it,
and its scenario must find it within ten seconds of processor time, always from the same seed. TAP. PART:
only errors with that in them."""
import glob
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'mutants'))
from mutants import Build, Place  # pylint: disable=wrong-import-position

SECONDS = 10
OPERATIONS = '100000000'
HANG_SECONDS = 1800  # of a busy machine
TEST = 'interleave_anything'


def planted():
    """(scenario, old, new) of each line; the others are headings."""
    found = []
    with open(os.path.join(HERE, 'planted.txt'), encoding='utf-8') as f:
        for line in f:
            line = line.rstrip('\n').replace('\\n', '\n')
            if line.startswith('#') or '| ' not in line:
                continue
            scenario, change = line.split('| ', 1)
            old, new = change.replace('\\|', '|').split(' =>', 1)
            found.append((scenario.strip(), old, new[1:]))
    return found


def file_with(root, text):
    """The source that has the text, once; or None and why."""
    found = []
    for pattern in ('include/**/*.h', 'src/**/*.[ch]'):
        for path in sorted(glob.glob(os.path.join(root, pattern), recursive=True)):
            with open(path, encoding='utf-8') as f:
                found += [path] * f.read().count(text)
    if len(found) != 1:
        return None, 'this stands there %d times, and should once' % len(found)
    return os.path.relpath(found[0], root), ''


def build_program(build, place, file):
    """The fuzzer around the copy as it is now."""
    objects = {}
    for name in build.link(TEST):
        if name.endswith('.o') and file in build.reads.get(name, ()):
            objects[name] = place.compiled(name)[0]
            if objects[name] is None:
                return None
    program = os.path.join(place.objects, 'interleave')
    command = [objects.get(word, word) for word in build.link(TEST)]
    command[command.index('-o') + 1] = program
    linked = subprocess.run(command, cwd=build.root, capture_output=True, check=False)
    return program if linked.returncode == 0 else None


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def judge(build, place, scenario, old, new):
    """What the fuzzer said, or None and why not."""
    file, why = file_with(place.root, old)
    if file is None:
        return None, why
    path = os.path.join(place.root, file)
    with open(path, encoding='utf-8') as f:
        text = f.read()
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text.replace(old, new))
    try:
        program = build_program(build, place, file)
        if program is None:
            return None, 'it does not compile'
        run = subprocess.run([program, scenario, OPERATIONS, '1'], stdout=subprocess.PIPE, check=False,
                             text=True, timeout=HANG_SECONDS, preexec_fn=limit)  # pylint: disable=subprocess-popen-preexec-fn
        said = re.search(r'^not ok .*\n# (?:found by )?(.*)', run.stdout, re.M)
        return (said.group(1), '') if said and run.returncode != -signal.SIGXCPU else (None, 'it was not found within %d s' % SECONDS)
    except subprocess.TimeoutExpired:
        return None, 'the fuzzer did not come back'
    finally:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)


def main():
    source, out, *part = sys.argv[1:]
    errors = [e for e in planted() if not part or part[0] in ' '.join(e)]
    build = Build(source, out)
    missed = 0
    print('1..%d' % len(errors), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(build, folder)
        for number, error in enumerate(errors, 1):
            said, why = judge(build, place, *error)
            missed += said is None
            print('# %s' % (said or why))
            print('%s %d - %s finds what is planted at: %s' % ('ok' if said else 'not ok', number, error[0],
                                                               ' '.join(error[1].split())), flush=True)
    sys.exit(1 if missed else 0)


if __name__ == '__main__':
    main()
