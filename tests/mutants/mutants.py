# SPDX-License-Identifier: MIT
"""mutants.py SOURCE BUILD [--every N] [PART | --today] - are the tests able to fail? Each small mistake
of table.py is made in a copy of a source; what it is compiled into is compiled again, and the test that
should notice is run; without a mistake it must pass. A mutant that survives fails the run. TAP. BUILD: where the tests are built. --every
N: only each N-th. PART: only mutants with that in them. --today: a half, the other one tomorrow; with SHMRING_MUTANTS=all
in the environment, all.

A mistake in a public header is made in the test's own program first, as in one that was built with it;
when that notices nothing, in the library too."""
import concurrent.futures
import contextlib
import datetime
import glob
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from table import mutants  # pylint: disable=wrong-import-position

TEST_SECONDS = 30


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, errors='replace', **more)


def run_test(command, folder):
    """Its exit status, None when it does not end, and what it said; it leaves nothing."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, errors='replace', start_new_session=True) as test:
        try:
            said = test.communicate(timeout=TEST_SECONDS)[0]
            status = test.returncode
        except subprocess.TimeoutExpired:
            said, status = '', None
        with contextlib.suppress(ProcessLookupError):
            for _ in range(1000):  # until none is left that could still name a ring
                os.killpg(test.pid, signal.SIGKILL)
                time.sleep(0.001)
    remove_rings(test.pid)
    return status, said


def remove_rings(pid):
    """What a killed test left under names with its number."""
    for ring in glob.glob('/dev/shm/shmring.*.%d' % pid) + glob.glob('/dev/shm/shmring.*.%d.*' % pid):
        with contextlib.suppress(FileNotFoundError):
            (os.rmdir if os.path.isdir(ring) and not os.path.islink(ring) else os.unlink)(ring)


class Build:
    """What the build directory knows."""

    def __init__(self, source, build):
        self.source, self.root = os.path.abspath(source), os.path.abspath(build)
        listed = run(['meson', 'introspect', '--tests', self.root], check=True).stdout
        self.tests = {test['name']: test['cmd'] for test in json.loads(listed)}
        with open(os.path.join(self.root, 'compile_commands.json'), encoding='utf-8') as f:
            self.compile = {entry['output']: shlex.split(entry['command']) for entry in json.load(f)}
        self.links, self.reads = {}, {}
        for block in run(['ninja', '-C', self.root, '-t', 'deps'], check=True).stdout.split('\n\n'):
            lines = block.split('\n')
            self.reads[lines[0].split(': #deps')[0]] = {
                os.path.relpath(os.path.join(self.root, line.strip()), self.source) for line in lines[1:]}

    def link(self, test):
        """The test's program: the command that links it, static library taken apart."""
        if test not in self.links:
            target = os.path.relpath(self.tests[test][0], self.root)
            last = run(['ninja', '-C', self.root, '-t', 'commands', target], check=True).stdout
            command, words = [], shlex.split(last.strip().split('\n')[-1])
            own = any(word.endswith('_src_base_error.c.o') for word in words)  # built around the sources
            for word in words:
                if word.endswith('libshmring.a') and not own:
                    command += [o for o in self.compile if re.match(r'src/libshmring\.so.*\.o$', o)]
                else:
                    command.append(word)
            self.links[test] = command
        return self.links[test]


class Place:
    """A copy of the sources, with objects of its own."""

    def __init__(self, build, folder):
        self.build, self.root = build, os.path.join(folder, 'source')
        for part in ('include', 'src', 'tests'):
            shutil.copytree(os.path.join(build.source, part), os.path.join(self.root, part),
                            ignore=shutil.ignore_patterns('corpus', '__pycache__'))
        self.objects = os.path.join(folder, 'objects')
        os.mkdir(self.objects)

    def moved(self, word):
        """A word of a command, which runs in the build directory, with its path led to this copy."""
        option = re.match(r'(-I|-iquote|-DSHMRING_ATOMIC_SEAM="?)?(.*)', word, re.S)
        path = os.path.normpath(os.path.join(self.build.root, option.group(2)))
        below = os.path.relpath(path, self.build.source)
        if below.split(os.sep)[0] not in ('include', 'src', 'tests'):
            return word
        return (option.group(1) or '') + os.path.join(self.root, below)

    def compiled(self, name, more=()):
        """The object, compiled from this copy, or None; and what the compiler said. more: its options."""
        command, at = [], os.path.join(self.objects, name.replace('/', '_'))
        words = iter(self.build.compile[name])
        for word in words:
            if word in ('-MQ', '-MF'):
                next(words)
            elif word == '-o':
                next(words)
                command += ['-o', at]
            elif word not in ('-MD', '-g', '-Werror'):
                command.append(self.moved(word) if word[0] != '-' or word[:2] in ('-I', '-D', '-i') else word)
        done = run([*command, '-O1', '-w', *more], cwd=self.build.root)
        return at if done.returncode == 0 else None, done.stderr

    def fails(self, file, test, whole):
        """What the test says against the copy as it is; None when it says nothing. whole: also what
        is the library's, if the file is a public header."""
        test, _, argument = test.partition(': ')
        own = os.path.relpath(self.build.tests[test][0], self.build.root) + '.p/'
        objects = {name: name for name in self.build.link(test) if name.endswith('.o')}
        for name in objects:
            if file in self.build.reads.get(name, ()) and \
                    (whole or not file.startswith('include/') or name.startswith(own)):
                objects[name], _ = self.compiled(name)
                if objects[name] is None:
                    return 'it does not compile'
        program = os.path.join(self.objects, 'program')
        command = [objects.get(word, word) for word in self.build.link(test)]
        command[command.index('-o') + 1] = program
        if run(command, cwd=self.build.root).returncode != 0:
            return 'it does not compile'
        arguments = self.build.tests[test][1:] + (argument.split(';') if argument else [])
        status, said = run_test([program] + arguments, self.build.root)
        if status is None:
            return 'it does not end'
        if status == 0:
            return None
        found = re.search(r'^not ok \d+ - (.*)', said, re.M)
        return found.group(1) if found else 'ended with status %d' % status

    def judge(self, mutant):
        """(whether it was noticed, how)."""
        path = os.path.join(self.root, mutant.file)
        with open(path, encoding='utf-8') as f:
            text = f.read()
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text.replace(mutant.old, mutant.new))
        how = self.fails(mutant.file, mutant.test, False)
        if how is None and mutant.file.startswith('include/'):
            how = self.fails(mutant.file, mutant.test, True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return how not in (None, 'it does not compile'), how or 'it survives'


def main():
    args = sys.argv[1:]
    every = int(args.pop(args.index('--every') + 1)) if '--every' in args else 1
    source, out, *part = [a for a in args if not a.startswith('--')]
    build = Build(source, out)
    chosen = [m for m in mutants(source)[::every] if not part or part[0] in ' '.join(m)]
    if '--today' in args and os.environ.get('SHMRING_MUTANTS') != 'all':
        chosen = chosen[datetime.date.today().toordinal() % 2::2]
    tests = sorted({m.test for m in chosen})
    unnoticed, workers, broken = 0, os.cpu_count() or 1, 0
    print('1..%d' % (len(chosen) + len(tests)), flush=True)
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(workers) as pool:
        free = []
        for i in range(workers):
            os.mkdir(os.path.join(folder, str(i)))
            free.append(Place(build, os.path.join(folder, str(i))))

        def judge(mutant):
            place = free.pop()
            try:
                return place.judge(mutant)
            finally:
                free.append(place)

        for number, test in enumerate(tests, 1):
            how = free[0].fails('', test, False)
            broken += how is not None
            print('%sok %d - %s passes as the sources are' % ('' if how is None else 'not ', number, test))
            if how is not None:
                print('# %s' % how)

        # lifetime removes what dead processes left, also what another test means to look at.
        together = [m for m in chosen if m.test != 'lifetime']
        chosen = together + [m for m in chosen if m.test == 'lifetime']
        results = itertools.chain(pool.map(judge, together), map(judge, chosen[len(together):]))
        for number, (mutant, (noticed, how)) in enumerate(zip(chosen, results), len(tests) + 1):
            what = '%s: %s -> %s' % (mutant.file, mutant.old, mutant.new)
            print('%sok %d - %s' % ('' if noticed else 'not ', number, ' '.join(what.split()).replace('#', '')))
            print('# %s: %s' % (mutant.test, how), flush=True)
            unnoticed += not noticed
    return 1 if unnoticed or broken else 0


if __name__ == '__main__':
    sys.exit(main())
