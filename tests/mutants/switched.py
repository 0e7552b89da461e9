# SPDX-License-Identifier: MIT
"""switched.py SOURCE BUILD [PART | --today] - as mutants.py, with the mistakes of switched.txt, and cheaper: all of them are
compiled into the same programs, each behind an `if` that SHMRING_MUTANT opens, and of each only the test that is
named there is run. Every test passes without a mistake first. TAP. PART: only mutants with that in them. --today: a
tenth, another one each day, and some of files that have changed; with SHMRING_MUTANTS=all in the environment, all.

switched.py SOURCE BUILD --propose N FILE... - makes mistakes in these files, runs the tests that reach them, and
prints for each file up to N that were noticed, as rows of the table; behind # those that no test noticed.

switched.py SOURCE BUILD --drop-lost - takes rows out whose line is not there any more, and prints them: for a change
that is to be proposed for anew."""
import collections
import concurrent.futures
import contextlib
import datetime
import glob
import hashlib
import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mutants  # pylint: disable=wrong-import-position
import switching  # pylint: disable=wrong-import-position

# Wine wants the page at 0x7ffe0000, which a random address may take: docs/windows.md.
WINE = ['setarch', '-R', 'wine']
HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, 'switched.txt')
NONE = 1 << 20  # the number of no mutant
RUNS = itertools.count()
MOST_CHANGED = 60  # beside a tenth of all
TEST_SECONDS = int(os.environ.get('SHMRING_MUTANT_SECONDS', '60'))


class Programs:
    """The programs of a build, with mistakes to switch on."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.place = mutants.Place(build, folder)
        self.more = ['-fdiagnostics-color=never', '-include', os.path.join(HERE, 'switch.h')]
        self.switch = os.path.join(folder, 'switch.o')
        self.objects, self.linked = {}, {}
        cc = next(iter(build.compile.values()))
        subprocess.run([*[w for w in cc[:2] if not w.startswith('-')], '-O1', '-c', '-o', self.switch,
                        os.path.join(HERE, 'switch.c')], check=True)

    def make(self, rows):
        """rows: (number, mutant). Returns the numbers of those that do not compile."""
        by_file, bad = collections.defaultdict(list), set()
        for number, mutant in rows:
            by_file[mutant.file].append((number, mutant))
        todo = {name for file in by_file for name in self.users(file)}
        while todo:
            for file, changes in by_file.items():
                self.write(file, [change for change in changes if change[0] not in bad])
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                made = dict(zip(todo, pool.map(lambda name: self.place.compiled(name, self.more), todo)))
            for name, (at, said) in made.items():
                self.objects[name] = at
                more = set() if at else self.blamed(by_file, said, bad)
                if at is None and not more:
                    sys.exit('%s does not compile, for other reasons than its mutants: %s' % (name, said))
                bad |= more
            todo = {name for name, (at, _) in made.items() if at is None}
        return bad

    def write(self, file, changes):
        with open(os.path.join(self.build.source, file), encoding='utf-8') as f:
            text = switching.switched(f.read(), changes)
        with open(os.path.join(self.place.root, file), 'w', encoding='utf-8') as f:
            f.write(text)

    def blamed(self, by_file, said, bad):
        """Those at the lines that the compiler complains of, or the nearest above."""
        more = set()
        for file, changes in by_file.items():
            with open(os.path.join(self.build.source, file), encoding='utf-8') as f:
                lines = f.read().split('\n')
            at = {number: switching.place(lines, file, mutant.old) + 1 for number, mutant in changes if number not in bad}
            for error in re.findall('/' + re.escape(file) + r':(\d+):\d+: error', said):
                nearest = max((line for line in at.values() if line <= int(error)), default=0)
                more |= {number for number, line in at.items() if line == nearest}
        return more

    def users(self, file):
        """Objects that the file is compiled into: of the library, of the program, of the C++ test."""
        return [name for name in self.build.compile if file in self.build.reads.get(name, ()) and
                re.match(r'src/libshmring[^/]*\.(so|dll)[^/]*/|src/cli/shmring[^/]*/|tests/cxx/cxx_test[^/]*/', name)]

    def program(self, target):
        """The target, linked with what was made."""
        if target in self.linked:
            return self.linked[target]
        last = mutants.run(['ninja', '-C', self.build.root, '-t', 'commands', target], check=True).stdout
        command, at = [], os.path.join(self.folder, os.path.basename(target))
        for word in shlex.split(last.strip().split('\n')[-1]):
            parts = [word]
            if word.endswith('libshmring.a'):
                parts = [o for o in self.build.compile if re.match(r'src/libshmring[^/]*\.(so|dll)[^/]*/.*\.o(bj)?$', o)]
            command += [self.objects.get(part, part) for part in parts]
        command[command.index('-o') + 1] = at
        done = mutants.run([*command, self.switch], cwd=self.build.root)
        if done.returncode != 0:
            sys.exit('%s cannot be linked: %s' % (target, done.stderr))
        self.linked[target] = at
        return at

    def words(self, test):
        """The command of a test, around the programs with the mistakes."""
        words = []
        for word in self.build.tests[test]:
            target = os.path.relpath(os.path.join(self.build.root, word), self.build.root)
            ours = os.path.exists(os.path.join(self.build.root, target)) and \
                re.fullmatch(r'src/cli/shmring(\.exe)?|tests/\w+/\w+_test(\.exe)?', target)
            words.append(self.program(target) if ours else word)
        return [*WINE, *words] if words[0].endswith('.exe') else words


def end_all(mark):
    """Ends what a test has started and what outlives it: by the mark in the environment, also a terminal's."""
    for path in glob.glob('/proc/[0-9]*/environ'):
        with contextlib.suppress(OSError):
            with open(path, 'rb') as f:
                if mark.encode() in f.read().split(b'\0'):
                    os.kill(int(path.split('/')[2]), signal.SIGKILL)


def run_test(programs, test, number, reached=None):
    """(status, seconds, {function: seconds}); status None: it does not end."""
    name, _, function = test.partition('.')
    environment = {**os.environ, 'SHMRING_MUTANT': str(number), 'PYTHONDONTWRITEBYTECODE': '1'}
    if function:
        environment['SHMRING_TEST_ONLY'] = function
    if reached:
        environment['SHMRING_MUTANT_REACHED'] = reached
    took, start = {}, time.monotonic()
    mark = 'SHMRING_MUTANT_RUN=%d.%d' % (os.getpid(), next(RUNS))
    environment.update([mark.split('=')])
    # Programs that the killed test leaves behind would hold a pipe open: a file has no such end.
    with tempfile.TemporaryFile('w+') as out, \
            subprocess.Popen(programs.words(name), cwd=programs.build.root, env=environment, stdout=out,
                             stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            status = process.wait(TEST_SECONDS if not reached else 600)
        except subprocess.TimeoutExpired:
            status = None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end_all(mark)
        out.seek(0)
        for function, seconds in re.findall(r'^# (\w+) took (\d+\.\d+) s', out.read(), re.M):
            took[function] = float(seconds)
    mutants.remove_rings(process.pid)
    return status, time.monotonic() - start, took


def noticed(programs, number, mutant):
    status = run_test(programs, mutant.test, number)[0]
    return 'it does not end' if status is None else 'it fails' if status != 0 else None


def changed(source):
    """The files of the last day's commits."""
    try:
        return set(subprocess.run(['git', '-c', 'safe.directory=*', '-C', source, 'log', '--since=1.day', '--name-only',
                                   '--format='], capture_output=True, text=True, check=True).stdout.split())
    except (OSError, subprocess.CalledProcessError):
        return set()


def of_today(rows, source):
    """A tenth, another one each day, and up to MOST_CHANGED of files that have changed."""
    day, files = datetime.date.today().toordinal(), changed(source)
    order = sorted((row for row in rows if row[1].file in files),
                   key=lambda row: hashlib.sha256(('%d %r' % (day, row[1])).encode()).digest())
    chosen = {row[0] for row in rows if row[0] % 10 == day % 10} | {row[0] for row in order[:MOST_CHANGED]}
    print('# of %d mutants those whose number ends in %d, and %d of files that have changed' % (
        len(rows), day % 10, min(len(order), MOST_CHANGED)))
    return [row for row in rows if row[0] in chosen]


def check(programs, source, part):
    """Rows of the table, as TAP. What survives has another chance, and so has a test that should pass: a busy machine
    makes either."""
    rows = list(enumerate(switching.read_checked(TABLE, source), 1))
    if part == '--today':
        rows = of_today(rows, source) if os.environ.get('SHMRING_MUTANTS') != 'all' else rows
    elif part:
        rows = [row for row in rows if part in ' '.join(row[1])]
    rows = [row for row in rows if programs.users(row[1].file)]  # Windows has others than Linux
    bad = programs.make(rows)
    tests = sorted({mutant.test for _, mutant in rows})
    for test in tests:
        programs.words(test.partition('.')[0])
    print('1..%d' % (len(rows) + len(tests)), flush=True)
    count = survived = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        passing = pool.map(lambda test: any(run_test(programs, test, NONE)[0] == 0 for _ in range(2)), tests)
        for test, good in zip(tests, passing):
            count += 1
            survived += not good
            print('%sok %d - %s passes as the sources are' % ('' if good else 'not ', count, test), flush=True)
        results = pool.map(lambda row: None if row[0] in bad else noticed(programs, *row) or noticed(programs, *row), rows)
        for (_, mutant), how in zip(rows, results):
            count += 1
            survived += how is None
            what = '%s: %s -> %s' % (mutant.file, mutant.old, mutant.new or 'nothing')
            print('%sok %d - %s' % ('' if how else 'not ', count, what.replace('#', '')))
            print('# %s: %s' % (mutant.test, how or 'it survives, or does not compile'), flush=True)
    return 1 if survived else 0


def suites(build):
    """Tests that proposals are tried with: short ones, around what can be switched; or those named in the environment."""
    if 'SHMRING_MUTANT_FUNCTIONS' in os.environ:
        return os.environ['SHMRING_MUTANT_FUNCTIONS'].split()
    wanted = os.environ.get('SHMRING_MUTANT_TESTS', r'tools_(?!.*_long|bulk).*|cxx|any|bytes|counters|files|fork|full|handle|'
                            r'latency|lifetime|limits|nospace|observe|open|overwrite|planted|ready|records|refusal|reopen|'
                            r'rm|wait|bells|repair|squat|cut|golden|verify|death_test')
    return [test for test in build.tests if re.fullmatch(wanted, test)]


def reach(programs, build, folder):
    """For each number the tests that reach it, the quickest first."""
    found = collections.defaultdict(list)

    def one(test):
        head = os.path.join(folder, 'reached.%s.' % test)
        status, seconds, took = run_test(programs, test, 0, head)
        print('# %s: status %s, %.1f s' % (test, status, seconds), file=sys.stderr, flush=True)
        return test, head, seconds, took, status
    for test in suites(build):
        programs.words(test.partition('.')[0])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for test, head, seconds, took, _ in pool.map(one, suites(build)):
            for name in os.listdir(folder):
                if not name.startswith(os.path.basename(head)):
                    continue
                function = name[len(os.path.basename(head)):]
                with open(os.path.join(folder, name), encoding='utf-8') as f:
                    for number in {int(line) for line in f if line.strip().isdigit()}:
                        found[number].append((took.get(function, 100) if function else seconds,
                                              test + '.' + function if function and '.' not in test else test))
    return {number: [test for seconds, test in sorted(tests) if seconds < 20] for number, tests in found.items()}


def judge(programs, number, mutant, tests):
    """(test that notices it, seconds); noticed twice, so that it is no accident."""
    for test in tests[:int(os.environ.get('SHMRING_MUTANT_TRIES', '3'))]:
        if all(run_test(programs, test, number)[0] not in (0, None) for _ in range(2)):
            return mutant._replace(test=test)
    return None


def propose(programs, build, folder, most, names):
    rows = []
    for file in switching.files_below(build.source, names):
        with open(os.path.join(build.source, file), encoding='utf-8') as f:
            if programs.users(file):
                rows += [switching.Switched(file, old, new, '') for old, new in switching.proposals(f.read())]
    rows = list(enumerate(rows, 1))
    bad = programs.make(rows)
    tests = reach(programs, build, folder)
    print('# %d proposed, %d do not compile, %d reached' % (len(rows), len(bad), len(tests)), file=sys.stderr, flush=True)
    rows.sort(key=lambda row: hashlib.sha256('|'.join(row[1]).encode()).digest())
    by_file = collections.defaultdict(list)
    for number, mutant in rows:
        if number not in bad and tests.get(number) and len({m.old for _, m in by_file[mutant.file]} | {mutant.old}) > \
                len({m.old for _, m in by_file[mutant.file]}):  # one of each line
            by_file[mutant.file].append((number, mutant))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for file, those in sorted(by_file.items()):
            results = pool.map(lambda row: (row[1], judge(programs, *row, tests[row[0]])), those[:most])
            print('\n' + file, flush=True)
            for mutant, kept in results:
                print('%s | %s => %s' % (kept.test if kept else '# survives', mutant.old, mutant.new), flush=True)


def main():
    source, out, *rest = sys.argv[1:]
    if rest == ['--drop-lost']:
        return switching.drop_lost(TABLE, source)
    build = mutants.Build(source, out)
    with tempfile.TemporaryDirectory() as folder:
        programs = Programs(build, folder)
        if rest[:1] == ['--propose']:
            propose(programs, build, folder, int(rest[1]), rest[2:])
            return 0
        return check(programs, source, rest[0] if rest else None)


if __name__ == '__main__':
    sys.exit(main())
